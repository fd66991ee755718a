"""Finds out what the rule of scope (`bot.scope`) wants to know, and remembers it for a minute.

What Slack does not say is unknown, which the rule denies. Only what allows is remembered: whoever was denied
is looked at anew the next time.
"""

from __future__ import annotations

import time

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels import Channels
from bot.membership import Membership
from bot.people import People
from bot.records import scope_of
from bot.scope import Allowed, Asker, Denied, Fact, Place, decide

FRESH_S = 60.0
# What Slack answers where we are not: it does not tell whether there is such a conversation, nor do we.
_NOT_HERE = frozenset({"channel_not_found", "not_in_channel", "missing_scope"})


class Access:
    """Asks Slack about conversations, their members and people, as seldom as the rule allows.

    A question costs at most one call of each in a minute; in a direct message none for its members.
    """

    def __init__(self, client: AsyncWebClient, channels: Channels, people: People, membership: Membership) -> None:
        self._client = client
        self._channels = channels
        self._people = people
        self._membership = membership
        self._known: dict[str, tuple[float, Place]] = {}  # by scope
        self._changes = 0

    async def check(self, team: str, channel: str, user: str = "") -> Allowed | Denied:
        """Whether ``user`` may be answered in a conversation now; without one, whether anything is done there."""
        place = await self.place(team, channel)
        verdict = decide(place, None)
        if isinstance(verdict, Denied) or not user:
            return verdict
        standing = (await self._people.get(user)).standing
        is_member = Fact.YES if place.partner == user else await self._membership.includes(channel, user)
        return decide(place, Asker(standing, is_member))

    async def barred(self, team: str, channel: str, user: str) -> str:
        """The id of the sentence that says why nothing of a conversation is shown to ``user``; "" where it may be."""
        verdict = await self.check(team, channel, user)
        return verdict.reason if isinstance(verdict, Denied) else ""

    async def place(self, team: str, channel: str) -> Place:
        """What a conversation is."""
        scope_id = scope_of(team, channel)
        at, known = self._known.get(scope_id, (0.0, None))
        if known is not None and time.monotonic() - at < FRESH_S:
            return known
        started, changes = time.monotonic(), self._changes
        place = await self._ask(team, channel)
        # What changed while Slack answered may not be in its answer.
        if isinstance(decide(place, None), Allowed) and self._changes == changes:
            self._known[scope_id] = (started, place)
        return place

    def forget(self, team: str, channel: str) -> None:
        """Ask anew the next time: the conversation, its members or its settings changed."""
        self._changes += 1
        self._known.pop(scope_of(team, channel), None)
        self._membership.forget(channel)

    async def _ask(self, team: str, channel: str) -> Place:
        scope_id = scope_of(team, channel)
        try:
            found = (await self._client.conversations_info(channel=channel))["channel"]
        except SlackApiError as error:
            return Place(scope_id, Fact.NO if error.response.get("error") in _NOT_HERE else Fact.UNKNOWN)
        is_ours = found.get("is_im") or found.get("is_mpim") or found.get("is_member")
        return Place(
            scope_id,
            has_us=Fact.YES if is_ours else Fact.NO,
            is_shared_outside=bool(found.get("is_ext_shared") or found.get("is_pending_ext_shared")),
            is_outside_allowed=(await self._channels.settings(team, channel)).is_connect_allowed,
            is_group_direct=bool(found.get("is_mpim")),
            partner=(found.get("user") or "") if found.get("is_im") else "",
        )
