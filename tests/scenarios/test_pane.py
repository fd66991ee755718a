"""The agent's pane: prompts that fit, a hint where to ask instead, and what whoever invited the bot is told."""

from __future__ import annotations

from typing import Any

from bot.workspace.state import Channel, Message
from tests.scenarios.conftest import RENT, House, lease, until, whole_text

PLAN = ("plan.txt", b"Fire plan. The assembly point is the car park behind the canteen.")
OTHERS = "T0OTHERTEAM"


async def _prompts(house: House, user: str, *, has: str = "") -> dict[str, Any]:
    """The prompts that a person is offered on opening the messages with the bot."""
    dm = await house.place.open_dm(house.users[user])

    async def look() -> dict[str, Any] | None:
        found = house.place.core.state.prompts.get((dm.id, ""))
        return found if found and has in str(found) else None

    await house.place.open_home(house.users[user], "messages")
    return await until(look)


async def _private(house: House, user: str, has: str) -> Message:
    async def look() -> Message | None:
        return next((m for m in house.place.ephemerals(house.users[user]) if has in whole_text(m)), None)

    return await until(look)


def lines_of_slack_alone(house: House, channel: Channel) -> bool:
    """Whether a channel holds only the line that somebody has joined it."""
    return [message.subtype for message in house.place.messages(channel)] == ["channel_join"]


async def test_newcomer_is_offered_how_it_begins(house: House) -> None:
    offered = await _prompts(house, "ben")
    assert [prompt["message"] for prompt in offered["prompts"]] == ["How do I give you a file?"]


async def test_prompts_name_the_newest_files_of_this_conversation_and_of_no_other(house: House) -> None:
    dm = await house.open_dm("ben")
    await house.asked_and_read("ana", "lab", RENT, [("secret.txt", PLAN[1])])
    for name in ("old.txt", "newer.txt", "newest.txt"):
        await house.asked_and_read("ben", dm, "", [(name, lease[1] + name.encode())])
    offered = await _prompts(house, "ben", has="newest.txt")
    titles = [prompt["title"] for prompt in offered["prompts"]]
    assert titles[:2] == ["What is newest.txt about?", "What is newer.txt about?"] and len(titles) == 4
    assert "secret" not in str(offered)


async def test_prompts_speak_the_persons_language(house: House) -> None:
    house.users["dora"] = await house.place.add_user("dora", locale="de-DE")
    offered = await _prompts(house, "dora")
    assert offered["prompts"][0]["message"] == "Wie gebe ich dir eine Datei?"


async def test_file_with_a_hostile_name_makes_no_hostile_prompt(house: House) -> None:
    dm = await house.open_dm("ben")
    name = "<!channel> @everyone " + "x" * 200 + ".txt"
    await house.asked_and_read("ben", dm, "", [(name, lease[1])])
    offered = await _prompts(house, "ben", has="about?")
    for prompt in offered["prompts"]:
        assert len(prompt["title"]) <= 75 and "<" not in str(prompt) and "@everyone" not in str(prompt)


async def test_prompts_that_slack_refuses_do_not_hold_anything_up(house: House) -> None:
    house.place.fault("assistant.threads.setSuggestedPrompts", error="internal_error", times=9)
    await house.place.open_home(house.users["ben"], "messages")
    await house.quiet()
    states = await house.rows("select state from jobs where kind = 'home'")
    assert [row["state"] for row in states] == ["done"]


async def test_whoever_invites_the_bot_is_told_what_happens_and_nobody_else(house: House) -> None:
    den = await house.place.add_channel("den", house.users.values(), with_bot=False)
    await house.place.invite(den, house.place.bot_user, house.users["ben"])
    told = await _private(house, "ben", "Thank you for inviting me")
    assert f"<#{den.id}>" in whole_text(told) and "/inhouse settings" in whole_text(told)
    await house.quiet()
    assert lines_of_slack_alone(house, den) and not house.place.ephemerals(house.users["ana"])


async def test_somebody_else_who_joins_is_not_greeted(house: House) -> None:
    house.users["dora"] = await house.place.add_user("dora")
    await house.place.invite(house.channels["lab"], house.users["dora"], house.users["ben"])
    await house.quiet()
    assert not house.place.ephemerals(house.users["ben"]) and not house.place.ephemerals(house.users["dora"])


async def test_colleague_who_invites_the_bot_among_outsiders_is_told_that_it_stays_silent(house: House) -> None:
    joint = await house.place.add_channel("joint", house.users.values(), with_bot=False, is_ext_shared=True)
    await house.place.invite(joint, house.place.bot_user, house.users["ben"])
    assert await _private(house, "ben", "shared with another organisation")


async def test_outsider_who_invites_the_bot_is_told_nothing(house: House) -> None:
    house.users["eve"] = await house.place.add_user("eve", team_id=OTHERS)
    joint = await house.place.add_channel("joint", house.users.values(), with_bot=False, is_ext_shared=True)
    await house.place.invite(joint, house.place.bot_user, house.users["eve"])
    await house.quiet()
    assert not house.place.ephemerals(house.users["eve"]) and lines_of_slack_alone(house, joint)


# --- where a person looks ------------------------------------------------------------------------


async def test_person_without_files_here_is_told_of_the_channel_they_look_at(house: House) -> None:
    await house.asked_and_read("ana", "lab", RENT, [lease])
    await house.place.look_at(house.users["ben"], house.channels["lab"])
    await house.quiet()
    answer = await house.ask("ben", await house.open_dm("ben"), "What is the monthly rent?")
    assert f"<#{house.channels['lab'].id}>" in answer.text and "`/ask`" in answer.text
    assert "1 file that I have read" in answer.text and "1,450" not in answer.text and "lease" not in answer.text


async def test_channel_that_a_person_is_not_in_is_not_spoken_of(house: House) -> None:
    board = await house.place.add_channel("board", [house.users["ana"]], is_private=True)
    house.channels["board"] = board
    await house.asked_and_read("ana", "board", RENT, [lease])
    await house.place.look_at(house.users["ben"], board)
    await house.quiet()
    answer = await house.ask("ben", await house.open_dm("ben"), "What is the monthly rent?")
    assert board.id not in answer.text and "I know no files here yet" in answer.text


async def test_channel_without_files_is_not_spoken_of(house: House) -> None:
    await house.place.look_at(house.users["ben"], house.channels["office"])
    await house.quiet()
    answer = await house.ask("ben", await house.open_dm("ben"), "What is the monthly rent?")
    assert house.channels["office"].id not in answer.text


async def test_look_of_long_ago_counts_no_more(house: House) -> None:
    await house.asked_and_read("ana", "lab", RENT, [lease])
    await house.place.look_at(house.users["ben"], house.channels["lab"])
    await house.quiet()
    assert house.bot is not None
    await house.bot.records.write(lambda db: db.execute("update contexts set at = at - 1801"))
    answer = await house.ask("ben", await house.open_dm("ben"), "What is the monthly rent?")
    assert house.channels["lab"].id not in answer.text
