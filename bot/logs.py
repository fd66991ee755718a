"""What the log may say: ids, numbers, codes and places in the code; never text of people or files, never a token.

Our own rooms' messages are written as they are. What a library logs may hold whole requests (slack_sdk and
slack_bolt log bodies), so of that only the level and the place are written. Of an exception its types and the
places it came through are written, not its message, which may quote what it failed on. Whatever looks like a
token is taken out of every line.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

LINE = "%(asctime)s %(levelname)s %(name)s %(message)s"
ROOMS = ("bot", "rag")
# Source: docs.slack.dev/authentication/tokens, read 2026-11-28.
_TOKEN = re.compile(r"\b(?:xox[a-z]{1,2}|xapp|xwfp|xoxe\.xox[a-z])-[\w-]+|(?<=Bearer )\S+")
_MOST_FRAMES = 30

log = logging.getLogger(__name__)


class Discreet(logging.Formatter):
    """Writes a record without anything that may be text of people or files."""

    def __init__(self) -> None:
        super().__init__(LINE)

    def format(self, record: logging.LogRecord) -> str:
        shown = logging.makeLogRecord(
            {
                **{"name": record.name, "levelno": record.levelno, "levelname": record.levelname},
                **{"created": record.created, "msecs": record.msecs, "msg": _said(record)},
            }
        )
        error = record.exc_info[1] if record.exc_info else None
        lines = [super().format(shown), *(described(error) if error is not None else ())]
        return _TOKEN.sub("(a token)", "\n".join(lines))


def _said(record: logging.LogRecord) -> str:
    if record.name.split(".", 1)[0] not in ROOMS:
        return f"(withheld) at {record.module}:{record.lineno} in {record.funcName}"
    try:
        return record.getMessage()
    except Exception as error:  # noqa: BLE001 — logging.Handler.handleError would print the arguments
        return f"(not to be formatted: {type(error).__name__}) at {record.module}:{record.lineno}"


def described(error: BaseException | None) -> Iterator[str]:
    """An exception and what led to it, outermost first: types and places only."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield f"  {type(error).__module__}.{type(error).__qualname__}"
        for frame in traceback.extract_tb(error.__traceback__)[-_MOST_FRAMES:]:
            yield f"    at {_place(frame.filename)}:{frame.lineno} in {frame.name}"
        if isinstance(error, BaseExceptionGroup):
            for each in error.exceptions:
                yield from described(each)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _place(path: str) -> str:
    """The end of a path: its beginning names users and machines."""
    return "/".join(Path(path).parts[-3:])


def set_up(level: str) -> None:
    """Log to standard error; libraries only where something is wrong."""
    handler = logging.StreamHandler()
    handler.setFormatter(Discreet())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for room in ROOMS:
        logging.getLogger(room).setLevel(level)
    logging.raiseExceptions = False  # a record that cannot be written is not printed with its arguments
    logging.captureWarnings(True)


def guard_last_words() -> None:
    """What nobody catches goes through the log too, in place of Python's own traceback with its message."""

    def last(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        else:
            log.critical("ended by an error that nobody expected", exc_info=(kind, error, trace))

    def in_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            log.critical("a thread ended", exc_info=(args.exc_type, args.exc_value, args.exc_traceback))

    def unraisable(args: sys.UnraisableHookArgs) -> None:
        if args.exc_value is not None:
            log.error("an error in cleaning up", exc_info=(args.exc_type, args.exc_value, args.exc_traceback))

    sys.excepthook, threading.excepthook, sys.unraisablehook = last, in_thread, unraisable
