"""A grounding model from a folder: does a passage support a sentence? Off unless a folder is named.

Any sequence classifier that reads (passage, sentence): MiniCheck's or FactCG's, or one of natural-language inference.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rag.errors import ModelRefused
from rag.llms.classifiers import PairClassifier

MIN_PROBABILITY = 0.5
_YES = frozenset("supported support entailment entailed consistent true yes 1 label_1".split())


class SequenceChecker:
    """A `rag.grounding.Checker`. Safe to share between threads.

    Raises: ModelNotFound, ModelRefused.
    """

    def __init__(self, path: Path, *, min_probability: float = MIN_PROBABILITY) -> None:
        """``min_probability``: of support, from which on a sentence counts as supported."""
        self._classifier = PairClassifier(path, "grounding model")
        self._yes = _yes_of(self._classifier.labels)
        self._min_probability = min_probability

    def supports(self, passage: str, sentence: str) -> bool:
        """Whether ``passage`` supports ``sentence``. Raises: OutOfMemory."""
        return self.probability(passage, sentence) >= self._min_probability

    def probability(self, passage: str, sentence: str) -> float:
        """How likely the support is, 0 to 1. Raises: OutOfMemory."""
        logits = self._classifier.logits([(passage, sentence)])[0].astype(np.float64)
        logits = np.array([0.0, logits[0]]) if len(logits) == 1 else logits
        powers = np.exp(logits - logits.max())
        return float(powers[self._yes] / powers.sum())


def _yes_of(labels: dict[int, str]) -> int:
    """Which class means support; a model with one score says how much. Raises: ModelRefused where none says so."""
    if len(labels) == 1:
        return 1
    found = [number for number, label in labels.items() if label.lower() in _YES]
    if len(found) != 1:
        raise ModelRefused(
            "The grounding model does not say which of its classes means support; name one of them "
            '"supported" in its config.json.'
        )
    return found[0]
