"""One message on its way to Slack: what each refusal means, and what to send instead. No answer is ever lost.

Slack's errors are of three kinds. *Gone*: there is no place for a reply any more. *Passing*: Slack is busy
or away, and a later attempt will do. Everything else is a *refusal* of what was sent: then less is asked of
Slack, first plain text, then plain text in short pieces. Knows which calls show
something in a thread, and nothing of how an answer is spread over its messages.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import blocks
from bot.events import IncomingMessage
from bot.jobs import TryAgain
from bot.splitting import Limits, pieces, size, split

log = logging.getLogger(__name__)

NO_ANSWER = "no_answer"  # the code of a call that Slack did not answer: perhaps it was done, perhaps not

GONE = frozenset(
    "channel_not_found thread_not_found is_archived not_in_channel cannot_reply_to_message user_not_in_channel".split()
)
REPLACED = frozenset("message_not_found edit_window_closed cant_update_message".split())  # of one message only
ENDED = frozenset({"message_not_in_streaming_state", "stopped_by_user"})
PASSING = frozenset(
    {NO_ANSWER, *"ratelimited rate_limited internal_error fatal_error service_unavailable request_timeout".split()}
)

# Source: measured ceilings of 13,200 characters and 50 blocks, after Slack has taken Markdown apart.
SECTION = Limits(blocks.SECTION_CHARS, fences=99)
TEXT = Limits(10_000)
MESSAGE_CHARS = 11_000
MESSAGE_BLOCKS = 45
PLAIN_CHARS = 2900
SHORT_CHARS = 1000
STATUS_CHARS = 100

Content = dict[str, Any]
Method = Callable[..., Awaitable[Any]]


class Refused(Exception):
    """Slack does not take what was sent; something simpler may do."""


class Gone(Exception):
    """There is nowhere to reply; with a code of `REPLACED` only the message that was to be changed is not there."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


async def call(method: Method, **arguments: Any) -> Any:
    """Slack's answer. Raises: Gone; Refused; TryAgain."""
    try:
        return await method(**arguments)
    except SlackApiError as error:
        code = str(error.response.get("error"))
        if code in GONE | REPLACED:
            raise Gone(code) from error
        if code in PASSING:
            raise TryAgain(f"reply: {code}") from error
        raise Refused(code) from error


@dataclass(frozen=True, slots=True)
class Outlet:
    """The thread of one question, as a place to write to."""

    client: AsyncWebClient
    question: IncomingMessage

    async def status(self, text: str) -> None:
        """Say what is being done; a nicety, so its failure is only logged."""
        channel, thread = self.question.channel, self.question.root_ts
        try:
            await self.client.assistant_threads_setStatus(
                channel_id=channel, thread_ts=thread, status=text[:STATUS_CHARS]
            )
        except SlackApiError as error:
            log.info("status not set: %s", error.response.get("error"))

    async def post(self, content: Content) -> str:
        """The ts of a new message. Raises: Gone; Refused; TryAgain."""
        posted = await call(
            self.client.chat_postMessage,
            channel=self.question.channel,
            thread_ts=self.question.root_ts,
            unfurl_links=False,
            unfurl_media=False,
            **content,
        )
        return str(posted["ts"])

    async def update(self, ts: str, content: Content) -> None:
        """Change a message; text without blocks takes its blocks away. Raises: Gone; Refused; TryAgain."""
        # Unless told otherwise Slack looks for addresses and names in the text of an update.
        await call(self.client.chat_update, channel=self.question.channel, ts=ts, parse="none", **content)

    async def start_stream(self) -> str | None:
        """The ts of a new stream, None where Slack refuses one. Raises: TryAgain, where perhaps there is one now."""
        question = self.question
        try:
            begun = await self.client.chat_startStream(
                channel=question.channel,
                thread_ts=question.root_ts,
                recipient_team_id=question.team,
                recipient_user_id=question.user,
            )
        except SlackApiError as error:
            if error.response.get("error") == NO_ANSWER:
                raise TryAgain("chat.startStream was not answered") from error  # the next attempt looks for it
            log.info("no stream: %s", error.response.get("error"))
            return None
        return str(begun["ts"])

    async def append(self, ts: str, markdown: str) -> bool:
        """Let a stream grow; False where it has ended, and whether it has grown is not known."""
        try:
            await self.client.chat_appendStream(channel=self.question.channel, ts=ts, markdown_text=markdown)
        except SlackApiError as error:
            log.info("stream ended early: %s", error.response.get("error"))
            await self.stop_stream(ts)  # an open one refuses updates
            return False
        return True

    async def stop_stream(self, ts: str, markdown: str = "", below: Sequence[blocks.Block] = ()) -> bool:
        """End a stream with the last of its text and blocks; False where they do not stand there now."""
        try:
            await self.client.chat_stopStream(
                channel=self.question.channel, ts=ts, markdown_text=markdown or None, blocks=list(below) or None
            )
        except SlackApiError as error:
            code = error.response.get("error")
            log.info("stream not stopped: %s", code)
            if (markdown or below) and code not in ENDED:
                await self.stop_stream(ts)
            return False
        return True

    async def drop(self, places: list[str]) -> None:
        """Delete messages, as far as they are there; ``places`` is empty afterwards."""
        while places:
            try:
                await self.client.chat_delete(channel=self.question.channel, ts=places.pop())
            except SlackApiError as error:
                log.info("message not deleted: %s", error.response.get("error"))


@dataclass(frozen=True, slots=True)
class Body:
    """What one message shows: text as mrkdwn, part by part, and blocks below it."""

    parts: Sequence[str]
    below: Sequence[blocks.Block] = ()

    def forms(self) -> Iterator[list[Content]]:
        """Ways to send it, the best first; each is one message or several that must all be sent."""
        built = [*sections(self.parts), *self.below]
        text = plain(built)
        yield [{"text": blocks.shorten(text, PLAIN_CHARS), "blocks": built}]
        for limit in (PLAIN_CHARS, SHORT_CHARS):
            yield [{"text": piece} for piece in pieces(text, limit)]


def sections(parts: Sequence[str]) -> list[blocks.Block]:
    """Parts, each on a line of its own, in as few sections as their limit allows; none is cut in half."""
    texts = ("\n".join(group) for group in split(parts, SECTION))
    return [blocks.section(text) for text in texts if text.strip()]


def plain(body: Sequence[blocks.Block]) -> str:
    """The text of blocks, for notifications and for clients that show none."""
    texts = [block["text"]["text"] for block in body if block["type"] == "section"]
    texts += [e["text"] for block in body if block["type"] == "context" for e in block["elements"] if "text" in e]
    return "\n".join(texts) or "…"


def is_one_message(parts: Sequence[str], below: Sequence[blocks.Block] = ()) -> bool:
    """Whether Slack takes this text with these blocks below it as one message."""
    groups = split(parts, TEXT)
    taken = sum(map(size, parts)) + len(parts) + text_length(below)
    count = len(sections(parts)) + 4 * sum(part.count("```") // 2 for part in parts) + len(below)
    return len(groups) <= 1 and taken <= MESSAGE_CHARS and count <= MESSAGE_BLOCKS


def packed(tail: Sequence[blocks.Block]) -> list[list[blocks.Block]]:
    """Blocks in as few messages as take them."""
    packs: list[list[blocks.Block]] = []
    for block in tail:
        if not packs or not is_one_message((), [*packs[-1], block]):
            packs.append([])
        packs[-1].append(block)
    return packs


def text_length(value: Any) -> int:
    """All the text in blocks. Units: as `size`."""
    if isinstance(value, dict):
        return sum(size(v) if k == "text" and isinstance(v, str) else text_length(v) for k, v in value.items())
    return sum(map(text_length, value)) if isinstance(value, list | tuple) else 0
