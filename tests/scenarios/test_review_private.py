"""What a stranger tries with private answers, lists and buttons: after leaving, twice, too late, at the same time."""

from __future__ import annotations

from typing import Any

import pytest

from bot.workspace.inputs import describe_action, find_element
from bot.workspace.sockets import Envelope
from bot.workspace.state import Message
from tests.scenarios.conftest import RENT, House, lease, until, whole_text
from tests.scenarios.test_shortcuts import talk

NOTICE = "What is the notice to end the lease?"


@pytest.fixture
async def vault(house: House) -> House:
    """A private channel of all three, with Ana's lease."""
    house.channels["vault"] = await house.place.add_channel("vault", house.users.values(), is_private=True)
    await house.place.invite(house.channels["vault"], house.place.bot_user)
    await house.ask("ana", "vault", RENT, files=[lease])
    return house


async def _seen(house: House, user: str, has: str) -> Message:
    async def look() -> Message | None:
        return next((m for m in house.place.ephemerals(house.users[user]) if has in whole_text(m)), None)

    return await until(look, 10)


async def _press(house: House, user: str, message: Message, action_id: str) -> dict[str, Any]:
    """A click that Slack lets through although the person is not in the conversation any more."""
    found = find_element(message.blocks, action_id)
    assert found is not None
    payload = house.place.core.interactions.block_action(house.users[user], message, describe_action(*found, None))
    answer = await house.place._ask(Envelope("interactive", payload))
    await house.quiet()
    return answer


def _shared(house: House) -> list[Message]:
    return [m for m in house.channels["vault"].messages.values() if "shared by" in whole_text(m)]


async def test_person_taken_out_of_a_private_channel_cannot_post_into_it_by_sharing(vault: House) -> None:
    await vault.place.slash(vault.users["ben"], vault.channels["vault"], "/ask", NOTICE)
    answer = await _seen(vault, "ben", "90 days")
    await vault.place.leave(vault.channels["vault"], vault.users["ben"])
    await vault.quiet()
    await _press(vault, "ben", answer, "share")
    assert not _shared(vault)


async def test_person_taken_out_of_a_private_channel_cannot_page_through_its_files(vault: House) -> None:
    names = [f"secret {n:02}.txt" for n in range(25)]
    await vault.post("ana", "vault", "@inhouse", files=[(name, f"Report {name}".encode()) for name in names])
    await vault.quiet(60)
    await vault.place.slash(vault.users["ben"], vault.channels["vault"], "/inhouse", "files")
    listed = await _seen(vault, "ben", "secret")
    await vault.place.leave(vault.channels["vault"], vault.users["ben"])
    await vault.quiet()
    await _press(vault, "ben", listed, "more_files")
    told = "".join(map(whole_text, vault.place.ephemerals(vault.users["ben"])))
    assert "lease.txt" not in told and "not in this conversation" in told, told


async def test_person_taken_out_while_their_question_waits_is_not_answered(vault: House) -> None:
    await vault.restart_bot(workers=1)
    vault.model.delay_s = 0.5
    await vault.post("chris", "vault", "@inhouse What does the deposit amount to?")
    await vault.place.slash(vault.users["ben"], vault.channels["vault"], "/ask", NOTICE)
    await vault.place.leave(vault.channels["vault"], vault.users["ben"])
    await vault.quiet(30)
    assert not [m for m in vault.place.ephemerals(vault.users["ben"]) if "90 days" in whole_text(m)]


def _values(*chosen: str, language: str = "own") -> dict[str, Any]:
    return {
        "options": {"options": {"type": "checkboxes", "selected_options": [{"value": each} for each in chosen]}},
        "language": {"language": {"type": "static_select", "selected_option": {"value": language}}},
        "days": {"days": {"type": "number_input", "value": None}},
    }


async def _settings(house: House, user: str) -> Any:
    known = set(house.place.core.state.modals)
    await house.place.slash(house.users[user], house.channels["lab"], "/inhouse", "settings")
    (new,) = set(house.place.core.state.modals) - known
    return house.place.core.state.modals[new]


async def test_older_form_does_not_take_back_what_another_administrator_decided_since(house: House) -> None:
    house.users["dora"] = await house.place.add_user("dora", is_admin=True)
    await house.place.invite(house.channels["lab"], house.users["dora"])
    first = await _settings(house, "ana")
    await house.place.submit_view(house.users["ana"], first.id, _values("connect"))
    await house.quiet()
    old = await _settings(house, "ana")
    newer = await _settings(house, "dora")
    await house.place.submit_view(house.users["dora"], newer.id, _values())
    await house.quiet()
    await house.place.submit_view(house.users["ana"], old.id, _values("connect", language="de"))
    await house.quiet()
    (kept,) = await house.rows("select * from channels where channel = ?", house.channels["lab"].id)
    assert kept["language"] == "de" and not kept["is_connect_allowed"], kept


async def _bad(house: House) -> tuple[Message, Message]:
    asked = await house.post("ana", "lab", RENT, files=[lease])
    await house.answer_to(asked)
    return asked, house.replies(asked)[0]


async def test_vote_whose_form_could_not_be_opened_is_thanked_for(house: House) -> None:
    _, reply = await _bad(house)
    house.place.fault("views.open", error="expired_trigger_id")
    await house.place.click(house.users["ben"], house.channels["lab"], reply.ts, "feedback", "down")
    await house.quiet()
    assert await _seen(house, "ben", "test case")


async def test_stop_pressed_too_late_does_not_tell_the_asker_that_somebody_else_asked(house: House) -> None:
    asked, reply = await _bad(house)
    value = f'{{"channel": "{asked.channel}", "ts": "{asked.ts}"}}'
    reply.blocks = [
        {
            "type": "actions",
            "elements": [
                {"type": "button", "action_id": "stop", "value": value, "text": {"type": "plain_text", "text": "Stop"}}
            ],
        }
    ]
    await house.place.click(house.users["ana"], house.channels["lab"], reply.ts, "stop")
    assert await _seen(house, "ana", "only as long as it is being written")


async def test_the_same_choice_five_times_writes_the_answer_anew_once(house: House) -> None:
    _, reply = await _bad(house)
    house.model.delay_s = 0.3
    for _ in range(5):
        await house.place.click(house.users["ana"], house.channels["lab"], reply.ts, "menu", "regenerate")
    await house.quiet(30)
    assert len(await house.rows("select 1 from jobs where kind = 'redo'")) == 1
    await house.place.click(house.users["ana"], house.channels["lab"], reply.ts, "menu", "regenerate")
    await house.quiet(30)
    assert len(await house.rows("select 1 from jobs where kind = 'redo'")) == 2


async def test_summary_that_quotes_what_its_author_has_changed_since_is_not_shared(house: House) -> None:
    first = await talk(house)
    await house.place.message_shortcut(house.users["ben"], first, "summarise_thread")
    summary = await _seen(house, "ben", "Summary of")
    await house.place.edit(first, "Never mind.")
    await house.quiet()
    await _press(house, "ben", summary, "share")
    assert await _seen(house, "ben", "deleted or changed")
    assert "booking page" not in "".join(map(whole_text, house.channels["lab"].messages.values()))
