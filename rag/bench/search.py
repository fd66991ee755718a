"""`inhouse bench search`: a large store, made in a minute, and questions through the product's own search.

The texts are made from a seed (`rag.bench.corpus`); their vectors are mixtures of real ones, since making a hundred
thousand would take the better part of an hour. Time depends on neither. What a search asks of each room is timed at the
room's door. The embedding runs beside words and rows, so the parts add up to more than the whole: the rest, which is
the whole less the parts, is then too low, and can fall below zero.
"""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from rag.bench.ceilings import Ceilings
from rag.bench.corpus import CHUNKS_PER_DOCUMENT, Corpus, Made
from rag.bench.figures import Measure, Spread
from rag.bench.goals import Goal
from rag.bench.workloads import passage
from rag.retrieve import Retriever
from rag.store import BATCH, Store
from rag.types import DocumentStatus, Embedder, Location, ParsedFile
from rag.vectors import VectorIndex

MOST_S = 0.040
LARGE, SMALL_SCOPES = "large", 51
WARM_UP = 8
_REAL_VECTORS = 256
_SEED = 71
_WITHIN = 10  # documents
# What belongs to which part; everything else that the store does is looking up rows.
WORDS = frozenset({"ranked", "standing", "holding"})
PARTS = ("embedding", "words", "meaning", "rows")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Question:
    """One search, and the kind of it."""

    kind: str  # "alone" | "history" | "within" | "small"
    scope_id: str
    text: str
    history: tuple[str, ...] = ()
    within: frozenset[int] | None = None


@dataclass(slots=True)
class Clock:
    """Seconds that each part has taken since it was last emptied."""

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def take(self) -> dict[str, float]:
        taken, self.seconds = self.seconds, defaultdict(float)
        return taken


class Timed:
    """A room as it is; whatever is asked of it is timed as the part that ``part_of`` names."""

    def __init__(self, room: Any, part_of: Callable[[str], str], clock: Clock) -> None:
        self._room, self._part_of, self._clock = room, part_of, clock

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._room, name)
        return self._timed(name, value) if callable(value) else value

    def _timed(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **options: Any) -> Any:
            started = time.perf_counter()
            try:
                return work(*args, **options)
            finally:
                self._clock.seconds[self._part_of(name)] += time.perf_counter() - started

        return timed


def timed_rooms(store: Store, vectors: VectorIndex, embedder: Embedder, clock: Clock) -> tuple[Any, Any, Any]:
    """What a `Retriever` is built over, so that it can be told where its time went."""
    return (
        Timed(store, lambda name: "words" if name in WORDS else "rows", clock),
        Timed(vectors, lambda _: "meaning", clock),
        Timed(embedder, lambda _: "embedding", clock),
    )


class Shelf:
    """Fills a store: one scope with so many chunks, and small ones of one document each beside it."""

    def __init__(self, store: Store, vectors: VectorIndex, embedder: Embedder, say: Say) -> None:
        self._store, self._vectors, self._say = store, vectors, say
        self._fingerprint = embedder.fingerprint
        self._real = embedder.embed([passage(4, _SEED + number) for number in range(_REAL_VECTORS)])
        self._draw = np.random.default_rng(_SEED)

    def fill(self, chunks: int) -> list[tuple[int, Made]]:
        """The documents of the large scope, with their ids."""
        corpus, large = Corpus(), []
        count = -(-chunks // CHUNKS_PER_DOCUMENT)
        stride = max(1, count // SMALL_SCOPES)
        for number, made in enumerate(corpus.documents(chunks)):
            large.append((self._put(LARGE, number, made), made))
            if number % stride == 0 and number // stride < SMALL_SCOPES:
                self._put(f"small-{number // stride}", number, corpus.document(CHUNKS_PER_DOCUMENT))
            if number % max(1, count // 10) == 0:
                self._say(f"made {number * CHUNKS_PER_DOCUMENT:,} of {chunks:,} chunks")
        return large

    def _put(self, scope_id: str, number: int, made: Made) -> int:
        sha256 = hashlib.sha256(f"{scope_id}/{number}".encode()).hexdigest()
        document_id = self._store.begin(scope_id, f"{number}", made.name, sha256, 1).document.document_id
        for first in range(0, len(made.texts), BATCH):
            location = Location(page=1 + first, heading_path=(made.heading,))
            self._store.add_chunks(document_id, first, [(text, location) for text in made.texts[first : first + BATCH]])
        self._store.make_searchable(document_id, ParsedFile("text", ()), len(made.texts))
        missing = self._store.without_vector(document_id, self._fingerprint, len(made.texts))
        ids = np.array([chunk.chunk_id for chunk, _ in missing], dtype=np.int64)
        rows = self._mixtures(len(ids))
        self._store.add_vectors(document_id, self._fingerprint, ids, rows)
        self._store.set_status(document_id, DocumentStatus.READY)
        self._vectors.add(ids, rows)
        return document_id

    def _mixtures(self, count: int) -> np.ndarray:
        """Unit rows, each between four real ones; those of one document have two in common."""
        shared = self._draw.integers(len(self._real), size=2)
        own = self._draw.integers(len(self._real), size=(count, 2))
        parts = self._real[np.concatenate([np.tile(shared, (count, 1)), own], axis=1)]
        rows = np.einsum("np,npd->nd", self._draw.dirichlet(np.ones(4), count), parts)
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def questions(large: Sequence[tuple[int, Made]], count: int) -> Iterator[Question]:
    """Conversations of three questions about one document, a fourth in ten documents, and one in a small scope."""
    draw = np.random.default_rng(_SEED)
    for _ in range(-(-count // 5)):
        place = int(draw.integers(len(large)))
        document, made = large[place]
        first, second, third, fourth = (made.questions * 4)[:4]
        some = draw.integers(len(large), size=_WITHIN)
        yield Question("alone", LARGE, first)
        yield Question("history", LARGE, second, (first,))
        yield Question("history", LARGE, third, (first, second))
        yield Question("within", LARGE, fourth, within=frozenset({document, *(large[other][0] for other in some)}))
        yield Question("small", "small-0", f"Tell me: {first}")  # its vector is not known yet


def measure_search(
    retriever: Retriever, clock: Clock, asked: Sequence[Question], ceilings: Ceilings, vector_bytes: int
) -> list[Measure]:
    """``search`` over all that was asked in the large scope, then each kind alone. ``vector_bytes``: of that scope."""
    for question in asked[:WARM_UP]:
        _search(retriever, clock, replace(question, text=f"Please: {question.text}", history=()))
    taken = [(question.kind, _search(retriever, clock, question)) for question in asked]
    kinds = {
        "search": ("questions over all chunks", ("alone", "history", "within")),
        "alone": ("of them without earlier questions", ("alone",)),
        "history": ("with earlier questions", ("history",)),
        "within": ("within a few documents", ("within",)),
        "small": ("in a small scope beside others", ("small",)),
    }
    return [
        _measure(name, title, [times for kind, times in taken if kind in members], ceilings, vector_bytes)
        for name, (title, members) in kinds.items()
    ]


def judge(measures: Mapping[str, Measure]) -> list[Goal]:
    """What a search may take."""
    return [Goal("95th percentile of a search, s", True, MOST_S, float(measures["search"].facts["p95_s"] or 0.0))]


def _search(retriever: Retriever, clock: Clock, question: Question) -> dict[str, float]:
    clock.take()
    started = time.perf_counter()
    retriever.search(question.scope_id, question.text, history=question.history, within=question.within)
    return {"whole": time.perf_counter() - started, **clock.take()}


def _measure(
    name: str, title: str, taken: Sequence[Mapping[str, float]], ceilings: Ceilings, vector_bytes: int
) -> Measure:
    whole = np.array([times["whole"] for times in taken])
    spreads = {part: Spread.of(times.get(part, 0.0) for times in taken) for part in ("whole", *PARTS)}
    rest = [times["whole"] - sum(times.get(part, 0.0) for part in PARTS) for times in taken]
    facts: dict[str, float | int] = {f"p{share}_s": float(np.percentile(whole, share)) for share in (50, 95, 99)}
    if name in ("alone", "history"):  # the others read fewer rows
        rate = vector_bytes / spreads["meaning"].median
        facts["meaning_share_of_read_bandwidth"] = rate / ceilings.best_read_bytes_s
    return Measure(name, title, "s", {**spreads, "rest": Spread.of(rest)}, facts=facts)
