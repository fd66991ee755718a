"""The threads that make vectors: of low priority, one core each, and one fewer of them while somebody is answered.

Whoever waits for an answer needs the memory's bus as much as a core, and a thread of low priority shares that like
any other. So they watch what the rest of this program computes, and leave it a core as soon as it works. Knows no
store and no file.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from rag.llms.machine import give_way

MOST = 8  # more would only crowd the memory's bus
AT_ONCE = 8  # texts: a fifth of a second of one core
WATCHED_S = 0.2  # how old what was seen of the others may be
BUSY_SHARE = (
    0.15  # of the program's time on the processor: writing to the database takes a twentieth, an answer a third
)

Embed = Callable[[Sequence[str]], np.ndarray]


class Indexers:
    """Makes vectors for all uploads together. Safe to share between threads."""

    def __init__(self, embed: Embed, threads: int) -> None:
        self.count = max(1, min(threads, MOST))
        self._embed = embed
        self._others = Others()
        self._pool = ThreadPoolExecutor(self.count, "indexing", initializer=self._begin)
        self._working = 0
        self._turn = threading.Condition()

    @property
    def batch(self) -> int:
        """Texts that keep all threads busy."""
        return AT_ONCE * self.count

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of ``texts``, (n, d) float32, in their order. Raises: ModelError."""
        return self.begin(texts)()

    def begin(self, texts: Sequence[str]) -> Callable[[], np.ndarray]:
        """Begin with ``texts``; what is returned waits for their vectors, as `embed` returns them."""
        parts = [texts[start : start + AT_ONCE] for start in range(0, len(texts), AT_ONCE)]
        rows = self._pool.map(self._take_turn, parts)
        return lambda: np.concatenate(list(rows))

    def _begin(self) -> None:
        give_way()
        self._others.leave_out_this_thread()

    def _take_turn(self, texts: Sequence[str]) -> np.ndarray:
        with self._turn:
            while self._working >= max(1, self.count - self._others.are_busy()):
                self._turn.wait(WATCHED_S)
            self._working += 1
        try:
            return self._embed(texts)
        finally:
            with self._turn:
                self._working -= 1
                self._turn.notify()


class Others:
    """Whether this program's other threads are at work. Where a thread's time cannot be read, they always are."""

    def __init__(self) -> None:
        self._clocks: list[int] = []
        self._looked_s = time.monotonic()
        self._used_s, self._ours_s = time.process_time(), 0.0
        self._are_busy = True

    def leave_out_this_thread(self) -> None:
        """It is an indexer."""
        if sys.platform == "linux":
            self._clocks.append(time.pthread_getcpuclockid(threading.get_ident()))

    def are_busy(self) -> bool:
        """As seen in the last moment; asked by one thread at a time."""
        if self._clocks and time.monotonic() - self._looked_s >= WATCHED_S:
            used_s, ours_s = time.process_time(), sum(time.clock_gettime(clock) for clock in self._clocks)
            total_s = used_s - self._used_s
            self._are_busy = total_s - (ours_s - self._ours_s) > BUSY_SHARE * total_s
            self._looked_s, self._used_s, self._ours_s = time.monotonic(), used_s, ours_s
        return self._are_busy
