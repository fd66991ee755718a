"""A lock that serves callers in the order they came."""

from __future__ import annotations

import threading
from collections import deque


class Turnstile:
    """First come, first served; who waits can be called off. Any thread may release.

    `threading.Lock` lets a late caller in before an early one, so one busy thread could starve the others.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._taken = False

    def enter(self, cancel: threading.Event | None = None) -> bool:
        """Wait for one's turn; False when ``cancel`` was set before it came (looked at 20 times a second)."""
        turn = threading.Event()
        with self._guard:
            if not self._taken:
                self._taken = True
                return True
            self._waiting.append(turn)
        while not turn.wait(0.05 if cancel else None):
            if cancel and cancel.is_set() and self._leave(turn):
                return False
        return True

    def release(self) -> None:
        """Let the next one in."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._taken = False

    def __enter__(self) -> None:
        self.enter()

    def __exit__(self, *_: object) -> None:
        self.release()

    def _leave(self, turn: threading.Event) -> bool:
        """Leave the queue; False where the turn came just now."""
        with self._guard:
            if turn.is_set():
                return False
            self._waiting.remove(turn)
            return True
