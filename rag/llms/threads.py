"""How many threads PyTorch computes with: a number for each thread of ours. A new one takes what was set last."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread(wanted: bool = True) -> Iterator[None]:
    """Within it PyTorch works with one thread, if ``wanted``."""
    threads = torch.get_num_threads()
    if wanted and threads > 1:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if wanted and threads > 1:
            torch.set_num_threads(threads)


def stay_with_one_thread() -> None:
    """From now on PyTorch computes what this thread asks for in this thread alone; others keep their number."""
    threads = torch.get_num_threads()
    if threads == 1:
        return
    torch.set_num_threads(1)
    # That also became the number of all threads that are begun later; only another thread can set it back for them.
    other = threading.Thread(target=torch.set_num_threads, args=(threads,))
    other.start()
    other.join()
