"""The arithmetic of the figures: rankings, ranges of characters, and what a threshold gets wrong."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

Span = tuple[int, int]


def ndcg(ranked: Sequence[Hashable], right: frozenset[Hashable], at: int) -> float:
    """Normalised discounted cumulative gain, 0 to 1: every right place gains the same, the earlier the more."""
    ideal = sum(1 / math.log2(rank + 2) for rank in range(min(at, len(right))))
    gain = sum(1 / math.log2(rank + 2) for rank, place in enumerate(ranked[:at]) if place in right)
    return gain / ideal if ideal else 0.0


def recall(ranked: Sequence[Hashable], right: frozenset[Hashable], at: int) -> float:
    """The share of the right places that stand among the first ``at``."""
    return len(right.intersection(ranked[:at])) / len(right) if right else 0.0


def hit(ranked: Sequence[Hashable], right: frozenset[Hashable], at: int) -> float:
    """1 where any right place stands among the first ``at``, else 0."""
    return float(not right.isdisjoint(ranked[:at]))


def reciprocal_rank(ranked: Sequence[Hashable], right: frozenset[Hashable]) -> float:
    """1 over the rank of the first right place; 0 where there is none."""
    return next((1 / rank for rank, place in enumerate(ranked, 1) if place in right), 0.0)


def mean(values: Iterable[float]) -> float:
    """The mean; 0 of nothing."""
    known = list(values)
    return float(np.mean(known)) if known else 0.0


# --- ranges of characters ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cover:
    """What retrieved stretches of text cover of the wanted ones, in characters.

    Source: `_scores_from_dataset_and_retrievals` of brandonstarxel/chunking_evaluation.
    """

    recall: float
    precision: float
    iou: float


def cover(wanted: Sequence[Span], retrieved: Sequence[Span], retrieved_characters: int) -> Cover:
    """``retrieved`` are those of the wanted corpus; ``retrieved_characters`` counts all, of other corpora too."""
    common = united(both for one in wanted for other in retrieved if (both := _common(one, other)))
    unused = list(wanted)
    for one in common:
        unused = [part for span in unused for part in _without(span, one)]
    covered = _length(common)
    return Cover(
        covered / _length(wanted),
        covered / retrieved_characters if retrieved_characters else 0.0,
        covered / (retrieved_characters + _length(unused)) if retrieved_characters else 0.0,
    )


def united(spans: Iterable[Span]) -> list[Span]:
    """The spans in order, those that touch made one."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _common(one: Span, other: Span) -> Span | None:
    start, end = max(one[0], other[0]), min(one[1], other[1])
    return (start, end) if start < end else None


def _without(span: Span, taken: Span) -> list[Span]:
    (start, end), (taken_start, taken_end) = span, taken
    parts = [(start, min(end, taken_start)), (max(start, taken_end), end)]
    return [part for part in parts if part[0] < part[1]]


def _length(spans: Iterable[Span]) -> int:
    return sum(end - start for start, end in spans)


# --- answer or refuse --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GateRates:
    """A gate at one threshold: shares of the answerable that it refuses, and of the others that it lets pass."""

    threshold: float
    false_refusals: float
    false_answers: float


def auc(yes: Sequence[float], no: Sequence[float]) -> float:
    """How often a value of ``yes`` is the higher of a pair; 0.5 is chance, and the figure where one side is empty."""
    if not len(yes) or not len(no):
        return 0.5
    ordered = np.sort(np.asarray(no))
    below = np.searchsorted(ordered, yes, side="left") + np.searchsorted(ordered, yes, side="right")
    return float(below.sum() / (2 * len(yes) * len(no)))


def gate_rates(yes: Sequence[float], no: Sequence[float], threshold: float) -> GateRates:
    """What a gate at ``threshold`` gets wrong."""
    return GateRates(threshold, mean(value < threshold for value in yes), mean(value >= threshold for value in no))


def threshold_for(yes: Sequence[float], false_refusals: float) -> float:
    """The highest threshold at which at most this share of the answerable are refused."""
    return float(np.quantile(yes, false_refusals))
