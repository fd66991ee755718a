"""What a measurement gives: figures, the cases that went worst, and what must be said beside them.

Knows no set: each reads its own files and fills these in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

MOST_SHOWN = 10  # of the worst cases

Item = TypeVar("Item")
Progress = Callable[[str, int, int], None]  # what is being done, how many of how many


@dataclass(frozen=True, slots=True)
class Miss:
    """One case that went wrong, as a person would look at it."""

    question: str
    wanted: str
    got: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """A set's figures over ``n`` cases; shares are 0 to 1, what ends in ``_s`` is seconds."""

    set: str
    n: int
    metrics: dict[str, float]
    worst: tuple[Miss, ...] = ()
    notes: tuple[str, ...] = ()


def in_half(group: str, half: str) -> bool:
    """Whether a case belongs to ``half``: "dev", on which constants may be chosen, "test", or "all".

    ``group`` is what must not lie on both sides: an article, a conversation.
    """
    is_dev = hashlib.sha256(group.encode()).digest()[0] % 2 == 0
    return half == "all" or is_dev == (half == "dev")


def spread_over(items: Sequence[Item], limit: int | None) -> list[Item]:
    """At most ``limit`` of ``items``, evenly from the whole of them; the same ones at every call."""
    if limit is None or limit >= len(items):
        return list(items)
    return [items[number * len(items) // limit] for number in range(limit)]


def worst_of(judged: Iterable[tuple[float, Miss]]) -> tuple[Miss, ...]:
    """The misses with the lowest scores, the worst first; a score of 1 is no miss."""
    missed = [(score, miss) for score, miss in judged if score < 1]
    return tuple(miss for _, miss in sorted(missed, key=lambda pair: pair[0])[:MOST_SHOWN])


def unwatched(_what: str, _done: int, _total: int) -> None:
    """Nobody watches."""


def shortened(text: str, characters: int = 160) -> str:
    """``text`` on one line, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= characters else f"{line[: characters - 1].rstrip()}…"
