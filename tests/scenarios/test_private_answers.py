"""Private answers: shown to one person, kept for a day, shared once and only by that person."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest

from bot.workspace.live_parts import live_parts
from bot.workspace.state import Message
from tests.scenarios.conftest import RENT, House, lease, until, whole_text

NOTICE = "What is the notice to end the lease?"


async def private(house: House, user: str, has: str) -> Message:
    """The first message that only this person sees and that holds ``has``."""

    async def look() -> Message | None:
        return next((m for m in house.place.ephemerals(house.users[user]) if has in whole_text(m)), None)

    return await until(look)


async def ask(house: House, user: str, question: str = NOTICE, channel: str = "lab") -> None:
    answer = await house.place.slash(house.users[user], house.channels[channel], "/ask", question)
    assert "error" not in answer, answer


async def answered(house: House, user: str = "ben", question: str = NOTICE, has: str = "90 days") -> Message:
    """A private answer from the lease that Ana gave."""
    if not await house.rows("select 1 from shares"):
        await house.ask("ana", "lab", RENT, files=[lease])
    await ask(house, user, question)
    return await private(house, user, has)


async def press_share(house: House, user: str, message: Message, channel: str = "lab") -> None:
    value = next(e["value"] for b in message.blocks if b["type"] == "actions" for e in b["elements"])
    answer = await house.place.click(house.users[user], house.channels[channel], message.ts, "share", value)
    assert "error" not in answer, answer
    await house.quiet()


def public(house: House, has: str = "shared by", channel: str = "lab") -> list[Message]:
    return [m for m in house.channels[channel].messages.values() if has in whole_text(m)]


def has_button(message: Message) -> bool:
    return any(block["type"] == "actions" for block in message.blocks)


async def test_a_private_answer_is_shared_in_the_channel_with_question_sources_and_name(house: House) -> None:
    answer = await answered(house)
    assert has_button(answer) and "lease.txt" in whole_text(answer)
    await press_share(house, "ben", answer)
    (shared,) = public(house)
    text = whole_text(shared)
    assert NOTICE in text and "90 days" in text and "lease.txt" in text and f"<@{house.users['ben'].id}>" in text
    assert shared.thread_ts is None and not has_button(shared)
    assert answer.text == "Shared." and not has_button(answer)


async def test_a_shared_answer_is_a_turn_that_follow_ups_know(house: House) -> None:
    await press_share(house, "ben", await answered(house))
    (shared,) = public(house)
    (turn,) = await house.rows("select * from turns where message_ts = ?", shared.ts)
    assert turn["user"] == house.users["ben"].id and "90 days" in turn["answer"] and turn["reply_ts"] == shared.ts
    followed = await house.ask("ben", "lab", "And what does the deposit amount to?", thread_ts=shared.ts)
    assert "4,350" in followed.text


async def test_an_answer_is_shared_once_and_the_second_press_says_so(house: House) -> None:
    answer = await answered(house)
    button = next(b for b in answer.blocks if b["type"] == "actions")
    await press_share(house, "ben", answer)
    answer.blocks = [button]  # a client that had not noticed yet
    await press_share(house, "ben", answer)
    assert await private(house, "ben", "You have shared this answer already")
    assert len(public(house)) == 1


async def test_two_presses_at_once_share_once(house: House) -> None:
    answer = await answered(house)
    house.place.fault("chat.postMessage", delay_s=0.3)
    value = next(e["value"] for b in answer.blocks if b["type"] == "actions" for e in b["elements"])
    for _ in range(2):
        await house.place.click(house.users["ben"], house.channels["lab"], answer.ts, "share", value)
    await house.quiet()
    assert len(public(house)) == 1


async def test_nobody_shares_what_another_was_shown(house: House) -> None:
    bens = await answered(house, "ben")
    chris = await answered(house, "chris", "What does the deposit amount to?", "4,350")
    forged = next(b for b in bens.blocks if b["type"] == "actions")
    chris.blocks = [forged]  # the id of Ben's answer in Chris's click
    await press_share(house, "chris", chris)
    assert await private(house, "chris", "have forgotten this one")  # as if there were no such answer
    assert not public(house)


@pytest.mark.parametrize("value", ["999999", "1; drop table asides", "-1", ""])
async def test_a_made_up_id_shares_nothing(house: House, value: str) -> None:
    answer = await answered(house)
    clicked = await house.place.click(house.users["ben"], house.channels["lab"], answer.ts, "share", value)
    assert "error" not in clicked
    assert await private(house, "ben", "have forgotten this one")
    assert not public(house)


async def test_an_answer_whose_file_is_gone_is_not_shared(house: House) -> None:
    given = await house.post("ana", "lab", RENT, files=[lease])
    await house.answer_to(given)
    answer = await answered(house)
    assert house.bot is not None
    await house.bot.records.write(lambda db: db.execute("delete from shares"))  # noticed before its answers were
    await press_share(house, "ben", answer)
    assert await private(house, "ben", "is not here any more")
    assert not public(house)


async def test_a_deleted_file_takes_private_answers_along(house: House) -> None:
    given = await house.post("ana", "lab", RENT, files=[lease])
    await house.answer_to(given)
    answer = await answered(house)
    await house.place.delete_file(given.files[0])
    await house.quiet()
    assert not await house.rows("select 1 from asides")
    assert b"90 days" not in house.bytes_on_disk()
    await press_share(house, "ben", answer)
    assert not public(house)


async def test_a_file_deleted_while_its_answer_is_being_shared_takes_the_post_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = await answered(house)
    assert house.bot is not None
    house.place.fault("chat.postMessage", delay_s=0.5)
    value = next(e["value"] for b in answer.blocks if b["type"] == "actions" for e in b["elements"])
    await house.place.click(house.users["ben"], house.channels["lab"], answer.ts, "share", value)
    await house.place.wait_for(lambda: house.place.core.faults._waiting == [])
    await house.bot.records.write(lambda db: db.execute("delete from shares"))
    await house.quiet()
    assert not public(house)
    assert await private(house, "ben", "is not here any more")


async def test_a_private_answer_is_kept_for_a_day(house: House) -> None:
    answer = await answered(house)
    assert house.bot is not None
    yesterday = time.time() - 25 * 3600
    await house.bot.records.write(lambda db: db.execute("update asides set created_at = ?", (yesterday,)))
    await press_share(house, "ben", answer)
    assert await private(house, "ben", "I keep a private answer for one day")
    assert not public(house)


async def test_an_answer_is_shared_by_another_process_than_the_one_that_gave_it(house: House) -> None:
    answer = await answered(house)
    await house.restart_bot()
    await press_share(house, "ben", answer)
    assert len(public(house)) == 1


async def test_a_share_whose_answer_from_slack_was_lost_is_not_posted_twice(house: House) -> None:
    answer = await answered(house)
    house.place.fault("chat.postMessage", status=500, then_work=True)
    await press_share(house, "ben", answer)
    (shared,) = public(house)
    assert await house.rows("select 1 from turns where message_ts = ?", shared.ts)
    assert answer.text == "Shared."


async def test_blocks_that_slack_refuses_are_shared_as_text(house: House) -> None:
    answer = await answered(house)
    house.place.fault("chat.postMessage", error="invalid_blocks")
    await press_share(house, "ben", answer)
    (shared,) = public(house, "90 days")
    assert not [b for b in shared.blocks if b["type"] == "section"] and "lease.txt" in shared.text


async def test_an_archived_channel_gets_a_sentence(house: House) -> None:
    answer = await answered(house)
    house.place.fault("chat.postMessage", error="is_archived")
    await press_share(house, "ben", answer)
    assert await private(house, "ben", "I cannot post here any more")


async def test_refusals_and_errors_have_no_share_button(house: House) -> None:
    await house.ask("ana", "lab", RENT, files=[lease])
    await ask(house, "ben", "Who won the football championship in 1998?")
    assert not has_button(await private(house, "ben", "I did not find this"))
    await ask(house, "ben", "why? " * 2000)
    assert not has_button(await private(house, "ben", "I read up to 4,000"))
    assert not await house.rows("select 1 from asides")


async def test_a_direct_message_offers_no_sharing(house: House) -> None:
    dm = await house.open_dm("ben")
    await house.ask("ben", dm, "What is the monthly rent?", files=[lease])
    await ask(house, "ben", NOTICE, dm)
    assert not has_button(await private(house, "ben", "90 days"))


async def test_a_retried_command_answers_once(house: House) -> None:
    """The response URL did what it was asked, and the process ended before the job's end was recorded."""
    await answered(house)
    assert house.bot is not None
    (kept,) = await house.rows("select payload, key from jobs where kind = 'ask'")
    message = (await house.rows("select * from asides"))[0]
    await house.stop_bot()
    bot = await house.start_bot()
    payload = _payload(house, message)
    await bot.records.write(
        lambda db: db.execute("update jobs set state = 'waiting', payload = ? where key = ?", (payload, kept["key"]))
    )
    bot.jobs.wake()
    await house.quiet()
    assert sum("90 days" in whole_text(m) for m in house.place.ephemerals(house.users["ben"])) == 1


def _payload(house: House, aside: dict[str, Any]) -> str:
    message = {
        **{"team": aside["team"], "channel": aside["channel"], "channel_type": "channel", "user": aside["user"]},
        **{"ts": "1763851300.000100", "thread_ts": None, "text": NOTICE, "file_ids": []},
    }
    return json.dumps({"message": message, "question": NOTICE, "response_url": ""})


async def test_ask_where_the_bot_is_not_a_member_says_invite_me(house: House) -> None:
    await house.place.remove_bot(house.channels["office"])
    await ask(house, "ben", NOTICE, "office")
    assert await private(house, "ben", "Invite me with")


async def test_ask_in_a_channel_shared_outside_is_declined_privately(house: House) -> None:
    await house.ask("ana", "lab", RENT, files=[lease])
    await house.place.share_outside(house.channels["lab"])
    assert house.bot is not None
    await house.restart_bot()  # what was known of the channel is a minute old at most
    before = len(house.channels["lab"].messages)
    await ask(house, "ben")
    assert await private(house, "ben", "shared with another organisation")
    assert len(house.channels["lab"].messages) == before


async def test_a_channel_shared_outside_after_the_answer_is_not_posted_to(house: House) -> None:
    answer = await answered(house)
    await house.place.share_outside(house.channels["lab"])
    await house.restart_bot()
    await press_share(house, "ben", answer)
    assert await private(house, "ben", "shared with another organisation")
    assert not public(house)


async def test_nothing_of_another_conversation_is_answered_privately(house: House) -> None:
    await house.ask("ana", "office", RENT, files=[lease])
    await ask(house, "ben", NOTICE, "lab")
    assert await private(house, "ben", "I know no files here yet")
    assert "90 days" not in "".join(map(whole_text, house.place.ephemerals(house.users["ben"])))


async def test_a_german_asker_is_answered_and_offered_sharing_in_german(house: House) -> None:
    house.users["dora"] = await house.place.add_user("dora", locale="de-DE")
    await house.place.invite(house.channels["lab"], house.users["dora"])
    answer = await answered(house, "dora")
    assert "Im Kanal teilen" in str(answer.blocks) and "Durchsucht" in whole_text(answer)
    await press_share(house, "dora", answer)
    assert answer.text == "Geteilt."
    assert len(public(house, "Privat gefragt und geteilt von")) == 1


HOSTILE = ("<!channel> @here", "<@U0123ABCD>", "<https://evil.example/x|y>", "www.evil.example", "```\u202e*_~`")


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_a_hostile_question_is_dead_text_in_private_and_in_public(house: House, hostile: str) -> None:
    await house.ask("ana", "lab", RENT, files=[lease])
    await ask(house, "ben", f"What is the notice to end the lease? {hostile}")
    await house.quiet()
    for message in house.place.ephemerals(house.users["ben"]):
        found = live_parts(message)
        assert not (found.broadcasts or found.mentions or found.images or found.hidden), (message.text, found)
        assert all(_address(link).startswith(house.place.base_url) for link in found.links), found.links
    if not has_button(message):
        assert "I did not find this" in whole_text(message)
        return
    await press_share(house, "ben", message)
    (shared,) = public(house)
    found = live_parts(shared)
    assert {house.users["ben"].id} == {re.sub(r"\W", "", mention) for mention in found.mentions}
    assert not (found.broadcasts or found.images or found.hidden or shared.would_unfurl)
    assert all(_address(link).startswith(house.place.base_url) for link in found.links), found.links


def _address(link: str) -> str:
    return link.strip("<>").partition("|")[0]


async def test_the_texts_of_a_private_answer_lie_nowhere_after_its_asker_is_forgotten(house: House) -> None:
    await answered(house, question="What is the notice to end the lease, asks the walrus?")
    await house.place.slash(house.users["ben"], house.channels["lab"], "/inhouse", "forget me")
    question = await private(house, "ben", "in all conversations?")
    await house.place.click(house.users["ben"], house.channels["lab"], question.ts, "forget_me")
    assert await private(house, "ben", "I have forgotten what you gave me and asked, in one conversation")
    assert not await house.rows("select 1 from asides")
    assert b"walrus" not in house.bytes_on_disk()
