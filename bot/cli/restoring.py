"""How a backup becomes the data folder: unpacked beside it, brought up to date, swept, and only then put in place.

The new data is whole and free of what was erased before the first file of the old is touched. Originals come
first, as nobody minds one too many; the database last, by one rename. A crash leaves the old data or the new.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot import audit, ledger
from bot.channels import Channels
from bot.cli.kept import DATABASE, INDEX, MIGRATIONS, ORIGINALS, OTHERS
from bot.erasures import Erasures
from bot.ledger import Erased
from bot.records import Records
from bot.replaying import carry_on_audit, note_restored, replay, settle_jobs
from rag.database import Database, check_database, drop_old_copy, is_in_use, read_rows
from rag.erase import Eraser
from rag.errors import SettingsError, StoreError
from rag.originals import Originals
from rag.snapshots import Manifest, take_originals, unpack_snapshot
from rag.store import Store
from rag.vectors import VectorIndex, sync_folder

PART = ".restoring-"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be restored, and how."""

    backup: Path
    ledger: Path | None = None
    may_replace: bool = False


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of it. ``ledger_entries`` None: there was no ledger. ``is_verified``: what was erased is not found."""

    made_at: float  # seconds since the epoch
    documents: int
    questions: int
    missing: int  # originals
    ledger_entries: int | None
    replayed: int
    audit_rows_kept: int  # that are newer than the backup
    is_verified: bool


@dataclass(frozen=True, slots=True)
class Old:
    """What is taken over from the data that is replaced, as far as it can be read."""

    erased: tuple[Erased, ...]
    has_ledger: bool
    audit: tuple[dict[str, Any], ...]
    people: tuple[dict[str, Any], ...]


def restore_backup(data_dir: Path, wish: Wish) -> Restored:
    """Put a backup in the place of what a data folder holds. Raises: SettingsError, StoreError."""
    if not wish.backup.is_file():
        raise SettingsError(f"There is no backup {wish.backup.name}.")
    if wish.ledger is not None and not wish.ledger.is_file():
        raise SettingsError(f"There is no ledger {wish.ledger.name}.")
    _check_place(data_dir, wish)
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in data_dir.glob(f"{PART}*"):  # by a restore that was killed
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=PART, dir=data_dir) as name:
        folder = Path(name)
        manifest = unpack_snapshot(wish.backup, folder)
        check_database(folder / DATABASE, MIGRATIONS)
        old = _old(data_dir, wish)
        restored = _bring_up(folder, manifest, old)
        _swap(folder, data_dir)
    return restored


def _check_place(data_dir: Path, wish: Wish) -> None:
    """Raises: SettingsError, StoreError — before anything is unpacked."""
    database = data_dir / DATABASE
    if not database.exists():
        return
    if not wish.may_replace:
        raise SettingsError(
            "The data folder holds data already. Set INHOUSE_DATA_DIR to another folder, or say --replace: "
            "then what is in it now is gone."
        )
    with suppress(StoreError):  # a damaged one is why people restore
        if is_in_use(database):
            raise SettingsError("The bot is running on this data; stop it first. Nothing was changed.")


# --- the old data ------------------------------------------------------------------------------------


def _old(data_dir: Path, wish: Wish) -> Old:
    """Raises: StoreError, where the ledger is there and cannot be read."""
    database, file = data_dir / DATABASE, data_dir / ledger.FILE
    given = [path for path in (wish.ledger, file) if path is not None and path.exists()]
    try:
        entries = [each for path in given for each in ledger.read(path)]
    except OSError as error:
        raise StoreError("The ledger of erasures cannot be read; nothing was changed.", detail=str(error)) from error
    table = _rows(database, "erased", ("entry", "at", "kind", "ids"))
    entries += [Erased(row["entry"], row["at"], row["kind"], json.loads(row["ids"])) for row in table or ()]
    unique = {each.entry: each for each in entries}
    people = _rows(database, "audit_people", ("team", "user", "key"))
    chain = _rows(database, "audit", audit.COLUMNS)
    return Old(tuple(unique.values()), bool(given) or table is not None, tuple(chain or ()), tuple(people or ()))


def _rows(database: Path, table: str, columns: tuple[str, ...]) -> list[dict[str, Any]] | None:
    """None where there is no such database or table, or it cannot be read."""
    if not database.exists():
        return None
    try:
        if not read_rows(database, "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)):
            return None
        found = read_rows(database, f"SELECT {', '.join(columns)} FROM {table} ORDER BY 1")
    except StoreError:
        return None
    return [dict(zip(columns, row, strict=True)) for row in found]


# --- the new data ------------------------------------------------------------------------------------


def _bring_up(folder: Path, manifest: Manifest, old: Old) -> Restored:
    """Make the unpacked data what the bot may use: of this version, without what was erased, with an index."""
    with Database(folder / DATABASE, MIGRATIONS) as database:
        carried, replayed = database.write(partial(_take_up, old=old, made_at=manifest.made_at))
        is_verified = _sweep(database, folder)
        documents, questions = _count(database, "documents"), _count(database, "turns")
        entries = database.read(ledger.entries_in)
    drop_old_copy(folder / DATABASE)
    if entries:
        ledger.append(folder / ledger.FILE, entries)
    missing = len(manifest.missing)
    known = len(old.erased) if old.has_ledger else None
    return Restored(manifest.made_at, documents, questions, missing, known, replayed, carried, is_verified)


def _count(database: Database, table: str) -> int:
    return int(database.read(lambda db: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]))


def _take_up(db: Any, old: Old, made_at: float) -> tuple[int, int]:
    head = audit.head(db)
    later = [row for row in old.audit if row["number"] >= max(1, head.number)]
    carried = carry_on_audit(db, later, old.people)
    settle_jobs(db)
    replayed = replay(db, old.erased)
    note_restored(db, made_at, replayed)
    return carried, replayed


def _sweep(database: Database, folder: Path) -> bool:
    """Erase what no row asks for any more, and write the index; whether what was erased is proved to be gone."""
    store, originals = Store(database), Originals(folder / ORIGINALS)
    with opened_index(store, folder / INDEX) as (vectors, path):
        eraser = Eraser(store, vectors, originals, path, forget=no_model)
        records = Records(database)
        erasures = Erasures(AsyncWebClient(), records, store, eraser, Channels(records))  # asks Slack nothing
        is_finished = eraser.finish().verified
        asyncio.run(erasures.sweep_everywhere())
        is_folded = eraser.fold()
        return is_finished and is_folded and eraser.recheck()


def no_model(_scope_id: str) -> None:
    """No model runs in the operator's commands that could remember anything."""


@contextmanager
def opened_index(store: Store, path: Path) -> Iterator[tuple[VectorIndex, Path | None]]:
    """The index of the embedder that made most vectors; the bot builds another one itself. No model is loaded."""
    sql = "SELECT fingerprint, length(vector) / 4 FROM embeddings GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
    found = store.database.read(lambda db: db.execute(sql).fetchone())
    if found is None:
        yield VectorIndex(1, ""), None
        return
    vectors = VectorIndex.open(path, store, int(found[1]), found[0])
    yield vectors, path
    vectors.save(path, store)


# --- in place ----------------------------------------------------------------------------------------


def _swap(folder: Path, data_dir: Path) -> None:
    """Put the new data in the place of the old, whose log would destroy it."""
    originals, database = Originals(data_dir / ORIGINALS), data_dir / DATABASE
    take_originals(folder, originals)
    (data_dir / INDEX).unlink(missing_ok=True)
    for suffix in ("-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    drop_old_copy(database)
    for name in (DATABASE, INDEX, ledger.FILE, *OTHERS):  # by our own names, not by those in the backup
        if (folder / name).exists():
            (folder / name).replace(data_dir / name)
    sync_folder(data_dir)
    kept = {row[0] for row in read_rows(database, "SELECT sha256 FROM documents WHERE status != 'failed'")}
    for sha256 in originals.all():
        originals.remove(sha256, kept.__contains__)
