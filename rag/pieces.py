"""How much of a question stands in a text, word piece by word piece, exactly or nearly.

An embedder's own input vectors tell that "deep" is near "depth" and "late" near "delay", which no stemmer does, and
its pieces what two long words have in common. Nothing is computed but products: the embedder is not run. Rarity is
counted among the texts that are compared, so that what all of them hold tells none from another.

Source: each of the question's tokens with its nearest in the text, as in ColBERT (arXiv 2004.12832, section 3.3),
with input vectors in the place of contextual ones, and rarity as their weight.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from rag.wording import idf

Rows = Callable[[np.ndarray], np.ndarray]  # ids of m pieces to their input vectors, (m, d) float32


def held(question: Sequence[int], texts: Sequence[Sequence[int]], rows: Rows) -> np.ndarray:
    """For each of n texts, given as ids of pieces, how much of the question it holds. Shape: (n,) float64, 0 to 1."""
    own, pieces = np.unique(question), [np.unique(np.asarray(ids, dtype=np.int64)) for ids in texts]
    if not len(own) or not any(map(len, pieces)):
        return np.zeros(len(texts))
    every = np.unique(np.concatenate(pieces))
    near = _unit(rows(own)) @ _unit(rows(every)).T
    best = np.array([near[:, np.searchsorted(every, ids)].max(axis=1, initial=0.0) for ids in pieces], dtype=np.float64)
    holding = np.array([np.isin(own, ids) for ids in pieces]).sum(axis=0)
    weights = np.array([idf(count, len(texts)) for count in holding])
    shares: np.ndarray = best @ weights / weights.sum()
    return shares


def _unit(rows: np.ndarray) -> np.ndarray:
    unit: np.ndarray = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return unit
