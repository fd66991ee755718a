"""What a question can mean: files that answer it equally well, where it does not say which it is about.

A wrong question back is worse than an answer that names its file, so there are three cases and no more; measured in
docs/log.md. Rules over the hits of one search; knows no model and reads no file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.terms import content_terms, words_of
from rag.types import Hit

MOST = 4  # files to choose from
BARE_TERMS = 2  # of a question that names a thing and nothing about it
STEM = 5  # letters by which a word is taken to be another form of one that was said

# How far a file's best hit may stay behind the best of all: in cosine, and as a share of the score.
ALIKE = (0.05, 0.9)
NEARBY = (0.1, 0.75)

_POINTED = re.compile(r"\b(?:this|these|dies(?:e[mnrs]?)?)\s+(\w+)(?:\s+(\w+))?", re.IGNORECASE)
_JOINING = frozenset(
    """is are was were be been a an the of in on at to do does did has have had can could will would should may might
    for from by with about and or but not as than then so too also he she it they we you i mean happen
    ist sind war waren hat haben kann wird werden der die das den dem des ein eine in im an am zu und oder
    nicht""".split()
)
_BEING = frozenset("is was are were ist war sind waren".split())
_VAGUE = frozenset(
    """one ones first second third fourth last next other others another former latter same more else thing things
    erste ersten erster zweite zweiten zweiter dritte dritten letzte letzten nächste nächsten andere anderen anderer
    weitere sache ding tell show give go zeig""".split()
)


def choices_of(hits: Sequence[Hit], question: str, history: Sequence[str] = ()) -> tuple[str, ...]:
    """Names of two to four files that the question can be about, best first; () where it is clear enough.

    ``hits``: best first; ``history``: what was said before, oldest first.
    """
    if points_nowhere(question, history):
        return _rivals(hits, *NEARBY)
    if not history and is_vague(question):
        return _rivals(hits, cosine=1.0, score=0.0)
    terms = content_terms(question)
    if not history and len(terms) <= BARE_TERMS:
        return _rivals([hit for hit in hits if _holds(hit, terms)], *ALIKE) if hits and _holds(hits[0], terms) else ()
    return ()


def points_nowhere(question: str, history: Sequence[str]) -> bool:
    """Whether it speaks of "this city" though no city was mentioned, here or before."""
    known = {word for turn in history for word in words_of(turn)}
    for pointed in _POINTED.finditer(question):
        words = [word for found in pointed.groups() if found for word in words_of(found)]
        before = words_of(question[: pointed.start()])
        if (
            not words or words[0] in _JOINING or (before and before[-1] in _BEING)
        ):  # "what this is", "is this new": nothing is named
            continue
        said = known.union(before)
        if not any(_is_said(word, said) for word in words if word not in _JOINING):
            return True
    return False


def is_vague(question: str) -> bool:
    """Whether there is nothing in it but "and the second one?"."""
    words = words_of(question)
    return bool(words) and any(word in _VAGUE for word in words) and all(_says_nothing(word) for word in words)


def _says_nothing(word: str) -> bool:
    return word in _VAGUE or word in _JOINING or bool(set(content_terms(f"{word} x")) == {"x"})


def _is_said(word: str, said: set[str]) -> bool:
    return any(_stem(word) == _stem(other) for other in said)


def _stem(word: str) -> str:
    return re.sub("ies$", "y", word).rstrip("s")[:STEM]


def _holds(hit: Hit, terms: Sequence[str]) -> bool:
    """Whether every term stands in the hit, in this form or with another ending."""
    said = set(words_of(hit.chunk.text))
    return all(any(_is_said(word, said) for word in words_of(term)) for term in terms)


def _rivals(hits: Sequence[Hit], cosine: float, score: float) -> tuple[str, ...]:
    """The files whose best hit comes near the best of all; () unless there are two."""
    best: dict[str, Hit] = {}
    for hit in hits:
        best.setdefault(hit.file_name, hit)
    near = [
        name
        for name, hit in best.items()
        if hit.cosine >= hits[0].cosine - cosine and hit.score >= score * hits[0].score
    ]
    return tuple(near[:MOST]) if len(near) > 1 else ()
