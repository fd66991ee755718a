"""`inhouse export`: what the bot knows of a person or a conversation, for whoever has a right to it."""

from __future__ import annotations

import json
import os
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import click

from bot.cli.exporting import exported, originals_of
from bot.cli.kept import ORIGINALS, only_team, open_database
from bot.cli.library import say
from bot.settings import Settings
from rag.errors import SettingsError
from rag.originals import Originals

DATA, FILES = "export.json", "files"


@click.command()
@click.option("--person", default="", help="What this person gave, asked and said, by their Slack id (U…).")
@click.option("--channel", default="", help="What this conversation gave and asked, by its Slack id (C…, D…, G…).")
@click.option("--team", help="The Slack workspace, where the data folder holds several.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="A new folder: export.json, and the files."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else on standard output.")
def export(person: str, channel: str, team: str | None, out: Path | None, as_json: bool) -> None:
    """Write what the bot knows of a person or a conversation: questions, answers, votes, files, rows of the audit.

    With --out into a new folder that only this user may read, the files themselves among it, each under its Slack
    id; else as JSON on standard output, without the files. The bot may be running.

    \b
    Examples:
        inhouse export --person U0123456789 --out /tmp/request-17
        inhouse export --channel C0123456789 --json
    """
    if bool(person) == bool(channel):
        raise click.UsageError("Say one of --person and --channel.")
    settings = Settings.load()
    with open_database(settings) as database:
        chosen = only_team(database, team)
        found: dict[str, Any] = database.read(partial(exported, team=chosen, person=person, channel=channel))
        originals = database.read(partial(originals_of, found=found)) if out else {}
    counts = {name: len(value) for name, value in found.items() if isinstance(value, list)}
    if out:
        copied = _write(out, found, originals, Originals(settings.data_dir / ORIGINALS))
        say(f"{out}: {sum(counts.values())} entries, {copied} files.")
    if as_json:
        click.echo(json.dumps({"ok": True, **(counts if out else found)}, ensure_ascii=False))
    elif not out:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))


def _write(out: Path, found: dict[str, Any], wanted: dict[str, str], originals: Originals) -> int:
    """How many files were copied. Raises: SettingsError."""
    try:
        out.mkdir(mode=0o700)
        (out / FILES).mkdir(mode=0o700)
        descriptor = os.open(out / DATA, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(found, file, ensure_ascii=False, indent=1)
        paths = {file_id: originals.path(sha256) for file_id, sha256 in wanted.items()}
        for file_id, path in paths.items():
            if path.exists():
                shutil.copy(path, out / FILES / Path(file_id).name)
    except OSError as error:
        raise SettingsError(
            f"{out.name} cannot be written: {error.strerror}. It must be a new folder.", detail=str(error)
        ) from error
    return sum(path.exists() for path in paths.values())
