"""A thread as it stands in Slack now: the question as it reads today, the files, our own messages.

Read once for each question: an event may lack its files, the message may have been edited or
deleted since, and files may have been dropped before we were asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.events import IncomingMessage, incoming_message, mentions
from bot.jobs import TryAgain

PAGE = 200
MAX_MESSAGES = 1000
OVERTAKEN_S = 600.0  # a message older than this was not overtaken on its way here; its event was never sent
LOOK_BACK_S = 30 * 24 * 3600.0  # how much older than what is wanted the beginning of a thread may be
MOST_THREADS = 20  # of a span of time that are read
CHANNEL_MESSAGES = 100  # how far back a question outside a thread looks for files
_SAID = frozenset({None, "file_share", "thread_broadcast", "bot_message", "me_message"})
NOTICE = "notice"  # block_id of messages of ours that are not answers


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file in a message."""

    file_id: str
    message_ts: str
    thread_ts: str
    user: str


@dataclass(frozen=True, slots=True)
class ThreadView:
    """What a thread held when it was read."""

    text: str  # of the question, as it reads now
    files: tuple[FileRef, ...]  # oldest first
    ours: tuple[str, ...]  # ts of our messages after the question that may be a reply begun
    mentions: tuple[IncomingMessage, ...] = ()  # earlier messages of this thread, lately, that mention us


@dataclass(frozen=True, slots=True)
class ThreadMessage:
    """One message of a thread, as it reads now."""

    ts: str
    user: str  # "" where a bot wrote it
    author: str  # a bot's name; "" where a person wrote it
    text: str  # as Slack sent it
    files: tuple[str, ...]  # their names


@dataclass(frozen=True, slots=True)
class Talk:
    """What was said in one thread, or by one message outside threads, in a span of time."""

    root_ts: str
    title: str  # the text that began it, however long ago; as Slack sent it
    messages: tuple[ThreadMessage, ...]  # oldest first
    is_thread: bool


class Conversations:
    """Reads threads and channels."""

    def __init__(self, client: AsyncWebClient, bot_user: str) -> None:
        self._client = client
        self._bot_user = bot_user

    async def read(self, message: IncomingMessage) -> ThreadView | None:
        """The thread of a question; None where the question is gone. Raises: TryAgain."""
        messages = await self._replies(message.channel, message.root_ts)
        if not any(m["ts"] == message.ts for m in messages):  # a thread longer than we read
            beyond = await self._replies(message.channel, message.root_ts, only_ts=message.ts)
            messages += [m for m in beyond if m["ts"] == message.ts]
        asked = next((m for m in messages if m["ts"] == message.ts and m.get("subtype") != "tombstone"), None)
        if asked is None:
            return None
        if message.thread_ts is None and not asked.get("files"):
            messages = await self._history(message.channel) + [m for m in messages if m["ts"] != message.ts]
        others = [m for m in messages if m.get("user") != self._bot_user]  # other apps drop files too
        files = tuple(ref for m in others if float(m["ts"]) <= float(message.ts) for ref in _files(m))
        mentions = tuple(self._mentions(messages, message)) if message.thread_ts else ()
        return ThreadView(asked.get("text") or "", files, self._begun(messages, message.ts), mentions)

    def _mentions(self, messages: list[dict[str, Any]], asked: IncomingMessage) -> Iterator[IncomingMessage]:
        place = {"channel": asked.channel, "channel_type": asked.channel_type, "type": "message"}
        for said in messages:
            if not 0 < float(asked.ts) - float(said["ts"]) < OVERTAKEN_S:
                continue
            earlier = incoming_message(asked.team, said | place, is_shared_outside=asked.is_shared_outside)
            if isinstance(earlier, IncomingMessage) and self._bot_user in mentions(earlier.text):
                yield earlier

    async def messages(self, channel: str, root_ts: str) -> tuple[tuple[ThreadMessage, ...], bool]:
        """A thread, oldest first, and whether it goes on beyond what was read (`MAX_MESSAGES` at least).

        Without our own messages and those that only tell who came or went; none where the thread is gone.
        Raises: TryAgain.
        """
        found = await self._replies(channel, root_ts)
        return tuple(_thread_message(m) for m in found if self._is_said(m)), len(found) >= MAX_MESSAGES

    async def since(self, channel: str, at_s: float) -> tuple[tuple[Talk, ...], bool]:
        """What was said in a channel after a time, oldest first, and whether there is more than was read.

        Threads that began up to `LOOK_BACK_S` earlier count too. Raises: TryAgain.
        """
        roots, is_cut = await self._top_level(channel, at_s - LOOK_BACK_S)
        threads = [m for m in roots if float(m.get("latest_reply") or 0) >= at_s]
        talks = [await self._talk(channel, root, at_s) for root in threads[-MOST_THREADS:]]
        lone = (m for m in roots if not m.get("reply_count") and float(m["ts"]) >= at_s and self._is_said(m))
        talks += (Talk(m["ts"], m.get("text") or "", (_thread_message(m),), is_thread=False) for m in lone)
        heard = sorted((talk for talk in talks if talk.messages), key=lambda talk: float(talk.root_ts))
        return tuple(heard), is_cut or len(threads) > MOST_THREADS

    async def _talk(self, channel: str, root: dict[str, Any], at_s: float) -> Talk:
        messages, _ = await self.messages(channel, root["ts"])
        lately = tuple(m for m in messages if float(m.ts) >= at_s)
        return Talk(root["ts"], (root.get("text") or "") if self._is_said(root) else "", lately, is_thread=True)

    async def files(self, channel: str, root_ts: str) -> tuple[FileRef, ...]:
        """The files in a thread, oldest first. Raises: TryAgain."""
        found = await self._replies(channel, root_ts)
        return tuple(ref for m in found if m.get("user") != self._bot_user for ref in _files(m))

    async def marked(self, channel: str, root_ts: str, mark: str) -> dict[str, str]:
        """block_id → ts of our messages in a thread (without ``root_ts``: in the channel, lately) that ``mark`` begins.

        Raises: TryAgain.
        """
        found = await (self._replies(channel, root_ts) if root_ts else self._history(channel))
        ours = (m for m in found if m.get("user") == self._bot_user)
        ids = ((str(block.get("block_id", "")), m["ts"]) for m in ours for block in m.get("blocks") or ())
        return {block_id: ts for block_id, ts in ids if block_id.startswith(mark)}

    def _is_said(self, message: dict[str, Any]) -> bool:
        is_ours = message.get("user") == self._bot_user
        return not is_ours and message.get("subtype") in _SAID

    def _begun(self, messages: list[dict[str, Any]], after_ts: str) -> tuple[str, ...]:
        ours = (m for m in messages if m.get("user") == self._bot_user and float(m["ts"]) > float(after_ts))
        return tuple(m["ts"] for m in ours if not _is_notice(m))

    async def _replies(self, channel: str, ts: str, only_ts: str = "") -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = []
        cursor = ""
        span = only_ts or None
        while len(messages) < MAX_MESSAGES:
            try:
                page = await self._client.conversations_replies(
                    channel=channel, ts=ts, limit=PAGE, cursor=cursor, oldest=span, latest=span, inclusive=bool(span)
                )
            except SlackApiError as error:
                if error.response.get("error") in {"thread_not_found", "message_not_found"}:
                    return []
                raise TryAgain(f"conversations.replies: {error.response.get('error')}") from error
            messages += page["messages"]
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                break
        return messages

    async def _top_level(self, channel: str, oldest_s: float) -> tuple[list[dict[str, Any]], bool]:
        """A channel's own messages after a time, oldest first, at most `MAX_MESSAGES`; and whether there are more."""
        messages: list[dict[str, Any]] = []
        cursor = ""
        while len(messages) < MAX_MESSAGES:
            try:
                page = await self._client.conversations_history(
                    channel=channel, limit=PAGE, cursor=cursor, oldest=f"{oldest_s:.6f}"
                )
            except SlackApiError as error:
                raise TryAgain(f"conversations.history: {error.response.get('error')}") from error
            messages += page["messages"]
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                break
        return messages[::-1], bool(cursor)

    async def _history(self, channel: str) -> list[dict[str, Any]]:
        try:
            page = await self._client.conversations_history(channel=channel, limit=CHANNEL_MESSAGES)
        except SlackApiError as error:
            raise TryAgain(f"conversations.history: {error.response.get('error')}") from error
        return list(reversed(page["messages"]))


def _thread_message(message: dict[str, Any]) -> ThreadMessage:
    names = tuple(f.get("name") or "" for f in message.get("files") or () if f.get("mode") != "tombstone")
    bot = ""
    if message.get("bot_id"):
        bot = message.get("username") or (message.get("bot_profile") or {}).get("name") or "bot"
    user = "" if bot else message.get("user") or ""
    return ThreadMessage(message["ts"], user, bot, message.get("text") or "", tuple(filter(None, names)))


def _files(message: dict[str, Any]) -> list[FileRef]:
    root = message.get("thread_ts") or message["ts"]
    files = message.get("files") or ()
    there = [f for f in files if f.get("id") and f.get("mode") != "tombstone"]
    return [FileRef(f["id"], message["ts"], root, message.get("user", "")) for f in there]


def _is_notice(message: dict[str, Any]) -> bool:
    return any(str(block.get("block_id", "")).startswith(NOTICE) for block in message.get("blocks") or ())
