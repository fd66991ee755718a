"""What came of an assumption, and what a check is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.cli.live.stage import Stage


@dataclass(frozen=True, slots=True)
class Held:
    """It is as assumed. ``text`` is a sentence about what was seen, as in all verdicts."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Differs:
    """It is not as assumed."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Unseen:
    """Something came between, so nobody knows; it counts as not held."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """Nobody did what it takes, or the token may not; it does not count."""

    id: str
    text: str


Verdict = Held | Differs | Unseen | Skipped


def judged(assumption: str, held: bool, text: str, otherwise: str = "") -> Verdict:
    """Held with ``text``, or differing with ``otherwise`` (or the same text)."""
    return Held(assumption, text) if held else Differs(assumption, otherwise or text)


@dataclass(frozen=True, slots=True)
class Check:
    """Tries some assumptions on a stage of its own; ``run`` yields one verdict for each of ``ids``."""

    ids: tuple[str, ...]
    run: Callable[[Stage], AsyncIterator[Verdict]]
    needs_person: bool = False
