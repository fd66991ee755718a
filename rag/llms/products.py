"""A few vectors with many rows that lie one behind the other, in one thread and one pass over the rows.

FAISS takes one vector at a time and rows by their numbers: for two of them twice as long. NumPy's product is slower
still for so few, and lets threads spin. PyTorch is imported with the first search, not with every command.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from rag.llms import machine


def workers(count: int) -> ThreadPoolExecutor:
    """Threads for `products`."""
    return ThreadPoolExecutor(count, "vectors", _begin)


def products(vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Every vector with every row: (q, d) and (n, d) float32 -> (q, n) float32."""
    import torch

    return torch.mm(torch.from_numpy(vectors), torch.from_numpy(rows).T).numpy()


def _begin() -> None:
    machine.set_up_machine()  # before PyTorch
    from rag.llms.threads import stay_with_one_thread

    stay_with_one_thread()
