"""What Slack did not deliver: read from the conversations after a connection was away, and taken in once.

Slack keeps nothing for a socket that was away for long, and repeats an event that was not acknowledged three
times within six minutes and never again. So after each connecting, and after an event that could not be stored,
what was written since a stored time is read, and goes through the inbox like any event: the same rule says
whether it is for us, and a message that came as an event is known there. What was edited meanwhile
is read as it stands, and a question that was answered is answered anew; an edited reply in a thread where nothing was
said since is not seen. Deletions are `bot.retention`'s.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.events import IncomingMessage, incoming_message
from bot.inbox import Inbox
from bot.records import Records, Tables, rows
from rag.errors import InhouseError

log = logging.getLogger(__name__)

OVERLAP_S = 600.0  # Slack repeats events for six minutes: what is older than this came, or never will
LONGEST_S = 3 * 24 * 3600.0  # a question that waited longer is not answered any more
THREADS_S = 7 * 24 * 3600.0  # how much older than what is read the beginning of its thread may be, if nobody knows it
SETTLE_S = 2.0  # what Slack sends by itself after connecting comes first
RENEW_S = 300.0
AGAIN_S = 30.0
CALLS_PER_MINUTE = 40  # of the fifty that Slack allows of each kind; answering needs some
PAGE = 200
MOST_PAGES = 5  # of one conversation, and of one thread
MOST_THREADS = 50  # of one conversation
KINDS = "public_channel,private_channel,mpim,im"


@dataclass(frozen=True, slots=True)
class Place:
    """A conversation that we are in."""

    channel: str
    kind: str  # "channel" | "group" | "im" | "mpim"
    is_shared_outside: bool


class CatchUp:
    """Reads what was missed. `connected` and `doubt` say when there may be something."""

    def __init__(
        self,
        client: AsyncWebClient,
        records: Records,
        inbox: Inbox,
        team: str,
        bot_user: str,
        *,
        clock: Callable[[], float] = time.time,
        calls_per_minute: int = CALLS_PER_MINUTE,
    ) -> None:
        self._client = client
        self._records = records
        self._inbox = inbox
        self._team = team
        self._bot_user = bot_user
        self._clock = clock
        self._called: deque[float] = deque(maxlen=calls_per_minute)
        self._wanted = asyncio.Event()
        self.runs = 0  # how often everything was read

    def connected(self) -> None:
        """There is a new connection: what came before it may never have arrived."""
        self._wanted.set()

    def doubt(self) -> None:
        """An event could not be stored: Slack repeats it, but not for ever."""
        self._wanted.set()

    async def run_forever(self, is_connected: Callable[[], Any]) -> None:
        """Read whenever there may be something; else keep the time up to which nothing is missing close to now."""
        while True:
            try:
                async with asyncio.timeout(RENEW_S):
                    await self._wanted.wait()
            except TimeoutError:
                await self._renew(is_connected)
                continue
            await asyncio.sleep(SETTLE_S)
            self._wanted.clear()
            try:
                await self.run()
            except (InhouseError, SlackApiError) as error:
                log.warning("not everything that was missed could be read, it is tried again: %s", type(error).__name__)
                await asyncio.sleep(AGAIN_S)
                self._wanted.set()
            except Exception:  # it must go on for as long as the bot does
                log.exception("not everything that was missed could be read, it is tried again")
                await asyncio.sleep(AGAIN_S)
                self._wanted.set()

    async def run(self) -> int:
        """Take in what was written since the stored time; how many messages were new.

        The time moves on only when all of it was read, so that what breaks off is done again.
        Raises: InhouseError, SlackApiError.
        """
        begun, since = self._clock(), await self._records.read(lambda db: _watermark(db, self._team))
        count = 0
        if since is not None:
            oldest_s = max(since - OVERLAP_S, begun - LONGEST_S)
            for place in await self._places():
                count += await self._read(place, oldest_s)
            if count:
                log.info("messages that Slack did not deliver: %d", count)
        await self._records.write(lambda db: _set_watermark(db, self._team, begun))
        self.runs += 1
        return count

    async def _renew(self, is_connected: Callable[[], Any]) -> None:
        """While everything arrives there is nothing to read later on."""
        now = self._clock()
        try:
            if await is_connected() and not self._wanted.is_set():
                await self._records.write(lambda db: _set_watermark(db, self._team, now))
        except InhouseError as error:
            log.warning("the time up to which nothing is missing could not be kept: %s", type(error).__name__)
            self.doubt()

    async def _places(self) -> list[Place]:
        """Every conversation that we are in, those with the latest talk first. Raises: SlackApiError."""
        found: list[Place] = []
        cursor = ""
        while True:
            await self._wait()
            page = await self._client.users_conversations(
                types=KINDS, exclude_archived=True, limit=PAGE, cursor=cursor, user=self._bot_user
            )
            found += [_place(channel) for channel in page["channels"]]
            cursor = _cursor(page)
            if not cursor:
                break
        latest = await self._records.read(lambda db: _latest(db, self._team))
        return sorted(found, key=lambda place: -latest.get(place.channel, 0.0))

    async def _read(self, place: Place, oldest_s: float) -> int:
        """Take in what is new of one conversation, in the order in which it was written."""
        try:
            said = [message async for message in self._said(place, oldest_s)]
        except SlackApiError as error:
            if error.response.get("error") in {"channel_not_found", "not_in_channel", "missing_scope"}:
                return 0  # we were taken out just now, or may not read this kind
            raise
        count = 0
        for message in sorted(said, key=lambda each: float(each["ts"])):
            is_new = await self._take_in(place, message) if float(message["ts"]) > oldest_s else False
            count += is_new or await self._take_edit(place, message, oldest_s)
        return count

    async def _said(self, place: Place, oldest_s: float) -> AsyncIterator[dict[str, Any]]:
        """What people wrote after a time, in threads and outside. Raises: SlackApiError."""
        roots: dict[str, float] = {}
        async for message in self._pages(self._client.conversations_history, place, oldest_s - THREADS_S):
            if float(message.get("latest_reply") or 0) > oldest_s:
                roots[message["ts"]] = float(message["latest_reply"])
            if max(float(message["ts"]), _edited_s(message)) > oldest_s and not _is_reply(message):
                yield message
        known = await self._records.read(lambda db: _threads(db, self._team, place.channel, oldest_s - THREADS_S))
        roots |= {ts: at for ts, at in known.items() if float(ts) <= oldest_s - THREADS_S}
        for ts in sorted(roots, key=lambda root: -roots[root])[:MOST_THREADS]:
            async for message in self._pages(self._client.conversations_replies, place, oldest_s, ts=ts):
                if float(message["ts"]) > oldest_s and _is_reply(message):
                    yield message

    async def _pages(
        self, method: Callable[..., Any], place: Place, oldest_s: float, **which: str
    ) -> AsyncIterator[dict[str, Any]]:
        cursor = ""
        for _ in range(MOST_PAGES):
            await self._wait()
            try:
                page = await method(channel=place.channel, oldest=f"{oldest_s:.6f}", limit=PAGE, cursor=cursor, **which)
            except SlackApiError as error:
                if which and error.response.get("error") in {"thread_not_found", "message_not_found"}:
                    return
                raise
            for message in page["messages"]:
                yield message
            cursor = _cursor(page)
            if not cursor:
                return
        log.warning("channel=%s: more was written meanwhile than is read", place.channel)

    async def _take_in(self, place: Place, said: dict[str, Any]) -> bool:
        """Whether a message was new, and a person's."""
        event = said | {"type": "message", "channel": place.channel, "channel_type": place.kind, "event_ts": said["ts"]}
        message = incoming_message(self._team, event)
        if not isinstance(message, IncomingMessage) or message.user == self._bot_user:
            return False
        body = {"team_id": self._team, "event": event, "is_ext_shared_channel": place.is_shared_outside}
        return await self._inbox.record_read(body)

    async def _take_edit(self, place: Place, said: dict[str, Any], oldest_s: float) -> bool:
        """Whether a message that was known has other words since ``oldest_s``, and nobody said so."""
        if _edited_s(said) <= oldest_s or said.get("user") == self._bot_user:
            return False
        event = {"type": "message", "subtype": "message_changed", "channel": place.channel, "channel_type": place.kind}
        body = {"team_id": self._team, "event": event | {"message": said, "event_ts": said["edited"]["ts"]}}
        return await self._inbox.record_read(body)

    async def _wait(self) -> None:
        """Until one more call stays within the pace."""
        now = time.monotonic()
        if len(self._called) == self._called.maxlen and now - self._called[0] < 60:
            await asyncio.sleep(60 - (now - self._called[0]))
        self._called.append(time.monotonic())


def _place(channel: dict[str, Any]) -> Place:
    kinds: Iterable[tuple[str, str]] = (("is_im", "im"), ("is_mpim", "mpim"), ("is_private", "group"))
    kind = next((kind for mark, kind in kinds if channel.get(mark)), "channel")
    return Place(channel["id"], kind, bool(channel.get("is_ext_shared") or channel.get("is_pending_ext_shared")))


def _edited_s(message: dict[str, Any]) -> float:
    """When its words were changed last; 0.0 where they never were."""
    return float((message.get("edited") or {}).get("ts") or 0.0)


def _is_reply(message: dict[str, Any]) -> bool:
    return message.get("thread_ts") not in {None, message["ts"]}


def _cursor(page: Any) -> str:
    return (page.get("response_metadata") or {}).get("next_cursor") or ""


def _watermark(db: Tables, team: str) -> float | None:
    """The time up to which nothing is missing; None where this team was never served before."""
    found = rows(db, "select at from watermarks where team = ?", (team,))
    return float(found[0]["at"]) if found else None


def _set_watermark(db: Tables, team: str, at: float) -> None:
    sql = "insert into watermarks (team, at) values (?, ?) on conflict (team) do update set at = max(at, excluded.at)"
    db.execute(sql, (team, at))


def _latest(db: Tables, team: str) -> dict[str, float]:
    sql = "select channel, max(cast(last_ts as real)) as at from threads where team = ? group by channel"
    return {row["channel"]: row["at"] or 0.0 for row in rows(db, sql, (team,))}


def _threads(db: Tables, team: str, channel: str, since_s: float) -> dict[str, float]:
    """Threads of a conversation in which something was said lately, and when."""
    sql = (
        "select thread_ts, cast(last_ts as real) as at from threads"
        " where team = ? and channel = ? and cast(last_ts as real) > ?"
    )
    return {row["thread_ts"]: row["at"] for row in rows(db, sql, (team, channel, since_s))}
