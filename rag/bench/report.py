"""A run's result as text for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rag.bench.ceilings import Ceilings
from rag.bench.figures import Measure
from rag.bench.indexing import ALONE, BESIDE
from rag.bench.result import Result
from rag.bench.written import NAMES, OURS

LABELS = NAMES | {
    f"{OURS}_cold": "cold",
    f"{OURS}_warm": "follow-up",
    ALONE: "alone",
    BESIDE: "beside indexing",
}


def report(result: Result) -> str:
    """Some lines of at most 110 characters."""
    return "\n".join(_lines(result)) + "\n"


def _lines(result: Result) -> Iterator[str]:
    yield f"Machine: {listed(result.machine)}."
    yield from _ceilings(result.ceilings)
    if result.model:
        yield f"Model: {result.model}."
        yield from _wrapped([f"{name.replace('_', ' ')} {_shown(value)}" for name, value in result.settings.items()])
    for name, about in result.others.items():
        yield f"Beside it: {name}, {listed(about)}."
    for measure in result.measures.values():
        yield ""
        yield from _measure(measure)
    if result.goals:
        yield ""
        yield "Goals:"
        for goal in result.goals:
            sign = "≤" if goal.is_most else "≥"
            mark = "held  " if goal.held else "MISSED"
            yield f"  {mark} {goal.text}: {number(goal.got)} ({sign} {number(goal.wanted)})"
    yield from (f"\n{remark}" for remark in result.remarks)
    yield f"\nMeasured in {result.seconds:.0f} s. Figures are medians, with the lowest and the highest."


def _ceilings(ceilings: Ceilings) -> Iterator[str]:
    def rates(read: float, bf16: float, fp32: float) -> str:
        return f"reads {read / 1e9:.1f} GB/s, multiplies {bf16 / 1e9:,.0f} GFLOP/s in bf16, {fp32 / 1e9:,.0f} in fp32"

    where = f"it, with {ceilings.threads} threads," if ceilings.device == "cpu" else "the GPU"
    yield f"At best {where} {rates(ceilings.read_bytes_s, ceilings.bf16_flop_s, ceilings.fp32_flop_s)}."
    one = ceilings.one_read_bytes_s, ceilings.one_bf16_flop_s, ceilings.one_fp32_flop_s
    if one[0] and one[1] and one[2]:
        yield f"With one thread it {rates(one[0], one[1], one[2])}."


def _measure(measure: Measure) -> Iterator[str]:
    yield f"{measure.title[0].upper()}{measure.title[1:]} ({measure.unit})"
    for name, spread in measure.spreads.items():
        share = measure.share(name)
        of_ceiling = f"   {100 * share:.0f}% of the ceiling" if share is not None else ""
        low_high = f"({number(spread.low)} to {number(spread.high)})"
        yield f"  {LABELS.get(name, name):<20}{number(spread.median):>9}  {low_high:<22}{of_ceiling}".rstrip()
    if measure.facts:
        facts = [f"{name.replace('_', ' ')} {_shown(fact)}" for name, fact in measure.facts.items()]
        yield from _wrapped(facts)


def _wrapped(facts: list[str]) -> Iterator[str]:
    line = " "
    for place, fact in enumerate(facts):
        piece = f" {fact}" + (";" if place + 1 < len(facts) else "")
        if len(line) + len(piece) > 108:
            yield line
            line = " "
        line += piece
    yield line


def listed(facts: Mapping[str, object]) -> str:
    """As a part of a sentence."""
    return ", ".join(f"{name.replace('_', ' ')} {_shown(fact)}" for name, fact in facts.items())


def _shown(fact: object) -> str:
    if isinstance(fact, bool):
        return "yes" if fact else "no"
    return number(fact) if isinstance(fact, int | float) else str(fact)


def number(value: float) -> str:
    """Three digits that count, none of them for show."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
