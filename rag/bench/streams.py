"""Several people asking at once, each with a prompt of their own, beside the same one after another."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from rag.bench.figures import Fact, Measure, Spread
from rag.bench.ours import EngineWriter
from rag.bench.rig import Rig
from rag.bench.written import BASELINE, OURS, Writer, Written
from rag.types import Caller

SEED = 31
STREAMS = "streams_"  # a measure's name begins so


@dataclass(frozen=True, slots=True)
class _Together:
    """Answers written side by side; times count from the moment when all asked."""

    answers: tuple[Written, ...]
    total_s: float

    @property
    def rate(self) -> float:
        return sum(len(answer.tokens) for answer in self.answers) / self.total_s

    @property
    def writing_rate(self) -> float:
        """While everybody wrote: from the last one's first token to the first one's last; 0 without such a time."""
        begin = max(answer.first_s for answer in self.answers)
        end = min(answer.at_s[-1] for answer in self.answers)
        if end <= begin:
            return 0.0
        return sum(begin < at <= end for answer in self.answers for at in answer.at_s) / (end - begin)

    @property
    def longest_gap_s(self) -> float:
        return max(answer.longest_gap_s for answer in self.answers)

    @property
    def longest_wait_s(self) -> float:
        return max(answer.first_s for answer in self.answers)


def measure_streams(rig: Rig) -> list[Measure]:
    """``streams_N`` for each N: tokens per second in all; ``in_turn_s`` and ``to_in_turn`` in its facts."""
    sizes, most = rig.sizes, max(rig.sizes.streams)
    prompts = [rig.prompts.prompt(sizes.stream_prompt, SEED + number) for number in range(most)]
    # Small models soon repeat themselves, and ours then stops: nobody else writes more.
    counts = [len(rig.ours.write(ids, sizes.stream_answer).tokens) for ids in prompts]
    in_turn: dict[str, list[list[float]]] = {}
    together: dict[int, list[_Together]] = {count: [] for count in sizes.streams}
    slow = [writer for writer in rig.others if writer.name == BASELINE]
    singles = []
    for number in range(sizes.repeats):
        with rig.without_lookup() as plain:
            singles.append(_at_once(plain, prompts[:1], sizes.stream_answer))
        writers: list[Writer] = [rig.ours, *slow]
        for writer in writers:
            rig.say(f"{most} answers one after another: round {number + 1} of {sizes.repeats}, {writer.name}")
            in_turn.setdefault(writer.name, []).append(_one_after_another(writer, prompts, counts))
        for count in sizes.streams:
            rig.say(f"{count} answers at once: round {number + 1} of {sizes.repeats}")
            together[count].append(_at_once(rig.ours, prompts[:count], sizes.stream_answer))
    return [_measure(count, runs, in_turn, together[min(together)], singles) for count, runs in together.items()]


def _measure(
    count: int,
    runs: list[_Together],
    in_turn: dict[str, list[list[float]]],
    singles: list[_Together],
    plain_singles: list[_Together],
) -> Measure:
    rate, total = Spread.of(run.rate for run in runs), Spread.of(run.total_s for run in runs)
    facts: dict[str, Fact] = {
        "total_s": total.median,
        "to_single": rate.median / _median(singles, "rate"),
        "to_single_no_lookup": rate.median / _median(plain_singles, "rate"),
        "writing_tok_s": _median(runs, "writing_rate"),
        "writing_to_single": _median(runs, "writing_rate") / _median(singles, "writing_rate"),
        "writing_to_single_no_lookup": _median(runs, "writing_rate") / _median(plain_singles, "writing_rate"),
        "longest_gap_s": max(run.longest_gap_s for run in runs),
        "longest_wait_s": max(run.longest_wait_s for run in runs),
        "tokens_written": sum(len(answer.tokens) for answer in runs[0].answers),
    }
    for name, rounds in in_turn.items():
        prefix = "" if name == OURS else f"{name}_"
        turn_s = Spread.of(times[count - 1] for times in rounds).median
        facts |= {f"{prefix}in_turn_s": turn_s, f"to_{prefix}in_turn": total.median / turn_s}
    title = f"{count} answers at once, in all" if count > 1 else "one answer, reading included"
    return Measure(f"{STREAMS}{count}", title, "tok/s", {OURS: rate}, facts=facts)


def _median(runs: list[_Together], figure: str) -> float:
    return Spread.of(getattr(run, figure) for run in runs).median


def _one_after_another(writer: Writer, prompts: Sequence[Sequence[int]], counts: Sequence[int]) -> list[float]:
    """Seconds until the first is done, until the second is, and so on."""
    pairs = zip(prompts, counts, strict=True)
    return list(itertools.accumulate(writer.write(ids, count).total_s for ids, count in pairs))


def _at_once(ours: EngineWriter, prompts: Sequence[Sequence[int]], count: int) -> _Together:
    ours.engine.clear()
    callers = [Caller(scope_id=f"bench-{place}", user=f"user-{place}") for place in range(len(prompts))]
    with ThreadPoolExecutor(len(prompts)) as pool:
        started = time.perf_counter()
        answers = list(pool.map(lambda pair: ours.go_on(pair[0], count, pair[1]), zip(prompts, callers, strict=True)))
        return _Together(tuple(answers), time.perf_counter() - started)
