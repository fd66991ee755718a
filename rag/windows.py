"""The places in a chunk that may prove something: one to three neighbouring sentences, or one row of a table.

Knows how a chunk falls into sentences and rows and what each of them claims; what it proves is `rag.cite`'s concern.
What was read of a chunk is kept as long as somebody holds its hit, that is for one answer, and no longer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from rag.claims import ORDINALS, Claims, claims_of, numbers_in, squash
from rag.sentences import spans
from rag.types import Hit


@dataclass(frozen=True, slots=True)
class Piece:
    """One sentence of a chunk; ``words`` also hold those of the heading above it."""

    claims: Claims
    words: frozenset[str]
    numbers: frozenset[str]  # also those within codes, ordinals and dates: 3 of "3rd"; and the dates themselves
    squashed: str


@dataclass(frozen=True, slots=True)
class Window:
    """A place in a chunk that may prove something; what it holds includes what its heading holds."""

    hit: Hit
    text: str
    pieces: tuple[Piece, ...]
    squashed: str
    words: frozenset[str]
    sequence: frozenset[str]  # every word, also those that mean little
    numbers: frozenset[str]
    codes: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Read:
    """A chunk's sentences or rows. Holds no hit: the hit's end is this one's too."""

    heading: Piece
    places: tuple[tuple[int, int], ...]
    pieces: tuple[Piece, ...]


_read: WeakKeyDictionary[Hit, _Read] = WeakKeyDictionary()


def windows_of(hit: Hit) -> tuple[Window, ...]:
    """Every run of one to three sentences of the hit's chunk, and every row of a table alone."""
    read = _read.get(hit) or _reading(hit)
    _read[hit] = read
    text, places = hit.chunk.text, read.places
    longest = 1 if is_table_row(hit) else 3  # a row says nothing about its neighbour
    runs = [(i, j) for length in range(1, longest + 1) for i in range(len(places)) if (j := i + length) <= len(places)]
    return tuple(_window(hit, text[places[i][0] : places[j - 1][1]], read.pieces[i:j], read.heading) for i, j in runs)


def is_table_row(hit: Hit) -> bool:
    """Whether each line of the hit's chunk is a row of a table."""
    return hit.chunk.location.row is not None or bool(hit.chunk.location.rows)


def fields_of(row: str) -> dict[str, str]:
    """The named cells of a row such as ``Article: Pump | Price: 1,900``, by their squashed names."""
    named = (cell.partition(": ") for cell in row.split(" | "))
    return {squash(name): value for name, colon, value in named if colon}


def window_at(hit: Hit, text: str) -> Window:
    """The window that holds ``text``, which stands verbatim in the hit's chunk."""
    heading = _heading(hit)
    return _window(hit, text, [_piece(text[a:b], heading.words) for a, b in spans(text)], heading)


def _reading(hit: Hit) -> _Read:
    text = hit.chunk.text
    headings = {squash(heading) for heading in hit.chunk.location.heading_path}
    units = [match.span() for match in re.finditer(r"\S[^\n]*", text)] if is_table_row(hit) else list(spans(text))
    places = [(a, b) for a, b in units if squash(text[a:b]) not in headings] or units
    heading = _heading(hit)
    return _Read(heading, tuple(places), tuple(_piece(text[a:b], heading.words) for a, b in places))


def _window(hit: Hit, text: str, pieces: Sequence[Piece], heading: Piece) -> Window:
    sequence = frozenset(heading.claims.tokens).union(*(piece.claims.tokens for piece in pieces))
    return Window(
        hit,
        text,
        tuple(pieces),
        " ".join((heading.squashed, *(piece.squashed for piece in pieces))),
        heading.words.union(*(piece.words for piece in pieces)),
        sequence,
        heading.numbers.union(*(piece.numbers for piece in pieces)),
        heading.claims.codes.union(*(piece.claims.codes for piece in pieces)) | (sequence & ORDINALS),
    )


def _heading(hit: Hit) -> Piece:
    return _piece(" ".join(hit.chunk.location.heading_path), frozenset())


def _piece(text: str, heading_words: frozenset[str]) -> Piece:
    claims = claims_of(text)
    return Piece(claims, claims.words | heading_words, numbers_in(text) | claims.numbers | claims.implied, squash(text))
