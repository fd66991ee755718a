"""What people may do with an answer: vote, have it anew, shorter, longer, searched further, stopped, deleted."""

from __future__ import annotations

import pytest

from bot.cli.seen import read_answer
from bot.workspace.state import Message
from rag.prompts import LENGTHS
from tests.scenarios.conftest import DEPOSIT, LEASE, RENT, House, best_line, every_line, lease, until, whole_text

RULES = "House rules\n\nThe rent of the hall is 80 euros a day.\n\nThe monthly rent of a bicycle box is 12 euros.\n"


async def asked_about_rent(house: House) -> tuple[Message, Message]:
    """Ana's question in #lab and the reply to it."""
    asked = await house.post("ana", "lab", RENT, files=[lease])
    await house.answer_to(asked)
    (reply,) = house.replies(asked)
    return asked, reply


async def choose(house: House, user: str, reply: Message, choice: str) -> None:
    await house.place.click(house.users[user], house.channels["lab"], reply.ts, "menu", choice)
    await house.quiet()


async def vote(house: House, user: str, reply: Message, verdict: str) -> None:
    await house.place.click(house.users[user], house.channels["lab"], reply.ts, "feedback", verdict)
    await house.quiet()


def told(house: House, user: str) -> str:
    return "\n".join(whole_text(message) for message in house.place.ephemerals(user))


# --- another answer ------------------------------------------------------------------------------


async def test_an_answer_anew_takes_the_place_of_the_old_one(house: House) -> None:
    asked, reply = await asked_about_rent(house)
    house.model._script = lambda _: "The monthly rent is 1,450 euros and is due on the third working day of each month."
    await choose(house, "ana", reply, "regenerate")
    (now,) = house.replies(asked)
    assert now.ts == reply.ts
    assert "third working day" in whole_text(now) and "Written anew." in whole_text(now)
    assert read_answer(now, RENT, 0, 0).citations
    assert "'menu'" in str(now.blocks) and "feedback" in str(now.blocks), "it can be had anew again"


async def test_an_answer_anew_looks_further_than_the_first(house: House) -> None:
    asked = await house.post("ana", "lab", RENT, files=[lease, ("rules.txt", RULES.encode())])
    first = await house.answer_to(asked)
    (reply,) = house.replies(asked)
    await choose(house, "ana", reply, "regenerate")
    prompt = house.model.seen[-1][-1].content
    other = "rules.txt" if first.citations[0]["file"] == "lease.txt" else "lease.txt"
    assert prompt.index(other) < prompt.index(first.citations[0]["file"])


async def test_shorter_and_longer_are_asked_of_the_model(house: House) -> None:
    asked, reply = await asked_about_rent(house)
    house.model._script = every_line
    await choose(house, "ana", reply, "longer")
    assert house.model.seen[-1][-1].content.endswith(LENGTHS["longer"])
    longer = whole_text(house.replies(asked)[0])
    await choose(house, "ana", reply, "shorter")
    assert house.model.seen[-1][-1].content.endswith(LENGTHS["shorter"])
    assert len(whole_text(house.replies(asked)[0])) < len(longer)
    assert len(house.replies(asked)) == 1


async def test_an_answer_anew_is_what_a_follow_up_builds_on(house: House) -> None:
    asked, reply = await asked_about_rent(house)
    house.model._script = lambda _: "The monthly rent is due on the third working day of each month."
    await choose(house, "ana", reply, "regenerate")
    house.model._script = best_line
    await house.ask("ana", "lab", "And what does the deposit amount to?", thread_ts=asked.ts)
    prompt = " ".join(message.content for message in house.model.seen[-1])
    assert "third working day" in prompt
    assert prompt.count("What is the monthly rent?") == 1


async def test_a_colleague_cannot_change_somebody_elses_answer(house: House) -> None:
    asked, reply = await asked_about_rent(house)
    before = whole_text(reply)
    for choice in ("regenerate", "delete"):
        await choose(house, "ben", reply, choice)
    assert [whole_text(message) for message in house.replies(asked)] == [before]
    assert f"<@{house.users['ana'].id}> asked this" in told(house, "ben")
    assert not house.place.ephemerals("ana")


async def test_an_administrator_can(house: House) -> None:
    asked = await house.post("ben", "lab", RENT, files=[lease])
    await house.answer_to(asked)
    await choose(house, "ana", house.replies(asked)[0], "delete")
    assert not house.replies(asked)


async def test_a_deleted_answer_is_forgotten_and_may_be_asked_for_again(house: House) -> None:
    asked, reply = await asked_about_rent(house)
    await vote(house, "ben", reply, "down")
    await choose(house, "ana", reply, "delete")
    assert not house.replies(asked)
    assert not await house.rows("select 1 from turns") and not await house.rows("select 1 from feedback")
    assert "1,450" in (await house.ask("ana", "lab", RENT, thread_ts=asked.ts)).text


async def test_a_press_twice_leaves_one_answer(house: House) -> None:
    asked, reply = await asked_about_rent(house)
    for _ in range(3):
        await house.place.click(house.users["ana"], house.channels["lab"], reply.ts, "menu", "regenerate")
    await house.quiet()
    assert len(house.replies(asked)) == 1
    assert "1,450" in whole_text(house.replies(asked)[0])


async def test_an_answer_whose_file_is_gone_says_so_when_it_is_wanted_anew(house: House) -> None:
    asked, reply = await asked_about_rent(house)
    house.model._script = lambda _: "x"
    (file,) = asked.files
    await house.place.delete_file(file)
    await house.quiet()
    await house.place.click(house.users["ana"], house.channels["lab"], reply.ts, "menu", "regenerate") if any(
        "'menu'" in str(message.blocks) for message in house.replies(asked)
    ) else None
    await house.quiet()
    assert "1,450" not in str([whole_text(message) for message in house.ours(asked)])


async def test_the_model_failing_while_an_answer_is_written_anew_leaves_a_sentence(house: House) -> None:
    asked, reply = await asked_about_rent(house)

    def broken(_: object) -> str:
        raise RuntimeError("no more")

    house.model._script = broken
    await choose(house, "ana", reply, "regenerate")
    (now,) = house.replies(asked)
    assert "Something went wrong on our side" in whole_text(now) and "no more" not in whole_text(now)


# --- votes ---------------------------------------------------------------------------------------


async def test_thumbs_up_is_kept_and_says_nothing(house: House) -> None:
    asked, reply = await asked_about_rent(house)
    await vote(house, "ben", reply, "up")
    (row,) = await house.rows("select user, verdict from feedback")
    assert (row["user"], row["verdict"]) == (house.users["ben"].id, "up")
    assert len(house.ours(asked)) == 1 and not house.place.ephemerals("ben")


async def test_thumbs_down_asks_what_was_wrong_and_keeps_a_case(house: House) -> None:
    _, reply = await asked_about_rent(house)
    await vote(house, "ben", reply, "down")
    (view,) = house.place.core.state.modals.values()
    assert "What was wrong?" in str(view.body["title"])
    values = {
        "reason": {"reason": {"type": "radio_buttons", "selected_option": {"value": "missed"}}},
        "comment": {"comment": {"type": "plain_text_input", "value": "The deposit <!channel>"}},
    }
    await house.place.submit_view(house.users["ben"], view.id, values)
    await house.quiet()
    (row,) = await house.rows("select * from feedback")
    assert (row["reason"], row["comment"]) == ("missed", "The deposit <!channel>")
    assert row["question"] == "What is the monthly rent?" and "1,450 euros" in row["answer"]
    assert "test case" in told(house, "ben")


async def test_a_vote_counts_though_nobody_says_what_was_wrong(house: House) -> None:
    _, reply = await asked_about_rent(house)
    house.place.fault("views.open", error="expired_trigger_id", times=5)
    await vote(house, "ben", reply, "down")
    assert (await house.rows("select verdict from feedback"))[0]["verdict"] == "down"


async def test_a_vote_on_a_forgotten_answer_says_so(house: House) -> None:
    _, reply = await asked_about_rent(house)
    assert house.bot is not None
    await house.bot.records.write(lambda db: db.execute("delete from turns"))
    await vote(house, "ben", reply, "down")
    assert "forgotten this question" in told(house, "ben")
    assert not await house.rows("select 1 from feedback")


# --- stop ----------------------------------------------------------------------------------------


async def test_stop_ends_the_answer_with_what_stands(house: House) -> None:
    house.model._script, house.model.delay_s = every_line, 0.15
    asked = await house.post("ana", "lab", RENT, files=[("long.txt", LEASE.encode() * 3)])
    reply = await house.place.wait_for(lambda: next((m for m in house.replies(asked) if m.streaming), None))
    await house.place.stop_stream(house.users["ana"], reply)
    await house.done(asked)
    assert not reply.streaming and "Stopped." in whole_text(reply)


async def test_where_slack_has_no_stream_a_button_stops_it(house: House) -> None:
    house.place.fault("chat.startStream", error="unknown_method", times=100)
    house.model._script, house.model.delay_s = every_line, 0.15
    asked = await house.post("ana", "lab", RENT, files=[("long.txt", LEASE.encode() * 3)])

    async def begun() -> Message | None:
        return next((m for m in house.replies(asked) if "'stop'" in str(m.blocks)), None)

    reply = await until(begun)
    await house.place.click(house.users["ben"], house.channels["lab"], reply.ts, "stop")
    assert "Only whoever asked" in told(house, "ben")
    await house.place.click(house.users["ana"], house.channels["lab"], reply.ts, "stop")
    await house.done(asked)
    assert "Stopped." in whole_text(reply) and "'stop'" not in str(reply.blocks)


@pytest.mark.parametrize("question", [RENT, DEPOSIT])
async def test_a_finished_answer_shows_no_stop(house: House, question: str) -> None:
    asked = await house.post("ana", "lab", question, files=[lease])
    await house.answer_to(asked)
    assert "'stop'" not in str(house.replies(asked)[0].blocks)
