"""What is deleted in Slack answers no more, and nothing of it stays on this machine."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable

import pytest

from bot import blocks
from bot.answers import DELETE
from bot.channels import Channels, ChannelSettings
from bot.erasures import Erasures
from bot.jobs import Running
from bot.records import Job
from bot.workspace.state import Message
from tests.scenarios.conftest import RENT, House, every_line, lease, until, whole_text

CANARY = "zanzibar"
SECRET = ("heron-zanzibar.txt", b"The codename of the secret project is Zanzibar and its budget is 77,700 euros.")
ASKED = "@inhouse What is the codename of the secret project?"


def _erasures(house: House) -> Erasures:
    assert house.bot is not None
    records, library = house.bot.records, house.library
    return Erasures(house.bot.client, records, library.store, library.eraser, Channels(records))


async def _told(house: House) -> Message:
    """A question in #lab that was answered from the secret file."""
    asked = await house.post("ana", "lab", ASKED, files=[SECRET])
    assert "Zanzibar" in (await house.answer_to(asked)).text
    await house.quiet()
    return asked


async def _nothing_is_left(house: House, asked: Message) -> None:
    """No answer, no list, no history, no byte."""
    await house.quiet()
    thread = {} if asked.ts not in house.channels["lab"].messages else {"thread_ts": asked.ts}
    calls = len(house.model.seen)
    answer = await house.ask("ben", "lab", ASKED, **thread)
    assert not any(CANARY in message.content.lower() for seen in house.model.seen[calls:] for message in seen)
    assert CANARY not in answer.text.lower() and not answer.citations
    await house.quiet()
    listed = await house.place.slash(house.users["ben"], house.channels["lab"], "/inhouse", "files")
    assert CANARY not in str(listed).lower()
    assert CANARY.encode() not in house.bytes_on_disk().lower()
    await house.restart_bot()
    assert CANARY.encode() not in house.bytes_on_disk().lower()


async def test_deleted_file_answers_no_more(house: House) -> None:
    asked = await _told(house)
    await house.place.delete_file(asked.files[0])
    await _nothing_is_left(house, asked)


async def _taken_back(house: House, answer: Message) -> None:
    """The answer stands there no more, and a sentence in its place says why."""
    await house.place.wait_for(lambda: "took the answer back" in answer.text)
    assert CANARY not in whole_text(answer).lower() and CANARY not in str(answer.blocks).lower()


async def _delete_answer(house: House, asked: Message) -> None:
    (answer,) = house.replies(asked)
    await house.place.click(house.users["ana"], asked.channel, answer.ts, blocks.MENU, DELETE)


async def _forget_person(house: House, asked: Message) -> None:
    await _erasures(house).forget(house.place.team_id, asked.channel, asked.user)


@pytest.mark.parametrize(
    "remove",
    [
        lambda house, asked: house.place.delete_file(asked.files[0]),
        lambda house, asked: house.place.delete_message(asked),
        lambda house, asked: house.place.edit(asked, RENT),
        _delete_answer,
        _forget_person,
    ],
    ids=["file deleted", "question deleted", "question edited", "answer deleted", "person forgotten"],
)
async def test_the_model_forgets_the_conversation_that_something_was_taken_from(
    house: House, remove: Callable[[House, Message], Awaitable[object]]
) -> None:
    elsewhere = await house.post("ana", "office", RENT, files=[lease])
    await house.answer_to(elsewhere)
    asked = await _told(house)
    assert house.model.forgotten == [], "nothing was taken away yet"
    await remove(house, asked)
    await house.quiet()
    assert set(house.model.forgotten) == {f"{house.place.team_id}/{asked.channel}"}


async def test_the_model_forgets_a_question_that_was_deleted_though_its_files_stay(house: House) -> None:
    asked = await _told(house)
    further = await house.post("ben", "lab", RENT, thread_ts=asked.ts)
    await house.answer_to(further)
    await house.place.delete_message(further)
    await house.quiet()
    assert set(house.model.forgotten) == {f"{house.place.team_id}/{asked.channel}"}


async def test_a_file_deleted_everywhere_is_forgotten_for_every_conversation_that_held_it(house: House) -> None:
    asked = await _told(house)
    await house.place.share(house.users["ben"], house.channels["office"], asked.files[0], text=ASKED)
    await house.quiet()
    await house.place.delete_file(asked.files[0])
    await house.quiet()
    channels = (asked.channel, house.channels["office"].id)
    assert set(house.model.forgotten) == {f"{house.place.team_id}/{channel}" for channel in channels}


async def test_file_deleted_while_the_model_reads_it_is_forgotten_again_after_that(house: House) -> None:
    asked = await _told(house)
    house.model.delay_s, house.model._script = 0.1, every_line
    late = await house.post("ben", "lab", ASKED, thread_ts=asked.ts)
    calls = len(house.model.seen)
    await until(_async(lambda: len(house.model.seen) > calls))
    await house.place.delete_file(asked.files[0])
    await until(_async(lambda: house.model.forgotten))
    house.model.delay_s = 0.0
    told = len(house.model.forgotten)
    await house.done(late)
    await house.quiet()
    assert len(house.model.forgotten) > told


def _async(look: Callable[[], object]) -> Callable[[], Awaitable[object]]:
    async def looked() -> object:
        return look()

    return looked


async def test_answers_from_a_deleted_file_are_taken_back_in_place_wherever_they_stand(house: House) -> None:
    asked = await _told(house)
    elsewhere = await house.post("ben", "lab", ASKED)
    await house.answer_to(elsewhere)
    other = await house.asked_and_read("ana", "lab", RENT, [lease])
    answers = [*house.replies(asked), *house.replies(elsewhere)]
    await house.place.delete_file(asked.files[0])
    for answer in answers:
        await _taken_back(house, answer)
    await house.quiet()
    assert house.ours(asked) == [answers[0]] and house.ours(elsewhere) == [answers[1]], "nothing more is said"
    assert "1,450 euros" in house.replies(other)[0].text, "answers from other files stay"


async def test_further_messages_of_an_answer_go_with_its_file(house: House) -> None:
    asked = await _told(house)
    (answer,) = house.replies(asked)
    assert house.bot is not None
    more = await house.bot.client.chat_postMessage(channel=asked.channel, thread_ts=asked.ts, text="and Zanzibar again")
    stored = f'["{more["ts"]}"]'
    await house.bot.records.write(lambda db: db.execute("update turns set more_ts = ?", (stored,)))
    await house.place.delete_file(asked.files[0])
    await _taken_back(house, answer)
    await house.quiet()
    assert house.ours(asked) == [answer]


async def test_answer_is_taken_back_in_the_channels_language(house: House) -> None:
    asked = await _told(house)
    assert house.bot is not None
    settings = Channels(house.bot.records)
    await settings.save(house.place.team_id, asked.channel, ChannelSettings(language="de"), "U1")
    await house.place.delete_file(asked.files[0])
    (answer,) = house.replies(asked)
    await house.place.wait_for(lambda: "zurückgenommen" in answer.text)


async def test_answer_that_could_not_be_changed_is_taken_back_later(house: House) -> None:
    asked = await _told(house)
    (answer,) = house.replies(asked)
    house.place.fault("chat.update", error="internal_error")
    await house.place.delete_file(asked.files[0])
    await _taken_back(house, answer)


async def test_answer_that_may_not_be_changed_is_deleted(house: House) -> None:
    asked = await _told(house)
    house.place.fault("chat.update", error="edit_window_closed")
    await house.place.delete_file(asked.files[0])
    await house.place.wait_for(lambda: not house.ours(asked))


async def test_deletion_of_a_file_that_answered_nothing_is_told_in_its_thread(house: House) -> None:
    asked = await house.asked_and_read("ana", "lab", "@inhouse", [SECRET])
    before = len(house.notices(asked))
    await house.place.delete_file(asked.files[0])
    await house.quiet()
    *_, told = house.notices(asked)
    assert len(house.notices(asked)) == before + 1
    assert "I have forgotten it: 1 passage." in told.text and CANARY not in whole_text(told).lower()


async def test_deletion_is_told_once_though_the_work_on_it_is_repeated(house: House) -> None:
    asked = await house.asked_and_read("ana", "lab", "@inhouse", [SECRET])
    await house.place.delete_file(asked.files[0])
    await house.quiet()
    told = len(house.notices(asked))
    work = {"team": house.place.team_id, "channels": [asked.channel], "given": [(asked.channel, asked.ts, asked.ts)]}
    job = Job(1, "erase/again", "erase", "erase", "", work | {"replies": [], "taken_back": [], "receipts": {}}, 1)
    await _erasures(house).run(Running(job))
    assert len(house.notices(asked)) == told


async def test_uninstalling_takes_everything_along(house: House) -> None:
    asked = await _told(house)
    assert house.bot is not None
    await Channels(house.bot.records).save(house.place.team_id, "C9", ChannelSettings(is_library=True), "U1")
    await house.place.uninstall()
    await house.quiet()
    await until(lambda: house.rows("select 1 from receipts where verified = 1"))
    for table in ("shares", "turns", "threads", "channels", "asides", "feedback"):
        assert not await house.rows(f"select 1 from {table}"), table
    assert CANARY.encode() not in house.bytes_on_disk().lower(), asked.ts


async def test_what_was_said_of_a_file_before_its_edit_is_forgotten(house: House) -> None:
    asked = await _told(house)
    (answer,) = house.replies(asked)
    await house.place.click(house.users["ben"], asked.channel, answer.ts, blocks.FEEDBACK, "down")
    await house.place.change_file(asked.files[0], b"The codename of the secret project is Ostrich.")
    await house.quiet()
    assert not await house.rows("select 1 from feedback")
    await house.place.delete_message(asked)
    await house.quiet()
    assert b"zanzibar and its budget" not in house.bytes_on_disk().lower()


async def test_nothing_is_told_where_the_message_is_gone_too(house: House) -> None:
    asked = await house.asked_and_read("ana", "lab", "@inhouse", [SECRET])
    posted, file_id = len(house.calls("chat.postMessage")), asked.files[0].id
    await house.place.delete_message(asked)
    await house.quiet()
    event = {"type": "file_unshared", "file_id": file_id, "channel_id": asked.channel}
    house.place.core.events.send("file_unshared", event)
    await house.quiet()
    assert len(house.calls("chat.postMessage")) == posted
    assert CANARY.encode() not in house.bytes_on_disk().lower()


async def test_deletion_is_noted_in_numbers_only(house: House) -> None:
    asked = await _told(house)
    await house.place.delete_file(asked.files[0])
    await house.quiet()
    (row,) = await house.rows("select * from receipts")
    assert (row["channel"], row["cause"]) == (asked.channel, "file_deleted")
    assert (row["files"], row["chunks"], row["turns"], row["verified"]) == (1, 1, 1, 1)


async def test_votes_and_private_answers_go_with_the_file(house: House) -> None:
    asked = await _told(house)
    (answer,) = house.replies(asked)
    await house.place.click(house.users["ben"], asked.channel, answer.ts, blocks.FEEDBACK, "down")
    await house.place.slash(house.users["ben"], house.channels["lab"], "/ask", ASKED.removeprefix("@inhouse "))
    await until(lambda: house.rows("select 1 from asides"))
    await house.quiet()
    assert CANARY in str(await house.rows("select * from feedback")).lower()
    assert CANARY in str(await house.rows("select * from asides")).lower()
    await house.place.delete_file(asked.files[0])
    await house.quiet()
    assert not await house.rows("select 1 from feedback") and not await house.rows("select 1 from asides")
    await _nothing_is_left(house, asked)


async def test_vote_goes_with_a_deleted_question(house: House) -> None:
    asked = await _told(house)
    (answer,) = house.replies(asked)
    await house.place.click(house.users["ben"], asked.channel, answer.ts, blocks.FEEDBACK, "down")
    await house.place.delete_message(asked)
    await house.quiet()
    assert not await house.rows("select 1 from feedback")
    assert CANARY.encode() not in house.bytes_on_disk().lower()


async def test_waiting_question_that_is_deleted_leaves_no_text_in_the_queue(house: House) -> None:
    root = await _told(house)
    house.model.delay_s = 0.3
    await house.post("ana", "lab", "@inhouse What is the budget of the secret project?", thread_ts=root.ts)
    waiting = await house.post("ben", "lab", f"@inhouse What is the {CANARY}?", thread_ts=root.ts)
    key = f"turn/{house.place.team_id}/{waiting.channel}/{waiting.ts}"
    await until(lambda: house.rows("select 1 from jobs where key = ? and state = 'waiting'", key))
    await house.place.delete_message(waiting)
    await until(lambda: house.rows("select 1 from gone"))
    (row,) = await house.rows("select state, payload from jobs where key = ?", key)
    assert (row["state"], row["payload"]) == ("done", "{}")


async def test_erasure_that_cannot_be_proved_is_tried_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = await _told(house)
    eraser = house.library.eraser
    found, calls = type(eraser)._found, []

    def stubborn(self: object, probes: object) -> set[str]:
        calls.append(probes)
        return {"still there"} if len(calls) < 3 else found(self, probes)  # type: ignore[arg-type]

    monkeypatch.setattr(type(eraser), "_found", stubborn)
    await house.place.delete_file(asked.files[0])
    await until(lambda: house.rows("select 1 from receipts where verified = 1"))
    assert len(calls) == 3


async def test_forgetting_a_file_by_hand_leaves_the_posted_answer_and_nothing_else(house: House) -> None:
    asked = await _told(house)
    erasures = _erasures(house)
    done = await erasures.forget_file(house.place.team_id, asked.channel, asked.files[0].id, asked.user)
    assert (done.files, done.chunks, done.turns, done.is_verified) == (1, 1, 1, True)
    assert CANARY.encode() not in house.bytes_on_disk().lower()
    assert "Zanzibar" in house.replies(asked)[0].text
    again = await erasures.forget_file(house.place.team_id, asked.channel, asked.files[0].id, asked.user)
    assert (again.files, again.chunks) == (0, 0)


async def test_one_persons_forgetting_keeps_what_another_shared(house: House) -> None:
    asked = await _told(house)
    await house.place.share(house.users["ben"], house.channels["lab"], asked.files[0], text="@inhouse")
    await house.quiet()
    done = await _erasures(house).forget_file(house.place.team_id, asked.channel, asked.files[0].id, asked.user)
    assert done.chunks == 0
    assert "Zanzibar" in (await house.ask("ben", "lab", ASKED)).text


async def test_deleted_message_takes_its_file_and_our_reply_along(house: House) -> None:
    asked = await _told(house)
    assert len(house.ours(asked)) == 1
    await house.place.delete_message(asked)
    await house.quiet()
    assert not house.ours(asked)
    await _nothing_is_left(house, asked)


async def test_deleted_root_with_replies_becomes_a_tombstone_and_its_file_is_gone(house: House) -> None:
    root = await house.post("ana", "lab", "@inhouse", files=[SECRET])
    await house.quiet()
    assert "Zanzibar" in (await house.ask("ana", "lab", ASKED, thread_ts=root.ts)).text
    await house.place.delete_message(root)
    assert root.tombstone
    await _nothing_is_left(house, root)


async def test_reply_goes_with_a_deleted_question_inside_a_thread(house: House) -> None:
    root = await _told(house)
    asked = await house.post("ben", "lab", "@inhouse What is the budget of the secret project?", thread_ts=root.ts)
    await house.answer_to(asked)
    await house.place.delete_message(asked)
    await house.quiet()
    assert not house.ours(asked)
    assert len(house.ours(root)) == 1, "the earlier answer stays"


async def test_message_deleted_with_one_of_two_shares_keeps_the_other(house: House) -> None:
    asked = await _told(house)
    again = await house.place.share(house.users["ben"], house.channels["lab"], asked.files[0], text=ASKED)
    await house.answer_to(again)
    await house.place.delete_message(asked)
    await house.quiet()
    assert "Zanzibar" in (await house.ask("chris", "lab", ASKED)).text
    await house.place.delete_message(again)
    await house.quiet()
    assert CANARY.encode() not in house.bytes_on_disk().lower()


async def test_file_deleted_in_one_channel_but_uploaded_anew_in_another_stays_there(house: House) -> None:
    asked = await _told(house)
    await house.ask("ana", "office", ASKED, files=[("other.txt", SECRET[1])])
    await house.place.delete_file(asked.files[0])
    await house.quiet()
    assert (await house.ask("ana", "lab", ASKED)).refused
    assert "Zanzibar" in (await house.ask("ana", "office", ASKED)).text


async def test_same_bytes_deleted_under_one_name_stay_under_the_other(house: House) -> None:
    asked = await _told(house)
    other = await house.post("ana", "lab", "@inhouse", files=[("innocent.txt", SECRET[1])])
    await house.quiet()
    await house.place.delete_file(asked.files[0])
    await house.quiet()
    answer = await house.ask("ana", "lab", ASKED, thread_ts=other.ts)
    assert {citation["file"] for citation in answer.citations} == {"innocent.txt"}
    assert b"heron-zanzibar" not in house.bytes_on_disk()


async def test_file_deleted_while_it_is_read_is_never_known(house: House) -> None:
    house.place.fault("files.info", delay_s=0.4)
    asked = await house.post("ana", "lab", ASKED, files=[SECRET])
    await house.place.wait_for(lambda: not house.place.core.faults._waiting)
    await house.place.delete_file(asked.files[0])
    answer = await house.answer_to(asked)
    assert CANARY not in answer.text.lower()
    await _nothing_is_left(house, asked)


async def test_file_deleted_after_its_download_is_never_known(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Message] = []
    ingest = type(house.library.ingester).ingest
    deleted, entered = threading.Event(), threading.Event()

    def slow(self: object, *arguments: object, **more: object) -> object:
        result = ingest(self, *arguments, **more)  # type: ignore[arg-type]
        entered.set()
        deleted.wait(10)
        return result

    monkeypatch.setattr(type(house.library.ingester), "ingest", slow)
    asked.append(await house.post("ana", "lab", ASKED, files=[SECRET]))
    await house.place.wait_for(entered.is_set)
    await house.place.delete_file(asked[0].files[0])
    await until(lambda: house.rows("select 1 from gone"))
    deleted.set()
    answer = await house.answer_to(asked[0])
    assert CANARY not in answer.text.lower()
    await _nothing_is_left(house, asked[0])


async def test_file_deleted_while_the_answer_is_written_takes_the_answer_back(house: House) -> None:
    house.model.delay_s, house.model._script = 0.1, every_line
    asked = await house.post("ana", "lab", ASKED, files=[SECRET])
    await house.place.wait_for(lambda: house.model.seen)
    await house.place.delete_file(asked.files[0])
    answer = await house.answer_to(asked)
    assert "just deleted" in answer.text and CANARY not in answer.text.lower()
    house.model.delay_s = 0.0
    await _nothing_is_left(house, asked)


async def test_file_deleted_while_the_answer_is_finished_leaves_no_history(house: House) -> None:
    house.place.fault("chat.stopStream", delay_s=0.5)
    asked = await house.post("ana", "lab", ASKED, files=[SECRET])
    await house.place.wait_for(lambda: not house.place.core.faults._waiting)
    await house.place.delete_file(asked.files[0])
    answer = await house.answer_to(asked)
    assert CANARY not in answer.text.lower()
    await _nothing_is_left(house, asked)


@pytest.mark.parametrize("begun", [False, True])
async def test_question_deleted_while_it_is_answered_gets_no_answer(house: House, begun: bool) -> None:
    root = await _told(house)
    house.model.delay_s = 0.1
    calls = len(house.model.seen)
    asked = await house.post("ben", "lab", "@inhouse What is the budget of the secret project?", thread_ts=root.ts)
    await house.place.wait_for(lambda: bool(house.ours(asked)) if begun else len(house.model.seen) > calls)
    await house.place.delete_message(asked)
    await house.done(asked)
    await house.quiet()
    assert not house.ours(asked)


async def test_question_deleted_before_it_was_taken_up_gets_no_answer(house: House) -> None:
    house.place.hold()
    asked = await house.post("ana", "lab", ASKED, files=[SECRET])
    await house.place.delete_message(asked)
    house.place.release()
    await house.done(asked)
    await house.quiet()
    assert not house.ours(asked)
    assert CANARY.encode() not in house.bytes_on_disk().lower()


async def test_deleting_one_file_does_not_stop_other_peoples_answers(house: House) -> None:
    told = await _told(house)
    house.model.delay_s = 0.05
    asked = await house.post("ben", "lab", RENT, files=[lease])
    await house.place.wait_for(lambda: house.replies(asked))
    event = {"type": "file_unshared", "file_id": told.files[0].id, "channel_id": told.channel}
    house.place.core.events.send("file_unshared", event)
    answer = await house.answer_to(asked)
    (reply,) = house.replies(asked)
    assert "1,450 euros" in answer.text and "Stopped." not in str(reply.blocks)


@pytest.mark.parametrize("event", ["channel_deleted", "channel_left", "group_left"])
async def test_channel_that_is_gone_takes_everything_along(house: House, event: str) -> None:
    asked = await _told(house)
    await house.ask("ana", "office", RENT, files=[lease])
    house.place.core.events.send(event, {"type": event, "channel": asked.channel, "actor_id": "U1"})
    await house.quiet()
    await until(lambda: house.rows("select 1 from gone where channel = ?", asked.channel))
    await house.quiet()
    assert not await house.rows("select 1 from shares where channel = ?", asked.channel)
    assert CANARY.encode() not in house.bytes_on_disk().lower()
    assert "1,450" in (await house.ask("ana", "office", RENT)).text


async def test_deletion_that_happened_while_the_bot_was_down_counts_when_it_is_up(house: House) -> None:
    asked = await _told(house)
    await house.stop_bot()
    await house.place.delete_file(asked.files[0])
    await house.start_bot()
    await _nothing_is_left(house, asked)


async def test_name_of_a_deleted_file_is_not_kept_by_a_refusal(house: House) -> None:
    asked = await house.post("ana", "lab", "@inhouse Who won the football championship?", files=[SECRET])
    assert (await house.answer_to(asked)).refused
    assert "heron-zanzibar" in whole_text(house.replies(asked)[0])
    await house.place.delete_file(asked.files[0])
    await house.quiet()
    assert CANARY.encode() not in house.bytes_on_disk().lower()


async def test_reply_that_could_not_be_deleted_is_deleted_later(house: House) -> None:
    asked = await _told(house)
    house.place.fault("chat.delete", error="internal_error")
    await house.place.delete_message(asked)
    await house.quiet()
    assert await house.place.wait_for(lambda: not house.ours(asked))


async def test_deletion_that_slack_never_told_of_counts_after_the_next_start(house: House) -> None:
    asked = await _told(house)
    other = await house.asked_and_read("ana", "lab", RENT, [lease])
    await house.stop_bot()
    asked.files[0].deleted = True  # the event was given up before the bot was up again
    await house.start_bot()
    await until(lambda: house.rows("select 1 from gone"))
    await until(lambda: house.rows("select 1 from (select count(*) as n from shares) where n = 1"))
    await _nothing_is_left(house, asked)
    assert "1,450" in (await house.ask("ana", "lab", RENT, thread_ts=other.ts)).text


async def test_taken_out_of_the_channel_the_bot_forgets_it(house: House) -> None:
    """A bot that is removed hears of it as of anybody's leaving."""
    asked = await _told(house)
    await house.place.leave(house.channels["lab"], house.place.bot_user)
    await until(lambda: house.rows("select 1 from gone where channel = ?", asked.channel))
    await house.quiet()
    assert not await house.rows("select 1 from shares where channel = ?", asked.channel)
    assert CANARY.encode() not in house.bytes_on_disk().lower()


async def test_somebody_elses_leaving_takes_nothing_away(house: House) -> None:
    asked = await house.post("ana", "lab", RENT, files=[lease])
    await house.answer_to(asked)
    await house.place.leave(house.channels["lab"], house.users["chris"])
    await house.quiet()
    assert "1,450 euros" in (await house.ask("ana", "lab", RENT, thread_ts=asked.ts)).text


async def test_an_answer_of_ours_that_somebody_deletes_in_slack_is_forgotten_here(house: House) -> None:
    """Bolt's own filter once dropped this event as one of our own."""
    asked = await _told(house)
    (answer,) = house.replies(asked)
    await house.place.delete_message(answer)
    await house.quiet()
    assert not await house.rows("select 1 from turns")
