"""The Slack side of the store: events seen, jobs, threads, turns, and who shared which file where.

Shares the one database file and its writer thread with `rag.store`. Everything here is keyed by
Slack's own ids; text of people lies in `turns` (their thread's history) and, until a job is done,
in the job's payload. Times are seconds since the epoch.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlite_utils import Database as Tables
from sqlite_utils.migrations import Migrations

from bot.events import IncomingMessage, ThreadFacts
from rag.database import Database
from rag.types import Turn

Result = TypeVar("Result")
MIGRATIONS = Migrations("bot")
KEEP_EVENTS_S = 7 * 24 * 3600  # Slack redelivers for minutes; a week is for reading the log


@MIGRATIONS()
def m001_initial(db: Tables) -> None:
    """Tables as of 0.1."""
    _m001_work(db)
    _m001_conversations(db)
    _m001_files(db)


def _m001_work(db: Tables) -> None:
    """What Slack sent, and what is to be done about it."""
    db.table("events").create(
        {"event_id": str, "team": str, "kind": str, "ignored": str, "received_at": float}, pk="event_id"
    )
    db.table("events").create_index(["received_at"])
    db.table("jobs").create(
        {
            "job_id": int,
            "key": str,
            "kind": str,
            "lane": str,
            "user": str,
            "payload": str,
            "state": str,
            "attempts": int,
            "created_at": float,
            "not_before": float,
        },
        pk="job_id",
        not_null={"key", "kind", "lane", "state"},
    )
    db.table("jobs").create_index(["key"], unique=True)
    db.table("jobs").create_index(["state"])
    db.table("jobs").create_index(["lane"])


def _m001_conversations(db: Tables) -> None:
    """Threads that the bot takes part in, and the questions it was asked."""
    db.table("threads").create(
        {"team": str, "channel": str, "thread_ts": str, "last_ts": str, "last_is_ours": int},
        pk=("team", "channel", "thread_ts"),
    )
    db.table("turns").create(
        {
            "turn_id": int,
            "team": str,
            "channel": str,
            "thread_ts": str,
            "message_ts": str,
            "user": str,
            "widened": int,
            "reply_ts": str,
            "question": str,
            "answer": str,
            "outcome": str,
            "files": str,  # JSON list of file ids that the answer rests on or searched
            "created_at": float,
        },
        pk="turn_id",
    )
    db.table("turns").create_index(["team", "channel", "message_ts", "widened"], unique=True)
    db.table("turns").create_index(["team", "channel", "thread_ts"])


def _m001_files(db: Tables) -> None:
    """Where files were shared, and what was taken away again."""
    db.table("shares").create(
        {
            "team": str,
            "channel": str,
            "file_id": str,
            "message_ts": str,
            "thread_ts": str,
            "user": str,
            "name": str,
            "permalink": str,
            "document_id": int,
            "state": str,  # "reading" | "read" | "failed"
            "note": str,
            "receipted": int,
            "shared_at": float,
        },
        pk=("team", "channel", "file_id", "message_ts"),
    )
    # What was taken away, so that a file being read just then does not come back.
    db.table("gone").create({"team": str, "channel": str, "message_ts": str, "file_id": str, "at": float})


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
    state: str  # "reading" | "read" | "failed"
    note: str  # what the receipt says of it: pages read, or why it was not


@dataclass(frozen=True, slots=True)
class OpenReply:
    """A reply that was begun, and perhaps finished, for a question."""

    turn_id: int
    reply_ts: str
    outcome: str | None


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

    # --- turns: a thread's history -----------------------------------------------------------

    async def history(self, message: IncomingMessage, limit: int) -> tuple[Turn, ...]:
        """Earlier turns of the conversation, oldest first; in a direct message its last half hour too."""

        def work(db: Tables) -> tuple[Turn, ...]:
            found = rows(
                db,
                "select question, answer from turns where team = ? and channel = ? and answer is not null"
                " and message_ts < ? and (thread_ts = ? or (? and created_at > ?))"
                " order by message_ts desc limit ?",
                (
                    *(message.team, message.channel, message.ts, message.root_ts),
                    *(message.is_direct and message.thread_ts is None, time.time() - 1800, limit),
                ),
            )
            return tuple(Turn(row["question"], row["answer"]) for row in reversed(found))

        return await self.read(work)

    async def open_reply(self, message: IncomingMessage, widened: bool) -> OpenReply | None:
        """The reply that an earlier run began for this question, if its place is known."""

        def work(db: Tables) -> OpenReply | None:
            found = rows(
                db,
                "select turn_id, reply_ts, outcome from turns"
                " where team = ? and channel = ? and message_ts = ? and widened = ?",
                (message.team, message.channel, message.ts, int(widened)),
            )
            return OpenReply(**found[0]) if found else None

        return await self.read(work)

    async def begin_reply(self, message: IncomingMessage, question: str, reply_ts: str, widened: bool) -> bool:
        """Remember where the reply stands, before it is finished: a restart completes it there.

        False where the question was deleted meanwhile: nothing is remembered of it.
        """

        def work(db: Tables) -> bool:
            sql = "select 1 from gone where team = ? and channel = ? and message_ts = ? and file_id is null"
            if rows(db, sql, (message.team, message.channel, message.ts)):
                return False
            db.execute(
                "insert into turns"
                " (team, channel, thread_ts, message_ts, user, widened, reply_ts, question, created_at)"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (team, channel, message_ts, widened)"
                " do update set reply_ts = excluded.reply_ts",
                (
                    *(message.team, message.channel, message.root_ts, message.ts, message.user, int(widened)),
                    *(reply_ts, question, time.time()),
                ),
            )
            return True

        return await self.write(work)

    async def finish_turn(
        self, message: IncomingMessage, widened: bool, answer: str, outcome: str, files: Sequence[str]
    ) -> bool:
        """Add the finished turn to the thread's history; False, and nothing is kept, where one of ``files`` is gone."""
        where = "team = ? and channel = ? and message_ts = ? and widened = ?"
        place = (message.team, message.channel, message.ts, int(widened))

        def work(db: Tables) -> bool:
            sql = "select 1 from shares where team = ? and channel = ? and file_id = ?"
            if not all(rows(db, sql, (message.team, message.channel, file_id)) for file_id in files):
                db.execute(f"delete from turns where {where}", place)
                return False
            db.execute(
                f"update turns set answer = ?, outcome = ?, files = ? where {where}",
                (answer, outcome, json.dumps(list(files)), *place),
            )
            _note_ours(db, message)
            return True

        return await self.write(work)

    async def note_ours(self, message: IncomingMessage) -> None:
        """Remember that the last word in a message's thread is ours: what follows it is for us."""
        await self.write(lambda db: _note_ours(db, message))

    async def known_replies(self, team: str, channel: str, thread_ts: str) -> frozenset[str]:
        """The ts of every reply of ours in a thread whose place is recorded."""

        def work(db: Tables) -> frozenset[str]:
            sql = "select reply_ts from turns where team = ? and channel = ? and thread_ts = ?"
            return frozenset(row["reply_ts"] for row in rows(db, sql, (team, channel, thread_ts)))

        return await self.read(work)

    async def question_of(self, team: str, channel: str, reply_ts: str) -> dict[str, Any] | None:
        """The turn whose reply stands at ``reply_ts``."""
        sql = "select * from turns where team = ? and channel = ? and reply_ts = ?"
        found = await self.read(lambda db: rows(db, sql, (team, channel, reply_ts)))
        return found[0] if found else None

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
        where = "team = ? and channel = ? and receipted is null and state != 'reading'"
        sql = f"select {_SHARE_COLUMNS} from shares where {where} order by shared_at, file_id"
        return await self.read(lambda db: tuple(Share(**row) for row in rows(db, sql, (team, channel))))

    async def mark_receipt(self, shares: Sequence[Share], *, given: bool) -> bool:
        """Remember that a receipt for these files is given, or owed again; whether that is news."""
        where = "team = ? and channel = ? and file_id = ? and message_ts = ? and (receipted is null) = ?"
        keys = [(share.team, share.channel, share.file_id, share.message_ts, int(given)) for share in shares]
        sql = f"update shares set receipted = {'1' if given else 'null'} where {where}"
        return await self.write(lambda db: sum(db.execute(sql, key).rowcount for key in keys) > 0)


_SHARE_COLUMNS = "team, channel, file_id, message_ts, thread_ts, user, name, permalink, document_id, state, note"


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
    last = rows(db, f"select last_is_ours from threads where {where}", place)
    return ThreadFacts(bool(asked), bool(last and last[0]["last_is_ours"]))


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


def _note_ours(db: Tables, message: IncomingMessage) -> None:
    sql = "update threads set last_is_ours = 1 where team = ? and channel = ? and thread_ts = ?"
    db.execute(sql, (message.team, message.channel, message.root_ts))


def _is_gone(db: Tables, share: Share, since: float) -> bool:
    sql = (
        "select 1 from gone where team = ? and at >= ? and (channel is null or channel = ?)"
        " and (message_ts is null or message_ts = ?) and (file_id is null or file_id = ?) limit 1"
    )
    return bool(rows(db, sql, (share.team, since, share.channel, share.message_ts, share.file_id)))


def lane_of(message: IncomingMessage) -> str:
    """Turns of one thread are answered one after the other, in order."""
    return f"{message.team}/{message.channel}/{message.root_ts}"


def rows(db: Tables, sql: str, values: Sequence[object]) -> list[dict[str, Any]]:
    """What a query finds, fetched: nothing lazy leaves the transaction."""
    return list(db.query(sql, tuple(values)))
