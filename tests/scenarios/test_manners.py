"""Never in the way: quiet where asked, slow where people talk, silent before strangers, in their language."""

from __future__ import annotations

import pytest

from bot import rates
from bot.channels import Channels, ChannelSettings
from bot.workspace.state import Message
from tests.scenarios.conftest import DEPOSIT, RENT, House, lease, whole_text


async def answered(house: House, channel: str = "lab") -> Message:
    root = await house.post("ana", channel, RENT, files=[lease])
    await house.answer_to(root)
    return root


def told(house: House, user: str) -> str:
    return "\n".join(whole_text(message) for message in house.place.ephemerals(user))


async def settings(house: House, channel: str, **chosen: object) -> None:
    assert house.bot is not None
    place = (house.place.team_id, house.channels[channel].id)
    await Channels(house.bot.records).save(*place, ChannelSettings(**chosen), house.users["ana"].id)  # type: ignore[arg-type]


# --- quiet here ----------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["@inhouse quiet here", "quiet here", "@inhouse sei hier bitte still"])
async def test_quiet_here_ends_follow_ups_until_we_are_mentioned(house: House, words: str) -> None:
    root = await answered(house)
    hushed = await house.post("ana", "lab", words, thread_ts=root.ts)
    await house.quiet()
    assert "out of this thread" in whole_text(house.notices(hushed)[0])
    said = await house.post("ana", "lab", "And what does the deposit amount to?", thread_ts=root.ts)
    assert await house.ignored(said) == "asked to be quiet here"
    assert "4,350" in (await house.ask("ana", "lab", DEPOSIT, thread_ts=root.ts)).text
    again = await house.post("ana", "lab", "And the rent?", thread_ts=root.ts)
    assert await house.ignored(again) == "asked to be quiet here"


async def test_listen_here_takes_it_back(house: House) -> None:
    root = await answered(house)
    for words in ("@inhouse quiet here", "@inhouse listen here"):
        await house.post("ana", "lab", words, thread_ts=root.ts)
        await house.quiet()
    follow_up = await house.ask("ana", "lab", "And what does the deposit amount to?", thread_ts=root.ts)
    assert "4,350" in follow_up.text


async def test_quiet_in_one_thread_is_not_quiet_in_another(house: House) -> None:
    root, other = await answered(house), await answered(house)
    await house.post("ana", "lab", "@inhouse quiet here", thread_ts=root.ts)
    await house.quiet()
    assert "4,350" in (await house.ask("ana", "lab", "And the deposit?", thread_ts=other.ts)).text


async def test_a_question_about_quiet_is_a_question(house: House) -> None:
    root = await house.post("ana", "lab", "@inhouse", files=[("rules.txt", b"Quiet hours are from 10 pm to 6 am.")])
    await house.quiet()
    answer = await house.ask("ana", "lab", "@inhouse When are the quiet hours here?", thread_ts=root.ts)
    assert "10 pm" in answer.text


async def test_where_only_mentions_are_wanted_there_are_no_follow_ups(house: House) -> None:
    await settings(house, "lab", only_mentioned=True)
    root = await answered(house)
    said = await house.post("ana", "lab", "And what does the deposit amount to?", thread_ts=root.ts)
    assert await house.ignored(said) == "only mentions are answered here"
    assert "4,350" in (await house.ask("ana", "lab", DEPOSIT, thread_ts=root.ts)).text


# --- five a minute -------------------------------------------------------------------------------


async def test_the_sixth_answer_waits_its_asker_is_told_and_none_is_dropped(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = await answered(house)
    await house.restart_bot(replies_a_minute=5)
    monkeypatch.setattr(rates, "WINDOW_S", 4.0)
    questions = [await house.post("ben", "lab", DEPOSIT, thread_ts=root.ts) for _ in range(7)]
    await house.place.wait_for(lambda: "Five answers in this thread" in told(house, "ben"))
    for question in questions:
        await house.done(question)
    assert len([m for m in house.replies(questions[0]) if "4,350" in whole_text(m)]) == 7
    assert not told(house, "chris")


# --- other organisations -------------------------------------------------------------------------


async def test_in_a_channel_shared_outside_nothing_is_said_or_read_but_to_the_asker(house: House) -> None:
    await house.place.share_outside(house.channels["lab"])
    asked = await house.post("ben", "lab", RENT, files=[lease])
    await house.place.wait_for(lambda: "shared with another organisation" in told(house, "ben"))
    await house.quiet()
    assert not house.ours(asked) and not asked.reactions
    assert not house.calls("files.info") and not house.calls("assistant.threads.setStatus")


async def test_an_outsider_gets_no_sign_at_all(house: House) -> None:
    house.users["eve"] = await house.place.add_user("eve", team_id="T0OUTSIDE1")
    await house.place.share_outside(house.channels["lab"])
    await house.place.invite(house.channels["lab"], house.users["eve"])
    asked = await house.post("eve", "lab", RENT)
    await house.quiet()
    assert not house.ours(asked) and not told(house, "eve") and not asked.reactions


async def test_once_an_administrator_allows_it_everybody_there_is_answered(house: House) -> None:
    await settings(house, "lab", is_connect_allowed=True)
    await house.place.share_outside(house.channels["lab"])
    assert "1,450" in (await house.ask("ben", "lab", RENT, files=[lease])).text


async def test_a_channel_that_is_opened_to_others_falls_silent_at_once(house: House) -> None:
    root = await answered(house)
    await house.place.share_outside(house.channels["lab"])
    asked = await house.post("ana", "lab", DEPOSIT, thread_ts=root.ts)
    await house.quiet()
    assert not house.ours(asked)


# --- bots, and language --------------------------------------------------------------------------


async def test_german_speakers_are_spoken_to_in_german(house: House) -> None:
    house.users["dora"] = await house.place.add_user("dora", locale="de-DE")
    await house.place.invite(house.channels["lab"], house.users["dora"])
    asked = await house.post("dora", "lab", "@inhouse")
    await house.quiet()
    assert "erwähne mich" in whole_text(house.ours(asked)[0])
    answer = await house.post("dora", "lab", RENT, files=[lease])
    await house.answer_to(answer)
    assert "Durchsucht" in str(house.replies(answer)[0].blocks) and "Etwas stimmt nicht" in str(
        house.replies(answer)[0].blocks
    )
    statuses = [call.arguments["status"] for call in house.calls("assistant.threads.setStatus")]
    assert any(status.startswith("liest lease.txt") for status in statuses)


async def test_a_channels_language_goes_before_a_persons(house: House) -> None:
    await settings(house, "lab", language="de")
    asked = await house.post("ben", "lab", "@inhouse")
    await house.quiet()
    assert "erwähne mich" in whole_text(house.ours(asked)[0])


async def test_a_person_of_whom_nothing_is_known_is_told_in_english_that_they_get_no_answer(house: House) -> None:
    house.place.fault("users.info", error="user_not_found", times=100)
    asked = await house.post("ben", "lab", "@inhouse")
    await house.quiet()
    assert "I could not check who is in this conversation" in whole_text(house.ours(asked)[0])
