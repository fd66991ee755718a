"""One row of the table of assumptions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Assumption:
    """One row. ``rests_on``: ``file: name``; ``survives``: whether the bot still works where it is not so."""

    id: str
    claim: str
    source: str
    rests_on: str
    survives: bool
    change: str
