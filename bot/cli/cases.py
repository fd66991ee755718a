"""`inhouse cases`: answers that somebody found bad, as questions to measure later versions with."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import click

from bot import schema
from bot.cli.library import say
from bot.feedback import Case, Feedback
from bot.history import History
from bot.records import Records
from bot.settings import Settings
from rag import store
from rag.database import Database
from rag.errors import SettingsError


@click.command()
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file, such as ours/questions.jsonl."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else on standard output.")
def cases(out: Path | None, as_json: bool) -> None:
    """Write every question whose answer got a thumbs-down, one JSON object a line.

    Put the file as questions.jsonl into a folder with the documents, and complete each line: the "file" and "page"
    that answer it, and the right "answer", or null where the files do not say. `inhouse eval pages FOLDER` and
    `inhouse eval answers FOLDER` read it.

    \\b
    Example:
        inhouse cases --out ours/questions.jsonl
    """
    database_path = Settings.load().data_dir / "inhouse.db"
    if not database_path.exists():
        raise SettingsError("No bot has kept anything in INHOUSE_DATA_DIR yet, so there are no answers to judge.")
    found = asyncio.run(_found(database_path))
    lines = [json.dumps(one, ensure_ascii=False) for one in found]
    if out:
        _write(out, lines)
    if as_json:
        click.echo(json.dumps({"ok": True, "n": len(found), "cases": [] if out else found}, ensure_ascii=False))
    elif not out:
        click.echo("\n".join(lines))
    say(f"{len(found)} answers got a thumbs-down{f'; written to {out.name}' if out else ''}.")


def _write(path: Path, lines: list[str]) -> None:
    try:
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{path.name} cannot be written: {error.strerror}.", detail=str(error)) from error


async def _found(database_path: Path) -> list[dict[str, object]]:
    """Every case as a line to be completed; the files are those that the answer rested on or that were searched."""
    with Database(database_path, [store.MIGRATIONS, schema.MIGRATIONS]) as database:
        records = Records(database)
        given = await Feedback(records, History(records)).cases()
        return [_line(case, [await _name(records, case.team, file_id) for file_id in case.files]) for case in given]


async def _name(records: Records, team: str, file_id: str) -> str:
    """A file's name; its id where it is in no conversation any more."""
    shares = await records.shares_of(team, file_id)
    return shares[0].name if shares else file_id


def _line(case: Case, files: list[str]) -> dict[str, object]:
    said = {"answered": case.answer, "reason": case.reason, "comment": case.comment}
    return {"question": case.question, "file": files, **{name: text for name, text in said.items() if text}}
