"""How likely it is that evidence supports a claim, as a number: for measuring and ranking, never for letting through.

`rag.cite.check` is the gate: it wants proof, and refuses whatever it cannot look up. A long claim in words of its own
has no such proof though it is true; what can be said of it is how much of what could be looked up is there. The weights
were fitted on claims made from the dev articles of XQuAD-en (`rag.evals.made_claims`), and on nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from itertools import pairwise

from rag.claims import BREAK, Claims, claims_of
from rag.exchanges import is_number
from rag.types import Chunk, Hit
from rag.verdicts import Unsupported, share, verdict
from rag.windows import Piece, Window, windows_of

AROUND = 5  # words on either side of a name or a number
THRESHOLD = 0.5  # a claim with this score or more is called supported
_SPEAKS_AGAINST = frozenset(
    "unit bound negation quote lent exchange".split()
)  # reasons that a paraphrase does not give
_JOINS = frozenset("and or but while und oder aber".split()) | {BREAK}


@dataclass(frozen=True, slots=True)
class Features:
    """What is there of a claim, each 0 to 1."""

    words: float  # in all of the evidence
    window: float  # in the best three neighbouring sentences
    weakest: float  # of the claim's clauses: the words of the one that no window holds well
    names: float
    numbers: float  # dates and codes among them
    placed: float  # of the words around names and numbers: those that stand in one sentence with them there
    pairs: float  # neighbouring words that are neighbours in the evidence too
    foreign: float  # 1 where a name or a number is nowhere in the evidence
    contradicted: float  # 1 where the best window holds most words, and something that can be looked up speaks against


WEIGHTS = Features(0.44, 0.27, 0.18, 1.07, 1.11, 1.86, 0.95, -1.21, -2.27)
BIAS = -4.76


def support_score(claim: str, evidence: Sequence[str]) -> float:
    """How likely ``evidence`` supports all of ``claim``, 0 to 1."""
    features = astuple(features_of(claim, evidence))
    total = BIAS + sum(weight * value for weight, value in zip(astuple(WEIGHTS), features, strict=True))
    return 1 / (1 + math.exp(-total))


def features_of(claim: str, evidence: Sequence[str]) -> Features:
    """The parts of `support_score`."""
    claims = claims_of(claim)
    text = "\n".join(evidence)
    hit = Hit(Chunk(0, 0, 0, text), "", "", score=0.0, cosine=0.0)
    windows = windows_of(hit)
    if not windows:
        return Features(0, 0, 0, 0, 0, 0, 0, 1, 0)
    words, tokens, numbers, codes = (
        frozenset[str]().union(*parts)
        for parts in zip(*((w.words, w.sequence, w.numbers, w.codes) for w in windows), strict=True)
    )
    best = max(windows, key=lambda window: (share(claims.words, window.words), -len(window.text)))
    hard = [number in numbers for number in claims.numbers] + [code in codes for code in claims.codes]
    hard += [bool(readings & numbers) for readings in claims.moments]
    names = share(claims.names, tokens)
    return Features(
        share(claims.words, words),
        share(claims.words, best.words),
        min(max(share(clause, window.words) for window in windows) for clause in _clauses(claims)),
        names,
        sum(hard) / len(hard) if hard else 1.0,
        _placed(claims, [window.pieces[0] for window in windows if len(window.pieces) == 1]),
        _pairs(claims, windows),
        float(names < 1 or not all(hard)),
        float(_is_contradicted(claims, best)),
    )


def _clauses(claims: Claims) -> list[frozenset[str]]:
    """The content words of each clause that has two of them; a claim of one clause is that."""
    clauses: list[set[str]] = [set()]
    for token in claims.tokens:
        if token in _JOINS:
            clauses.append(set())
        elif token in claims.words:
            clauses[-1].add(token)
    return [frozenset(clause) for clause in clauses if len(clause) > 1] or [claims.words]


def _placed(claims: Claims, pieces: Sequence[Piece]) -> float:
    """How well the words around each name and number of the claim stand around it in one sentence of the evidence."""
    shares = []
    for at, token in enumerate(claims.tokens):
        if token in claims.names or token in claims.codes or is_number(token):
            around = frozenset(claims.tokens[max(0, at - AROUND) : at + AROUND + 1]) & claims.words - {token}
            holders = [piece for piece in pieces if token in piece.claims.tokens or token in piece.numbers]
            shares.append(max((share(around, piece.words) for piece in holders), default=0.0))
    return sum(shares) / len(shares) if shares else 1.0


def _pairs(claims: Claims, windows: Sequence[Window]) -> float:
    there: set[tuple[str, str]] = set()
    for window in windows:
        if len(window.pieces) == 1:
            there.update(_neighbours(window.pieces[0].claims))
    wanted = _neighbours(claims)
    return len(wanted & there) / len(wanted) if wanted else 1.0


def _neighbours(claims: Claims) -> set[tuple[str, str]]:
    """Content words that follow each other, whatever little stands between."""
    content = [token for token in claims.tokens if token in claims.words or token[0].isdigit()]
    return set(pairwise(content))


def _is_contradicted(claims: Claims, best: Window) -> bool:
    judged = verdict(claims, (best,))
    return isinstance(judged, Unsupported) and judged.reason in _SPEAKS_AGAINST
