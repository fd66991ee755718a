"""One file while it is read: its bounds, its notes, and how far the reader came.

A loader is a module with `blocks(reading) -> Iterator[Block]`; `collect` turns what it yields into
a `ParsedFile`, whatever goes wrong half-way. Knows no format.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from rag.data_loaders.archive import embedded_count
from rag.data_loaders.limits import Limits
from rag.data_loaders.recognition import is_installed
from rag.errors import EmptyFile, FileError, NoTextFound
from rag.types import Block, ParsedFile

# Characters nobody sees: controls, byte order marks, soft hyphens, half surrogates (which SQLite and
# UTF-8 refuse), Unicode tags (hidden instructions) and bidirectional overrides (a quote that reads
# differently from what it says). Joiners stay: Persian and emoji need them.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u202a-\u202e\u2066-\u2069"
    "\ufeff\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
_LINE_BREAKS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")


@dataclass(slots=True)
class Reading:
    """What a loader is given, and where it leaves its notes."""

    path: Path
    kind: str = "text"
    name: str = ""
    limits: Limits = field(default_factory=Limits)
    report: Callable[[int, int], None] = lambda _done, _total: None
    page_count: int | None = None
    notes: list[str] = field(default_factory=list)
    pictures: list[int] = field(default_factory=list)  # pages that are pictures and will be read as such
    is_partial: bool = False  # a table of it lacks rows, columns or values: nothing may be counted in it
    started_s: float = field(default_factory=time.process_time)

    def out_of_time(self, share: float = 0.8) -> bool:
        """Whether so much of the processor time is gone that what was read should be handed over."""
        return time.process_time() - self.started_s > share * self.limits.cpu_s

    def note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes.append(sentence)

    def leave_out(self, sentence: str) -> None:
        """Note that a table lacks something."""
        self.is_partial = True
        self.note(sentence)


def clean(text: str) -> str:
    """The text without invisible characters, and with ``\\n`` as its only line break."""
    return _INVISIBLE.sub("", _LINE_BREAKS.sub("\n", text))


def note_embedded(reading: Reading) -> None:
    """Say how many files inside an Office file were not opened."""
    count = embedded_count(reading.path)
    if count:
        files = "1 file embedded in this one was" if count == 1 else f"{count} files embedded in this one were"
        reading.note(f"{files} not read.")


def collect(reading: Reading, found: Iterable[Block]) -> ParsedFile:
    """Read ``found`` to its end, or to a bound, or to where the file is damaged.

    Raises: FileError when nothing at all could be read.
    """
    blocks: list[Block] = []
    room = reading.limits.characters
    try:
        for block in _tidy(found):
            blocks.append(block)
            room -= len(block.text)
            if room < 0 or reading.out_of_time():
                reading.note(f"Only the beginning of this file was read{_up_to(block)}: it is too long.")
                break
    except FileError:
        if not blocks:
            raise
        reading.note(f"The file is damaged; it was read only in part{_up_to(blocks[-1])}.")
    except Exception:  # a reader's own trouble; the caller names it where nothing was read
        if not blocks:
            raise
        reading.note(f"The file is damaged; it was read only in part{_up_to(blocks[-1])}.")
    if not any(map(_has_word, blocks)):
        raise _nothing_found(reading.kind)
    return ParsedFile(reading.kind, tuple(blocks), reading.page_count, tuple(reading.notes))


def _tidy(found: Iterable[Block]) -> Iterator[Block]:
    for block in found:
        text = clean(block.text)
        text = text.strip("\n").rstrip() if block.kind == "code" else text.strip()
        if text:
            yield replace(block, text=text)


def _has_word(block: Block) -> bool:
    return any(map(str.isalnum, block.text))


def _up_to(block: Block) -> str:
    label = block.location.label()
    return f", up to {label}" if label else ""


def _nothing_found(kind: str) -> FileError:
    if kind == "picture":
        return NoTextFound()
    if kind == "pdf" and not is_installed():
        return NoTextFound(
            "This PDF holds no text, perhaps because it was scanned; upload a copy with a text layer, "
            "or ask the administrator to install the extra “ocr”."
        )
    if kind == "pdf":
        return NoTextFound("This PDF holds no text, perhaps because it was scanned; upload a copy with a text layer.")
    if kind in ("docx", "pptx"):
        return NoTextFound("This file holds no text, perhaps only pictures; upload a copy with the text typed in.")
    if kind == "xlsx":
        return NoTextFound("This workbook holds no text in its cells, perhaps only pictures or charts.")
    return EmptyFile("This file holds no words.")
