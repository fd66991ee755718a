"""The tables of a CSV file or a workbook, cell by cell, read in the throw-away process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rag.data_loaders.limits import Limits
from rag.data_loaders.process import Message, death_of, error_in, run_child
from rag.data_loaders.tables import Sheet, SheetHead, SheetRow


def read_sheets(path: Path, name: str, limits: Limits) -> tuple[Sheet, ...]:
    """The tables of a CSV file or a workbook, cell by cell.

    Raises: FileError, also where a part of them could not be read.
    """
    found = _FoundSheets()
    returncode = run_child({"path": path, "name": name, "kind": None, "as_sheets": True}, limits, found.take)
    if not found.is_whole:
        raise death_of(returncode)
    return tuple(Sheet(head, tuple(rows)) for head, rows in found.sheets)


class _FoundSheets:
    """Gathers the child's messages; trusts none of them to have the right shape."""

    def __init__(self) -> None:
        self.sheets: list[tuple[SheetHead, list[SheetRow]]] = []
        self.is_whole = False

    def take(self, message: Message) -> None:
        if error := error_in(message):
            raise error
        if "sheet" in message:
            title, decimal = message["sheet"]
            self.sheets.append((SheetHead(None if title is None else str(title), str(decimal)), []))
        elif "rows" in message:
            self.sheets[-1][1].extend(_row(*fields) for fields in message["rows"])
        elif "done" in message:
            self.is_whole = True


def _row(number: Any, cells: list[Any], exact: dict[str, Any]) -> SheetRow:
    return SheetRow(int(number), tuple(map(str, cells)), {int(at): float(value) for at, value in exact.items()})
