"""Five hundred random afternoons of an engine: whoever comes, goes or is forgotten, nobody's text depends on others."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial

import pytest

from rag.engine.blocks import BLOCK
from rag.engine.engine import Engine
from rag.engine.sequence import Prompt, Writing
from rag.errors import ModelBusy, ModelFailed
from rag.types import Caller
from tests.rag.engine_models import OWN, expected, generated, tiny, tokens_of
from tests.rag.engine_stage import PATIENCE_S, Stage, check_at_rest, is_empty, staged

CASES = 125  # of each family
MOST = 24
SCOPES = ("", "a", "b", "c")


@cache
def texts(family: str) -> list[tuple[tuple[int, ...], list[int]]]:
    """Prompts that share beginnings, with what the model writes to each; some go on from another's answer."""
    rng, model = random.Random(family), tiny(family)
    bases = [(*tokens_of(number, 80), *tokens_of(100 + number, 130)) for number in (1, 1, 2, 3)]
    prompts = [tokens_of(number, length) for number, length in enumerate((1, 2, 63, 64, 65, 128))]
    for number in range(16):
        base = bases[number % 4]
        prompts.append((*base[: rng.choice((10, 64, 80, 128, 200))], *tokens_of(200 + number, rng.randint(1, 50))))
    prompts += [(*tokens_of(400, BLOCK) * times, 5) for times in (2, 3)] * 2  # the same words again are not the same
    known = [(ids, generated(model, ids, MOST)) for ids in prompts]
    follow_ups = [(*ids, *answer, *tokens_of(300, 9)) for ids, answer in known[-6:]]
    return known + [(ids, generated(model, ids, MOST)) for ids in follow_ups]


@dataclass(slots=True)
class Asked:
    """A prompt of the afternoon, and what became of it."""

    prompt: Prompt
    greedy: list[int]
    writing: Writing | None = None  # None: refused, or never asked
    is_cancelled: bool = False

    def check(self) -> None:
        """Its text is its own, to the last token."""
        assert self.writing is not None
        written, reason = list(self.writing), self.writing.reason
        wanted = expected(self.greedy, self.prompt.max_tokens, self.prompt.stop_ids)
        if reason == "cancelled":
            assert self.is_cancelled
        elif reason == "deadline":
            assert self.prompt.caller.deadline_s is not None
        elif self.prompt.max_tokens:
            assert (written, reason) == wanted
        else:
            assert self.writing.scores is not None and int(self.writing.scores.argmax()) == self.greedy[0]
        assert written == wanted[0][: len(written)]


@dataclass(slots=True)
class Afternoon:
    """What happens at which call of the model; all of it in the engine's own thread, so that a seed says all."""

    engine: Engine
    stage: Stage
    asked: list[Asked]
    acts: list[tuple[int, Callable[[], None]]] = field(default_factory=list)
    errands: list[threading.Thread] = field(default_factory=list)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, asked: Asked) -> None:
        try:
            asked.writing = self.engine.submit(asked.prompt)
        except ModelBusy:
            return
        except ModelFailed:
            assert len(asked.prompt.ids) + asked.prompt.max_tokens > self.engine.limits.context_tokens

    def cancel(self, asked: Asked) -> None:
        if asked.writing is not None:
            asked.is_cancelled = True
            asked.writing.cancel()

    def forget(self, scope_id: str | None) -> None:
        """Begun in a thread, because it waits; it is in the engine's hands before this returns."""
        before = len(self.engine._errands)
        target = self.engine.clear if scope_id is None else partial(self.engine.forget, scope_id)
        thread = threading.Thread(target=target)
        thread.start()
        self.errands.append(thread)
        while thread.is_alive() and len(self.engine._errands) == before:
            time.sleep(0.0001)

    def act(self, number: int) -> bool:
        """Whatever is due at this call."""
        with self.guard:
            due = [act for act in self.acts if act[0] <= number]
            self.acts = [act for act in self.acts if act[0] > number]
        for _, act in due:
            act()
        return bool(due)

    def run(self) -> None:
        self.stage.before = self.act
        while self.acts:
            first = min(number for number, _ in self.acts)
            if not any(asked.writing is not None and not asked.writing.reason for asked in self.asked):
                self.act(first)  # nothing runs that would bring the time
            time.sleep(0.0002)
        for asked in self.asked:
            if asked.writing is not None:
                asked.check()
        for errand in self.errands:
            errand.join(PATIENCE_S)
            assert not errand.is_alive()


def planned(rng: random.Random, engine: Engine, stage: Stage, family: str) -> Afternoon:
    """An afternoon as the dice have it."""
    plan = Afternoon(engine, stage, [])
    for _ in range(rng.randint(2, 8)):
        ids, greedy = rng.choice(texts(family))
        caller = Caller(
            *(rng.choice(SCOPES), rng.choice("xyz"), rng.choice("12"), rng.random() < 0.25),
            rng.choice((None, None, None, None, None, 60.0, 0.0, 0.02)),
        )
        stop_ids = frozenset({rng.choice(greedy)}) if rng.random() < 0.2 else frozenset()
        most = 0 if rng.random() < 0.1 else rng.randint(1, MOST)
        public = rng.choice((0, 0, min(80, len(ids)), len(ids)))
        asked = Asked(Prompt(ids, most, stop_ids, caller, public), greedy)
        plan.asked.append(asked)
        arrival = rng.choice((0, 0, rng.randint(0, 25)))
        plan.acts.append((arrival, partial(plan.ask, asked)))
        if rng.random() < 0.25:
            plan.acts.append((arrival + rng.choice((0, 1, 2, 8, 20)), partial(plan.cancel, asked)))
    for _ in range(rng.choice((0, 0, 1, 2))):
        scope_id = rng.choice((*SCOPES, None))
        plan.acts.append((rng.randint(1, 30), partial(plan.forget, scope_id)))
    plan.acts.sort(key=lambda act: act[0])
    return plan


@pytest.mark.parametrize("family", OWN)
@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.slow) for part in range(1, 5))])
def test_nobodys_text_depends_on_others(family: str, part: int) -> None:
    for seed in range(part * CASES // 5, (part + 1) * CASES // 5):
        rng = random.Random(f"{family} {seed}")
        with staged(
            tiny(family),
            streams=rng.randint(1, 6),
            waiting=rng.choice((2, 64)),
            chunk_tokens=rng.choice((16, 50, 512)),
            stall_s=rng.choice((0.0, 10.0)),
            draft_tokens=rng.choice((0, 0, 3, 7)),
            cache_bytes=rng.choice((1, 1, 700_000, 4_000_000)),
            context_tokens=rng.choice((256, 320, 512)),
        ) as (engine, stage):
            plan = planned(rng, engine, stage, family)
            plan.run()
            check_at_rest(engine, stage)
            check_reuse(plan.asked)
            check_forgetting(engine, stage, rng.choice(SCOPES[1:]))


def check_reuse(asked: list[Asked]) -> None:
    """Nobody was given more than was read for the scope itself, or is everybody's."""
    heard = [one for one in asked if one.writing is not None]
    for one in heard:
        assert one.writing is not None and one.writing.reused_tokens < len(one.prompt.ids)
        most = max((_allowed(one.prompt, other) for other in heard if other is not one), default=0)
        assert one.writing.reused_tokens <= most // BLOCK * BLOCK


def check_forgetting(engine: Engine, stage: Stage, scope_id: str) -> None:
    engine.forget(scope_id)
    assert all(kept.scope_id != scope_id for kept in engine._blocks._kept.values())
    check_at_rest(engine, stage)
    engine.clear()
    assert engine.stats().kept_tokens == 0
    assert is_empty(stage, range(engine._blocks.count))


def _allowed(prompt: Prompt, other: Asked) -> int:
    """Tokens at the beginning that a prompt may have from another one."""
    theirs = (*other.prompt.ids, *other.greedy)
    same = next((at for at, pair in enumerate(zip(prompt.ids, theirs, strict=False)) if pair[0] != pair[1]), None)
    shared = min(len(prompt.ids), len(theirs)) if same is None else same
    if prompt.caller.scope_id == other.prompt.caller.scope_id:
        return shared
    return min(shared, prompt.public_tokens, other.prompt.public_tokens)
