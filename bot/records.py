"""The Slack side of the store: how it is read and written, jobs, threads, and who shared which file where.

Shares the one database file and its writer thread with `rag.store`; its tables stand in
`bot.schema`. Everything here is keyed by Slack's own ids; text of people lies in `turns` (see
`bot.history`), `asides`, `feedback` and, until a job is done, in the job's payload. Times are
seconds since the epoch.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, TypeVar

from sqlite_utils import Database as Tables

from bot.events import IncomingMessage, ThreadFacts
from rag.database import Database

Result = TypeVar("Result")
KEEP_EVENTS_S = 7 * 24 * 3600  # Slack redelivers for minutes; a week is for reading the log


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work that survives a restart."""

    job_id: int
    key: str
    kind: str  # "turn" | "upload" | "erase" | ...
    lane: str  # jobs of one lane run one after the other, in order
    user: str
    payload: dict[str, Any]
    attempts: int


@dataclass(frozen=True, slots=True)
class Share:
    """One file in one message of one conversation."""

    team: str
    channel: str
    file_id: str
    message_ts: str
    thread_ts: str
    user: str
    name: str
    permalink: str
    document_id: int | None
    state: str  # "reading" | "read" | "replaced" (by a newer version) | "failed"
    note: str  # what the receipt says of it: pages read, or why it was not
    replaced_by: str | None = None  # file id of the newer version; "": people chose to search both
    kind: str | None = None  # "pdf" | "xlsx" | ... as it was read; "other": no document at all


def scope_of(team: str, channel: str) -> str:
    """The opaque scope under which `rag` keeps what this conversation may see."""
    return f"{team}/{channel}"


class Records:
    """What the bot remembers. Reading and writing never hold the event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def write(self, work: Callable[[Tables], Result]) -> Result:
        """Run ``work`` in one transaction, ahead of ingest; returns after the commit."""
        return await asyncio.wrap_future(self._database.submit(work, urgent=True))

    async def read(self, work: Callable[[Tables], Result]) -> Result:
        """Run ``work`` against what was committed."""
        return await asyncio.to_thread(self._database.read, work)

    # --- shares: which file is in which conversation -----------------------------------------

    async def shares(self, team: str, channel: str) -> tuple[Share, ...]:
        """Every file known in a conversation, oldest first."""
        sql = f"select {_SHARE_COLUMNS} from shares where team = ? and channel = ? order by shared_at, file_id"
        return await self.read(lambda db: tuple(Share(**row) for row in rows(db, sql, (team, channel))))

    async def shares_of(self, team: str, file_id: str) -> tuple[Share, ...]:
        """Every place where a file is known."""
        sql = f"select {_SHARE_COLUMNS} from shares where team = ? and file_id = ?"
        return await self.read(lambda db: tuple(Share(**row) for row in rows(db, sql, (team, file_id))))

    async def shared_files(self) -> tuple[tuple[str, str], ...]:
        """(team, file id) of every file known anywhere."""
        sql = "select distinct team, file_id from shares"
        return await self.read(lambda db: tuple((row["team"], row["file_id"]) for row in rows(db, sql, ())))

    async def add_share(self, share: Share, since: float) -> bool:
        """Remember a file that was read, or could not be; False where it was deleted ``since`` reading began."""
        row = {name: getattr(share, name) for name in _SHARE_COLUMNS.split(", ")}

        def work(db: Tables) -> bool:
            if _is_gone(db, share, since):
                return False
            key = ("team", "channel", "file_id", "message_ts")
            db.table("shares").upsert(row | {"shared_at": time.time()}, pk=key)
            return True

        return await self.write(work)

    async def drop_share(self, share: Share) -> None:
        """A file is not in a message any more."""
        where = "team = ? and channel = ? and file_id = ? and message_ts = ?"
        key = (share.team, share.channel, share.file_id, share.message_ts)
        await self.write(lambda db: db.execute(f"delete from shares where {where}", key))

    async def owed(self, team: str, channel: str) -> tuple[Share, ...]:
        """The files of a conversation of which nobody was told yet what came of them, oldest first."""
        where = f"team = ? and channel = ? and {_OWED} and state != 'reading'"
        sql = f"select {_SHARE_COLUMNS} from shares where {where} order by shared_at, file_id"
        return await self.read(lambda db: tuple(Share(**row) for row in rows(db, sql, (team, channel))))

    async def claim_receipt(self, shares: Sequence[Share]) -> Claim:
        """Take it on to tell of these files: nobody else does meanwhile, and a crash does not count as telling."""

        def work(db: Tables) -> Claim:
            found = [_share_rows(db, share, f"receipted from shares where {_SHARE} and {_OWED}") for share in shares]
            owed = [row["receipted"] for rows_of_one in found for row in rows_of_one]
            _set_receipt(db, shares, GIVING, _OWED)
            return Claim.UNSURE if UNSURE in owed else Claim.OURS if owed else Claim.NOTHING

        return await self.write(work)

    async def mark_receipt(self, shares: Sequence[Share], state: int | None) -> None:
        """Remember that these files were told of (`GIVEN`), perhaps were (`UNSURE`), or were not (`OWED`)."""
        await self.write(lambda db: _set_receipt(db, shares, state, "1"))


# Whether a file was told of: no; yes; it is being told; a former process, or a call without an answer, perhaps told it.
OWED, GIVEN, GIVING, UNSURE = None, 1, 2, 3
_OWED = f"(receipted is null or receipted = {UNSURE})"
_SHARE = "team = ? and channel = ? and file_id = ? and message_ts = ?"


class Claim(StrEnum):
    """Whose it is to tell of files."""

    NOTHING = "nothing"  # they were told of, or somebody is at it
    OURS = "ours"
    UNSURE = "unsure"  # ours, and perhaps it stands in Slack already: look there first


def _share_rows(db: Tables, share: Share, what: str) -> list[dict[str, Any]]:
    return rows(db, f"select {what}", (share.team, share.channel, share.file_id, share.message_ts))


def _set_receipt(db: Tables, shares: Sequence[Share], state: int | None, where: str) -> None:
    for share in shares:
        key = (state, share.team, share.channel, share.file_id, share.message_ts)
        db.execute(f"update shares set receipted = ? where {_SHARE} and {where}", key)


_SHARE_COLUMNS = (
    "team, channel, file_id, message_ts, thread_ts, user, name, permalink, document_id, state, note, replaced_by, kind"
)


def thread_facts(db: Tables, message: IncomingMessage) -> ThreadFacts:
    """What is known of the thread a message arrived in. Part of the inbox's transaction."""
    place = (message.team, message.channel, message.root_ts)
    where = "team = ? and channel = ? and thread_ts = ?"
    asked = rows(db, f"select 1 from turns where {where} and user = ? limit 1", (*place, message.user))
    asked = asked or rows(
        db,
        "select 1 from jobs where lane = ? and user = ? and kind = 'turn' limit 1",
        (lane_of(message), message.user),
    )
    last = rows(db, f"select last_is_ours, quiet from threads where {where}", place)
    return ThreadFacts(bool(asked), bool(last and last[0]["last_is_ours"]), bool(last and last[0]["quiet"]))


def doubt_receipts(db: Tables) -> None:
    """What a former process was telling when it ended it perhaps told."""
    db.execute("update shares set receipted = ? where receipted = ?", (UNSURE, GIVING))


def clear_old(db: Tables) -> None:
    """Forget what was only kept to recognise events and work that come twice."""
    before = time.time() - KEEP_EVENTS_S
    db.execute("delete from events where received_at < ?", (before,))
    db.execute("delete from jobs where state in ('done', 'failed') and created_at < ?", (before,))


def note_thread_message(db: Tables, message: IncomingMessage) -> None:
    """Remember that a person's message was the last of a thread. Part of the caller's transaction.

    Events come late and twice: one that is not newer than the last changes nothing.
    """
    db.execute(
        "insert into threads (team, channel, thread_ts, last_ts, last_is_ours) values (?, ?, ?, ?, 0)"
        " on conflict (team, channel, thread_ts) do update set last_ts = excluded.last_ts, last_is_ours = 0"
        " where excluded.last_ts > threads.last_ts",
        (message.team, message.channel, message.root_ts, message.ts),
    )


def note_ours(db: Tables, message: IncomingMessage) -> None:
    """Remember that the last word in a message's thread is ours: what follows it is for us."""
    sql = "update threads set last_is_ours = 1 where team = ? and channel = ? and thread_ts = ?"
    db.execute(sql, (message.team, message.channel, message.root_ts))


def set_quiet(db: Tables, message: IncomingMessage, quiet: bool) -> None:
    """Remember whether a thread wants to be left alone until we are mentioned."""
    sql = "update threads set quiet = ? where team = ? and channel = ? and thread_ts = ?"
    db.execute(sql, (int(quiet), message.team, message.channel, message.root_ts))


def _is_gone(db: Tables, share: Share, since: float) -> bool:
    sql = (
        "select 1 from gone where team = ? and at >= ? and (channel is null or channel = ?)"
        " and (message_ts is null or message_ts = ?) and (file_id is null or file_id = ?) limit 1"
    )
    return bool(rows(db, sql, (share.team, since, share.channel, share.message_ts, share.file_id)))


def add_job(
    db: Tables, kind: str, key: str, lane: str, user: str, payload: dict[str, Any], delay_s: float = 0.0
) -> None:
    """Store work, unless its key is known, to begin after ``delay_s``.

    Part of the caller's transaction; `Jobs.wake` lets the queue see it.
    """
    now = time.time()
    db.execute(
        "insert or ignore into jobs (key, kind, lane, user, payload, state, attempts, created_at, not_before)"
        " values (?, ?, ?, ?, ?, 'waiting', 0, ?, ?)",
        (key, kind, lane, user, json.dumps(payload), now, now + delay_s if delay_s else 0.0),
    )


def add_turn(db: Tables, message: IncomingMessage, question: str, delay_s: float = 0.0) -> bool:
    """Store a question, unless it is known; whether it waits now. Part of the caller's transaction."""
    key = f"turn/{message.team}/{message.channel}/{message.ts}"
    payload = {"message": asdict(message), "question": question}
    add_job(db, "turn", key, lane_of(message), message.user, payload, delay_s=delay_s)
    return bool(rows(db, "select 1 from jobs where key = ? and kind = 'turn' and state = 'waiting'", (key,)))


def lane_of(message: IncomingMessage) -> str:
    """Turns of one thread are answered one after the other, in order."""
    return f"{message.team}/{message.channel}/{message.root_ts}"


def rows(db: Tables, sql: str, values: Sequence[object]) -> list[dict[str, Any]]:
    """What a query finds, fetched: nothing lazy leaves the transaction."""
    return list(db.query(sql, tuple(values)))
