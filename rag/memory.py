"""Which earlier messages of a conversation a question is about: a long thread stays answerable.

Messages are short and lean on one another, so each is judged alone and with the one before and after it, by words
and by meaning. Who is named in a question, and which month, says more than the words beside them. No index is
kept: a thread is small, and what was deleted from it must not be found. Weights were tuned on three of LoCoMo's
chats and are reported on the others (docs/quality.md).
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from rag.fusion import spread, top
from rag.terms import content_terms, words_of
from rag.types import Embedder, Utterance
from rag.wording import Wording

REMEMBERED = 2000  # vectors of texts, by the text itself; forgotten with `forget`
LONG_CHARS = 200  # a longer message says no more
MONTHS = (
    ("january", "januar"),
    ("february", "februar"),
    ("march", "märz", "maerz"),
    ("april",),
    ("may", "mai"),
    ("june", "juni"),
    ("july", "juli"),
    ("august",),
    ("september",),
    ("october", "oktober"),
    ("november",),
    ("december", "dezember"),
)


@dataclass(frozen=True, slots=True)
class Shares:
    """What each sign counts for; cosines and BM25 are 0 to 1 over the conversation."""

    alone: float = 0.25  # the cosine of the message
    around: float = 0.3  # and of the message with those beside it
    words: float = 0.15  # BM25 of the message
    words_around: float = 0.25
    held: float = 0.1  # share of the question's words, by rarity, in the message and those beside it
    near: float = 0.1  # those that stand near each other there
    author: float = 0.1  # the question names who wrote it, and nobody else
    month: float = 0.2  # the question names the month in which it was written
    length: float = 0.2  # a longer message says more
    asks: float = -0.1  # a question carries no answer
    beside: float = 0.1  # of the score of the message before and after


class Memory:
    """Finds earlier messages. Safe to share between threads."""

    def __init__(self, embedder: Embedder, shares: Shares | None = None) -> None:
        self._embedder = embedder
        self._shares = shares or Shares()
        self._vectors: OrderedDict[str, np.ndarray] = OrderedDict()
        self._lock = threading.Lock()

    def recall(self, utterances: Sequence[Utterance], question: str, limit: int = 10) -> tuple[int, ...]:
        """Positions in ``utterances`` (oldest first) of those that the question is about, the likeliest first.

        Raises: ModelError.
        """
        if not utterances or not words_of(question):
            return ()
        scores = self._scores(utterances, question)
        best = top(scores, limit)
        return tuple(int(place) for place in best[np.argsort(-scores[best], kind="stable")])

    def forget(self) -> None:
        """Drop every remembered vector."""
        with self._lock:
            self._vectors.clear()

    def _scores(self, utterances: Sequence[Utterance], question: str) -> np.ndarray:
        """How likely each message is meant, (n,) float64."""
        shares, follows = self._shares, _follows(utterances)
        texts = [utterance.text for utterance in utterances]
        told = [f"{utterance.author}: {utterance.text}" for utterance in utterances]
        authors = {word for utterance in utterances for word in words_of(utterance.author)}
        terms = {term: 1.0 for term in content_terms(question) if term not in authors}
        alone = Wording(question, terms, texts).match()
        around = Wording(question, terms, _with_neighbours(texts, follows)).match()
        vector = self._embedder.embed_query(question)
        scores = (
            shares.alone * spread(self._embedded(told) @ vector)
            + shares.around * spread(self._embedded(_with_neighbours(told, follows)) @ vector)
            + shares.words * _scaled(alone.counted)
            + shares.words_around * _scaled(around.counted)
            + shares.held * around.held
            + shares.near * around.near
            + shares.author * _is_author(utterances, question)
            + shares.month * _is_month(utterances, question)
            + shares.length * np.array([min(len(text), LONG_CHARS) / LONG_CHARS for text in texts])
            + shares.asks * np.array([float(text.rstrip().endswith("?")) for text in texts])
        )
        return _beside(scores, follows, shares.beside)

    def _embedded(self, texts: Sequence[str]) -> np.ndarray:
        """Shape: (n, d) float32, unit rows. A thread grows by a message at a time: what was embedded is remembered."""
        with self._lock:
            known = {text: self._vectors[text] for text in texts if text in self._vectors}
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            known |= dict(zip(missing, self._embedder.embed(missing), strict=True))
        with self._lock:
            for text in texts:
                self._vectors[text] = known[text]
                self._vectors.move_to_end(text)
            while len(self._vectors) > REMEMBERED:
                self._vectors.popitem(last=False)
        return np.stack([known[text] for text in texts])


def _follows(utterances: Sequence[Utterance]) -> np.ndarray:
    """Whether each message but the first belongs to the same sitting as the one before it: (n - 1,) bool."""
    return np.array([a.sitting == b.sitting for a, b in pairwise(utterances)], dtype=bool)


def _with_neighbours(texts: Sequence[str], follows: np.ndarray) -> list[str]:
    """Each text with the one before and the one after it, where they belong together."""
    joined = []
    for place in range(len(texts)):
        first = place - int(place > 0 and follows[place - 1])
        last = place + int(place < len(texts) - 1 and follows[place])
        joined.append("\n".join(texts[first : last + 1]))
    return joined


def _beside(scores: np.ndarray, follows: np.ndarray, share: float) -> np.ndarray:
    total = scores.copy()
    total[1:] += share * scores[:-1] * follows
    total[:-1] += share * scores[1:] * follows
    return total


def _scaled(counted: np.ndarray) -> np.ndarray:
    return counted / max(float(counted.max()), 1e-9)


def _is_author(utterances: Sequence[Utterance], question: str) -> np.ndarray:
    """1 for the messages of the one author whom the question names; 0 for all, where it names several or none."""
    asked = set(words_of(question))
    names = {utterance.author: set(words_of(utterance.author)[:1]) for utterance in utterances}
    named = {author for author, words in names.items() if words and words <= asked}
    return np.array([float(len(named) == 1 and utterance.author in named) for utterance in utterances])


def _is_month(utterances: Sequence[Utterance], question: str) -> np.ndarray:
    """1 for messages of a month that the question names."""
    asked = set(re.findall(r"[^\W\d_]+", question.casefold()))
    wanted = {number for number, names in enumerate(MONTHS, 1) if asked.intersection(names)}
    if "may" in asked and not re.search(r"\bMay\b", question):  # the verb
        wanted -= {5}
    return np.array([float(utterance.month in wanted) for utterance in utterances])
