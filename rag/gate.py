"""Whether the files say anything about a question, decided before the model is asked: answer, ask back, or refuse.

A small model refuses noise in 2.5% of cases, so refusing is not its work. Knows a finished search and the
embedder that made it; never sees the files. How the numbers were found, and how often they err: docs/log.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from rag.calibration import Calibration
from rag.calibrations import MINILM, shipped_for
from rag.choices import choices_of, is_vague
from rag.fusion import decayed
from rag.retrieve import MAX_TURNS, Retrieval
from rag.sentences import split_sentences
from rag.terms import VECTOR_DECAY, clean, content_terms
from rag.types import Embedder, Hit

READ_HITS = 3  # whose sentences are compared with the question
READ_SENTENCES = 24  # of them together, so that the answer does not wait for it
MIN_SENTENCE_CHARS = 4  # a number of a list is none


class Verdict(StrEnum):
    """What is to be done with a question."""

    ANSWER = "answer"
    UNSURE = "unsure"  # worth a second look: the question rewritten, or the model asked whether it is answered
    ASK = "ask"  # it can mean several things: ask back which
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict, how likely the files answer (0 to 1), and what to choose from where it is asked back."""

    verdict: Verdict
    probability: float
    choices: tuple[str, ...] = ()
    is_near: bool = False  # of a refusal: what was found may still be of use


@dataclass(frozen=True, slots=True)
class Gate:
    """Decides by a calibration. Without an embedder a passage as a whole stands for its sentences."""

    embedder: Embedder | None = None
    calibration: Calibration = MINILM

    @classmethod
    def of(cls, embedder: Embedder, own: Calibration | None = None) -> Gate:
        """The gate for an embedder; ``own``: a team's own calibration, if it has one."""
        return cls(embedder, own or shipped_for(embedder.name))

    def decide(self, found: Retrieval, question: str, history: Sequence[str] = ()) -> Decision:
        """``found``: of a search for ``question`` with ``history``, the earlier questions, oldest first.

        Raises: ModelError.
        """
        if not found.hits:
            return Decision(Verdict.REFUSE, 0.0)
        limits = self.calibration
        probability = limits.probability(self.signals(found, question, history))
        choices = () if found.named else choices_of(found.hits, question, history)
        if choices and (probability >= limits.refuse_below or is_vague(question)):
            return Decision(Verdict.ASK, probability, choices)
        if probability < limits.refuse_below:
            return Decision(Verdict.REFUSE, probability, is_near=probability >= limits.refuse_below / 2)
        return Decision(Verdict.ANSWER if probability >= limits.answer_from else Verdict.UNSURE, probability)

    def signals(self, found: Retrieval, question: str, history: Sequence[str] = ()) -> np.ndarray:
        """What is known of a question before it is answered: (len(SIGNALS),) float64, in the order of `SIGNALS`.

        top: the best cosine of all passages; first: that of the best hit; sentence: that of the nearest sentence in
        the first hits; coverage: the share of the question's words, by rarity, in the best hit; absent: the share of
        its words that stand nowhere; brevity: 1 over the number of its words; margin: how far the best passage
        stands out from the twentieth.
        """
        terms = max(len(dict.fromkeys(content_terms(clean(question)))), 1)
        first = found.hits[0].cosine if found.hits else 0.0
        sentence = self._nearest_sentence(found.hits, question, history)
        return np.array(
            [found.top_cosine, first, sentence, found.coverage, len(found.absent) / terms, 1 / terms, found.margin]
        )

    def _nearest_sentence(self, hits: Sequence[Hit], question: str, history: Sequence[str]) -> float:
        """The cosine of the sentence that is nearest to the question, alone or with the earlier ones.

        A passage that answers two words in passing is far from them as a whole; its sentence is not.
        """
        sentences = [one for hit in hits[:READ_HITS] for one in split_sentences(hit.chunk.text)]
        sentences = [one for one in sentences if len(one) >= MIN_SENTENCE_CHARS][:READ_SENTENCES]
        if self.embedder is None or not sentences:
            return hits[0].cosine if hits else 0.0
        turns = [turn for turn in map(clean, (*history[-MAX_TURNS:], question)) if turn.strip()] or [question]
        vectors = np.stack([self.embedder.embed_query(turn) for turn in turns])
        asked = np.stack([vectors[-1], decayed(vectors, VECTOR_DECAY)])
        return float((self.embedder.embed(sentences) @ asked.T).max())
