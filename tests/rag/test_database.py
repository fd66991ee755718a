"""The connection layer: one writer, many readers, errors with names."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils.migrations import Migrations

from rag.database import Database
from rag.errors import DiskFull, StoreCorrupt, StoreError, StoreTooNew

MIGRATIONS = Migrations("test")


@MIGRATIONS()
def m001(database) -> None:
    database.table("notes").create({"id": int, "text": str}, pk="id")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "folder" / "test.db", [MIGRATIONS]) as database:
        yield database


def add(text: str):
    return lambda db: db.execute("INSERT INTO notes (text) VALUES (?)", (text,)).lastrowid


def texts(database: Database) -> list[str]:
    return database.read(lambda db: [row[0] for row in db.execute("SELECT text FROM notes ORDER BY id").fetchall()])


def test_what_was_written_is_read_at_once_by_every_thread(database: Database):
    database.write(add("one"))
    seen: list[list[str]] = []
    thread = threading.Thread(target=lambda: seen.append(texts(database)))
    thread.start()
    thread.join()
    assert seen == [["one"]]


def test_failed_work_leaves_nothing_and_the_next_goes_on(database: Database):
    def half(db) -> None:
        add("half")(db)
        raise KeyError("stop")

    with pytest.raises(KeyError):
        database.write(half)
    database.write(add("whole"))
    assert texts(database) == ["whole"]


def test_urgent_work_overtakes_what_waits(database: Database):
    gate, order = threading.Event(), []
    waiting = [database.submit(lambda db: gate.wait(10))]
    waiting += [database.submit(lambda db: order.append("slow")) for _ in range(3)]
    waiting.append(database.submit(lambda db: order.append("urgent"), urgent=True))
    gate.set()
    for future in waiting:
        future.result(10)
    assert order == ["urgent", "slow", "slow", "slow"]


def test_urgent_writes_that_wait_share_a_commit_and_fail_alone(database: Database):
    gate = threading.Event()
    held = database.submit(lambda db: gate.wait(10), urgent=True)

    def broken(db) -> None:
        add("broken")(db)
        raise KeyError("stop")

    works = [add("one"), broken, add("two"), add("three")]
    waiting = [database.submit(work, urgent=True) for work in works]
    gate.set()
    assert held.result(10)
    with pytest.raises(KeyError):
        waiting[1].result(10)
    assert [future.result(10) for future in (waiting[0], waiting[2], waiting[3])] == [1, 2, 3]
    assert texts(database) == ["one", "two", "three"]


def test_many_urgent_writes_at_once_are_all_kept_in_their_order(database: Database):
    waiting = [database.submit(add(str(n)), urgent=True) for n in range(500)]
    assert [future.result(30) for future in waiting] == list(range(1, 501))
    assert texts(database) == [str(n) for n in range(500)]


def test_nobody_is_answered_before_the_commit(database: Database, tmp_path: Path):
    """Seen from another connection: what a future says is done can be read there."""
    waiting = [database.submit(add(str(n)), urgent=True) for n in range(200)]
    other = sqlite3.connect(database.path)
    for future in waiting:
        row = future.result(30)
        assert other.execute("SELECT count(*) FROM notes WHERE id = ?", (row,)).fetchone() == (1,)
    other.close()


def test_a_reader_cannot_write(database: Database):
    with pytest.raises(StoreError):
        database.read(add("sneaked in"))
    assert texts(database) == []


def test_a_read_sees_one_moment(database: Database):
    def twice(db) -> tuple[int, int]:
        first = db.execute("SELECT count(*) FROM notes").fetchone()[0]
        database.write(add("meanwhile"))
        return first, db.execute("SELECT count(*) FROM notes").fetchone()[0]

    assert database.read(twice) == (0, 0)
    assert texts(database) == ["meanwhile"]


def test_writing_from_the_writer_thread_is_an_error_not_a_deadlock(database: Database):
    with pytest.raises(RuntimeError):
        database.write(lambda db: database.write(add("inner")))


def test_closing_finishes_what_was_submitted_and_refuses_more(tmp_path: Path):
    database = Database(tmp_path / "test.db", [MIGRATIONS])
    futures = [database.submit(add(str(n))) for n in range(50)]
    database.close()
    assert all(future.done() for future in futures)
    for refused in (lambda: database.submit(add("late")), lambda: texts(database)):
        with pytest.raises(StoreError):
            refused()
    database.close()  # twice is as good as once
    with Database(tmp_path / "test.db", [MIGRATIONS]) as again:
        assert len(texts(again)) == 50


def test_no_submission_is_left_unanswered_by_a_close_beside_it(tmp_path: Path):
    """A future that was queued behind the last entry used to stay open for ever."""
    for attempt in range(20):
        database = Database(tmp_path / f"{attempt}.db", [MIGRATIONS])
        futures, begun = [], threading.Event()

        def submit_until_closed(database=database, futures=futures, begun=begun) -> None:
            with contextlib.suppress(StoreError):
                while True:
                    futures.append(database.submit(lambda db: None))
                    begun.set()

        thread = threading.Thread(target=submit_until_closed)
        thread.start()
        begun.wait()
        database.close()
        thread.join()
        assert all(future.done() for future in futures)


def test_closing_empties_the_log(tmp_path: Path):
    database = Database(tmp_path / "test.db", [MIGRATIONS])
    database.write(add("kept"))
    texts(database)  # an open reader used to keep the log from being folded in
    database.close()
    log = tmp_path / "test.db-wal"
    assert not log.exists() or log.stat().st_size == 0


def test_reading_threads_that_ended_hold_no_files_open(database: Database):
    def count() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    if not Path("/proc/self/fd").is_dir():
        pytest.skip("only Linux shows its open files")
    texts(database)
    before = count()
    for _ in range(30):
        thread = threading.Thread(target=texts, args=(database,))
        thread.start()
        thread.join()
    assert count() <= before + 3


def test_files_are_for_the_owner_only(database: Database):
    database.write(add("secret"))
    for path in (database.path, database.path.with_name("test.db-wal")):
        assert path.stat().st_mode & 0o077 == 0
    assert database.path.parent.stat().st_mode & 0o077 == 0


def test_a_newer_schema_is_refused_and_left_as_it_is(tmp_path: Path):
    newer = Migrations("test")
    newer(name="m001")(m001)
    newer(name="m002_later")(lambda db: db.table("later").create({"id": int}))
    Database(tmp_path / "test.db", [newer]).close()
    with pytest.raises(StoreTooNew) as refused:
        Database(tmp_path / "test.db", [MIGRATIONS])
    assert "newer version" in refused.value.user_message


@pytest.mark.parametrize("damage", ["garbage", "truncated", "flipped"])
def test_a_corrupt_database_is_named_and_not_touched(tmp_path: Path, damage: str):
    path = tmp_path / "test.db"
    with Database(path, [MIGRATIONS]) as database:
        for number in range(300):
            database.write(add(f"{number} " * 200))
    content = bytearray(path.read_bytes())
    if damage == "garbage":
        content = bytearray(os.urandom(len(content)))
    elif damage == "truncated":
        content = content[: len(content) // 2 + 100]
    else:
        for page in range(2, len(content) // 4096, 3):
            content[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    path.write_bytes(content)
    with pytest.raises(StoreCorrupt) as refused:
        Database(path, [MIGRATIONS])
    assert "inhouse restore" in refused.value.user_message
    assert str(tmp_path) not in refused.value.user_message
    assert path.read_bytes() == bytes(content)


def test_a_folder_that_cannot_be_made_is_an_error_with_a_name(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError):
        Database(tmp_path / "file" / "test.db", [MIGRATIONS])
    with pytest.raises(StoreError):
        Database(tmp_path, [MIGRATIONS])


def test_a_full_disk_is_named_and_writing_goes_on_when_there_is_room(database: Database):
    pages = database.read(lambda db: db.execute("PRAGMA page_count").fetchone()[0])
    database.maintain(lambda db: db.execute(f"PRAGMA max_page_count = {pages + 2}").fetchall())
    with pytest.raises(DiskFull):
        database.write(add("x" * 100_000))
    database.maintain(lambda db: db.execute("PRAGMA max_page_count = 100000").fetchall())
    database.write(add("y"))
    assert texts(database) == ["y"]

    def no_space(db) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    with pytest.raises(DiskFull):
        database.write(no_space)


def test_another_process_holding_the_lock_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("rag.database.BUSY_TIMEOUT_S", 0.05)
    with Database(tmp_path / "test.db", [MIGRATIONS]) as database:
        other = sqlite3.connect(tmp_path / "test.db")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError) as refused:
            database.write(add("blocked"))
        assert "Another process" in refused.value.user_message
        other.rollback()
        other.close()
        database.write(add("free"))
        assert texts(database) == ["free"]


WRITER = """
import sys
from pathlib import Path
from rag.database import Database
from tests.rag.test_database import MIGRATIONS, add
database = Database(Path(sys.argv[1]), [MIGRATIONS])
for number in range(100_000):
    database.write(add(str(number)))
    print(number, flush=True)
"""


def test_every_acknowledged_write_survives_a_kill(tmp_path: Path):
    path = tmp_path / "test.db"
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    assert process.stdout is not None
    acknowledged = -1
    for line in process.stdout:
        acknowledged = int(line)
        if acknowledged == 40:
            process.kill()
    process.wait()
    process.stdout.close()
    with Database(path, [MIGRATIONS]) as database:
        kept = texts(database)
    assert kept[: acknowledged + 1] == [str(n) for n in range(acknowledged + 1)]
    assert len(kept) <= acknowledged + 2
