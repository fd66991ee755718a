"""One answer's message: begun once, grown sentence by sentence, finished; or completed after a crash.

Two ways of showing it. Slack's native stream while it works, and `chat.update` where it does not:
where streams are refused, where one has expired, and where a former process began the message.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot import blocks
from bot.events import IncomingMessage
from bot.jobs import TryAgain

log = logging.getLogger(__name__)

SECONDS_BETWEEN = 1.0  # appends to one stream; Slack allows about 100 a minute to all streams together
STREAM_LASTS_S = 230.0  # Slack ends streams after about five minutes
PLAIN_CHARS = 2900

NO_ANSWER = "no_answer"  # the code of a call that Slack did not answer: perhaps it was done, perhaps not

Begun = Callable[[str], Awaitable[None]]
_GONE = {"message_not_found", "channel_not_found", "thread_not_found", "is_archived", "not_in_channel"}
_TOO_MUCH = {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"}


class QuestionGone(Exception):
    """The question was deleted before there was a reply to it: nobody waits for one any more."""


class Reply:
    """The reply to one question, in its thread.

    ``begun`` is told the message's ts as soon as there is one; what it raises ends the reply.
    """

    def __init__(self, client: AsyncWebClient, message: IncomingMessage, begun: Begun, ts: str | None = None) -> None:
        self._client = client
        self._message = message
        self._begun = begun
        self._ts = ts
        self._streaming = False
        self._resumed = ts is not None
        self._shown: list[tuple[str, str]] = []  # (mrkdwn, markdown) of each part
        self._pending: list[str] = []
        self._last_append = self._started = 0.0

    async def status(self, text: str) -> None:
        """Say what is being done; a nicety, so its failure is only logged."""
        try:
            await self._client.assistant_threads_setStatus(
                channel_id=self._message.channel, thread_ts=self._message.root_ts, status=text[:100]
            )
        except SlackApiError as error:
            log.info("status not set: %s", error.response.get("error"))

    async def show(self, mrkdwn: str, markdown: str) -> None:
        """Append a part. It may appear a moment later, together with the next."""
        self._shown.append((mrkdwn, markdown))
        if self._resumed:
            return  # the message already shows a beginning; it is completed at once by `finish`
        self._pending.append(markdown)
        if self._ts is None:
            await self._begin()
        elif time.monotonic() - self._last_append >= SECONDS_BETWEEN:
            await self._flush()

    async def finish(self, tail: Sequence[blocks.Block] = ()) -> None:
        """Show what is left and close the message with ``tail`` below it. Raises: TryAgain."""
        if self._ts is None and not self._shown:
            await self._post(list(tail))
        elif not await self._finish_stream(tail):
            await self._update(tail)
        await self.status("")

    async def withdraw(self, text: str) -> None:
        """Show ``text`` in place of all that was shown. Raises: TryAgain."""
        self._shown = [(text, text)]
        self._pending.clear()
        if self._ts is None:
            await self._post([blocks.section(text)])
            return
        await self._end_stream(())
        self._resumed = False
        await self._update(())

    async def delete(self) -> None:
        """Take the message away, if there is one."""
        if self._ts is None:
            return
        await self._end_stream(())
        try:
            await self._client.chat_delete(channel=self._message.channel, ts=self._ts)
        except SlackApiError as error:
            log.info("reply not deleted: %s", error.response.get("error"))

    async def _begin(self) -> None:
        message = self._message
        try:
            begun = await self._client.chat_startStream(
                channel=message.channel,
                thread_ts=message.root_ts,
                recipient_team_id=message.team,
                recipient_user_id=message.user,
            )
            self._ts, self._streaming = begun["ts"], True
        except SlackApiError as error:
            if error.response.get("error") == NO_ANSWER:
                raise TryAgain("chat.startStream was not answered") from error  # the next attempt looks for it
            log.info("no stream: %s", error.response.get("error"))
            await self._post([blocks.section(part) for part, _ in self._shown])
            self._pending.clear()
            return
        self._started = time.monotonic()
        await self._begun(str(self._ts))
        await self._flush()

    async def _flush(self) -> None:
        """Append what is pending; a stream that has ended is left for `_update` to complete."""
        if not self._pending:
            return
        if self._streaming and time.monotonic() - self._started > STREAM_LASTS_S:
            await self._end_stream(())
        if self._streaming:
            await self._append("\n".join(self._pending) + "\n")
        else:
            await self._update(())
        self._pending.clear()
        self._last_append = time.monotonic()

    async def _append(self, text: str) -> None:
        try:
            await self._client.chat_appendStream(channel=self._message.channel, ts=str(self._ts), markdown_text=text)
        except SlackApiError as error:
            log.info("stream ended early: %s", error.response.get("error"))
            await self._end_stream(())  # an open one refuses updates
            await self._update(())

    async def _finish_stream(self, tail: Sequence[blocks.Block]) -> bool:
        if not self._streaming:
            return False
        await self._flush()
        return self._streaming and await self._end_stream(tail)

    async def _end_stream(self, tail: Sequence[blocks.Block]) -> bool:
        """Close the stream; False where ``tail`` does not stand below it."""
        self._streaming = False
        try:
            await self._client.chat_stopStream(
                channel=self._message.channel, ts=str(self._ts), blocks=list(tail) or None
            )
        except SlackApiError as error:
            code = error.response.get("error")
            log.info("stream not stopped: %s", code)
            if tail and code in _TOO_MUCH:
                await self._end_stream(())
            return False
        return True

    async def _post(self, body: list[blocks.Block]) -> None:
        posted = await self._send(self._client.chat_postMessage, body, thread_ts=self._message.root_ts)
        if posted:
            self._ts = posted["ts"]
            await self._begun(str(self._ts))

    async def _update(self, tail: Sequence[blocks.Block]) -> None:
        if self._resumed:
            await self._end_stream(())  # a stream that was left open refuses updates
            self._resumed = False
        if self._ts is None:
            return  # there was nowhere to post
        body = blocks.fitting(blocks.sections([part for part, _ in self._shown]), tail)
        await self._send(self._client.chat_update, body, ts=str(self._ts))

    async def _send(self, method: Callable[..., Awaitable[Any]], body: list[blocks.Block], **where: str) -> Any:
        """Post or update; what Slack refuses as blocks is sent again as plain text, never lost."""
        plain = blocks.shorten(_plain(body), PLAIN_CHARS)
        quiet = {"unfurl_links": False, "unfurl_media": False} if "thread_ts" in where else {}
        arguments: dict[str, Any] = {"channel": self._message.channel, "text": plain, **where, **quiet}
        for content in ({"blocks": body}, {}):
            try:
                return await method(**arguments, **content)
            except SlackApiError as error:
                code = error.response.get("error")
                if code in _GONE:
                    break
                if not content or code not in _TOO_MUCH:
                    raise TryAgain(f"reply: {code}") from error
                log.warning("blocks refused (%s); sent as plain text", code)
        log.info("nowhere to reply: %s", code)
        return None


class PrivateReply:
    """The reply to a slash command: seen by the asker only, delivered whole through its response_url."""

    def __init__(self, response_url: str) -> None:
        self._webhook = AsyncWebhookClient(response_url)
        self._parts: list[str] = []

    async def status(self, text: str) -> None:
        """A private reply shows no status; the command was acknowledged with words."""

    async def show(self, mrkdwn: str, markdown: str) -> None:
        """Keep a part for `finish`."""
        self._parts.append(mrkdwn)

    async def withdraw(self, text: str) -> None:
        """Deliver ``text`` in place of what was kept. Raises: TryAgain."""
        self._parts = [text]
        await self.finish()

    async def finish(self, tail: Sequence[blocks.Block] = ()) -> None:
        """Deliver the answer. Raises: TryAgain."""
        body = [*blocks.sections(self._parts), *tail]
        sent = await self._webhook.send(
            text=blocks.shorten(_plain(body), PLAIN_CHARS), blocks=body, response_type="ephemeral"
        )
        if sent.status_code >= 500:
            raise TryAgain(f"response_url: {sent.status_code}")
        if sent.status_code >= 400:
            log.warning("private reply not delivered: response_url answered %d", sent.status_code)


def _plain(body: Sequence[blocks.Block]) -> str:
    """The text of blocks, for notifications and for clients that show none."""
    texts = [block["text"]["text"] for block in body if block["type"] == "section"]
    texts += [e["text"] for block in body if block["type"] == "context" for e in block["elements"] if "text" in e]
    return "\n".join(texts) or "…"
