"""Who is answered in a thread without a mention, and who is left alone."""

from __future__ import annotations

import pytest

from bot.workspace.state import Message
from tests.scenarios.conftest import DEPOSIT, RENT, House, every_line, lease

OTHERS = "its author has not asked in this thread"


async def _asked(house: House) -> Message:
    """A thread in #lab where Ana asked and was answered."""
    root = await house.post("ana", "lab", RENT, files=[lease])
    await house.answer_to(root)
    return root


async def test_asker_follows_up_without_a_mention_and_with_history(house: House) -> None:
    root = await _asked(house)
    answer = await house.ask("ana", "lab", "And what does the deposit amount to?", thread_ts=root.ts)
    assert "4,350" in answer.text
    prompt = " ".join(message.content for message in house.model.seen[-1])
    assert "What is the monthly rent?" in prompt and "1,450 euros" in prompt


async def test_a_follow_ups_prompt_goes_on_where_the_one_before_ended(house: House) -> None:
    root = await _asked(house)
    await house.ask("ana", "lab", "And what does the deposit amount to?", thread_ts=root.ts)
    await house.ask("ben", "lab", "@inhouse When is the rent due?", thread_ts=root.ts)
    first, second, third = house.model.seen
    assert second[: len(first)] == first and third[: len(second)] == second
    assert third[-1].content == "Question: When is the rent due?", "its passage stands in the first message"


async def test_the_model_knows_who_waits_and_in_which_thread(house: House) -> None:
    root = await _asked(house)
    await house.ask("ben", "lab", DEPOSIT, thread_ts=root.ts)
    await house.ask("ben", "office", RENT, files=[lease])
    callers = [(caller.scope_id, caller.user, caller.thread) for caller in house.model.callers]
    lab, office, ana, ben = root.channel, house.channels["office"].id, house.users["ana"].id, house.users["ben"].id
    assert callers[:2] == [(f"{house.place.team_id}/{lab}", who, f"{lab}:{root.ts}") for who in (ana, ben)]
    assert callers[2][0] == f"{house.place.team_id}/{office}" and callers[2][2] not in {"", f"{lab}:{root.ts}"}
    assert not any(caller.is_background for caller in house.model.callers)


async def test_history_of_one_thread_never_reaches_another(house: House) -> None:
    await _asked(house)
    await house.ask("ben", "lab", DEPOSIT)
    prompt = " ".join(message.content for message in house.model.seen[-1])
    assert "What is the monthly rent?" not in prompt


async def test_colleague_who_has_not_asked_is_left_alone(house: House) -> None:
    root = await _asked(house)
    said = await house.post("ben", "lab", "Is that not a bit expensive?", thread_ts=root.ts)
    assert await house.ignored(said) == OTHERS
    await house.quiet()
    assert not house.ours(said)


async def test_colleague_who_mentions_us_is_answered_and_may_go_on(house: House) -> None:
    root = await _asked(house)
    assert "4,350" in (await house.ask("ben", "lab", DEPOSIT, thread_ts=root.ts)).text
    assert "90 days" in (await house.ask("ben", "lab", "What is the notice to end the lease?", thread_ts=root.ts)).text


async def test_asker_who_addresses_somebody_else_is_left_alone(house: House) -> None:
    root = await _asked(house)
    said = await house.post("ana", "lab", "@ben what do you think of the rent?", thread_ts=root.ts)
    assert await house.ignored(said) == "addressed to somebody else"


async def test_statement_directly_after_our_answer_is_taken_as_addressed_to_us(house: House) -> None:
    root = await _asked(house)
    answer = await house.ask("ana", "lab", "the deposit and its return, please", thread_ts=root.ts)
    assert "4,350" in answer.text


async def test_statement_after_a_colleagues_message_is_left_alone(house: House) -> None:
    root = await _asked(house)
    await house.ignored(await house.post("ben", "lab", "I think we should sign", thread_ts=root.ts))
    said = await house.post("ana", "lab", "the deposit worries me", thread_ts=root.ts)
    assert await house.ignored(said) == "people talking to each other"


async def test_question_after_a_colleagues_message_is_answered(house: House) -> None:
    root = await _asked(house)
    await house.ignored(await house.post("ben", "lab", "I think we should sign", thread_ts=root.ts))
    assert "4,350" in (await house.ask("ana", "lab", "What does the deposit amount to?", thread_ts=root.ts)).text


async def test_late_double_of_the_question_does_not_hide_that_our_answer_came_last(house: House) -> None:
    root = await _asked(house)
    late = next(e for e, sent in house.place.core.events.sent.items() if sent["event"].get("ts") == root.ts)
    copy = dict(house.place.core.events.sent[late], event_id="Ev0LATE")
    house.place.core.events.sent["Ev0LATE"] = copy
    house.place.redeliver("Ev0LATE")
    await house.quiet()
    assert "4,350" in (await house.ask("ana", "lab", "the deposit, please", thread_ts=root.ts)).text


async def test_reply_to_our_own_question_back_is_for_us(house: House) -> None:
    root = await house.post("ana", "lab", "@inhouse", files=[lease])
    await house.quiet()
    answer = await house.ask("ana", "lab", "the monthly rent", thread_ts=root.ts)
    assert "1,450 euros" in answer.text


async def test_question_outside_any_thread_without_a_mention_is_left_alone(house: House) -> None:
    await _asked(house)
    said = await house.post("ana", "lab", "What is the monthly rent?")
    assert await house.ignored(said) == "not addressed to us"


async def test_other_bots_are_never_answered(house: House) -> None:
    root = await _asked(house)
    text = f"<@{house.place.bot_user.id}> What is the monthly rent?"
    for kind, name in (("app_mention", "app_mention"), ("message", "message.channels")):
        event = {"type": kind, "channel": root.channel, "user": "U0OTHERBOT", "bot_id": "B0OTHER", "text": text}
        house.place.core.events.send(name, event | {"ts": "1999999999.000100", "thread_ts": root.ts})
    await house.quiet()
    assert len(house.ours(root)) == 1
    assert len(await house.rows("select 1 from events where ignored = 'written by a bot'")) == 2


async def test_our_own_messages_lead_to_nothing(house: House) -> None:
    root = await _asked(house)
    await house.quiet()
    assert len(house.ours(root)) == 1
    assert len(await house.rows("select 1 from jobs where kind = 'turn'")) == 1


async def test_edit_of_an_answered_question_is_not_answered_again(house: House) -> None:
    root = await _asked(house)
    await house.place.edit(root, "@inhouse What is the yearly rent?")
    await house.quiet()
    assert len(house.ours(root)) == 1


async def test_mention_edited_into_a_message_is_answered_once(house: House) -> None:
    message = await house.post("ana", "lab", "What is the monthly rent?", files=[lease])
    await house.ignored(message)
    await house.place.edit(message, RENT)
    assert "1,450 euros" in (await house.answer_to(message)).text
    await house.place.edit(message, f"{RENT} Please.")
    await house.quiet()
    assert len(house.ours(message)) == 1


async def test_question_edited_before_it_was_taken_up_is_answered_as_it_reads_now(house: House) -> None:
    await _asked(house)
    house.place.hold()
    asked = await house.post("ana", "lab", "@inhouse What is the monthly rent?")
    await house.place.edit(asked, DEPOSIT)
    house.place.release()
    assert "4,350" in (await house.answer_to(asked)).text


async def test_stop_ends_an_answer_with_what_is_there(house: House) -> None:
    house.model.delay_s, house.model._script = 0.15, every_line
    asked = await house.post("ana", "lab", RENT, files=[lease])
    streaming = await house.place.wait_for(lambda: next((m for m in house.replies(asked) if m.text), None))
    await house.place.stop_stream(house.users["ana"], streaming)
    answer = await house.answer_to(asked)
    assert "Stopped." in streaming.text + str(streaming.blocks)
    assert "4,350" not in answer.text


async def test_somebody_elses_stop_is_not_obeyed(house: House) -> None:
    house.model.delay_s, house.model._script = 0.015, every_line
    asked = await house.post("ana", "lab", RENT, files=[lease])
    streaming = await house.place.wait_for(lambda: next((m for m in house.replies(asked) if m.text), None))
    house.place.core.events.session_stopped(streaming, house.users["ben"].id)
    assert "1,450 euros" in (await house.answer_to(asked)).text
    assert "Stopped." not in str(streaming.blocks)


@pytest.mark.parametrize("words", ["Thanks!", "thank you so much :pray:", "Great, thanks!", "ok", "👍", "Danke schön!"])
async def test_thanks_need_no_answer(house: House, words: str) -> None:
    root = await _asked(house)
    assert await house.ignored(await house.post("ana", "lab", words, thread_ts=root.ts)) == "only thanks"


@pytest.mark.parametrize("words", ["thanks, and the deposit?", "ok so what does the deposit amount to", "nice deposit"])
async def test_thanks_with_a_question_behind_are_a_question(house: House, words: str) -> None:
    root = await _asked(house)
    assert await house.ignored(await house.post("ana", "lab", words, thread_ts=root.ts)) == "answered"
    await house.quiet()


async def test_asker_who_addresses_everybody_is_left_alone(house: House) -> None:
    root = await _asked(house)
    said = await house.post("ana", "lab", "@channel is the rent all right for you?", thread_ts=root.ts)
    assert await house.ignored(said) == "addressed to somebody else"
