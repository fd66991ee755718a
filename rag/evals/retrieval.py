"""How well the search ranks, and how well its signals tell that nothing there answers, over public sets.

XQuAD (SQuAD format): every article becomes a file with a name that says nothing, every paragraph a
page; a question's right page is its own. mtRAG-UN: conversations over a pool of passages, some of
which cannot be answered from it. Sources: ../shared/facts/retrieval.md for the bars.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rag.database import Database
from rag.ingest import Ingester
from rag.originals import Originals
from rag.retrieve import Retrieval, Retriever, Weights
from rag.store import MIGRATIONS, Store
from rag.types import Block, Embedder, Location, ParsedFile
from rag.vectors import VectorIndex

SCOPE = "evaluation"


@dataclass(frozen=True, slots=True)
class File:
    """A file to search, and its pages."""

    name: str
    pages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A question, those before it, and the places (file name, page from 1) that answer it: none, if none does."""

    text: str
    history: tuple[str, ...]
    places: frozenset[tuple[str, int]]
    group: str  # what must not lie on both sides of a split: an article, a conversation

    @property
    def is_dev(self) -> bool:
        """Half of the groups, on which thresholds are chosen; the other half is only ever measured."""
        return hashlib.sha256(self.group.encode()).digest()[0] % 2 == 0


@dataclass(frozen=True, slots=True)
class Ranking:
    """Means over ``n`` questions; a place counts once, at its best rank."""

    n: int
    ndcg_at_10: float
    recall_at_5: float


@dataclass(frozen=True, slots=True)
class Signal:
    """What the search said of one question, and whether anything there answers it."""

    is_answerable: bool
    is_dev: bool
    top_cosine: float
    coverage: float

    def combined(self, coverage_weight: float) -> float:
        """The value that a gate compares with its threshold."""
        return self.top_cosine + coverage_weight * self.coverage


@dataclass(frozen=True, slots=True)
class GateRates:
    """A gate at one threshold: shares of the answerable that it refuses, and of the others that it lets pass."""

    threshold: float
    false_refusals: float
    false_answers: float


def read_squad(path: Path) -> tuple[list[File], list[Question]]:
    """A SQuAD-format file as files and questions."""
    files, questions = [], []
    for number, article in enumerate(json.loads(path.read_text(encoding="utf-8"))["data"]):
        name = f"file-{number:02d}.txt"
        files.append(File(name, tuple(paragraph["context"] for paragraph in article["paragraphs"])))
        for page, paragraph in enumerate(article["paragraphs"], 1):
            place = frozenset({(name, page)})
            questions += [Question(asked["question"], (), place, name) for asked in paragraph["qas"]]
    return files, questions


def read_mtrag(folder: Path) -> tuple[list[File], list[Question]]:
    """mtRAG-UN: pages are pooled passages, by document; questions are those that are plainly answerable or not."""
    pages: dict[str, list[tuple[str, str]]] = {}
    for line in (folder / "passages.jsonl").read_text(encoding="utf-8").splitlines():
        passage = json.loads(line)
        name = "".join(passage["id"].rsplit("-", 2)[:1])
        pages.setdefault(name, []).append((passage["id"], f"{passage['title']}\n{passage['text']}".strip()))
    places = {key: (name, page) for name, kept in pages.items() for page, (key, _) in enumerate(kept, 1)}
    files = [File(name, tuple(text for _, text in kept)) for name, kept in pages.items()]
    right = _relevant(folder / "qrels")
    questions = []
    for line in (folder / "tasks.jsonl").read_text(encoding="utf-8").splitlines():
        task = json.loads(line)
        if task["answerability"][0] in ("ANSWERABLE", "UNANSWERABLE"):
            turns = [turn["text"] for turn in task["input"] if turn["speaker"] == "user"]
            is_answerable = task["answerability"][0] == "ANSWERABLE"
            found = right.get(task["task_id"], ()) if is_answerable else ()
            known = frozenset(places[key] for key in found if key in places)
            if known or not is_answerable:
                questions.append(Question(turns[-1], tuple(turns[:-1]), known, task["conversation_id"]))
    return files, questions


def _relevant(folder: Path) -> dict[str, list[str]]:
    relevant: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*.tsv")):
        for line in path.read_text(encoding="utf-8").splitlines()[1:]:
            task, passage, _ = line.split("\t")
            relevant.setdefault(task, []).append(passage)
    return relevant


class Library:
    """Files, read by the product's own rooms into a store of their own."""

    def __init__(self, database: Database, folder: Path, embedder: Embedder, weights: Weights | None = None) -> None:
        self.store = Store(database)
        vectors = VectorIndex(embedder.dimension, embedder.fingerprint)
        self._file = File("", ())
        self._ingester = Ingester(self.store, vectors, embedder, Originals(folder / "originals"), parse=self._parse)
        self.retriever = Retriever(self.store, vectors, embedder, weights=weights)
        self.ids: dict[str, int] = {}

    def add(self, files: Iterable[File]) -> None:
        """Read files in."""
        for file in files:
            self._file = file
            data = json.dumps([file.name, *file.pages]).encode()
            self.ids[file.name] = self._ingester.ingest(SCOPE, file.name, file.name, data).document.document_id

    def ask(self, question: Question, *, without: Iterable[str] = (), limit: int = 30) -> Retrieval:
        """Search for a question, in all files but some."""
        hidden = set(without)
        within = frozenset(key for name, key in self.ids.items() if name not in hidden) if hidden else None
        return self.retriever.search(SCOPE, question.text, history=question.history, within=within, limit=limit)

    def _parse(self, path: Path, name: str, *, progress: object = None) -> ParsedFile:
        blocks = (Block(text, Location(page=page)) for page, text in enumerate(self._file.pages, 1))
        return ParsedFile("text", tuple(blocks), page_count=len(self._file.pages))


@contextmanager
def open_library(
    folder: Path, files: Iterable[File], embedder: Embedder, weights: Weights | None = None
) -> Iterator[Library]:
    """A library in ``folder`` with ``files`` in it."""
    with Database(folder / "evaluation.db", [MIGRATIONS]) as database:
        library = Library(database, folder, embedder, weights)
        library.add(files)
        yield library


def measure_ranking(library: Library, questions: Sequence[Question]) -> Ranking:
    """nDCG and recall of the right places among those that were found."""
    gains, recalls = [], []
    for question in questions:
        hits = library.ask(question).hits
        ranked = list(dict.fromkeys((hit.source_ref, hit.chunk.location.page or 0) for hit in hits))
        ideal = sum(1 / math.log2(rank + 2) for rank in range(min(10, len(question.places))))
        gain = sum(1 / math.log2(rank + 2) for rank, place in enumerate(ranked[:10]) if place in question.places)
        gains.append(gain / ideal)
        recalls.append(len(question.places.intersection(ranked[:5])) / len(question.places))
    return Ranking(len(questions), float(np.mean(gains)), float(np.mean(recalls)))


def measure_signals(library: Library, questions: Sequence[Question], *, hide: bool) -> list[Signal]:
    """The signals for each question; with ``hide`` also for the same question without the files that answer it."""
    signals = []
    for question in questions:
        found = library.ask(question, limit=8)
        signals.append(Signal(bool(question.places), question.is_dev, found.top_cosine, found.coverage))
        if hide:
            found = library.ask(question, without={name for name, _ in question.places}, limit=8)
            signals.append(Signal(False, question.is_dev, found.top_cosine, found.coverage))
    return signals


def auc(signals: Sequence[Signal], value: Callable[[Signal], float]) -> float:
    """How often an answerable question has the higher value than another; 0.5 is chance."""
    yes = np.array([value(signal) for signal in signals if signal.is_answerable])
    no = np.sort([value(signal) for signal in signals if not signal.is_answerable])
    below = np.searchsorted(no, yes, side="left") + np.searchsorted(no, yes, side="right")
    return float(below.sum() / (2 * len(yes) * len(no)))


def gate_rates(signals: Sequence[Signal], value: Callable[[Signal], float], threshold: float) -> GateRates:
    """What a gate at ``threshold`` gets wrong."""
    yes = [value(signal) < threshold for signal in signals if signal.is_answerable]
    no = [value(signal) >= threshold for signal in signals if not signal.is_answerable]
    return GateRates(threshold, float(np.mean(yes)), float(np.mean(no)))


def threshold_for(signals: Sequence[Signal], value: Callable[[Signal], float], false_refusals: float) -> float:
    """The highest threshold at which at most this share of the answerable are refused."""
    return float(np.quantile([value(signal) for signal in signals if signal.is_answerable], false_refusals))
