"""The one passage of the best hits that stands nearest to a question, to be shown word for word."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from rag.cite import MAX_QUOTE_CHARS, Window, trimmed, windows_of
from rag.claims import Claims, asked_words, claims_of
from rag.types import Embedder, Hit

NOTHING_NEW = 0.5  # what it costs to say no word and no number but the question's: a title answers nothing


def nearest(embedder: Embedder, question: str, hits: Sequence[Hit]) -> Window:
    """One to three sentences of ``hits`` (best first, one at least) that are nearest in words and in meaning.

    Raises: ModelError.
    """
    windows = [window for hit in hits for window in windows_of(hit) if _is_quotable(window.text)]
    windows = windows or [windows_of(hits[0])[0]]
    wanted, claims = asked_words(question), claims_of(question)
    cosines = embedder.embed([window.text for window in windows]) @ embedder.embed_query(question)
    best = max(hit.score for hit in hits)
    scores = [
        float(cosine) + _nearness(window, wanted, claims) + 0.8 * window.hit.score / max(best, 1e-9)
        for cosine, window in zip(cosines, windows, strict=True)
    ]
    return trimmed(windows[int(np.argmax(scores))], wanted)


def _nearness(window: Window, wanted: frozenset[str], claims: Claims) -> float:
    own = {word for piece in window.pieces for word in piece.claims.words}  # not its heading's
    words = (0.4 * len(wanted & own) + 0.3 * len(wanted & window.words)) / max(len(wanted), 1)
    exact = len(claims.codes & window.codes) + len(claims.numbers & window.numbers)
    numbers = {number for piece in window.pieces for number in piece.claims.numbers}
    empty = NOTHING_NEW if own <= wanted and numbers <= claims.numbers else 0.0
    length = len(window.text) / 2000  # of two that say the same, the shorter
    return words + 0.3 * exact - length - empty


def _is_quotable(text: str) -> bool:
    """Whether ``text`` can stand alone: within one paragraph, not too long, no line of a table of contents."""
    paragraphs = re.search(r"[.!?][\"”’)]*\s*\n", text)
    contents = re.search(r"(?:…|\.{3,}|(?: \.){3,})\s*\d+\s*$", text, re.MULTILINE)
    return len(text) <= MAX_QUOTE_CHARS and not paragraphs and not contents
