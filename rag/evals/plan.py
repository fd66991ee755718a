"""How a set is measured: which part of it, and with which part of the search left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from rag.evals.measured import Progress, in_half, spread_over, unwatched
from rag.retrieve import Weights

HALVES = ("all", "dev", "test")

# What can be left out, to see what it is worth.
PARTS = {
    "words": "meaning alone ranks",
    "meaning": "words alone rank",
    "stems": "words count only as they are written",
    "wording": "whether the question's words stand together does not count",
    "pieces": "words that are only near the question's do not count",
    "neighbours": "the chunks before and after one do not count",
    "documents": "a document that holds the question's rare words is not preferred",
    "versions": "passages that are alike but for names and amounts are all shown",
    "names": "files have names that say nothing",
    "history": "earlier questions of a conversation are not known",
}

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Plan:
    """``half``: "all", "dev" or "test"; ``limit``: at most so many questions; ``without``: one of `PARTS`, or ""."""

    half: str = "all"
    limit: int | None = None
    without: str = ""
    progress: Progress = unwatched

    @property
    def weights(self) -> Weights:
        """The search's weights without what is to be left out."""
        return _WEIGHTS[self.without] if self.without in _WEIGHTS else Weights()

    def chosen(self, items: Sequence[Item], groups: Sequence[str]) -> list[Item]:
        """Of ``items`` those that are asked; ``groups`` names for each what must lie in one half."""
        kept = [item for item, group in zip(items, groups, strict=True) if in_half(group, self.half)]
        return spread_over(kept, self.limit)


_WEIGHTS = {
    "words": replace(Weights(), words=0.0, stems=0.0, near=0.0, phrases=0.0, document=0.0),
    "meaning": replace(Weights(), dense=0.0, dense_exact=0.0),
    "stems": replace(Weights(), words=Weights().words + Weights().stems, stems=0.0),
    "wording": replace(Weights(), near=0.0, phrases=0.0),
    "pieces": replace(Weights(), pieces=0.0),
    "neighbours": replace(Weights(), neighbours=0.0),
    "documents": replace(Weights(), document=0.0),
    "versions": replace(Weights(), alike=2.0),  # no two passages share more than all their words
}
