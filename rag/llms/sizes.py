"""A model's size as the limits see it, from its files alone."""

from __future__ import annotations

from pathlib import Path

from rag.engine.limits import FAMILIES, MOST_CONTEXT_TOKENS, Size
from rag.llms.model_files import ModelFiles
from rag.llms.weights import Footprint


def size_of(files: ModelFiles, footprint: Footprint) -> Size:
    """The size of a model that is not loaded. Raises: ModelRefused for a damaged GGUF file."""
    config = files.config.get("text_config", files.config)
    family, window = config.get("model_type"), config.get("max_position_embeddings")
    if files.gguf_file:
        family, window = _of_gguf(files.weights[0])
    return Size(
        weights_bytes=footprint.loaded_bytes,
        kv_bytes_per_token=footprint.kv_bytes_per_token,
        window_tokens=window or MOST_CONTEXT_TOKENS,
        shares_steps=family in FAMILIES,
    )


def _of_gguf(path: Path) -> tuple[str, int | None]:
    """Family and window. `rag.llms.weights.measure` has found the file whole."""
    from gguf import GGUFReader

    fields = GGUFReader(path).fields
    family = str(fields["general.architecture"].contents())
    window = fields.get(f"{family}.context_length")
    return family, int(window.contents()) if window else None
