"""What a sentence's claims and a few windows of the sources have to say to each other: proved, doubtful, or not.

Each reason against a sentence is one question with a name. All but one are hard: they are about what can be looked up.
How many of its other words stand there is soft, and where only that is short the sentence is doubtful.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rag.claims import MODALS, Claims, content_words
from rag.exchanges import exchanges
from rag.lending import lends
from rag.numbers import numbers_of, plain_numbers
from rag.windows import Piece, Window, fields_of, is_table_row

MIN_RECALL = 0.65  # share of a sentence's words that its windows must hold
MIN_ANCHORED = 0.5  # and its anchor alone
FEW_WORDS = 4  # with fewer, one word of its own makes another sentence
MIN_DOUBTED = 0.45  # with fewer words than that there is nothing to ask about
_JOINS = frozenset("and or und oder".split())
_ONLY = frozenset("only sole exclusiv alway nur ausschliesslich lediglich imm".split())
_TO_A_LIMIT = frozenset("to from until till up min max at least most bi ab von unter uber maximal".split())


@dataclass(frozen=True, slots=True)
class Supported:
    """The sentence stands; ``windows`` prove it, best first."""

    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class Doubtful:
    """Nothing that can be looked up speaks against the sentence, but too many of its words are its own."""

    windows: tuple[Window, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Unsupported:
    """The sentence must not appear. ``reason`` is for the log and the tests."""

    reason: str  # "nothing claimed" | "number" | "mixture" | "code" | "name" | "quote" | "link" | "words" | ...


def verdict(claims: Claims, windows: Sequence[Window]) -> Supported | Doubtful | Unsupported:
    """Whether ``windows`` together say what ``claims`` claim."""
    failed = _failures(claims, windows)
    first = next(failed, None)
    if first is None:
        return Supported(tuple(windows))
    is_near = len(claims.words) >= FEW_WORDS and share(claims.words, _words(windows)) >= MIN_DOUBTED
    if first == "words" and is_near and next(failed, None) is None:
        return Doubtful(tuple(windows), first)
    return Unsupported(first)


def _failures(claims: Claims, windows: Sequence[Window]) -> Iterator[str]:
    """The names of the reasons against, in their order; each is looked into only when it is asked for."""
    words, sequence = _words(windows), frozenset[str]().union(*(window.sequence for window in windows))
    numbers = frozenset[str]().union(*(window.numbers for window in windows))
    codes = frozenset[str]().union(*(window.codes for window in windows))
    pieces = [piece for window in windows for piece in window.pieces]
    anchor = max(pieces, key=lambda piece: nearness(claims, piece))
    reasons: tuple[tuple[str, Callable[[], bool]], ...] = (
        ("number", lambda: not claims.numbers <= numbers),
        ("date", lambda: not all(readings & numbers for readings in claims.moments)),
        ("unit", lambda: _changes_units(claims, pieces)),
        ("bound", lambda: _turns_bounds(claims, pieces)),
        ("code", lambda: not claims.codes <= codes),
        ("name", lambda: not claims.names <= sequence),
        ("mixture", lambda: _mixes(claims, pieces, anchor)),
        ("quote", lambda: not _quotes(claims, windows)),
        ("link", lambda: not _links(claims, pieces)),
        ("words", lambda: share(claims.words, words) < MIN_RECALL or share(claims.words, anchor.words) < MIN_ANCHORED),
        ("negation", lambda: claims.negated != anchor.claims.negated or any(denies(piece, claims) for piece in pieces)),
        ("swap", lambda: _swaps(claims, anchor.claims)),
        ("addition", lambda: _adds(claims, sequence)),
        ("lent", lambda: _lends(claims, windows, anchor)),
        ("exchange", lambda: not any(map(_is_row, windows)) and exchanges(claims, [piece.claims for piece in pieces])),
    )
    return (reason for reason, is_wrong in reasons if is_wrong())


def recall(claims: Claims, window: Window) -> float:
    """How much of ``claims`` a window holds, numbers counted on top; for ranking."""
    hard = len(claims.numbers & window.numbers) + len(claims.codes & window.codes)
    return share(claims.words, window.words) + 0.5 * (hard + sum(bool(m & window.numbers) for m in claims.moments))


def nearness(claims: Claims, piece: Piece) -> float:
    """How near one sentence of the source comes; the nearest is the anchor."""
    hard = len(claims.numbers & piece.numbers) + len(claims.names & piece.claims.names)
    return share(claims.words, piece.words) + 0.2 * (hard + sum(bool(m & piece.numbers) for m in claims.moments))


def share(wanted: frozenset[str], there: frozenset[str]) -> float:
    """The part of ``wanted`` that is there, 0 to 1; 1 where nothing is wanted."""
    return len(wanted & there) / len(wanted) if wanted else 1.0


def denies(piece: Piece, claims: Claims) -> bool:
    """Whether a source sentence says "not" before a word that ``claims`` hold without one."""
    return bool((piece.claims.denied - claims.denied) & frozenset(claims.tokens))


def _words(windows: Sequence[Window]) -> frozenset[str]:
    return frozenset[str]().union(*(window.words for window in windows))


def _mixes(claims: Claims, pieces: Sequence[Piece], anchor: Piece) -> bool:
    """Whether several sentences together could lend a number or a name to the wrong subject.

    "A lasts 36 months. B lasts 60 months." must not prove "A lasts 60 months": more than one source
    sentence proves a number only where no other number stands in them, and a name that the anchor
    does not hold only where it holds no other name.
    """
    hard = _hard(claims)
    others = frozenset[str]().union(*(_hard(piece.claims) for piece in pieces)) - hard
    missing = claims.names - anchor.words - frozenset(anchor.claims.tokens)
    stray = anchor.claims.names - claims.names - claims.words
    return bool(len(pieces) > 1 and hard and others) or bool(missing and stray)


def _hard(claims: Claims) -> frozenset[str]:
    return claims.numbers | claims.codes | {min(readings) for readings in claims.moments}


def _changes_units(claims: Claims, pieces: Sequence[Piece]) -> bool:
    """Whether a number stands in the source with other units only: "90 days" must not prove "90 weeks"."""
    there = {measure for piece in pieces for measure in piece.claims.measures}
    known = {number for number, _ in there}
    return any(number in known and (number, unit) not in there for number, unit in claims.measures)


def _turns_bounds(claims: Claims, pieces: Sequence[Piece]) -> bool:
    """Whether "at least" became "at most", came from nowhere, or one end of "10 to 12" stands for both."""
    there = {bound for piece in pieces for bound in piece.claims.bounds}
    if not claims.bounds <= there:
        return True
    ranges = {pair for piece in pieces for pair in piece.claims.ranges}
    halves = [pair for pair in ranges if len(claims.numbers & set(pair)) == 1]
    return bool(halves) and not (claims.bounds or _TO_A_LIMIT & set(claims.tokens))


def _quotes(claims: Claims, windows: Sequence[Window]) -> bool:
    """Whether each quotation stands in the windows word for word; "…" may leave something out."""
    joined = " \n ".join(window.squashed for window in windows)
    return all(_stands(quote, joined) for quote in claims.quotes)


def _stands(quote: str, text: str) -> bool:
    at = 0
    for part in filter(None, re.split(r"\s*(?:\[\.{3}\]|\(\.{3}\)|\.{3})\s*", quote)):
        found = re.compile(rf"(?<!\w){re.escape(part)}(?!\w)").search(text, at)
        if found is None:
            return False
        at = found.end()
    return True


def _links(claims: Claims, pieces: Sequence[Piece]) -> bool:
    there = {link.lower() for piece in pieces for link in piece.claims.links}
    there |= {re.sub(r"^https?://(?:www\.)?|^www\.", "", link) for link in there}
    return {link.lower() for link in claims.links} <= there


def _swaps(claims: Claims, source: Claims) -> bool:
    """Whether a word that the source does not hold stands between two words where the source has another.

    "The deposit is due on Friday" must not prove "The rent is due on Friday", nor "may" prove "must".
    """
    new = (claims.words | MODALS) - frozenset(source.tokens)
    old = (source.words | MODALS) - frozenset(claims.tokens)
    between = {(a, c): b for a, b, c in _triples(source.sequence)}
    return any(b in new and between.get((a, c)) in old for a, b, c in _triples(claims.sequence))


def _adds(claims: Claims, known: frozenset[str]) -> bool:
    """Whether "and", "or" or "only" adds what no window holds: "parts" must not prove "parts and labour"."""
    joined = (word for a, b, c in _triples(claims.sequence) if b in _JOINS for word in (a, c))
    if _ONLY & set(claims.tokens) and not _ONLY & known:
        return True
    return any(word in claims.words and word not in known for word in joined)


def _lends(claims: Claims, windows: Sequence[Window], anchor: Piece) -> bool:
    """Whether a number belongs to something else there: in a text by the words around it, in a row by its column."""
    rows = [fields_of(window.text) for window in windows if _is_row(window)]
    return any(_lends_column(claims, row) for row in rows) if rows else lends(claims, anchor.claims)


def _is_row(window: Window) -> bool:
    return is_table_row(window.hit)


def _lends_column(claims: Claims, row: dict[str, str]) -> bool:
    """Whether a number stands in a column that is not named, while another with a number is: the stock is no price."""
    columns = {name: numbers_of(plain_numbers(value)) for name, value in row.items()}
    named = {name for name, there in columns.items() if there and content_words(name) & claims.words}
    holders = ({name for name, there in columns.items() if number in there} for number in claims.numbers)
    return any(named and own and not own & named for own in holders)


def _triples(sequence: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    framed = ("", *sequence, "")
    return zip(framed, framed[1:], framed[2:], strict=False)
