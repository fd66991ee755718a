"""Who somebody is, as far as it decides what they may and in which language they are spoken to.

Fails closed: of whom nothing can be found out, nothing is assumed: no administrator, a guest, English.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels import Channels
from bot.scope import Standing
from bot.texts import Texts, texts_for

log = logging.getLogger(__name__)

FRESH_S = 60.0  # also until a deactivated person is denied: nothing that we listen to tells of it
MOST_KNOWN = 10_000


@dataclass(frozen=True, slots=True)
class Person:
    """A user of Slack."""

    user: str
    team: str = ""
    locale: str = "en-US"
    is_admin: bool = False
    standing: Standing = Standing.UNKNOWN
    name: str = ""  # as others see it

    @property
    def is_guest(self) -> bool:
        """Whether they are shown only what lies in conversations that they are in: everybody but colleagues."""
        return self.standing is not Standing.COLLEAGUE


class People:
    """Asks Slack about people; remembers the answer for `FRESH_S` seconds."""

    def __init__(self, client: AsyncWebClient, channels: Channels, team: str) -> None:
        self._client = client
        self._channels = channels
        self._team = team
        self._known: dict[str, tuple[float, Person]] = {}

    async def get(self, user: str) -> Person:
        """Who ``user`` is."""
        at, person = self._known.get(user, (0.0, Person(user)))
        if at and time.monotonic() - at < FRESH_S:
            return person
        try:
            found = (await self._client.users_info(user=user, include_locale=True))["user"]
        except SlackApiError as error:
            log.info("user not found out: %s", error.response.get("error"))
            return Person(user)
        team = found.get("team_id") or self._team
        standing = _standing(found, is_ours=team == self._team)
        is_admin = standing is Standing.COLLEAGUE and bool(found.get("is_admin") or found.get("is_owner"))
        person = Person(user, team, found.get("locale") or "en-US", is_admin, standing, _name(found))
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[user] = (time.monotonic(), person)
        return person

    async def texts(self, team: str, channel: str, user: str) -> Texts:
        """The catalogue in which ``user`` is spoken to in a conversation: its own language, else theirs."""
        chosen = (await self._channels.settings(team, channel)).language if channel else ""
        return texts_for(chosen or (await self.get(user)).locale)

    async def is_admin(self, user: str) -> bool:
        """Whether ``user`` administers the workspace."""
        return (await self.get(user)).is_admin


def _standing(found: dict[str, Any], *, is_ours: bool) -> Standing:
    if found.get("deleted"):
        return Standing.GONE
    if found.get("is_bot") or found.get("id") == "USLACKBOT":
        return Standing.BOT
    if not is_ours or found.get("is_stranger"):
        return Standing.STRANGER
    return Standing.GUEST if found.get("is_restricted") or found.get("is_ultra_restricted") else Standing.COLLEAGUE


def _name(found: dict[str, Any]) -> str:
    profile = found.get("profile") or {}
    names = (profile.get("display_name"), found.get("real_name"), profile.get("real_name"), found.get("name"))
    return next((name for name in names if name), "")
