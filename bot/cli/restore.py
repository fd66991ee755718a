"""`inhouse restore`: the data folder as a backup has it, without what was erased since."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from bot.cli.library import say
from bot.cli.restoring import Restored, Wish, restore_backup
from bot.settings import Settings


@click.command()
@click.argument("backup", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--ledger",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file erasures.jsonl of the data folder that was lost, for a restore on another machine.",
)
@click.option("--replace", is_flag=True, help="Do it although the data folder holds data, which is then gone.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else on standard output.")
def restore(backup: Path, ledger: Path | None, replace: bool, as_json: bool) -> None:
    """Put a backup into the data folder. Stop the bot first.

    Every checksum is compared before anything is changed, and an older version's data is brought up to date. What
    was erased after the backup was made is erased from it again: the file erasures.jsonl in the data folder says
    by ids what that was. On another machine give that file with --ledger; where there is none, you are told.

    The bot then takes up what it finds. Questions asked since the backup are known no more; their answers stay in
    Slack.

    \b
    Examples:
        inhouse restore /mnt/backups/inhouse-20261128T020000Z.tar
        inhouse restore backup.tar --ledger /mnt/old-disk/erasures.jsonl
    """
    done = restore_backup(Settings.load().data_dir, Wish(backup, ledger, replace))
    if as_json:
        click.echo(json.dumps({"ok": done.is_verified, **asdict(done)}))
    else:
        _tell(done)
    raise SystemExit(0 if done.is_verified else 1)


def _tell(done: Restored) -> None:
    made_at = datetime.fromtimestamp(done.made_at, UTC)
    click.echo(
        f"Restored the backup of {made_at:%Y-%m-%d %H:%M} UTC: {done.documents} documents, {done.questions} questions."
    )
    if done.ledger_entries is None:
        say(
            f"NO LEDGER OF ERASURES WAS FOUND. What people deleted after {made_at:%Y-%m-%d %H:%M} UTC is back. If you "
            "have the old data folder's erasures.jsonl, restore again with --ledger and --replace; else delete it "
            "again with `inhouse forget`. What was deleted in Slack goes with the hourly comparison once the bot runs."
        )
    else:
        click.echo(f"{done.replayed} erasures that came after it were done again.")
    if not done.is_verified:
        say("Some of what was erased is still found on disk; the running bot tries again every hour.")
    if done.missing:
        say(f"{done.missing} original files are not in the backup; their text is.")
