"""How a question's words stand in a text: stemmed, near one another, one behind the other.

A second look at the best of what was found. The full-text index counts words, each for itself and with English
endings only; here "Kündigungsfristen" and "Kündigungsfrist" are one word, and a text in which the words of the
question stand side by side comes before one in which they are strewn. Knows no store and no model.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from rag.claims import stem
from rag.terms import content_terms, words_of

K1, B = 0.9, 0.4  # of BM25; Source: the usual values for short passages (Anserini), as good here as any on XQuAD
HEAD = 3  # letters that every stem of a longer word has at least
REACH = 8  # words apart, at most, that still count as near

_Pair = tuple[str, str, float]


@dataclass(frozen=True, slots=True)
class Match:
    """What each of n texts has of the question's words: arrays, (n,) float64."""

    counted: np.ndarray  # BM25 of the stems, from 0
    held: np.ndarray  # 0 to 1: the share of the words, by rarity, that stand in the text
    near: np.ndarray  # 0 to 1: the share of neighbouring words that stand near each other
    phrases: np.ndarray  # 0 to 1: the share of neighbouring words that follow each other


class Wording:
    """A question's words, and the texts in which they are looked for.

    ``terms``: the telling words of the conversation with their weights, those of ``question`` among them. What each
    says of a text depends on how few of the ``texts`` hold it: what all of the best hold tells none from another.
    """

    def __init__(self, question: str, terms: Mapping[str, float], texts: Iterable[str]) -> None:
        words = [words_of(text) for text in texts]
        heads = {stem(word)[:HEAD] for word in (*terms, *words_of(question))}
        self._places = [places_of(row, heads) for row in words]
        self._lengths = [len(row) for row in words]
        self._mean_length = max(sum(self._lengths) / max(len(self._lengths), 1), 1.0)
        self._weights = self._weighed(terms)
        self._neighbours = self._pairs(list(dict.fromkeys(stem(term) for term in content_terms(question))))
        self._phrases = self._pairs([stem(word) for word in words_of(question)])

    def match(self) -> Match:
        """What each of the texts has of the question's words."""
        rows = [self._row(places, length) for places, length in zip(self._places, self._lengths, strict=True)]
        return Match(*np.array(rows, dtype=np.float64).reshape(-1, 4).T)

    def _weighed(self, terms: Mapping[str, float]) -> dict[str, float]:
        holding = Counter(word for places in self._places for word in places)
        weights: dict[str, float] = {}
        for term, weight in terms.items():
            weights.setdefault(stem(term), weight * idf(holding[stem(term)], len(self._places)))
        return weights

    def _row(self, places: Mapping[str, Sequence[int]], length: int) -> tuple[float, float, float, float]:
        norm = K1 * (1 - B + B * length / self._mean_length)
        counts = [(weight, len(places[term])) for term, weight in self._weights.items() if term in places]
        counted = sum(weight * count * (K1 + 1) / (count + norm) for weight, count in counts)
        held = sum(weight for weight, _ in counts) / max(sum(self._weights.values()), 1e-9)
        near = _share(self._neighbours, lambda a, b: nearness(places.get(a, ()), places.get(b, ())))
        phrases = _share(self._phrases, lambda a, b: follows(places.get(a, ()), places.get(b, ())))
        return counted, held, near, phrases

    def _pairs(self, words: Sequence[str]) -> list[_Pair]:
        weigh = self._weights.get
        pairs = [(a, b, weigh(a, 0.0) + weigh(b, 0.0)) for a, b in pairwise(words) if a != b]
        return [pair for pair in pairs if pair[2] > 0]


def _share(pairs: Sequence[_Pair], how: Callable[[str, str], float]) -> float:
    total = sum(weight for _, _, weight in pairs)
    return sum(weight * how(a, b) for a, b, weight in pairs) / total if total else 0.0


def places_of(words: Sequence[str], heads: Collection[str]) -> dict[str, list[int]]:
    """Where each stem stands, counted in words from 0: of the words that begin like one of ``heads``.

    A stem is the beginning of its word, so no other word can have one of theirs.
    """
    places: dict[str, list[int]] = {}
    for place, word in enumerate(words):
        if word[:HEAD] in heads:
            places.setdefault(stem(word), []).append(place)
    return places


def nearness(here: Sequence[int], there: Sequence[int]) -> float:
    """1 for words side by side, less with their distance, 0 beyond `REACH`."""
    distance, i, j = REACH + 1, 0, 0
    while i < len(here) and j < len(there):  # both ascend, so that a text of one word a thousand times costs no more
        distance = min(distance, abs(here[i] - there[j]))
        i, j = (i + 1, j) if here[i] < there[j] else (i, j + 1)
    return 1 / math.sqrt(max(distance, 1)) if distance <= REACH else 0.0


def follows(here: Sequence[int], there: Sequence[int]) -> float:
    """1 where one word stands directly behind the other somewhere."""
    return float(not {place + 1 for place in here}.isdisjoint(there))


def idf(holding: float, texts: int) -> float:
    """The weight of a word that so many of the texts hold; above 0. Source: Lucene's BM25."""
    return math.log(1 + (texts - holding + 0.5) / (holding + 0.5))
