"""Rows of cells -> blocks that can be read alone: ``Article: Pump | Price: 129``.

Knows nothing of where the rows come from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice

from rag.types import Block, Location


@dataclass(frozen=True, slots=True)
class SheetHead:
    """What is known of a sheet before its rows: its title, and the decimal mark where its numbers leave it open."""

    title: str | None  # None: the file is one table
    decimal: str = "."


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One filled row: its number from 1, its cells as they are shown, and by column the numbers behind them."""

    number: int
    cells: tuple[str, ...]
    exact: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole sheet."""

    head: SheetHead
    rows: tuple[SheetRow, ...]


_STARTS_WITH_NUMBER = re.compile(r"[-+(€$£¥]?\s?\d")
LOOK_AHEAD = 20  # rows in which a header is looked for: sheets often begin with a title


def row_blocks(
    rows: Iterable[tuple[int | None, Sequence[str]]], location: Location, *, header: bool | None = None
) -> Iterator[Block]:
    """One block per row that holds anything, the column's name before each value.

    ``rows`` are (row number from 1, or None where the format has none; cells). ``header`` says whether
    the first row names the columns; None looks for a row that could, within the first twenty.
    """
    source = ((number, [flat_cell(cell) for cell in cells]) for number, cells in rows)
    filled = ((number, cells) for number, cells in source if any(cells))
    first = list(islice(filled, LOOK_AHEAD))
    at = header_index(first) if header is None else (0 if header and len(first) > 1 else None)
    before = first if at is None else first[:at]
    for number, cells in before:
        yield _block(_pair(cells) if at is None else _plain(cells), number, location)
    if at is None:
        yield from (_block(_pair(cells), number, location) for number, cells in filled)
        return
    names = first[at][1]
    for number, cells in chain(first[at + 1 :], filled):
        yield _block(named_cells(names, cells), number, location)


def header_index(rows: Sequence[tuple[int | None, Sequence[str]]]) -> int | None:
    """The first row that is as wide as the table, all words, no two alike, with rows below it."""
    width = max((_width(cells) for _, cells in rows), default=0)
    for index, (_, cells) in enumerate(rows[:-1]):
        named = [cell for cell in cells if cell]
        if len(named) < max(2, 0.6 * width):
            continue
        is_header = len(set(named)) == len(named) and not any(map(_is_value, named))
        return index if is_header else None
    return None


def _width(cells: Sequence[str]) -> int:
    return sum(bool(cell) for cell in cells)


def _is_value(cell: str) -> bool:
    """Whether a cell is data rather than a column's name; a bare year may name a column."""
    return len(cell) > 80 or bool(_STARTS_WITH_NUMBER.match(cell) and not re.fullmatch(r"(?:19|20)\d\d", cell))


def named_cells(names: Sequence[str], cells: Sequence[str]) -> str:
    """A row as a chunk holds it: the column's name before each value."""
    padded = [*names, *[""] * (len(cells) - len(names))]
    return " | ".join(f"{name}: {cell}" if name else cell for name, cell in zip(padded, cells, strict=False) if cell)


def _pair(cells: Sequence[str]) -> str:
    """A row of a table without header; of two cells the first is taken to name the second."""
    filled = [cell for cell in cells if cell]
    return f"{filled[0].removesuffix(':')}: {filled[1]}" if len(filled) == 2 else " | ".join(filled)


def _plain(cells: Sequence[str]) -> str:
    return " | ".join(cell for cell in cells if cell)


def flat_cell(cell: str) -> str:
    """The cell's text on one line."""
    return " ".join(cell.split())


def _block(text: str, number: int | None, location: Location) -> Block:
    return Block(text, replace(location, row=number) if number is not None else location, "row")
