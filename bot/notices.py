"""The first sign of life, within seconds of the question and before any model has moved."""

from __future__ import annotations

import logging
from collections import deque
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import blocks
from bot.conversations import NOTICE, Conversations
from bot.events import IncomingMessage, incoming_message
from bot.jobs import Place, Running
from bot.people import People
from bot.records import Job
from bot.scope import SHARED_OUTSIDE
from bot.texts import Texts
from rag.errors import InhouseError

log = logging.getLogger(__name__)

MOST_KEPT = 1000  # of what people were told while nothing can be stored
_ASKING = {"app_mention", "message"}


class Notices:
    """Tells people where their question stands."""

    def __init__(self, client: AsyncWebClient, people: People, conversations: Conversations) -> None:
        self._client = client
        self._people = people
        self._conversations = conversations
        self._not_stored: deque[tuple[str, str]] = deque(maxlen=MOST_KEPT)

    async def waiting(self, job: Job, place: Place) -> None:
        """A status below the question; where Slack shows none, a reaction on it. What is paced is told so."""
        if job.kind not in {"turn", "redo"}:
            return
        message = _message(job)
        texts = await self._texts(message)
        if place.paced_s:
            await self.whisper(message, texts("paced", seconds=round(place.paced_s)))
            return
        try:
            await self._client.assistant_threads_setStatus(
                channel_id=message.channel, thread_ts=message.root_ts, status=_status(texts, place)
            )
        except SlackApiError as error:
            log.info("status not set: %s", error.response.get("error"))
            await self._look(message.channel, message.ts)

    async def stuck(self, job: Job) -> None:
        """Tell who asked, and nobody else, that the model stands still and what becomes of their question."""
        if job.kind in {"turn", "redo"}:
            message = _message(job)
            await self.whisper(message, (await self._texts(message))("stuck"))

    async def busy(self, running: Running) -> None:
        """Do the job of kind "busy": a question that found the queue full."""
        await self._say(running, "busy")

    async def hush(self, running: Running) -> None:
        """Do the job of kind "hush": say that the thread is left alone from now on, or not any more."""
        await self._say(running, "quiet" if running.job.payload["quiet"] else "listening")

    async def outside(self, running: Running) -> None:
        """Do the job of kind "outside": tell a colleague, and nobody else, why there is no answer."""
        await self.keep_out(_message(running.job))

    async def not_stored(self, body: dict[str, Any], error: Exception) -> None:
        """Tell whoever asked, and nobody else, once, that their question could not be stored, and why."""
        event = body.get("event") or {}
        message = incoming_message(body.get("team_id", ""), event) if event.get("type") in _ASKING else None
        if not isinstance(message, IncomingMessage) or not isinstance(error, InhouseError):
            return
        if not (message.is_mention_event or message.is_direct) or (message.channel, message.ts) in self._not_stored:
            return
        self._not_stored.append((message.channel, message.ts))
        texts = await self._texts(message)
        await self.whisper(message, texts("not-stored", why=blocks.escape(texts.error(error))))

    async def keep_out(self, message: IncomingMessage, reason: str = SHARED_OUTSIDE) -> None:
        """Where another organisation reads along: no sign but to the asker, and where we are silent to a colleague."""
        if reason != SHARED_OUTSIDE or message.user_team in {"", message.team}:
            await self.whisper(message, (await self._texts(message))(reason))

    async def whisper(self, message: IncomingMessage, text: str) -> None:
        """Say something to the author of a message alone; a nicety, so its failure is only logged."""
        try:
            await self._client.chat_postEphemeral(
                channel=message.channel,
                user=message.user,
                text=text,
                blocks=[blocks.section(text)],
                thread_ts=message.thread_ts,
            )
        except SlackApiError as error:
            log.info("not whispered: %s", error.response.get("error"))

    async def _texts(self, message: IncomingMessage) -> Texts:
        return await self._people.texts(message.team, message.channel, message.user)

    async def _say(self, running: Running, name: str) -> None:
        """Say it in the thread, once: a former attempt may have said it without living to record that."""
        message = _message(running.job)
        text, block_id = (await self._texts(message))(name), f"{NOTICE}-{name}-{message.ts}"
        if running.job.attempts and await self._conversations.marked(message.channel, message.root_ts, block_id):
            return
        await self._client.chat_postMessage(
            channel=message.channel,
            thread_ts=message.root_ts,
            text=text,
            blocks=[blocks.section(text) | {"block_id": block_id}],
            unfurl_links=False,
            unfurl_media=False,
        )

    async def _look(self, channel: str, ts: str) -> None:
        try:
            await self._client.reactions_add(channel=channel, timestamp=ts, name="eyes")
        except SlackApiError as error:
            log.info("reaction not added: %s", error.response.get("error"))


def _status(texts: Texts, place: Place) -> str:
    if place.ahead < 1:
        return texts("status-thinking")
    if place.wait_s is None or place.wait_s < 5:
        return texts("status-waiting", ahead=place.ahead)
    return texts("status-waiting-about", ahead=place.ahead, seconds=5 * round(place.wait_s / 5))


def _message(job: Job) -> IncomingMessage:
    return IncomingMessage(**job.payload["message"])
