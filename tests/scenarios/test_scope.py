"""Who sees a conversation is who sees its files; a thread's own files come first."""

from __future__ import annotations

from typing import Any

import pytest

from bot.workspace.shapes import Shapes
from bot.workspace.state import Channel
from tests.scenarios.conftest import RENT, House, lease, until, whole_text

CANARY = ("secret.txt", b"The codename of the secret project is Blue Heron and its budget is 77,700 euros.")
ASKED = "@inhouse What is the codename of the secret project?"
PLAN = ("plan.txt", b"Fire plan. The assembly point is the car park behind the canteen.")


async def test_file_of_one_channel_never_answers_in_another_nor_in_a_direct_message(house: House) -> None:
    assert "Blue Heron" in (await house.ask("ana", "lab", ASKED, files=[CANARY])).text
    elsewhere = [await house.ask("ana", "office", ASKED), await house.ask("ana", await house.open_dm("ana"), ASKED)]
    await house.ask("ana", "office", RENT, files=[lease])
    elsewhere.append(await house.ask("ana", "office", ASKED))
    elsewhere.append(await house.ask("ana", "office", "@inhouse What does secret.txt say of the codename?"))
    for answer in elsewhere:
        assert answer.refused and "Blue Heron" not in answer.text and "secret.txt" not in answer.text
    outside = [c for c in house.place.calls if house.channels["lab"].id not in str(c.arguments)]
    assert not any("Blue Heron" in str(c.arguments) or "secret.txt" in str(c.arguments) for c in outside)


async def test_file_shared_on_into_a_channel_answers_there_too(house: House) -> None:
    first = await house.post("ana", "lab", ASKED, files=[CANARY])
    await house.answer_to(first)
    await house.place.share(house.users["ana"], house.channels["office"], first.files[0])
    assert "Blue Heron" in (await house.ask("ben", "office", ASKED)).text


async def test_thread_with_files_searches_those_first_and_the_button_finds_the_others(house: House) -> None:
    await house.ask("ana", "lab", RENT, files=[lease])
    thread = await house.post("ben", "lab", "@inhouse", files=[PLAN])
    await house.quiet()
    asked = await house.post("ben", "lab", RENT, thread_ts=thread.ts)
    narrow = await house.answer_to(asked)
    assert narrow.refused and "`plan.txt`" in narrow.text and "lease" not in narrow.text
    (reply,) = house.replies(asked)
    assert "Search the whole channel" in str(reply.blocks)
    for _ in range(2):  # pressed twice
        await house.place.click(house.users["ben"], house.channels["lab"], reply.ts, "widen")
    await house.quiet()
    (reply,) = house.replies(asked)
    assert "1,450 euros" in whole_text(reply) and "Search the whole channel" not in str(reply.blocks)


async def test_answer_from_a_threads_own_files_says_what_was_searched(house: House) -> None:
    await house.ask("ana", "lab", RENT, files=[lease])
    asked = await house.post("ben", "lab", "@inhouse Where is the assembly point?", files=[PLAN])
    assert "car park" in (await house.answer_to(asked)).text
    (reply,) = house.replies(asked)
    assert "Searched this thread's own `plan.txt`" in str(reply.blocks)
    assert "Search the whole channel" in str(reply.blocks)


async def test_file_named_in_the_question_is_found_outside_the_thread(house: House) -> None:
    await house.ask("ana", "lab", "@inhouse What is the monthly rent?", files=[("harbour lease.txt", lease[1])])
    thread = await house.post("ben", "lab", "@inhouse", files=[PLAN])
    await house.quiet()
    answer = await house.ask("ben", "lab", "@inhouse What is the rent in harbour lease?", thread_ts=thread.ts)
    assert "1,450 euros" in answer.text and answer.citations[0]["file"] == "harbour lease.txt"


FRUIT = (
    "Almond Banana Cherry Damson Elder Fig Grape Hazel Iris Juniper Kiwi Lemon Mango Nectar Olive Peach Quince Raisin"
)
PARTIES = [f"{fruit} {kind}" for kind in ("Logistics", "Trading", "Foods") for fruit in FRUIT.split()][:40]


def _contract(party: str, number: int) -> tuple[str, bytes]:
    text = (
        f"Supply agreement between Helios GmbH and {party}.\n\nTerm. This agreement with {party} runs for "
        f"{number + 12} months from signature.\n\nPenalty. For each late delivery {party} pays {number * 100} euros.\n"
    )
    return f"agreement-{number:02}.txt", text.encode()


async def test_forty_similar_contracts_in_one_channel_do_not_mix(house: House) -> None:
    contracts = {party: _contract(party, number) for number, party in enumerate(PARTIES, 10)}
    files = list(contracts.values())
    for part in (files[:20], files[20:]):
        await house.post("ana", "lab", "@inhouse", files=part)
        await house.quiet(60)
    for party in ("Fig Trading", "Banana Logistics", "Cherry Foods", "Olive Trading"):
        answer = await house.ask("ben", "lab", f"@inhouse What penalty does {party} pay for a late delivery?")
        assert {c["file"] for c in answer.citations} == {contracts[party][0]}, answer
        assert f"{PARTIES.index(party) * 100 + 1000} euros" in answer.text


def _marked(monkeypatch: pytest.MonkeyPatch, channel: Channel, **marks: Any) -> None:
    """Make Slack say something else of a channel."""
    shape = Shapes.channel

    def channel_shape(self: Shapes, asked: Channel, **more: Any) -> dict[str, Any]:
        return shape(self, asked, **more) | (marks if asked.id == channel.id else {})

    monkeypatch.setattr(Shapes, "channel", channel_shape)


@pytest.mark.parametrize("mark", ["is_ext_shared", "is_pending_ext_shared"])
async def test_channel_shared_with_another_organisation_is_left_in_silence_but_for_the_asker(
    house: House, monkeypatch: pytest.MonkeyPatch, mark: str
) -> None:
    _marked(monkeypatch, house.channels["lab"], **{mark: True})
    asked = await house.post("ana", "lab", RENT, files=[lease])
    await house.quiet()
    assert not house.ours(asked) and not house.calls("files.info")
    (whispered,) = house.place.ephemerals("ana")
    assert "shared with another organisation" in whispered.text


async def test_ask_where_the_bot_is_no_member_says_how_to_invite_it(house: House) -> None:
    house.channels["other"] = await house.place.add_channel("other", house.users.values(), with_bot=False)
    await house.place.slash(house.users["ana"], house.channels["other"], "/ask", "What is the rent?")

    async def told() -> bool:
        return any("/invite" in whole_text(m) for m in house.place.ephemerals(house.users["ana"]))

    assert await until(told)


@pytest.mark.parametrize("fault", [{"error": "internal_error"}, {"error": "ratelimited"}, {"status": 500}])
async def test_what_cannot_be_found_out_is_denied(house: House, fault: dict[str, Any]) -> None:
    house.place.fault("conversations.info", times=9, **fault)
    answer = await house.ask("ana", "lab", RENT, files=[lease])
    assert "could not check who is in this conversation" in answer.text
    assert "1,450" not in answer.text
    house.place.clear_faults()
    assert "1,450 euros" in (await house.ask("ana", "lab", RENT, files=[lease])).text


async def test_file_that_lies_outside_slack_is_never_fetched(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    shape = Shapes.file_with_shares
    monkeypatch.setattr(
        Shapes,
        "file_with_shares",
        lambda self, file: shape(self, file) | {"url_private_download": "http://127.0.0.1:1/steal", "url_private": ""},
    )
    asked = await house.post("ana", "lab", RENT, files=[lease])
    await house.answer_to(asked)
    assert "does not lie at Slack" in whole_text(house.notices(asked)[0])


async def test_button_of_a_forgotten_question_says_so(house: House) -> None:
    await house.asked_and_read("ana", "lab", "@inhouse", [lease])
    asked = await house.asked_and_read("ana", "lab", "@inhouse Where is the assembly point?", [PLAN])
    (reply,) = house.replies(asked)
    await house.place.slash(house.users["ana"], house.channels["lab"], "/inhouse", "forget")
    (question,) = house.place.ephemerals("ana")
    await house.place.click(house.users["ana"], house.channels["lab"], question.ts, "forget_all")
    await house.quiet()
    await house.place.click(house.users["ana"], house.channels["lab"], reply.ts, "menu", "widen")
    shown = await house.place.wait_for(lambda: house.place.ephemerals("ana")[1:])
    assert "forgotten this question" in shown[0].text
