"""Each question is answered once: across doubles, lost connections, faults, kills and restarts."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing

import pytest

from bot.cli.seen import read_answer
from bot.history import History
from bot.records import Records
from bot.uploads import Uploads
from bot.workspace.state import Message
from tests.scenarios.child_bot import ChildBot
from tests.scenarios.conftest import DEPOSIT, RENT, House, every_line, lease, until

RIGHT = "1,450 euros"
LOCKED = "create trigger broken before insert on events begin select raise(abort, 'the disk is on fire'); end"


async def _one_answer(house: House, asked: Message) -> str:
    """Exactly one reply, whole, and no event was lost: what it says."""
    answer = await house.answer_to(asked)
    await house.quiet()
    assert len(house.ours(asked)) == 1
    assert not house.place.core.hub.lost
    return answer.text


async def _hang(*_: object) -> None:
    await asyncio.Event().wait()


async def test_event_delivered_twice_is_answered_once(house: House) -> None:
    asked = await house.post("ana", "lab", RENT, files=[lease])
    for event_id in house.event_ids(asked):
        house.place.redeliver(event_id)
    assert RIGHT in await _one_answer(house, asked)
    for event_id in house.event_ids(asked):
        house.place.redeliver(event_id)
    assert RIGHT in await _one_answer(house, asked)


async def test_every_event_is_acknowledged_at_its_first_delivery(house: House) -> None:
    asked = await house.post("ana", "lab", RENT, files=[lease])
    await house.place.edit(asked, f"{RENT} Please.")
    await house.place.open_home(house.users["ana"])
    await house.place.change_file(asked.files[0], b"new")
    await house.place.invite(house.channels["lab"], await house.place.add_user("dora"))
    await house.place.delete_file(asked.files[0])
    await house.place.delete_message(asked)
    await house.quiet()
    assert {attempt for _, _, attempt in house.place.deliveries} == {0}


async def test_connection_lost_in_mid_answer(house: House) -> None:
    house.model.delay_s, house.model._script = 0.02, every_line
    asked = await house.post("ana", "lab", RENT, files=[lease])
    await house.place.wait_for(lambda: house.replies(asked))
    await house.place.drop_sockets()
    assert RIGHT in await _one_answer(house, asked)
    house.model.delay_s = 0
    assert "4,350" in (await house.ask("ana", "lab", DEPOSIT, thread_ts=asked.ts)).text


async def test_connection_lost_between_delivery_and_acknowledgement(house: House) -> None:
    house.place.hold()
    asked = await house.post("ana", "lab", RENT, files=[lease])
    house.place.release()
    await house.place.wait_for(lambda: house.place.deliveries)
    await house.place.drop_sockets()
    assert RIGHT in await _one_answer(house, asked)


async def test_connection_that_was_cut_is_renewed_at_once(house: House) -> None:
    """By itself the client would look once in ten seconds."""
    opened = len(house.calls("apps.connections.open"))
    await house.place.drop_sockets()
    await house.place.wait_for(lambda: len(house.calls("apps.connections.open")) > opened, 4)
    assert RIGHT in await _one_answer(house, await house.post("ana", "lab", RENT, files=[lease]))


async def test_connection_renewed_as_slack_does_every_few_hours(house: House) -> None:
    await house.place.refresh_sockets()
    asked = await house.post("ana", "lab", RENT, files=[lease])
    assert RIGHT in await _one_answer(house, asked)


async def test_fault_in_the_commit_ends_in_redelivery_and_one_answer(house: House) -> None:
    house.library.database.write(lambda db: db.execute(LOCKED))
    asked = await house.post("ana", "lab", RENT, files=[lease])
    mention = house.event_ids(asked)[0]
    await house.place.wait_for(lambda: any(e == mention and attempt for _, e, attempt in house.place.deliveries))
    assert not [ack for ack in house.place.acks if ack.event_id == mention], "acknowledged, though not stored"
    house.library.database.write(lambda db: db.execute("drop trigger broken"))
    assert RIGHT in await _one_answer(house, asked)
    (ack,) = [ack for ack in house.place.acks if ack.event_id == mention]
    assert ack.attempt > 0


async def test_fault_in_auth_test_loses_nothing(house: House) -> None:
    for fault in ({"error": "invalid_auth"}, {"status": 500}, {"error": "ratelimited"}):
        house.place.fault("auth.test", times=20, **fault)
    asked = await house.post("ana", "lab", RENT, files=[lease])
    assert RIGHT in await _one_answer(house, asked)


async def test_crash_between_post_and_record_adopts_the_reply(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(History, "begin", _hang)
        asked = await house.post("ana", "lab", RENT, files=[lease])
        (posted,) = await house.place.wait_for(lambda: house.replies(asked))
        await house.kill_bot()
    await house.start_bot()
    assert RIGHT in await _one_answer(house, asked)
    assert house.replies(asked) == [posted]


async def test_kill_before_the_receipt_was_posted_posts_it_afterwards(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was claimed by then, and nobody else tells what somebody has claimed."""
    with monkeypatch.context() as patch:
        patch.setattr(Uploads, "_say_once", _hang)
        asked = await house.post("ana", "lab", "@inhouse", files=[lease])
        await until(lambda: house.rows("select 1 from shares where receipted is not null"))
        await house.kill_bot()
    assert not house.notices(asked)
    await house.start_bot()
    await house.quiet()
    assert len(house.notices(asked)) == 1


async def test_kill_after_the_receipt_was_posted_posts_it_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Records, "mark_receipt", _hang)
        asked = await house.post("ana", "lab", "@inhouse", files=[lease])
        await house.place.wait_for(lambda: house.notices(asked))
        await house.kill_bot()
    await house.start_bot()
    await house.quiet()
    assert len(house.notices(asked)) == 1


async def test_fault_while_recording_the_reply_posts_nothing_twice(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, calls = History.begin, []

    async def once_broken(self: History, *arguments: object) -> object:
        calls.append(arguments)
        if len(calls) == 1:
            raise RuntimeError("killed here")
        return await begin(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(History, "begin", once_broken)
    asked = await house.post("ana", "lab", RENT, files=[lease])
    assert RIGHT in await _one_answer(house, asked)


async def test_restart_in_mid_answer_completes_it_in_its_place(house: House) -> None:
    house.model.delay_s, house.model._script = 0.05, every_line
    asked = await house.post("ana", "lab", RENT, files=[lease])
    open_stream = await house.place.wait_for(lambda: next((m for m in house.replies(asked) if m.text), None))
    await house.kill_bot()
    assert open_stream.streaming
    house.model.delay_s = 0.0
    await house.start_bot()
    assert RIGHT in await _one_answer(house, asked)
    assert house.replies(asked) == [open_stream]
    assert "4,350" in (await house.ask("ana", "lab", DEPOSIT, thread_ts=asked.ts)).text, "history was kept"


async def test_orderly_stop_finishes_the_answer(house: House) -> None:
    house.model.delay_s, house.model._script = 0.02, every_line
    asked = await house.post("ana", "lab", RENT, files=[lease])
    await house.place.wait_for(lambda: house.replies(asked))
    await house.stop_bot()
    (reply,) = house.replies(asked)
    assert not reply.streaming and read_answer(reply, "", 0, 0).is_whole
    await house.start_bot()
    assert RIGHT in await _one_answer(house, asked)


async def test_finished_answer_whose_end_was_not_recorded_is_not_given_again(house: House) -> None:
    asked = await house.post("ana", "lab", RENT, files=[lease])
    await house.answer_to(asked)
    payload = (
        f'{{"message": {{"team": "{house.place.team_id}", "channel": "{asked.channel}", "channel_type": "channel", '
        f'"user": "{asked.user}", "ts": "{asked.ts}", "thread_ts": null, "text": "", "file_ids": []}}, "question": ""}}'
    )
    sql = "update jobs set state = 'running', payload = ? where kind = 'turn'"
    house.library.database.write(lambda db: db.execute(sql, (payload,)))
    await house.kill_bot()
    calls = len(house.place.calls)
    await house.start_bot()
    assert RIGHT in await _one_answer(house, asked)
    assert not [call for call in house.place.calls[calls:] if call.method.startswith("chat.")]


async def test_waiting_questions_are_answered_after_a_restart_in_their_order(house: House) -> None:
    root = await house.post("ana", "lab", "@inhouse", files=[lease])
    await house.quiet()
    await house.restart_bot(workers=1)
    house.model.delay_s = 0.3
    questions = [
        await house.post("ana", "lab", text, thread_ts=root.ts)
        for text in (RENT, DEPOSIT, "@inhouse What is the notice to end the lease in writing?")
    ]
    await until(lambda: house.rows("select 1 from jobs where state = 'running'"))
    await until(lambda: house.rows("select 1 from (select count(*) as n from jobs where kind = 'turn') where n = 4"))
    await house.kill_bot()
    house.model.delay_s = 0.0
    await house.start_bot()
    await house.quiet()
    texts = [reply.text for reply in house.replies(questions[0])]
    assert len(texts) == 3
    for text, expected in zip(texts, ("1,450", "4,350", "90 days"), strict=True):
        assert expected in text


@pytest.fixture
async def child(empty_house: House) -> AsyncIterator[ChildBot]:
    bot = ChildBot(empty_house.place, empty_house.folder)
    yield bot
    await bot.kill()


async def _whole_reply(house: House, asked: Message) -> Message:
    def look() -> Message | None:
        replies = house.replies(asked)
        whole = [m for m in replies if not m.streaming and read_answer(m, "", 0, 0).is_whole]
        return whole[0] if whole and house.place.core.hub.is_idle else None

    return await house.place.wait_for(look, 20)


async def test_kill_before_the_commit_ends_in_redelivery_and_one_answer(empty_house: House, child: ChildBot) -> None:
    house = empty_house
    await child.start()
    with closing(sqlite3.connect(house.folder / "inhouse.db")) as lock:
        lock.execute("begin immediate")  # the bot's commit waits for this
        asked = await house.post("ana", "lab", RENT, files=[lease])
        await house.place.wait_for(lambda: house.place.deliveries)
        await child.kill()
        lock.rollback()
    assert not [ack for ack in house.place.acks if ack.name in {"app_mention", "message"}]
    await child.start()
    assert "1,450 euros" in (await _whole_reply(house, asked)).text
    assert len(house.ours(asked)) == 1 and not house.place.core.hub.lost


async def test_kill_in_mid_answer_completes_it_once(empty_house: House, child: ChildBot) -> None:
    house = empty_house
    await child.start(delay_s=0.2)
    asked = await house.post("ana", "lab", RENT, files=[lease])
    begun = await house.place.wait_for(lambda: next((m for m in house.replies(asked) if m.text), None), 20)
    await child.kill()
    assert begun.streaming
    await child.start()
    assert await _whole_reply(house, asked) is begun
    assert "1,450 euros" in begun.text and len(house.ours(asked)) == 1
