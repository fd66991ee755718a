"""The throw-away process that reads foreign files, seen from outside.

This side never looks into the file: it starts the child with an empty environment, bounds its time and
output, kills its whole process group, and hands on what it says. Knows no format and no message.
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

Message = dict[str, Any]

_COMMAND = [sys.executable, "-B", "-P", "-s", "-m", "rag.data_loaders.child"]
ENVIRONMENT = {  # all of it: no tokens, no settings, no home
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "PYTHONUTF8": "1",
    "PYTHONPATH": str(Path(rag.__path__[0]).resolve().parent),
    "OPENBLAS_NUM_THREADS": "1",
}
_STOPPED_BY = {signal.SIGXCPU, signal.SIGKILL, signal.SIGALRM}
_FILE_ERRORS = {error.__name__: error for error in FileError.__subclasses__()}
_STEP_BYTES = 1 << 16


def run_child(request: Message, limits: Limits, take: Callable[[Message], None]) -> int:
    """Have a child process read a file and hand each of its messages to ``take``; gives its exit status.

    Raises: FileError, those of ``take`` too.
    """
    path = str(request["path"].resolve(strict=True))
    with _child({**request, "path": path, "limits": asdict(limits)}, limits.wall_s) as child:
        try:
            for line in _lines(child, limits.output_bytes):
                take(json.loads(line))
        except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
            raise BrokenFile(detail=f"unreadable answer: {type(error).__name__}") from error
    return child.returncode


@contextlib.contextmanager
def _child(request: Message, wall_s: float) -> Iterator[subprocess.Popen[bytes]]:
    """The child process, given its request; killed with its group when its time is up or the block ends."""
    child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        _COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env=ENVIRONMENT,
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


def error_in(message: Message) -> FileError | None:
    """The error that a message of the child's tells of."""
    if "error" not in message:
        return None
    class_name, sentence, detail = message["error"]
    kind = _FILE_ERRORS.get(class_name, BrokenFile)
    return kind(sentence, detail=detail)


def death_of(returncode: int) -> FileError:
    """What to say when the child ended with this status and without an answer."""
    if -returncode in _STOPPED_BY:
        return ParserStopped(detail=f"signal {-returncode}")
    return ParserStopped(
        "This file stopped the reader: it is damaged, or needs more memory than is allowed; try exporting it again.",
        detail=f"exit {returncode}",
    )
