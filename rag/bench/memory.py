"""Memory over many requests: it has to stay where it was once what is kept has filled up."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import psutil

from rag.bench.figures import Fact, Measure, Spread
from rag.bench.rig import Rig
from rag.bench.written import OURS
from rag.types import Caller

SEED = 61
FULL = 0.9  # of what is kept: the rest is held by those who are answered
_AT_ONCE = 4
_SAMPLES = 10


def measure_memory(rig: Rig) -> list[Measure]:
    """``memory``: resident megabytes of the whole process over the requests.

    ``grown_late_mb``: from when what is kept has filled up; None where it did not, which takes more ``--requests``.
    """
    sizes = rig.sizes
    before_mb = resident_mb()
    share = max(1, sizes.requests // _SAMPLES)
    samples: list[float] = []
    late: list[float] = []
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for begin in range(0, share * _SAMPLES, share):
            rig.say(f"memory: {begin} of {share * _SAMPLES} requests")
            list(pool.map(lambda number: _ask(rig, number), range(begin, begin + share)))
            samples.append(resident_mb())
            stats = rig.engine.stats()
            if late or stats.kept_tokens >= FULL * stats.cache_tokens:
                late.append(samples[-1])
    facts: dict[str, Fact] = {
        "requests": share * _SAMPLES,
        "before_mb": before_mb,
        "after_mb": samples[-1],
        "grown_mb": samples[-1] - before_mb,
        "grown_late_mb": late[-1] - late[0] if len(late) > 1 else None,
        "pool_mb": stats.cache_tokens * rig.weights.kv_bytes_per_token / 1e6,
        "kept_tokens": stats.kept_tokens,
    }
    title = f"resident memory over {share * _SAMPLES} requests"
    return [Measure("memory", title, "MB", {OURS: Spread.of(samples)}, facts=facts)]


def resident_mb() -> float:
    """Of this process, millions of bytes."""
    return float(psutil.Process().memory_info().rss) / 1e6


def _ask(rig: Rig, number: int) -> None:
    draw = random.Random(SEED + number)
    ids = rig.prompts.prompt(draw.randint(50, 400), SEED + number)
    caller = Caller(scope_id=f"bench-{number % 7}", user=f"user-{number % 5}", thread=f"thread-{number % 11}")
    rig.ours.go_on(ids, rig.sizes.request_answer, caller)
