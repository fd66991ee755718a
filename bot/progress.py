"""How far a long file has come, said often enough to be seen moving and seldom enough for Slack.

The reading happens in a thread and reports many times a second; what is said is the newest figure.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from rag.ingest import Progress

EVERY_S = 2.0  # at most; the first figure no sooner either, so that short files show none
RENEW_S = 60.0  # Slack takes a status down after two minutes


@asynccontextmanager
async def told(
    say: Callable[[str], Awaitable[None]], line: Callable[[Progress | None], str]
) -> AsyncIterator[Callable[[Progress], None]]:
    """Say ``line`` of nothing at once, then of the newest progress that what is yielded was called with."""
    latest: list[Progress | None] = [None]

    def note(progress: Progress) -> None:
        latest[0] = progress

    await say(line(None))
    telling = asyncio.ensure_future(_tell(say, lambda: line(latest[0])))
    try:
        yield note
    finally:
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling


async def _tell(say: Callable[[str], Awaitable[None]], line: Callable[[], str]) -> None:
    said, at = line(), time.monotonic()
    while True:
        await asyncio.sleep(EVERY_S)
        now = line()
        if now != said or time.monotonic() - at >= RENEW_S:
            await say(now)
            said, at = now, time.monotonic()
