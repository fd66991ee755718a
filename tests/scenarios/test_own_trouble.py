"""The model, the disk or we ourselves fail: the person who asked is told, and the bot lives."""

from __future__ import annotations

import pytest

from rag.errors import DiskFull, ModelError, OutOfMemory
from rag.ingest import Ingester
from tests.scenarios.conftest import RENT, House, best_line, lease, until, whole_text


async def test_model_that_fails_says_so_once_and_is_asked_again_later(house: House) -> None:
    asked = await house.post("ana", "lab", "@inhouse", files=[lease])
    await house.quiet()
    house.model._script = None
    house.model.add(OutOfMemory("The model ran out of memory; lower INHOUSE_CONTEXT_TOKENS."), ModelError())
    first = await house.ask("ana", "lab", RENT, thread_ts=asked.ts)
    assert "lower INHOUSE_CONTEXT_TOKENS" in first.text
    second = await house.ask("ana", "lab", RENT, thread_ts=asked.ts)
    assert "not available just now" in second.text
    house.model._script = best_line
    assert "1,450 euros" in (await house.ask("ana", "lab", RENT, thread_ts=asked.ts)).text


async def test_what_nobody_expected_is_tried_again_and_then_told(house: House) -> None:
    asked = await house.post("ana", "lab", "@inhouse", files=[lease])
    await house.quiet()
    house.model._script = None
    house.model.add(*[RuntimeError("boom at /etc/passwd")] * 3, "The monthly rent is 1,450 euros.")
    assert "1,450 euros" in (await house.ask("ana", "lab", RENT, thread_ts=asked.ts)).text
    house.model.add(*[RuntimeError("boom at /etc/passwd")] * 4)
    told = await house.ask("ana", "lab", RENT, thread_ts=asked.ts)
    assert "Something went wrong on our side" in told.text and "boom" not in told.text and "passwd" not in told.text


async def test_private_question_that_fails_is_told_too(house: House) -> None:
    await house.asked_and_read("ana", "lab", "@inhouse", [lease])
    house.model._script = None
    house.model.add(*[RuntimeError("boom")] * 4)
    await house.place.slash(house.users["ben"], house.channels["lab"], "/ask", "What is the monthly rent?")
    assert await house.place.wait_for(
        lambda: any("Something went wrong" in whole_text(m) for m in house.place.ephemerals(house.users["ben"])), 20
    )


async def test_full_disk_while_reading_is_told_and_the_file_is_read_later(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise DiskFull(detail="/secret/path")

    with monkeypatch.context() as patch:
        patch.setattr(Ingester, "ingest", full)
        asked = await house.post("ana", "lab", RENT, files=[lease])
        answer = await house.answer_to(asked)
    assert "disk" in answer.text.lower() and "/secret" not in answer.text
    assert "1,450 euros" in (await house.ask("ana", "lab", RENT, thread_ts=asked.ts)).text


async def test_queue_outlives_a_database_that_refuses_for_a_while(house: House) -> None:
    trigger = "create trigger broken before update on jobs begin select raise(abort, 'the disk is on fire'); end"
    house.library.database.write(lambda db: db.execute(trigger))
    asked = await house.post("ana", "lab", RENT, files=[lease])
    await until(lambda: house.rows("select 1 from jobs"))
    for _ in range(3):
        house.bot.jobs.wake()
        await until(lambda: house.rows("select 1 from jobs where state = 'waiting'"))
    house.library.database.write(lambda db: db.execute("drop trigger broken"))
    assert "1,450 euros" in (await house.answer_to(asked)).text
