"""The one passage of the best hits that stands nearest to a question, to be shown word for word."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from rag.cite import MAX_QUOTE_CHARS, Window, trimmed, windows_of
from rag.claims import Claims, asked_words, claims_of
from rag.expected import Kind, holds, kind_of
from rag.types import Embedder, Hit
from rag.wording import idf

AS_EXPECTED = 0.2  # what a date is worth where a date is asked for; chosen on XQuAD-en, articles of the half "dev"
NOTHING_NEW = 0.5  # what it costs to say no word and no number but the question's: a title answers nothing


def nearest(embedder: Embedder, question: str, hits: Sequence[Hit]) -> Window:
    """One to three sentences of ``hits`` (best first, one at least) that are nearest in words and in meaning.

    Raises: ModelError.
    """
    windows = [window for hit in hits for window in windows_of(hit) if _is_quotable(window.text)]
    windows = windows or [windows_of(hits[0])[0]]
    wanted, claims, kind = _rarity(asked_words(question), windows), claims_of(question), kind_of(question)
    cosines = embedder.embed([window.text for window in windows]) @ embedder.embed_query(question)
    best = max(hit.score for hit in hits)
    scores = [
        float(cosine) + _nearness(window, wanted, claims, kind) + 0.8 * window.hit.score / max(best, 1e-9)
        for cosine, window in zip(cosines, windows, strict=True)
    ]
    return trimmed(windows[int(np.argmax(scores))], frozenset(wanted))


def _rarity(wanted: frozenset[str], windows: Sequence[Window]) -> dict[str, float]:
    """How much each word of the question tells one sentence from another: little, where it names what all speak of."""
    sentences = [_own_words(window) & wanted for window in windows if len(window.pieces) == 1]
    holding = Counter(word for words in sentences for word in words)
    return {word: idf(holding[word], len(sentences)) for word in wanted}


def _nearness(window: Window, wanted: Mapping[str, float], claims: Claims, kind: Kind) -> float:
    own = _own_words(window)  # not its heading's
    words = (0.4 * _weight(own, wanted) + 0.3 * _weight(window.words, wanted)) / max(sum(wanted.values()), 1e-9)
    exact = len(claims.codes & window.codes) + len(claims.numbers & window.numbers)
    says_more = not own.issubset(wanted) or any(_tells(piece.claims, claims) for piece in window.pieces)
    empty = 0.0 if says_more else NOTHING_NEW
    length = len(window.text) / 2000  # of two that say the same, the shorter
    return words + 0.3 * exact + AS_EXPECTED * holds(window, kind, claims) - length - empty


def _tells(claims: Claims, asked: Claims) -> bool:
    """Whether there is a number or a date that the question does not hold."""
    return bool(claims.numbers - asked.numbers or claims.moments - asked.moments)


def _own_words(window: Window) -> frozenset[str]:
    return frozenset(word for piece in window.pieces for word in piece.claims.words)


def _weight(words: frozenset[str], wanted: Mapping[str, float]) -> float:
    return sum(weight for word, weight in wanted.items() if word in words)


def _is_quotable(text: str) -> bool:
    """Whether ``text`` can stand alone: within one paragraph, not too long, no line of a table of contents."""
    paragraphs = re.search(r"[.!?][\"”’)]*\s*\n", text)
    contents = re.search(r"(?:…|\.{3,}|(?: \.){3,})\s*\d+\s*$", text, re.MULTILINE)
    return len(text) <= MAX_QUOTE_CHARS and not paragraphs and not contents
