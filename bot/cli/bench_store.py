"""Puts together what `inhouse bench index` and `inhouse bench search` measure: a store in a folder of its own."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.cli.library import checkpoint_dir, say
from bot.settings import Settings
from rag import store as store_module
from rag.database import Database
from rag.ingest import Ingester
from rag.originals import Originals
from rag.retrieve import Retriever
from rag.store import Store
from rag.vectors import VectorIndex

if TYPE_CHECKING:
    from rag.bench.ceilings import Ceilings
    from rag.bench.figures import Measure
    from rag.bench.goals import Goal
    from rag.bench.result import Result
    from rag.embeddings import HuggingFaceEmbedding

MADE = "The texts are made by rule from a seed."
MIXED = f"{MADE} Their vectors are mixtures of real ones; questions are embedded for real."


@dataclass(frozen=True, slots=True)
class Bench:
    """An empty store, and what fills and searches it."""

    folder: Path
    store: Store
    vectors: VectorIndex
    embedder: HuggingFaceEmbedding


def measure_search(settings: Settings, chunks: int, count: int) -> Result:
    """Make a store of so many chunks and ask so many questions. Raises: ModelError, DiskFull."""
    from rag.bench import search

    def measure(bench: Bench, ceilings: Ceilings) -> tuple[list[Measure], list[Goal]]:
        large = search.Shelf(bench.store, bench.vectors, bench.embedder, say).fill(chunks)
        clock = search.Clock()
        retriever = Retriever(*search.timed_rooms(bench.store, bench.vectors, bench.embedder, clock))
        asked = list(search.questions(large, count))
        say(f"asking {len(asked)} questions")
        found = search.measure_search(retriever, clock, asked, ceilings, chunks * bench.embedder.dimension * 4)
        return found, search.judge({measure.name: measure for measure in found})

    return _measured("search", settings, {"chunks": chunks, "questions": count}, measure, MIXED)


def measure_index(settings: Settings, chunks: int, repeats: int) -> Result:
    """Read texts of about so many chunks, each also by plain encoding. Raises: ModelError, DiskFull."""
    from rag.bench.index import IndexBench, PlainEncoder, judge

    def measure(bench: Bench, ceilings: Ceilings) -> tuple[list[Measure], list[Goal]]:
        ingester = Ingester(bench.store, bench.vectors, bench.embedder, Originals(bench.folder / "originals"))
        plain = PlainEncoder(bench.embedder.folder)
        try:
            found = IndexBench(ingester, bench.store, bench.embedder, plain.encode, say).run(chunks, repeats)
        finally:
            plain.close()
        return found, judge(found[0])

    return _measured("index", settings, {"chunks": chunks, "repeats": repeats}, measure, MADE)


def _measured(
    name: str,
    settings: Settings,
    sizes: dict[str, int],
    measure: Callable[[Bench, Ceilings], tuple[list[Measure], list[Goal]]],
    remark: str,
) -> Result:
    from rag.llms import machine

    started = time.perf_counter()
    threads = machine.set_up_machine(settings.threads)
    from rag.bench.ceilings import measure_ceilings
    from rag.bench.load import busy_cores, remark_on
    from rag.bench.result import Result

    say("measuring the machine")
    busy = busy_cores()
    ceilings = measure_ceilings(threads)
    with _open(settings) as bench:
        found, goals = measure(bench, ceilings)
        facts: dict[str, Any] = {"cores": machine.usable_cores(), "avx512_bf16": machine.has_avx512_bf16()}
        return Result(
            facts | {"busy_cores": round(busy, 1)},
            ceilings,
            time.perf_counter() - started,
            model=bench.embedder.name,
            settings=sizes,
            measures={each.name: each for each in found},
            goals=tuple(goals),
            remarks=tuple(filter(None, [remark, remark_on(busy)])),
            bench=name,
        )


@contextmanager
def _open(settings: Settings) -> Iterator[Bench]:
    from rag.embeddings import HuggingFaceEmbedding

    embedder = HuggingFaceEmbedding(model=settings.embedding_model, cache_dir=checkpoint_dir(settings))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="inhouse-bench-")))
        database = stack.enter_context(Database(folder / "bench.db", [store_module.MIGRATIONS]))
        yield Bench(folder, Store(database), VectorIndex(embedder.dimension, embedder.fingerprint), embedder)
