"""Models of a known shape with random weights: for speed, where no real one is at hand. They write nonsense.

Weights repeat after a million numbers, which makes seven billion of them a matter of copying; speed does not care. The
head is not tied to the embedding, also where the real model's is: it is read for each token all the same.
"""

from __future__ import annotations

import json
import shutil
import zlib
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, PretrainedConfig, Qwen2Config

from rag.errors import DiskFull

_SEED = 5
_SPREAD = 0.02
_RANDOM_NUMBERS = (1 << 20) + 7  # odd: rows do not line up
_FILE_BYTES = 2 << 30


@dataclass(frozen=True, slots=True)
class Shape:
    """Numbers as in a Transformers configuration."""

    family: str  # "qwen2" | "llama"
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    intermediate_size: int
    vocab_size: int

    def config(self) -> PretrainedConfig:
        """For Transformers."""
        kind = {"qwen2": Qwen2Config, "llama": LlamaConfig}[self.family]
        names = [name for name in self.__slots__ if name != "family"]
        return kind(
            **{name: getattr(self, name) for name in names},
            max_position_embeddings=4096,
            tie_word_embeddings=False,
            dtype="bfloat16",
            bos_token_id=None,
            eos_token_id=None,
        )


SHAPES = {
    "qwen2-0.5b": Shape("qwen2", 896, 24, 14, 2, 4864, 151_936),
    "llama-7b": Shape("llama", 4096, 32, 32, 32, 11_008, 49_152),
    "tiny": Shape("llama", 128, 2, 4, 2, 256, 49_152),
}


def write_model(shape: Shape, folder: Path, tokenizer_gguf: Path) -> None:
    """A folder with configuration, bf16 weights and the tokenizer of ``tokenizer_gguf``. Raises: DiskFull."""
    config = shape.config()
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    shapes = {name: tensor.shape for name, tensor in model.state_dict().items()}
    folder.mkdir(parents=True, exist_ok=True)
    _check_room(sum(sides.numel() for sides in shapes.values()), folder)
    AutoTokenizer.from_pretrained(
        tokenizer_gguf.parent, gguf_file=tokenizer_gguf.name, local_files_only=True
    ).save_pretrained(folder)
    config.architectures = [type(model).__name__]
    config.save_pretrained(folder)
    _write_weights(shapes, folder)


def _check_room(weights: int, folder: Path) -> None:
    """Two bytes a weight, and their 4-bit copy."""
    need, free = int(2.6 * weights), shutil.disk_usage(folder).free
    if free < need:
        raise DiskFull(
            f"The random model takes {need / 1e9:.0f} GB of temporary disk, and {free / 1e9:.0f} are free there. "
            "Make room, or name another disk with TMPDIR."
        )


def _write_weights(shapes: dict[str, torch.Size], folder: Path) -> None:
    numbers = torch.randn(_RANDOM_NUMBERS, generator=torch.Generator().manual_seed(_SEED)).bfloat16()
    files = _files(shapes)
    for file, names in files.items():
        tensors = {name: _tensor(name, shapes[name], numbers) for name in names}
        save_file(tensors, folder / file, metadata={"format": "pt"})
    weight_map = {name: file for file, names in files.items() for name in names}
    index = {"metadata": {}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")


def _files(shapes: dict[str, torch.Size]) -> dict[str, list[str]]:
    """Names by file, about two gigabytes in each."""
    files: dict[str, list[str]] = {}
    size_bytes = 0
    for name, shape in shapes.items():
        files.setdefault(f"model-{size_bytes // _FILE_BYTES + 1:05}.safetensors", []).append(name)
        size_bytes += 2 * shape.numel()
    return files


def _tensor(name: str, shape: torch.Size, numbers: torch.Tensor) -> torch.Tensor:
    if "norm" in name:
        return torch.ones(shape, dtype=torch.bfloat16)
    turned = numbers.roll(zlib.crc32(name.encode()) % _RANDOM_NUMBERS)
    repeated = turned.repeat(shape.numel() // _RANDOM_NUMBERS + 1)
    # The embedding outweighs the layers and the head is another one, so that each token leads to some other: else a
    # random model says one token for ever, and guessing ahead would always be right.
    spread = 16.0 if "embed_tokens" in name else _SPREAD
    return (repeated[: shape.numel()] * spread).reshape(shape).contiguous()
