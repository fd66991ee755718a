"""The chunking set: which characters of a corpus five retrieved passages cover of those that answer a question.

A folder with corpora/*.md and questions_df.csv. The corpora are read as plain text by the product's own reader
and cut by its own splitter; all lie in one place, as in the original. A corpus' name is not given to the search.
Source: brandonstarxel/chunking_evaluation, whose figures this repeats exactly (`rag.evals.metrics.cover`).
"""

from __future__ import annotations

import csv
import io
import json
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.data_loaders import parse_file
from rag.errors import SetUnreadable
from rag.evals import metrics
from rag.evals.library import SCOPE, Library, open_library
from rag.evals.measured import Measured, Miss, shortened, worst_of
from rag.evals.metrics import Cover, Span, cover
from rag.evals.plan import Plan
from rag.evals.reading import file_in, folder_of, text_of
from rag.ingest import Parser
from rag.types import Embedder, Hit

RETRIEVED = 5  # passages, as in the published figures
MIN_LOCATED = 0.995  # of the chunks must be found again in their corpus, or the figures mean nothing


@dataclass(frozen=True, slots=True)
class Question:
    """A question with the stretches of one corpus that answer it, in characters."""

    text: str
    corpus: str
    spans: tuple[Span, ...]


class Corpus:
    """A text in which passages are found again, whatever became of its white space and its hyphens at line ends."""

    def __init__(self, text: str) -> None:
        self._at = [place for place, character in enumerate(text) if _counts(character)]
        self._text = _squeezed(text)

    def find(self, passage: str, start: int) -> Span | None:
        """Where ``passage`` stands, from the character ``start`` on; characters, end excluded."""
        wanted = _squeezed(passage)
        found = self._text.find(wanted, bisect_left(self._at, start)) if wanted else -1
        return (self._at[found], self._at[found + len(wanted) - 1] + 1) if found >= 0 else None


def _squeezed(text: str) -> str:
    return "".join(filter(_counts, text))


def _counts(character: str) -> bool:
    return not character.isspace() and character not in "-\u00ad\u200b\ufeff"


def read_chunking(path: Path) -> tuple[dict[str, Path], list[Question]]:
    """The corpora's files by name, and the questions. Raises: SetUnreadable."""
    folder = folder_of(path)
    table = text_of(file_in(folder, "questions_df.csv"))
    corpora = {file.stem: file for file in sorted((folder / "corpora").glob("*.md"))}
    questions = []
    try:
        for row in csv.DictReader(io.StringIO(table)):
            spans = tuple((int(one["start_index"]), int(one["end_index"])) for one in json.loads(row["references"]))
            if not any(start < end for start, end in spans):
                raise ValueError("no stretch of text")
            questions.append(Question(row["question"], row["corpus_id"], spans))
    except (TypeError, KeyError, ValueError) as error:
        raise SetUnreadable(
            "questions_df.csv needs the columns question, references and corpus_id, and stretches in each row."
        ) from error
    if missing := {question.corpus for question in questions} - set(corpora):
        raise SetUnreadable(f"There is no corpora/{min(missing)}.md, which questions_df.csv names.")
    if not questions:
        raise SetUnreadable("There is no question in questions_df.csv.")
    return corpora, questions


def measure(path: Path, embedder: Embedder, folder: Path, plan: Plan, parse: Parser = parse_file) -> Measured:
    """Recall, precision and IoU of the characters of the first five passages. Raises: SetUnreadable, FileError."""
    corpora, questions = read_chunking(path)
    asked = plan.chosen(questions, [question.text for question in questions])
    texts = {name: text_of(file) for name, file in corpora.items()}
    with open_library(folder, embedder, plan.weights, parse) as library:
        names = {}
        for number, (name, text) in enumerate(texts.items()):
            names[f"file-{number}.txt"] = name
            library.add(f"file-{number}.txt", text.encode(), plan.progress)
            plan.progress("files", number + 1, len(texts))
        places = Places(library, {file: Corpus(texts[name]) for file, name in names.items()})
        judged = []
        for number, question in enumerate(asked, 1):
            hits = library.search(question.text, limit=RETRIEVED).hits
            judged.append((question, hits, _judge(question, hits, places, names)))
            plan.progress("questions", number, len(asked))
    figures = {
        f"{name}_at_5": metrics.mean(getattr(found, name) for _, _, found in judged)
        for name in ("recall", "precision", "iou")
    }
    figures["characters"] = metrics.mean(sum(len(hit.chunk.text) for hit in hits) for _, hits, _ in judged)
    worst = worst_of((found.recall, _miss(question, hits, texts, found)) for question, hits, found in judged)
    return Measured("chunking", len(judged), figures, worst, (f"{len(places)} passages in {len(texts)} corpora",))


class Places:
    """Where each passage of a library stands in the text that it was cut from."""

    def __init__(self, library: Library, corpora: dict[str, Corpus]) -> None:
        """Raises: SetUnreadable, if too few are found again."""
        self._corpora = corpora
        self._starts: dict[int, int] = {}
        for source in library.store.sources(SCOPE):
            self._locate(library, source.document_id, corpora[source.name])
        if self._located < MIN_LOCATED * len(self):
            raise SetUnreadable(f"Only {self._located} of {len(self)} passages were found again in their corpora.")

    def __len__(self) -> int:
        return len(self._starts)

    def of(self, hit: Hit) -> Span | None:
        """Where a hit's text stands; a passage that was joined with its neighbours begins where it did."""
        return self._corpora[hit.file_name].find(hit.chunk.text, max(0, self._starts[hit.chunk.chunk_id]))

    @property
    def _located(self) -> int:
        return sum(start >= 0 for start in self._starts.values())

    def _locate(self, library: Library, document_id: int, corpus: Corpus) -> None:
        """In reading order, so that of a text that stands there twice each passage gets its own place."""
        ids = library.store.catalogue(SCOPE).only(frozenset({document_id})).chunk_ids.tolist()
        rows = library.store.chunks(SCOPE, ids)
        end = 0
        for chunk_id in ids:
            found = corpus.find(rows[chunk_id][0].text, end)
            self._starts[chunk_id] = found[0] if found else -1
            end = found[1] if found else end


def _judge(question: Question, hits: Sequence[Hit], places: Places, names: dict[str, str]) -> Cover:
    spans = [(names[hit.file_name], places.of(hit) or (0, len(hit.chunk.text))) for hit in hits]
    there = [span for corpus, span in spans if corpus == question.corpus]
    return cover(question.spans, there, sum(end - start for _, (start, end) in spans))


def _miss(question: Question, hits: Sequence[Hit], texts: dict[str, str], found: Cover) -> Miss:
    wanted = " … ".join(shortened(texts[question.corpus][start:end]) for start, end in question.spans)
    got = shortened(hits[0].chunk.text) if hits else "nothing"
    return Miss(question.text, wanted, got, f"{question.corpus}: {found.recall:.0%} of the characters found")
