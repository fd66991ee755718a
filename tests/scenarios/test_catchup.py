"""What Slack did not deliver while the connection was away is read afterwards, and answered once."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest

from bot import catchup
from bot.workspace.state import Message
from tests.scenarios.conftest import DEPOSIT, RENT, House, lease, until


class Clock:
    """Time as the workspace and the catch-up see it."""

    def __init__(self) -> None:
        self.shift_s = 0.0

    def now(self) -> float:
        return time.time() + self.shift_s


@pytest.fixture
async def away(empty_house: House, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[House, Clock]]:
    """A house whose clocks can be set back."""
    clock = Clock()
    monkeypatch.setattr(catchup, "SETTLE_S", 0.0)
    monkeypatch.setattr(catchup, "AGAIN_S", 0.2)
    monkeypatch.setattr(catchup, "CALLS_PER_MINUTE", 10_000)
    state = empty_house.place.core.state
    real = state.next_ts

    def shifted() -> str:
        ts = float(real()) + clock.shift_s
        return f"{ts:.6f}"

    monkeypatch.setattr(state, "next_ts", shifted)
    yield empty_house, clock


async def _start(house: House, clock: Clock) -> None:
    await house.start_bot()
    house.bot.catch_up._clock = clock.now
    house.bot.catch_up._called = catchup.deque(maxlen=10_000)


async def _caught_up(house: House, runs: int) -> None:
    await until(lambda: _true(house.bot.catch_up.runs >= runs), 60)
    await house.quiet(60)


async def _true(value: bool) -> bool:
    return value


async def _answer(house: House, asked: Message) -> str:
    """The only answer to a question."""
    return (await house.answer_to(asked, 60)).text


async def _begun(house: House, clock: Clock) -> None:
    """Start, and have everything read once."""
    await _start(house, clock)
    await _caught_up(house, 1)


async def _ask_unheard(house: House) -> Message:
    """A question while the connection is away."""
    await house.place.cut_off()
    return await house.post("ana", "lab", RENT, files=[lease])


@pytest.mark.parametrize("gap_s", [1, 30, 600, 7200])
async def test_what_was_written_while_the_connection_was_away_is_answered_once(
    away: tuple[House, Clock], gap_s: int
) -> None:
    house, clock = away
    clock.shift_s = -2.0 * gap_s - 3600
    await _start(house, clock)
    dm = await house.open_dm("ben")
    known = await house.post("ana", "lab", RENT, files=[lease])
    thread = await house.post("ben", "lab", "A thread of ours")
    await house.quiet(60)
    await _caught_up(house, 1)
    runs, clock.shift_s = house.bot.catch_up.runs, -1.0 * gap_s
    house.bot.catch_up._clock = clock.now
    await house.bot.catch_up.run()
    await house.place.cut_off()
    missed = [
        await house.post("ana", "lab", DEPOSIT, thread_ts=known.ts),
        await house.post("ben", "lab", "@inhouse What is the monthly rent?", thread_ts=thread.ts),
        await house.post("chris", "office", RENT, files=[lease]),
        await house.post("ben", dm, "What is the monthly rent?", files=[lease]),
    ]
    left_alone = await house.post("chris", "lab", "See you on Monday then.", thread_ts=known.ts)
    clock.shift_s = 0.0
    assert len(house.place.core.hub.missed) >= len(missed)
    house.place.let_back()
    await _caught_up(house, runs + 2)
    for asked, words in zip(missed, ("4,350", "1,450", "1,450", "1,450"), strict=True):
        assert words in await _answer(house, asked)
    assert len([m for m in house.replies(known) if float(m.ts) > float(left_alone.ts)]) == 1, "only the deposit's"
    runs = house.bot.catch_up.runs
    house.bot.catch_up.connected()
    await _caught_up(house, runs + 1)
    for asked in missed:
        assert await _answer(house, asked)


async def test_what_was_missed_is_taken_in_once(away: tuple[House, Clock]) -> None:
    house, clock = away
    await _begun(house, clock)
    asked = await _ask_unheard(house)
    await house.post("ben", "office", "See you on Monday then.")
    assert await house.bot.catch_up.run() == 2
    assert await house.bot.catch_up.run() == 0
    assert "1,450 euros" in await _answer(house, asked)


async def test_each_new_connection_has_what_came_before_it_read(away: tuple[House, Clock]) -> None:
    house, clock = away
    await _start(house, clock)
    await until(lambda: _true(house.bot.catch_up.runs >= 1), 5)
    runs = house.bot.catch_up.runs
    await house.place.drop_sockets()
    await until(lambda: _true(house.bot.catch_up.runs > runs), 5)
    assert house.bot.catch_up.runs == runs + 1


async def test_first_start_reads_nothing_of_what_was_said_before(away: tuple[House, Clock]) -> None:
    house, clock = away
    before = await house.post("ana", "lab", RENT, files=[lease])
    house.place.core.hub._waiting.clear()
    await _begun(house, clock)
    assert not house.ours(before)


async def test_question_asked_while_the_bot_was_stopped_is_answered_by_the_next_start(
    away: tuple[House, Clock],
) -> None:
    house, clock = away
    await _begun(house, clock)
    await house.stop_bot()
    asked = await _ask_unheard(house)
    house.place.let_back()
    await _begun(house, clock)
    assert "1,450 euros" in await _answer(house, asked)


async def test_event_that_comes_after_its_message_was_read_is_answered_once(away: tuple[House, Clock]) -> None:
    house, clock = away
    await _begun(house, clock)
    asked = await _ask_unheard(house)
    house.place.let_back()
    await _caught_up(house, 2)
    assert "1,450 euros" in await _answer(house, asked)
    for event_id in house.event_ids(asked):
        house.place.redeliver(event_id)
    await house.quiet()
    assert "1,450 euros" in await _answer(house, asked)


async def test_question_edited_while_the_connection_was_away_is_answered_anew_once(away: tuple[House, Clock]) -> None:
    house, clock = away
    clock.shift_s = -7200.0  # the question is older than what is read again; its edit is not
    await _start(house, clock)
    asked = await house.post("ana", "lab", RENT, files=[lease])
    assert "1,450 euros" in await _answer(house, asked)
    await _caught_up(house, 1)
    runs, clock.shift_s = house.bot.catch_up.runs, 0.0
    await house.place.cut_off()
    await house.place.edit(asked, DEPOSIT)
    house.place.let_back()
    await _caught_up(house, runs + 1)
    assert "4,350" in await _answer(house, asked)
    redone = "select count(*) as n from jobs where kind = 'redo'"
    assert (await house.rows(redone))[0]["n"] == 1
    for event_id in house.event_ids(asked):  # the edit's own event among them
        house.place.redeliver(event_id)
    runs = house.bot.catch_up.runs
    house.bot.catch_up.connected()
    await _caught_up(house, runs + 1)
    assert (await house.rows(redone))[0]["n"] == 1 and len(house.ours(asked)) == 1


async def test_edit_that_came_as_an_event_is_not_answered_again_when_it_is_read(away: tuple[House, Clock]) -> None:
    house, clock = away
    await _start(house, clock)
    asked = await house.post("ana", "lab", RENT, files=[lease])
    await house.quiet(60)
    await house.place.edit(asked, DEPOSIT)
    await house.quiet(60)
    runs = house.bot.catch_up.runs
    house.bot.catch_up.connected()
    await _caught_up(house, runs + 1)
    assert (await house.rows("select count(*) as n from jobs where kind = 'redo'"))[0]["n"] == 1


async def test_message_that_was_left_alone_is_not_answered_when_it_is_read_again(away: tuple[House, Clock]) -> None:
    """At the time its author had not asked in the thread; meanwhile they have, and the rule would say yes."""
    house, clock = away
    await _start(house, clock)
    asked = await house.post("ana", "lab", RENT, files=[lease])
    await house.quiet()
    talk = await house.post("ben", "lab", "What did we pay last year?", thread_ts=asked.ts)
    assert await house.ignored(talk) == "its author has not asked in this thread"
    await house.ask("ben", "lab", DEPOSIT, thread_ts=asked.ts)
    runs = house.bot.catch_up.runs
    house.bot.catch_up.connected()
    await _caught_up(house, runs + 1)
    assert len(house.replies(asked)) == 2


async def test_what_breaks_off_is_read_again(away: tuple[House, Clock]) -> None:
    house, clock = away
    await _begun(house, clock)
    asked = await _ask_unheard(house)
    house.place.fault("conversations.history", error="internal_error", times=1)
    house.place.let_back()
    assert "1,450 euros" in await _answer(house, asked)


async def test_event_that_could_not_be_stored_for_longer_than_slack_repeats_it_is_read_later(
    away: tuple[House, Clock],
) -> None:
    house, clock = away
    await _begun(house, clock)
    house.place.core.hub.ack_timeout_s = 0.3
    broken = "create trigger broken before insert on events begin select raise(abort, 'the disk is on fire'); end"
    house.library.database.write(lambda db: db.execute(broken))
    asked = await house.post("ana", "lab", RENT, files=[lease])
    await house.place.wait_for(lambda: len(house.place.core.hub.lost) >= 2, 20)
    house.library.database.write(lambda db: db.execute("drop trigger broken"))
    assert "1,450 euros" in await _answer(house, asked)
