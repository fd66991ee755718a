"""An edited question is answered anew, in place."""

from __future__ import annotations

from bot.workspace.state import Message
from tests.scenarios.conftest import DEPOSIT, LEASE, RENT, House, every_line, lease, whole_text


async def asked_about_rent(house: House) -> tuple[Message, Message]:
    asked = await house.post("ana", "lab", RENT, files=[lease])
    await house.answer_to(asked)
    (reply,) = house.replies(asked)
    return asked, reply


async def test_an_edited_question_is_answered_anew_in_place(house: House) -> None:
    asked, reply = await asked_about_rent(house)
    await house.place.edit(asked, DEPOSIT)
    await house.quiet()
    (now,) = house.replies(asked)
    assert now.ts == reply.ts
    assert "4,350" in whole_text(now) and "1,450" not in whole_text(now)
    assert (await house.rows("select question from turns"))[0]["question"] == "What does the deposit amount to?"


async def test_edited_again_and_again_the_last_words_count(house: House) -> None:
    asked, _ = await asked_about_rent(house)
    for text in (DEPOSIT, RENT, DEPOSIT):
        await house.place.edit(asked, text)
    await house.quiet()
    (now,) = house.replies(asked)
    assert "4,350" in whole_text(now) and "1,450" not in whole_text(now)


async def test_edited_while_it_is_answered_the_new_words_count(house: House) -> None:
    house.model._script, house.model.delay_s = every_line, 0.03
    asked = await house.post("ana", "lab", RENT, files=[("long.txt", LEASE.encode() * 3)])
    await house.place.wait_for(lambda: house.replies(asked))
    await house.place.edit(asked, "@inhouse Who won the football championship in 1998?")
    await house.quiet()
    (now,) = house.replies(asked)
    assert "I did not find this" in whole_text(now) and not now.streaming


async def test_a_link_preview_is_no_edit(house: House) -> None:
    asked, _ = await asked_about_rent(house)
    generated = len(house.model.seen)
    await house.place.unfurl(asked)
    await house.quiet()
    assert len(house.model.seen) == generated


async def test_a_message_edited_to_mention_us_is_answered(house: House) -> None:
    await house.asked_and_read("ana", "lab", "@inhouse", [lease])
    said = await house.post("ben", "lab", "What is the monthly rent?")
    await house.quiet()
    assert not house.ours(said)
    await house.place.edit(said, RENT)
    await house.quiet()
    (reply,) = house.replies(said)
    assert "1,450" in whole_text(reply)


async def test_an_edit_of_what_was_not_for_us_is_left_alone(house: House) -> None:
    said = await house.post("ben", "lab", "lunch?")
    await house.place.edit(said, "lunch at noon?")
    await house.quiet()
    assert not house.ours(said)


async def test_a_question_edited_into_nothing_gets_a_hint_and_no_stale_answer(house: House) -> None:
    asked, _ = await asked_about_rent(house)
    await house.place.edit(asked, "@inhouse")
    await house.quiet()
    (now,) = house.replies(asked)
    assert "What would you like to know?" in whole_text(now) and "1,450" not in whole_text(now)


async def test_an_edit_delivered_twice_is_answered_once(house: House) -> None:
    asked, _ = await asked_about_rent(house)
    await house.place.edit(asked, DEPOSIT)
    await house.quiet()
    generated = len(house.model.seen)
    changes = [e for e, s in house.place.core.events.sent.items() if s["event"].get("subtype") == "message_changed"]
    for event_id in changes:
        house.place.redeliver(event_id)
    await house.quiet()
    assert len(house.model.seen) == generated
