"""An event is stored with all that follows from it, or not at all; the same event twice is one event."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from bot import inbox as room
from bot.events import IncomingMessage, Removal
from bot.history import History
from bot.inbox import Inbox
from bot.jobs import Jobs
from bot.records import KEEP_EVENTS_S, Records, Share, clear_old
from rag.errors import StoreError

BOT = "UBOT"


class CountingJobs(Jobs):
    """A queue that only remembers what it was told."""

    def __init__(self, records: Records) -> None:
        super().__init__(records, workers=1)
        self.woken = 0
        self.cancelled: list[Removal] = []

    def wake(self) -> None:
        self.woken += 1

    def cancel(self, gone: Removal) -> None:
        self.cancelled.append(gone)


@pytest.fixture
def jobs(records: Records) -> CountingJobs:
    return CountingJobs(records)


@pytest.fixture
def inbox(records: Records, jobs: CountingJobs) -> Inbox:
    return Inbox(records, jobs, BOT, queue_limit=3)


def body(event_id: str | None = "Ev1", **event: Any) -> dict[str, Any]:
    base = {
        "type": "message",
        "user": "U1",
        "text": f"<@{BOT}> How much?",
        "ts": "10.5",
        "channel": "C1",
        "event_ts": "1",
    }
    return {"team_id": "T1", "event": base | event} | ({"event_id": event_id} if event_id else {})


async def table(records: Records, name: str) -> list[dict[str, Any]]:
    return await records.read(lambda db: list(db.query(f"select * from {name} order by rowid")))


async def test_a_question_becomes_one_job_with_all_it_needs(inbox: Inbox, records: Records, jobs: CountingJobs) -> None:
    await inbox.record(body(thread_ts="9.5", channel_type="channel"))
    (job,) = await table(records, "jobs")
    assert (job["kind"], job["state"], job["user"], job["lane"]) == ("turn", "waiting", "U1", "T1/C1/9.5")
    payload = json.loads(job["payload"])
    assert payload["question"] == "How much?"
    assert IncomingMessage(**payload["message"]).ts == "10.5"
    assert jobs.woken == 1


async def test_the_same_event_again_does_nothing(inbox: Inbox, records: Records) -> None:
    await inbox.record(body())
    before = await table(records, "jobs")
    await inbox.record(body())
    assert await table(records, "jobs") == before
    assert len(await table(records, "events")) == 1


async def test_an_event_left_alone_is_not_thought_over_when_it_comes_again(inbox: Inbox, records: Records) -> None:
    remark = body("Ev1", text="What about lunch?", thread_ts="9.5")
    await inbox.record(remark)
    await inbox.record(body("Ev2", ts="10.6", thread_ts="9.5"))
    await inbox.record(remark)
    assert [job["key"] for job in await table(records, "jobs")] == ["turn/T1/C1/10.6"]


async def test_one_message_seen_as_three_events_is_one_job(inbox: Inbox, records: Records) -> None:
    await inbox.record(body("Ev1", type="app_mention"))
    await inbox.record(body("Ev2", subtype="file_share", files=[{"id": "F1"}]))
    await inbox.record(body("Ev3", type="file_shared", file_id="F1"))
    assert [job["key"] for job in await table(records, "jobs")] == ["turn/T1/C1/10.5"]
    assert len(await table(records, "events")) == 3


async def test_redelivery_at_the_same_time_is_one_job(inbox: Inbox, records: Records) -> None:
    await asyncio.gather(*(inbox.record(body()) for _ in range(10)))
    assert len(await table(records, "jobs")) == 1


async def test_the_same_question_in_another_channel_is_another_job(inbox: Inbox, records: Records) -> None:
    await inbox.record(body("Ev1"))
    await inbox.record(body("Ev2", channel="C2"))
    assert len(await table(records, "jobs")) == 2


async def test_an_event_without_an_id_is_known_by_its_kind_and_time(inbox: Inbox, records: Records) -> None:
    await inbox.record(body(None))
    await inbox.record(body(None))
    await inbox.record(body(None, event_ts="2", ts="11.5"))
    assert len(await table(records, "events")) == 2


async def test_what_is_left_alone_is_kept_with_its_reason(inbox: Inbox, records: Records, jobs: CountingJobs) -> None:
    await inbox.record(body(text="see you at lunch"))
    await inbox.record(body("Ev2", bot_id="B1"))
    await inbox.record(body("Ev3", type="file_shared"))
    assert [event["ignored"] for event in await table(records, "events")] == [
        "not addressed to us",
        "written by a bot",
        "nothing to do",
    ]
    assert await table(records, "jobs") == []


async def test_no_text_of_people_is_kept_with_an_event(inbox: Inbox, records: Records) -> None:
    await inbox.record(body(text="the secret of the house"))
    assert "secret" not in json.dumps(await table(records, "events"))
    assert await table(records, "jobs") == []


async def test_a_follow_up_is_recognised_before_the_first_answer_is_finished(inbox: Inbox, records: Records) -> None:
    await inbox.record(body())
    await inbox.record(body("Ev2", text="And the deposit?", ts="10.7", thread_ts="10.5"))
    assert [job["kind"] for job in await table(records, "jobs")] == ["turn", "turn"]


async def test_a_full_queue_says_so_instead_of_growing(inbox: Inbox, records: Records) -> None:
    for number in range(5):
        await inbox.record(body(f"Ev{number}", ts=f"1{number}.5"))
    assert [job["kind"] for job in await table(records, "jobs")] == ["turn"] * 3 + ["busy"] * 2


async def test_somebody_who_asks_too_much_takes_nobody_elses_place(inbox: Inbox, records: Records) -> None:
    """The queue here takes three. Ana fills it; Ben is taken on nevertheless, and she is not again."""
    for number in range(3):
        await inbox.record(body(f"Ev20.{number}", ts=f"20.{number}", user="UANA"))
    assert await inbox.is_full("UANA") and not await inbox.is_full("UBEN")
    await inbox.record(body("Ev20.7", ts="20.7", user="UANA"))
    await inbox.record(body("Ev20.8", ts="20.8", user="UBEN"))
    assert await inbox.is_full("UBEN") and not await inbox.is_full("UCHRIS")
    kinds = await records.read(lambda db: [(r["user"], r["kind"]) for r in db.query("select * from jobs")])
    assert kinds == [("UANA", "turn")] * 3 + [("UANA", "busy"), ("UBEN", "turn")]
    await inbox.record(body("Ev20.9", ts="20.9", user="UCHRIS"))
    for number in range(9):
        await inbox.record(body(f"Ev21.{number}", ts=f"21.{number}", user=f"U{number}"))
    waiting = await records.read(lambda db: list(db.query("select 1 from jobs where kind = 'turn'")))
    assert len(waiting) == 6, "at most twice as many as the queue takes"


async def test_a_question_asked_of_a_full_queue_is_answered_once_too(inbox: Inbox, records: Records) -> None:
    for number in range(4):
        await inbox.record(body(f"Ev{number}", ts=f"1{number}.5"))
    await inbox.record(body("Ev9", type="app_mention", ts="13.5"))
    assert len(await table(records, "jobs")) == 4


async def test_a_removal_takes_the_rows_and_leaves_a_job_for_the_rest(
    inbox: Inbox, records: Records, jobs: CountingJobs
) -> None:
    for channel in ("C1", "C2"):
        one = Share("T1", channel, "F1", "9.5", "9.5", "U1", "a.txt", "", 1, "read", "")
        await records.add_share(one, since=0.0)
    await inbox.record(body(type="file_deleted", file_id="F1"))
    assert await records.shares("T1", "C1") == ()
    (job,) = [job for job in await table(records, "jobs") if job["kind"] == "erase"]
    assert job["kind"] == "erase"
    assert set(json.loads(job["payload"])["channels"]) == {"C1", "C2"}
    assert jobs.cancelled == [Removal("T1", file_id="F1")]


async def test_a_deleted_question_takes_its_answer_along(inbox: Inbox, records: Records) -> None:
    asked = IncomingMessage("T1", "C1", "channel", "U1", "10.5", None, "How much?", ())
    history = History(records)
    await history.begin(asked, "How much?", "10.6", 0)
    await history.begin(asked, "How much?", "10.7", 1)
    gone = {"subtype": "message_deleted", "deleted_ts": "10.5", "user": None, "text": None}
    await inbox.record(body(**gone))
    (job,) = [job for job in await table(records, "jobs") if job["kind"] == "erase"]
    assert json.loads(job["payload"])["replies"] == [["C1", "10.6"], ["C1", "10.7"]]
    assert await history.of(asked) is None


async def test_the_same_removal_twice_is_one_job(inbox: Inbox, records: Records) -> None:
    for _ in range(2):
        await inbox.record(body(type="file_deleted", file_id="F1"))
    assert len(await table(records, "jobs")) == 1


async def test_a_fault_in_the_middle_leaves_nothing_and_the_event_may_come_again(
    inbox: Inbox, records: Records, jobs: CountingJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*_: Any, **__: Any) -> None:
        raise StoreError(detail="made up")

    with monkeypatch.context() as broken:
        broken.setattr(room, "add_turn", fault)
        with pytest.raises(StoreError):
            await inbox.record(body())
    assert await table(records, "events") == []
    assert await table(records, "jobs") == []
    assert jobs.woken == 0
    await inbox.record(body())
    assert len(await table(records, "jobs")) == 1


async def test_events_are_kept_for_a_week(inbox: Inbox, records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000_000.0
    monkeypatch.setattr(room.time, "time", lambda: now)
    await inbox.record(body("Ev1"))
    now += KEEP_EVENTS_S + 1
    await inbox.record(body("Ev2", ts="11.5"))
    await records.write(clear_old)
    assert [event["event_id"] for event in await table(records, "events")] == ["Ev2"]


async def test_a_command_becomes_a_job_once(inbox: Inbox, records: Records, jobs: CountingJobs) -> None:
    for _ in range(2):
        await inbox.add("ask", "ask/1.2.3", "ask/U1", "U1", {"question": "How much?"})
    (job,) = await table(records, "jobs")
    assert (job["kind"], job["lane"], json.loads(job["payload"])) == ("ask", "ask/U1", {"question": "How much?"})
    assert jobs.woken == 2
