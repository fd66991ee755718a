"""CSV files, whichever delimiter they use: one block per row, numbered as a spreadsheet would."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence

from rag.data_loaders.encoding import read_text
from rag.data_loaders.reading import Reading
from rag.data_loaders.tables import SheetHead, SheetRow, row_blocks
from rag.types import Block, Location

_DELIMITERS = ",;\t|"


def blocks(reading: Reading) -> Iterator[Block]:
    """Each row as ``Article: Pump | Price: 129``, at its row number. Raises: UnsupportedFile, csv.Error."""
    _, rows = _table(reading)
    yield from row_blocks(rows, Location())


def sheets(reading: Reading) -> Iterator[tuple[SheetHead, Iterator[SheetRow]]]:
    """The file as one sheet without a name. Raises: UnsupportedFile, csv.Error."""
    delimiter, rows = _table(reading)
    decimal = "," if delimiter == ";" else "."  # who separates by semicolons needs the comma elsewhere
    yield SheetHead(None, decimal), (SheetRow(number, tuple(cells)) for number, cells in rows)


def _table(reading: Reading) -> tuple[str, Iterator[tuple[int, list[str]]]]:
    text = read_text(reading.path)
    lines = text.rstrip("\n").split("\n")
    delimiter = _delimiter(lines[:50])
    skipped = 0
    if lines[0].lower().startswith("sep=") and len(lines[0]) == 5:  # Excel's own hint
        delimiter, skipped = lines[0][4], 1
    csv.field_size_limit(max(reading.limits.characters, 1))
    rows = csv.reader((f"{line}\n" for line in lines[skipped:]), delimiter=delimiter)
    return delimiter, _bounded(rows, reading, skipped)


def _delimiter(lines: Sequence[str]) -> str:
    """The delimiter that cuts the most lines into the same number of fields, more than one."""

    def agreement(delimiter: str) -> tuple[int, int]:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        usual = max(set(widths), key=widths.count, default=1)
        return (widths.count(usual), usual) if usual > 1 else (0, 0)

    return max(_DELIMITERS, key=agreement)


def _bounded(rows: Iterator[list[str]], reading: Reading, skipped: int) -> Iterator[tuple[int, list[str]]]:
    for number, cells in enumerate(rows, start=1 + skipped):
        if number > reading.limits.rows:
            reading.leave_out(f"Only the first {reading.limits.rows:,} rows were read.")
            return
        if len(cells) > reading.limits.columns:
            reading.leave_out(f"Only the first {reading.limits.columns:,} columns were read.")
        yield number, cells[: reading.limits.columns]
