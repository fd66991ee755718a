"""What the bot remembers of conversations, and that what is taken away is remembered no more."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from bot import records as room
from bot.events import IncomingMessage, Removal, ThreadFacts
from bot.forgetting import forget_person, take_away
from bot.history import History, Kept, Manner, Told
from bot.records import OWED, Claim, Records, Share, note_thread_message, scope_of, thread_facts


def message(ts: str = "10.5", thread_ts: str | None = "9.5", **more: Any) -> IncomingMessage:
    kind = {"channel": "C1", "channel_type": "channel", "user": "U1", "text": "How much?"} | more
    return IncomingMessage(team="T1", ts=ts, thread_ts=thread_ts, file_ids=(), **kind)


def share(file_id: str = "F1", message_ts: str = "9.5", **more: Any) -> Share:
    where = {"team": "T1", "channel": "C1", "thread_ts": "9.5", "user": "U1"} | more
    return Share(
        file_id=file_id,
        message_ts=message_ts,
        **{"name": f"{file_id}.txt", "permalink": "", "document_id": 1, "state": "read", "note": "", **where},
    )


async def finish(
    records: Records, asked: IncomingMessage, answer: str = "It is 5.", files: tuple[str, ...] = ()
) -> None:
    history = History(records)
    await history.begin(asked, asked.text, f"{asked.ts}9", 0)
    told = Told(answer, "answered", files, is_kept=True)
    assert (await history.finish(asked, asked.text, Manner(), told, (f"{asked.ts}9",), 1.0)).kept is Kept.YES


async def answers(records: Records, asked: IncomingMessage | None = None) -> list[str]:
    return [turn.answer for turn in await History(records).turns(asked or message("99.9"), 10)]


async def files(records: Records, channel: str = "C1") -> list[tuple[str, str]]:
    return [(one.file_id, one.message_ts) for one in await records.shares("T1", channel)]


# --- the thread rule's facts ---------------------------------------------------------------------


async def facts(records: Records, asked: IncomingMessage) -> ThreadFacts:
    return await records.write(lambda db: thread_facts(db, asked))


async def test_an_author_is_known_in_the_thread_they_asked_in_and_nowhere_else(records: Records) -> None:
    await finish(records, message("10.1"))
    assert (await facts(records, message("10.9"))).author_asked_here
    assert not (await facts(records, message("10.9", user="U2"))).author_asked_here
    assert not (await facts(records, message("10.9", "8.5"))).author_asked_here
    assert not (await facts(records, message("10.9", channel="C2"))).author_asked_here


async def test_the_last_word_is_ours_until_somebody_writes(records: Records) -> None:
    asked = message("10.1")
    await records.write(lambda db: note_thread_message(db, asked))
    assert not (await facts(records, asked)).last_is_ours
    await finish(records, asked)
    assert (await facts(records, asked)).last_is_ours
    await records.write(lambda db: note_thread_message(db, message("10.3", user="U2")))
    assert not (await facts(records, asked)).last_is_ours


async def test_an_event_that_comes_late_or_twice_changes_nothing(records: Records) -> None:
    asked = message("10.1")
    await records.write(lambda db: note_thread_message(db, asked))
    await finish(records, asked)
    await records.write(lambda db: note_thread_message(db, asked))
    assert (await facts(records, asked)).last_is_ours


# --- files ---------------------------------------------------------------------------------------


async def test_a_share_is_read_back_as_it_was_added(records: Records) -> None:
    assert await records.add_share(share(note="3 pages"), since=0.0)
    assert await records.shares("T1", "C1") == (share(note="3 pages"),)
    assert await records.shares("T1", "C2") == ()
    assert await records.shares("T2", "C1") == ()


async def test_adding_a_share_again_updates_it(records: Records) -> None:
    await records.add_share(share(state="reading", document_id=None), since=0.0)
    await records.add_share(share(), since=0.0)
    assert await records.shares("T1", "C1") == (share(),)


async def test_a_share_that_was_dropped_is_gone(records: Records) -> None:
    await records.add_share(share(), since=0.0)
    await records.add_share(share(message_ts="10.1"), since=0.0)
    await records.drop_share(share())
    assert await files(records) == [("F1", "10.1")]


async def test_a_receipt_is_owed_once(records: Records) -> None:
    await records.add_share(share(), since=0.0)
    await records.add_share(share("F2", state="reading"), since=0.0)
    assert [one.file_id for one in await records.owed("T1", "C1")] == ["F1"]
    assert await records.claim_receipt([share()]) is Claim.OURS
    assert await records.claim_receipt([share()]) is Claim.NOTHING
    assert await records.owed("T1", "C1") == ()
    await records.mark_receipt([share()], OWED)
    assert [one.file_id for one in await records.owed("T1", "C1")] == ["F1"]


@pytest.mark.parametrize(
    "gone",
    [
        Removal("T1", file_id="F1"),
        Removal("T1", "C1", file_id="F1"),
        Removal("T1", "C1", message_ts="9.5"),
        Removal("T1", "C1"),
        Removal("T1"),
    ],
)
async def test_a_file_deleted_while_it_is_read_does_not_come_back(records: Records, gone: Removal) -> None:
    began = room.time.time()
    await records.write(lambda db: take_away(db, gone))
    assert not await records.add_share(share(), since=began)
    assert await files(records) == []


@pytest.mark.parametrize(
    "gone",
    [
        Removal("T2", file_id="F1"),
        Removal("T1", "C2", file_id="F1"),
        Removal("T1", "C1", file_id="F2"),
        Removal("T1", "C1", message_ts="9.6"),
        Removal("T1", "C2"),
    ],
)
async def test_another_removal_does_not_keep_a_file_out(records: Records, gone: Removal) -> None:
    began = room.time.time()
    await records.write(lambda db: take_away(db, gone))
    assert await records.add_share(share(), since=began)


async def test_a_file_removed_before_it_was_shared_anew_is_read(records: Records) -> None:
    await records.write(lambda db: take_away(db, Removal("T1", "C1", file_id="F1")))
    assert await records.add_share(share(), since=room.time.time() + 1)


# --- removal -------------------------------------------------------------------------------------


async def fill(records: Records) -> None:
    """F1 twice in C1 and once in C2, F2 once; turns resting on each."""
    for one in (share(), share(message_ts="10.1", user="U2"), share("F2", "9.6", user="U2"), share(channel="C2")):
        await records.add_share(one, since=0.0)
    await finish(records, message("20.1"), "rests on F1", ("F1",))
    await finish(records, message("20.2", user="U2"), "rests on F2", ("F2",))
    await finish(records, message("20.3"), "rests on nothing")
    await finish(records, message("20.4", channel="C2"), "elsewhere", ("F1",))


async def state(records: Records) -> tuple[list[str], set[tuple[str, str]], list[str], list[tuple[str, str]]]:
    here, there = await answers(records), await answers(records, message("99.9", channel="C2"))
    return here, set(await files(records)), there, await files(records, "C2")


ALL_HERE = ["rests on F1", "rests on F2", "rests on nothing"]
FILES_HERE = {("F1", "9.5"), ("F1", "10.1"), ("F2", "9.6")}
THERE = ["elsewhere"]
FILES_THERE = [("F1", "9.5")]


@pytest.mark.parametrize(
    ("gone", "left"),
    [
        (Removal("T1", file_id="F1"), (ALL_HERE[1:], {("F2", "9.6")}, [], [])),
        (Removal("T1", "C1", file_id="F1"), (ALL_HERE[1:], {("F2", "9.6")}, THERE, FILES_THERE)),
        (Removal("T1", "C1", message_ts="9.5"), (ALL_HERE, FILES_HERE - {("F1", "9.5")}, THERE, FILES_THERE)),
        (
            Removal("T1", "C1", message_ts="9.6"),
            (["rests on F1", "rests on nothing"], FILES_HERE - {("F2", "9.6")}, THERE, FILES_THERE),
        ),
        (Removal("T1", "C1", message_ts="20.3"), (ALL_HERE[:2], FILES_HERE, THERE, FILES_THERE)),
        (Removal("T1", "C1"), ([], set(), THERE, FILES_THERE)),
        (Removal("T1"), ([], set(), [], [])),
        (Removal("T2"), (ALL_HERE, FILES_HERE, THERE, FILES_THERE)),
        (Removal("T1", "C3", file_id="F1"), (ALL_HERE, FILES_HERE, THERE, FILES_THERE)),
    ],
)
async def test_what_a_removal_took_is_remembered_no_more_and_nothing_else_is_lost(
    records: Records, gone: Removal, left: Any
) -> None:
    await fill(records)
    await records.write(lambda db: take_away(db, gone))
    assert await state(records) == left


async def test_a_turn_resting_on_several_files_goes_with_any_of_them(records: Records) -> None:
    for file_id in ("F1", "F2"):
        await records.add_share(share(file_id), since=0.0)
    await finish(records, message("20.1"), "on both", ("F1", "F2"))
    await records.write(lambda db: take_away(db, Removal("T1", file_id="F2")))
    assert await answers(records) == []


async def test_a_person_is_forgotten_with_their_files_and_questions_only(records: Records) -> None:
    await fill(records)
    await records.write(lambda db: forget_person(db, "T1", "C1", "U2"))
    here, there = set(await files(records)), await files(records, "C2")
    assert here == {("F1", "9.5")}  # U1 shared it as well
    assert await answers(records) == ["rests on F1", "rests on nothing"]
    assert there == FILES_THERE


async def test_what_others_share_just_then_stays_when_a_person_is_forgotten(records: Records) -> None:
    await fill(records)
    began = room.time.time()
    await records.write(lambda db: forget_person(db, "T1", "C1", "U2"))
    assert await records.add_share(replace(share("F9", "30.1"), user="U1"), since=began)


async def test_what_is_left_to_do_about_a_removal_is_told(records: Records) -> None:
    await fill(records)
    work = await records.write(lambda db: take_away(db, Removal("T1", "C1", message_ts="20.3")))
    assert work["replies"] == [("C1", "20.39")] and work["taken_back"] == []
    work = await records.write(lambda db: take_away(db, Removal("T1", file_id="F1")))
    assert set(work["channels"]) == {"C1", "C2"}
    assert sorted(work["taken_back"]) == [("C1", ["20.19"]), ("C2", ["20.49"])] and work["replies"] == []
    assert (await records.write(lambda db: take_away(db, Removal("T1", file_id="F2"))))["channels"] == ["C1"]


def test_a_scope_belongs_to_one_conversation_of_one_team() -> None:
    assert len({scope_of(team, channel) for team in ("T1", "T2") for channel in ("C1", "C2")}) == 4


async def test_many_writers_at_once_lose_nothing(records: Records) -> None:
    await asyncio.gather(*(records.add_share(share(f"F{number}"), since=0.0) for number in range(40)))
    assert len(await records.shares("T1", "C1")) == 40
