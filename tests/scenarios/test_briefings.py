"""Summaries of files, threads and spans of time, and what changed: by command, by menu, and in words."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from bot.app import build_client
from bot.conversations import Conversations
from bot.workspace.state import Message
from tests.scenarios.conftest import LEASE, House, lease, until, whole_text
from tests.scenarios.test_commands import _buttons, _listed, _slash
from tests.scenarios.test_private_answers import has_button, press_share, private

NEWER = LEASE.replace("1,450", "1,520").replace("90 days", "60 days") + "\nThe tenant pays for the water.\n"
newer = ("lease.txt", NEWER.encode())
OFFICE = ("office.txt", b"Lease of Mill Lane 3\n\nThe deposit amounts to 9,900 euros. The monthly rent is 3,300 euros.")
ONE_LINE = ("note.txt", b"The monthly rent is due on the third working day.")
WRITTEN = "The monthly rent is 1,450 euros. The deposit amounts to 4,350 euros. The garden costs 99 euros."
TALK = (
    ("ana", "The certificate of the payment gateway expired last night, so every payment fails."),
    ("ben", "I renew it today before 14:00 and write a reminder for next year."),
    ("chris", "We decided to refund the 37 failed orders by Friday."),
)


@pytest.fixture
async def house(empty_house: House) -> House:
    await empty_house.start_bot()
    assert empty_house.bot is not None
    return empty_house


def writes(house: House, text: str) -> None:
    house.model._script = lambda _: text


async def read(house: House, *files: Any, user: str = "ana", channel: str = "lab", text: str = "@inhouse") -> Message:
    return await house.asked_and_read(user, channel, text, list(files))


async def thread_of(house: House, lines: Any = TALK) -> Message:
    (user, text), *rest = lines
    first = await house.post(user, "lab", text)
    for user, text in rest:
        await house.post(user, "lab", text, thread_ts=first.ts)
    return first


# --- a file --------------------------------------------------------------------------------------


async def test_a_file_is_summed_up_for_one_person_with_places_and_nothing_unproved(house: House) -> None:
    first = await read(house, lease)
    writes(house, WRITTEN)
    await _slash(house, "ben", "/inhouse", "summary lease.txt")
    told = await private(house, "ben", "Summary of `lease.txt`")
    text = whole_text(told)
    assert "1,450 euros" in text and "[1]" in text and "garden" not in text and "Each line was checked" in text
    await house.quiet()
    assert len(house.ours(first)) <= 1 and not house.place.ephemerals(house.users["chris"])


async def test_a_trial_model_is_not_asked_and_the_file_speaks_for_itself(house: House) -> None:
    await read(house, lease)
    house.model.is_trial = True
    asked = len(house.model.seen)
    await _slash(house, "ben", "/inhouse", "summary lease")
    text = whole_text(await private(house, "ben", "Summary of"))
    assert "own words" in text and "“" in text and "trial model" in text and len(house.model.seen) == asked


async def test_the_only_file_need_not_be_named_and_several_are_offered(house: House) -> None:
    await read(house, lease)
    writes(house, WRITTEN)
    await _slash(house, "ben", "/inhouse", "summary")
    assert await private(house, "ben", "Summary of `lease.txt`")
    await read(house, OFFICE)
    offered = await _slash(house, "chris", "/inhouse", "summary")
    assert "What shall I sum up" in offered and "office.txt" in offered and "lease.txt" in offered
    choice = next(m for m in house.place.ephemerals(house.users["chris"]) if "summarise_file" in str(m.blocks))
    (share,) = await house.rows("select file_id from shares where name = 'office.txt'")
    answer = await house.place.click(
        house.users["chris"], house.channels["lab"], choice.ts, "summarise_file", share["file_id"]
    )
    assert "error" not in answer
    assert await private(house, "chris", "Summary of `office.txt`")


async def test_a_file_of_another_conversation_is_not_known(house: House) -> None:
    await read(house, lease, channel="office")
    await read(house, OFFICE)
    await _slash(house, "ben", "/inhouse", "summary lease.txt")
    text = whole_text(await private(house, "ben", "I know no file called"))
    assert "4,350" not in text and "`office.txt`" in text


async def test_a_file_that_could_not_be_read_is_said_to_be_so(house: House) -> None:
    await read(house, ("broken.pdf", b"%PDF-1.7 nothing"))
    await _slash(house, "ben", "/inhouse", "summary broken.pdf")
    assert await private(house, "ben", "I could not read `broken.pdf`")


async def test_a_file_of_one_line_is_summed_up(house: House) -> None:
    await read(house, ONE_LINE)
    writes(house, "Nothing of it is true.")
    await _slash(house, "ben", "/inhouse", "summary note")
    assert "third working day" in whole_text(await private(house, "ben", "Summary of"))


async def test_a_summary_of_a_file_is_shared_and_taken_back_with_the_file(house: House) -> None:
    first = await read(house, lease)
    writes(house, WRITTEN)
    await _slash(house, "ben", "/inhouse", "summary lease.txt")
    told = await private(house, "ben", "Summary of")
    assert has_button(told)
    await press_share(house, "ben", told)
    assert any("Summary of" in whole_text(m) for m in house.channels["lab"].messages.values())
    await house.place.delete_file(first.files[0])
    await house.quiet()
    assert b"1,450" not in house.bytes_on_disk()
    assert not any(
        "1,450" in whole_text(m) for m in house.place.messages(first.channel) if m.user == house.place.bot_user.id
    )


async def test_a_file_deleted_while_it_is_summed_up_is_not_shown(house: House) -> None:
    first = await read(house, lease)
    house.model.delay_s = 0.15
    writes(house, WRITTEN)
    seen = len(house.model.seen)
    await _slash(house, "ben", "/inhouse", "summary lease.txt")
    await until(lambda: _later(lambda: len(house.model.seen) > seen))
    await house.place.delete_file(first.files[0])
    await house.quiet(30)
    shown = "".join(map(whole_text, house.place.ephemerals(house.users["ben"])))
    assert "1,450" not in shown and "deleted" in shown
    assert b"1,450" not in house.bytes_on_disk()


async def test_two_people_who_ask_at_once_both_get_their_summary(house: House) -> None:
    await read(house, lease)
    house.model.delay_s = 0.01
    writes(house, WRITTEN)
    await asyncio.gather(*(_slash(house, who, "/inhouse", "summary lease.txt") for who in ("ben", "chris")))
    for who in ("ben", "chris"):
        assert "1,450" in whole_text(await private(house, who, "Summary of"))


async def test_a_second_summary_of_a_file_asks_no_model(house: House) -> None:
    await read(house, lease)
    writes(house, WRITTEN)
    await _slash(house, "ben", "/inhouse", "summary lease.txt")
    await private(house, "ben", "Summary of")
    asked = len(house.model.seen)
    await _slash(house, "chris", "/inhouse", "summary lease.txt")
    await private(house, "chris", "Summary of")
    assert len(house.model.seen) == asked


# --- in words, in a thread -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked", ["summarise the lease", "Can you sum this up?", "Fass die Datei bitte zusammen", "tl;dr"]
)
async def test_a_file_is_summed_up_in_its_thread_as_an_answer_is(house: House, asked: str) -> None:
    first = await read(house, lease)
    writes(house, WRITTEN)
    answer = await house.ask("ben", "lab", f"@inhouse {asked}", thread_ts=first.ts)
    assert "Summary of" in answer.text and "1,450 euros" in answer.text and "garden" not in answer.text
    (turn,) = await house.rows("select answer, outcome, files from turns where answer is not null")
    assert turn["outcome"] == "summary" and "1,450" in turn["answer"] and "F" in turn["files"]


async def test_in_a_thread_without_files_this_is_the_thread_and_the_file_is_the_conversations(house: House) -> None:
    await read(house, lease)
    house.model.is_trial = True
    first = await thread_of(house)
    for said, heading in (
        ("summarise this", "Summary of 3 messages"),
        ("summarise the file", "Summary of `lease.txt`"),
    ):
        asked = await house.post("ben", "lab", f"@inhouse {said}", thread_ts=first.ts)
        await house.done(asked)
        assert heading in house.replies(asked)[0].text
        await house.place.delete_message(asked)
        await house.quiet()


async def test_a_file_given_with_the_request_is_read_and_summed_up(house: House) -> None:
    writes(house, WRITTEN)
    answer = await house.ask("ben", "lab", "@inhouse please summarise this", files=[lease])
    assert "Summary of" in answer.text and "4,350" in answer.text


async def test_a_question_about_a_part_of_a_file_is_answered_as_ever(house: House) -> None:
    first = await read(house, lease)
    answer = await house.ask("ben", "lab", "@inhouse Summarise the deposit of Harbour Street", thread_ts=first.ts)
    assert "Summary of" not in answer.text
    (turn,) = await house.rows("select outcome from turns where answer is not null")
    assert turn["outcome"] in {"answered", "passage"}


async def test_a_shorter_summary_is_had_from_the_menu(house: House) -> None:
    long = "\n\n".join(
        f"# Part {n}\n\nThe part number {n} of the machine weighs {n + 10} kilograms." for n in range(30)
    )
    first = await read(house, ("parts.md", long.encode()))
    house.model.is_trial = True
    asked = await house.post("ben", "lab", "@inhouse summarise parts.md", thread_ts=first.ts)
    await house.done(asked)
    (reply,) = house.replies(asked)
    before = reply.text.count("kilograms")
    await house.place.click(house.users["ben"], house.channels["lab"], reply.ts, "menu", "shorter")
    await house.quiet()
    (reply,) = house.replies(asked)
    assert 0 < reply.text.count("kilograms") < before


async def test_a_thread_is_summed_up_in_words_and_nothing_of_it_is_kept(house: House) -> None:
    house.model.is_trial = True
    first = await thread_of(house)
    asked = await house.post("ben", "lab", "@inhouse summarise this thread", thread_ts=first.ts)
    text = whole_text((await house.done(asked)) and house.replies(asked)[0])
    assert "Summary of 3 messages" in text and "37 failed orders" in text and "Messages: " in text
    assert b"37 failed" not in house.bytes_on_disk()


async def test_a_stopped_summary_shows_what_was_proved_and_says_so(house: House) -> None:
    long = "\n\n".join(
        f"# Part {n}\n\nThe part number {n} of the machine weighs {n + 10} kilograms." for n in range(90)
    )
    first = await read(house, ("parts.md", long.encode()))
    house.model.delay_s = 0.05
    house.model._script = lambda messages: messages[-1].content.removeprefix("Text:\n").split("\n")[-3]
    seen = len(house.model.seen)
    asked = await house.post("ben", "lab", "@inhouse summarise parts.md", thread_ts=first.ts)
    await until(lambda: _later(lambda: len(house.model.seen) > seen + 1))
    assert house.bot is not None
    house.bot.jobs.stop_reply(asked.channel, first.ts, house.users["ben"].id)
    await house.done(asked)
    (reply,) = house.replies(asked)
    assert "Stopped" in str(reply.blocks)
    assert not await house.rows("select 1 from digests")


# --- what changed --------------------------------------------------------------------------------


async def test_what_changed_is_told_with_numbers_first_in_the_thread(house: House) -> None:
    first = await read(house, lease)
    await house.asked_and_read("ana", "lab", "@inhouse", [newer])
    answer = await house.ask("ana", "lab", "@inhouse What changed since the last version?", thread_ts=first.ts)
    text = answer.text
    assert "What changed in" in text and "1,520" in text and "60" in text and "water" in text
    assert text.index("1,520") < text.index("water") and "Changed: 2, added: 1, removed: 0" in text
    (turn,) = await house.rows("select files, outcome from turns where outcome = 'changes'")
    assert turn["files"].count("F") >= 2


async def test_what_changed_is_told_to_one_person_by_command_and_by_the_lists_menu(house: House) -> None:
    await read(house, lease)
    await read(house, newer)
    await _slash(house, "ben", "/inhouse", "changes lease")
    assert "1,520" in whole_text(await private(house, "ben", "What changed in"))
    listed = await _listed(house, "chris")
    (share,) = await house.rows("select file_id from shares where state = 'read'")
    await house.place.click(house.users["chris"], house.channels["lab"], listed.ts, "compare_file", share["file_id"])
    assert "1,520" in whole_text(await private(house, "chris", "Compared word for word"))


async def test_the_receipt_of_a_newer_version_offers_what_changed(house: House) -> None:
    await read(house, lease)
    second = await read(house, newer)
    (receipt,) = house.notices(second)
    (file_id,) = _buttons(receipt, "compare_file")
    await house.place.click(house.users["ben"], house.channels["lab"], receipt.ts, "compare_file", file_id)
    assert "1,520" in whole_text(await private(house, "ben", "What changed in"))


async def test_two_files_that_are_named_are_compared(house: House) -> None:
    first = await read(house, ("lease_v1.txt", LEASE.encode()), ("lease_v2.txt", NEWER.encode()))
    answer = await house.ask("ben", "lab", "@inhouse compare lease_v1.txt with lease_v2.txt", thread_ts=first.ts)
    assert "1,520" in answer.text and "Changed: 2" in answer.text


async def test_where_the_older_version_was_deleted_it_is_said_that_it_is_gone(house: House) -> None:
    first = await read(house, lease)
    await read(house, newer)
    await house.place.delete_file(first.files[0])
    await house.quiet()
    await _slash(house, "ben", "/inhouse", "changes lease.txt")
    assert await private(house, "ben", "I know only one version of `lease.txt`")


async def test_versions_that_say_the_same_are_said_to(house: House) -> None:
    await read(house, ("a.txt", LEASE.encode()), ("b.txt", LEASE.replace("\n\n", "\n\n\n").encode()))
    await _slash(house, "ben", "/inhouse", "changes a.txt and b.txt")
    assert await private(house, "ben", "word for word")


async def test_what_changed_is_taken_back_with_the_older_file(house: House) -> None:
    first = await read(house, lease)
    second = await read(house, newer)
    asked = await house.post("ana", "lab", "@inhouse what changed?", thread_ts=second.ts)
    await house.answer_to(asked)
    await house.place.delete_file(first.files[0])
    await house.quiet()
    assert not any("1,450" in whole_text(m) for m in house.replies(asked))
    assert b"1,450" not in house.bytes_on_disk()


# --- since a day ---------------------------------------------------------------------------------


async def test_everything_since_a_day_is_told_thread_by_thread(house: House) -> None:
    house.model.is_trial = True
    await thread_of(house)
    await house.post("ben", "lab", "The canteen opens at 11:30 from Monday on, in building 4.")
    await house.post("ben", "office", "The secret project is called Walnut and begins in May.")
    await _slash(house, "chris", "/inhouse", "summary since yesterday")
    text = whole_text(await private(house, "chris", "4 messages since"))
    assert "37 failed orders" in text and "canteen" in text and "Outside threads" in text and "Walnut" not in text


async def test_a_recap_is_not_kept(house: House) -> None:
    house.model.is_trial = True
    await thread_of(house)
    await _slash(house, "chris", "/inhouse", "zusammenfassung seit gestern")
    told = await private(house, "chris", "3 messages since")
    assert not has_button(told)
    await house.quiet()
    assert b"37 failed" not in house.bytes_on_disk()


async def test_what_somebody_missed_is_told_in_the_channel_without_their_question(house: House) -> None:
    house.model.is_trial = True
    await thread_of(house)
    asked = await house.post("chris", "lab", "@inhouse what did I miss since yesterday?")
    await house.done(asked)
    (reply,) = house.replies(asked)
    assert "3 messages since" in whole_text(reply) and "what did I miss" not in whole_text(reply)


async def test_where_nothing_was_said_since_it_is_said(house: House) -> None:
    await _slash(house, "chris", "/inhouse", "summary since today")
    assert await private(house, "chris", "Nobody has written anything here since")


async def test_an_old_thread_that_was_taken_up_again_counts(house: House) -> None:
    house.model.is_trial = True
    first = await house.place.post(house.users["ana"], house.channels["lab"], "The old plan of the warehouse.")
    await asyncio.sleep(0.05)
    now = time.time()
    for user, text in TALK:
        await house.post(user, "lab", text, thread_ts=first.ts)
    conversations = Conversations(build_client(house.place.bot_token, house.place.api_url), house.place.bot_user.id)
    talks, is_cut = await conversations.since(first.channel, now)
    assert [(talk.title, len(talk.messages), talk.is_thread) for talk in talks] == [
        ("The old plan of the warehouse.", 3, True)
    ]
    assert not is_cut


# --- a thread by its link ------------------------------------------------------------------------


async def test_a_thread_is_summed_up_by_its_link_and_only_in_its_own_conversation(house: House) -> None:
    house.model.is_trial = True
    first = await thread_of(house)
    link = f"https://acme.slack.com/archives/{first.channel}/p{first.ts.replace('.', '')}"
    await _slash(house, "ben", "/inhouse", f"summary {link}")
    assert "37 failed orders" in whole_text(await private(house, "ben", "Summary of 3 messages"))
    await _slash(house, "ben", "/inhouse", f"summary {link}", channel="office")
    assert await private(house, "ben", "This link leads to another conversation")


async def test_where_the_bot_is_not_a_member_nothing_is_summed_up(house: House) -> None:
    await read(house, lease)
    await house.place.remove_bot(house.channels["lab"])
    await house.restart_bot()
    await _slash(house, "ben", "/inhouse", "summary lease.txt")
    assert await private(house, "ben", "Invite me with")


async def _later(holds: Any) -> bool:
    return bool(holds())
