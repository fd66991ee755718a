"""Who is in a conversation, as Slack says.

Fails closed, and says so: what cannot be found out is `Fact.UNKNOWN`, which nobody may take for a yes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.scope import Fact

FRESH_S = 60.0
PAGE = 999  # the most that Slack gives at once
MOST_PAGES = 20
MOST_KNOWN = 1000  # conversations

_GONE = frozenset({"channel_not_found", "not_in_channel"})


@dataclass(slots=True)
class _Seen:
    """The members of one conversation, as far as they were read; ``cursor`` "": all of them."""

    at: float
    members: set[str] = field(default_factory=set)
    pages: int = 0
    cursor: str = ""


class Membership:
    """Asks Slack about members, one call for all askers of a conversation; remembers those for `FRESH_S` seconds."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._seen: dict[str, _Seen] = {}  # by conversation
        self._changes = 0

    async def includes(self, channel: str, user: str) -> Fact:
        """Whether ``user`` is a member of ``channel`` now. A large one is read only until they are found."""
        seen = self._seen.get(channel)
        if seen is None or time.monotonic() - seen.at >= FRESH_S:
            seen = _Seen(time.monotonic())
        while user not in seen.members:
            if seen.pages and not seen.cursor:
                # They may have come since: whoever is denied is looked at anew the next time.
                self._seen.pop(channel, None)
                return Fact.NO
            if seen.pages >= MOST_PAGES:
                return Fact.UNKNOWN
            try:
                await self._read_page(channel, seen)
            except SlackApiError as error:
                return Fact.NO if error.response.get("error") in _GONE else Fact.UNKNOWN
        return Fact.YES

    def forget(self, channel: str) -> None:
        """Ask anew the next time: somebody came or went."""
        self._changes += 1
        self._seen.pop(channel, None)

    async def _read_page(self, channel: str, seen: _Seen) -> None:
        """Raises: SlackApiError."""
        changes = self._changes
        page = await self._client.conversations_members(channel=channel, limit=PAGE, cursor=seen.cursor)
        seen.members.update(page["members"])
        seen.pages += 1
        seen.cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
        if self._changes != changes:
            return  # somebody came or went while Slack answered: this serves the question at hand, and no later one
        if len(self._seen) >= MOST_KNOWN:
            self._seen.clear()
        self._seen[channel] = seen
