"""The agent's pane, which is the direct message with the bot: prompts, where a person looks, and being invited.

Nothing of a channel is ever answered here: what is known of the place a person looks at is a count of
files, and only where they are a member of it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import blocks
from bot.access import Access
from bot.jobs import Running
from bot.people import People
from bot.records import Records, Share, rows
from bot.scope import Denied
from bot.texts import Texts

log = logging.getLogger(__name__)

CONTEXT_S = 1800.0  # how long it counts where a person looked
MOST_FILES = 2  # that have a prompt of their own
TITLE_CHARS = 75
_CHANNEL = "slack#/types/channel_id"


@dataclass(frozen=True, slots=True)
class Pane:
    """Does the jobs of kind "context" and "joined", and what an opened pane needs."""

    client: AsyncWebClient
    bot_user: str
    records: Records
    people: People
    access: Access

    async def opened(self, team: str, event: dict[str, Any]) -> None:
        """Somebody opened the messages with the bot, perhaps from a channel."""
        await self._remember(team, event["user"], event)
        await self._prompt(team, event["channel"], event["user"])

    async def looked(self, running: Running) -> None:
        """Do the job of kind "context": with the pane open, a person turned to another channel."""
        team, event = running.job.payload["team"], running.job.payload["event"]
        if not event.get("user"):
            return
        await self._remember(team, event["user"], event)
        if event.get("channel"):
            await self._prompt(team, event["channel"], event["user"])

    async def hint(self, team: str, user: str) -> str | None:
        """Where ``user`` can ask instead, if they look at a channel of theirs that has files; for a DM without any."""
        channel = await self._looks_at(team, user)
        if channel is None or await self.access.barred(team, channel, user):
            return None
        shares = await self.records.shares(team, channel)
        count = len({share.file_id for share in shares if share.state == "read"})
        texts = await self.people.texts(team, "", user)
        return texts("pane-hint", channel=f"<#{channel}>", count=count) if count else None

    async def joined(self, running: Running) -> None:
        """Do the job of kind "joined": tell whoever took us into a channel, and nobody else, what happens now."""
        team, event = running.job.payload["team"], running.job.payload["event"]
        channel, inviter = event["channel"], event.get("inviter")
        if not inviter or (await self.people.get(inviter)).team != team:
            return  # people of other organisations are told nothing
        texts = await self.people.texts(team, channel, inviter)
        verdict = await self.access.check(team, channel)
        if isinstance(verdict, Denied):
            text = texts(verdict.reason)
        else:
            text = texts("joined", channel=f"<#{channel}>", bot=f"<@{self.bot_user}>")
        try:
            await self.client.chat_postEphemeral(
                channel=channel, user=inviter, text=text, blocks=[blocks.section(text)]
            )
        except SlackApiError as error:
            log.info("inviter not told: %s", error.response.get("error"))

    async def _prompt(self, team: str, channel: str, user: str) -> None:
        """Offer questions that fit what this conversation knows; a nicety, so its failure is only logged."""
        texts = await self.people.texts(team, "", user)
        shares = [share for share in await self.records.shares(team, channel) if share.state == "read"]
        try:
            await self.client.assistant_threads_setSuggestedPrompts(
                channel_id=channel,
                title=texts("prompts-title" if shares else "prompts-title-none"),
                prompts=prompts(texts, shares),
            )
        except SlackApiError as error:
            log.info("prompts not set: %s", error.response.get("error"))

    async def _remember(self, team: str, user: str, event: dict[str, Any]) -> None:
        """Keep where a person looks; an event without a context says nothing of it."""
        if "context" not in event:
            return
        channel = _channel_in(event["context"] or {})
        row = {"team": team, "user": user, "channel": channel or "", "at": time.time()}
        await self.records.write(lambda db: db.table("contexts").upsert(row, pk=("team", "user")))

    async def _looks_at(self, team: str, user: str) -> str | None:
        sql = "select channel from contexts where team = ? and user = ? and at > ? and channel != ''"
        values = (team, user, time.time() - CONTEXT_S)
        found = await self.records.read(lambda db: rows(db, sql, values))
        return found[0]["channel"] if found else None


def prompts(texts: Texts, shares: Sequence[Share]) -> list[dict[str, str]]:
    """Up to four questions: about the newest files, then general ones; without files, how to begin."""
    if not shares:
        return [_prompt(texts("prompt-how"))]
    names = list(dict.fromkeys(blocks.status_name(share.name) for share in reversed(shares)))[:MOST_FILES]
    about = [texts("prompt-about", name=name) for name in names if name]
    return [_prompt(text) for text in (*about, texts("prompt-dates"), texts("prompt-amounts"))]


def _prompt(text: str) -> dict[str, str]:
    return {"title": blocks.shorten(text, TITLE_CHARS), "message": text}


def _channel_in(context: dict[str, Any]) -> str | None:
    """The channel of ``{"entities": [{"type": "slack#/types/channel_id", "value": "C1", "team_id": "T1"}]}``."""
    entities = (entity for entity in context.get("entities") or () if entity.get("type") == _CHANNEL)
    return next((entity.get("value") for entity in entities), None)
