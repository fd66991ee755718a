"""Language models. `base`, `catalogue` and `embedded` are light; the model itself imports PyTorch when first named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.llms.huggingface_local import HuggingFaceLocalModel

__all__ = ["HuggingFaceLocalModel"]


def __getattr__(name: str) -> Any:
    if name == "HuggingFaceLocalModel":
        from rag.llms.huggingface_local import HuggingFaceLocalModel

        return HuggingFaceLocalModel
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
