"""`inhouse audit`: who asked where, what was decided and on which passages; and that nobody changed it."""

from __future__ import annotations

import json
import re
from datetime import datetime
from functools import partial

import click

from bot import audit as chain
from bot.audit import Head, Verdict
from bot.cli.kept import only_team, open_database
from bot.cli.library import say
from bot.settings import Settings
from rag.errors import SettingsError

_LINE = "{number:>7}  {at}  {action:<10} {outcome:<18} {channel:<14} {person:.8}  {about}"


@click.group()
def audit() -> None:
    """Read and check the audit: a row for each question, erasure and change of settings, without any text.

    People stand in it under a hash; a person's rows are found by their Slack id until they let the bot forget
    them. Rows are only ever added, each with the hash of the one before it.

    \b
    Examples:
        inhouse audit verify
        inhouse audit show --day 2026-11-28 --channel C0123456789
        inhouse audit show --person U0123456789
    """


@audit.command()
@click.option(
    "--expect", metavar="NUMBER:HASH", help="A head that was noted earlier; the chain must still hold that row."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else on standard output.")
def verify(expect: str | None, as_json: bool) -> None:
    """Check every row, and name those that were changed, removed, inserted or moved.

    It prints the head, NUMBER:HASH. Keep it elsewhere (the log of the bot has one for each question) and give it
    back with --expect: then a chain that was cut off or written anew is found too, whoever did it. The exit
    status is 0 if the chain holds.
    """
    with open_database(Settings.load()) as database:
        found: Verdict = database.read(partial(chain.verify, expected=_head(expect)))
    holds = not found.faults
    if as_json:
        result = {"ok": holds, "rows": found.rows, "head": str(found.head), "faults": list(found.faults)}
        click.echo(json.dumps(result))
    else:
        for fault in found.faults:
            click.echo(fault)
        click.echo(f"{found.rows} rows; {'the chain holds' if holds else 'the chain is broken'}. Head: {found.head}")
    raise SystemExit(0 if holds else 1)


def _head(text: str | None) -> Head | None:
    if text is None:
        return None
    if not re.fullmatch(r"\d+:[0-9a-f]{8,64}", text):
        raise SettingsError("A head is written NUMBER:HASH, as `inhouse audit verify` prints it.")
    number, _, noted = text.partition(":")
    return Head(int(number), noted)


@audit.command()
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="Only this day (UTC).")
@click.option("--channel", default="", help="Only this conversation, by its Slack id.")
@click.option("--person", default="", help="Only this person, by their Slack id.")
@click.option("--team", help="The Slack workspace, where the data folder holds several.")
@click.option("--limit", default=1000, show_default=True, help="At most so many rows, the newest.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else on standard output.")
def show(day: datetime | None, channel: str, person: str, team: str | None, limit: int, as_json: bool) -> None:
    """Print rows, oldest first: number, time, what was asked for, decision, conversation, person, passages."""
    with open_database(Settings.load()) as database:
        who = (only_team(database, team), person) if person else None
        date = day.date() if day else None
        rows = database.read(partial(chain.shown, day=date, channel=channel, person=who, limit=limit))
    if as_json:
        click.echo(json.dumps({"ok": True, "n": len(rows), "rows": rows}))
        return
    for row in rows:
        about = ",".join(map(str, row["chunks"])) or json.dumps(row["details"])
        click.echo(_LINE.format(**row, about=about).rstrip(" {}"))
    say(f"{len(rows)} rows.")
