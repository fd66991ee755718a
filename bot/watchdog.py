"""Notices that the model stands still, and how the process then ends: a driver that hangs answers nobody, for ever.

A stuck model cannot be mended from within, since its thread cannot be ended. So whoever waits is told, the process
ends with a status that a supervisor starts it again on, and the next start takes their questions up as after a crash:
one that was at work each time is given up at the third.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

STUCK_S = 120.0  # a step takes a fraction of a second; a minute where a processor is shared with many
LOOK_S = 5.0
EXIT_STATUS = 70  # EX_SOFTWARE of sysexits(3)


async def stuck(still_s: Callable[[], float]) -> float:
    """Return as soon as the model has stood still for `STUCK_S`, with how long it has, in seconds."""
    while still_s() < STUCK_S:  # noqa: ASYNC110 - a thread that hangs sets no event
        await asyncio.sleep(min(LOOK_S, STUCK_S / 4))
    return still_s()
