"""What the bench makes of what it measures; the engine in it is a scripted one."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from rag.llms import machine

machine.set_up_machine()

from rag.bench import engine as bench  # noqa: E402 - after the machine is set up
from rag.bench.ceilings import Ceilings  # noqa: E402
from rag.bench.figures import Measure, Spread  # noqa: E402
from rag.bench.goals import judge  # noqa: E402
from rag.bench.load import remark_on  # noqa: E402
from rag.bench.plot import plot  # noqa: E402
from rag.bench.process import ProcessWriter  # noqa: E402
from rag.bench.report import report  # noqa: E402
from rag.bench.result import Result  # noqa: E402
from rag.bench.rig import Rig  # noqa: E402
from rag.bench.sizes import Sizes  # noqa: E402
from rag.bench.weights import Weights  # noqa: E402
from rag.bench.workloads import Prompts, passage  # noqa: E402
from rag.bench.written import BASELINE, OURS, OURS_PLAIN, PEER, Written  # noqa: E402
from rag.engine.engine import Stats  # noqa: E402
from rag.engine.limits import Limits  # noqa: E402
from rag.engine.sequence import Prompt  # noqa: E402
from rag.errors import ModelFailed  # noqa: E402

LIMITS = Limits(8, 64, 1_000_000, 2048, 512, 0.25, 2, 2, 3)
SIZES = Sizes(
    repeats=2,
    short_prompt=20,
    short_answer=8,
    long_prompt=100,
    long_answer=8,
    known=64,
    new=8,
    streams=(1, 4),
    stream_prompt=20,
    stream_answer=6,
    quoted=40,
    quoting_answer=8,
    chunks=3,
    beside_answer=6,
    requests=10,
    request_answer=2,
)
CEILINGS = Ceilings("cpu", 2, 20e9, 300e9, 150e9, 18e9, 170e9, 80e9)
WEIGHTS = Weights(layer_weights=1_000_000, head_weights=500_000, head_bits=4, kv_bytes_per_token=1000)


class ScriptedEngine:
    """Takes a little time for each unknown token of a prompt and for each new one; knows whole prompts' beginnings."""

    def __init__(self, limits: Limits = LIMITS, *, read_s: float = 2e-5, write_s: float = 1e-3) -> None:
        self.limits, self.read_s, self.write_s = limits, read_s, write_s
        self.known: dict[str, tuple[int, ...]] = {}
        self.seen: list[Prompt] = []
        self.reused: list[int] = []
        self.is_closed = False

    def submit(self, prompt: Prompt) -> ScriptedWriting:
        self.seen.append(prompt)
        known = self.known.get(prompt.caller.scope_id, ())
        pairs = zip(known, prompt.ids, strict=False)
        same = next((at for at, (one, other) in enumerate(pairs) if one != other), len(known))
        self.known[prompt.caller.scope_id] = prompt.ids
        self.reused.append(same)
        return ScriptedWriting(self, prompt, same)

    def stats(self) -> Stats:
        return Stats(drafted_tokens=len(self.seen), accepted_tokens=len(self.seen) // 2, cache_tokens=100)

    def clear(self) -> None:
        self.known.clear()

    def close(self) -> None:
        self.is_closed = True


class ScriptedWriting:
    def __init__(self, engine: ScriptedEngine, prompt: Prompt, reused: int) -> None:
        self.engine, self.prompt, self.reused_tokens = engine, prompt, reused

    def __iter__(self) -> Iterator[int]:
        time.sleep(self.engine.read_s * (len(self.prompt.ids) - self.reused_tokens))
        for number in range(self.prompt.max_tokens):
            time.sleep(self.engine.write_s)
            yield self.prompt.ids[number % len(self.prompt.ids)]


class ScriptedWriter:
    """Stands beside the engine."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.about: dict[str, Any] = {"version": "1"}
        self.counts: list[int] = []

    def write(self, ids: Any, count: int) -> Written:
        self.counts.append(count)
        return Written(len(ids), tuple(range(count)), tuple(0.5 + 0.1 * n for n in range(count)), 0.4 + 0.1 * count)


def encode(text: str) -> list[int]:
    return [hash(word) % 1000 for word in text.split()]


def rig_of(engine: ScriptedEngine, others: tuple[Any, ...] = (), **sizes: Any) -> tuple[Rig, list[ScriptedEngine]]:
    more: list[ScriptedEngine] = []

    def another(limits: Limits) -> Any:
        more.append(ScriptedEngine(limits))
        return more[-1]

    rig = Rig(
        engine=engine,  # type: ignore[arg-type]
        another=another,
        weights=WEIGHTS,
        ceilings=CEILINGS,
        prompts=Prompts(encode),
        others=others,
        index=lambda text: time.sleep(0.02) or len(text) // 200,
        sizes=replace(SIZES, **sizes),
        say=lambda _: None,
    )
    return rig, more


@pytest.fixture(scope="module")
def measures() -> dict[str, Measure]:
    others = (ScriptedWriter(BASELINE), ScriptedWriter(PEER))
    return bench.run(rig_of(ScriptedEngine(), others)[0])


def test_every_measure_is_there_with_as_many_values_as_repeats(measures: dict[str, Measure]) -> None:
    assert set(measures) == {
        *("memory", "prefill", "decode_short", "decode_long", "answer", "first_token"),
        *("streams_1", "streams_4", "lookup", "indexing"),
    }
    for name in ("prefill", "decode_short", "decode_long", "answer", "first_token", "streams_4", "lookup"):
        assert all(spread.count == SIZES.repeats for spread in measures[name].spreads.values()), name
    assert set(measures["answer"].spreads) == {OURS, OURS_PLAIN, BASELINE, PEER}


def test_only_what_was_asked_for_is_measured() -> None:
    assert set(bench.run(rig_of(ScriptedEngine())[0], ("first", "lookup"))) == {"first_token", "lookup"}


def test_a_second_engine_never_guesses_and_is_closed() -> None:
    rig, more = rig_of(ScriptedEngine())
    bench.run(rig)
    assert more and all(engine.is_closed and not engine.limits.draft_tokens for engine in more)
    assert not rig.engine.is_closed  # type: ignore[attr-defined]


def test_a_cold_prompt_is_cold_and_a_follow_up_is_not(measures: dict[str, Measure]) -> None:
    facts = measures["first_token"].facts
    assert facts["reused_tokens"] == SIZES.known
    assert facts["prompt_tokens"] == SIZES.known + SIZES.new


def test_every_round_reads_its_prompt_anew() -> None:
    engine = ScriptedEngine()
    bench.run(rig_of(engine)[0], ("answer", "lookup", "indexing"))
    assert not any(engine.reused)


def test_nobody_in_the_streams_shares_a_scope_or_a_prompt() -> None:
    engine = ScriptedEngine()
    bench.run(rig_of(engine, streams=(4,))[0], ("streams",))
    together = [prompt for prompt in engine.seen if prompt.caller.user]
    assert len({prompt.caller.scope_id for prompt in together}) == 4
    assert len({prompt.ids for prompt in together}) == 4


def test_time_one_after_another_is_counted_up_to_each_number_of_streams(measures: dict[str, Measure]) -> None:
    facts = {count: measures[f"streams_{count}"].facts for count in SIZES.streams}
    assert facts[4]["transformers_in_turn_s"] == pytest.approx(4 * facts[1]["transformers_in_turn_s"])
    assert facts[4]["tokens_written"] == 4 * SIZES.stream_answer


def test_others_write_as_many_tokens_as_an_answer_that_stopped_early() -> None:
    class Early(ScriptedEngine):
        def submit(self, prompt: Prompt) -> ScriptedWriting:
            return super().submit(replace(prompt, max_tokens=min(prompt.max_tokens, 5)))

    peer = ScriptedWriter(PEER)
    rig, _ = rig_of(Early(), (peer,))
    rig = replace(rig, another=lambda limits: Early(limits))  # type: ignore[arg-type,return-value]
    found = bench.run(rig, ("answer",))
    assert set(peer.counts) == {5}
    assert "5 out" in found["answer"].title


def test_an_answer_of_other_text_with_lookup_is_told() -> None:
    class Wrong(ScriptedEngine):
        def submit(self, prompt: Prompt) -> ScriptedWriting:
            changed = (*prompt.ids[:3], 77_777, *prompt.ids[4:])
            return super().submit(replace(prompt, ids=changed))

    facts = bench.run(rig_of(Wrong())[0], ("lookup",))["lookup"].facts
    assert facts["equal_text"] is False
    assert facts["equal_tokens"] == 3


def test_a_share_of_the_ceiling_follows_from_bytes_and_bandwidth() -> None:
    rig, _ = rig_of(ScriptedEngine())
    assert rig.decode_ceiling(0) == pytest.approx(20e9 / (1_500_000 * 0.531))
    assert rig.decode_ceiling(1000) == pytest.approx(20e9 / (1_500_000 * 0.531 + 1_000_000))
    assert rig.prefill_ceiling() == pytest.approx(300e9 / 2_000_000)
    assert replace(WEIGHTS, head_bits=16).bytes_per_token(0) == pytest.approx(1_000_000 * 0.531 + 1_000_000)


def test_guessing_ahead_has_no_ceiling(measures: dict[str, Measure]) -> None:
    assert measures["decode_long"].share(OURS) is None
    assert measures["decode_long"].share(OURS_PLAIN) is not None


def test_prompts_have_the_length_asked_for_and_repeat_by_seed() -> None:
    prompts = Prompts(encode)
    assert len(prompts.prompt(333, 1)) == 333
    assert prompts.prompt(50, 1) == prompts.prompt(50, 1) != prompts.prompt(50, 2)
    assert passage(4, 9) == passage(4, 9)


def test_goals_hold_or_are_missed_by_what_was_measured() -> None:
    ours, peer = Spread.of([80.0]), Spread.of([100.0])
    measures = {"decode_long": Measure("decode_long", "writing", "tok/s", {OURS_PLAIN: ours, PEER: peer})}
    small, large = (judge(measures, weights=weights, on_gpu=False) for weights in (10**8, 10**9))
    assert [goal.held for goal in small] == [True]
    assert [goal.held for goal in large] == [False]


def test_lookup_is_judged_only_where_the_model_quoted() -> None:
    spreads = {OURS: Spread.of([20.0]), OURS_PLAIN: Spread.of([10.0])}
    quoting, rambling = (
        {"lookup": Measure("lookup", "quoting", "tok/s", spreads, facts={"gain": 2.0, "quoted_share": share})}
        for share in (0.9, 0.1)
    )
    assert [goal.held for goal in judge(quoting, weights=1, on_gpu=False)] == [True]
    assert judge(rambling, weights=1, on_gpu=False) == []


def test_what_was_not_measured_is_no_goal() -> None:
    assert judge({}, weights=1, on_gpu=True) == []


def test_the_report_and_the_picture_show_every_measure(measures: dict[str, Measure]) -> None:
    goals = tuple(judge(measures, weights=1, on_gpu=False))
    result = Result(
        {"cores": 2},
        CEILINGS,
        1.0,
        model="<A & B>",
        settings={"streams": 8},
        measures=measures,
        goals=goals,
        remarks=("So.",),
    )
    text, picture = report(result), plot(result)
    assert all(measure.title[1:] in text for measure in measures.values())
    assert max(map(len, text.splitlines())) < 130
    bars = ElementTree.fromstring(picture).findall(".//{*}rect")
    drawn = [measure for measure in measures.values() if measure.unit != "MB"]
    assert len(bars) == 1 + sum(len(measure.spreads) for measure in drawn)
    assert "prefers-color-scheme: dark" in picture


def test_a_busy_machine_is_told() -> None:
    assert remark_on(0.05) is None
    assert "kept 1.4 cores busy" in (remark_on(1.4) or "")


def test_a_spread_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        Spread.of([])


def test_a_process_that_does_not_come_up_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    options = {"gguf": "nowhere.gguf", "folder": str(Path(sys.executable).parent), "threads": 1}
    with pytest.raises(ModelFailed) as caught:
        ProcessWriter(PEER, options | {"context_tokens": 64, "on_gpu": False})
    assert caught.value.user_message.startswith("llama.cpp broke off")
    assert "Error" in capfd.readouterr().err
