"""Data of every earlier version is brought up to this one whole, or left as it was."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlite_utils

from bot.cli.kept import MIGRATIONS
from bot.schema import MIGRATIONS as BOT
from rag.database import BEFORE_UPGRADE, Database
from rag.digests import MIGRATIONS as DIGESTS
from rag.errors import DiskFull, StoreTooNew
from rag.store import MIGRATIONS as RAG
from tests.conftest import REPOSITORY

NAMES = [migration.name for migration in BOT._migrations]
ROWS = 20
# As of which migration of each set a version of the past left its data; the last one is today's.
PAST = [(None, None), *((name, "m001_digests") for name in NAMES[1:])]


def made(path: Path, stop_bot: str | None, stop_digests: str | None = None) -> Path:
    """A database as it was before ``stop_bot``, with rows in every table."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        database = sqlite_utils.Database(connection, execute_plugins=False)
        RAG.apply(database)
        if stop_digests is None:
            DIGESTS.apply(database)
        BOT.apply(database, stop_before=stop_bot)
        for table in _tables(connection):
            _fill(connection, table)
        connection.commit()
    return path


def _tables(connection: sqlite3.Connection) -> list[str]:
    """Without the chain, whose rows only its own code writes, and without what SQLite keeps of the index."""
    sql = "select name from sqlite_master where type = 'table' and name not like '%fts%' and name not like 'audit%'"
    skipped = ("generation", "sqlite_sequence", "_sqlite_migrations", "sqlite_stat1")
    return [name for (name,) in connection.execute(sql).fetchall() if name not in skipped]


def _fill(connection: sqlite3.Connection, table: str) -> None:
    columns = connection.execute(f"pragma table_info({table})").fetchall()
    for number in range(1, ROWS + 1):
        row = {name: _value(name, kind.upper(), number) for _, name, kind, *_ in columns}
        places = ", ".join("?" for _ in row)
        connection.execute(f"insert into {table} ({', '.join(row)}) values ({places})", list(row.values()))


def _value(name: str, kind: str, number: int) -> Any:
    if "INT" in kind:
        return number
    if kind in {"FLOAT", "REAL"}:
        return float(number)
    if kind == "BLOB":
        return bytes([number])
    return {"status": "ready", "state": "done", "location": "{}"}.get(name, f"{name} {number}")


def held(path: Path) -> dict[str, list[dict[str, Any]]]:
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return {
            table: [dict(row) for row in connection.execute(f"select * from {table} order by rowid").fetchall()]
            for table in _tables(connection)
        }


def is_kept(before: dict[str, list[dict[str, Any]]], after: dict[str, list[dict[str, Any]]]) -> bool:
    """Whether every row of before is there, with all its columns."""
    return all(
        [{name: row[name] for name in old} for row, old in zip(after[table], rows, strict=True)] == rows
        for table, rows in before.items()
    )


@pytest.mark.parametrize(("bot", "digests"), PAST, ids=lambda value: str(value))
def test_every_past_schema_is_brought_up_with_all_its_rows(
    tmp_path: Path, bot: str | None, digests: str | None
) -> None:
    path = made(tmp_path / "inhouse.db", bot, digests)
    before = held(path)
    with Database(path, MIGRATIONS) as database:
        applied = [name for name, *_ in database.read(_applied)]
    assert set(NAMES) <= set(applied)
    assert is_kept(before, held(path)) and all(len(rows) == ROWS for rows in before.values())
    copy = path.with_name(path.name + BEFORE_UPGRADE)
    assert copy.exists() is (bot is not None or digests is not None)
    if copy.exists():
        assert held(copy) == before and copy.stat().st_mode & 0o077 == 0
        copy.replace(path)
        Database(path, MIGRATIONS).close()
        assert is_kept(before, held(path)), "the copy is as good as the file was"


def _applied(db: Any) -> list[tuple[str]]:
    return db.execute("select name from _sqlite_migrations").fetchall()


def test_an_upgrade_without_room_for_its_copy_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made(tmp_path / "inhouse.db", NAMES[-1])

    def full(*_: object) -> None:
        raise OSError(28, "no space left")

    monkeypatch.setattr("rag.database._copy", full)
    with pytest.raises(DiskFull):
        Database(path, MIGRATIONS)
    with closing(sqlite3.connect(path)) as connection:
        assert NAMES[-1] not in {name for (name,) in connection.execute("select name from _sqlite_migrations")}


def test_a_newer_schema_is_refused_and_not_a_byte_is_written(tmp_path: Path) -> None:
    path = tmp_path / "inhouse.db"
    Database(path, MIGRATIONS).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("insert into _sqlite_migrations (migration_set, name) values ('bot', 'm999_later')")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = path.read_bytes()
    with pytest.raises(StoreTooNew) as refused:
        Database(path, MIGRATIONS)
    assert "newer version of Inhouse" in refused.value.user_message
    assert path.read_bytes() == before and not path.with_name(path.name + BEFORE_UPGRADE).exists()


def test_the_copy_from_before_an_upgrade_goes_with_the_next_erasure(tmp_path: Path) -> None:
    from rag.database import drop_old_copy

    path = made(tmp_path / "inhouse.db", NAMES[-1])
    Database(path, MIGRATIONS).close()
    copy = path.with_name(path.name + BEFORE_UPGRADE)
    drop_old_copy(path, 3600.0)
    assert copy.exists()
    drop_old_copy(path)
    assert not copy.exists()


# --- killed in the middle ---------------------------------------------------------------------------

OPENS = """
import os, signal, sqlite3, sys
from pathlib import Path
from rag import database as room
from bot.schema import MIGRATIONS
left = int(sys.argv[2])
real = sqlite3.connect
def count(statement):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
def connect(*arguments, **more):
    connection = real(*arguments, **more)
    connection.set_trace_callback(count)
    return connection
sqlite3.connect = connect
room.Database(Path(sys.argv[1]), [MIGRATIONS]).close()
print(left)
"""


def opened(path: Path, statements: int) -> tuple[int, str]:
    """Open a database in a process that is killed before it runs so many statements."""
    done = subprocess.run(
        [sys.executable, "-c", OPENS, str(path), str(statements)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout.strip()


def _survives(folder: Path, stop: str, statements: int) -> bool:
    """Kill an upgrade, look that nothing is lost, and upgrade again; whether it was killed at all."""
    folder.mkdir()
    path = folder / "inhouse.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        BOT.apply(sqlite_utils.Database(connection, execute_plugins=False), stop_before=stop)
        for table in _tables(connection):
            _fill(connection, table)
        connection.commit()
    before = held(path)
    code, _ = opened(path, statements)
    assert is_kept(before, held(path))
    with Database(path, [BOT]) as database:
        assert database.read(lambda db: db.execute("pragma integrity_check").fetchone()[0]) == "ok"
        assert set(NAMES) <= {name for (name,) in database.read(_applied)}
    assert is_kept(before, held(path))
    return code != 0


def _upgrades(tmp_path: Path, count: int) -> int:
    chance = random.Random(26)
    statements = {stop: _length(tmp_path / stop, stop) for stop in NAMES[1:]}
    killed = 0
    for number in range(count):
        stop = chance.choice(NAMES[1:])
        killed += _survives(tmp_path / str(number), stop, chance.randrange(statements[stop]))
    return killed


def _length(folder: Path, stop: str) -> int:
    """How many statements an upgrade takes that is not killed."""
    folder.mkdir()
    with closing(sqlite3.connect(folder / "inhouse.db")) as connection:
        BOT.apply(sqlite_utils.Database(connection, execute_plugins=False), stop_before=stop)
    code, left = opened(folder / "inhouse.db", 100_000)
    assert code == 0
    return 100_000 - int(left)


@pytest.mark.slow
def test_upgrades_that_are_killed_lose_nothing(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    count = request.config.getoption("--upgrades")
    assert _upgrades(tmp_path, count) == count
