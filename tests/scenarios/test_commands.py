"""Slash commands: seen by whoever gave them, and by nobody else."""

from __future__ import annotations

from bot.workspace.state import Message
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
