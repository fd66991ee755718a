"""All that one run of the bench found, for JSON, the report and the plot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rag.bench.ceilings import Ceilings
from rag.bench.figures import Fact, Measure
from rag.bench.goals import Goal


@dataclass(frozen=True, slots=True)
class Result:
    """``settings`` and ``others`` say under which conditions; ``remarks`` are whole sentences."""

    machine: Mapping[str, Fact]
    ceilings: Ceilings
    seconds: float
    model: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)
    weights: Mapping[str, object] = field(default_factory=dict)
    others: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    measures: Mapping[str, Measure] = field(default_factory=dict)
    goals: tuple[Goal, ...] = ()
    remarks: tuple[str, ...] = ()
    bench: str = "engine"

    def as_dict(self) -> dict[str, object]:
        """The command's JSON."""
        return {
            "bench": self.bench,
            "model": self.model or None,
            "machine": dict(self.machine),
            "ceilings": self.ceilings.as_dict(),
            "settings": dict(self.settings),
            "weights": dict(self.weights),
            "others": {name: dict(about) for name, about in self.others.items()},
            "measures": {name: measure.as_dict() for name, measure in self.measures.items()},
            "goals": [goal.as_dict() for goal in self.goals],
            "remarks": list(self.remarks),
            "seconds": round(self.seconds, 1),
        }
