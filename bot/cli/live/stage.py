"""Where a check plays: posts into one thread of the channel, and takes everything away again.

Each check has a stage of its own over the same thread. A call that shows something new is never cut off
half way, so that what it left is known, and removed, also after Ctrl-C.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.cli.live.line import Line
from bot.cli.live.pace import Pace
from bot.cli.live.place import Place

LINGER_S = 10.0  # how long the end waits for a post that is still under way
UNFURL_NOTHING = {"unfurl_links": False, "unfurl_media": False}


class Turns:
    """Spaces posts, whoever makes them, as Slack wants for one channel."""

    def __init__(self, between_s: float) -> None:
        self._between_s = between_s
        self._lock = asyncio.Lock()
        self._last = float("-inf")

    async def take(self) -> None:
        """Return when it is one's turn."""
        async with self._lock:
            await asyncio.sleep(max(0.0, self._last + self._between_s - time.monotonic()))
            self._last = time.monotonic()


@dataclass(slots=True)
class Stage:
    """One check's means. ``strict`` does not wait and ask again where Slack asks to be called less often."""

    client: AsyncWebClient
    strict: AsyncWebClient
    line: Line
    place: Place
    pace: Pace
    turns: Turns
    tell: Callable[[str], None]
    root_ts: str | None = None
    _posted: dict[str, bool] = field(default_factory=dict)  # ts -> whether it is an open stream
    _under_way: set[asyncio.Task[Any]] = field(default_factory=set)

    def beside(self) -> Stage:
        """Another stage over the same thread."""
        return Stage(
            self.client, self.strict, self.line, self.place, self.pace, self.turns, self.tell, root_ts=self.root_ts
        )

    async def post(self, text: str, **content: Any) -> str:
        """Post into the thread; its ts. ``thread_ts=None`` posts into the channel itself. Raises: SlackApiError."""
        content = {"thread_ts": self.root_ts, **UNFURL_NOTHING, **content}
        call = self.client.chat_postMessage
        return await self._show(lambda: call(channel=self.place.channel, text=text, **content), is_stream=False)

    async def stream(self, **more: Any) -> str:
        """Begin a stream in the thread; its ts. Raises: SlackApiError."""
        identity = self.place.identity
        reader = {"recipient_user_id": self.place.reader, "recipient_team_id": identity.team_id}
        where: dict[str, Any] = {"channel": self.place.channel, "thread_ts": self.root_ts, **reader, **more}
        return await self._show(lambda: self.client.chat_startStream(**where), is_stream=True)

    async def _show(self, call: Callable[[], Awaitable[Any]], *, is_stream: bool) -> str:
        await self.turns.take()

        async def shown() -> str:
            ts = str((await call())["ts"])
            self._posted[ts] = is_stream
            return ts

        task = asyncio.create_task(shown())
        self._under_way.add(task)
        task.add_done_callback(self._arrived)
        return await asyncio.shield(task)

    def _arrived(self, task: asyncio.Task[str]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waited for it may have been cut off and never sees it

    async def append(self, ts: str, text: str) -> str:
        """Let a stream grow; Slack's refusal, or nothing."""
        return await refusal(self.strict.chat_appendStream(channel=self.place.channel, ts=ts, markdown_text=text))

    async def stop(self, ts: str, blocks: list[dict[str, Any]] | None = None, text: str | None = None) -> str:
        """End a stream, with a last piece of text and blocks below it; Slack's refusal, or nothing."""
        call = self.client.chat_stopStream
        refused = await refusal(call(channel=self.place.channel, ts=ts, blocks=blocks, markdown_text=text))
        self._posted[ts] = bool(refused)
        return refused

    async def update(self, ts: str, text: str, **content: Any) -> str:
        """Write a message anew; Slack's refusal, or nothing."""
        return await refusal(self.client.chat_update(channel=self.place.channel, ts=ts, text=text, **content))

    async def status(self, text: str) -> str:
        """Say under the thread what is being done; Slack's refusal, or nothing."""
        call = self.strict.assistant_threads_setStatus
        return await refusal(call(channel_id=self.place.channel, thread_ts=self.root_ts or "", status=text))

    async def read(self, ts: str) -> dict[str, Any]:
        """A message of the thread as Slack gives it back; empty where it is not there. Raises: SlackApiError."""
        page = await self.client.conversations_replies(
            channel=self.place.channel, ts=self.root_ts or ts, oldest=ts, latest=ts, inclusive=True, limit=5
        )
        return next((message for message in page["messages"] if message["ts"] == ts), {})

    async def remove(self, ts: str) -> str:
        """Delete a message of ours; Slack's refusal, or nothing."""
        if self._posted.get(ts):
            await self.stop(ts)  # an open stream first
        refused = await refusal(self.client.chat_delete(channel=self.place.channel, ts=ts))
        if refused in {"", "message_not_found"}:
            self._posted.pop(ts, None)
            return ""
        return refused

    async def clear_thread(self) -> int:
        """Delete what is still ours in the thread, also what appeared by itself; how many messages could not be."""
        left = 0
        if self.root_ts in self._posted:
            left = await self._sweep(self.root_ts)
        return left + await self.clear()

    async def _sweep(self, root_ts: str) -> int:
        try:
            page = await self.client.conversations_replies(channel=self.place.channel, ts=root_ts, limit=200)
        except SlackApiError:
            return 0
        ours = [m["ts"] for m in page["messages"] if m.get("user") == self.place.identity.user_id]
        refusals = [await self.remove(ts) for ts in ours if ts != root_ts]
        return sum(map(bool, refusals))

    async def clear(self) -> int:
        """Delete everything posted from this stage; how many messages could not be."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=LINGER_S)
        refusals = [await self.remove(ts) for ts in reversed(tuple(self._posted))]
        return sum(map(bool, refusals))


async def refusal(call: Awaitable[Any]) -> str:
    """Slack's word for why it refused a call; nothing where it did not."""
    try:
        await call
    except SlackApiError as error:
        return str(error.response.get("error") or "no code")
    return ""
