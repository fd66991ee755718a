"""One answer's messages: begun once, grown sentence by sentence, finished; or completed after a crash.

Two ways of showing it. Slack's native stream while it works, and `chat.update` where it does not: where
streams are refused, where one has expired, and where messages of this reply stand already. An answer that
is too long for one message, or takes longer than a stream lasts, goes on in the next. Knows how Slack
shows text, and nothing of where the text comes from.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot import blocks, delivery
from bot.delivery import NO_ANSWER, PLAIN_CHARS, Body, Content, Gone, Outlet, Refused
from bot.events import IncomingMessage
from bot.jobs import TryAgain
from bot.pacing import SECONDS_BETWEEN, Appends
from bot.splitting import pieces, size, split

__all__ = ["NO_ANSWER", "PLAIN_CHARS", "SECONDS_BETWEEN", "Appends", "PrivateReply", "QuestionGone", "Reply"]

log = logging.getLogger(__name__)

STREAM_LASTS_S = 230.0  # Slack ends streams after about five minutes

Begun = Callable[[str, int], Awaitable[None]]


class QuestionGone(Exception):
    """The question was deleted before there was a reply to it: nobody waits for one any more."""


@dataclass(slots=True)
class _Message:
    """One message of a reply. Where Slack took it in pieces only, ``places`` are several."""

    places: list[str] = field(default_factory=list)  # ts
    parts: list[tuple[str, str]] = field(default_factory=list)  # (mrkdwn, Markdown)
    pending: list[str] = field(default_factory=list)  # Markdown that the stream has not got yet
    started_s: float = 0.0
    is_streaming: bool = False
    is_closed: bool = False

    def add(self, part: tuple[str, str]) -> None:
        self.parts.append(part)
        self.pending.append(part[1])

    def has_room(self, part: tuple[str, str]) -> bool:
        if self.is_closed or (self.is_streaming and time.monotonic() - self.started_s > STREAM_LASTS_S):
            return False
        return all(delivery.is_one_message(texts) for texts in zip(*self.parts, part, strict=True))

    def has_room_below(self, tail: Sequence[blocks.Block]) -> bool:
        return not self.is_closed and all(
            delivery.is_one_message(texts, tail) for texts in zip(*self.parts, strict=True)
        )

    def body(self, below: Sequence[blocks.Block]) -> Body:
        return Body([mrkdwn for mrkdwn, _ in self.parts], below)


class Reply:
    """The reply to one question, in its thread.

    ``begun`` is told each message's ts and number as soon as there is one; what it raises ends the reply.
    ``existing`` are messages of this reply that stand already: they are written anew, in their order, and
    those that are not needed are deleted in the end.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        message: IncomingMessage,
        begun: Begun,
        existing: Sequence[str] = (),
        *,
        stop_label: str = "Stop",
        more_label: str = "continued",
        appends: Appends | None = None,
    ) -> None:
        self._outlet = Outlet(client, message)
        self._begun = begun
        self._existing = list(existing)
        self._left_open = set(existing)  # perhaps: a stream that a former process did not end refuses updates
        self._stop_label = stop_label
        self._more_label = more_label
        self._appends = appends or Appends()
        self._messages: list[_Message] = []
        self._streams = not existing
        self._is_gone = False

    @property
    def messages(self) -> tuple[str, ...]:
        """The ts of all messages of this reply, in their order."""
        return (*(ts for message in self._messages for ts in message.places), *self._existing)

    async def status(self, text: str) -> None:
        """Say what is being done; a nicety, so its failure is only logged."""
        await self._outlet.status(text)

    async def show(self, mrkdwn: str, markdown: str) -> None:
        """Append a part. It may appear a moment later, together with the next. Raises: TryAgain."""
        if delivery.is_one_message([mrkdwn]) and delivery.is_one_message([markdown]):
            await self._add((mrkdwn, markdown))
            return
        # What is cut has to be cut alike in both renderings, so from here on there is only one.
        self._streams = False
        if self._messages and self._messages[-1].is_streaming:
            await self._close(self._messages[-1], ())
        for piece in pieces(mrkdwn, delivery.TEXT.size - size(self._more_label) - 3):
            await self._add((piece, piece))

    async def finish(self, tail: Sequence[blocks.Block] = ()) -> None:
        """Show what is left and close the last message with ``tail`` below it. Raises: TryAgain."""
        last = self._messages[-1] if self._messages else None
        if last and (not tail or last.has_room_below(tail)):
            await self._close(last, tail)
        else:
            if last:
                await self._close(last, ())
            for pack in delivery.packed(tail):
                await self._close(await self._new(), pack)
        await self._outlet.drop(self._existing)
        await self.status("")

    async def withdraw(self, text: str) -> None:
        """Show ``text`` in place of all that was shown. Raises: TryAgain."""
        await self._end_streams()
        places, self._messages, self._is_gone = list(self.messages), [], False
        self._existing, self._streams = places, False
        message = await self._new()
        message.add((text, text))
        await self._close(message, ())
        await self._outlet.drop(self._existing)

    async def delete(self) -> None:
        """Take all messages away, if there are any."""
        await self._end_streams()
        places, self._messages, self._existing = list(self.messages), [], []
        await self._outlet.drop(places)

    # --- text ------------------------------------------------------------------------------------

    async def _add(self, part: tuple[str, str]) -> None:
        if self._is_gone:
            return
        last = self._messages[-1] if self._messages else None
        if last is None or not last.has_room(part):
            await self._go_on(last, part)
            return
        last.add(part)
        if last.is_streaming:
            if self._appends.streams.may(last.places[0]):
                await self._append(last)
        elif self._appends.updates.may(last.places[0]):
            await self._write(last, [self._stop_row()])

    async def _go_on(self, last: _Message | None, part: tuple[str, str]) -> None:
        """Show ``part`` in a message of its own, below ``last``."""
        if last and not last.is_closed:
            await self._close(last, ())
        message = await self._new()
        if last:
            message.add((f"_{self._more_label}_",) * 2)
        message.add(part)
        if message.places or not (self._streams and await self._begin(message)):
            await self._write(message, [self._stop_row()])

    async def _new(self) -> _Message:
        """The next message: one that stands already, or one without a place yet."""
        message = _Message()
        if self._existing:
            message.places.append(self._existing.pop(0))
            if message.places[0] in self._left_open:
                self._left_open.discard(message.places[0])
                await self._outlet.stop_stream(message.places[0])
        self._messages.append(message)
        return message

    async def _close(self, message: _Message, below: Sequence[blocks.Block]) -> None:
        """Bring a message to its last state. Raises: TryAgain."""
        message.is_closed = True
        if message.places:
            self._appends.forget(message.places[0])
        if message.is_streaming:
            message.is_streaming = False
            if await self._outlet.stop_stream(message.places[0], "\n".join(message.pending), below):
                return
        await self._write(message, below)

    def _stop_row(self) -> blocks.Block:
        question = self._outlet.question
        value = json.dumps({"channel": question.channel, "ts": question.ts})
        return blocks.actions(blocks.button(self._stop_label, blocks.STOP, value))

    # --- streams ---------------------------------------------------------------------------------

    async def _begin(self, message: _Message) -> bool:
        """Begin a stream and tell its place before the first word is shown; False where Slack refuses one."""
        ts = await self._outlet.start_stream()
        if ts is None:
            self._streams = False
            return False
        message.is_streaming, message.started_s = True, time.monotonic()
        await self._stands(message, 0, ts)
        if self._appends.streams.may(ts):
            await self._append(message)
        return True

    async def _append(self, message: _Message) -> None:
        if await self._outlet.append(message.places[0], "\n".join(message.pending) + "\n"):
            message.pending.clear()
            return
        message.is_streaming = False
        await self._write(message, [self._stop_row()])

    async def _end_streams(self) -> None:
        for message in self._messages:
            if message.is_streaming:
                message.is_streaming = False
                await self._outlet.stop_stream(message.places[0])

    # --- messages --------------------------------------------------------------------------------

    async def _write(self, message: _Message, below: Sequence[blocks.Block]) -> None:
        """Post or update a message, in the best form that Slack takes. Raises: TryAgain."""
        if self._is_gone:
            return
        for form in message.body(below).forms():
            try:
                for number, content in enumerate(form):
                    await self._put(message, number, content)
            except Refused as refusal:
                log.warning("message refused (%s); sent more plainly", refusal)
                continue
            except Gone as gone:
                log.info("nowhere to reply: %s", gone)
                self._is_gone = True
                return
            extra = message.places[len(form) :]
            del message.places[len(form) :]
            await self._outlet.drop(extra)
            return
        raise TryAgain("reply: refused in every form")

    async def _put(self, message: _Message, number: int, content: Content) -> None:
        """Show ``content`` in the message's place ``number``: by an update where there is one, else by a post."""
        if number < len(message.places):
            ts = message.places[number]
            try:
                await self._outlet.update(ts, content)
                return
            except Gone as gone:
                was_taken_away = gone.code == "message_not_found" and ts == self.messages[0]
                if was_taken_away or gone.code not in delivery.REPLACED:
                    raise
            await self._outlet.drop([ts])
        await self._stands(message, number, await self._outlet.post(content))

    async def _stands(self, message: _Message, number: int, ts: str) -> None:
        message.places[number : number + 1] = [ts]
        await self._begun(ts, self.messages.index(ts))


class PrivateReply:
    """The reply to a slash command: seen by the asker only, and delivered whole.

    Through its response URL, which serves five times and for half an hour; then as messages of the app's
    that only the asker sees.
    """

    def __init__(self, client: AsyncWebClient, message: IncomingMessage, response_url: str) -> None:
        self._client = client
        self._question = message
        self._webhook = AsyncWebhookClient(response_url, ssl=client.ssl) if response_url else None
        if self._webhook is not None:
            self._webhook.proxy = client.proxy
        self._parts: list[str] = []
        self._has_delivered = False

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
        bodies = [Body(group) for group in split(self._parts, delivery.TEXT)]
        if bodies and delivery.is_one_message(bodies[-1].parts, tail):
            bodies[-1] = Body(bodies[-1].parts, tail)
        else:
            bodies += [Body((), pack) for pack in delivery.packed(tail)]
        try:
            for body in bodies:
                await self._deliver(body)
        except Gone as gone:
            log.warning("private reply not delivered: %s", gone)

    async def _deliver(self, body: Body) -> None:
        if not await self._respond(body):
            await self._post(body)
        self._has_delivered = True

    async def _respond(self, body: Body) -> bool:
        """Use the response URL; False where it serves no more. Raises: TryAgain, if nothing was delivered yet."""
        if self._webhook is None:
            return False
        best = next(body.forms())[0]
        try:
            sent = await self._webhook.send(response_type="ephemeral", **best)
            status = sent.status_code
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            status, problem = 503, type(error).__name__
        else:
            problem = str(status)
            if status == 200 and '"ok":false' not in sent.body.replace(" ", ""):
                return True
        if (status >= 500 or status == 429) and not self._has_delivered:
            raise TryAgain(f"response_url: {problem}")
        log.info("response_url not used: %s", problem)
        self._webhook = None
        return False

    async def _post(self, body: Body) -> None:
        """Whole, else as plain text, what Slack refuses of it in shorter pieces. Raises: Gone; TryAgain."""
        best = next(body.forms())[0]
        try:
            await self._show_asker(best)
            return
        except Refused as refusal:
            log.warning("private message refused (%s); sent more plainly", refusal)
        rest = pieces(delivery.plain(best["blocks"]), delivery.PLAIN_CHARS)
        while rest:
            try:
                await self._show_asker({"text": rest[0]})
                del rest[0]
            except Refused as refusal:
                shorter = pieces(rest[0], delivery.SHORT_CHARS)
                if len(shorter) == 1:
                    raise TryAgain("private reply: refused in every form") from refusal
                rest[:1] = shorter

    async def _show_asker(self, content: Content) -> None:
        question = self._question
        where = {"channel": question.channel, "user": question.user, "thread_ts": question.thread_ts}
        await delivery.call(self._client.chat_postEphemeral, **where, **content)
