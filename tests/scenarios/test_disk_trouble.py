"""The disk is full, read-only or broken: people are told, nothing is corrupt, and it heals without a restart.

A limit on the database's pages is SQLITE_FULL in the middle of a write, `query_only` is SQLITE_READONLY, and an
error at the commit, with the code that SQLite gives it, stands for one that the device reports. What a real
device does to bytes that it took is not shown by this.
"""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from bot import catchup
from rag import database, vectors
from rag.originals import Originals
from tests.scenarios.conftest import DEPOSIT, LEASE, RENT, House, every_line, lease, whole_text

Fault = Callable[[House, bool, pytest.MonkeyPatch], None]


def _read_only(house: House, is_broken: bool, _patch: pytest.MonkeyPatch) -> None:
    house.library.database.maintain(lambda db: db.execute(f"pragma query_only = {int(is_broken)}").fetchall())


def _at_the_commit(code: int) -> Fault:
    """The device reports an error at the end of each transaction, when all of it was written."""

    def fault(_house: House, is_broken: bool, patch: pytest.MonkeyPatch) -> None:
        commit = database._commit

        def broken(tables: Any, entries: list[Any]) -> None:
            def fail(_db: Any) -> None:
                error = sqlite3.OperationalError("the disk")
                error.sqlite_errorcode = code
                tables.conn.rollback()
                raise error

            last = database._Entry(0, 0, fail, database.Future(), database._Kind.TRANSACTION)
            commit(tables, [*entries, last])

        if is_broken:
            patch.setattr(database, "_commit", broken)
        else:
            patch.undo()

    return fault


FAULTS = {
    "full": _at_the_commit(sqlite3.SQLITE_FULL),
    "read-only": _read_only,
    "I/O error": _at_the_commit(sqlite3.SQLITE_IOERR_WRITE),
}


@pytest.fixture(params=FAULTS)
def fault(request: pytest.FixtureRequest) -> Fault:
    return FAULTS[request.param]


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catchup, "SETTLE_S", 0.0)
    monkeypatch.setattr(catchup, "AGAIN_S", 0.2)


async def _whole(house: House) -> None:
    with closing(sqlite3.connect(house.folder / "inhouse.db")) as db:
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)
    assert not await house.rows("select 1 from jobs where state in ('running', 'waiting', 'failed')")


async def test_question_that_cannot_be_stored_is_told_so_and_answered_when_it_can(
    house: House, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = await house.post("ana", "lab", RENT, files=[lease])
    await house.quiet()
    with monkeypatch.context() as patch:
        fault(house, True, patch)
        second = await house.post("ben", "lab", DEPOSIT, thread_ts=asked.ts)
        told = await house.place.wait_for(lambda: house.place.ephemerals(house.users["ben"]))
        assert "is not lost" in whole_text(told[0])
        fault(house, False, patch)
    assert "4,350" in (await house.answer_to(second, 60)).text
    await house.quiet(60)
    assert len(house.place.ephemerals(house.users["ben"])) == 1 and not house.place.ephemerals(house.users["ana"])
    await _whole(house)


async def test_private_question_that_cannot_be_stored_is_told_so(
    house: House, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.asked_and_read("ana", "lab", "@inhouse", [lease])
    with monkeypatch.context() as patch:
        fault(house, True, patch)
        said = await house.place.slash(house.users["ben"], house.channels["lab"], "/ask", "What is the monthly rent?")
        assert "error" not in said and said["text"], said
        fault(house, False, patch)
    await house.place.slash(house.users["ben"], house.channels["lab"], "/ask", "What is the monthly rent?")
    await house.place.wait_for(lambda: any("1,450" in whole_text(m) for m in house.place.ephemerals("ben")), 20)


async def test_answer_whose_end_cannot_be_stored_is_given_once_and_its_job_ends(
    house: House, fault: Fault, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It stayed `running` until the next start, and whatever came later in its thread waited for it."""
    house.model.delay_s, house.model._script = 0.02, every_line
    asked = await house.post("ana", "lab", RENT, files=[lease])
    await house.place.wait_for(lambda: any(m.text for m in house.replies(asked)), 20)
    with monkeypatch.context() as patch:
        fault(house, True, patch)
        async with asyncio.timeout(60):
            while "recorded" not in caplog.text:
                await asyncio.sleep(0.05)
        assert await house.rows("select 1 from jobs where state = 'running'")
        fault(house, False, patch)
    assert "1,450" in (await house.answer_to(asked, 60)).text
    assert "4,350" in (await house.ask("ana", "lab", DEPOSIT, thread_ts=asked.ts)).text
    await _whole(house)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS])
async def test_file_that_cannot_be_kept_is_told_and_read_later(
    house: House, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(Originals, "stage", broken)
        asked = await house.post("ana", "lab", RENT, files=[lease])
        told = (await house.answer_to(asked, 60)).text
    assert "disk" in told.lower(), told
    assert "1,450 euros" in (await house.ask("ana", "lab", RENT, thread_ts=asked.ts)).text
    await _whole(house)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
async def test_index_that_cannot_be_written_is_built_again(
    house: House, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = await house.post("ana", "lab", RENT, files=[lease])
    await house.answer_to(asked)

    def broken(_descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(vectors.os, "fsync", broken)
        with pytest.raises(OSError):
            house.library.eraser._vectors.save(house.folder / "vectors.faiss", house.library.store)
    assert not list(house.folder.glob("vectors.faiss*.part"))
    await house.kill_bot()
    await house.start_bot()
    assert "4,350" in (await house.ask("ana", "lab", DEPOSIT, thread_ts=asked.ts)).text


@pytest.mark.slow
async def test_store_is_whole_after_it_filled_up_in_the_middle_of_a_large_file(house: House) -> None:
    asked = await house.post("ana", "lab", "@inhouse", files=[lease])
    await house.quiet()
    house.library.database.maintain(lambda db: db.execute("vacuum"))
    _limit(house, 20)
    large = LEASE + "".join(f"\nClause {n} says {n * 7} of clause {n + 1}.\n" for n in range(3000))
    second = await house.post("ana", "lab", RENT, files=[("large.txt", large.encode())], thread_ts=asked.ts)
    await house.place.wait_for(lambda: any("disk is full" in whole_text(m) for m in house.ours(second)), 60)
    _limit(house, 2**30)
    await house.quiet(120)
    assert "4,350" in (await house.ask("ana", "lab", DEPOSIT, thread_ts=asked.ts)).text
    assert await house.rows("select 1 from shares where name = 'large.txt' and state = 'read'")
    await _whole(house)


def _limit(house: House, more_pages: int) -> None:
    def work(db: Any) -> None:
        pages = db.execute("pragma page_count").fetchone()[0]
        db.execute(f"pragma max_page_count = {pages + more_pages}").fetchall()

    house.library.database.maintain(work)
