"""What was asked and answered: one row for each question, with every message that its reply stands in.

A row is begun as soon as the reply's place is known, so that a restart completes it there, and
finished with the answer. Writing an answer anew changes its row; there is never a second one.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from bot import audit
from bot.audit import Deed, Head
from bot.events import IncomingMessage
from bot.records import Records, Tables, note_ours, rows
from rag.types import Turn

DIRECT_HISTORY_S = 1800  # in a direct message what was asked just now belongs to the question, thread or not


@dataclass(frozen=True, slots=True)
class Manner:
    """How an answer is wanted."""

    length: str = ""  # "" | "shorter" | "longer"
    widened: bool = False  # search the whole conversation, not the thread's own files
    tries: int = 0  # written anew this often: look further than before


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and the reply to it."""

    team: str
    channel: str
    thread_ts: str
    message_ts: str
    user: str
    question: str
    answer: str | None  # None: not finished, or nothing that belongs to the history
    outcome: str | None  # None: not finished
    replies: tuple[str, ...]  # ts of the messages that the reply stands in
    manner: Manner
    files: tuple[str, ...]  # file ids that the answer rests on
    cited: tuple[int, ...]  # chunks that were cited so far

    def as_message(self, user: str) -> IncomingMessage:
        """The question as a message of ``user``, for work that starts from its reply."""
        is_direct = "im" if self.channel.startswith("D") else ""
        thread_ts = self.thread_ts if self.thread_ts != self.message_ts else None
        return IncomingMessage(
            *(self.team, self.channel, is_direct, user, self.message_ts, thread_ts, self.question, ())
        )


@dataclass(frozen=True, slots=True)
class Told:
    """What a reply shows in the end."""

    text: str
    outcome: str
    files: tuple[str, ...] = ()
    cited: tuple[int, ...] = ()
    passages: tuple[int, ...] = ()  # chunks that its prompt added to the thread's
    is_kept: bool = False  # belongs to the thread's history
    decision: str = ""  # for the audit, where it is more than the outcome
    timing: Mapping[str, float] = field(default_factory=dict)  # of its answer: seconds by stage, tokens, hits


WITHDRAWN = "withdrawn"  # what the audit calls an answer that was taken away again


class Kept(Enum):
    """What became of an answer when it was to be kept."""

    YES = "yes"
    FILES_GONE = "files gone"  # a file that it rests on is not shared here any more
    ANSWER_GONE = "answer gone"  # it was deleted while it was written


@dataclass(frozen=True, slots=True)
class Ended:
    """A turn that is over, and its row in the audit."""

    kept: Kept
    head: Head


class History:
    """Questions and answers of all conversations."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def turns(self, message: IncomingMessage, limit: int) -> tuple[Turn, ...]:
        """Up to ``limit`` earlier turns of the conversation, oldest first; in a direct message its last half hour too.

        Beyond the limit the oldest fall away by half of it at once: what a model has read of a thread is of use
        only as long as the thread begins as it did.
        """
        where = (
            "from turns where team = ? and channel = ? and answer is not null"
            " and message_ts < ? and (thread_ts = ? or (? and created_at > ?))"
        )
        values = (
            *(message.team, message.channel, message.ts, message.root_ts),
            *(message.is_direct and message.thread_ts is None, time.time() - DIRECT_HISTORY_S),
        )

        def work(db: Tables) -> tuple[Turn, ...]:
            count = rows(db, f"select count(*) as n {where}", values)[0]["n"]
            sql = f"select question, answer, passages, length {where} order by message_ts limit -1 offset ?"
            return tuple(_turn(row) for row in rows(db, sql, (*values, _fallen_away(count, limit))))

        return await self._records.read(work)

    async def of(self, message: IncomingMessage) -> Asked | None:
        """The reply that was begun for a question, if its place is known."""
        return await self._one("message_ts = ?", message.team, message.channel, message.ts)

    async def at(self, team: str, channel: str, reply_ts: str) -> Asked | None:
        """The question whose reply stands at ``reply_ts``, in its first message or a later one."""
        where = "(reply_ts = ? or exists (select 1 from json_each(more_ts) where value = ?))"
        return await self._one(where, team, channel, reply_ts, reply_ts)

    async def begin(self, message: IncomingMessage, question: str, reply_ts: str, number: int) -> bool:
        """Remember where the reply's message ``number`` stands, before it is finished.

        False where the question was deleted meanwhile, or the answer that this message goes on: nothing is
        remembered of it.
        """

        def work(db: Tables) -> bool:
            sql = "select 1 from gone where team = ? and channel = ? and message_ts = ? and file_id is null"
            if rows(db, sql, (message.team, message.channel, message.ts)):
                return False
            if number:
                return _add_message(db, message, reply_ts, number)
            _begin(db, message, question, reply_ts)
            return True

        return await self._records.write(work)

    async def finish(
        self,
        message: IncomingMessage,
        question: str,
        manner: Manner,
        told: Told,
        replies: Sequence[str],
        seconds: float | None,
        action: str = "turn",
    ) -> Ended:
        """Keep what the reply shows, unless one of its files, or the answer itself, was deleted meanwhile.

        The turn ends with this transaction. Its row in the audit, as an ``action``, is part of it and comes back.
        """
        where = "team = ? and channel = ? and message_ts = ?"
        place = (message.team, message.channel, message.ts)

        def work(db: Tables) -> Ended:
            sql = "select 1 from shares where team = ? and channel = ? and file_id = ?"
            if not all(rows(db, sql, (message.team, message.channel, file_id)) for file_id in told.files):
                db.execute(f"delete from turns where {where}", place)
                return Ended(Kept.FILES_GONE, _audit(db, message, action, replace(told, decision=WITHDRAWN)))
            if replies and not rows(db, f"select 1 from turns where {where}", place):
                return Ended(Kept.ANSWER_GONE, _audit(db, message, action, replace(told, decision=WITHDRAWN)))
            cited = _cited(db, where, place) | set(told.cited)
            db.execute(
                "update turns set question = ?, answer = ?, outcome = ?, files = ?, cited = ?, passages = ?,"
                f" length = ?, widened = ?, tries = ?, more_ts = ?, answered_at = ?, seconds = ? where {where}",
                (
                    *(question, told.text if told.is_kept else None, told.outcome, json.dumps(list(told.files))),
                    *(json.dumps(sorted(cited)), json.dumps(list(told.passages)), manner.length),
                    *(int(manner.widened), manner.tries),
                    *(json.dumps(list(replies[1:])), time.time(), seconds, *place),
                ),
            )
            note_ours(db, message)
            return Ended(Kept.YES, _audit(db, message, action, told))

        return await self._records.write(work)

    async def withdrawn(self, message: IncomingMessage, action: str) -> None:
        """Note the end of a turn whose question was deleted while it was answered."""
        told = Told("", WITHDRAWN)
        await self._records.write(lambda db: _audit(db, message, action, told))

    async def known_replies(self, team: str, channel: str, thread_ts: str) -> frozenset[str]:
        """The ts of every message of ours in a thread that belongs to a recorded reply."""

        def work(db: Tables) -> frozenset[str]:
            where = "team = ? and channel = ? and thread_ts = ?"
            found = rows(db, f"select * from turns where {where}", (team, channel, thread_ts))
            return frozenset(ts for row in found for ts in _asked(row).replies)

        return await self._records.read(work)

    async def _one(self, where: str, *values: object) -> Asked | None:
        sql = f"select * from turns where team = ? and channel = ? and {where}"
        found = await self._records.read(lambda db: rows(db, sql, values))
        return _asked(found[0]) if found else None


def _audit(db: Tables, message: IncomingMessage, action: str, told: Told) -> Head:
    chunks = (*told.cited, *told.passages)
    place = (message.team, message.channel, message.user)
    return audit.note(db, Deed(*place, action, told.decision or told.outcome, message.ts, chunks))


def _fallen_away(count: int, limit: int) -> int:
    """How many of ``count`` turns a history of at most ``limit`` leaves out."""
    step = max(1, limit // 2)
    return max(0, math.ceil((count - limit) / step) * step)


def _turn(row: dict[str, Any]) -> Turn:
    passages = tuple(json.loads(row["passages"] or "[]"))
    return Turn(row["question"], row["answer"], passages, row["length"] or "")


def _begin(db: Tables, message: IncomingMessage, question: str, reply_ts: str) -> None:
    db.execute(
        "insert into turns (team, channel, thread_ts, message_ts, user, widened, reply_ts, question, created_at)"
        " values (?, ?, ?, ?, ?, 0, ?, ?, ?) on conflict (team, channel, message_ts)"
        " do update set reply_ts = excluded.reply_ts",
        (
            *(message.team, message.channel, message.root_ts, message.ts, message.user),
            *(reply_ts, question, time.time()),
        ),
    )


def _add_message(db: Tables, message: IncomingMessage, reply_ts: str, number: int) -> bool:
    """The reply goes on in a further message; what was known of it from there on counts no more.

    False where it was deleted meanwhile.
    """
    where, place = "team = ? and channel = ? and message_ts = ?", (message.team, message.channel, message.ts)
    found = rows(db, f"select more_ts from turns where {where}", place)
    if not found:
        return False
    more = json.loads(found[0]["more_ts"] or "[]")[: number - 1]
    db.execute(f"update turns set more_ts = ? where {where}", (json.dumps([*more, reply_ts]), *place))
    return True


def _cited(db: Tables, where: str, place: tuple[str, ...]) -> set[int]:
    found = rows(db, f"select cited from turns where {where}", place)
    return set(json.loads(found[0]["cited"] or "[]")) if found else set()


def _asked(row: dict[str, Any]) -> Asked:
    replies = [row["reply_ts"]] if row["reply_ts"] else []
    return Asked(
        *(row["team"], row["channel"], row["thread_ts"], row["message_ts"], row["user"], row["question"]),
        *(row["answer"], row["outcome"], (*replies, *json.loads(row["more_ts"] or "[]"))),
        Manner(row["length"] or "", bool(row["widened"]), row["tries"] or 0),
        tuple(json.loads(row["files"] or "[]")),
        tuple(json.loads(row["cited"] or "[]")),
    )
