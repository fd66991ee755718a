"""What Slack deleted without an event, and what is older than a conversation's term, is forgotten; nothing else is."""

from __future__ import annotations

import asyncio
import time

import pytest

from bot import retention as room
from bot.channels import Channels, ChannelSettings
from bot.erasures import Erasures
from bot.retention import Retention
from bot.workspace.state import Message
from tests.scenarios.conftest import RENT, House, lease, until
from tests.scenarios.test_deletion import ASKED, CANARY, SECRET

DAY_S = 24 * 3600.0


@pytest.fixture(autouse=True)
def no_sweep_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The running bot sweeps at its start; these tests say when."""

    async def never(_self: Retention, _interval_s: float = 0.0) -> None:
        return None

    monkeypatch.setattr(Retention, "run_forever", never)


def sweeper(house: House, *, later_s: float = 0.0, calls_per_minute: int = 1000) -> Retention:
    """A sweep of the running bot's data, as of a later time."""
    assert house.bot is not None
    client, records, library = house.bot.client, house.bot.records, house.library
    channels = Channels(records)
    erasures = Erasures(client, records, library.store, library.eraser, channels)
    team, clock = house.place.team_id, lambda: time.time() + later_s
    return Retention(
        client, records, erasures, channels, house.bot.jobs, team, clock=clock, calls_per_minute=calls_per_minute
    )


async def told(house: House) -> Message:
    asked = await house.post("ana", "lab", ASKED, files=[SECRET])
    assert "Zanzibar" in (await house.answer_to(asked)).text
    await house.quiet()
    return asked


async def swept(house: House, **more: float) -> int:
    count = await sweeper(house, **more).sweep()  # type: ignore[arg-type]
    await house.quiet()
    return count


def is_clean(house: House) -> bool:
    return CANARY.encode() not in house.bytes_on_disk().lower()


async def test_nothing_is_forgotten_while_everything_is_there(house: House) -> None:
    asked = await told(house)
    assert await swept(house) == 0
    assert "Zanzibar" in (await house.ask("ben", "lab", ASKED, thread_ts=asked.ts)).text


async def test_file_that_expired_without_an_event_is_forgotten_and_its_answer_taken_back(house: House) -> None:
    asked = await told(house)
    (answer,) = house.replies(asked)
    await house.place.expire_file(asked.files[0])
    assert await swept(house) == 1
    assert is_clean(house) and "took the answer back" in answer.text
    (row,) = await house.rows("select cause, files, chunks, verified from receipts")
    assert (row["cause"], row["files"], row["chunks"], row["verified"]) == ("missing", 1, 1, 1)


async def test_question_that_expired_without_an_event_is_forgotten_with_its_answer(house: House) -> None:
    root = await house.asked_and_read("ana", "lab", "@inhouse", [lease])
    asked = await house.post("ben", "lab", f"@inhouse Does {CANARY} pay the rent?", thread_ts=root.ts)
    await house.done(asked)
    await house.quiet()
    await house.place.expire_message(asked)
    assert await swept(house) == 1
    assert not house.replies(asked) and is_clean(house)
    assert "1,450" in (await house.ask("ana", "lab", RENT, thread_ts=root.ts)).text


async def test_message_with_a_file_that_expired_takes_the_file_along(house: House) -> None:
    asked = await told(house)
    for message in (*house.ours(asked), asked):
        await house.place.expire_message(message)
    assert await swept(house) >= 1
    assert is_clean(house) and not await house.rows("select 1 from turns")


async def test_answer_that_is_gone_from_slack_is_forgotten(house: House) -> None:
    asked = await house.asked_and_read("ana", "lab", RENT, [lease])
    await house.place.expire_message(house.replies(asked)[0])
    assert await swept(house) == 1
    assert not await house.rows("select 1 from turns")
    assert "1,450" in (await house.ask("ana", "lab", RENT, thread_ts=asked.ts)).text, "its file stays"


@pytest.mark.parametrize("error", ["internal_error", "ratelimited", "missing_scope", "account_inactive", "no_answer"])
async def test_nothing_is_erased_on_doubt(house: House, error: str) -> None:
    await told(house)
    for method in ("files.info", "conversations.replies"):
        house.place.fault(method, error=error, times=50)
    assert await swept(house) == 0
    assert len(await house.rows("select 1 from shares")) == 1


async def test_conversation_that_we_are_no_longer_in_is_forgotten_at_the_second_look(house: House) -> None:
    asked = await told(house)
    house.channels["lab"].members.remove(house.place.bot_user.id)  # and no event came
    retention, now_s = sweeper(house), [time.time()]
    retention._clock = lambda: now_s[0]
    assert await retention.sweep() == 0, "the first time may be an outage"
    now_s[0] += 600
    assert await retention.sweep() == 0, "too soon after the first"
    now_s[0] += 3600
    assert await retention.sweep() == 1
    await house.quiet()
    assert is_clean(house) and not await house.rows("select 1 from shares where channel = ?", asked.channel)


async def test_coming_back_between_two_looks_keeps_everything(house: House) -> None:
    await told(house)
    members, bot = house.channels["lab"].members, house.place.bot_user.id
    retention, now_s = sweeper(house), [time.time()]
    retention._clock = lambda: now_s[0]
    for is_in in (False, True, False):
        members.remove(bot) if not is_in else members.append(bot)
        assert await retention.sweep() == 0
        now_s[0] += 3600
    assert len(await house.rows("select 1 from shares")) == 1


async def test_what_is_older_than_the_channels_term_is_forgotten_and_the_posted_answer_stays(house: House) -> None:
    asked = await told(house)
    other = await house.asked_and_read("ana", "office", RENT, [lease])
    assert house.bot is not None
    channels = Channels(house.bot.records)
    await channels.save(house.place.team_id, asked.channel, ChannelSettings(retention_days=30), "U1")
    assert await swept(house, later_s=29 * DAY_S) == 0
    assert not is_clean(house)
    assert await swept(house, later_s=31 * DAY_S) == 1
    assert is_clean(house)
    assert "Zanzibar" in house.replies(asked)[0].text, "Slack's own retention governs what was posted"
    (row,) = await house.rows("select cause, files, turns from receipts")
    assert (row["cause"], row["files"], row["turns"]) == ("retention", 1, 1)
    assert "1,450" in (await house.ask("ana", "office", RENT, thread_ts=other.ts)).text, "no term there"


async def test_private_answers_are_kept_for_a_day(house: House) -> None:
    await told(house)
    await house.place.slash(house.users["ben"], house.channels["lab"], "/ask", ASKED.removeprefix("@inhouse "))
    await until(lambda: house.rows("select 1 from asides"))
    await house.quiet()
    await swept(house, later_s=23 * 3600.0)
    assert await house.rows("select 1 from asides")
    await swept(house, later_s=25 * 3600.0)
    assert not await house.rows("select 1 from asides")


async def test_pace_leaves_slack_to_the_people_and_a_broken_off_sweep_goes_on_where_it_stopped(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        await house.asked_and_read("ana", "lab", "@inhouse", [(f"file-{number}.txt", f"text {number}".encode())])
    pauses: list[float] = []

    class Stopped(Exception):
        """The bot is shut down in the middle of a sweep."""

    sleep = asyncio.sleep

    async def pause(seconds: float) -> None:
        if seconds < 1:  # others' short breaths go on
            await sleep(seconds)
            return
        pauses.append(seconds)
        raise Stopped

    def checked() -> list[str]:
        calls = [*house.calls("files.info"), *house.calls("conversations.replies")]
        return [str(call.arguments.get("file") or call.arguments.get("ts")) for call in calls]

    before = len(checked())
    with monkeypatch.context() as patched, pytest.raises(Stopped):
        patched.setattr(room.asyncio, "sleep", pause)
        await sweeper(house, calls_per_minute=3).sweep()
    assert len(checked()) == before + 3 and 50 < pauses[0] <= 60
    first = {row["key"] for row in await house.rows("select key from checks")}
    assert len(first) == 3
    order = [row["key"] for row in await house.rows("select key from checks order by at")]
    assert (
        order[0].endswith(max(order, key=lambda key: key.rpartition("/")[2]).rpartition("/")[2]) or "file" in order[0]
    )
    retention = sweeper(house)
    await retention.sweep()
    keys = [row["key"] for row in await house.rows("select key from checks order by at")]
    assert len(keys) == 8 and set(keys[-3:]) == first, "what was looked at before comes last"


async def test_text_that_a_crash_left_behind_is_cleared_at_the_next_sweep(house: House) -> None:
    asked = await told(house)
    assert house.bot is not None
    for table in ("shares", "turns"):
        await house.bot.records.write(lambda db, table=table: db.execute(f"delete from {table}"))  # type: ignore[misc]
    assert not is_clean(house)
    await swept(house)
    assert is_clean(house), asked.ts
