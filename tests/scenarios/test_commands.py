"""Slash commands: seen by whoever gave them, and by nobody else."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bot.records import Records, Share
from bot.workspace.live_parts import live_parts
from bot.workspace.state import Message
from rag.errors import DiskFull
from tests.scenarios.conftest import DEPOSIT, RENT, House, lease, until, whole_text

ERIC = ("eric.txt", b"Eric takes care of the greenhouse on Mondays. The greenhouse key hangs in room 12.")


async def _private(house: House, user: str, has: str) -> Message:
    """The first message that only this person sees and that holds ``has``."""

    async def look() -> Message | None:
        return next((m for m in house.place.ephemerals(house.users[user]) if has in whole_text(m)), None)

    return await until(look)


async def _slash(house: House, user: str, command: str, text: str = "", channel: str = "lab") -> str:
    answer = await house.place.slash(house.users[user], house.channels[channel], command, text)
    assert "error" not in answer, answer
    return f"{answer.get('text', '')}\n{answer.get('blocks', '')}"


async def _click(house: House, user: str, message: Message, action: str, channel: str = "lab") -> None:
    answer = await house.place.click(house.users[user], house.channels[channel], message.ts, action)
    assert "error" not in answer, answer


async def test_ask_answers_the_asker_alone(house: House) -> None:
    await house.ask("ana", "lab", RENT, files=[lease])
    before = len(house.channels["lab"].messages)
    assert "What is the notice" in await _slash(house, "ben", "/ask", "What is the notice to end the lease?")
    answer = await _private(house, "ben", "90 days")
    assert "lease.txt" in whole_text(answer) and "Searched" in whole_text(answer)
    await house.quiet()
    assert len(house.channels["lab"].messages) == before
    assert not house.place.ephemerals(house.users["ana"])
    assert not house.place.ephemerals(house.users["chris"])


async def test_ask_without_a_question_says_how(house: House) -> None:
    assert "Write your question behind the command" in await _slash(house, "ana", "/ask", "  ")


async def test_ask_where_nothing_is_known_says_so(house: House) -> None:
    await _slash(house, "ana", "/ask", "What is the monthly rent?")
    assert await _private(house, "ana", "I know no files here yet")


async def test_ask_refuses_what_the_files_do_not_say(house: House) -> None:
    await house.ask("ana", "lab", RENT, files=[lease])
    await _slash(house, "ben", "/ask", "Who won the football championship in 1998?")
    assert await _private(house, "ben", "I did not find this in `lease.txt`")


async def test_ask_while_the_queue_is_full_is_told_so(house: House) -> None:
    await house.restart_bot(queue_limit=1)
    house.model.delay_s = 0.5
    for user in ("ana", "chris"):  # twice as many as the queue takes: one more could be somebody else's
        await house.post(user, "lab", RENT, files=[lease])
    await until(lambda: house.rows("select 1 from jobs where kind = 'turn' group by kind having count(*) = 2"))
    assert "More questions are waiting" in await _slash(house, "ben", "/ask", "What is the monthly rent?")


async def test_ask_with_a_question_that_is_too_long_gets_a_sentence(house: House) -> None:
    await house.ask("ana", "lab", RENT, files=[lease])
    await _slash(house, "ben", "/ask", "why? " * 2000)
    assert await _private(house, "ben", "I read up to 4,000")


async def test_help_and_unknown_words(house: House) -> None:
    assert "I answer from the files" in await _slash(house, "ana", "/inhouse")
    assert "I answer from the files" in await _slash(house, "ana", "/inhouse", "HELP me")
    said = await _slash(house, "ana", "/inhouse", "<!channel> frobnicate")
    assert "I do not know" in said and "I answer from the files" in said and "<!channel>" not in said


async def test_files_lists_what_was_read_and_what_was_not(house: House) -> None:
    assert "I know no files" in await _slash(house, "ana", "/inhouse", "files")
    await house.post("ana", "lab", "@inhouse", files=[lease, ("broken.pdf", b"%PDF-1.7 nothing")])
    await house.quiet()
    listed = await _slash(house, "ben", "/inhouse", "files")
    assert "lease.txt" in listed and "broken.pdf" in listed and ":warning:" in listed
    assert "I know no files" in await _slash(house, "ben", "/inhouse", "files", channel="office")


async def test_a_long_list_of_files_is_whole_and_within_slacks_limits(house: House) -> None:
    names = [f"a rather long name of a report that nobody reads {n:02}.txt" for n in range(20)]
    await house.post("ana", "lab", "@inhouse", files=[(name, f"Report {name}".encode()) for name in names])
    await house.quiet(60)
    listed = await _slash(house, "ben", "/inhouse", "files")
    assert all(name in listed for name in names)


async def test_forget_asks_first_and_keeps_on_keep(house: House) -> None:
    await house.ask("ana", "lab", RENT, files=[lease])
    await _slash(house, "ana", "/inhouse", "forget")
    question = await _private(house, "ana", "Shall I forget")
    await _click(house, "ana", question, "cancel")
    assert await _private(house, "ana", "I kept everything")
    assert "1,450 euros" in (await house.ask("ben", "lab", RENT)).text


async def _forget(house: House, user: str, channel: str = "lab") -> str:
    await _slash(house, user, "/inhouse", "forget", channel)
    await _click(house, user, await _private(house, user, "Shall I forget"), "forget_all", channel)
    return whole_text(await _private(house, user, "I have forgotten"))


async def test_forget_by_an_administrator_removes_everything_here(house: House) -> None:
    await house.ask("ben", "lab", RENT, files=[lease])
    await house.ask("ben", "office", "@inhouse Where hangs the greenhouse key?", files=[ERIC])
    assert "everything I knew" in await _forget(house, "ana")
    assert "I know no files" in await _slash(house, "ben", "/inhouse", "files")
    assert b"1,450" not in house.bytes_on_disk()
    assert "room 12" in (await house.ask("chris", "office", "@inhouse Where hangs the greenhouse key?")).text


async def test_forget_by_anybody_else_removes_only_their_own(house: House) -> None:
    await house.ask("ben", "lab", RENT, files=[lease])
    key = await house.post("chris", "lab", "@inhouse Where hangs the greenhouse key?", files=[ERIC])
    await house.answer_to(key)
    assert "1 file" in await _forget(house, "ben")
    listed = await _slash(house, "ben", "/inhouse", "files")
    assert "lease.txt" not in listed and "eric.txt" in listed
    assert "room 12" in (await house.ask("chris", "lab", "And who takes care of it?", thread_ts=key.ts)).text
    assert b"1,450" not in house.bytes_on_disk()


async def test_forget_takes_other_peoples_answers_from_the_forgotten_file_too(house: House) -> None:
    root = await house.post("ben", "lab", RENT, files=[lease])
    await house.answer_to(root)
    await house.ask("chris", "lab", DEPOSIT, thread_ts=root.ts)
    await _forget(house, "ben")
    assert not await house.rows("select 1 from turns where answer like '%4,350%'")
    assert b"4,350" not in house.bytes_on_disk()


async def test_forget_by_one_does_not_lose_what_another_uploads_just_then(house: House) -> None:
    await house.ask("ben", "lab", RENT, files=[lease])
    house.place.fault("files.info", delay_s=0.6)
    asked = await house.post("chris", "lab", "@inhouse Where hangs the greenhouse key?", files=[ERIC])
    await house.place.wait_for(lambda: house.place.core.faults._waiting == [])
    await _forget(house, "ben")
    assert "room 12" in (await house.answer_to(asked)).text


async def test_forget_in_a_direct_message_removes_everything(house: House) -> None:
    dm = await house.open_dm("ben")
    await house.ask("ben", dm, "What is the monthly rent?", files=[lease])
    assert "everything I knew" in await _forget(house, "ben", dm)
    assert b"1,450" not in house.bytes_on_disk()


# --- /inhouse help, settings, quiet, privacy -----------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "meant"), [("fils", "files"), ("fourget me", "forget"), ("privcy", "privacy"), ("datein", "files")]
)
async def test_a_mistyped_word_is_offered_its_nearest_command(house: House, typed: str, meant: str) -> None:
    said = await _slash(house, "ana", "/inhouse", typed)
    assert f"Did you mean `/inhouse {meant}`" in said and "I answer from the files" in said


async def test_a_word_like_no_command_gets_the_help_alone(house: House) -> None:
    said = await _slash(house, "ana", "/inhouse", "zzzzzz")
    assert "Did you mean" not in said and "`zzzzzz`" in said


async def test_help_is_german_for_who_reads_german_and_its_words_work_too(house: House) -> None:
    house.users["dora"] = await house.place.add_user("dora", locale="de-DE")
    await house.place.invite(house.channels["lab"], house.users["dora"])
    assert "Ich antworte aus den Dateien" in await _slash(house, "dora", "/inhouse", "hilfe")
    assert "Ich kenne hier keine Dateien" in await _slash(house, "dora", "/inhouse", "dateien")
    assert "Soll ich" in await _slash(house, "dora", "/inhouse", "vergiss mich")


async def test_quiet_and_listen_say_how_and_the_phrases_they_name_work(house: House) -> None:
    root = await house.post("ben", "lab", RENT, files=[lease])
    await house.answer_to(root)
    assert "`quiet here`" in await _slash(house, "ben", "/inhouse", "quiet")
    assert "`listen here`" in await _slash(house, "ben", "/inhouse", "listen")
    await house.post("ben", "lab", "@inhouse quiet here", thread_ts=root.ts)
    await house.quiet()
    assert "quiet" in await house.ignored(await house.post("ben", "lab", "And the deposit?", thread_ts=root.ts))


async def test_privacy_is_the_statement_of_the_catalogue(house: House) -> None:
    said = await _slash(house, "ben", "/inhouse", "privacy")
    assert "no telemetry" in said


async def test_settings_open_for_administrators_and_are_explained_to_others(house: House) -> None:
    assert "administrators" in await _slash(house, "ben", "/inhouse", "settings")
    assert not house.place.core.state.modals
    await _slash(house, "ana", "/inhouse", "settings")
    (view,) = house.place.core.state.modals.values()
    assert view.user == house.users["ana"].id


async def test_settings_that_slack_does_not_open_are_answered_with_a_sentence(house: House) -> None:
    house.place.fault("views.open", error="internal_error", times=5)
    assert "Please try it once more" in await _slash(house, "ana", "/inhouse", "settings")


async def test_trouble_with_the_store_is_answered_with_a_sentence(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise DiskFull

    await house.ask("ben", "lab", RENT, files=[lease])
    listed = await _listed(house, "ben")
    (value,) = _buttons(listed, "forget_listed")
    monkeypatch.setattr(Records, "shares", full)
    assert DiskFull.default_message in await _slash(house, "ben", "/inhouse", "files")
    clicked = await house.place.click(house.users["ben"], house.channels["lab"], listed.ts, "forget_listed", value)
    assert "error" not in clicked
    await house.place.wait_for(lambda: DiskFull.default_message in whole_text(listed))
    await _slash(house, "ben", "/inhouse", "forget")
    question = await _private(house, "ben", "Shall I forget")
    await _click(house, "ben", question, "forget_all")
    await house.place.wait_for(lambda: DiskFull.default_message in question.text)
    monkeypatch.undo()
    await house.place.wait_for(lambda: "forgot" in question.text.lower(), 20)  # nobody has to press again
    assert not await house.rows("select 1 from chunks")


async def test_what_was_asked_to_be_forgotten_is_forgotten_by_the_next_process(house: House) -> None:
    """Slack was told that the press arrived; then the process was killed."""
    await house.ask("ben", "lab", RENT, files=[lease])
    await _slash(house, "ben", "/inhouse", "forget me")
    question = await _private(house, "ben", "in all conversations?")
    assert house.bot is not None
    house.bot.jobs.handle("wish", _never)
    await house.place.click(house.users["ben"], house.channels["lab"], question.ts, "forget_me")
    assert await house.rows("select 1 from chunks")
    await house.kill_bot()
    await house.start_bot()
    await house.place.wait_for(lambda: "forgotten" in question.text.lower(), 20)
    await house.quiet()
    assert not await house.rows("select 1 from chunks")
    assert not await house.rows("select 1 from jobs where kind = 'wish' and (user != '' or payload != '{}')")


async def _never(_: object) -> None:
    await asyncio.Event().wait()


async def test_who_cannot_be_found_out_is_no_administrator(house: House) -> None:
    house.place.fault("users.info", error="user_not_found", times=9)
    assert "administrators" in await _slash(house, "ana", "/inhouse", "settings")


# --- /inhouse files: who gave them, one by one forgotten, page by page ----------------------------


def _buttons(message: Message, action: str) -> list[str]:
    """The values of a message's buttons of one kind."""
    found = [block.get("accessory", {}) for block in message.blocks]
    found += [element for block in message.blocks if block["type"] == "actions" for element in block["elements"]]
    return [element.get("value", "") for element in found if element.get("action_id") == action]


async def _listed(house: House, user: str, has: str = "in this conversation", channel: str = "lab") -> Message:
    """The newest list that somebody asked for."""
    await _slash(house, user, "/inhouse", "files", channel)
    return next(m for m in reversed(house.place.ephemerals(house.users[user])) if has in whole_text(m))


async def test_a_file_is_forgotten_from_the_list_by_whoever_gave_it(house: House) -> None:
    await house.ask("ben", "lab", RENT, files=[lease])
    key = await house.post("chris", "lab", "@inhouse Where hangs the greenhouse key?", files=[ERIC])
    await house.answer_to(key)
    listed = await _listed(house, "ben")
    (value,) = _buttons(listed, "forget_listed")
    await house.place.click(house.users["ben"], house.channels["lab"], listed.ts, "forget_listed", value)
    await house.place.wait_for(lambda: "I have forgotten `lease.txt`" in whole_text(listed))
    assert "eric.txt" in whole_text(listed) and "I know 1 file" in whole_text(listed)
    assert b"1,450" not in house.bytes_on_disk()


async def test_a_file_of_somebody_else_has_no_button_and_a_forged_one_does_nothing(house: House) -> None:
    await house.ask("ben", "lab", RENT, files=[lease])
    listed = await _listed(house, "chris")
    assert not _buttons(listed, "forget_listed") and f"<@{house.users['ben'].id}>" in str(listed.blocks)
    (value,) = _buttons(await _listed(house, "ben"), "forget_listed")
    button = {
        "type": "button",
        "action_id": "forget_listed",
        "value": value,
        "text": {"type": "plain_text", "text": "x"},
    }
    listed.blocks.append({"type": "actions", "elements": [button]})
    await house.place.click(house.users["chris"], house.channels["lab"], listed.ts, "forget_listed", value)
    await house.place.wait_for(lambda: "Somebody else gave me this file" in whole_text(listed))
    assert "1,450" in (await house.ask("chris", "lab", RENT)).text


async def test_an_administrator_forgets_any_file_from_the_list(house: House) -> None:
    await house.ask("ben", "lab", RENT, files=[lease])
    listed = await _listed(house, "ana")
    (value,) = _buttons(listed, "forget_listed")
    await house.place.click(house.users["ana"], house.channels["lab"], listed.ts, "forget_listed", value)
    await house.place.wait_for(lambda: "I know no files here" in str(listed.blocks))
    await house.place.click(
        house.users["ana"], house.channels["lab"], (await _second(house, value)).ts, "forget_listed"
    )
    assert b"1,450" not in house.bytes_on_disk()


async def _second(house: House, value: str) -> Message:
    """A list in which a file still stands that was forgotten elsewhere."""
    message = next(m for m in house.place.ephemerals(house.users["ana"]))
    button = {
        "type": "button",
        "action_id": "forget_listed",
        "value": value,
        "text": {"type": "plain_text", "text": "x"},
    }
    message.blocks = [{"type": "actions", "elements": [button]}]
    return message


async def _shelve(house: House, names: list[str], channel: str = "lab") -> None:
    """Files that are known in a conversation, without anybody uploading so many."""
    assert house.bot is not None and house.bot._sweeping is not None
    house.bot._sweeping.cancel()  # it would find that Slack does not know them
    place, user = (house.place.team_id, house.channels[channel].id), house.users["ben"].id
    link = f"{house.place.base_url}/files/{'x' * 60}"
    for number, name in enumerate(names):
        ts = f"17638512{number // 60:02}.0000{number % 60:02}"
        share = Share(*place, f"F{number:08}", ts, ts, user, name, link, number, "read", "3 pages")
        await house.bot.records.add_share(share, since=time.time())


async def test_many_files_come_twenty_at_a_time(house: House) -> None:
    await _shelve(house, [f"report {number:02}.pdf" for number in range(45)])
    listed = await _listed(house, "ben")
    seen: list[str] = []
    for _ in range(3):
        text = str(listed.blocks)
        seen += [f"report {n:02}.pdf" for n in range(45) if f"report {n:02}.pdf" in text]
        (start,) = _buttons(listed, "more_files")
        await house.place.click(house.users["ben"], house.channels["lab"], listed.ts, "more_files", start)
        await house.place.wait_for(lambda before=text: str(listed.blocks) != before)
    assert sorted(seen) == sorted(set(seen)) and len(seen) == 45
    assert "report 44.pdf" in whole_text(listed)  # round to the first page again


async def test_the_longest_and_most_hostile_names_stay_within_limits_and_dead(house: House, shared_data: Path) -> None:
    names = json.loads((shared_data / "badfiles" / "hostile_filenames.json").read_text())
    names = [name if isinstance(name, str) else name.get("name", "") for name in names][:60]
    names += ["&<>" * 100, "<!channel> `x`", "\u202egnp.exe", "a|b> <https://evil.example|x>"]
    await _shelve(house, names)
    listed = await _listed(house, "ana")
    for _ in range(12):
        found = live_parts(listed)
        assert not (found.broadcasts or found.images or found.hidden), found
        assert all(house.place.base_url in link for link in found.links), found.links
        (start,) = _buttons(listed, "more_files")
        if start == "0":
            break
        before = str(listed.blocks)
        await house.place.click(house.users["ana"], house.channels["lab"], listed.ts, "more_files", start)
        await house.place.wait_for(lambda before=before: str(listed.blocks) != before)


@pytest.mark.parametrize("value", ["x", "-5", "99999", "1/2/3", ""])
async def test_a_made_up_page_shows_the_first(house: House, value: str) -> None:
    await _shelve(house, [f"report {number:02}.pdf" for number in range(25)])
    listed = await _listed(house, "ben")
    await house.place.click(house.users["ben"], house.channels["lab"], listed.ts, "more_files", value)
    await house.quiet()
    assert "report 24.pdf" in whole_text(listed)


async def test_replaced_and_unread_files_are_listed_as_what_they_are(house: House) -> None:
    await _shelve(house, ["old.pdf"])
    assert house.bot is not None
    (share,) = await house.bot.records.shares(house.place.team_id, house.channels["lab"].id)
    await house.bot.records.add_share(replace(share, state="replaced", replaced_by="F2"), since=time.time())
    await house.bot.records.write(lambda db: db.execute("update shares set state = 'replaced'"))
    assert "replaced by a newer version" in await _slash(house, "ben", "/inhouse", "files")


# --- /inhouse forget me --------------------------------------------------------------------------


async def test_forget_me_removes_ones_own_everywhere_and_nothing_of_others(house: House) -> None:
    await house.ask("ben", "lab", RENT, files=[lease])
    await house.ask("ben", "office", RENT, files=[("second.txt", lease[1])])
    key = await house.post("chris", "office", "@inhouse Where hangs the greenhouse key?", files=[ERIC])
    await house.answer_to(key)
    await _slash(house, "ben", "/inhouse", "forget me")
    question = await _private(house, "ben", "in all conversations?")
    await _click(house, "ben", question, "forget_me")
    assert await _private(house, "ben", "in 2 conversations: 2 files")
    assert b"1,450" not in house.bytes_on_disk()
    assert "room 12" in (await house.ask("chris", "office", "@inhouse Where hangs the greenhouse key?")).text


async def test_forget_me_of_an_administrator_leaves_what_others_gave(house: House) -> None:
    await house.ask("ben", "lab", RENT, files=[lease])
    await house.ask("ana", "lab", RENT)
    await _slash(house, "ana", "/inhouse", "forget me")
    await _click(house, "ana", await _private(house, "ana", "in all conversations?"), "forget_me")
    assert await _private(house, "ana", "in one conversation: 0 files")
    assert "1,450" in (await house.ask("chris", "lab", RENT)).text


async def test_forget_me_of_who_left_nothing_says_so(house: House) -> None:
    await _slash(house, "chris", "/inhouse", "forget me")
    await _click(house, "chris", await _private(house, "chris", "in all conversations?"), "forget_me")
    assert await _private(house, "chris", "There was nothing of yours")
