"""Texts to search in, made from a seed: a made-up language whose words are as frequent as those of a real one.

A few words stand everywhere and most nearly nowhere (Zipf's law with Mandelbrot's shift), documents have subjects,
and the most frequent words are English function words, which a search leaves out of a question as it would in life.
Never from an evaluation set. Knows no store and no model.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

CHUNKS_PER_DOCUMENT = 60
WORDS_PER_CHUNK = 105
SENTENCE = 14  # words
VOCABULARY = 150_000
SUBJECT_WORDS, SUBJECT_SHARE = 30, 0.15  # of a document, and of its text
_SHIFT = 2.7

_FUNCTION_WORDS = """the of and to a in is that for it as was with be by on not are this from or an at which have has
but were been their its they will would can if when we our you your so no more all other about than into only may
such these some should must there each any do does did after before under over between""".split()
_SYLLABLES = [first + second for first in "b d f g k l m n p r s t v z br st tr pl".split() for second in "aeiou"]
_FRAMES = ("What is the {}?", "How does the {} work?", "When was the {} and who did it?", "Which {} are there?")


@dataclass(frozen=True, slots=True)
class Made:
    """A document: its name, its heading, and the texts of its chunks; ``questions`` can be asked about it."""

    name: str
    heading: str
    texts: tuple[str, ...]
    questions: tuple[str, ...]


class Corpus:
    """Documents without end; the same seed gives the same ones."""

    def __init__(self, seed: int = 7) -> None:
        self._draw = np.random.default_rng(seed)
        self._words = np.array(_words(VOCABULARY), dtype=object)
        weights = 1 / (np.arange(VOCABULARY) + _SHIFT)
        self._cumulated = np.cumsum(weights / weights.sum())

    def documents(self, chunks: int) -> Iterator[Made]:
        """Documents of `CHUNKS_PER_DOCUMENT` chunks each, ``chunks`` in all."""
        for start in range(0, chunks, CHUNKS_PER_DOCUMENT):
            yield self.document(min(CHUNKS_PER_DOCUMENT, chunks - start))

    def document(self, chunks: int) -> Made:
        """One document of so many chunks."""
        subject = self._places(SUBJECT_WORDS * 4)
        subject = subject[subject >= len(_FUNCTION_WORDS)][:SUBJECT_WORDS]
        places = self._places(chunks * WORDS_PER_CHUNK)
        is_subject = self._draw.random(len(places)) < SUBJECT_SHARE
        places[is_subject] = self._draw.choice(subject, is_subject.sum())
        rows = places.reshape(chunks, WORDS_PER_CHUNK)
        name = f"{'-'.join(self._words[subject[:2]])}-{self._draw.integers(1000)}.pdf"
        texts = tuple(self._text(row) for row in rows)
        return Made(name, " ".join(self._words[subject[2:4]]), texts, tuple(self._questions(rows)))

    def _places(self, count: int) -> np.ndarray:
        found = np.searchsorted(self._cumulated, self._draw.random(count))
        return np.minimum(found, VOCABULARY - 1)

    def _text(self, row: np.ndarray) -> str:
        words = self._words[row].tolist()
        sentences = (words[start : start + SENTENCE] for start in range(0, len(words), SENTENCE))
        return " ".join(f"{' '.join(sentence).capitalize()}." for sentence in sentences)

    def _questions(self, rows: np.ndarray) -> Iterator[str]:
        """Three to six telling words of one place each."""
        for row in rows[:: max(1, len(rows) // 4)][:4]:
            told = np.unique(row[row >= len(_FUNCTION_WORDS)])
            words = self._draw.permutation(told)[: self._draw.integers(3, 7)]
            yield str(self._draw.choice(_FRAMES)).format(" of the ".join(self._words[words]))


def _words(count: int) -> list[str]:
    """The most frequent first: function words, then ever longer made-up ones."""
    made = ("".join(parts) for length in (2, 3) for parts in itertools.product(_SYLLABLES, repeat=length))
    return [*_FUNCTION_WORDS, *itertools.islice(made, count - len(_FUNCTION_WORDS))]
