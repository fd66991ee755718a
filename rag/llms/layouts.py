"""A model's weights on disk as the compiled step reads them, so that the next start lays out nothing.

A layout is one safetensors file, mapped into memory, beside what else a start needs to know of the model. Reading it
needs neither Transformers' model classes nor bitsandbytes, whose import alone takes seconds. Knows nothing of where
layouts lie or when they are outdated (`rag.llms.checkpoints`).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from rag.engine.weights import Layer, Packed, Weights

FORMAT = 1  # raised whenever what is written below changes its meaning
_FILE, _CHECKSUM = "layout.safetensors", "layout.sha256"
_ALIGNED = 64  # bytes: a line of the processor's cache, else every other read of the kernel touches two
_MATRICES = ("qkv", "out", "open", "close")
_NUMBERS = ("heads", "groups", "width", "inner", "epsilon", "scaling")


@dataclass(frozen=True, slots=True)
class Traits:
    """What a start needs to know of a model beside its weights."""

    window_tokens: int
    stop_ids: frozenset[int]


@dataclass(frozen=True, slots=True)
class Layout:
    """Weights as they lie in a file, and the model's traits."""

    weights: Weights
    traits: Traits


def write(folder: Path, layout: Layout) -> None:
    """Fill a new ``folder``. Raises: OSError."""
    folder.mkdir()
    tensors, path = dict(_tensors(layout.weights)), folder / _FILE
    about = {name: getattr(layout.weights, name) for name in _NUMBERS}
    traits = {"window_tokens": layout.traits.window_tokens, "stop_ids": sorted(layout.traits.stop_ids)}
    metadata = {"numbers": json.dumps(about), "traits": json.dumps(traits), "filler": ""}
    save_file(tensors, path, metadata)
    if missing := -_header_bytes(path) % _ALIGNED:
        save_file(tensors, path, metadata | {"filler": missing * " "})
    (folder / _CHECKSUM).write_text(_checksum(path), encoding="ascii")


def read(folder: Path) -> Layout | None:
    """What `write` left there; None where it is damaged.

    The whole file is compared with its checksum (70 ms for 100 MB on the machine of docs/performance.md): a flipped
    bit would make a model that talks nonsense, and all of it is about to be read anyway.
    """
    path = folder / _FILE
    try:
        if _checksum(path) != (folder / _CHECKSUM).read_text(encoding="ascii"):
            return None
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dictionary
            metadata = file.metadata()
    except (OSError, ValueError, SafetensorError):
        return None
    traits = json.loads(metadata["traits"])
    return Layout(
        _weights(tensors, json.loads(metadata["numbers"])),
        Traits(traits["window_tokens"], frozenset(traits["stop_ids"])),
    )


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _header_bytes(path: Path) -> int:
    """Where the first tensor begins."""
    with path.open("rb") as file:
        return 8 + int.from_bytes(file.read(8), "little")


def _tensors(weights: Weights) -> list[tuple[str, torch.Tensor]]:
    """All of them by name; a head that is the embedding itself is not named twice."""
    rough = weights.rough_head
    assert rough is not None, "only weights for the compiled step are laid out"
    named = [("embedding", weights.embedding), ("norm", weights.norm), ("frequencies", weights.frequencies)]
    named += [("rough.weight", rough.weight), ("rough.scales", rough.scales)]
    if weights.head.data_ptr() != weights.embedding.data_ptr():
        named.append(("head", weights.head))
    for number, layer in enumerate(weights.layers):
        named += [(f"{number}.{name}", tensor) for name, tensor in _layer_tensors(layer)]
    return [(name, tensor.detach().contiguous()) for name, tensor in named]


def _layer_tensors(layer: Layer) -> list[tuple[str, torch.Tensor]]:
    named = [(f"norm.{place}", norm) for place, norm in enumerate(layer.norms)]
    named += [(f"head_norm.{place}", norm) for place, norm in enumerate(layer.head_norms or ())]
    for name in _MATRICES:
        matrix: Packed = getattr(layer, name)
        named += [(f"{name}.weight", matrix.weight), (f"{name}.scales", matrix.scales)]
    return named if layer.bias is None else [*named, ("bias", layer.bias)]


def _weights(tensors: dict[str, torch.Tensor], numbers: dict[str, float]) -> Weights:
    count = sum(name.endswith(".qkv.weight") for name in tensors)
    return Weights(
        layers=tuple(_layer(tensors, f"{number}.") for number in range(count)),
        embedding=tensors["embedding"],
        norm=tensors["norm"],
        head=tensors.get("head", tensors["embedding"]),
        rough_head=_packed(tensors, "rough"),
        frequencies=tensors["frequencies"],
        **numbers,  # type: ignore[arg-type] # the counts are whole numbers in JSON too
    )


def _layer(tensors: dict[str, torch.Tensor], prefix: str) -> Layer:
    qkv, out, opening, close = (_packed(tensors, prefix + name) for name in _MATRICES)
    norms = (tensors[f"{prefix}norm.0"], tensors[f"{prefix}norm.1"])
    head_norms = None
    if f"{prefix}head_norm.0" in tensors:
        head_norms = (tensors[f"{prefix}head_norm.0"], tensors[f"{prefix}head_norm.1"])
    return Layer(qkv, out, opening, close, norms, head_norms, tensors.get(f"{prefix}bias"))


def _packed(tensors: dict[str, torch.Tensor], name: str) -> Packed:
    return Packed(tensors[f"{name}.weight"], tensors[f"{name}.scales"])
