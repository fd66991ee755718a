"""What was asked and answered is remembered once, with every message it stands in, and forgotten whole."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils.migrations import Migrations

from bot import history as room
from bot.events import Removal
from bot.feedback import Feedback
from bot.forgetting import forget_answer, take_away
from bot.history import History, Kept, Manner, Told
from bot.records import Records
from bot.schema import MIGRATIONS
from rag.database import Database
from rag.types import Turn
from tests.bot.test_records import answers, finish, message

# --- history -------------------------------------------------------------------------------------


async def test_history_is_the_threads_finished_turns_oldest_first(records: Records) -> None:
    await finish(records, message("10.1", text="one"), "first")
    await finish(records, message("10.2", text="two"), "second")
    await History(records).begin(message("10.3"), "three", "10.39", 0)
    assert await History(records).turns(message("10.9"), 10) == (Turn("one", "first"), Turn("two", "second"))


async def test_only_the_last_turns_are_kept_in_a_history(records: Records) -> None:
    for number in range(1, 6):
        await finish(records, message(f"10.{number}"), str(number))
    assert [turn.answer for turn in await History(records).turns(message("10.9"), 2)] == ["4", "5"]


async def kept(records: Records, count: int, limit: int) -> tuple[int, ...]:
    """Which of ``count`` turns a history of at most ``limit`` holds."""
    asked = message(f"10.{count + 100}")
    return tuple(int(turn.answer) for turn in await History(records).turns(asked, limit))


async def test_a_long_history_begins_with_the_same_turn_for_several_questions(records: Records) -> None:
    begins = []
    for number in range(101, 117):
        await finish(records, message(f"10.{number}"), str(number))
        held = await kept(records, number, 6)
        assert 4 <= len(held) <= 6 or len(held) == number - 100
        assert held[-1] == number and list(held) == list(range(held[0], number + 1))
        begins.append(held[0])
    assert begins == [101] * 6 + [104] * 3 + [107] * 3 + [110] * 3 + [113]


@pytest.mark.parametrize(("limit", "left"), [(0, 0), (1, 1), (2, 2), (3, 3), (4, 3), (5, 5), (50, 5)])
async def test_a_history_never_holds_more_than_its_limit(records: Records, limit: int, left: int) -> None:
    for number in range(101, 106):
        await finish(records, message(f"10.{number}"), str(number))
    assert len(await kept(records, 105, limit)) == left


async def test_a_turn_remembers_the_passages_that_it_added_and_the_length_that_was_wanted(records: Records) -> None:
    history = History(records)
    await history.begin(message("10.1"), "How much?", "10.19", 0)
    for passages, length in (((7, 5), ""), ((9, 4, 5), "shorter")):
        told = Told("It is 5.", "answered", (), (), passages, is_kept=True)
        await history.finish(message("10.1"), "How much?", Manner(length), told, ("10.19",), 1.0)
        assert await history.turns(message("10.9"), 5) == (Turn("How much?", "It is 5.", passages, length),)


def test_turns_of_a_database_from_before_transcripts_are_read(tmp_path: Path) -> None:
    former = Migrations("bot")
    for migration in MIGRATIONS._migrations[:2]:
        former(name=migration.name)(migration.fn)
    with Database(tmp_path / "inhouse.db", [former]) as database:
        assert "passages" not in database.read(lambda db: db.table("turns").columns_dict)
        row = {"team": "T1", "channel": "C1", "thread_ts": "9.5", "message_ts": "10.1"}
        database.write(lambda db: db.table("turns").insert(row | {"question": "How much?", "answer": "It is 5."}))
    with Database(tmp_path / "inhouse.db", [MIGRATIONS]) as database:
        turns = asyncio.run(History(Records(database)).turns(message("10.9"), 5))
    assert turns == (Turn("How much?", "It is 5."),)


async def test_history_ends_before_the_question(records: Records) -> None:
    await finish(records, message("10.1"), "before")
    await finish(records, message("10.8"), "after")
    assert await answers(records, message("10.5")) == ["before"]


@pytest.mark.parametrize("elsewhere", [{"thread_ts": "8.5"}, {"channel": "C2"}, {"thread_ts": None}])
async def test_another_conversations_history_is_never_shown(records: Records, elsewhere: dict[str, Any]) -> None:
    await finish(records, message("10.1"), "ours")
    assert await answers(records, message("10.9", **elsewhere)) == []


async def test_another_persons_question_in_the_thread_is_part_of_its_history(records: Records) -> None:
    await finish(records, message("10.1", user="U2"), "to Ben")
    assert await answers(records, message("10.9", user="U1")) == ["to Ben"]


async def test_a_direct_message_remembers_its_last_half_hour(records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    direct = {"channel": "D1", "channel_type": "im", "thread_ts": None}
    now = 1_000_000.0
    monkeypatch.setattr(room.time, "time", lambda: now)
    await finish(records, message("10.1", **direct), "a while ago")
    now += 1700
    assert await answers(records, message("10.9", **direct)) == ["a while ago"]
    now += 200
    assert await answers(records, message("10.9", **direct)) == []


# --- a reply and its messages --------------------------------------------------------------------


async def test_a_reply_begun_is_found_again_with_its_place(records: Records) -> None:
    history, asked = History(records), message()
    assert await history.of(asked) is None
    assert await history.begin(asked, "How much?", "10.6", 0)
    begun = await history.of(asked)
    assert begun is not None
    assert (begun.replies, begun.outcome, begun.question) == (("10.6",), None, "How much?")
    assert await history.known_replies("T1", "C1", "9.5") == {"10.6"}
    assert await history.at("T1", "C1", "10.6") == begun
    assert await history.at("T1", "C2", "10.6") is None


async def test_beginning_twice_keeps_one_turn_and_the_later_place(records: Records) -> None:
    history = History(records)
    await history.begin(message(), "How much?", "10.6", 0)
    await history.begin(message(), "How much?", "10.7", 0)
    assert await history.known_replies("T1", "C1", "9.5") == {"10.7"}


async def test_a_reply_is_found_by_any_of_its_messages(records: Records) -> None:
    history = History(records)
    for number, ts in enumerate(("10.6", "10.7", "10.8")):
        await history.begin(message(), "How much?", ts, number)
    found = [await history.at("T1", "C1", ts) for ts in ("10.6", "10.7", "10.8")]
    assert [asked and asked.replies for asked in found] == [("10.6", "10.7", "10.8")] * 3
    assert await history.known_replies("T1", "C1", "9.5") == {"10.6", "10.7", "10.8"}


async def test_a_second_message_begun_anew_takes_the_place_of_what_followed(records: Records) -> None:
    history = History(records)
    for number, ts in ((0, "10.6"), (1, "10.7"), (2, "10.8"), (1, "10.9")):
        await history.begin(message(), "How much?", ts, number)
    asked = await history.of(message())
    assert asked is not None
    assert asked.replies == ("10.6", "10.9")


async def test_an_answer_written_anew_changes_its_row_and_remembers_what_was_cited(records: Records) -> None:
    history = History(records)
    await history.begin(message(), "How much?", "10.6", 0)
    first = Told("It is 5.", "answered", (), (7, 8), is_kept=True)
    await history.finish(message(), "How much?", Manner(), first, ("10.6", "10.7"), 1.0)
    second = Told("It is 6.", "passage", (), (9,), is_kept=True)
    await history.finish(message(), "How much now?", Manner("longer", True, 1), second, ("10.6",), 2.0)
    asked = await history.of(message())
    assert asked is not None
    assert (asked.question, asked.answer, asked.outcome) == ("How much now?", "It is 6.", "passage")
    assert (asked.manner, asked.cited, asked.replies) == (Manner("longer", True, 1), (7, 8, 9), ("10.6",))
    assert await answers(records) == ["It is 6."]


async def test_what_is_no_answer_is_not_part_of_the_history(records: Records) -> None:
    history = History(records)
    await finish(records, message())
    await history.finish(message(), "How much?", Manner(), Told("I know no files here.", "said"), ("10.59",), 1.0)
    assert await answers(records) == []


async def test_no_reply_begins_to_a_question_that_was_deleted(records: Records) -> None:
    history = History(records)
    await records.write(lambda db: take_away(db, Removal("T1", "C1", message_ts="10.5")))
    assert not await history.begin(message(), "How much?", "10.6", 0)
    assert await history.of(message()) is None


async def test_no_turn_is_kept_that_rests_on_a_deleted_file(records: Records) -> None:
    history = History(records)
    await history.begin(message(), "How much?", "10.6", 0)
    told = Told("It is 5.", "answered", ("F1",), is_kept=True)
    ended = await history.finish(message(), "How much?", Manner(), told, ("10.6",), 1.0)
    assert ended.kept is Kept.FILES_GONE
    assert await answers(records) == []
    assert await history.of(message()) is None


async def test_a_dropped_answer_takes_its_votes_along(records: Records) -> None:
    history = History(records)
    await finish(records, message())
    await Feedback(records, history).vote("T1", "C1", "10.59", "U2", "down")
    asked = await history.of(message())
    assert asked is not None
    await records.write(lambda db: forget_answer(db, "T1", "C1", asked.message_ts))
    assert await history.of(message()) is None
    assert await Feedback(records, history).cases("T1") == ()


# --- votes ---------------------------------------------------------------------------------------


async def test_a_thumbs_down_becomes_a_case_with_its_reason(records: Records) -> None:
    votes = Feedback(records, History(records))
    await finish(records, message())
    assert await votes.vote("T1", "C1", "10.59", "U2", "down") == "10.5"
    assert await votes.explain("T1", "C1", "10.5", "U2", "missed", "It stands on page 3.")
    (case,) = await votes.cases("T1")
    assert (case.question, case.answer, case.reason) == ("How much?", "It is 5.", "missed")
    assert case.comment == "It stands on page 3."


async def test_the_last_vote_of_a_person_counts(records: Records) -> None:
    votes = Feedback(records, History(records))
    await finish(records, message())
    await votes.vote("T1", "C1", "10.59", "U2", "down")
    await votes.vote("T1", "C1", "10.59", "U2", "up")
    assert await votes.cases("T1") == ()
    assert not await votes.explain("T1", "C1", "10.5", "U2", "wrong", "")


@pytest.mark.parametrize("vote", [("C1", "99.9", "up"), ("C2", "10.59", "up"), ("C1", "10.59", "sideways")])
async def test_a_vote_on_nothing_is_not_kept(records: Records, vote: tuple[str, str, str]) -> None:
    votes = Feedback(records, History(records))
    await finish(records, message())
    channel, reply_ts, verdict = vote
    assert await votes.vote("T1", channel, reply_ts, "U2", verdict) is None
