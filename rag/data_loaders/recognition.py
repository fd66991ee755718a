"""Whether text recognition is installed: the extra ``ocr``. Imports nothing of it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

MODELS = ("PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx", "ch_ppocr_mobile_v2.0_cls_mobile.onnx")


def models() -> tuple[Path, ...] | None:
    """The models that find, read and turn lines, all in the package; None where it, or that version, is not here."""
    found = find_spec("rapidocr")
    if found is None or not found.origin or find_spec("onnxruntime") is None:
        return None
    paths = tuple(Path(found.origin).parent / "models" / name for name in MODELS)
    return paths if all(path.is_file() for path in paths) else None


def is_installed() -> bool:
    """Whether pictures of text can be read."""
    return models() is not None
