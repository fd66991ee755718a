"""Whoever asked what could not be stored is told so: they, nobody else, and once."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.conversations import Conversations
from bot.notices import Notices
from bot.texts import Texts, texts_for
from rag.errors import DiskFull


class Told(AsyncWebClient):
    """Takes down who was told something for their eyes only."""

    def __init__(self) -> None:
        super().__init__()
        self.users: list[str] = []

    async def chat_postEphemeral(self, **arguments: Any) -> Any:
        self.users.append(arguments["user"])


class Speaking:
    """Everybody speaks English."""

    async def texts(self, *_: str) -> Texts:
        return texts_for("en")


def body(**event: Any) -> dict[str, Any]:
    mention = {"type": "app_mention", "user": "U1", "text": "<@UBOT> How much?", "ts": "10.5", "channel": "C1"}
    return {"team_id": "T1", "event": mention | event}


@pytest.fixture
def slack() -> Told:
    return Told()


@pytest.fixture
def notices(slack: Told) -> Notices:
    return Notices(slack, Speaking(), Conversations(slack, "UBOT"))  # type: ignore[arg-type]


async def test_who_asked_what_could_not_be_stored_is_told_once(notices: Notices, slack: Told) -> None:
    """Slack brings a mention as two events, and repeats each three times."""
    for _ in range(4):
        await notices.not_stored(body(), DiskFull())
        await notices.not_stored(body(type="message", channel_type="im"), DiskFull())
    assert slack.users == ["U1"]
    await notices.not_stored(body(ts="11.5", user="U2"), DiskFull())
    assert slack.users == ["U1", "U2"]


async def test_who_did_not_ask_us_is_told_nothing(notices: Notices, slack: Told) -> None:
    await notices.not_stored(body(type="message", channel_type="channel", text="See you at lunch."), DiskFull())
    await notices.not_stored(body(type="app_home_opened"), DiskFull())
    assert slack.users == []
