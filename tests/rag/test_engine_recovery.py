"""When the model breaks off, memory runs out, or a crowd comes: all are told, and the next question is answered."""

from __future__ import annotations

import random
import threading
import time
from functools import cache

import pytest
import torch

from rag.engine.sequence import Prompt, Writing
from rag.errors import InhouseError, ModelFailed, OutOfMemory
from rag.types import Caller
from tests.rag.engine_models import VOCABULARY, expected, generated, tiny, tokens_of
from tests.rag.engine_stage import PATIENCE_S, Stage, check_at_rest, prompt, staged

MODEL = "llama"
LONG = tokens_of(1, 150)


@cache
def text_of(ids: tuple[int, ...], most: int, family: str = MODEL) -> list[int]:
    return expected(generated(tiny(family), ids, most), most)[0]


def breaking(stage: Stage, at: int, error: BaseException) -> None:
    def before(number: int) -> None:
        if number == at:
            raise error

    stage.before = before


@pytest.mark.parametrize(("family", "call"), [(MODEL, 0), (MODEL, 3), (MODEL, 12), ("gpt2", 6)])
@pytest.mark.parametrize(
    ("error", "expected_class"),
    [
        (RuntimeError("CUDA error: an illegal memory access"), ModelFailed),
        (MemoryError(), OutOfMemory),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), OutOfMemory),
        (torch.OutOfMemoryError("CUDA out of memory"), OutOfMemory),
    ],
)
def test_who_runs_is_told_who_waits_is_answered_and_the_next_is_right(
    family: str, call: int, error: Exception, expected_class: type[InhouseError]
) -> None:
    model = tiny(family)
    prompts = [LONG, tokens_of(2, 70), tokens_of(3, 20), tokens_of(4, 65)]
    wanted = [text_of(ids, 20, family) for ids in prompts]
    with staged(model, streams=2, chunk_tokens=50) as (engine, stage):
        stage.hold()
        breaking(stage, call, error)
        writings = [
            engine.submit(prompt(ids, 20, scope_id="a", user=str(number))) for number, ids in enumerate(prompts)
        ]
        stage.go()
        told = 0
        for writing, text in zip(writings, wanted, strict=True):
            try:
                assert list(writing) == text
            except InhouseError as seen:
                told += 1
                assert type(seen) is expected_class and writing.reason == "failed"
                assert seen.user_message.endswith((".", "`."))
                assert "CUDA" not in seen.user_message and "allocate" not in seen.user_message
        assert 1 <= told <= 2
        assert [list(engine.submit(prompt(ids, 20, scope_id="a"))) for ids in prompts] == wanted
        check_at_rest(engine, stage)


def test_nothing_that_was_read_before_a_failure_is_used_after_it() -> None:
    """Whatever went wrong may have gone wrong in memory."""
    with staged(tiny(MODEL)) as (engine, stage):
        engine.submit(prompt(LONG, 5, scope_id="a")).wait()
        breaking(stage, len(stage.calls), RuntimeError("broken"))
        with pytest.raises(ModelFailed):
            engine.submit(prompt(tokens_of(2, 20), 5)).wait()
        assert engine.submit(prompt(LONG, 5, scope_id="a")).wait().reused_tokens == 0


def test_closing_tells_whoever_is_there() -> None:
    with staged(tiny(MODEL), streams=2) as (engine, stage):
        stage.hold()
        writings = [engine.submit(prompt(tokens_of(number, 30), 400, user=str(number))) for number in range(6)]
        assert stage.has_entered.wait(PATIENCE_S)
        closing = threading.Thread(target=engine.close)
        closing.start()
        while not engine._is_closed:
            pass
        stage.go()
        closing.join(PATIENCE_S)
        assert not closing.is_alive()
        for writing in writings:
            with pytest.raises(ModelFailed):
                writing.wait()
        with pytest.raises(ModelFailed, match="shut down"):
            engine.submit(prompt(LONG, 5))
        engine.forget("a")  # returns
        engine.close()  # so does this


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_where_not_even_the_recovery_works_everybody_is_told() -> None:
    """A GPU that is gone answers nothing; the callers waited for ever."""

    def gone(*_: object) -> None:
        raise RuntimeError("device lost")

    with staged(tiny(MODEL), streams=1) as (engine, stage):
        stage.hold()
        writings = [engine.submit(prompt(LONG, 5)) for _ in range(3)]
        engine._blocks._wipe = stage.before = gone
        stage.go()
        for writing in writings:
            try:
                writing.wait()
            except ModelFailed:
                continue
            raise AssertionError("an answer without a model")
        engine._thread.join(PATIENCE_S)
        with pytest.raises(ModelFailed):
            engine.submit(prompt(LONG, 5))


@pytest.mark.parametrize(
    "bad",
    [Prompt((), 5), Prompt((1, 2, 3), scored=3), Prompt(tokens_of(1, 500), 100), Prompt(tokens_of(1, 600))],
)
def test_a_prompt_that_cannot_be_run_is_refused_and_harms_nobody(bad: Prompt) -> None:
    with staged(tiny(MODEL)) as (engine, _):
        good = engine.submit(prompt(LONG, 20))
        with pytest.raises((ModelFailed, ValueError)):
            engine.submit(bad)
        assert list(good) == text_of(LONG, 20)


def test_a_token_that_the_model_does_not_know_harms_nobody_after_it() -> None:
    with staged(tiny(MODEL)) as (engine, stage):
        with pytest.raises((ModelFailed, ValueError)):
            engine.submit(prompt((5, 9999), 5)).wait()
        assert list(engine.submit(prompt(LONG, 20))) == text_of(LONG, 20)
        check_at_rest(engine, stage)


def test_who_never_reads_their_answer_holds_up_nobody() -> None:
    with staged(tiny(MODEL), streams=1) as (engine, stage):
        unread = [engine.submit(prompt(LONG, 100)) for _ in range(3)]
        begun = iter(engine.submit(prompt(LONG, 100)))
        next(begun)
        assert list(engine.submit(prompt(tokens_of(2, 20), 20))) == text_of(tokens_of(2, 20), 20)
        assert [list(writing) for writing in unread] == [text_of(LONG, 100)] * 3
        assert [*begun] == text_of(LONG, 100)[1:]
        check_at_rest(engine, stage)


def test_two_hundred_prompts_from_eight_threads_with_cancels_from_others() -> None:
    model = tiny(MODEL)
    prompts = [tokens_of(number % 3, 70 + 20 * number) for number in range(8)]
    texts = [text_of(ids, 12) for ids in prompts]
    cancelled: list[Writing] = []
    wrong: list[object] = []

    def ask(thread: int) -> None:
        rng = random.Random(thread)
        for _ in range(25):
            number = rng.randrange(8)
            caller = Caller(rng.choice("ab"), str(thread), is_background=rng.random() < 0.2)
            writing = engine.submit(Prompt(prompts[number], 12, caller=caller))
            if rng.random() < 0.3:
                cancelled.append(writing)
            written = list(writing)
            is_right = written == texts[number] or (
                writing.reason == "cancelled" and written == texts[number][: len(written)]
            )
            if not is_right:
                wrong.append((thread, number, written, writing.reason))

    def cancel() -> None:
        while not done.wait(0.002):
            while cancelled:
                cancelled.pop().cancel()

    done = threading.Event()
    with staged(model, streams=5, chunk_tokens=50, draft_tokens=3, cache_bytes=1_000_000, waiting=8) as (engine, stage):
        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        cancels = threading.Thread(target=cancel)
        for thread in (*threads, cancels):
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_S)
            assert not thread.is_alive()
        done.set()
        cancels.join(PATIENCE_S)
        assert wrong == []
        assert engine.stats().reused_tokens > 0
        check_at_rest(engine, stage)


@pytest.mark.parametrize("family", [MODEL, "gpt2"])
@pytest.mark.parametrize("token", [-1, VOCABULARY, 2**40])
def test_a_token_that_the_model_does_not_know_is_refused_for_its_asker_alone(family: str, token: int) -> None:
    """It used to fail everything that ran with it, in the model's own lookup."""
    with staged(tiny(family), streams=2) as (engine, stage):
        stage.hold()
        beside = engine.submit(prompt(LONG, 20))
        with pytest.raises(ModelFailed) as refused:
            engine.submit(prompt((*LONG[:5], token, 7), 20))
        assert "does not know" in refused.value.user_message
        stage.go()
        assert list(beside) == text_of(LONG, 20, family)
        check_at_rest(engine, stage)


def test_a_step_that_hangs_is_seen_to_stand_still_and_rest_is_not() -> None:
    with staged(tiny(MODEL)) as (engine, stage):
        engine.submit(prompt(LONG, 2)).wait()
        time.sleep(0.1)
        assert engine.still_s() == 0.0
        stage.hold()
        writing = engine.submit(prompt(LONG, 2))
        assert stage.has_entered.wait(PATIENCE_S)
        before = engine.still_s()
        time.sleep(0.1)
        assert engine.still_s() - before > 0.05
        stage.go()
        writing.wait()
        deadline = time.monotonic() + PATIENCE_S
        while engine.still_s() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert engine.still_s() == 0.0
