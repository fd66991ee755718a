"""The data folder as the operator's commands open it: without models, and beside a running bot or not."""

from __future__ import annotations

from pathlib import Path

from bot import schema
from bot.settings import Settings
from rag import digests, store
from rag.database import Database
from rag.errors import SettingsError

DATABASE, ORIGINALS, INDEX = "inhouse.db", "originals", "vectors.faiss"
OTHERS = ("calibration.json",)  # small files that a backup holds beside them
MIGRATIONS = (store.MIGRATIONS, digests.MIGRATIONS, schema.MIGRATIONS)


def kept_database(settings: Settings) -> Path:
    """Where the database lies. Raises: SettingsError, where no bot has kept anything yet."""
    path = settings.data_dir / DATABASE
    if not path.exists():
        raise SettingsError("No bot has kept anything in INHOUSE_DATA_DIR yet; is it the right folder?")
    return path


def open_database(settings: Settings) -> Database:
    """The database of the data folder. Raises: SettingsError, StoreError."""
    return Database(kept_database(settings), MIGRATIONS)


def only_team(database: Database, team: str | None) -> str:
    """The workspace whose data this is; it need not be said where there is one only. Raises: SettingsError."""
    tables = ("shares", "turns", "events")
    union = " union ".join(f"select team from {table} where team != ''" for table in tables)
    teams = [row[0] for row in database.read(lambda db: db.execute(union).fetchall())]
    if team is not None and team in teams:
        return team
    if team is None and len(teams) == 1:
        return teams[0]
    known = ", ".join(sorted(teams)) or "none"
    raise SettingsError(f"Say with --team which Slack workspace is meant; known here: {known}.")
