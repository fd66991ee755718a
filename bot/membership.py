"""Who is in a conversation and may see it, as Slack says.

Fails closed, and says so: what cannot be found out is `Sight.UNKNOWN`, which nobody may take for a yes.
"""

from __future__ import annotations

import time
from enum import StrEnum

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.people import Person

FRESH_S = 60.0
PAGE = 1000
MOST_PAGES = 20
MOST_KNOWN = 10_000


class Sight(StrEnum):
    """Whether somebody may see a conversation."""

    OPEN = "open"
    HIDDEN = "hidden"
    UNKNOWN = "unknown"  # Slack did not say


class Membership:
    """Asks Slack about members; remembers the answer for `FRESH_S` seconds."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._known: dict[tuple[str, str, bool], tuple[float, Sight]] = {}

    async def sight(self, channel: str, person: Person) -> Sight:
        """Whether ``person`` may see ``channel``: colleagues every public one, everybody those they are in."""
        return await self._remembered(channel, person.user, is_public_enough=not person.is_guest)

    async def barred(self, channel: str, person: Person) -> str:
        """The id of the sentence that says why nothing of ``channel`` is shown to ``person``; "" where it may be."""
        sight = await self.sight(channel, person)
        return {Sight.OPEN: "", Sight.HIDDEN: "denied-left", Sight.UNKNOWN: "denied-unknown"}[sight]

    def forget(self, channel: str) -> None:
        """Ask anew the next time: somebody came or went."""
        for key in [key for key in self._known if key[0] == channel]:
            del self._known[key]

    async def includes(self, channel: str, user: str) -> bool:
        """Whether ``user`` is known to be a member of ``channel``."""
        return await self._remembered(channel, user, is_public_enough=False) is Sight.OPEN

    async def _remembered(self, channel: str, user: str, *, is_public_enough: bool) -> Sight:
        key = (channel, user, is_public_enough)
        at, sight = self._known.get(key, (0.0, Sight.UNKNOWN))
        if at and time.monotonic() - at < FRESH_S:
            return sight
        try:
            sight = await self._ask(channel, user, is_public_enough)
        except SlackApiError as error:
            is_gone = error.response.get("error") in {"channel_not_found", "not_in_channel"}
            return Sight.HIDDEN if is_gone else Sight.UNKNOWN
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[key] = (time.monotonic(), sight)
        return sight

    async def _ask(self, channel: str, user: str, is_public_enough: bool) -> Sight:
        if is_public_enough:
            found = (await self._client.conversations_info(channel=channel))["channel"]
            if found.get("is_channel") and found.get("is_private") is False:
                return Sight.OPEN
        cursor = ""
        for _ in range(MOST_PAGES):
            page = await self._client.conversations_members(channel=channel, limit=PAGE, cursor=cursor)
            if user in page["members"]:
                return Sight.OPEN
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return Sight.HIDDEN
        return Sight.UNKNOWN
