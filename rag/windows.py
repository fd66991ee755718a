"""The places in a chunk that may prove something: one to three neighbouring sentences, or one row of a table.

Knows how a chunk falls into sentences and rows and what each of them claims; what it proves is `rag.cite`'s concern.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.claims import Claims, claims_of, numbers_in, squash
from rag.sentences import spans
from rag.types import Hit


@dataclass(frozen=True, slots=True)
class Piece:
    """One sentence of a chunk; ``words`` also hold those of the heading above it."""

    claims: Claims
    words: frozenset[str]
    numbers: frozenset[str]  # also those within codes and ordinals: 3 of "3rd"
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


def windows_of(hit: Hit) -> tuple[Window, ...]:
    """Every run of one to three sentences of the hit's chunk, and every row of a table alone."""
    return _windows(hit)


@lru_cache(maxsize=256)
def _windows(hit: Hit) -> tuple[Window, ...]:
    text = hit.chunk.text
    where = hit.chunk.location
    headings = {squash(heading) for heading in where.heading_path}
    is_table = is_table_row(hit)
    units = [match.span() for match in re.finditer(r"\S[^\n]*", text)] if is_table else list(spans(text))
    places = [(a, b) for a, b in units if squash(text[a:b]) not in headings] or units
    pieces = [_piece(hit, text[a:b]) for a, b in places]
    longest = 1 if is_table else 3  # a row says nothing about its neighbour
    runs = [(i, j) for length in range(1, longest + 1) for i in range(len(places)) if (j := i + length) <= len(places)]
    return tuple(_window(hit, text[places[i][0] : places[j - 1][1]], pieces[i:j]) for i, j in runs)


def is_table_row(hit: Hit) -> bool:
    """Whether each line of the hit's chunk is a row of a table."""
    return hit.chunk.location.row is not None or bool(hit.chunk.location.rows)


def fields_of(row: str) -> dict[str, str]:
    """The named cells of a row such as ``Article: Pump | Price: 1,900``, by their squashed names."""
    named = (cell.partition(": ") for cell in row.split(" | "))
    return {squash(name): value for name, colon, value in named if colon}


def window_at(hit: Hit, text: str) -> Window:
    """The window that holds ``text``, which stands verbatim in the hit's chunk."""
    return _window(hit, text, [_piece(hit, text[a:b]) for a, b in spans(text)])


def _window(hit: Hit, text: str, pieces: Sequence[Piece]) -> Window:
    heading = _heading(hit)
    return Window(
        hit,
        text,
        tuple(pieces),
        " ".join((heading.squashed, *(piece.squashed for piece in pieces))),
        heading.words.union(*(piece.words for piece in pieces)),
        frozenset(heading.claims.sequence).union(*(piece.claims.sequence for piece in pieces)),
        heading.numbers.union(*(piece.numbers for piece in pieces)),
        heading.claims.codes.union(*(piece.claims.codes for piece in pieces)),
    )


def _piece(hit: Hit, text: str) -> Piece:
    claims = claims_of(text)
    return Piece(claims, claims.words | _heading(hit).words, numbers_in(text), squash(text))


@lru_cache(maxsize=256)
def _heading(hit: Hit) -> Piece:
    text = " ".join(hit.chunk.location.heading_path)
    claims = claims_of(text)
    return Piece(claims, claims.words, numbers_in(text), squash(text))
