"""PDF -> lines by page: pypdfium2 reads it, pypdf where that fails. Knows nothing of paragraphs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pypdfium2 as pdfium

from rag.data_loaders.layout import Line
from rag.data_loaders.reading import Reading, clean
from rag.data_loaders.recognition import is_installed
from rag.errors import BrokenFile, EncryptedFile

_STAMP_CHARS = 40  # text on a scanned page that did not come from it: a number, a date of receipt
_IMAGE = pdfium.raw.FPDF_PAGEOBJ_IMAGE
_PASSWORD_ERROR = 4  # FPDF_ERR_PASSWORD
_HYPHEN = re.compile("(?<=(.))[\ufffe\x02](?=(.?))", re.S)  # how pdfium marks a hyphen at a line's end
_LEADERS = re.compile(r"(?:\s*\.){5,}\s*")  # the dots of a table of contents


@dataclass(slots=True)
class PdfContents:
    """What a reader found; ``outline`` is page index -> (level from 1, title)."""

    pages: list[list[Line]] = field(default_factory=list)
    outline: dict[int, list[tuple[int, str]]] = field(default_factory=dict)


def read_pdf(reading: Reading) -> PdfContents:
    """The file's lines. Raises: EncryptedFile, BrokenFile."""
    contents = PdfContents()
    try:
        _read_with_pdfium(reading, contents)
    except pdfium.PdfiumError as error:
        if getattr(error, "err_code", None) == _PASSWORD_ERROR:
            raise EncryptedFile from error
        _read_with_pypdf(reading, contents)
    return contents


def _read_with_pdfium(reading: Reading, contents: PdfContents) -> None:
    document = pdfium.PdfDocument(reading.path)
    if document.get_formtype():
        document.init_forms()  # so that what was filled in is drawn, and read
    total = _begin(reading, len(document))
    recognises = reading.limits.scanned_pages > 0 and is_installed()
    for index in range(total):
        if _stop(reading, index):
            break
        try:
            contents.pages.append(list(_pdfium_lines(document, index)))
            if recognises and _is_picture(document, index, contents.pages[-1]):
                reading.pictures.append(index + 1)
        except pdfium.PdfiumError:
            contents.pages.append([])
            reading.note(f"Page {index + 1} is damaged and was not read.")
        reading.report(index + 1 - len(reading.pictures), total)
    for entry in document.get_toc(max_depth=6):
        destination = entry.get_dest()
        page = destination.get_index() if destination else None
        if page is not None:
            contents.outline.setdefault(page, []).append((entry.level + 1, entry.get_title()))


def _pdfium_lines(document: pdfium.PdfDocument, index: int) -> Iterator[Line]:
    page = document[index]
    if document.formenv is not None:
        page.flatten()
        page.close()
        page = document[index]
    text_page = page.get_textpage()
    text = text_page.get_text_range()
    placed = len(text) == text_page.count_chars()  # else characters and boxes do not correspond
    start = 0
    for raw in text.split("\r\n"):
        tidy = _tidy(raw)
        if tidy:
            first = start + len(raw) - len(raw.lstrip())
            letter = start + next((at for at, sign in enumerate(raw) if sign.isalnum()), first - start)
            yield _placed(text_page, tidy, first, letter, start + len(raw.rstrip()) - 1) if placed else Line(tidy)
        start += len(raw) + 2
    text_page.close()
    page.close()


def _is_picture(document: pdfium.PdfDocument, index: int, lines: Sequence[Line]) -> bool:
    """Whether the page shows something and hardly any of it is text: a stamp on a scan, say."""
    if sum(len(line.text) for line in lines) >= _STAMP_CHARS:
        return False
    page = document[index]
    width, height = page.get_size()
    if lines:
        images = [image.get_bounds() for image in page.get_objects(filter=[_IMAGE])]
        shows = any((right - left) * (top - bottom) > 0.5 * width * height for left, bottom, right, top in images)
    else:
        shows = any(True for _ in page.get_objects())
    page.close()
    return shows


def _tidy(raw: str) -> str:
    return _LEADERS.sub(" … ", clean(_HYPHEN.sub(_mended, raw))).strip()


def _mended(hyphen: re.Match[str]) -> str:
    """Nothing where a word was broken, a hyphen where one stands between two words."""
    before, after = hyphen.groups()
    return "" if after.islower() or (before.isupper() and after.isupper()) else "-"


def _placed(text_page: pdfium.PdfTextPage, text: str, first: int, letter: int, last: int) -> Line:
    """``letter`` is the first letter or digit: a list's bullet is often of another size than its text."""
    left = text_page.get_charbox(first, loose=True)[0]
    _, floor, _, top = text_page.get_charbox(letter, loose=True)
    _, bottom, right, _ = text_page.get_charbox(last, loose=True)
    height = top - floor
    return Line(text, left, top, right, bottom, height, _has_gaps(text_page, first, last, height))


def _has_gaps(text_page: pdfium.PdfTextPage, first: int, last: int, height: float) -> bool:
    """Whether stretches of the line stand further apart than words do."""
    edge: float | None = None
    for index in range(min(text_page.count_rects(first, last - first + 1), 50)):
        left, _, right, _ = text_page.get_rect(index)
        if edge is not None and left - edge > 1.2 * height:
            return True
        edge = right
    return False


def _read_with_pypdf(reading: Reading, contents: PdfContents) -> None:
    """About forty times slower, but it opens some files that pdfium does not."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    contents.pages.clear()
    try:
        reader = PdfReader(reading.path)
        if reader.is_encrypted and not reader.decrypt(""):
            raise EncryptedFile
        total = _begin(reading, len(reader.pages))
        for index in range(total):
            if _stop(reading, index):
                break
            text = clean(reader.pages[index].extract_text()).strip()
            contents.pages.append([Line(_tidy(line)) for line in text.split("\n")] if text else [])
            reading.report(index + 1, total)
    except (PyPdfError, RecursionError, ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        if not any(contents.pages):
            raise BrokenFile(detail=type(error).__name__) from error
        reading.note(f"This file is damaged; only its first {len(contents.pages)} pages were read.")


def _begin(reading: Reading, page_count: int) -> int:
    """Note the page count; gives how many of the pages are read."""
    reading.page_count = page_count
    limit = reading.limits.pages
    if page_count > limit:
        reading.note(
            f"Only the first {limit:,} of {page_count:,} pages were read; split the file to have the rest read."
        )
    return min(page_count, limit)


def _stop(reading: Reading, index: int) -> bool:
    if not reading.out_of_time(0.6):  # the rest is for putting the pages together
        return False
    reading.note(f"Only the first {index:,} of {reading.page_count:,} pages were read: the file took too long.")
    return True
