"""Acknowledging in time: Slack shows an error after three seconds, and asking it something may take longer.

Bolt answers the envelope of a command, a button or a modal only when its listener has returned, so that what was
stored before the acknowledgement is stored. What a listener does after acknowledging must not keep it waiting.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

log = logging.getLogger(__name__)

SOON_S = 0.8  # two lookups may follow each other, and the rest of the three seconds is the machine's
Result = TypeVar("Result")
Listener = Callable[..., Awaitable[None]]

_beside: set[asyncio.Future[Any]] = set()  # what goes on after an acknowledgement


def promptly(listener: Listener) -> Listener:
    """A listener whose acknowledgement leaves as soon as it is given; what it does afterwards goes on beside."""

    @functools.wraps(listener)  # Bolt hands over the arguments that the wrapped one names
    async def listen(**given: Any) -> None:
        is_acknowledged = asyncio.Event()

        async def ack(*arguments: Any, **more: Any) -> Any:
            response = await given["ack"](*arguments, **more)
            is_acknowledged.set()
            return response

        working = asyncio.ensure_future(listener(**given | {"ack": ack}))
        acknowledged = asyncio.ensure_future(is_acknowledged.wait())
        await asyncio.wait({working, acknowledged}, return_when=asyncio.FIRST_COMPLETED)
        acknowledged.cancel()
        if working.done():
            working.result()
        else:
            _go_on(working)

    return listen


async def soon(work: Coroutine[Any, Any, Result], otherwise: Result) -> Result:
    """What ``work`` gives, if it does so soon; else ``otherwise``, and ``work`` goes on by itself."""
    task = asyncio.ensure_future(work)
    done, _ = await asyncio.wait({task}, timeout=SOON_S)
    if done:
        return task.result()
    _go_on(task)
    return otherwise


async def settled() -> None:
    """Wait until nothing goes on any more after its acknowledgement."""
    here = asyncio.get_running_loop()
    while going_on := [task for task in _beside if task.get_loop() is here]:
        await asyncio.wait(going_on)


def _go_on(task: asyncio.Future[Any]) -> None:
    _beside.add(task)
    task.add_done_callback(_ended)


def _ended(task: asyncio.Future[Any]) -> None:
    _beside.discard(task)
    if not task.cancelled() and (error := task.exception()):
        log.error("after an acknowledgement: %s", type(error).__name__)
