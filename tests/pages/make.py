"""Makes the PDF, Word, PowerPoint and Excel files of this folder from the texts in ``source``.

    python -m tests.pages.make

``===`` begins a page, slide or sheet; ``#`` and ``##`` are headings of a Word file; `` | `` parts the cells of a sheet.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

import docx
import openpyxl
import pptx

from tests.rag.made_files import pdf

HERE = Path(__file__).parent
LINE = 92  # characters that fit on a page
FILES = {
    "employee-handbook": "pdf",
    "aquila-7-manual": "pdf",
    "reisekostenrichtlinie": "pdf",
    "supply-agreement": "docx",
    "office-lease-leith": "docx",
    "betriebsvereinbarung-mobile-arbeit": "docx",
    "board-update-q3": "pptx",
    "price-list-2025": "xlsx",
}


def parts_of(text: str) -> list[str]:
    """What stands between lines that begin with ``===``; a name behind it stays in front."""
    return [part.removeprefix("===").strip() for part in f"\n{text}".replace("\n===", "\n\f===").split("\f")]


def make_pdf(text: str, path: Path) -> None:
    pages = [[line for raw in part.split("\n") for line in textwrap.wrap(raw, LINE) or [""]] for part in parts_of(text)]
    path.write_bytes(pdf(pages))


def make_docx(text: str, path: Path) -> None:
    document = docx.Document()
    for line in filter(None, text.split("\n")):
        hashes = len(line) - len(line.lstrip("#"))
        if hashes:
            document.add_heading(line.lstrip("# "), level=hashes)
        else:
            document.add_paragraph(line)
    document.save(str(path))


def make_pptx(text: str, path: Path) -> None:
    presentation = pptx.Presentation()
    for part in parts_of(text):
        title, *lines = part.split("\n")
        slide = presentation.slides.add_slide(presentation.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text_frame.text = "\n".join(lines)
    presentation.save(str(path))


def make_xlsx(text: str, path: Path) -> None:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for part in filter(None, parts_of(text)):
        name, *lines = part.split("\n")
        sheet = book.create_sheet(name.strip())
        for line in lines:
            sheet.append([int(cell) if cell.isdecimal() else cell for cell in line.split(" | ")])
    book.save(path)


MAKERS = {"pdf": make_pdf, "docx": make_docx, "pptx": make_pptx, "xlsx": make_xlsx}


def main() -> None:
    for name, kind in FILES.items():
        text = (HERE / "source" / f"{name}.txt").read_text(encoding="utf-8").rstrip("\n")
        MAKERS[kind](text, HERE / f"{name}.{kind}")


if __name__ == "__main__":
    main()
