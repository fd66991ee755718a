"""Tells the open pages, and whoever waits in a test, that something changed.

A change is JSON for the page plus the set of people who may see it (None: everybody).
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

# A predicate may look at things outside the workspace, which raise no change: look again now and then.
LOOK_AGAIN_S = 0.2


@dataclass(slots=True, eq=False)
class Subscriber:
    """One open page; ``queue`` holds what it has not been sent yet."""

    user: str
    queue: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)


class Feed:
    """Changes, as they happen."""

    def __init__(self) -> None:
        self.subscribers: list[Subscriber] = []
        self._changed = asyncio.Event()

    def publish(self, change: dict[str, Any], audience: set[str] | None = None) -> None:
        for subscriber in self.subscribers:
            if audience is None or subscriber.user in audience:
                subscriber.queue.put_nowait(change)
        self.touch()

    def is_watched_by(self, user_id: str) -> bool:
        """Whether somebody has the page open."""
        return any(subscriber.user == user_id for subscriber in self.subscribers)

    def touch(self) -> None:
        """Wake those who wait, without telling the pages."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait_for(self, predicate: Callable[[], Any], timeout_s: float) -> Any:
        """The first true value of ``predicate`` (which may be async). Raises: TimeoutError."""
        deadline = time.monotonic() + timeout_s
        while True:
            changed = self._changed
            value = predicate()
            if inspect.isawaitable(value):
                value = await value
            if value:
                return value
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"not true within {timeout_s} s")
            waiting = asyncio.ensure_future(changed.wait())
            await asyncio.wait([waiting], timeout=min(left, LOOK_AGAIN_S))
            waiting.cancel()
