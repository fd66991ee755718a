"""`inhouse forget`: a person, a conversation or a document, everywhere; the operator's answer to a request."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from bot.cli.kept import only_team, open_database
from bot.cli.library import say
from bot.cli.wiping import Subject, Wiped, wipe
from bot.settings import Settings


@click.command()
@click.option("--person", default="", help="All that this person gave, asked and said, by their Slack id (U…).")
@click.option("--channel", default="", help="All that this conversation gave and asked, by its Slack id (C…, D…, G…).")
@click.option("--document", default="", help="One document wherever it is shared, by its file id (F…) or number here.")
@click.option("--team", help="The Slack workspace, where the data folder holds several.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else on standard output.")
def forget(person: str, channel: str, document: str, team: str | None, dry_run: bool, as_json: bool) -> None:
    """Forget a person, a conversation or a document: text, index, vectors, originals, questions, answers, votes.

    The bot may be running; then it does its part within seconds, and this waits for it. Of a person also the key
    goes that tells whose rows of the audit are theirs. Messages in Slack stay there: delete them in Slack. Backups
    keep what they hold until they are restored, which forgets it again, or deleted.

    \b
    Examples:
        inhouse forget --person U0123456789 --dry-run
        inhouse forget --channel C0123456789
        inhouse forget --document F0123456789
    """
    if sum(map(bool, (person, channel, document))) != 1:
        raise click.UsageError("Say one of --person, --channel and --document.")
    settings = Settings.load()
    with open_database(settings) as database:
        chosen = only_team(database, team)
    done = wipe(settings, Subject(chosen, person, channel, document), is_dry_run=dry_run)
    if as_json:
        click.echo(json.dumps({"ok": dry_run or done.is_verified, **asdict(done)}))
    else:
        _tell(done)
    raise SystemExit(0 if dry_run or done.is_verified else 1)


def _tell(done: Wiped) -> None:
    what = (
        f"{done.files} files, {done.questions} questions with their answers, {done.votes} votes and "
        f"{done.private_answers} private answers in {done.conversations} conversations"
    )
    click.echo(f"Forgotten: {what}." if done.is_done else f"Would be forgotten: {what}. Nothing was changed.")
    if done.is_done and not done.is_verified:
        say("The rows are gone, so nothing answers from them; whether the text left the disk is not confirmed yet.")
