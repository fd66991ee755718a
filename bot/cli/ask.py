"""`inhouse ask`: one question over files, without Slack, leaving nothing behind."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

import click

from bot.cli.library import Library, checkpoint_dir, open_library, say, set_up_logging
from bot.egress import install
from bot.settings import Settings
from rag.answering import PassageReady, Request, Searched, SentenceReady
from rag.errors import EmptyQuestion, FileError, QuestionTooLong
from rag.types import Answer, Citation, Outcome

SCOPE = "ask"


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-q", "--question", required=True, help="What you want to know.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else on standard output.")
def ask(files: tuple[Path, ...], question: str, as_json: bool) -> None:
    """Ask one question about FILES. Nothing leaves this machine and nothing is kept.

    \b
    Example:
        inhouse ask contract.pdf prices.xlsx -q "What is the notice period?"
    """
    settings = Settings.load()
    set_up_logging("WARNING")
    install(())
    _check(question, settings.max_question_chars)
    with tempfile.TemporaryDirectory(prefix="inhouse-ask-") as folder:
        kept = {"data_dir": Path(folder), "checkpoint_dir": checkpoint_dir(settings)}
        with open_library(settings.model_copy(update=kept)) as library:
            started = time.perf_counter()
            problems = _read(library, files, settings.max_file_bytes)
            read_s = time.perf_counter() - started
            answer = _answer(library, question, show=not as_json)
    timing = {name: round(value, 3) for name, value in {"read_s": read_s, **answer.timing}.items()}
    if as_json:
        click.echo(json.dumps(as_dict(answer, timing, problems), ensure_ascii=False))
    raise SystemExit(0 if len(problems) < len(files) else 1)


def _check(question: str, most_chars: int) -> None:
    if not question.strip():
        raise EmptyQuestion("There is no question. Write it behind -q, in quotes.")
    if len(question) > most_chars:
        raise QuestionTooLong(f"This question has {len(question):,} characters; up to {most_chars:,} are read.")


def _read(library: Library, files: tuple[Path, ...], most_bytes: int) -> dict[str, str]:
    """Ingest the files; names and sentences of those that could not be read."""
    problems: dict[str, str] = {}
    for number, path in enumerate(files):
        try:
            if path.stat().st_size > most_bytes:
                raise FileError(f"This file is larger than {most_bytes // 1_000_000} MB.")
            result = library.ingester.ingest(SCOPE, str(number), path.name, path)
            say(f"Read {path.name}: {result.document.chunk_count} passages. {' '.join(result.notes)}".rstrip())
        except FileError as error:
            problems[path.name] = error.user_message
            say(f"Could not read {path.name}: {error.user_message}")
    return problems


def _answer(library: Library, question: str, *, show: bool) -> Answer:
    """Answer, printing each part as soon as it is there."""
    answer = Answer("", Outcome.REFUSED)
    for event in library.answerer.answer(Request(SCOPE, question)):
        if isinstance(event, Answer):
            answer = event
        elif show and isinstance(event, PassageReady):
            click.echo(f"  “{event.citation.quote}” [{event.citation.number}]")
        elif show and isinstance(event, SentenceReady):
            click.echo(event.text + " " + "".join(f"[{c.number}]" for c in event.citations))
        elif show and isinstance(event, Searched):
            say(f"Searched {', '.join(event.names) or 'nothing: no file could be read'}.")
    if show:
        _show_end(answer, library)
    return answer


def _show_end(answer: Answer, library: Library) -> None:
    if answer.outcome is Outcome.ASKED:
        click.echo(f"Which do you mean: {', '.join(answer.choices)}?")
    if answer.refused:
        click.echo(f"Not found in {', '.join(answer.searched) or 'any file'}.")
    for citation in answer.citations:
        place = citation.location.label()
        click.echo(f"[{citation.number}] {citation.file_name}{', ' + place if place else ''}: “{citation.quote}”")
    if answer.outcome is Outcome.PASSAGE:
        click.echo("(The nearest passage, word for word; the model added nothing that could be proved.)")
    elif library.answerer.llm.is_trial and not answer.refused:
        click.echo(f"(Written by a small trial model, {library.answerer.llm.name}; trust the quote, check the rest.)")


def as_dict(answer: Answer, timing: dict[str, float], problems: dict[str, str]) -> dict[str, Any]:
    """The command's JSON."""
    return {
        "answer": answer.text,
        "refused": answer.refused,
        "outcome": answer.outcome,
        "citations": [citation_as_dict(citation) for citation in answer.citations],
        "searched": list(answer.searched),
        "choices": list(answer.choices),
        "query": answer.query,
        "not_read": problems,
        "timing": timing,
    }


def citation_as_dict(citation: Citation) -> dict[str, Any]:
    """A citation as the command contract has it."""
    where = citation.location
    return {
        "file": citation.file_name,
        "page": where.page or where.slide or where.row,
        "place": where.label(),
        "quote": citation.quote,
        "permalink": None,
    }
