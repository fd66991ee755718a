"""The arithmetic of a search, without any data of its own: arrays in, arrays out."""

from __future__ import annotations

import numpy as np

MIN_RANGE = 0.5  # between the best cosine and the worst of a large collection there is more


def decayed(vectors: np.ndarray, decay: float) -> np.ndarray:
    """One unit vector, (d,) float32, from those of a conversation's questions, (n, d), the oldest first."""
    ages = np.arange(len(vectors))[::-1]
    mean = (decay**ages) @ vectors
    return (mean / max(float(np.linalg.norm(mean)), 1e-9)).astype(np.float32)


def spread(cosines: np.ndarray) -> np.ndarray:
    """Cosines stretched over 0 to 1, the best to 1; NaN stays. Few that are much alike are not torn apart."""
    known = cosines[~np.isnan(cosines)]
    if not len(known):
        return cosines
    high = known.max()
    return 1 - (high - cosines) / max(high - known.min(), MIN_RANGE)


def fuse(dense: np.ndarray, words: np.ndarray, weight: float) -> np.ndarray:
    """Convex combination; a chunk without a vector yet (NaN) is judged by its words alone."""
    scaled = spread(dense)
    return weight * np.where(np.isnan(scaled), words, scaled) + (1 - weight) * words


def top(scores: np.ndarray, count: int) -> np.ndarray:
    """The places of the ``count`` highest of (n,) scores, in no order."""
    return np.argpartition(-scores, count)[:count] if count < len(scores) else np.arange(len(scores))


def rarity(holding: np.ndarray) -> np.ndarray:
    """How much each term, (t, n) bool over n texts, tells them apart: (t,), 0 where all hold it."""
    count, texts = holding.sum(axis=1), holding.shape[1]
    return np.maximum(np.log((texts + 1) / (count + 0.5)), 0.0)


def shares(holding: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """For each of n texts the share of the terms' weight that it holds: (n,), 0 to 1."""
    total = float(weights.sum())
    held = (weights[:, None] * holding).sum(axis=0)  # not `@`, whose second thread would spin long after it was done
    return held / total if total > 0 else np.zeros(holding.shape[1])
