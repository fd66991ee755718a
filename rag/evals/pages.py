"""A team's own files and questions: whether the right file and the right page are found.

A folder of files with questions.jsonl (`rag.evals.questions`). The files go the whole way of an upload: type by
content, the reader's limited process, splitter, store, vectors. A question counts once, by its best rank; the page
of a slide show is the slide, of a table the row. One that nothing answers is only counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.data_loaders import parse_file
from rag.errors import FileError, SetUnreadable
from rag.evals import metrics
from rag.evals.library import Library, open_library
from rag.evals.measured import Measured, Miss, shortened, worst_of
from rag.evals.plan import Plan
from rag.evals.questions import Asked, read_questions, sources_in
from rag.evals.reading import folder_of
from rag.ingest import Parser
from rag.types import Embedder, Hit, Location

DEPTHS = (1, 5, 10)


@dataclass(frozen=True, slots=True)
class Found:
    """A question with the hits for it, and at which rank its file and its place came; None: not at all."""

    asked: Asked
    rank: int | None  # of the page, slide or row; of the file, if none is asked for
    file_rank: int | None
    hits: tuple[Hit, ...]

    @property
    def kind(self) -> str:
        """Of the file that answers, by its name: "pdf"."""
        return Path(self.asked.files[0]).suffix.lstrip(".").lower() or "none"


def measure(path: Path, embedder: Embedder, folder: Path, plan: Plan, parse: Parser = parse_file) -> Measured:
    """hit@1/5/10 by page and by document, also for each kind of file. Files that cannot be read are named.

    Raises: SetUnreadable.
    """
    source = folder_of(path)
    questions = read_questions(path)
    answerable = [asked for asked in questions if asked.files]
    asked = plan.chosen(answerable, [one.text for one in answerable])
    if not asked:
        raise SetUnreadable("No question here names a file that answers it.")
    with open_library(folder, embedder, plan.weights, parse) as library:
        names, unread = add_all(library, sources_in(source), plan)
        found = []
        for number, one in enumerate(asked, 1):
            found.append(_search(library, one, names))
            plan.progress("questions", number, len(asked))
    figures = {
        **{f"hit_at_{at}": metrics.mean(_is_within(one.rank, at) for one in found) for at in DEPTHS},
        **{f"document_hit_at_{at}": metrics.mean(_is_within(one.file_rank, at) for one in found) for at in DEPTHS},
        **_by_kind(found),
    }
    notes = (f"{len(names)} files read; {len(questions) - len(answerable)} questions that they do not answer", *unread)
    worst = worst_of((1 / one.rank if one.rank else 0.0, _miss(one)) for one in found)
    return Measured("pages", len(found), figures, worst, notes)


def _is_within(rank: int | None, depth: int) -> bool:
    return rank is not None and rank <= depth


def add_all(library: Library, files: Sequence[Path], plan: Plan) -> tuple[dict[str, str], tuple[str, ...]]:
    """Read files in: the name in the library of each that was read, as it was given, and sentences about the rest."""
    names, unread = {}, []
    for number, file in enumerate(files, 1):
        name = f"file-{number:03d}{file.suffix}" if plan.without == "names" else file.name
        try:
            library.add(name, file, plan.progress)
            names[name] = file.name
        except FileError as error:
            unread.append(f"not read: {file.name}. {error.user_message}")
        plan.progress("files", number, len(files))
    if not names:
        raise SetUnreadable("None of the files in this folder could be read.")
    return names, tuple(unread)


def _search(library: Library, asked: Asked, names: dict[str, str]) -> Found:
    hits = library.search(asked.text).hits
    places = dict.fromkeys((names[hit.file_name], numbers_of(hit.chunk.location)) for hit in hits)
    files = dict.fromkeys(file for file, _ in places)
    wanted = set(asked.pages)
    rank = _rank(file in asked.files and not wanted.isdisjoint(numbers) for file, numbers in places)
    file_rank = _rank(file in asked.files for file in files)
    return Found(asked, rank if wanted else file_rank, file_rank, hits)


def _rank(is_right: Iterable[bool]) -> int | None:
    return next((rank for rank, right in enumerate(is_right, 1) if right), None)


def numbers_of(location: Location) -> tuple[int, ...]:
    """The page, slide or rows that a passage stands on."""
    if location.rows:
        return tuple(dict.fromkeys(location.rows))
    if location.row is not None:
        return tuple(range(location.row, (location.last_row or location.row) + 1))
    return tuple(number for number in (location.page, location.slide) if number is not None)


def _by_kind(found: Sequence[Found]) -> dict[str, float]:
    kinds = sorted({one.kind for one in found})
    return {
        f"hit_at_5_{kind}": metrics.mean(_is_within(one.rank, 5) for one in found if one.kind == kind) for kind in kinds
    }


def _miss(one: Found) -> Miss:
    pages = f", page {', '.join(map(str, one.asked.pages))}" if one.asked.pages else ""
    best = one.hits[0] if one.hits else None
    got = f"{best.file_name}, {best.chunk.location.label()}: {shortened(best.chunk.text)}" if best else "nothing"
    detail = f"found at rank {one.rank}" if one.rank else "not found"
    return Miss(one.asked.text, " or ".join(one.asked.files) + pages, got, detail)
