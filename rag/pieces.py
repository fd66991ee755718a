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
    own, lengths = np.unique(np.asarray(question, dtype=np.int64)), [len(ids) for ids in texts]
    if not len(own) or not any(lengths):
        return np.zeros(len(texts))
    every, places = np.unique(np.concatenate([np.asarray(ids, dtype=np.int64) for ids in texts]), return_inverse=True)
    near = _unit(rows(own)) @ _unit(rows(every)).T
    each = np.split(places, np.cumsum(lengths)[:-1])  # the places in ``every`` of each text's pieces
    best = np.array([near[:, those].max(axis=1, initial=0.0) for those in each], dtype=np.float64)
    weights = np.array([idf(count, len(texts)) for count in _holding(own, every, each)])
    shares: np.ndarray = best @ weights / weights.sum()
    return shares


def _holding(own: np.ndarray, every: np.ndarray, each: Sequence[np.ndarray]) -> np.ndarray:
    """How many texts hold each of ``own``, (q,) int64."""
    there = np.zeros((len(each), len(every)), dtype=bool)
    for row, places in zip(there, each, strict=True):
        row[places] = True
    found = np.searchsorted(every, own).clip(max=len(every) - 1)
    return np.where(every[found] == own, there[:, found].sum(axis=0), 0)


def _unit(rows: np.ndarray) -> np.ndarray:
    unit: np.ndarray = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return unit
