"""Which of Slack's methods are not to be called just now, because Slack said so (429 with `Retry-After`).

What one call is told holds for every call of that method: to go on calling makes Slack's wait longer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler

DEFAULT_S = 1.0  # where Slack names no time


class Gates:
    """Until when each method waits."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def close(self, method: str, headers: Mapping[str, Any]) -> None:
        """Slack refused a call of ``method`` with these headers."""
        until = time.monotonic() + _retry_after_s(headers)
        self._until[method] = max(until, self._until.get(method, 0.0))

    def left_s(self, method: str) -> float:
        """How long ``method`` still waits; 0 where it does not."""
        return max(0.0, self._until.get(method, 0.0) - time.monotonic())

    async def wait(self, method: str) -> None:
        """Until ``method`` may be called."""
        while (left_s := self.left_s(method)) > 0:  # noqa: ASYNC110 - time, and not somebody, opens it
            await asyncio.sleep(left_s)


class WaitingRetries(AsyncRateLimitErrorRetryHandler):
    """Repeats a refused call after its time, and lets the other calls of its method wait as long."""

    def __init__(self, gates: Gates, max_retry_count: int) -> None:
        super().__init__(max_retry_count)
        self._gates = gates

    async def prepare_for_next_attempt_async(self, **attempt: Any) -> None:
        """Wait as Slack asks; longer, where another call was told so meanwhile."""
        method = str(attempt["request"].url).partition("?")[0].rpartition("/")[2]
        if attempt.get("response") is not None:
            self._gates.close(method, attempt["response"].headers)
        await super().prepare_for_next_attempt_async(**attempt)
        await self._gates.wait(method)


def _retry_after_s(headers: Mapping[str, Any]) -> float:
    named = next((value for name, value in headers.items() if name.lower() == "retry-after"), DEFAULT_S)
    try:
        return float(named[0] if isinstance(named, list) else named)
    except ValueError:
        return DEFAULT_S
