"""How much memory a model's weights will take, read from the headers of its files alone."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import ModelRefused
from rag.llms.model_files import ModelFiles

NF4_BYTES = 0.531  # a weight in 4 bits with its scales, as repacked for a processor; 0.516 on a GPU
_BLOCK = 64  # weights that share one scale
_KERNEL_ROWS = 32  # the processor's kernel takes rows by this number
_EMBEDDINGS = ("embed", "wte", "wpe", "lm_head", "output.weight", "token_embd")
_DTYPE_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a model needs: bytes when loaded, bytes at the worst moment of loading, bytes per kept token."""

    loaded_bytes: int
    loading_bytes: int
    kv_bytes_per_token: int
    odd_layers: tuple[str, ...] = ()  # linear layers whose shape the 4-bit kernel does not take; they stay in bf16


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor as a header describes it."""

    name: str
    shape: tuple[int, ...]
    size_bytes: int

    @property
    def is_linear(self) -> bool:
        return len(self.shape) == 2 and not any(part in self.name for part in _EMBEDDINGS)

    @property
    def is_odd(self) -> bool:
        return self.is_linear and bool(self.shape[0] % _KERNEL_ROWS or self.shape[1] % _BLOCK)


def measure(files: ModelFiles) -> Footprint:
    """The footprint of a model on disk. Raises: ModelRefused for a damaged or cut-off weight file."""
    if files.gguf_file:
        return _measure_gguf(files.weights[0])
    tensors = [tensor for path in files.weights for tensor in _safetensors_header(path)]
    kv_bytes = kv_bytes_per_token(files.config)
    if files.quantised:
        stored = sum(tensor.size_bytes for tensor in tensors)
        return Footprint(stored, stored, kv_bytes)
    loaded = _quantised_bytes(tensors)
    largest = max((2 * math.prod(tensor.shape) for tensor in tensors), default=0)
    odd = tuple(tensor.name.removesuffix(".weight") for tensor in tensors if tensor.is_odd)
    return Footprint(loaded, loaded + 4 * largest, kv_bytes, odd)


def kv_bytes_per_token(config: dict[str, Any]) -> int:
    """Bytes of keys and values per token in bf16; 0 where the configuration does not say."""
    config = config.get("text_config", config)
    layers, heads = config.get("num_hidden_layers"), config.get("num_attention_heads")
    if not layers or not heads:
        return 0
    width = config.get("head_dim") or config.get("hidden_size", 0) // heads
    return int(2 * layers * (config.get("num_key_value_heads") or heads) * width * 2)


def _quantised_bytes(tensors: list[Tensor]) -> int:
    return int(sum(math.prod(tensor.shape) * (NF4_BYTES if tensor.is_linear else 2) for tensor in tensors))


def _safetensors_header(path: Path) -> Iterator[Tensor]:
    """Sample: ``{"model.norm.weight": {"dtype": "BF16", "shape": [576], "data_offsets": [0, 1152]}}``."""
    damaged = ModelRefused(f"The weight file {path.name} is damaged or cut off. Fetch or copy the model again.")
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= size:
            raise damaged
        try:
            header = json.loads(file.read(length))
        except ValueError as error:
            raise damaged from error
    header.pop("__metadata__", None)
    if 8 + length + max((entry["data_offsets"][1] for entry in header.values()), default=0) != size:
        raise damaged
    for name, entry in header.items():
        shape = tuple(entry["shape"])
        yield Tensor(name, shape, math.prod(shape) * _DTYPE_BYTES.get(entry["dtype"], 2))


def _measure_gguf(path: Path) -> Footprint:
    """GGUF weights are unpacked to bf16 once, so the worst moment holds two bytes a weight, twice while copying."""
    from gguf import GGUFReader

    try:
        reader = GGUFReader(path)
        tensors = [
            Tensor(str(tensor.name), tuple(int(side) for side in reversed(tensor.shape)), int(tensor.n_bytes))
            for tensor in reader.tensors
        ]
    except (ValueError, IndexError, KeyError, OSError) as error:
        raise ModelRefused(
            f"The file {path.name} is damaged or cut off. Fetch or copy the model again.", detail=str(error)
        ) from error
    dense = sum(2 * math.prod(tensor.shape) for tensor in tensors)
    return Footprint(_quantised_bytes(tensors), 2 * dense, _gguf_kv_bytes(reader))


def _gguf_kv_bytes(reader: Any) -> int:
    def field(name: str) -> int:
        found = next((key for key in reader.fields if key.endswith(name)), None)
        return int(reader.fields[found].contents()) if found else 0

    heads = field(".attention.head_count")
    width = field(".attention.key_length") or (field(".embedding_length") // heads if heads else 0)
    return 2 * field(".block_count") * (field(".attention.head_count_kv") or heads) * width * 2
