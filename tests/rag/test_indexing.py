"""The threads that make vectors: in order, all of them at rest, one fewer beside others."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import numpy as np
import pytest

from rag import indexing
from rag.indexing import Indexers, Others


def lengths(texts: Sequence[str]) -> np.ndarray:
    return np.array([[len(text)] for text in texts], dtype=np.float32)


def test_vectors_come_in_the_order_of_their_texts():
    texts = ["x" * number for number in range(1, 100)]
    assert Indexers(lengths, 3).embed(texts)[:, 0].tolist() == list(range(1, 100))


def test_what_one_thread_raises_reaches_the_upload():
    def embed(texts: Sequence[str]) -> np.ndarray:
        raise MemoryError("full")

    indexers = Indexers(embed, 2)
    for _ in range(3):  # and no turn is lost
        with pytest.raises(MemoryError, match="full"):
            indexers.embed(["a"] * 40)


def most_at_once(monkeypatch: pytest.MonkeyPatch, threads: int, *, busy: bool) -> int:
    monkeypatch.setattr(Others, "are_busy", lambda self: busy)
    working, most, lock = 0, 0, threading.Lock()
    together = threading.Barrier(threads - busy)

    def embed(texts: Sequence[str]) -> np.ndarray:
        nonlocal working, most
        with lock:
            working += 1
            most = max(most, working)
        together.wait(30)  # as many as may work do
        with lock:
            working -= 1
        return lengths(texts)

    Indexers(embed, threads).embed(["a"] * indexing.AT_ONCE * (threads - busy) * 4)
    return most


def test_a_core_is_left_to_whoever_is_answered(monkeypatch: pytest.MonkeyPatch):
    assert most_at_once(monkeypatch, 3, busy=False) == 3
    assert most_at_once(monkeypatch, 3, busy=True) == 2


def test_the_only_thread_goes_on_beside_others(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Others, "are_busy", lambda self: True)
    assert len(Indexers(lengths, 1).embed(["a"] * 20)) == 20


class Times:
    """Clocks to be set: of the day, of the program, of the one indexer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.day = self.program = self.indexer = 0.0
        monkeypatch.setattr(time, "monotonic", lambda: self.day)
        monkeypatch.setattr(time, "process_time", lambda: self.program)
        monkeypatch.setattr(time, "clock_gettime", lambda clock: self.indexer)

    def passes(self, seconds: float, *, indexer: float, others: float) -> None:
        self.day += seconds
        self.program += indexer + others
        self.indexer += indexer


@pytest.mark.skipif(not hasattr(time, "pthread_getcpuclockid"), reason="a thread's time is only read on Linux")
def test_others_are_busy_when_they_compute_and_not_when_they_write_a_little_down(monkeypatch: pytest.MonkeyPatch):
    times = Times(monkeypatch)
    others = Others()
    assert others.are_busy()  # until something was seen
    others.leave_out_this_thread()
    times.passes(0.1, indexer=0.1, others=0.0)
    assert others.are_busy()  # too soon to tell
    times.passes(0.2, indexer=0.2, others=0.01)
    assert not others.are_busy()
    times.passes(0.3, indexer=0.3, others=0.3)
    assert others.are_busy()
    times.passes(0.3, indexer=0.05, others=0.001)  # other programs have the processor
    assert not others.are_busy()


@pytest.mark.skipif(not hasattr(time, "pthread_getcpuclockid"), reason="a thread's time is only read on Linux")
def test_a_thread_of_ours_that_computes_is_seen(monkeypatch: pytest.MonkeyPatch):
    """The clocks are those of the threads: an indexer alone is nobody else."""
    done = threading.Event()
    seen: list[bool] = []

    def index() -> None:
        others = Others()
        others.leave_out_this_thread()
        while not seen or (len(seen) < 2 and done.is_set()):
            until = time.thread_time() + 0.3
            while time.thread_time() < until:
                pass
            seen.append(others.are_busy())

    thread = threading.Thread(target=index)
    thread.start()
    thread.join()
    assert seen == [False]
