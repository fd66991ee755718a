"""Sheets -> tables with names that SQL takes, typed columns, and the rows that are data.

Titles above the header, totals and remarks below are no data: a sum over a total counts all twice.
Knows no database.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from rag.data_loaders.tables import LOOK_AHEAD, Sheet, SheetRow, flat_cell, header_index, named_cells
from rag.tables.cells import Kind, Value, decimal_of, typed

MAX_NAME_CHARS = 40

_TOTAL = re.compile(
    r"(?:(?:grand|sub)[ -]?total|totals?|sum|(?:zwischen|gesamt)?summe|gesamt(?:betrag|ergebnis|wert)?|insgesamt)\b",
    re.I,
)
_UNIT = re.compile(
    r"[(\[]\s*(?:in\s+)?(%|[€$£¥]|EUR|USD|CHF|GBP|kg|g|t|km|m|cm|mm|m²|m³|l|h|min|s|k?W|[kM]Wh|°C)\s*[)\]]"
    r"|\bin\s+(%|[€$£¥]|EUR|USD|CHF|GBP|kg|km|m²|m³|kWh|MWh|°C)$"
)
_RESERVED = frozenset(
    """abort action add after all alter always analyze and as asc attach autoincrement before begin between by cascade
    case cast check collate column commit conflict constraint create cross current current_date current_time
    current_timestamp database default deferrable deferred delete desc detach distinct do drop each else end escape
    except exclude exclusive exists explain fail filter first following for foreign from full generated glob group
    groups having if ignore immediate in index indexed initially inner insert instead intersect into is isnull join
    key last left like limit match materialized natural no not nothing notnull null nulls of offset on or order others
    outer over partition plan pragma preceding primary query raise range recursive references regexp reindex release
    rename replace restrict returning right rollback row rows savepoint select set table temp temporary then ties to
    transaction trigger unbounded union unique update using vacuum values view virtual when where window with without
    rowid oid _rowid_""".split()
)
_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "%": " percent ", "€": " eur ", "$": " usd "})


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``left_out``: filled cells that hold no number although the column does."""

    name: str  # as in SQL
    title: str  # as in the file
    kind: Kind
    unit: str = ""
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """One sheet's data. ``row_numbers`` are those of the file, one for each of ``rows`` and ``texts``."""

    name: str  # as in SQL
    title: str  # as in the file: the sheet's, or the file's own without its ending
    sheet: str | None
    columns: tuple[Column, ...]
    row_numbers: tuple[int, ...]
    rows: tuple[tuple[Value, ...], ...]
    texts: tuple[str, ...]  # each row as the chunk holds it that it stands in
    header: str = ""  # the names of the columns, as they stand in the file
    totals: tuple[int, ...] = ()  # numbers of rows that hold totals and were left out

    def column(self, name: str) -> Column | None:
        """The column with this SQL name, in any case."""
        return next((column for column in self.columns if column.name == name.lower()), None)


def tables_of(sheets: Sequence[Sheet], file_name: str) -> tuple[Table, ...]:
    """A table for each sheet that has at least one row of data."""
    tables: list[Table] = []
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", file_name)
    for sheet in sheets:
        title = sheet.head.title or stem
        name = _fresh(identifier(title, "sheet"), (table.name for table in tables))
        if table := _table(sheet, name, title):
            tables.append(table)
    return tuple(tables)


def identifier(title: str, otherwise: str) -> str:
    """A name that needs no quotes in SQL: ``Größe (m²)`` -> ``groesse_m2``."""
    plain = unicodedata.normalize("NFKD", title.lower().translate(_LETTERS))
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    name = re.sub(r"\W+", "_", plain).strip("_")[:MAX_NAME_CHARS].rstrip("_")
    if not name or not name[0].isalpha():
        name = f"{otherwise}_{name}".rstrip("_")
    return f"{name}_" if name in _RESERVED else name


def _table(sheet: Sheet, name: str, title: str) -> Table | None:
    rows = [row for row in sheet.rows if any(map(flat_cell, row.cells))]
    cells = [[flat_cell(cell) for cell in row.cells] for row in rows]
    at = header_index([(row.number, texts) for row, texts in zip(rows[:LOOK_AHEAD], cells, strict=False)])
    header = cells[at] if at is not None else []
    first = 0 if at is None else at + 1
    wide = sum(map(any, zip_longest(*cells[first:])))  # columns that hold anything
    data = [at for at in range(first, len(rows)) if not _is_remark(cells[at], wide) and not _is_total(cells[at], wide)]
    if not data or wide < 2:
        return None
    columns, values = _columns([rows[at] for at in data], [cells[at] for at in data], header, sheet.head.decimal)
    return Table(
        name=name,
        title=title,
        sheet=sheet.head.title,
        columns=columns,
        row_numbers=tuple(rows[at].number for at in data),
        rows=values,
        texts=tuple(named_cells(header, cells[at]) for at in data),
        header=" | ".join(filter(None, header)),
        totals=tuple(rows[at].number for at in range(first, len(rows)) if _is_total(cells[at], wide)),
    )


def _columns(
    rows: Sequence[SheetRow], cells: Sequence[Sequence[str]], header: Sequence[str], decimal: str
) -> tuple[tuple[Column, ...], tuple[tuple[Value, ...], ...]]:
    """The columns that hold anything, and the rows of their values."""
    down = [list(column) for column in zip_longest(*cells, fillvalue="")]
    mark = decimal_of(down, decimal)
    columns: list[Column] = []
    values: list[tuple[Value, ...]] = []
    for at, column in enumerate(down):
        title = header[at] if at < len(header) else ""
        if not any(column):
            continue
        found = typed(column, {line: row.exact[at] for line, row in enumerate(rows) if at in row.exact}, mark)
        name = _fresh(identifier(title, "column") if title else f"column_{at + 1}", (c.name for c in columns))
        unit = found.unit or (_unit_in(title) if found.kind is Kind.NUMBER else "")
        columns.append(Column(name, title or f"column {at + 1}", found.kind, unit, found.left_out))
        values.append(found.values)
    return tuple(columns), tuple(zip(*values, strict=True))


def _unit_in(title: str) -> str:
    match = _UNIT.search(title)
    return (match[1] or match[2]) if match else ""


def _fresh(name: str, taken: Iterable[str]) -> str:
    known = set(taken)
    return next(each for n in range(1, len(known) + 2) if (each := name if n == 1 else f"{name}_{n}") not in known)


def _is_remark(cells: Sequence[str], width: int) -> bool:
    """A line with one filled cell in a wide table: a source, a footnote, the name of a group."""
    return width >= 3 and sum(map(bool, cells)) == 1


def _is_total(cells: Sequence[str], width: int) -> bool:
    """Whether the row's first words say that it sums up others; a name like "Total Wine" stands in a full row."""
    first = next(filter(None, cells), "").rstrip(": ")
    match = _TOTAL.match(first)
    return match is not None and (match.end() == len(first) or sum(map(bool, cells)) < width)
