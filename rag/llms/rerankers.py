"""A reranker from a folder: how well does each text answer a question? Off unless a folder is named.

Any cross-encoder with one score, such as ms-marco-MiniLM-L6-v2.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rag.errors import ModelRefused
from rag.llms.classifiers import PairClassifier


class CrossEncoderReranker:
    """Scores texts against a question. Safe to share between threads.

    Raises: ModelNotFound, ModelRefused.
    """

    def __init__(self, path: Path) -> None:
        self._classifier = PairClassifier(path, "reranker")
        if len(self._classifier.labels) != 1:
            raise ModelRefused("The reranker gives more than one score for a text; a cross-encoder gives one.")

    def scores(self, question: str, texts: Sequence[str]) -> np.ndarray:
        """How well each text answers; higher is better. Shape: (n,) float32. Raises: OutOfMemory."""
        return self._classifier.logits([(question, text) for text in texts])[:, 0]
