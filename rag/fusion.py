"""The arithmetic of a search, without any data of its own: arrays in, arrays out."""

from __future__ import annotations

import numpy as np

from rag.passages import Catalogue


def decayed(vectors: np.ndarray, decay: float) -> np.ndarray:
    """One unit vector, (d,) float32, from those of a conversation's questions, (n, d), the oldest first."""
    ages = np.arange(len(vectors))[::-1]
    mean = (decay**ages) @ vectors
    return (mean / max(float(np.linalg.norm(mean)), 1e-9)).astype(np.float32)


def spread(values: np.ndarray) -> np.ndarray:
    """``values`` stretched over 0 to 1; NaN stays, and where all are alike they become 1."""
    known = values[~np.isnan(values)]
    if not len(known):
        return values
    low, high = known.min(), known.max()
    return (values - low) / (high - low) if high > low else np.where(np.isnan(values), np.nan, 1.0)


def fuse(dense: np.ndarray, words: np.ndarray, weight: float) -> np.ndarray:
    """Convex combination; a chunk without a vector yet (NaN) is judged by its words alone."""
    scaled = spread(dense)
    return weight * np.where(np.isnan(scaled), words, scaled) + (1 - weight) * words


def smoothed(cosines: np.ndarray, catalogue: Catalogue, share: float) -> np.ndarray:
    """Each chunk's cosine, mixed with those of the chunks before and after it in its document."""
    total, weight = cosines.copy(), np.ones(len(cosines))
    follows = (np.diff(catalogue.document_ids) == 0) & (np.diff(catalogue.ordinals) == 1)
    for here, there in ((slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None))):
        counts = follows & ~np.isnan(cosines[there])
        total[here] += np.where(counts, share * cosines[there], 0.0)
        weight[here] += np.where(counts, share, 0.0)
    return total / weight


def rarity(holding: np.ndarray) -> np.ndarray:
    """How much each term, (t, n) bool over n texts, tells them apart: (t,), 0 where all hold it."""
    count, texts = holding.sum(axis=1), holding.shape[1]
    return np.maximum(np.log((texts + 1) / (count + 0.5)), 0.0)


def shares(holding: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """For each of n texts the share of the terms' weight that it holds: (n,), 0 to 1."""
    total = float(weights.sum())
    return (weights @ holding) / total if total > 0 else np.zeros(holding.shape[1])


def by_document(holding: np.ndarray, document_ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(t, n) over chunks in document order becomes (t, m) over documents, and each chunk's place in that."""
    _, starts, places = np.unique(document_ids, return_index=True, return_inverse=True)
    return np.logical_or.reduceat(holding, starts, axis=1), places
