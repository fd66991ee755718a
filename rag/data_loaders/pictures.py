"""Pictures of text -> paragraphs, by the recognition that the extra ``ocr`` installs (RapidOCR on ONNX Runtime).

Its models lie in its package and are named here one by one: nothing is ever fetched. Runs in the throw-away
process, on one thread (that process may start no others), one line at a time to keep within its memory.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
from PIL import Image, ImageOps, UnidentifiedImageError

from rag.data_loaders.columns import Box, lines_in_order
from rag.data_loaders.layout import group_lines
from rag.data_loaders.reading import Reading
from rag.data_loaders.recognition import models
from rag.errors import UnsupportedFile
from rag.types import Block

DOTS_PER_INCH = 200
MAX_SIDE = 2_400  # pixels of a page's longer side; letters of 8 points are then 20 pixels high
MAX_PIXELS = 40_000_000  # of an uploaded picture before it is made smaller
SEARCHED_SIDE = 1_280  # pixels in which lines are looked for: a tenth of the time of the full size, no line less
FORMATS = ("PNG", "JPEG", "TIFF", "WEBP")

_UNREADABLE = "This file is a picture that cannot be opened; upload a copy with typed text, such as a PDF."


def blocks(reading: Reading) -> Iterator[Block]:
    """No text yet: it only counts the pages, all of which are pictures. Raises: UnsupportedFile."""
    with _opened(reading.path) as image:
        reading.page_count = getattr(image, "n_frames", 1)
    reading.pictures = list(range(1, reading.page_count + 1))
    yield from ()


def read_pages(reading: Reading, pages: Sequence[int]) -> Iterator[tuple[int, list[str]]]:
    """The paragraphs of each page; a page that takes too long ends the process. Raises: UnsupportedFile."""
    recognise = _recogniser()
    for page in pages:
        signal.alarm(reading.limits.scanned_page_s)
        image = _rendered(reading.path, page) if reading.kind == "pdf" else _frame(reading.path, page)
        found = recognise(_pixels(image))
        texts = () if found.txts is None else found.txts
        corners = [] if found.boxes is None else found.boxes
        boxes = [_box(quad.tolist(), text) for quad, text in zip(corners, texts, strict=True) if text.strip()]
        yield page, list(group_lines(lines_in_order(boxes, *image.size)))
    signal.alarm(0)


def _recogniser() -> Any:
    import cv2
    from rapidocr import RapidOCR

    found = models()
    if found is None:
        raise UnsupportedFile(detail="text recognition is not installed")
    cv2.setNumThreads(1)
    detect, recognise, turn = map(str, found)
    return RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.use_cls": False,  # whether a line stands on its head
            "Global.max_side_len": MAX_SIDE,
            "Det.model_path": detect,
            "Det.limit_type": "max",
            "Det.limit_side_len": SEARCHED_SIDE,
            "Rec.model_path": recognise,
            "Rec.rec_batch_num": 1,
            "Cls.model_path": turn,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "EngineConfig.onnxruntime.enable_cpu_mem_arena": False,
        }
    )


def _pixels(image: Image.Image) -> Any:
    import numpy as np

    return np.asarray(image)[:, :, ::-1].copy()  # blue, green, red: as OpenCV would read it


def _rendered(path: Path, page: int) -> Image.Image:
    document = pdfium.PdfDocument(path)
    sheet = document[page - 1]
    scale = min(DOTS_PER_INCH / 72, MAX_SIDE / max(*sheet.get_size(), 1.0))
    image = sheet.render(scale=scale).to_pil().convert("RGB")
    document.close()
    return image


def _frame(path: Path, page: int) -> Image.Image:
    """One frame, upright, of a size that is read, on white where it is transparent."""
    with _opened(path) as image:
        image.seek(page - 1)
        image.draft("RGB", (MAX_SIDE, MAX_SIDE))
        upright = ImageOps.exif_transpose(image)
        small = upright if upright.mode in ("L", "LA", "RGB", "RGBA") else upright.convert("RGBA")
        small.thumbnail((MAX_SIDE, MAX_SIDE))
    flat = Image.new("RGB", small.size, "white")
    flat.paste(small, mask=small.getchannel("A") if "A" in small.getbands() else None)
    return flat


def _opened(path: Path) -> Image.Image:
    Image.MAX_IMAGE_PIXELS = None  # our own bound is below
    try:
        image = Image.open(path, formats=FORMATS)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise UnsupportedFile(_UNREADABLE, detail=type(error).__name__) from error
    if image.width * image.height > MAX_PIXELS:
        image.close()
        raise UnsupportedFile(_UNREADABLE, detail="too many pixels")
    return image


def _box(corners: Sequence[Sequence[float]], text: str) -> Box:
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return Box(text, min(xs), min(ys), max(xs), max(ys))
