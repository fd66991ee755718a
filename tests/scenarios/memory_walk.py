"""What a running bot still holds in memory: everything that can be reached from it, looked through for some text.

The local workspace is Slack and keeps what people wrote; the tests' own stand-ins record what they saw. Neither is
gone through.
"""

from __future__ import annotations

import gc
import types
from collections.abc import Iterable

import numpy as np

OURS = ("rag.", "bot.")
NOT_OURS = ("bot.workspace", "tests.", "_pytest", "asyncio", "aiohttp", "logging", "pytest", "hypothesis")


def traces(roots: Iterable[object], needles: Iterable[str], rows: Iterable[bytes] = ()) -> list[str]:
    """Where a needle (without case) or a row of numbers stands: the kinds of the objects on the way there."""
    wanted, numbers = [needle.lower() for needle in needles], list(rows)
    pending: list[tuple[object, tuple[str, ...]]] = [(root, ()) for root in roots]
    seen: set[int] = {id(pending)}
    alive: list[object] = []  # ids stay unique as long as nothing is freed
    found: list[str] = []
    while pending:
        one, way = pending.pop()
        if id(one) in seen or _is_foreign(one):
            continue
        seen.add(id(one))
        alive.append(one)
        here = (*way[-6:], type(one).__qualname__)
        if _holds(one, wanted, numbers):
            found.append(" > ".join(here))
        elif not isinstance(one, str | bytes | int | float | np.ndarray):
            pending += [(each, here) for each in gc.get_referents(one)]
    return found


def _holds(one: object, needles: list[str], rows: list[bytes]) -> bool:
    if isinstance(one, str):
        return any(needle in one.lower() for needle in needles)
    if isinstance(one, bytes | bytearray):
        low = bytes(one).lower()
        return any(needle.encode() in low for needle in needles) or any(row in one for row in rows)
    if isinstance(one, np.ndarray) and one.dtype in (np.float32, np.uint16):
        return any(row in one.tobytes() for row in rows)
    return False


def _is_foreign(one: object) -> bool:
    if isinstance(one, types.ModuleType):
        return not one.__name__.startswith(OURS) or one.__name__.startswith(NOT_OURS)
    if isinstance(one, dict) and "__name__" in one and "__spec__" in one:  # a module's names
        name = str(one["__name__"])
        return not name.startswith(OURS) or name.startswith(NOT_OURS)
    if isinstance(one, types.FrameType | types.CodeType | types.TracebackType):
        return True
    home = type(one).__module__ if not isinstance(one, type) else one.__module__
    return str(home).startswith(NOT_OURS)
