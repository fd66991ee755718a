"""Whether the files say anything about a question, decided before the model is asked.

A small model refuses noise in 2.5% of cases, so refusing is not its work. How the thresholds
were found, and how often they err, stands in docs/log.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from rag.retrieve import Retrieval


@dataclass(frozen=True, slots=True)
class Gate:
    """Passes a retrieval when ``cosine + coverage_weight * coverage`` reaches the threshold."""

    threshold: float = 0.62
    coverage_weight: float = 0.5
    min_cosine: float = 0.2

    def nearness(self, found: Retrieval) -> float:
        """How near the best hits are to the question, by meaning and by words together."""
        return found.top_cosine + self.coverage_weight * found.coverage

    def passes(self, found: Retrieval) -> bool:
        """Whether the best hits are near enough to the question to answer from them."""
        return bool(found.hits) and found.top_cosine >= self.min_cosine and self.nearness(found) >= self.threshold
