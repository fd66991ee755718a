"""Fixtures of the bot's rooms."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.records import Records
from bot.schema import MIGRATIONS
from rag.database import Database

TABLES = (
    *("events", "jobs", "threads", "turns", "shares", "gone"),
    *("channels", "feedback", "asides", "receipts", "contexts"),
)


@pytest.fixture(scope="session")
def bot_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One database for all tests of this folder: creating the tables costs more than most of them."""
    with Database(tmp_path_factory.mktemp("bot") / "inhouse.db", [MIGRATIONS]) as database:
        yield database


@pytest.fixture
def records(bot_database: Database) -> Records:
    """Records with nothing in them."""

    def empty(db: object) -> None:
        for table in TABLES:
            db.execute(f"delete from {table}")  # type: ignore[attr-defined]

    bot_database.write(empty)
    return Records(bot_database)
