"""A few vectors with many rows that lie one behind the other, in one thread and one pass over the rows.

FAISS takes one vector at a time and rows by their numbers: for two of them twice as long. NumPy's product is slower
still for so few, and lets threads spin.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from rag.llms.threads import stay_with_one_thread


def workers(count: int) -> ThreadPoolExecutor:
    """Threads for `products`."""
    return ThreadPoolExecutor(count, "vectors", stay_with_one_thread)


def products(vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Every vector with every row: (q, d) and (n, d) float32 -> (q, n) float32."""
    return torch.mm(torch.from_numpy(vectors), torch.from_numpy(rows).T).numpy()
