"""What runs in the throw-away process: one request in, one file read, JSON lines out.

In, on standard input: ``{"path": ..., "name": ..., "kind": null, "limits": {...}}``. Out: any number of
``{"progress": [3, 10, kind]}`` and ``{"blocks": [[text, kind, page, slide, sheet, row, [headings]], ...]}``,
or for tables ``{"sheet": [title, decimal mark]}`` and ``{"rows": [[number, [cells], {column: number}], ...]}``,
for pages to be recognised ``{"pictures": [kind, page count, [pages]]}`` and then ``{"scan": [page, [texts]]}``,
last one ``{"done": {...}}`` or ``{"error": [class name, sentence, detail]}``. Knows nothing of who asked.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from rag.data_loaders.detect import detect
from rag.data_loaders.limits import Limits
from rag.data_loaders.reading import Reading, clean, collect
from rag.data_loaders.sandbox import confine
from rag.data_loaders.tables import SheetHead, SheetRow
from rag.errors import BrokenFile, FileError, FileTooLarge, ParserStopped, UnsupportedFile
from rag.types import Block

_MODULES = {kind: kind for kind in ("pdf", "docx", "pptx", "xlsx", "csv", "markdown", "html", "text")} | {
    "code": "text",
    "picture": "pictures",
}
_TEXT_KINDS = {"csv", "markdown", "html", "text", "code"}
_BATCH = 500  # blocks per line of output
PROGRESS_S = 0.5  # between two reports


def main() -> None:
    """Answer the one request on standard input, then end the process; a file that cannot be read is an answer too."""
    out = _take_output()
    request = json.load(sys.stdin)
    limits = Limits(**request["limits"])
    confine(limits)
    try:
        _answer(request, limits, out)
    except FileError as error:
        _send(out, error=[type(error).__name__, error.user_message, error.detail])
    except MemoryError:
        _send(out, error=[ParserStopped.__name__, None, "memory"])
    except Exception as error:  # noqa: BLE001 - four libraries, sixteen kinds of error, one meaning
        _send(out, error=[BrokenFile.__name__, None, type(error).__name__])
    out.flush()
    os._exit(0)  # native libraries are not given a chance to stumble while they tidy up


def _take_output() -> IO[str]:
    """The real standard output; whatever else is printed, by native code too, goes nowhere."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    return out


def _answer(request: dict[str, Any], limits: Limits, out: IO[str]) -> None:
    reading = _reading(request, limits, out)
    if reading.kind == "xlsx":
        sys.modules["numpy"] = None  # type: ignore[assignment]  # openpyxl would load it, at length and for nothing
    loader = importlib.import_module(f"rag.data_loaders.{_MODULES[reading.kind]}")  # only this format's library
    if request.get("scans"):
        _send_scans(out, reading, request["scans"])
    elif not request.get("as_sheets"):
        _send_parsed(out, reading, loader.blocks(reading))
    elif hasattr(loader, "sheets"):
        _send_sheets(out, reading, loader.sheets(reading))
    else:
        raise UnsupportedFile(detail="no table")


def _reading(request: dict[str, Any], limits: Limits, out: IO[str]) -> Reading:
    path = Path(request["path"])
    found = detect(path, request["name"], limits)
    kind = request["kind"] or found
    if kind != found and not {kind, found} <= _TEXT_KINDS:
        raise BrokenFile(f"This file was opened as {kind} but holds {found}.")
    told_s = 0.0

    def report(done: int, total: int) -> None:
        nonlocal told_s
        if done == total or time.monotonic() - told_s >= PROGRESS_S:
            told_s = time.monotonic()
            _send(out, progress=[done, total, kind])

    return Reading(path, kind, request["name"], limits, report)


def _send_sheets(out: IO[str], reading: Reading, sheets: Iterable[tuple[SheetHead, Iterable[SheetRow]]]) -> None:
    """All of the tables or none: a sum over a part would be wrong."""
    cells = 0
    for head, rows in sheets:
        _send(out, sheet=[head.title, head.decimal])
        batch: list[Any] = []
        for row in rows:
            batch.append([row.number, row.cells, row.exact])
            cells += len(row.cells)
            if cells > reading.limits.cells or reading.out_of_time():
                raise FileTooLarge(detail="too many cells")
            if len(batch) == _BATCH:
                _send(out, rows=batch)
                batch = []
        _send(out, rows=batch)
    if reading.is_partial:
        raise FileTooLarge(detail="; ".join(reading.notes))
    _send(out, done={})


def _send_scans(out: IO[str], reading: Reading, pages: list[int]) -> None:
    from rag.data_loaders.pictures import read_pages

    for page, texts in read_pages(reading, pages):
        _send(out, scan=[page, [tidy for text in texts if (tidy := clean(text).strip())]])
    _send(out, done={})


def _send_parsed(out: IO[str], reading: Reading, found: Iterable[Block]) -> None:
    try:
        parsed = collect(reading, found)
    finally:  # where pictures are all there is, the error follows
        if reading.pictures:
            _send(out, pictures=[reading.kind, reading.page_count, reading.pictures])
    for start in range(0, len(parsed.blocks), _BATCH):
        _send(out, blocks=[_flat(block) for block in parsed.blocks[start : start + _BATCH]])
    _send(out, done={"kind": parsed.kind, "page_count": parsed.page_count, "notes": parsed.notes})


def _flat(block: Block) -> list[Any]:
    where = block.location
    return [block.text, block.kind, where.page, where.slide, where.sheet, where.row, where.heading_path]


def _send(out: IO[str], **message: Any) -> None:
    out.write(json.dumps(message) + "\n")
    out.flush()


if __name__ == "__main__":
    main()
