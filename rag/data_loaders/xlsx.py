"""Excel workbooks: one block per row, under its sheet, with the row's number in the sheet.

Shows stored results, never formulas; nothing is computed, linked workbooks are not opened.
"""

from __future__ import annotations

import datetime as dt
import re
import warnings
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from rag.data_loaders.archive import opened
from rag.data_loaders.reading import Reading
from rag.data_loaders.tables import SheetHead, SheetRow, row_blocks
from rag.types import Block, Location

_CELL_CHARACTERS = 32_767  # Excel's own limit
_UNCOMPUTED = re.compile(
    rb"<c\b(?![^>]*\bt=\"str\")[^>]*>\s*<f(?:\s[^>]*)?(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v></v>)?\s*</c>"
)
_DECIMALS = re.compile(r"0\.(0+)")
_CURRENCY = re.compile(r"[€£¥]|\[\$([^-\]]+)|\"?(US\$|\$)\"?")


def blocks(reading: Reading) -> Iterator[Block]:
    """Each filled row as ``Article: Pump | Price: 129``, sheet by sheet. Raises: openpyxl's own errors."""
    for head, rows in sheets(reading):
        yield from row_blocks(((row.number, row.cells) for row in rows), Location(sheet=head.title))


def sheets(reading: Reading) -> Iterator[tuple[SheetHead, Iterator[SheetRow]]]:
    """Each sheet with its filled rows, which must be read before the next sheet. Raises: openpyxl's own errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about styles and extensions that hold no text
        book = load_workbook(opened(reading.path), read_only=True, data_only=True, keep_links=False)
    found = [sheet for sheet in book.worksheets if hasattr(sheet, "iter_rows")]
    reading.page_count = len(found)
    _note_uncomputed(reading)
    left = [reading.limits.rows]
    for number, sheet in enumerate(found, start=1):
        yield SheetHead(sheet.title), _rows(sheet, reading, left)
        reading.report(number, len(found))


def _rows(sheet: Any, reading: Reading, left: list[int]) -> Iterator[SheetRow]:
    """The sheet's rows that hold anything. ``left``: how many the whole workbook may still give."""
    sheet.reset_dimensions()  # a sheet's own word on its size is often wrong
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells = tuple(_shown(cell) for cell in islice(row, reading.limits.columns))
        if len(row) > reading.limits.columns:
            reading.leave_out(f"Only the first {reading.limits.columns:,} columns were read.")
        if not any(cells):
            continue
        if left[0] <= 0:
            reading.leave_out(
                f"Only the first {reading.limits.rows:,} rows were read, up to {sheet.title}, row {number - 1}."
            )
            return
        left[0] -= 1
        exact = {at: value for at, cell in enumerate(row[: len(cells)]) if (value := _exact(cell)) is not None}
        yield SheetRow(number, cells, exact)


def _exact(cell: Any) -> float | None:
    """The number in a cell, before it is rounded for show; of a percentage, what stands before the sign."""
    value = cell.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    is_percent = "%" in (cell.number_format or "").partition(";")[0]
    return round(value * 100, 12) if is_percent else value


def _shown(cell: Any) -> str:
    """A cell's value about as the sheet shows it."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _number(value, cell.number_format or "General")
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ", timespec="minutes")
    return str(value)[:_CELL_CHARACTERS]


def _number(value: float, pattern: str) -> str:
    """12.5 stays 12.5; a percentage, a currency and fixed decimals follow the cell's pattern."""
    pattern = pattern.partition(";")[0]
    scale, mark = (100, "%") if "%" in pattern else (1, "")
    decimals = _DECIMALS.search(pattern)
    plain = re.sub(r"\[[^\]]*\]|\"[^\"]*\"", "", pattern)
    precision = f".{len(decimals.group(1))}f" if decimals and "E" not in plain else ".15g"
    text = f"{value * scale:{precision}}"
    if currency := _CURRENCY.search(pattern):
        symbol = currency.group(1) or currency.group(2) or currency.group(0)
        after = currency.start() > pattern.find("0")
        sign, digits = ("-", text[1:]) if value < 0 else ("", text)
        return f"{text} {symbol}" if after else f"{sign}{symbol}{digits}"
    return text + mark


def _note_uncomputed(reading: Reading) -> None:
    """A workbook written by a program may hold formulas without results; say so rather than skip them."""
    count = sum(len(_UNCOMPUTED.findall(part)) for part in _sheet_parts(reading.path))
    if count:
        cells = "1 formula holds" if count == 1 else f"{count:,} formulas hold"
        reading.leave_out(f"{cells} no stored result; open the file in Excel, save it and upload it again.")


def _sheet_parts(path: Path) -> Iterator[bytes]:
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            if entry.filename.startswith("xl/worksheets/") and entry.file_size < 20_000_000:
                yield archive.read(entry)
