"""What is chosen for a model on a machine, and that each wish is kept."""

from __future__ import annotations

from dataclasses import asdict, fields

import pytest

from rag.engine.limits import Facts, Limits, Size, Wishes, choose
from rag.llms.catalogue import EMBEDDED, MODELS

GB = 10**9
QWEN_600M, QWEN_2B, QWEN_4B, QWEN_8B = (
    Size(entry.weights_bytes, entry.kv_bytes_per_token, 32_768) for entry in MODELS[1:5]
)
GEMMA = Size(1_500_000_000, 26 * 1024, 32_768, shares_steps=False)
DESK, SERVER, TINY = Facts(2, 20 * GB), Facts(32, 200 * GB), Facts(1, GB)
OLD = Facts(4, 20 * GB, has_bf16=False)
CARD = Facts(16, 20 * GB, on_gpu=True)


@pytest.mark.parametrize(
    ("facts", "size", "expected"),
    [
        (DESK, EMBEDDED, {"streams": 8, "workers": 2, "threads": 2, "chunk_tokens": 512, "draft_tokens": 3}),
        (DESK, QWEN_600M, {"streams": 8, "workers": 1, "chunk_tokens": 256}),
        (DESK, QWEN_2B, {"streams": 8, "workers": 1, "chunk_tokens": 64}),
        (DESK, QWEN_4B, {"streams": 4, "workers": 1, "chunk_tokens": 64}),
        (DESK, QWEN_8B, {"streams": 1, "workers": 1}),
        (SERVER, EMBEDDED, {"streams": 32, "workers": 32, "threads": 32}),
        (SERVER, QWEN_8B, {"streams": 32, "workers": 1}),
        (TINY, EMBEDDED, {"streams": 8, "workers": 1, "threads": 1}),
        (OLD, EMBEDDED, {"streams": 8, "workers": 1}),  # unpacked once for all rows, through PyTorch
        (OLD, GEMMA, {"streams": 1, "workers": 1}),
        (DESK, GEMMA, {"streams": 3, "workers": 1}),
        (CARD, QWEN_8B, {"streams": 32, "workers": 1, "chunk_tokens": 2048, "draft_tokens": 0}),
        (CARD, GEMMA, {"streams": 8}),
    ],
)
def test_what_is_chosen_fits_the_machine(facts: Facts, size: Size, expected: dict[str, int]) -> None:
    chosen = asdict(choose(facts, size))
    assert {name: chosen[name] for name in expected} == expected
    assert chosen["stall_s"] == 0.25 and chosen["waiting"] >= 8 * chosen["streams"]


def test_the_cache_holds_eight_long_threads_where_there_is_room() -> None:
    assert choose(DESK, EMBEDDED).cache_bytes == 8 * 4096 * EMBEDDED.kv_bytes_per_token


def test_the_cache_takes_a_quarter_of_the_memory_at_most() -> None:
    assert choose(Facts(2, 2 * GB), EMBEDDED).cache_bytes == GB // 2


def test_the_cache_of_a_gpu_takes_more_of_what_is_left() -> None:
    assert choose(Facts(8, 4 * GB, on_gpu=True), QWEN_8B).cache_bytes == int(0.6 * 4 * GB)


@pytest.mark.parametrize("memory_bytes", [0, 10**8, 5 * 10**8, GB, 3 * GB, 100 * GB])
@pytest.mark.parametrize("size", [EMBEDDED, QWEN_4B, Size(GB, 0, 4096)])
@pytest.mark.parametrize("on_gpu", [False, True])
def test_no_limit_exceeds_another(memory_bytes: int, size: Size, on_gpu: bool) -> None:
    limits = choose(Facts(2, memory_bytes, on_gpu=on_gpu), size)
    assert limits.context_tokens * size.kept_bytes <= limits.cache_bytes
    assert limits.streams * 1024 * size.kept_bytes <= limits.cache_bytes
    assert 1 <= limits.workers <= limits.streams
    assert min(limits.context_tokens, limits.chunk_tokens, limits.threads) >= 1
    assert limits.context_tokens <= size.window_tokens


def test_one_whole_prompt_is_held_before_a_quarter_is_kept_to() -> None:
    limits = choose(Facts(2, 3 * GB), QWEN_4B)
    assert limits.context_tokens == 8192 and limits.cache_bytes == 8192 * QWEN_4B.kv_bytes_per_token


def test_a_model_with_a_short_window_keeps_to_it() -> None:
    assert choose(DESK, Size(GB, 1024, 2048)).context_tokens == 2048
    assert choose(DESK, Size(GB, 1024, 2048), Wishes(context_tokens=4096)).context_tokens == 2048


@pytest.mark.parametrize("field", [field.name for field in fields(Wishes)])
def test_each_wish_is_kept(field: str) -> None:
    wanted = {"cache_bytes": 900_000_000, "context_tokens": 700}.get(field, 5)
    assert getattr(choose(DESK, EMBEDDED, Wishes(**{field: wanted})), field) == wanted


def test_none_may_be_wished_for() -> None:
    limits = choose(DESK, EMBEDDED, Wishes(waiting=0, draft_tokens=0))
    assert (limits.waiting, limits.draft_tokens) == (0, 0)


def test_a_wish_for_less_cache_shortens_the_prompt() -> None:
    limits = choose(DESK, EMBEDDED, Wishes(cache_bytes=2000 * EMBEDDED.kv_bytes_per_token))
    assert isinstance(limits, Limits) and limits.context_tokens == 2000 and limits.streams == 1


def test_the_families_are_those_that_the_engine_runs() -> None:
    from rag.engine import limits, weights

    assert limits.FAMILIES == weights.FAMILIES
