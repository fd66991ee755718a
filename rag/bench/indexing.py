"""Writing an answer while an upload is indexed beside it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from rag.bench import workloads
from rag.bench.figures import Measure, Spread
from rag.bench.rig import Rig
from rag.bench.written import OURS, Writer

SEED = 53
SENTENCES_PER_CHUNK = 13 / 6  # measured
_PROMPT_TOKENS = 200
ALONE, BESIDE = f"{OURS}_alone", f"{OURS}_beside_indexing"


def measure_indexing(rig: Rig) -> list[Measure]:
    """``indexing``: tokens per second alone and beside an upload, and how long the upload takes alone and beside.

    The upload goes the product's whole way: parsed, split, stored, embedded by threads that give way.
    """
    sizes = rig.sizes
    texts = [workloads.passage(int(sizes.chunks * SENTENCES_PER_CHUNK), SEED + number) for number in range(2)]
    rig.index(workloads.passage(20, SEED))
    with rig.without_lookup() as plain:  # the pace then is that of the model, not of the text
        alone = [_rate(rig, plain) for _ in range(2 * sizes.repeats)]
        rig.say(f"indexing about {sizes.chunks} chunks alone")
        chunks, alone_s = _timed(rig, texts[0])
        rig.say(f"writing beside the indexing of about {sizes.chunks} chunks")
        beside, beside_s = _beside(rig, plain, texts[1])
    measure = Measure(
        "indexing",
        f"writing while {chunks} chunks are indexed beside",
        "tok/s",
        {ALONE: Spread.of(alone), BESIDE: Spread.of(beside)},
    )
    facts = {"share_kept": measure.ratio(BESIDE, ALONE), "indexing_alone_s": alone_s, "indexing_beside_s": beside_s}
    return [Measure(measure.name, measure.title, measure.unit, measure.spreads, facts=facts)]


def _beside(rig: Rig, plain: Writer, text: str) -> tuple[list[float], float]:
    """Rates of the answers that were written while the indexing ran, and its seconds."""
    rates: list[float] = []
    with ThreadPoolExecutor(1) as pool:
        indexing = pool.submit(_timed, rig, text)
        while not indexing.done():
            rate = _rate(rig, plain)
            if not (rates and indexing.done()):  # one that outlived the indexing was partly alone
                rates.append(rate)
        return rates, indexing.result()[1]


def _timed(rig: Rig, text: str) -> tuple[int, float]:
    """How many chunks, and seconds."""
    started = time.perf_counter()
    chunks = rig.index(text)
    return chunks, time.perf_counter() - started


def _rate(rig: Rig, plain: Writer) -> float:
    return plain.write(rig.prompts.prompt(_PROMPT_TOKENS, SEED), rig.sizes.beside_answer).write_rate
