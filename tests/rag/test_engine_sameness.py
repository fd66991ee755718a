"""On unquantised models the engine writes exactly what `generate()` writes, whatever it did to be quick."""

from __future__ import annotations

from functools import cache

import pytest
import torch

from rag.engine.blocks import BLOCK
from rag.engine.engine import loops
from rag.engine.sequence import Prompt
from rag.engine.weights import window_of
from rag.types import Caller
from tests.rag.engine_models import FOREIGN, OWN, SLIDING_TOKENS, expected, generated, tiny, tokens_of
from tests.rag.engine_stage import check_at_rest, prompt, staged

LENGTHS = (1, 63, 64, 65, 128, 200)
MOST = 40


@cache
def greedy(family: str, length: int) -> list[int]:
    return generated(tiny(family), tokens_of(length, length), MOST)


SETTINGS = [
    *((family, *setting) for family in OWN for setting in ((16, 0), (50, 3), (512, 0), (512, 7))),
    *((family, 50, 3) for family in FOREIGN),
]


@pytest.mark.parametrize(("family", "chunk_tokens", "draft_tokens"), SETTINGS)
def test_greedy_text_is_that_of_generate_alone_again_and_among_others(
    family: str, chunk_tokens: int, draft_tokens: int
) -> None:
    lengths = LENGTHS if family in OWN else (1, 65, 200)
    prompts = [prompt(tokens_of(length, length), MOST, scope_id="s") for length in lengths]
    wanted = [expected(greedy(family, length), MOST) for length in lengths]
    with staged(tiny(family), chunk_tokens=chunk_tokens, draft_tokens=draft_tokens, streams=6) as (engine, stage):
        for one, (text, reason) in zip(prompts, wanted, strict=True):
            cold, warm = engine.submit(one), engine.submit(one)
            assert (list(cold), cold.reason, cold.reused_tokens) == (text, reason, 0)
            assert (list(warm), warm.reason) == (text, reason)
            again = engine.submit(one)
            assert (list(again), again.reason) == (text, reason)
            assert again.reused_tokens == ((len(one.ids) - 1) // BLOCK * BLOCK if family in OWN else 0)
        stage.hold()
        together = [engine.submit(one) for one in prompts]
        stage.go()
        assert [(list(writing), writing.reason) for writing in together] == wanted
        check_at_rest(engine, stage)


@pytest.mark.parametrize("family", OWN)
def test_a_follow_up_reads_only_what_is_new(family: str) -> None:
    first = tokens_of(1, 150)
    with staged(tiny(family)) as (engine, _):
        answer = list(engine.submit(prompt(first, 60, scope_id="s")))
        follow_up = (*first, *answer, *tokens_of(2, 20))
        second = engine.submit(prompt(follow_up, MOST, scope_id="s"))
        assert list(second) == expected(generated(tiny(family), follow_up, MOST), MOST)[0]
        assert second.reused_tokens == (len(first) + len(answer) - 1) // BLOCK * BLOCK
        assert engine.stats().read_tokens == len(follow_up) - len(answer) + len(first) + len(answer) - 192


@pytest.mark.parametrize("family", OWN + FOREIGN)
def test_an_answer_ends_at_a_stop_token_which_is_not_part_of_it(family: str) -> None:
    text = greedy(family, 65)
    stop_ids = frozenset({text[7]})
    with staged(tiny(family), draft_tokens=3) as (engine, _):
        writing = engine.submit(prompt(tokens_of(65, 65), MOST, stop_ids=stop_ids))
        assert (list(writing), writing.reason) == expected(text, MOST, stop_ids)
        assert writing.reason == "stop" and len(text[: text.index(text[7])]) < MOST


@pytest.mark.parametrize("family", OWN)
@pytest.mark.parametrize("draft_tokens", [7, *(pytest.param(most, marks=pytest.mark.slow) for most in (0, 1, 3))])
def test_guesses_from_a_prompt_full_of_repetition_change_nothing(family: str, draft_tokens: int) -> None:
    model = tiny(family)
    seed = tokens_of(5, 12)
    # The model's own continuation, put into the prompt, is what a quoting answer looks like.
    quoted = (*seed, *generated(model, seed, 60))
    prompts = [seed * 8, quoted * 2 + seed, (7, 8) * 40, (9,) * 70, quoted * 3]
    with staged(model, draft_tokens=draft_tokens, streams=2) as (engine, stage):
        writings = [engine.submit(prompt(ids, 50)) for ids in prompts]
        texts = [list(writing) for writing in writings]
        alone = [list(engine.submit(prompt(ids, 50))) for ids in prompts]
        wanted = [expected(generated(model, ids, 50), 50)[0] for ids in prompts]
        assert texts == wanted and alone == wanted
        stats = engine.stats()
        assert bool(stats.accepted_tokens) == bool(draft_tokens)
        assert stats.accepted_tokens <= stats.drafted_tokens
        check_at_rest(engine, stage)


@pytest.mark.parametrize("family", OWN + FOREIGN)
@pytest.mark.parametrize("chunk_tokens", [16, 512])
def test_scores_and_likelihoods_are_those_of_the_model(family: str, chunk_tokens: int) -> None:
    model, ids = tiny(family), tokens_of(8, 150)
    with torch.inference_mode():
        logits = model(torch.tensor([ids])).logits[0].float()
    likelihoods = logits.log_softmax(-1)[:-1].gather(1, torch.tensor(ids[1:])[:, None])[:, 0]
    with staged(model, chunk_tokens=chunk_tokens) as (engine, _):
        for scored in (0, 1, 20, 149, 20):
            writing = engine.submit(Prompt(ids, caller=Caller("s"), scored=scored)).wait()
            assert writing.scores is not None
            assert torch.allclose(writing.scores, logits[-1], atol=1e-3)
            if scored:
                assert writing.likelihoods is not None
                assert torch.allclose(writing.likelihoods, likelihoods[-scored:], atol=1e-3)


@pytest.mark.parametrize("family", ["sliding mistral", "sliding qwen2"])
def test_a_known_model_with_a_sliding_window_is_right_as_far_as_its_window_goes(family: str) -> None:
    model, ids = tiny(family), tokens_of(4, SLIDING_TOKENS - 12)
    assert window_of(model) == SLIDING_TOKENS
    with staged(model, context_tokens=SLIDING_TOKENS) as (engine, _):
        assert list(engine.submit(prompt(ids, 12))) == expected(generated(model, ids, 12), 12)[0]


def test_a_prompt_may_fill_the_whole_context() -> None:
    ids = tokens_of(3, 480)
    with staged(tiny("qwen3"), draft_tokens=3) as (engine, _):
        writing = engine.submit(prompt(ids, 32))
        assert (list(writing), writing.reason) == expected(generated(tiny("qwen3"), ids, 32), 32)


@pytest.mark.parametrize(
    ("written", "is_loop"),
    [
        ([], False),
        ([5] * 47, False),
        ([5] * 48, True),
        ([1, 2, 3] * 16, True),
        ([1, 2, 3] * 15 + [1, 2], False),
        ([9] + [1, 2, 3] * 16, True),
        ([1, 2, 3] * 16 + [4], False),
        (list(range(16)) * 3, True),
        (list(range(16)) * 2 + list(range(15)), False),
        (list(range(17)) * 6, False),
        ([1, 1, 2] * 15 + [1, 1, 3], False),
    ],
)
def test_only_a_text_that_goes_in_a_short_circle_is_a_loop(written: list[int], is_loop: bool) -> None:
    assert loops(written) is is_loop
