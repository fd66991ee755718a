"""The threads that help whoever writes a step with its products, and when they had better not.

A helper costs nobody time (`rag.engine.sharing`), but it takes a core. Where it hardly ever gets one, others need it:
then helpers rest for some steps before they try again.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np

from rag.engine import sharing

MOST_HELPERS = 7  # eight cores read as fast as memory gives; measured with two
LEAST_SHARE = 0.6  # of what helpers would do if each had a core to itself; with less a step takes longer than alone
REST_STEPS = 16


class Crew:
    """``count`` threads, asleep but for the steps that they help with. Only one thread asks for them."""

    def __init__(self, count: int, rows: int, longest: int) -> None:
        """``rows`` times ``longest``: the largest product."""
        memories = [np.zeros((rows, longest), np.uint16) for _ in range(count)]
        self._memories = memories  # the board holds their addresses
        self._board = sharing.board_of(memories)
        self._threads = ThreadPoolExecutor(max(1, count), "help")
        self._busy: list[Future[None] | None] = [None] * count
        self._resting_steps = 0

    @property
    def board(self) -> int:
        """Its address, as products take it; it lives as long as this does."""
        return self._board.ctypes.data

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Products within this are shared, if anybody can help."""
        if not self._busy or self._resting_steps:
            self._resting_steps = max(0, self._resting_steps - 1)
            yield
            return
        self._board[sharing.BLOCKS] = self._board[sharing.HELPED] = 0
        self._board[sharing.IS_OPEN] = 1
        self._call()
        try:
            yield
        finally:
            self._board[sharing.IS_OPEN] = 0
        fair_share = len(self._busy) / (1 + len(self._busy))
        if self._board[sharing.HELPED] < LEAST_SHARE * fair_share * self._board[sharing.BLOCKS]:
            self._resting_steps = REST_STEPS

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown()

    def _call(self) -> None:
        """Those that are still on their way out of an earlier step stay, or come with the next one."""
        for helper, busy in enumerate(self._busy):
            if busy is None or busy.done():
                self._busy[helper] = self._threads.submit(sharing.help_at, self.board, helper)
