"""What the engine is meant to reach, held against what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from rag.bench.figures import Measure, rounded
from rag.bench.indexing import ALONE, BESIDE
from rag.bench.written import BASELINE, OURS, OURS_PLAIN, PEER

Measures = Mapping[str, Measure]

LEAST_QUOTED = 0.5
SMALL_WEIGHTS = 250_000_000  # below this many a peer may write a fifth faster


@dataclass(frozen=True, slots=True)
class Goal:
    """A number that should be at most or at least ``wanted``."""

    text: str
    is_most: bool
    wanted: float
    got: float

    @property
    def held(self) -> bool:
        return self.got <= self.wanted if self.is_most else self.got >= self.wanted

    def as_dict(self) -> dict[str, object]:
        return asdict(self) | {"got": rounded(self.got), "held": self.held}


def judge(measures: Measures, *, weights: int, on_gpu: bool) -> list[Goal]:
    """The goals about which something was measured. ``weights``: how many the model has."""
    found = [*_one_at_a_time(measures, weights), *_together(measures, on_gpu), *_beside_and_over_time(measures)]
    if on_gpu:
        gain = _ratio(measures, "decode_short", OURS_PLAIN, BASELINE)
        found.append(("one answer's tokens per second to plain Transformers'", False, 2.0, gain))
    return [Goal(text, is_most, wanted, got) for text, is_most, wanted, got in found if got is not None]


_Found = tuple[str, bool, float, float | None]


def _one_at_a_time(measures: Measures, weights: int) -> Iterator[_Found]:
    yield "first token of a follow-up to a cold one", True, 0.1, _fact(measures, "first_token", "warm_to_cold")
    warm = measures["first_token"].spreads[f"{OURS}_warm"].median if "first_token" in measures else None
    yield "first token of a follow-up, s", True, 0.3, warm
    least = 0.8 if weights < SMALL_WEIGHTS else 1.0
    peer = _ratio(measures, "decode_long", OURS_PLAIN, PEER)
    yield "tokens per second without lookup to llama.cpp's, long prompt", False, least, peer
    yield "the same, short prompt", False, least, _ratio(measures, "decode_short", OURS_PLAIN, PEER)
    yield "time of a whole answer to llama.cpp's", True, 0.5, _ratio(measures, "answer", OURS, PEER)
    if (_fact(measures, "lookup", "quoted_share") or 0.0) < LEAST_QUOTED:
        return  # the model did not do what it was asked: this says nothing of lookup
    gain = _fact(measures, "lookup", "gain")
    yield "tokens per second with lookup to those without, quoting", False, 1.5, gain
    yield "the same text with lookup and without (1: yes)", False, 1.0, _fact(measures, "lookup", "equal_text")


def _together(measures: Measures, on_gpu: bool) -> Iterator[_Found]:
    name = "streams_8"
    yield "8 answers at once, tokens per second to a single one's", False, 5.0, _fact(measures, name, "to_single")
    yield "the same to a single one's without lookup", False, 5.0, _fact(measures, name, "to_single_no_lookup")
    yield "the same, while all write", False, 5.0, _fact(measures, name, "writing_to_single_no_lookup")
    yield "8 at once, time to one after another", True, 0.35, _fact(measures, name, "to_in_turn")
    plain = _fact(measures, name, f"to_{BASELINE}_in_turn")
    yield "8 at once, time to plain Transformers' one after another", True, 0.35, plain
    yield "8 at once, longest gap between two tokens, s", True, 1.0, _fact(measures, name, "longest_gap_s")
    if on_gpu:
        many = _fact(measures, "streams_32", "to_single")
        yield "32 answers at once, tokens per second to a single one's", False, 15.0, many


def _beside_and_over_time(measures: Measures) -> Iterator[_Found]:
    yield "tokens per second beside indexing to those alone", False, 0.7, _ratio(measures, "indexing", BESIDE, ALONE)
    late = _fact(measures, "memory", "grown_late_mb")
    yield "memory grown once what is kept has filled up, MB", True, 10.0, late


def _ratio(measures: Measures, name: str, ours: str, other: str) -> float | None:
    return measures[name].ratio(ours, other) if name in measures else None


def _fact(measures: Measures, name: str, fact: str) -> float | None:
    found = measures[name].facts.get(fact) if name in measures else None
    return float(found) if isinstance(found, int | float) else None
