"""A file on disk -> what it says, read in a throw-away process.

This side never looks into the file: it starts the child with an empty environment, bounds its time and
output, kills its whole process group, and turns whatever happens into a `ParsedFile` or a `FileError`.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import rag
from rag.data_loaders.limits import Limits
from rag.errors import BrokenFile, FileError, FileTooLarge, ParserStopped
from rag.types import Block, Location, ParsedFile

Progress = Callable[[int, int, str], None]

_COMMAND = [sys.executable, "-B", "-P", "-s", "-m", "rag.data_loaders.child"]
_ENVIRONMENT = {  # all of it: no tokens, no settings, no home
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "PYTHONUTF8": "1",
    "PYTHONPATH": str(Path(rag.__path__[0]).resolve().parent),
    "OPENBLAS_NUM_THREADS": "1",
}
_STOPPED_BY = {signal.SIGXCPU, signal.SIGKILL, signal.SIGALRM}
_FILE_ERRORS = {error.__name__: error for error in FileError.__subclasses__()}
_STEP_BYTES = 1 << 16


def parse_file(
    path: Path, name: str, limits: Limits | None = None, progress: Progress | None = None, kind: str | None = None
) -> ParsedFile:
    """Read the file at ``path``, whatever its ``name`` claims it to be.

    ``progress`` is told (done, total) pages, slides or sheets and the kind of file now and then, on this
    thread. ``kind`` overrides what the content looks like among kinds of text.

    Raises: FileError, whose ``user_message`` leaves the file's name for the receipt to add.
    """
    limits = limits or Limits()
    request = {"path": str(path.resolve(strict=True)), "name": name, "kind": kind, "limits": asdict(limits)}
    with _child(request, limits.wall_s) as child:
        found = _Found(progress or (lambda _done, _total, _kind: None))
        try:
            for line in _lines(child, limits.output_bytes):
                found.take(json.loads(line))
        except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
            raise BrokenFile(detail=f"unreadable answer: {type(error).__name__}") from error
    if found.parsed is not None:
        return found.parsed
    raise _death(child.returncode)


@contextlib.contextmanager
def _child(request: dict[str, Any], wall_s: float) -> Iterator[subprocess.Popen[bytes]]:
    """The child process, given its request; killed with its group when its time is up or the block ends."""
    child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        _COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env=_ENVIRONMENT,
        start_new_session=True,
    )
    timer = threading.Timer(wall_s, _kill_group, [child])
    timer.start()
    try:
        assert child.stdin is not None
        with contextlib.suppress(BrokenPipeError), child.stdin:
            child.stdin.write(json.dumps(request).encode())
        yield child
        child.wait()
    finally:
        timer.cancel()
        _kill_group(child)
        child.wait()
        assert child.stdout is not None
        child.stdout.close()


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:  # once reaped, its number may belong to another process
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)


def _lines(child: subprocess.Popen[bytes], output_bytes: int) -> Iterator[bytes]:
    """The child's complete lines. Raises: FileTooLarge beyond ``output_bytes``."""
    assert child.stdout is not None
    pending = b""
    total = 0
    while step := os.read(child.stdout.fileno(), _STEP_BYTES):
        total += len(step)
        if total > output_bytes:
            raise FileTooLarge("This file holds more text than can be read at once; split it into smaller files.")
        *lines, pending = (pending + step).split(b"\n")
        yield from lines


class _Found:
    """Gathers the child's messages; trusts none of them to have the right shape."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._blocks: list[Block] = []
        self.parsed: ParsedFile | None = None

    def take(self, message: dict[str, Any]) -> None:
        if "error" in message:
            raise _error(*message["error"])
        if "progress" in message:
            done, total, kind = message["progress"]
            self._progress(int(done), int(total), str(kind))
        elif "blocks" in message:
            self._blocks.extend(_block(*fields) for fields in message["blocks"])
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


def _error(class_name: str, sentence: str | None, detail: str) -> FileError:
    kind = _FILE_ERRORS.get(class_name, BrokenFile)
    return kind(sentence, detail=detail)


def _death(returncode: int) -> FileError:
    """What to say when the child ended without an answer."""
    if -returncode in _STOPPED_BY:
        return ParserStopped(detail=f"signal {-returncode}")
    return ParserStopped(
        "This file stopped the reader: it is damaged, or needs more memory than is allowed; try exporting it again.",
        detail=f"exit {returncode}",
    )
