"""A file on disk -> what it says, read in a throw-away process; then its scanned pages, where that is installed.

Turns whatever happens into a `ParsedFile` or a `FileError`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rag.data_loaders.limits import Limits
from rag.data_loaders.process import Message, death_of, error_in, run_child
from rag.data_loaders.scans import Scanned, read_scans, with_scans
from rag.errors import NoTextFound
from rag.types import Block, Location, ParsedFile

Progress = Callable[[int, int, str], None]


def parse_file(
    path: Path, name: str, limits: Limits | None = None, progress: Progress | None = None, kind: str | None = None
) -> ParsedFile:
    """Read the file at ``path``, whatever its ``name`` claims it to be.

    ``progress`` is told (done, total) pages, slides or sheets and the kind of file now and then, on this
    thread. ``kind`` overrides what the content looks like among kinds of text.

    Raises: FileError, whose ``user_message`` leaves the file's name for the receipt to add.
    """
    limits = limits or Limits()
    found = _Found(progress or (lambda _done, _total, _kind: None))
    request: Message = {"path": path, "name": name, "kind": kind}
    try:
        returncode = run_child(request, limits, found.take)
        if found.parsed is None:
            raise death_of(returncode)
    except NoTextFound:
        if found.scanned is None:
            raise
    if found.scanned is None:
        assert found.parsed is not None
        return found.parsed
    return with_scans(found.parsed, found.scanned, read_scans(request, limits, found.scanned, found.report))


class _Found:
    """Gathers the child's messages; trusts none of them to have the right shape."""

    def __init__(self, progress: Progress) -> None:
        self.report = progress
        self.scanned: Scanned | None = None
        self.parsed: ParsedFile | None = None
        self._blocks: list[Block] = []

    def take(self, message: Message) -> None:
        if error := error_in(message):
            raise error
        if "progress" in message:
            done, total, kind = message["progress"]
            self.report(int(done), int(total), str(kind))
        elif "blocks" in message:
            self._blocks.extend(_block(*fields) for fields in message["blocks"])
        elif "pictures" in message:
            kind, page_count, pages = message["pictures"]
            self.scanned = Scanned(str(kind), int(page_count), tuple(map(int, pages)))
        else:
            done = message["done"]
            notes = tuple(str(note) for note in done["notes"])
            self.parsed = ParsedFile(str(done["kind"]), tuple(self._blocks), _whole(done["page_count"]), notes)


def _block(text: str, kind: str, page: Any, slide: Any, sheet: Any, row: Any, heading_path: list[str]) -> Block:
    place = Location(
        page=_whole(page),
        slide=_whole(slide),
        sheet=None if sheet is None else str(sheet),
        row=_whole(row),
        heading_path=tuple(str(heading) for heading in heading_path),
    )
    return Block(str(text), place, str(kind))


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)
