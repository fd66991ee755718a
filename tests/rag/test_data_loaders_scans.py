"""Scanned pages and pictures are read where the extra is installed, marked as such, and never stop a file."""

from __future__ import annotations

import io
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from PIL import Image

from rag.data_loaders import Limits, parse_file
from rag.data_loaders.columns import Box, lines_in_order
from rag.data_loaders.recognition import is_installed
from rag.errors import NoTextFound, UnsupportedFile
from rag.types import Location
from tests.rag import made_files
from tests.rag.shelf import Shelf

LEASE = ["Lease agreement between Birch Ltd and Oak GmbH.", "The monthly rent is 1,450.00 EUR, due on the first day."]
NOTICE = ["Die Kündigungsfrist beträgt drei Monate zum Quartalsende."]
OFF = Limits(scanned_pages=0)

needs_recognition = pytest.mark.skipif(not is_installed(), reason="the extra “ocr” is not installed")


def image_of(lines: list[str], *, dots_per_inch: int = 150) -> Image.Image:
    """A page as a scanner gives it."""
    document = pdfium.PdfDocument(made_files.pdf([lines], size=12))
    picture = document[0].render(scale=dots_per_inch / 72).to_pil().convert("L")
    document.close()
    return picture.crop((0, 0, picture.width, picture.height // 4))


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def mixed_pdf(pages: list[bytes]) -> bytes:
    """One PDF of the pages of several."""
    target, out = pdfium.PdfDocument.new(), io.BytesIO()
    for page in pages:
        source = pdfium.PdfDocument(page)
        target.import_pages(source)
        source.close()
    target.save(out)
    target.close()
    return out.getvalue()


def words(texts: list[str]) -> str:
    return " ".join(" ".join(texts).split())


@needs_recognition
@pytest.mark.slow
def test_a_scanned_page_is_read_in_its_place_and_marked(tmp_path: Path) -> None:
    typed = made_files.pdf([["The first page is typed, every word of it, and it stays as it is."]])
    content = mixed_pdf([typed, saved(image_of(LEASE), "PDF", resolution=150), typed])
    told: list[tuple[int, int, str]] = []
    parsed = parse_file(
        made_files.put(tmp_path, "lease.pdf", content), "lease.pdf", progress=lambda *each: told.append(each)
    )
    assert [block.location.page for block in parsed.blocks] == sorted(
        block.location.page or 0 for block in parsed.blocks
    )
    scanned = [block for block in parsed.blocks if block.location.is_scanned]
    assert "rent is 1,450.00 EUR" in words([block.text for block in scanned])
    assert {block.location.label() for block in scanned} == {"page 2 (scanned)"}
    assert parsed.notes == ("1 of 3 pages was read from a picture; check what matters against the original.",)
    assert told[-1] == (3, 3, "pdf") and told == sorted(told)


@needs_recognition
@pytest.mark.slow
def test_the_words_of_a_scan_are_found_and_their_place_says_that_it_was_scanned(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "data", parse=parse_file)
    shelf.ingester.ingest("here", "lease", "lease.pdf", saved(image_of(LEASE), "PDF", resolution=150))
    hits = shelf.retriever.search("here", "How much is the monthly rent?").hits
    shelf.close()
    assert "1,450.00 EUR" in hits[0].chunk.text
    assert hits[0].chunk.location.label() == "page 1 (scanned)"


@needs_recognition
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_a_picture_of_text_is_read(tmp_path: Path, kind: str) -> None:
    content = saved(image_of(NOTICE if kind == "PNG" else LEASE[1:]), kind)
    parsed = parse_file(made_files.put(tmp_path, "notice", content), f"notice.{kind.lower()}")
    found = words([block.text for block in parsed.blocks])
    assert ("Kündigungsfrist beträgt drei Monate" if kind == "PNG" else "1,450.00 EUR") in found
    assert (parsed.kind, parsed.page_count, parsed.blocks[0].location.label()) == ("picture", 1, "scanned")
    assert parsed.notes == ("This text was read from a picture; check what matters against the original.",)


@needs_recognition
@pytest.mark.slow
def test_each_page_of_a_tiff_is_read_up_to_the_limit(tmp_path: Path) -> None:
    pages = [image_of([f"Page number {n} of the contract."]).convert("1") for n in (1, 2, 3)]
    content = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    parsed = parse_file(made_files.put(tmp_path, "fax.tif", content), "fax.tif", Limits(scanned_pages=2))
    assert [(block.text, block.location.page) for block in parsed.blocks] == [
        ("Page number 1 of the contract.", 1),
        ("Page number 2 of the contract.", 2),
    ]
    assert parsed.notes == (
        "2 of 3 pages were read from pictures; check what matters against the original.",
        "Only the first 2 of 3 pages that are pictures were read.",
    )


@needs_recognition
@pytest.mark.slow
def test_a_page_that_takes_too_long_leaves_the_others_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rag.data_loaders import scans

    monkeypatch.setattr(scans, "START_S", 0)
    content = mixed_pdf(
        [made_files.pdf([["A typed page with enough words to be text and no stamp."]]), saved(image_of(LEASE), "PDF")]
    )
    limits = Limits(scanned_page_s=1)  # not even enough to load the recognition
    parsed = parse_file(made_files.put(tmp_path, "a.pdf", content), "a.pdf", limits)
    assert [block.location.page for block in parsed.blocks] == [1]
    assert parsed.notes == ("1 of 2 pages is a picture that could not be read.",)


@needs_recognition
@pytest.mark.slow
@pytest.mark.parametrize(("kind", "error"), [("PNG", UnsupportedFile), ("PDF", NoTextFound)])
def test_a_picture_without_text_is_no_document(tmp_path: Path, kind: str, error: type[Exception]) -> None:
    content = saved(Image.new("RGB", (400, 300), "steelblue"), kind)
    with pytest.raises(error, match="no text was found"):
        parse_file(made_files.put(tmp_path, "sky", content), f"sky.{kind.lower()}")


@needs_recognition
def test_a_picture_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    for content in (b"\x89PNG\r\n\x1a\n" + bytes(64), saved(Image.new("1", (60_000, 1_000)), "PNG")):
        with pytest.raises(UnsupportedFile, match="This file is a picture"):
            parse_file(made_files.put(tmp_path, "a.png", content), "a.png")


def test_without_recognition_a_picture_is_refused_and_says_what_would_help(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedFile, match="install the extra “ocr”"):
        parse_file(made_files.put(tmp_path, "a.png", saved(image_of(LEASE), "PNG")), "a.png", OFF)


def test_without_recognition_a_scan_is_told_of_as_before(tmp_path: Path) -> None:
    scan = saved(image_of(LEASE), "PDF")
    typed = made_files.pdf([["A typed page with enough words to be text."]])
    parsed = parse_file(made_files.put(tmp_path, "a.pdf", mixed_pdf([typed, scan])), "a.pdf", OFF)
    assert parsed.notes == ("1 of 2 pages holds no text (scanned?).",)
    with pytest.raises(NoTextFound, match="scanned"):
        parse_file(made_files.put(tmp_path, "b.pdf", scan), "b.pdf", OFF)


def test_an_empty_page_is_no_picture(tmp_path: Path) -> None:
    content = made_files.pdf([["A typed page."], []])
    parsed = parse_file(made_files.put(tmp_path, "a.pdf", content), "a.pdf")
    assert parsed.notes == ("1 of 2 pages holds no text (scanned?).",)


# --- the order of what was recognised ----------------------------------------------------------


def boxes(*places: tuple[str, float, float, float]) -> list[Box]:
    """(text, left, top, right); each 20 pixels high."""
    return [Box(text, left, top, right, top + 20) for text, left, top, right in places]


def test_two_columns_are_read_one_after_the_other_under_their_title() -> None:
    left = [(f"left {n}", 50.0, 100.0 + 30 * n, 480.0) for n in range(5)]
    right = [(f"right {n}", 520.0, 103.0 + 30 * n, 950.0) for n in range(5)]
    found = lines_in_order(boxes(("title", 50, 20, 950), *left, *right, ("foot", 50, 400, 950)), 1000, 1400)
    assert [line.text for line in found] == [
        "title",
        *(f"left {n}" for n in range(5)),
        *(f"right {n}" for n in range(5)),
        "foot",
    ]


def test_the_cells_of_a_table_stay_beside_each_other() -> None:
    rows = [
        (text, left, 100.0 + 30 * n, left + 90)
        for n in range(5)
        for text, left in ((f"item {n}", 50.0), (f"{n} EUR", 700.0))
    ]
    found = lines_in_order(boxes(*rows), 1000, 1400)
    assert [line.text for line in found] == [f"item {n} | {n} EUR" for n in range(5)]


def test_a_page_without_words_has_no_lines() -> None:
    assert lines_in_order([], 1000, 1400) == []


def test_a_scanned_place_says_so() -> None:
    assert Location(page=3, is_scanned=True).label() == "page 3 (scanned)"
    assert Location(is_scanned=True).label() == "scanned"
