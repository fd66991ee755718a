"""What may not be kept any longer: text past a conversation's term, and what Slack deleted without telling us.

Slack raises no event for what its own retention deletes, nor repeats one for long. So everything known is
compared with Slack now and then, the longest unchecked first, at a pace that leaves Slack to the people.
Nothing is erased on doubt: only an answer that says "deleted" or "not there" counts.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels import Channels
from bot.erasures import Erasures
from bot.events import Removal
from bot.forgetting import forget_older, take_away
from bot.jobs import Jobs
from bot.records import Records, Tables, add_job, clear_old, rows
from rag.errors import InhouseError

log = logging.getLogger(__name__)

CALLS_PER_MINUTE = 20
ASIDES_S = 24 * 3600.0  # a private answer can be shared this long
DAY_S = 24 * 3600.0
LEFT_S = 3000.0  # twice in a row, this far apart, Slack must say that we are not in a conversation
THREAD_PAGE = 200
THREAD_PAGES = 25  # of one thread; what lies beyond is not judged
_NO_THREAD = frozenset({"thread_not_found", "message_not_found"})
_NOT_IN = frozenset({"channel_not_found", "not_in_channel"})


@dataclass(frozen=True, slots=True)
class Known:
    """One thing to ask Slack about: a file, or (with ``channel``) a thread."""

    team: str
    channel: str
    ref: str  # file id, or the thread's ts

    @property
    def key(self) -> str:
        """Under which the last check is kept."""
        return "/".join(("thread" if self.channel else "file", self.team, self.channel, self.ref))


class Retention:
    """Sweeps once an hour."""

    def __init__(
        self,
        client: AsyncWebClient,
        records: Records,
        erasures: Erasures,
        channels: Channels,
        jobs: Jobs,
        team: str,
        *,
        clock: Callable[[], float] = time.time,
        calls_per_minute: int = CALLS_PER_MINUTE,
    ) -> None:
        self._client = client
        self._records = records
        self._erasures = erasures
        self._channels = channels
        self._jobs = jobs
        self._team = team
        self._clock = clock
        self._called: deque[float] = deque(maxlen=calls_per_minute)
        self._left: dict[str, float] = {}  # channel -> when Slack first said that we are not in it

    async def run_forever(self, interval_s: float = 3600.0) -> None:
        """Sweep at once and then every ``interval_s``; what goes wrong is logged and tried the next time."""
        while True:
            try:
                await self.sweep()
            except (InhouseError, SlackApiError) as error:
                log.error("the retention sweep broke off: %s", type(error).__name__)
            await asyncio.sleep(interval_s)

    async def sweep(self) -> int:
        """Forget what is due, then compare what is left with Slack; how many removals that led to."""
        await self._erasures.sweep_everywhere()
        await self._forget_asides()
        removals = await self._forget_due()
        return removals + await self._compare()

    async def _forget_asides(self) -> None:
        before = self._clock() - ASIDES_S

        def work(db: Tables) -> None:
            db.execute("delete from asides where created_at < ?", (before,))
            db.execute("delete from contexts where at < ?", (before,))
            clear_old(db)

        await self._records.write(work)

    async def _forget_due(self) -> int:
        """What is older than a conversation's term; answers that were posted are left to Slack's own retention."""
        count = 0
        for channel, settings in (await self._channels.all(self._team)).items():
            if settings.retention_days:
                before = self._clock() - settings.retention_days * DAY_S
                work = partial(forget_older, team=self._team, channel=channel, before=before)
                taken = await self._records.write(work)
                done = await self._erasures.finish(taken, "retention")
                count += bool(done.files or done.turns)
        return count

    async def _compare(self) -> int:
        """Ask Slack about everything known, the longest unchecked first, and of those the newest."""
        count = 0
        skipped: set[str] = set()
        everything = await self._records.read(lambda db: _to_check(db, self._team))
        await self._records.write(lambda db: _drop_stale_checks(db, everything))
        for known in everything:
            if known.channel in skipped:
                continue
            gone = await (self._gone_in_thread(known, skipped) if known.channel else self._gone_file(known))
            count += len(gone)
            await self._remove(gone, known)
        return count

    async def _remove(self, gone: Iterable[Removal], known: Known) -> None:
        """Do what the event that never came would have done, and note that ``known`` was looked at."""

        def work(db: Tables) -> None:
            for removal in gone:
                lane = f"erase/{removal.team}"
                add_job(db, "erase", f"erase/{uuid.uuid4()}", lane, "", take_away(db, removal, "missing"))
            db.execute(
                "insert into checks (key, at) values (?, ?) on conflict (key) do update set at = excluded.at",
                (known.key, self._clock()),
            )

        await self._records.write(work)
        self._jobs.wake()

    async def _gone_file(self, known: Known) -> list[Removal]:
        await self._wait()
        try:
            file = (await self._client.files_info(file=known.ref))["file"]
        except SlackApiError as error:
            code = error.response.get("error")
            is_gone = code == "file_deleted" or (code == "file_not_found" and await self._sees(known))
        else:
            is_gone = file.get("mode") == "tombstone"
        return [Removal(known.team, file_id=known.ref)] if is_gone else []

    async def _sees(self, known: Known) -> bool:
        """Whether we are in a conversation where a file was shared: else "not found" may mean "not for you"."""
        for share in await self._records.shares_of(known.team, known.ref):
            await self._wait()
            try:
                place = (await self._client.conversations_info(channel=share.channel))["channel"]
            except SlackApiError:
                continue
            if place.get("is_member") or place.get("is_im") or place.get("is_mpim"):
                return True
        return False

    async def _gone_in_thread(self, known: Known, skipped: set[str]) -> list[Removal]:
        """The messages of a thread that are known here and not there any more; or the whole conversation."""
        ours = await self._records.read(lambda db: _messages_of(db, known))  # before Slack is asked: not the other way
        try:
            there, is_whole = await self._messages(known)
        except SlackApiError as error:
            code = error.response.get("error")
            if code in _NOT_IN:
                skipped.add(known.channel)
                return self._left_behind(known)
            if code not in _NO_THREAD:
                return []
            there, is_whole = set(), True
        self._left.pop(known.channel, None)
        judged = [ts for ts in ours if is_whole or (there and float(ts) < max(map(float, there)))]
        return [Removal(known.team, known.channel, message_ts=ts) for ts in judged if ts not in there]

    async def _messages(self, known: Known) -> tuple[set[str], bool]:
        """The ts of a thread's messages, and whether that is all of them. Raises: SlackApiError."""
        there: set[str] = set()
        cursor = ""
        for _ in range(THREAD_PAGES):
            await self._wait()
            page = await self._client.conversations_replies(
                channel=known.channel, ts=known.ref, limit=THREAD_PAGE, cursor=cursor
            )
            there |= {message["ts"] for message in page["messages"] if message.get("subtype") != "tombstone"}
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if page.get("is_limited"):  # a plan that hides older messages: they are not gone
                return set(), False
            if not cursor:
                return there, bool(there)  # a thread without any message is a doubt, not a deletion
        return there, False

    def _left_behind(self, known: Known) -> list[Removal]:
        """The conversation, once Slack said twice that we are not in it; the first time may be an outage."""
        first = self._left.setdefault(known.channel, self._clock())
        if self._clock() - first < LEFT_S:
            return []
        del self._left[known.channel]
        return [Removal(known.team, known.channel)]

    async def _wait(self) -> None:
        """Until one more call stays within the pace."""
        now = time.monotonic()
        if len(self._called) == self._called.maxlen and now - self._called[0] < 60:
            await asyncio.sleep(60 - (now - self._called[0]))
        self._called.append(time.monotonic())


def _to_check(db: Tables, team: str) -> list[Known]:
    """Every file and thread that something is known of, in the order in which to ask about them."""
    files = rows(db, "select file_id, max(message_ts) as ts from shares where team = ? group by file_id", (team,))
    union = " union ".join(f"select channel, thread_ts from {table} where team = ?" for table in ("shares", "turns"))
    threads = rows(db, union, (team, team))
    found = [(Known(team, "", row["file_id"]), float(row["ts"])) for row in files]
    found += [(Known(team, row["channel"], row["thread_ts"]), float(row["thread_ts"])) for row in threads]
    checked = {row["key"]: row["at"] for row in rows(db, "select key, at from checks", ())}
    found.sort(key=lambda each: (checked.get(each[0].key, 0.0), -each[1]))
    return [known for known, _ in found]


def _drop_stale_checks(db: Tables, everything: Iterable[Known]) -> None:
    keys = json.dumps([known.key for known in everything])
    db.execute("delete from checks where key not in (select value from json_each(?))", (keys,))


def _messages_of(db: Tables, known: Known) -> list[str]:
    """The ts of a thread's messages that hold files or questions, and of our answers in it."""
    where = "team = ? and channel = ? and thread_ts = ?"
    columns = (("message_ts", "shares"), ("message_ts", "turns"), ("reply_ts", "turns"))
    union = " union ".join(f"select {name} as ts from {table} where {where}" for name, table in columns)
    found = rows(db, union, (known.team, known.channel, known.ref) * len(columns))
    return [row["ts"] for row in found if row["ts"]]
