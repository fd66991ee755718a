"""The first sign of life, within seconds of the question and before any model has moved."""

from __future__ import annotations

import logging

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import answers, blocks
from bot.conversations import NOTICE
from bot.jobs import Running
from bot.records import Job

log = logging.getLogger(__name__)


class Notices:
    """Tells people that their question arrived."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client

    async def first_sign(self, job: Job, ahead: int) -> None:
        """A status below the question; where Slack shows none, a reaction on it."""
        if job.kind != "turn":
            return
        message = job.payload["message"]
        waits = f"is busy: {ahead} ahead of you …" if ahead > 1 else "is thinking …"
        try:
            await self._client.assistant_threads_setStatus(
                channel_id=message["channel"], thread_ts=message["thread_ts"] or message["ts"], status=waits
            )
        except SlackApiError as error:
            log.info("status not set: %s", error.response.get("error"))
            await self._look(message["channel"], message["ts"])

    async def busy(self, running: Running) -> None:
        """Do the job of kind "busy": a question that found the queue full."""
        message = running.job.payload["message"]
        text = answers.busy()
        await self._client.chat_postMessage(
            channel=message["channel"],
            thread_ts=message["thread_ts"] or message["ts"],
            text=text,
            blocks=[blocks.section(text) | {"block_id": f"{NOTICE}-busy"}],
        )

    async def _look(self, channel: str, ts: str) -> None:
        try:
            await self._client.reactions_add(channel=channel, timestamp=ts, name="eyes")
        except SlackApiError as error:
            log.info("reaction not added: %s", error.response.get("error"))
