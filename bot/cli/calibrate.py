"""`inhouse calibrate`: when the bot answers and when it refuses, fitted to a team's own files and questions."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import click

from bot import schema
from bot.cli.library import say, set_up_logging
from bot.settings import Settings
from rag import store as store_module
from rag.calibration import (
    Calibration,
    Cases,
    Rates,
    as_known,
    cross_validated,
    fitted,
    probabilities,
    rates,
    thresholds,
)
from rag.calibrations import read_own, shipped_for, write_own
from rag.database import Database
from rag.errors import SetUnreadable
from rag.evals.plan import Plan
from rag.gate import Gate
from rag.retrieve import Retriever
from rag.store import Store
from rag.types import Embedder
from rag.vectors import VectorIndex

FILE = "calibration.json"  # in the data folder
MIN_CASES = 40
MIN_OF_EACH = 10  # answerable, and not
TELL_EVERY = 50  # questions


@click.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option(
    "--sets",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Fit the calibration that ships, over the public sets in this folder; PATH is then that of short questions.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else on standard output.")
def calibrate(path: Path | None, sets: Path | None, as_json: bool) -> None:
    """Fit when to answer and when to refuse to your own files. Nothing leaves this machine.

    PATH is a folder of files with a questions.jsonl, as `inhouse eval pages` reads it; a question with "answer": null
    is one that the files do not answer. Without PATH the votes under the bot's own answers are used. The result is
    kept in the data folder where it is better than what was there, measured on questions that it was not fitted to;
    `inhouse run` uses it from its next start on.

    \b
    Example:
        inhouse calibrate ./our-files
    """
    set_up_logging("WARNING")
    settings = Settings.load()
    with tempfile.TemporaryDirectory(prefix="inhouse-calibrate-") as folder:
        if sets is not None:
            found = _fit_shipped(settings, path, sets, Path(folder))
            click.echo(json.dumps(found, ensure_ascii=False, indent=None if as_json else 2))
            return
        result = fit_own(settings, _embedder(settings), path, Path(folder))
    click.echo(json.dumps(result.as_dict(), ensure_ascii=False) if as_json else result.as_text())


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it."""

    n: int
    answerable: int
    before: Rates
    after: Rates  # by cross-validation
    is_kept: bool

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {"ok": True} | asdict(self)

    def as_text(self) -> str:
        """For people."""
        end = (
            f"The new calibration is better and was kept as {FILE}; restart the bot to use it."
            if self.is_kept
            else "The new calibration is not better on questions that it has not seen, so nothing was changed."
        )
        return "\n".join(
            [
                f"{self.n} cases: {self.answerable} that the files answer, {self.n - self.answerable} not.",
                f"{'':8}{'refused wrongly':>18}{'not refused wrongly':>22}{'AUC':>8}",
                _row("before", self.before),
                _row("after", self.after),
                end,
            ]
        )


def _row(name: str, found: Rates) -> str:
    return f"{name:8}{found.false_refusals:>18.1%}{found.false_answers:>22.1%}{found.auc:>8.3f}"


def fit_own(settings: Settings, embedder: Embedder, path: Path | None, folder: Path) -> Result:
    """Fit, compare, keep what is better. ``folder`` is thrown away afterwards. Raises: SetUnreadable, StoreError."""
    shipped = shipped_for(embedder.name)
    kept_in = settings.data_dir / FILE
    current = read_own(kept_in, embedder.fingerprint) or shipped
    gate = Gate.of(embedder)
    cases = _of_folder(path, embedder, gate, folder) if path else _of_votes(settings, embedder, gate)
    _check(cases, "questions.jsonl" if path else "the votes under the bot's answers")
    before = rates(probabilities(current, cases.signals), cases, current.refuse_below)
    after = cross_validated(cases, near=shipped)
    is_better = after.log_loss < before.log_loss and _errors(after) <= _errors(before)
    if is_better:
        found = fitted(cases, near=shipped)
        limits = thresholds(probabilities(found, cases.signals), cases)
        source = path.name if path else "votes"
        found = replace(found, refuse_below=limits[0], answer_from=limits[1], source=source)
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_own(kept_in, replace(found, embedder=embedder.fingerprint))
    return Result(len(cases), int(cases.answerable.sum()), before, after, is_better)


def _errors(found: Rates) -> float:
    return found.false_refusals + found.false_answers


def _check(cases: Cases | None, where: str) -> None:
    """Raises: SetUnreadable where there is too little to learn from."""
    yes = int(cases.answerable.sum()) if cases else 0
    no = len(cases) - yes if cases else 0
    if yes + no < MIN_CASES or min(yes, no) < MIN_OF_EACH:
        raise SetUnreadable(
            f"There are {yes + no} cases in {where}: {yes} that the files answer and {no} that they do not. "
            f"It takes {MIN_CASES}, and {MIN_OF_EACH} of each, so nothing was changed."
        )


def _of_folder(path: Path, embedder: Embedder, gate: Gate, folder: Path) -> Cases:
    from rag.evals.gating import folder_cases

    return folder_cases(path, embedder, gate, folder, Plan(progress=_told))


def _of_votes(settings: Settings, embedder: Embedder, gate: Gate) -> Cases:
    from bot.cli.judged import collect, judged_in

    with _opened(settings, embedder) as (database, retriever):
        return collect(database.read(judged_in), retriever, gate, _told)


@contextmanager
def _opened(settings: Settings, embedder: Embedder) -> Iterator[tuple[Database, Retriever]]:
    """The bot's own files, for searching only."""
    folder = settings.data_dir
    if not (folder / "inhouse.db").exists():
        raise SetUnreadable("No bot has kept anything in INHOUSE_DATA_DIR yet, so there are no votes to learn from.")
    with Database(folder / "inhouse.db", [store_module.MIGRATIONS, schema.MIGRATIONS]) as database:
        store = Store(database)
        vectors = VectorIndex.open(folder / "vectors.faiss", store, embedder.dimension, embedder.fingerprint)
        yield database, Retriever(store, vectors, embedder)


def _embedder(settings: Settings) -> Embedder:
    from rag.llms.machine import set_up_machine

    set_up_machine(settings.threads)
    from rag.embeddings import HuggingFaceEmbedding

    return HuggingFaceEmbedding(model=settings.embedding_model)


def _told(what: str, done: int, total: int) -> None:
    if done % TELL_EVERY == 0 or done == total:
        say(f"{what}: {done} of {total}")


# --- the one that ships ----------------------------------------------------------------------


def _fit_shipped(settings: Settings, short: Path | None, sets: Path, folder: Path) -> dict[str, Any]:
    """A calibration fitted on the development halves, with its rates on each set of either half."""
    from rag.evals import gating

    if short is None:
        raise SetUnreadable("Name the folder of short questions too, as PATH: tests/short in the repository.")
    embedder = _embedder(settings)
    every = gating.public_cases(sets, short, embedder, Gate.of(embedder), folder, Plan(progress=_told))
    dev, test = (
        {name: gating.weighed(gating.half_of(cases, half), gating.WEIGHTS[name]) for name, cases in every.items()}
        for half in ("dev", "test")
    )
    learned = gating.joined(list(dev.values()))
    found = fitted(learned)
    limits = thresholds(probabilities(found, learned.signals), learned)
    found = replace(found, refuse_below=limits[0], answer_from=limits[1])
    rated = {name: [_rated(found, half[name]) for half in (dev, test)] for name in every}
    together = [_rated(found, gating.joined(list(half.values()))) for half in (dev, test)]
    return {"calibration": as_known(found), "rates of both halves": rated | {"all": together}}


def _rated(found: Calibration, cases: Cases) -> dict[str, Any]:
    return {"n": len(cases)} | asdict(rates(probabilities(found, cases.signals), cases, found.refuse_below))
