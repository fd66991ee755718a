"""The words of a question that are worth searching for, and the full-text queries made of them.

Whatever a person types, the query is a list of quoted words: nothing in it can be an operator.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

MAX_TERMS = 48  # of a question of any length: each costs one look into the index
DECAY = 0.5  # the words of an earlier question weigh half of those of the one after it
VECTOR_DECAY = 0.65  # and its vector so much; both tuned on the development half of mtRAG-UN

_STOP_WORDS = frozenset(
    """a about above after again all also am an and any are as at be because been before being below between both
    but by can could did do does doing down during each few for from further had has have having he her here hers
    him his how i if in into is it its itself just me more most my no nor not now of off on once only or other our
    out over own please s same she should so some such t tell than that the their them then there these they this
    those through to too under until up us very was we were what when where which while who whom whose why will
    with would you your
    aber als am an auch auf aus bei bin bis da das dass dem den der des die dies diese dieser dieses doch du durch
    ein eine einem einen einer eines er es für hat hatte haben ich ihr im in ist ja kann man mit nach nicht noch nun
    nur oder ohne sein seine sich sie sind so über um und uns unter vom von vor war waren was welche welcher welches
    wenn wer werden wie wird wir wo wurde wurden zu zum zur""".split()
)
_EXACT = re.compile(r"""\d|["“”„«»][^"“”„«»]{2,}["“”„«»]|\b\w+[_/.@-]\w+|\b[A-Z]{2,}\b""")


_ENDING = re.compile(r"\.(?:pdf|docx|pptx|xlsx|csv|md|html?|txt)\b", re.IGNORECASE)  # of a file's name: all have one


def clean(text: str) -> str:
    """``text`` without what no encoder takes: lone surrogates and control characters."""
    return "".join(c if unicodedata.category(c) not in ("Cs", "Cc") else " " for c in text)


class _Unmarked(dict[int, str]):
    """For `str.translate`: a character's letters and digits, without accents, and spaces for whatever is neither."""

    def __missing__(self, code: int) -> str:
        plain = (c for c in unicodedata.normalize("NFKD", chr(code)) if not unicodedata.combining(c))
        self[code] = "".join(c if c.isalnum() else " " for c in plain)
        return self[code]


_UNMARKED = _Unmarked()
_SPACED = {code: " " for code in range(128) if not chr(code).isalnum()}
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> list[str]:
    """Every word, folded: case and accents gone, in order."""
    folded = text.casefold()
    if not folded.isascii():
        folded = _NOT_ASCII.sub(lambda found: found.group().translate(_UNMARKED), folded)
    if folded.isascii():  # as nearly all text is by now: four times as quick
        return folded.translate(_SPACED).split()
    return _WORD.findall(folded)


def content_terms(text: str) -> list[str]:
    """The different words of ``text`` that carry meaning, or all of them where none does."""
    words = list(dict.fromkeys(re.findall(r"[^\W_]+", _ENDING.sub("", text).casefold())))
    return [word for word in words if word not in _STOP_WORDS][:MAX_TERMS] or words[:MAX_TERMS]


def weighted_terms(turns: Sequence[str]) -> dict[str, float]:
    """The terms of a conversation's questions, oldest first in ``turns``; the last one's weigh 1."""
    weights: dict[str, float] = {}
    for age, turn in enumerate(reversed(turns)):
        for term in content_terms(turn) if age == 0 or turn.strip() else []:
            weights.setdefault(term, DECAY**age)
    return dict(list(weights.items())[:MAX_TERMS])


def match_any(terms: Iterable[str]) -> str:
    """A full-text query for chunks that hold one of ``terms`` at least; "" where there are none."""
    return " OR ".join(f'"{term}"' for term in terms)


def asks_for_exact(question: str) -> bool:
    """Whether there are digits, identifiers, capitals or quotes in it, which vectors know little about."""
    return bool(_EXACT.search(question))
