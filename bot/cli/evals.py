"""`inhouse eval`: how good answers are, over public sets and over a team's own files and questions."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TextIO

import click

from bot.cli.library import checkpoint_dir, open_library, say, set_up_logging
from bot.settings import Settings
from rag.data_loaders import parse_file
from rag.data_loaders.limits import Limits
from rag.errors import SetUnreadable
from rag.evals.measured import Measured
from rag.evals.plan import HALVES, PARTS, Plan
from rag.types import Embedder

TELL_S = 5.0  # between two lines about the progress, where it is no terminal
CLEAR = "\r\x1b[K"  # a terminal's line

SETS = """\b
  squad      XQuAD or another file in SQuAD's format: nDCG@10, recall, MRR of paragraphs
  chunking   a folder with corpora/ and questions_df.csv: recall, precision, IoU of characters
  mtrag      the folder of mtRAG-UN: recall@5 in conversations, answer or refuse
  locomo     a chat of LoCoMo, or a folder of them: recall@10 of the turns that hold the evidence
  pages      your own folder of files with questions.jsonl: hit@1/5/10 by page and by document
  grounding  claims with evidence as JSON lines: balanced accuracy
  answers    as pages, with an "answer" to each question: the language model's whole answers
"""

_RANKING = ("words", "meaning", "stems", "wording", "pieces", "neighbours", "documents", "versions")
LEFT_OUT = {"squad": _RANKING, "chunking": _RANKING, "mtrag": (*_RANKING, "history"), "pages": (*_RANKING, "names")}


@click.command(name="eval", epilog=f"Sets:\n\n{SETS}")
@click.argument("name", metavar="NAME", type=click.Choice([line.split()[0] for line in SETS.splitlines()[1:]]))
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--limit", type=click.IntRange(1), help="Ask at most so many questions, spread evenly over the set.")
@click.option(
    "--half",
    type=click.Choice(HALVES),
    default="all",
    help="Only the half that constants may be chosen on, or the other.",
)
@click.option(
    "--without",
    type=click.Choice(list(PARTS)),
    help="Leave out a part of the search, to see what it is worth.",
)
@click.option(
    "--report",
    type=click.File("w", encoding="utf-8", lazy=False),
    help="Write figures and worst cases to this Markdown file.",
)
@click.option("--no-cache", is_flag=True, help="Make every vector anew; the figures are the same.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else on standard output.")
def evaluate(
    name: str,
    path: Path,
    limit: int | None,
    half: str,
    without: str | None,
    report: TextIO | None,
    no_cache: bool,
    as_json: bool,
) -> None:
    """Measure set NAME, which lies at PATH, through the same reading and searching that answers in chat.

    Nothing leaves this machine; what was read is thrown away, and only vectors are kept for the next time.

    \b
    Your own set is a folder of files with a questions.jsonl such as
        {"question": "What is the notice period?", "file": "contract.docx", "page": 3, "answer": ["thirty days"]}
        {"question": "Who is the landlord?", "answer": null}
    page is a page, slide or row; answer is needed for `answers` only, and null where the files do not say.

    \b
    Example:
        inhouse eval pages ./our-files --report report.md
    """
    from rag.evals.report import as_dict, as_markdown, as_text

    set_up_logging("WARNING")
    if not path.exists():
        raise SetUnreadable(f"There is nothing at {path}. Name the file or folder of the set {name}.")
    if without and without not in LEFT_OUT.get(name, ()):
        raise click.UsageError(f"--without {without} means nothing for {name}.")
    plan = Plan(half, limit, without or "", _Told())
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="inhouse-eval-") as folder:
        measured = _measure(name, path, plan, _Bench(Settings.load(), Path(folder), not no_cache))
    seconds = time.perf_counter() - started
    if sys.stderr.isatty():
        click.echo(CLEAR, err=True, nl=False)
    if report:
        report.write(as_markdown(measured, seconds))
        say(f"Written to {report.name}.")
    click.echo(json.dumps(as_dict(measured, seconds), ensure_ascii=False) if as_json else as_text(measured, seconds))


@dataclass(frozen=True, slots=True)
class _Bench:
    """What a measurement works with: the settings, a folder that is thrown away, whether vectors are kept."""

    settings: Settings
    folder: Path
    is_cached: bool

    @contextmanager
    def embedder(self) -> Iterator[Embedder]:
        """The embedder that the settings name."""
        from rag.embeddings import HuggingFaceEmbedding
        from rag.evals.cache import CachedEmbedder

        embedder = HuggingFaceEmbedding(model=self.settings.embedding_model)
        if self.is_cached:
            with CachedEmbedder(embedder, self.settings.data_dir / "evaluation") as cached:
                yield cached
        else:
            yield embedder


def _measure(name: str, path: Path, plan: Plan, bench: _Bench) -> Measured:
    if name == "grounding":
        from rag.evals import claims

        return claims.measure(path, half=plan.half, limit=plan.limit, progress=plan.progress)
    if name == "answers":
        return _answers(path, plan, bench)
    with bench.embedder() as embedder:
        return _SEARCHES[name](path, plan, embedder, bench)


def _answers(path: Path, plan: Plan, bench: _Bench) -> Measured:
    from rag.evals import answers

    kept = {"data_dir": bench.folder, "checkpoint_dir": checkpoint_dir(bench.settings)}
    with open_library(bench.settings.model_copy(update=kept)) as library:
        return answers.measure(path, library.ingester, library.answerer, plan)


def _squad(path: Path, plan: Plan, embedder: Embedder, bench: _Bench) -> Measured:
    from rag.evals import squad

    return squad.measure(path, embedder, bench.folder, plan)


def _chunking(path: Path, plan: Plan, embedder: Embedder, bench: _Bench) -> Measured:
    from rag.evals import chunking

    return chunking.measure(path, embedder, bench.folder, plan)


def _mtrag(path: Path, plan: Plan, embedder: Embedder, bench: _Bench) -> Measured:
    from rag.evals import mtrag
    from rag.gate import Gate

    return mtrag.measure(path, embedder, bench.folder, plan, Gate.of(embedder))


def _locomo(path: Path, plan: Plan, embedder: Embedder, _bench: _Bench) -> Measured:
    from rag.evals import locomo
    from rag.memory import Memory

    return locomo.measure(path, Memory(embedder), plan)


def _pages(path: Path, plan: Plan, embedder: Embedder, bench: _Bench) -> Measured:
    from rag.evals import pages

    settings = bench.settings
    limits = Limits(
        wall_s=settings.parse_timeout_s, memory_bytes=settings.parse_memory_bytes, size_bytes=settings.max_file_bytes
    )
    return pages.measure(path, embedder, bench.folder, plan, partial(parse_file, limits=limits))


_SEARCHES: dict[str, Callable[[Path, Plan, Embedder, _Bench], Measured]] = {
    "squad": _squad,
    "chunking": _chunking,
    "mtrag": _mtrag,
    "locomo": _locomo,
    "pages": _pages,
}


class _Told:
    """Says on standard error how far it is, now and then; a terminal's line is written over."""

    def __init__(self) -> None:
        self._last = float("-inf")

    def __call__(self, what: str, done: int, total: int) -> None:
        is_terminal = sys.stderr.isatty()
        now = time.monotonic()
        if now - self._last > (0.1 if is_terminal else TELL_S):
            self._last = now
            click.echo(f"{CLEAR if is_terminal else ''}{what}: {done} of {total}", err=True, nl=not is_terminal)
