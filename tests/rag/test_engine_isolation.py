"""What was read for one scope is never another's, and once forgotten it is gone from memory too."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import pytest
import torch

from rag.engine.blocks import BLOCK, Blocks, seals_of
from tests.rag.engine_models import expected, generated, tiny, tokens_of
from tests.rag.engine_stage import PATIENCE_S, Stage, check_at_rest, is_empty, prompt, staged

LONG = tokens_of(1, 3 * BLOCK + 10)
OTHER = tokens_of(2, 2 * BLOCK + 5)


def rows_of(stage: Stage, blocks: Iterable[int]) -> torch.Tensor:
    """The last layer's keys within some blocks, one row a token. Shape: (tokens of all groups, width).

    The first layer's say no more than token and place, and so are the same in many texts.
    """
    keys = stage.runner._pool.keys[-1][:, list(blocks)]
    return keys.transpose(-1, -2).reshape(-1, keys.shape[-2]).clone()


def holds_any(stage: Stage, rows: torch.Tensor) -> bool:
    """Whether a single one of these rows is anywhere in the pool."""
    everything = {row.numpy().tobytes() for row in rows_of(stage, range(stage.blocks))}
    return any(row.numpy().tobytes() in everything for row in rows if row.any())


def test_two_scopes_with_the_same_prompt_share_nothing() -> None:
    with staged(tiny("llama")) as (engine, _):
        first = engine.submit(prompt(LONG, 5, scope_id="a")).wait()
        second = engine.submit(prompt(LONG, 5, scope_id="b")).wait()
        again = engine.submit(prompt(LONG, 5, scope_id="b")).wait()
        assert (first.reused_tokens, second.reused_tokens, again.reused_tokens) == (0, 0, 3 * BLOCK)


def test_a_scope_that_reads_beside_another_shares_nothing_either() -> None:
    with staged(tiny("llama"), chunk_tokens=16) as (engine, stage):
        stage.hold()
        writings = [engine.submit(prompt(LONG, 5, scope_id=scope_id)) for scope_id in "abab"]
        stage.go()
        assert len({tuple(writing) for writing in writings}) == 1
        assert engine.submit(prompt(LONG, 5, scope_id="c")).wait().reused_tokens == 0
        check_at_rest(engine, stage)


def test_the_products_own_words_are_shared_as_far_as_they_go() -> None:
    with staged(tiny("llama")) as (engine, _):
        own = LONG[: 2 * BLOCK + 7]
        first = (*own, *tokens_of(3, 80))
        second = (*own, *tokens_of(4, 80))
        engine.submit(prompt(first, 5, scope_id="a", public=len(own))).wait()
        assert engine.submit(prompt(second, 5, scope_id="b", public=len(own))).wait().reused_tokens == 2 * BLOCK
        assert engine.submit(prompt(first, 5, scope_id="b", public=len(own))).wait().reused_tokens == 2 * BLOCK
        assert engine.submit(prompt(first, 5, scope_id="a", public=len(own))).wait().reused_tokens == 3 * BLOCK
        assert engine.submit(prompt(first, 5, scope_id="c", public=0)).wait().reused_tokens == 0


def test_a_caller_without_a_scope_is_a_scope_of_its_own() -> None:
    """What was read for nobody in particular had the seals of the product's own words."""
    with staged(tiny("llama")) as (engine, _):
        engine.submit(prompt(LONG, 5)).wait()
        assert engine.submit(prompt(LONG, 5, scope_id="a", public=len(LONG))).wait().reused_tokens == 0


def test_public_words_outlive_the_scope_that_read_them_first() -> None:
    with staged(tiny("llama")) as (engine, _):
        engine.submit(prompt(LONG, 5, scope_id="a", public=BLOCK)).wait()
        engine.forget("a")
        assert engine.submit(prompt(LONG, 5, scope_id="b", public=BLOCK)).wait().reused_tokens == BLOCK


def test_forgetting_a_scope_leaves_not_one_row_of_it_in_memory() -> None:
    with staged(tiny("llama")) as (engine, stage):
        engine.submit(prompt(OTHER, 5, scope_id="b")).wait()
        others = rows_of(stage, engine._blocks._idle)
        engine.submit(prompt(LONG, 70, scope_id="a")).wait()
        known = [block for block, kept in engine._blocks._kept.items() if kept.scope_id == "a"]
        canary = rows_of(stage, known)
        assert len(known) >= 3 and holds_any(stage, canary)
        engine.forget("a")
        assert not holds_any(stage, canary)
        assert is_empty(stage, known)
        assert holds_any(stage, others)
        assert engine.submit(prompt(LONG, 5, scope_id="a")).wait().reused_tokens == 0
        assert engine.submit(prompt(OTHER, 5, scope_id="b")).wait().reused_tokens == 2 * BLOCK


def test_an_answer_that_ends_takes_what_was_not_to_be_kept_with_it() -> None:
    """Its last block is not full, so that nothing would ever find it again."""
    with staged(tiny("llama")) as (engine, stage):
        seen: list[torch.Tensor] = []
        stage.before = lambda number: seen.append(rows_of(stage, [engine._running[0].table[-1]]))
        engine.submit(prompt(LONG, 5, scope_id="a")).wait()
        assert holds_any(stage, seen[-1]) is False
        check_at_rest(engine, stage)


@pytest.mark.parametrize("call", [1, 4, 16, 20])
def test_forgetting_while_an_answer_runs_keeps_nothing_of_it(call: int) -> None:
    """While its prompt is read, and while it is written; its own text is as if nothing had happened."""
    with staged(tiny("llama"), chunk_tokens=16) as (engine, stage):
        forgetting = threading.Thread(target=engine.forget, args=("a",))
        seen: list[torch.Tensor] = []

        def before(number: int) -> None:
            if number == call:
                forgetting.start()
            elif number == call + 3:
                seen.append(rows_of(stage, engine._running[0].table))

        stage.before = before
        writing = engine.submit(prompt(LONG, 30, scope_id="a"))
        assert list(writing) == expected(generated(tiny("llama"), LONG, 30), 30)[0]
        forgetting.join(PATIENCE_S)
        assert seen and seen[0].any() and not holds_any(stage, seen[0])
        assert engine.stats().kept_tokens == 0
        assert engine.submit(prompt(LONG, 5, scope_id="a")).wait().reused_tokens == 0


def test_a_prompt_that_waits_while_its_scope_is_forgotten_leaves_nothing_either() -> None:
    """It was asked before, so it may hold what was deleted; it was read, and kept, afterwards."""
    with staged(tiny("llama"), streams=1) as (engine, stage):
        stage.hold()
        running = engine.submit(prompt(OTHER, 5, scope_id="b"))
        assert stage.has_entered.wait(PATIENCE_S)
        waiting = engine.submit(prompt(LONG, 5, scope_id="a"))
        forgetting = threading.Thread(target=engine.forget, args=("a",))
        forgetting.start()
        while not engine._errands:
            pass
        stage.go()
        forgetting.join(PATIENCE_S)
        assert list(waiting) == expected(generated(tiny("llama"), LONG, 5), 5)[0]
        running.wait()
        assert engine.submit(prompt(LONG, 5, scope_id="a")).wait().reused_tokens == 0


def test_clearing_empties_the_whole_pool() -> None:
    with staged(tiny("llama")) as (engine, stage):
        for scope_id in "abc":
            engine.submit(prompt(LONG, 5, scope_id=scope_id, public=BLOCK)).wait()
        assert engine.stats().kept_tokens > 0 and not is_empty(stage, range(stage.blocks))
        engine.clear()
        assert engine.stats().kept_tokens == 0 and is_empty(stage, range(stage.blocks))


def test_what_was_used_longest_ago_goes_first_and_its_end_before_its_beginning() -> None:
    wiped: list[int] = []
    blocks = Blocks(4, wiped.extend)
    seals = seals_of(range(3 * BLOCK), "a", 0)
    table = [blocks.take() for _ in range(3)]
    for block, seal in zip(table, seals, strict=True):
        blocks.seal(block, seal, "a")
    blocks.release(table)
    assert blocks.available == 4 and blocks.match(seals) == (3, 3)
    blocks.take()
    blocks.take()
    assert blocks.match(seals) == (2, 2) and wiped == [table[2]]


def test_a_block_that_is_in_use_is_never_given_up() -> None:
    blocks = Blocks(3, lambda _: None)
    seals = seals_of(range(2 * BLOCK), "a", 0)
    table = [blocks.take(), blocks.take()]
    for block, seal in zip(table, seals, strict=True):
        blocks.seal(block, seal, "a")
    second = blocks.take_known(seals)
    blocks.release(table)
    assert second == table and blocks.available == 1 and blocks.take() not in table
    blocks.release(second)
    assert blocks.available == 2


def test_a_seal_says_everything_before_it_and_whose_it_is() -> None:
    ids = tokens_of(5, 4 * BLOCK)
    seals = seals_of(ids, "a", 0)
    changed = (ids[0] + 1, *ids[1:])
    assert not set(seals) & set(seals_of(changed, "a", 0))
    assert not set(seals) & set(seals_of(ids, "b", 0))
    assert seals_of(ids, "a", 2 * BLOCK + 1)[:2] == seals_of(ids, "b", 2 * BLOCK)[:2]
    assert seals_of(ids, "a", 2 * BLOCK)[2:] != seals_of(ids, "b", 2 * BLOCK)[2:]
    assert seals_of(ids, "a", 0, seals[:2]) == seals
    assert len(seals_of(ids[:-1], "a", 0)) == 3
