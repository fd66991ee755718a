"""Who may read what: an answer in a conversation uses only files with a live share in it.

Fails closed: what cannot be found out is denied, with a sentence that says so.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels import Channels
from bot.records import scope_of

FRESH_S = 60.0


@dataclass(frozen=True, slots=True)
class Allowed:
    """Answers may use the files of this scope."""

    scope_id: str


@dataclass(frozen=True, slots=True)
class Denied:
    """No answer; ``reason`` is the id of the sentence that says why to whoever asked."""

    reason: str
    is_silent: bool = False  # where others than the asker would see it, nothing is said


SHARED_OUTSIDE, NOT_A_MEMBER, UNKNOWN = "denied-outside", "denied-not-member", "denied-unknown"


class Access:
    """Asks Slack about conversations; remembers the answer for `FRESH_S` seconds."""

    def __init__(self, client: AsyncWebClient, channels: Channels) -> None:
        self._client = client
        self._channels = channels
        self._known: dict[str, tuple[float, Allowed | Denied]] = {}  # by scope

    async def check(self, team: str, channel: str) -> Allowed | Denied:
        """Whether we may read and answer in a conversation."""
        scope_id = scope_of(team, channel)
        at, verdict = self._known.get(scope_id, (0.0, None))
        if verdict is not None and time.monotonic() - at < FRESH_S:
            return verdict
        verdict = await self._ask(team, channel)
        if isinstance(verdict, Allowed):
            self._known[scope_id] = (time.monotonic(), verdict)
        return verdict

    def forget(self, team: str, channel: str) -> None:
        """Ask anew the next time: the conversation or its settings changed."""
        self._known.pop(scope_of(team, channel), None)

    async def _ask(self, team: str, channel: str) -> Allowed | Denied:
        try:
            found = (await self._client.conversations_info(channel=channel))["channel"]
        except SlackApiError as error:
            outside = error.response.get("error") in {"channel_not_found", "not_in_channel", "missing_scope"}
            return Denied(NOT_A_MEMBER if outside else UNKNOWN)
        if found.get("is_ext_shared") or found.get("is_pending_ext_shared"):
            settings = await self._channels.settings(team, channel)
            if not settings.is_connect_allowed:
                return Denied(SHARED_OUTSIDE, is_silent=True)
        if not (found.get("is_im") or found.get("is_mpim") or found.get("is_member")):
            return Denied(NOT_A_MEMBER)
        return Allowed(scope_of(team, channel))
