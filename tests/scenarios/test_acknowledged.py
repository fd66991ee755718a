"""Commands and shortcuts are acknowledged in time, however long Slack takes to say who somebody is."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.listeners import prompt
from tests.scenarios.conftest import House, lease, whole_text

BUSY = {"status": 429, "retry_after_s": 4, "times": 1}
LOOKUPS = ("views.open", "users.info", "conversations.info", "conversations.members")


@pytest.fixture(autouse=True)
def settling() -> None:
    """Here it is the acknowledgement that counts: nobody waits for what comes after it."""


@pytest.fixture
async def busy(house: House, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """Slack's Web API is busy, while its events go on; it waits less than it does for an acknowledgement."""
    await house.asked_and_read("ana", "lab", "@inhouse", [lease])
    await house.restart_bot()
    monkeypatch.setattr(prompt, "SOON_S", 0.1)
    for method in LOOKUPS:
        house.place.fault(method, **BUSY)
    yield house


async def _shown(house: House, words: str) -> None:
    assert await house.place.wait_for(
        lambda: any(words in whole_text(m) for m in house.place.ephemerals(house.users["ben"])), 40
    ), words


async def test_private_question_is_acknowledged_and_answered_though_slack_is_busy(busy: House) -> None:
    said = await busy.place.slash(busy.users["ben"], busy.channels["lab"], "/ask", "What is the monthly rent?")
    assert "error" not in (said or {}), said
    await _shown(busy, "I am looking for an answer to")
    await _shown(busy, "1,450 euros")


@pytest.mark.parametrize("text", ["files", "forget me", "help", "summary"])
async def test_command_is_acknowledged_though_slack_is_busy(busy: House, text: str) -> None:
    said = await busy.place.slash(busy.users["ben"], busy.channels["lab"], "/inhouse", text)
    assert "error" not in (said or {}), said
    await busy.place.wait_for(lambda: len(busy.place.ephemerals(busy.users["ben"])) >= 1, 40)


@pytest.mark.parametrize("callback_id", ["ask_about", "summarise_thread", "add_files"])
async def test_shortcut_is_acknowledged_though_slack_is_busy(busy: House, callback_id: str) -> None:
    message = await busy.post("ana", "lab", "Here is another", files=[("other.txt", b"The pool is 25 m long.")])
    said = await busy.place.message_shortcut(busy.users["ben"], message, callback_id)
    assert "error" not in (said or {}), said
    await busy.quiet(60)
