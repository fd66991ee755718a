"""What a measurement gave: numbers with their spread, one row for each who was measured.

Knows no model and no clock; the report, the plot and the JSON are all made from this.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Fact = float | int | str | bool | None


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure measured several times."""

    median: float
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """Raises ValueError where nothing was measured."""
        found = sorted(values)
        if not found:
            raise ValueError("nothing was measured")
        return cls(statistics.median(found), found[0], found[-1], len(found))


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing that was measured, for all who took part.

    ``ceiling`` is the best that this machine could do, in the same unit; those in ``beyond`` are not bound by it.
    ``facts`` are numbers that say how the figures came about.
    """

    name: str
    title: str
    unit: str  # "tok/s", "s"
    spreads: Mapping[str, Spread]  # by who was measured
    ceiling: float | None = None
    beyond: frozenset[str] = frozenset()
    facts: Mapping[str, Fact] = field(default_factory=dict)

    def share(self, name: str) -> float | None:
        """Of the ceiling; None where there is none for ``name``, or it was not measured."""
        spread = self.spreads.get(name)
        return spread.median / self.ceiling if spread and self.ceiling and name not in self.beyond else None

    def ratio(self, name: str, other: str) -> float | None:
        """``name``'s median to ``other``'s; None where either was not measured."""
        ours, theirs = self.spreads.get(name), self.spreads.get(other)
        return ours.median / theirs.median if ours and theirs and theirs.median else None

    def as_dict(self) -> dict[str, object]:
        """The measure as JSON has it."""
        figures = {
            name: {
                "median": rounded(spread.median),
                "min": rounded(spread.low),
                "max": rounded(spread.high),
                "n": spread.count,
                **({"ceiling_share": rounded(share)} if (share := self.share(name)) is not None else {}),
            }
            for name, spread in self.spreads.items()
        }
        ceiling = {"ceiling": rounded(self.ceiling)} if self.ceiling else {}
        facts = {name: rounded(fact) if isinstance(fact, float) else fact for name, fact in self.facts.items()}
        return {"title": self.title, "unit": self.unit, **ceiling, "figures": figures, **facts}


def rounded(number: float) -> float:
    """Four digits that count; more would be noise."""
    return float(f"{number:.4g}")
