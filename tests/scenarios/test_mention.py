"""Asking in a channel and in its thread, with files in the same message, earlier, or not at all."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from bot import conversations
from bot.workspace.state import Message
from tests.rag.made_files import packed, pdf
from tests.scenarios.conftest import LEASE, RENT, House, lease, whole_text

PLAN = "Fire plan\n\nThe assembly point is the car park behind the canteen.\n"


async def test_mention_with_a_file_is_answered_with_a_citation(house: House) -> None:
    answer = await house.ask("ana", "lab", RENT, files=[lease])
    assert "1,450 euros" in answer.text
    assert answer.citations[0]["file"] == "lease.txt"
    assert "1,450 euros" in answer.citations[0]["quote"]
    assert answer.citations[0]["permalink"].startswith(house.place.base_url)


@pytest.mark.parametrize("seed", range(4))
async def test_one_answer_and_one_receipt_in_whatever_order_the_events_come(house: House, seed: int) -> None:
    house.place.hold()
    question = await house.post("ana", "lab", RENT, files=[lease, ("plan.txt", PLAN.encode())])
    waiting = house.place.core.hub._waiting
    assert sorted(e.name for e in waiting) == ["app_mention", "file_shared", "file_shared", "message"]
    random.Random(seed).shuffle(waiting)
    house.place.release()
    answer = await house.answer_to(question)
    await house.quiet()
    assert "1,450 euros" in answer.text
    assert question.reactions == {"white_check_mark": [house.place.bot_user.id]}
    assert len(house.ours(question)) == 1
    assert len(house.calls("reactions.add")) == 1


async def test_event_without_its_files_still_finds_them(house: House) -> None:
    house.place.hold()
    question = await house.post("ana", "lab", RENT, files=[lease])
    for envelope in house.place.core.hub._waiting:
        envelope.payload["event"].pop("files", None)
    house.place.release()
    assert "1,450 euros" in (await house.answer_to(question)).text


async def test_file_dropped_earlier_in_the_thread_is_read_when_asked(house: House) -> None:
    root = await house.post("ben", "lab", "I found the lease")
    dropped = await house.post("ben", "lab", "here", files=[lease], thread_ts=root.ts)
    await house.quiet()
    assert not house.calls("files.info"), "nothing is read where the bot was not addressed"
    answer = await house.ask("ana", "lab", RENT, thread_ts=root.ts)
    assert "1,450 euros" in answer.text
    assert list(dropped.reactions) == ["white_check_mark"]


async def test_file_dropped_earlier_in_the_channel_is_read_when_asked(house: House) -> None:
    await house.post("ben", "lab", "the lease", files=[lease])
    answer = await house.ask("ana", "lab", RENT)
    assert "1,450 euros" in answer.text


async def test_empty_mention_gets_a_hint(house: House) -> None:
    answer = await house.ask("ana", "lab", "@inhouse")
    assert "Drop a file here" in answer.text


async def test_empty_mention_where_files_are_known_names_them(house: House) -> None:
    asked = await house.post("ana", "lab", RENT, files=[lease])
    await house.answer_to(asked)
    answer = await house.ask("ana", "lab", "@inhouse", thread_ts=asked.ts)
    assert "What would you like to know?" in answer.text
    assert "lease.txt" in answer.text


async def test_empty_mention_with_files_gets_one_receipt_in_words(house: House) -> None:
    asked = await house.post("ana", "lab", "@inhouse", files=[lease, ("plan.txt", PLAN.encode())])
    await house.quiet()
    assert len(house.ours(asked)) == 1
    text = whole_text(house.notices(asked)[0])
    assert "I read `lease.txt`" in text and "I read `plan.txt`" in text and "Ask me anything" in text


async def test_question_before_any_file_says_what_to_do(house: House) -> None:
    answer = await house.ask("ana", "lab", RENT)
    assert answer.refused and "I know no files here yet" in answer.text


async def test_what_the_files_do_not_say_is_refused_with_their_names(house: House) -> None:
    answer = await house.ask("ana", "lab", "@inhouse Who won the football championship in 1998?", files=[lease])
    assert answer.refused and "`lease.txt`" in answer.text and not answer.citations


async def test_same_file_twice_is_computed_once_and_cited_once(house: House) -> None:
    first = await house.post("ana", "lab", "@inhouse", files=[lease])
    await house.quiet()
    embedded = len(house.library.embedder.embedded)
    second = await house.post("ana", "lab", "@inhouse", files=[lease], thread_ts=first.ts)
    await house.quiet()
    assert len(house.library.embedder.embedded) == embedded
    assert "I read" in whole_text(house.notices(second)[0])
    answer = await house.ask("ana", "lab", RENT, thread_ts=first.ts)
    assert len({citation["quote"] for citation in answer.citations}) == len(answer.citations)


async def test_two_files_of_one_name_are_both_found_and_linked_apart(house: House) -> None:
    root = await house.post(
        "ana", "lab", "@inhouse", files=[("notes.txt", LEASE.encode()), ("notes.txt", PLAN.encode())]
    )
    await house.quiet()
    rent = await house.ask("ana", "lab", "@inhouse Which monthly rent is due on the working day?", thread_ts=root.ts)
    plan = await house.ask("ana", "lab", "@inhouse Where is the assembly point?", thread_ts=root.ts)
    assert "1,450" in rent.text and "car park" in plan.text
    assert rent.citations[0]["permalink"] != plan.citations[0]["permalink"]


async def test_same_bytes_under_two_names_never_show_the_other_channels_name(house: House) -> None:
    lab = await house.ask("ana", "lab", RENT, files=[("project-mercury.txt", LEASE.encode())])
    office = await house.ask("ben", "office", RENT, files=[("harmless.txt", LEASE.encode())])
    assert {c["file"] for c in lab.citations} == {"project-mercury.txt"}
    assert {c["file"] for c in office.citations} == {"harmless.txt"}
    said = [str(call.arguments) for call in house.place.calls if house.channels["office"].id in str(call.arguments)]
    assert not any("mercury" in text for text in said)


async def test_question_of_ten_thousand_characters_gets_a_sentence(house: House) -> None:
    answer = await house.ask("ana", "lab", "@inhouse " + "why? " * 2000)
    assert "characters; I read up to 4,000" in answer.text


async def test_file_beside_a_question_that_is_too_long_is_read_all_the_same(house: House) -> None:
    asked = await house.post("ana", "lab", "@inhouse " + "why? " * 2000, files=[lease])
    assert "I read up to 4,000" in (await house.answer_to(asked)).text
    assert list(asked.reactions) == ["white_check_mark"]


async def test_unreadable_file_among_others_is_named_and_the_rest_answers(house: House) -> None:
    files = [lease, ("broken.pdf", b"%PDF-1.7 and then nothing"), ("empty.txt", b"")]
    asked = await house.post("ana", "lab", RENT, files=files)
    answer = await house.answer_to(asked)
    (receipt,) = house.notices(asked)
    assert "could not read `broken.pdf`" in whole_text(receipt) and "could not read `empty.txt`" in whole_text(receipt)
    assert "This file is empty" in whole_text(receipt)
    assert "I read `lease.txt`" in whole_text(receipt)
    assert "1,450 euros" in answer.text


async def test_unreadable_file_dropped_earlier_is_told_where_the_question_stands(house: House) -> None:
    await house.post("ben", "lab", "look", files=[("broken.pdf", b"%PDF-1.7 and then nothing")])
    asked = await house.post("ana", "lab", RENT)
    answer = await house.answer_to(asked)
    assert "broken.pdf" in whole_text(house.notices(asked)[0])
    assert "nothing here to answer from" in answer.text


def _bad_files(data: Path) -> dict[str, tuple[bytes, str]]:
    bad = data / "badfiles"
    return {
        "report.pdf": (b"MZ\x90\x00\x03" + bytes(range(256)) * 20, "is a program, not a document"),
        "secret.pdf": ((bad / "poi" / "bug53475-password-is-solrcell.docx").read_bytes(), "password"),
        "bomb.docx": ((bad / "synthetic" / "deflate_bomb_300MB.docx").read_bytes(), "unpack|large|more|time"),
        "bomb.zip": (packed({f"{n}.txt": b"0" * 1_000_000 for n in range(50)}), "not read|large|unpack"),
        "empty.pdf": (b"", "empty"),
        "scan.pdf": (pdf([[], []]), "holds no text"),
    }


async def test_every_bad_file_gets_one_clear_sentence_and_the_bot_lives(house: House, shared_data: Path) -> None:
    bad = _bad_files(shared_data)
    asked = await house.post("ana", "lab", "@inhouse", files=[(name, content) for name, (content, _) in bad.items()])
    await house.quiet(60)
    (receipt,) = house.notices(asked)
    for name, (_, why) in bad.items():
        line = next(line for line in receipt.text.splitlines() if f"`{name}`" in line)
        assert "could not read" in line and re.search(why, line), line
        assert "/" not in line.replace(name, "") and "Error" not in line
    assert "1,450" in (await house.ask("ana", "lab", RENT, files=[lease])).text


async def test_twenty_five_files_at_once_are_read_or_accounted_for(house: House) -> None:
    files = [(f"part-{n:02}.txt", f"Part {n} of the machine weighs {n + 100} kilograms.".encode()) for n in range(25)]
    asked = await house.post("ana", "lab", "@inhouse", files=files)
    await house.quiet(60)
    (receipt,) = house.notices(asked)
    assert whole_text(receipt).count("I read `part-") >= 20
    assert "5 older files here were left out" in whole_text(receipt)
    again = await house.post("ana", "lab", "@inhouse What does part 3 of the machine weigh?", thread_ts=asked.ts)
    assert "103 kilograms" in (await house.answer_to(again)).text


async def test_file_that_another_app_dropped_is_read_too(house: House) -> None:
    other = await house.place.add_user("scanner")
    place, state = house.channels["lab"], house.place.core.state
    message = Message(place.id, state.next_ts(), other.id, "A new scan", is_bot=True)
    message.files = [state.add_file(*lease, other.id)]
    house.place.core.add_message(message)
    assert "1,450 euros" in (await house.ask("ana", "lab", RENT, thread_ts=message.ts)).text


async def test_file_that_several_people_ask_about_at_once_is_read_once(house: House) -> None:
    dropped = await house.post("ben", "lab", "look", files=[lease])
    questions = [await house.post(user, "lab", RENT) for user in ("ana", "ben", "chris")]
    for question in questions:
        assert "1,450 euros" in (await house.answer_to(question)).text
    assert list(dropped.reactions) == ["white_check_mark"] and len(house.calls("reactions.add")) == 1


ODD = [
    '"',
    "' OR 1=1; --",
    "NEAR(a b, 5) AND *",
    "rent^2 : {x} [y]",
    "😀😀",
    "\u202eabc",
    "???",
    "-",
    "rent*",
    "a" * 3999,
]


async def test_odd_questions_get_an_answer_or_a_refusal(house: House) -> None:
    root = await house.asked_and_read("ana", "lab", "@inhouse", [lease])
    for words in ODD:
        answer = await house.ask("ana", "lab", f"@inhouse {words}", thread_ts=root.ts)
        assert "went wrong" not in answer.text and answer.text, words


async def test_question_at_the_end_of_a_very_long_thread_is_answered(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations, "PAGE", 5)
    monkeypatch.setattr(conversations, "MAX_MESSAGES", 10)
    root = await house.post("ben", "lab", "the lease", files=[lease])
    for number in range(20):
        await house.post("ben", "lab", f"remark {number}", thread_ts=root.ts)
    assert "1,450 euros" in (await house.ask("ana", "lab", RENT, thread_ts=root.ts)).text


async def test_edited_file_is_read_again_and_its_old_words_are_gone(house: House) -> None:
    asked = await house.post("ana", "lab", RENT, files=[lease])
    assert "1,450" in (await house.answer_to(asked)).text
    await house.place.change_file(asked.files[0], LEASE.replace("1,450", "1,777").encode())
    await house.quiet()
    assert "1,777" in (await house.ask("ben", "lab", RENT, thread_ts=asked.ts)).text
    assert not any("1,450" in message.content for message in house.model.seen[-1])
    assert b"1,450" not in house.bytes_on_disk()


async def test_edit_of_a_file_that_nobody_showed_us_is_not_looked_at(house: House) -> None:
    dropped = await house.post("ana", "lab", "look", files=[lease])
    await house.place.change_file(dropped.files[0], b"new words")
    await house.quiet()
    assert not house.calls("files.info")
