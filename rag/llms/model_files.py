"""Finding a model's files on this machine and refusing those that are not safe to load.

Knows the hub's local cache, folders and GGUF files; never asks the hub, never unpickles, never runs code
that came with a model. Reads only small JSON and the headers of weight files.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rag.errors import ModelNotFound, ModelRefused

PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
_WRITERS = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")
_SAMPLES, _SAMPLE_BYTES = 16, 1 << 16


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model as it lies on disk. ``config`` is empty for a GGUF file, which holds its own."""

    name: str
    folder: Path
    weights: tuple[Path, ...]
    config: dict[str, Any] = field(default_factory=dict)

    @property
    def gguf_file(self) -> str | None:
        return self.weights[0].name if self.weights[0].suffix == ".gguf" else None

    @property
    def quantised(self) -> bool:
        """Whether the weights are stored in 4 bits already."""
        return "quantization_config" in self.config

    def identity(self) -> str:
        """A hash that changes when the weights do: names, sizes, times and samples of the content."""
        digest = hashlib.sha256()
        small = sorted(path for path in self.folder.glob("*.json") if not self.gguf_file)
        for path in (*self.weights, *small):
            status = path.stat()
            digest.update(f"{path.name}:{status.st_mtime_ns}:".encode())
            digest.update(content_sample(path))
        return digest.hexdigest()


def find_model(hf_model_id: str) -> ModelFiles:
    """The files of a hub id in the local cache, of a folder, or of a GGUF file.

    Raises: ModelNotFound, ModelRefused.
    """
    path = _expand(hf_model_id)
    if path.is_file():
        return _from_gguf(path)
    if path.is_dir():
        return _from_folder(path.resolve(), path.resolve().name)
    folder = _cached_snapshot(hf_model_id)
    if folder is None:
        raise ModelNotFound(
            f"The model {_shown(hf_model_id)} is not on this machine, and it is never fetched by itself. Fetch it "
            "once with `inhouse models pull`, or name a folder or GGUF file that is here."
        )
    return _from_folder(folder, hf_model_id.rsplit("/", 1)[-1])


def _expand(hf_model_id: str) -> Path:
    try:
        return Path(hf_model_id).expanduser()
    except RuntimeError:  # ~ of a person who does not exist
        return Path(hf_model_id)


def _shown(hf_model_id: str) -> str:
    """The model as a person may see it: the hub id, or the last part of a path."""
    return hf_model_id if hf_model_id.count("/") == 1 and hf_model_id[0] not in "./~" else Path(hf_model_id).name


def _from_gguf(path: Path) -> ModelFiles:
    with path.open("rb") as file:
        magic = file.read(4)
    if magic != b"GGUF":
        raise ModelRefused(
            f"The file {path.name} is not a GGUF file, the only single file that can be a model. "
            "Name a folder with config.json and .safetensors weights instead."
        )
    return ModelFiles(path.stem, path.resolve().parent, (path.resolve(),))


def _from_folder(folder: Path, name: str) -> ModelFiles:
    config_path = folder / "config.json"
    ggufs = sorted(folder.glob("*.gguf"))
    if not config_path.is_file() and len(ggufs) == 1:
        return _from_gguf(ggufs[0])
    if not config_path.is_file():
        raise ModelNotFound(
            f"The folder {name} holds no model: config.json is missing. Copy the whole model folder there."
        )
    config = _read_json(config_path, name)
    _refuse_foreign_code(name, config)
    _refuse_foreign_quantisation(name, config)
    return ModelFiles(name, folder, _safetensors(folder, name), config)


def _safetensors(folder: Path, name: str) -> tuple[Path, ...]:
    """All weight files, none missing."""
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        listed = _read_json(index, name).get("weight_map", {}).values()
        weights = sorted({folder / Path(str(file)).name for file in listed})
    else:
        weights = sorted(folder.glob("*.safetensors"))
    missing = [path.name for path in weights if not path.is_file()]
    if missing:
        raise ModelNotFound(
            f"The model {name} is incomplete: {missing[0]} is missing ({len(missing)} of {len(weights)} weight files). "
            "Fetch or copy it again."
        )
    if not weights:
        _refuse_pickled(folder, name)
    return tuple(weights)


def _refuse_pickled(folder: Path, name: str) -> None:
    if any(next(folder.glob(pattern), None) for pattern in PICKLED):
        raise ModelRefused(
            f"The model {name} has only pickled weights, which can run code when they are read, so they are never "
            "loaded. On a machine where you trust it, convert it once: AutoModelForCausalLM.from_pretrained(FOLDER)"
            ".save_pretrained(NEW_FOLDER) writes .safetensors; copy the tokenizer's files too, and name the new folder."
        )
    raise ModelNotFound(f"The folder {name} holds no weights: not one .safetensors file. Copy the whole model folder.")


def _refuse_foreign_code(name: str, config: dict[str, Any]) -> None:
    """Models that Transformers itself knows load without the code beside them; others would have to run it."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    kind = str(config.get("model_type", ""))
    if kind not in CONFIG_MAPPING_NAMES:
        why = "needs to run code of its own (auto_map)" if "auto_map" in config else f"is of an unknown kind ({kind})"
        raise ModelRefused(
            f"The model {name} {why}, which is never done here. Choose a model that Transformers knows by itself."
        )
    classes = config.get("architectures") or []
    if classes and not any(str(cls).endswith(_WRITERS) for cls in classes):
        raise ModelRefused(f"The model {name} does not write text ({classes[0]}). Choose a causal language model.")


def _refuse_foreign_quantisation(name: str, config: dict[str, Any]) -> None:
    stored = config.get("quantization_config")
    if stored and not (stored.get("quant_method") == "bitsandbytes" and stored.get("load_in_4bit")):
        method = stored.get("quant_method", "unknown")
        raise ModelRefused(
            f"The model {name} is stored quantised by another method ({method}). Name its original, unquantised "
            "version: it is quantised to 4 bits here."
        )


def _cached_snapshot(hf_model_id: str) -> Path | None:
    """The newest complete folder that the hub's cache holds under this id. Never asks the hub."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = try_to_load_from_cache(hf_model_id, "config.json")
    except HFValidationError:
        return None
    return Path(found).parent if isinstance(found, str) else None


def _read_json(path: Path, name: str) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelRefused(
            f"The file {path.name} of the model {name} is damaged. Fetch or copy the model again.", detail=str(error)
        ) from error
    if not isinstance(value, dict):
        raise ModelRefused(f"The file {path.name} of the model {name} is damaged. Fetch or copy the model again.")
    return value


def content_sample(path: Path) -> bytes:
    """A hash of a file's size and sixteen pieces of it: tells two fine-tunes apart without reading gigabytes."""
    size_bytes = path.stat().st_size
    digest = hashlib.sha256(str(size_bytes).encode())
    with path.open("rb") as file:
        for number in range(_SAMPLES):
            file.seek(max(0, size_bytes - _SAMPLE_BYTES) * number // (_SAMPLES - 1))
            digest.update(file.read(_SAMPLE_BYTES))
    return digest.digest()
