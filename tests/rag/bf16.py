"""Numbers as the index of vectors keeps them."""

from __future__ import annotations

import numpy as np


def rounded(rows: np.ndarray) -> np.ndarray:
    """To the nearest bfloat16: float32 with the same shape, which the index keeps as they are."""
    bits = np.ascontiguousarray(rows, dtype=np.float32).view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000).view(np.float32)


def kept(row: np.ndarray) -> bytes:
    """A row's bytes in the index."""
    return (rounded(row).view(np.uint32) >> 16).astype("<u2").tobytes()
