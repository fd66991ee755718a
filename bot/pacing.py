"""When a reply may next show more of itself, so that all replies together stay below Slack's rate limits.

Knows streams by a key only, and nothing of what they show. Nobody waits here: who may not yet, asks
again with the next part. Limits: chat.appendStream about 100 a minute, chat.update about 50, each for
all replies of a workspace together (Slack's tiers 4 and 3).
"""

from __future__ import annotations

import time
from collections.abc import Callable

APPENDS_PER_MINUTE = 90
UPDATES_PER_MINUTE = 45
SECONDS_BETWEEN = 1.0  # two of one reply
BURST = 10  # at once, after a quiet time


class Pace:
    """Slots in the order in which they were asked for; a reply holds one slot at most, so none starves another.

    In any minute at most ``per_minute`` slots come due: ``burst`` at once, the rest evenly.
    """

    def __init__(self, per_minute: int, *, burst: int = BURST, clock: Callable[[], float] = time.monotonic) -> None:
        self._between_s = 60.0 / (per_minute - burst)
        self._ahead_s = self._between_s * (burst - 1)
        self._clock = clock
        self._next_s = 0.0  # when the next slot would be due if there were no bursts
        self._last_s: dict[str, float] = {}
        self._slots_s: dict[str, float] = {}

    def may(self, key: str) -> bool:
        """Whether the reply ``key`` may show something now; if not, it keeps its place in the queue."""
        now = self._clock()
        if key not in self._slots_s:
            due = max(now, self._next_s - self._ahead_s, self._last_s.get(key, now - SECONDS_BETWEEN) + SECONDS_BETWEEN)
            self._slots_s[key] = due
            self._next_s = max(self._next_s, due) + self._between_s
        if self._slots_s[key] > now:
            return False
        del self._slots_s[key]
        self._last_s[key] = now
        return True

    def forget(self, key: str) -> None:
        """The reply ``key`` is done."""
        self._slots_s.pop(key, None)
        self._last_s.pop(key, None)


class Appends:
    """The pace of all streams and of all messages that are updated while they grow; one for each process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.streams = Pace(APPENDS_PER_MINUTE, clock=clock)
        self.updates = Pace(UPDATES_PER_MINUTE, clock=clock)

    def forget(self, key: str) -> None:
        """The message ``key`` is done."""
        self.streams.forget(key)
        self.updates.forget(key)
