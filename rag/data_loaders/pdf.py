"""PDF: the text of each page in paragraphs, under its headings.

Headings come from the outline, where a line reads like one of its page's entries; a file without an
outline has those lines as headings that are set in larger type.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from rag.data_loaders.headings import Headings
from rag.data_loaders.layout import Line, group_lines, heading_level, heading_levels, join_headings
from rag.data_loaders.pdf_readers import read_pdf
from rag.data_loaders.reading import Reading
from rag.types import Block, Location

_EDGE_LINES = 2  # lines at a page's top and bottom that may be running headers


def blocks(reading: Reading) -> Iterator[Block]:
    """Paragraphs and headings page by page, without running headers. Raises: EncryptedFile, BrokenFile."""
    contents = read_pdf(reading)
    empty = sum(
        not any(line.text.strip() for line in page) and number not in reading.pictures
        for number, page in enumerate(contents.pages, start=1)
    )
    if 0 < empty < len(contents.pages):
        verb = "holds" if empty == 1 else "hold"
        reading.note(f"{empty} of {len(contents.pages)} pages {verb} no text (scanned?).")
    running = _running_lines(contents.pages)
    pages = [_without_running(lines, running) for lines in contents.pages]
    levels = {} if contents.outline else heading_levels(pages)
    headings = Headings()
    for index, lines in enumerate(pages):
        yield from _page(lines, index + 1, contents.outline.get(index, []), levels, headings)


def _running_lines(pages: Sequence[Sequence[Line]]) -> set[str]:
    """Headers and footers: edge lines that, digits aside, stand on many pages."""
    if len(pages) < 4:
        return set()
    seen: Counter[str] = Counter()
    for lines in pages:
        seen.update({_shape(lines[index]) for index in _edges(lines)})
    # A third, because left and right pages often differ.
    return {shape for shape, count in seen.items() if count > max(2, 0.3 * len(pages))}


def _edges(lines: Sequence[Line]) -> set[int]:
    """Indexes of a page's first and last lines; none on a page that has little else."""
    filled = [index for index, line in enumerate(lines) if line.text.strip()]
    return {*filled[:_EDGE_LINES], *filled[-_EDGE_LINES:]} if len(filled) > 2 * _EDGE_LINES else set()


def _shape(line: Line) -> str:
    return re.sub(r"\d+", "#", " ".join(line.text.split()))


def _without_running(lines: Sequence[Line], running: set[str]) -> list[Line]:
    edges = _edges(lines)
    return [line for index, line in enumerate(lines) if index not in edges or _shape(line) not in running]


def _page(
    lines: Sequence[Line], number: int, entries: Sequence[tuple[int, str]], levels: dict[float, int], headings: Headings
) -> Iterator[Block]:
    """Blocks of one page, cut where a line is a heading."""
    pending = list(entries)
    section: list[Line] = []
    for line in join_headings(lines, levels) if levels else lines:
        found = _outlined(line, pending)
        level = heading_level(line, levels)
        if not found and level is None:
            section.append(line)
            continue
        yield from _section(section, number, headings)
        section = []
        for entry in found or [(level or 1, line.text)]:
            headings.enter(*entry)
        yield Block(line.text, _place(number, headings), "heading")
    yield from _section(section, number, headings)
    for entry in pending:  # not found as a line: it holds from the next page on
        headings.enter(*entry)


def _outlined(line: Line, pending: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """The outline entries that begin with this line, taken from ``pending``: its own and any passed over."""
    at = next((index for index, (_, title) in enumerate(pending) if _same(title, line.text)), None)
    if at is None:
        return []
    found = pending[: at + 1]
    del pending[: at + 1]
    return found


def _section(lines: Sequence[Line], number: int, headings: Headings) -> Iterator[Block]:
    for paragraph in group_lines(lines):
        yield Block(paragraph, _place(number, headings))


def _place(number: int, headings: Headings) -> Location:
    return Location(page=number, heading_path=headings.path)


def _same(title: str, line: str) -> bool:
    """Whether a line is a title, whatever number stands before it."""
    wanted, found = (re.sub(r"\W+", "", text).lower() for text in (title, line))
    return bool(wanted) and (found == wanted or (found.endswith(wanted) and found[: -len(wanted)].isdigit()))
