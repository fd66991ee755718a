"""A power cut may take whatever was not synced: what somebody was told is stored stays stored.

Method: the database's files are copied as they lie after each acknowledged write, and the log is cut as a cut of
the power may cut it. SQLite syncs the log at each commit (`synchronous=FULL`), so the bytes up to the last
acknowledged commit are on the disk, and of what follows any part may be missing or, where the log was begun
anew, be older. Every such copy must open, be whole, and hold everything that was acknowledged when it was made.

Shown: that a commit's bytes stand in the log before it is acknowledged, that nothing after it is needed, and that
the connection asks for a sync of the log at each commit. Not shown: that the system and the device do what
they are asked (a disk that lies about its syncs loses what it lies about), nor sectors that are torn within.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from rag.database import Database

HEADER_BYTES, FRAME_HEADER_BYTES = 32, 24
CUTS = 200
WRITES = 40


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "here.db", []) as opened:
        opened.write(lambda db: db.execute("create table events (number integer primary key, body text)"))
        yield opened


def _write(database: Database, number: int) -> None:
    """Returns when it is acknowledged."""

    def work(db: Any) -> None:
        db.execute("insert into events values (?, ?)", (number, f"event {number} " * 200))

    database.write(work, urgent=True)


def _copy(database: Database, to: Path) -> Path:
    """The files as they lie, as another disk would hold them; never the shared memory, which no disk holds."""
    to.mkdir(exist_ok=True)
    for suffix in ("", "-wal"):
        source = database.path.with_name(database.path.name + suffix)
        if source.exists():
            shutil.copyfile(source, to / source.name)
    return to / database.path.name


def _numbers(path: Path) -> set[int]:
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)
        return {row[0] for row in db.execute("select number from events")}


def _committed_bytes(wal: bytes) -> int:
    """Where the last commit of a log ends: the end of the last frame that names a size of the database."""
    page = int.from_bytes(wal[8:12], "big")
    salt, end = wal[16:24], HEADER_BYTES
    for start in range(HEADER_BYTES, len(wal) - FRAME_HEADER_BYTES - page + 1, FRAME_HEADER_BYTES + page):
        if wal[start + 8 : start + 16] != salt:
            break
        if int.from_bytes(wal[start + 4 : start + 8], "big"):
            end = start + FRAME_HEADER_BYTES + page
    return end


def test_everything_acknowledged_survives_a_cut_wherever_the_log_was_not_synced(
    database: Database, tmp_path: Path
) -> None:
    """The log is cut at random behind the last acknowledged commit, the rest lost, zeroed or scrambled."""
    chance, copy = random.Random(3), tmp_path / "copy"
    for number in range(WRITES):
        _write(database, number)
        for _ in range(CUTS // WRITES):
            path = _copy(database, copy)
            wal_path = copy / f"{path.name}-wal"
            wal = wal_path.read_bytes()
            synced = _committed_bytes(wal)
            unsynced = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 6000)))
            whole = wal[:synced] + unsynced  # of the next commit, which nobody was told of
            cut = whole[: chance.randrange(synced, len(whole) + 1)]
            wal_path.write_bytes(cut if chance.random() < 0.7 else cut.ljust(len(whole) + 4096, b"\0"))
            assert _numbers(path) >= set(range(number + 1)), number
        if number % 10 == 9:  # folded into the file, and the log begun anew over the old one
            database.maintain(lambda db: db.execute("pragma wal_checkpoint(restart)").fetchall())


def test_a_cut_before_the_last_commit_loses_that_one_and_nothing_else(database: Database, tmp_path: Path) -> None:
    """That the test above can fail: without the sync of its commit an acknowledged event would be lost."""
    for number in range(5):
        _write(database, number)
    path = _copy(database, tmp_path / "copy")
    wal_path = path.with_name(f"{path.name}-wal")
    wal = wal_path.read_bytes()
    wal_path.write_bytes(wal[: _committed_bytes(wal) - 100])
    assert _numbers(path) == set(range(4))


def test_each_commit_is_synced_before_it_is_acknowledged(database: Database) -> None:
    """`FULL`: with `NORMAL` the log is synced at checkpoints only, and a power cut takes the commits before."""
    assert database.maintain(lambda db: db.execute("pragma synchronous").fetchone()[0]) == 2
    assert database.maintain(lambda db: db.execute("pragma journal_mode").fetchone()[0]) == "wal"
    before = database.path.with_name(f"{database.path.name}-wal").stat().st_size
    _write(database, 1)
    assert database.path.with_name(f"{database.path.name}-wal").stat().st_size > before
