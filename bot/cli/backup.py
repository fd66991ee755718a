"""`inhouse backup`: everything that the bot keeps, in one file, while it runs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from bot.cli.kept import ORIGINALS, OTHERS, kept_database
from bot.cli.library import say
from bot.settings import Settings
from rag.errors import SettingsError
from rag.snapshots import Manifest, write_snapshot


@click.command()
@click.argument("target", metavar="FILE_OR_FOLDER", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else on standard output.")
def backup(target: Path, as_json: bool) -> None:
    """Back up everything that the bot keeps into one file; it may go on running meanwhile.

    In the file: the database (texts, questions, answers, votes, settings, the audit), the original files, and
    a list of checksums. Not in it: tokens and settings, the models, and the search index, which is built again.
    In a folder the file gets a name with date and time; no file is ever overwritten.

    The file holds the text of every document. It is readable by this user only; keep it on an encrypted disk, and
    no longer than you must: what people delete stays in it. `inhouse restore` deletes that again.

    \b
    Examples:
        inhouse backup /mnt/backups
        inhouse backup /mnt/backups/before-upgrade.tar
    """
    settings = Settings.load()
    database, path = kept_database(settings), _file(target)
    others = [settings.data_dir / name for name in OTHERS]
    manifest = write_snapshot(path, database, settings.data_dir / ORIGINALS, others)
    if as_json:
        click.echo(json.dumps(_result(path, manifest)))
        return
    click.echo(f"{path}: {manifest.size_bytes / 1e6:.1f} MB, {len(manifest.files)} files.")
    if manifest.missing:
        say(f"{len(manifest.missing)} original files were not there or are damaged; their text is in the backup.")


def _file(target: Path) -> Path:
    """Raises: SettingsError."""
    path = target / f"inhouse-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.tar" if target.is_dir() else target
    if not path.parent.is_dir():
        raise SettingsError(f"There is no folder {path.parent.name} to put the backup into; make it first.")
    return path


def _result(path: Path, manifest: Manifest) -> dict[str, object]:
    sizes = {"size_bytes": manifest.size_bytes, "files": len(manifest.files), "missing": len(manifest.missing)}
    return {"ok": True, "file": str(path), "made_at": manifest.made_at, **sizes}
