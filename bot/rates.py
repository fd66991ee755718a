"""How fast: answers of one thread are kept apart, and people who wait are told how long it takes.

Both look only at this process's own last minutes; a restart begins anew.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque

WINDOW_S = 60.0
MOST_LANES = 1000
WEIGHT = 0.3  # of the newest measurement in the mean


class Pace:
    """At most ``most`` starts in one lane within `WINDOW_S`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._starts: defaultdict[str, deque[float]] = defaultdict(deque)

    def started(self, lane: str) -> None:
        """Something began in ``lane``."""
        self._starts[lane].append(time.monotonic())
        if len(self._starts) > MOST_LANES:
            self._forget_old()

    def undo(self, lane: str) -> None:
        """What began last in ``lane`` waits again."""
        if self._starts[lane]:
            self._starts[lane].pop()

    def wait_s(self, lane: str) -> float:
        """Seconds until something may begin in ``lane``; 0.0 where it may now."""
        starts = self._starts.get(lane)
        if not starts:
            return 0.0
        now = time.monotonic()
        while starts and now - starts[0] >= WINDOW_S:
            starts.popleft()
        return max(0.0, starts[-self._most] + WINDOW_S - now) if len(starts) >= self._most else 0.0

    def _forget_old(self) -> None:
        now = time.monotonic()
        old = [lane for lane, starts in self._starts.items() if not starts or now - starts[-1] >= WINDOW_S]
        for lane in old:
            del self._starts[lane]


class Rates:
    """How long jobs of a kind took, newest first in weight."""

    def __init__(self) -> None:
        self._means: dict[str, float] = {}

    def took(self, kind: str, seconds: float) -> None:
        """A job of ``kind`` is done."""
        mean = self._means.get(kind, seconds)
        self._means[kind] = mean + WEIGHT * (seconds - mean)

    def mean_s(self, kind: str) -> float | None:
        """Seconds that one takes; None where none was measured."""
        return self._means.get(kind)
