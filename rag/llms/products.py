"""A few vectors with many rows of bfloat16, wherever those lie, in one thread and one pass over the rows.

Compiled, because nobody else does it: FAISS takes one vector at a time, PyTorch's product wants rows that lie one
behind the other, and without AVX512-BF16 it takes bfloat16 forty times slower than float32. A bfloat16 is the upper
half of a float32, so any processor reads it with a shift. Nothing here holds Python's lock.
Numba is imported with the first search, not with every command.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np

from rag.llms import machine
from rag.llms.imports import late, uncollected

TOGETHER = 32  # rows that stay in the nearest cache while every vector is multiplied with them

_Fill = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], None]


def workers(count: int) -> ThreadPoolExecutor:
    """Threads for `fill`."""
    return ThreadPoolExecutor(count, "vectors")


def fill(vectors: np.ndarray, rows: np.ndarray, places: np.ndarray, out: np.ndarray) -> None:
    """``out``: every vector with the row at every place, NaN where a place is negative.

    Shapes: (q, d) float32, (n, d) uint16 that are the bits of bfloat16, (m,) int64, (q, m) float32.
    """
    _compiled()(vectors, rows, places, out)


@cache
def _compiled() -> _Fill:
    machine.set_up_machine()  # before Numba
    import numba

    with uncollected(), late("scipy"):  # as in `rag.engine.compiled`
        import numba.np.arraymath

    options: dict[str, Any] = {"nogil": True, "fastmath": {"contract", "reassoc", "nsz"}, "error_model": "numpy"}
    kept = bool(getattr(numba.config, "CACHE_DIR", ""))  # it refuses to compile for keeps where it finds no place
    made: _Fill = numba.njit(cache=kept, **options)(_fill)
    return made


def _fill(vectors: Any, rows: Any, places: Any, out: Any) -> None:
    for first in range(0, len(places), TOGETHER):
        for number in range(len(vectors)):
            vector = vectors[number]
            for index in range(first, min(first + TOGETHER, len(places))):
                if places[index] < 0:
                    out[number, index] = np.nan
                    continue
                row, total = rows[places[index]], np.float32(0)
                for place in range(len(vector)):
                    total += np.int32(np.int32(row[place]) << np.int32(16)).view(np.float32) * vector[place]
                out[number, index] = total
