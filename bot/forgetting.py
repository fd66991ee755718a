"""What a removal takes away at once, and the list of what is left to do about it.

All of this is part of the transaction that records the event: from its commit on nothing answers from what
is gone. Text, vectors, bytes and our messages in Slack are `bot.erasures`' work, which the list tells it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bot import audit, ledger
from bot.audit import Deed
from bot.events import Removal
from bot.records import KEEP_EVENTS_S, Tables, rows
from bot.versions import settle

_RESTS = "exists (select 1 from json_each({table}.files) where value = ?)"  # a row of answers from a file
_ANSWERS = ("turns", "feedback", "asides")  # tables with text that came from files
_OF_CONVERSATION = ("shares", "turns", "threads", "feedback", "asides", "contexts")


@dataclass(slots=True)
class Taken:
    """What was taken away in one conversation. Rows of the database are gone; the rest is still to be done."""

    team: str
    channel: str
    files: set[str] = field(default_factory=set)
    turns: int = 0
    replies: list[str] = field(default_factory=list)  # ts of our messages to questions that are gone
    taken_back: list[list[str]] = field(default_factory=list)  # the same for each answer that rested on a file
    given: list[tuple[str, str]] = field(default_factory=list)  # (thread_ts, message_ts) of files nothing rested on

    @property
    def place(self) -> tuple[str, str]:
        """Which conversation."""
        return (self.team, self.channel)


def take_away(db: Tables, gone: Removal, cause: str = "") -> dict[str, Any]:
    """Delete the rows that a removal concerns; the payload of the job "erase" that does the rest.

    A turn whose answer rests on a removed file goes with it: history must not answer for the file.
    """
    _note_gone(db, gone)
    before = db.conn.total_changes
    _drop_waiting(db, gone)
    parts = [_take(db, Taken(gone.team, channel), gone) for channel in _channels_of(db, gone)]
    receipts = {taken.channel: receipt(db, taken, cause or _cause(gone)) for taken in parts}
    if db.conn.total_changes > before:
        ledger.note(db, ledger.REMOVAL, **asdict(gone))
    return {
        "team": gone.team,
        "channels": [taken.channel for taken in parts],
        "replies": [(taken.channel, ts) for taken in parts for ts in taken.replies],
        "taken_back": [(taken.channel, replies) for taken in parts for replies in taken.taken_back],
        "given": [(taken.channel, *place) for taken in parts for place in taken.given],
        "receipts": {channel: number for channel, number in receipts.items() if number is not None},
    }


def receipt(db: Tables, taken: Taken, cause: str) -> int | None:
    """Note in numbers what was taken away; the receipt's number, or None where that was nothing."""
    if not (taken.files or taken.turns):
        return None
    counts = {"files": len(taken.files), "turns": taken.turns}
    audit.note(db, Deed(*taken.place, "", "erase", cause, details=counts))
    return db.execute(
        "insert into receipts (team, channel, cause, files, chunks, turns, verified, at)"
        " values (?, ?, ?, ?, 0, ?, 0, ?)",
        (*taken.place, cause, len(taken.files), taken.turns, time.time()),
    ).lastrowid


def forget_conversation(db: Tables, team: str, channel: str) -> Taken:
    """Forget what was given and asked in a conversation, because somebody wishes it; its settings stay."""
    _note_gone(db, Removal(team, channel))
    ledger.note(db, ledger.CONVERSATION, team=team, channel=channel)
    return _take_all(db, Taken(team, channel))


def forget_person(db: Tables, team: str, channel: str, user: str) -> Taken:
    """Forget what one person gave, asked and said in a conversation. What others give just then stays."""
    taken = Taken(team, channel)
    own = "team = ? and channel = ? and user = ?"
    for share in rows(db, f"select file_id, message_ts from shares where {own}", (*taken.place, user)):
        _note_gone(db, Removal(team, channel, share["message_ts"], share["file_id"]))
    _take_turns(db, taken, "user = ?", user)
    _take_shares(db, taken, "user = ?", user)
    for table in ("feedback", "asides", "contexts"):
        db.execute(f"delete from {table} where {own}", (*taken.place, user))
    db.execute(
        "update jobs set state = 'done', payload = '{}' where state = 'waiting' and user = ?"
        " and json_extract(payload, '$.message.channel') = ?",
        (user, channel),
    )
    settle(db, team, channel)
    ledger.note(db, ledger.PERSON, team=team, channel=channel, user=user)
    return taken


def forget_file(db: Tables, team: str, channel: str, file_id: str, user: str | None) -> Taken:
    """Forget one file of a conversation, or only what ``user`` shared of it."""
    taken = Taken(team, channel)
    where, values = "file_id = ? and (? is null or user = ?)", (file_id, user, user)
    sql = f"select message_ts from shares where team = ? and channel = ? and {where}"
    for share in rows(db, sql, (*taken.place, *values)):
        _note_gone(db, Removal(team, channel, share["message_ts"], file_id))
    _take_shares(db, taken, where, *values)
    settle(db, team, channel)
    ledger.note(db, ledger.ONE_FILE, team=team, channel=channel, file_id=file_id, user=user)
    return taken


def forget_older(db: Tables, team: str, channel: str, before: float) -> Taken:
    """Forget what a conversation gave and asked before a time."""
    taken = Taken(team, channel)
    _take_turns(db, taken, "created_at < ?", before)
    _take_shares(db, taken, "shared_at < ?", before)
    for table in ("feedback", "asides"):
        db.execute(f"delete from {table} where team = ? and channel = ? and created_at < ?", (*taken.place, before))
    settle(db, team, channel)
    if taken.files or taken.turns:
        ledger.note(db, ledger.OLDER, team=team, channel=channel, before=before)
    return taken


def forget_answer(db: Tables, team: str, channel: str, message_ts: str) -> None:
    """Forget a question and its answer, and what was said of it, because somebody wishes it."""
    for table in ("turns", "feedback"):
        db.execute(
            f"delete from {table} where team = ? and channel = ? and message_ts = ?", (team, channel, message_ts)
        )
    ledger.note(db, ledger.ANSWER, team=team, channel=channel, message_ts=message_ts)


def forget_who(db: Tables, team: str, user: str) -> None:
    """Forget whose the rows of the audit are that a person left, and where else their name stands beside no text."""
    audit.forget_person(db, team, user)
    db.execute("delete from contexts where team = ? and user = ?", (team, user))
    db.execute("update channels set changed_by = '' where team = ? and changed_by = ?", (team, user))
    db.execute("update jobs set user = '' where user = ? and state in ('done', 'failed')", (user,))
    ledger.note(db, ledger.KEY, team=team, user=user)


def forget_turns(db: Tables, team: str, file_id: str) -> bool:
    """Forget what was answered from a file, wherever it is shared; whether it is shared anywhere."""
    before = db.conn.total_changes
    for table in _ANSWERS:
        db.execute(f"delete from {table} where team = ? and {_RESTS.format(table=table)}", (team, file_id))
    known = bool(rows(db, "select 1 from shares where team = ? and file_id = ? limit 1", (team, file_id)))
    if known or db.conn.total_changes > before:
        ledger.note(db, ledger.EDITED, team=team, file_id=file_id)
    return known


def _take(db: Tables, taken: Taken, gone: Removal) -> Taken:
    if gone.file_id:
        _take_files(db, taken, [gone.file_id])
    elif gone.message_ts:
        _take_message(db, taken, gone.message_ts)
    else:
        db.execute("delete from channels where team = ? and channel = ?", taken.place)
        return _take_all(db, taken)
    settle(db, *taken.place)
    return taken


def _take_message(db: Tables, taken: Taken, ts: str) -> None:
    """A question, a message with files, or a message of ours: what hangs on it. Nobody is told where it stood."""
    _take_turns(db, taken, "? in (message_ts, reply_ts)", ts)
    _take_shares(db, taken, "message_ts = ?", ts)
    taken.given.clear()
    # A summary of its thread quotes it; which thread that was is not said, so any that it can have stood in goes.
    after = "thread_ts != '' and cast(thread_ts as real) <= ? and created_at >= ?"
    db.execute(f"delete from asides where team = ? and channel = ? and {after}", (*taken.place, float(ts), float(ts)))
    db.execute("delete from feedback where team = ? and channel = ? and message_ts = ?", (*taken.place, ts))


def _take_turns(db: Tables, taken: Taken, where: str, *values: object) -> None:
    """Questions that are gone: our replies to them are to go too."""
    for turn in _drop_turns(db, taken, where, *values):
        taken.replies += _replies(turn)


def _take_shares(db: Tables, taken: Taken, where: str, *values: object) -> None:
    """Shares that are gone, and what rests on files that are then shared nowhere in the conversation."""
    here = "team = ? and channel = ?"
    own = rows(db, f"select * from shares where {here} and {where}", (*taken.place, *values))
    for share in own:
        key = (share["file_id"], share["message_ts"])
        db.execute(f"delete from shares where {here} and file_id = ? and message_ts = ?", (*taken.place, *key))
    left = {row["file_id"] for row in rows(db, f"select file_id from shares where {here}", taken.place)}
    given = dict.fromkeys(share["file_id"] for share in own)
    _take_files(db, taken, [file_id for file_id in given if file_id not in left], own)


def _take_files(db: Tables, taken: Taken, file_ids: Iterable[str], dropped: Sequence[dict[str, Any]] = ()) -> None:
    """Files that are gone: every share of them but those ``dropped`` already, and every answer from them."""
    here = "team = ? and channel = ? and file_id = ?"
    for file_id in file_ids:
        shares = rows(db, f"select * from shares where {here}", (*taken.place, file_id))
        shares += [share for share in dropped if share["file_id"] == file_id]
        db.execute(f"delete from shares where {here}", (*taken.place, file_id))
        answers = _drop_turns(db, taken, _RESTS.format(table="turns"), file_id)
        taken.taken_back += [replies for turn in answers if (replies := _replies(turn))]
        if shares:
            taken.files.add(file_id)
        if not answers:
            known = (share for share in shares if share["state"] in {"read", "replaced"})
            taken.given += dict.fromkeys((share["thread_ts"], share["message_ts"]) for share in known)
        for table in ("feedback", "asides"):
            sql = f"delete from {table} where team = ? and channel = ? and {_RESTS.format(table=table)}"
            db.execute(sql, (*taken.place, file_id))


def _take_all(db: Tables, taken: Taken) -> Taken:
    sql = "select distinct file_id from shares where team = ? and channel = ?"
    taken.files = {row["file_id"] for row in rows(db, sql, taken.place)}
    for table in _OF_CONVERSATION:
        count = db.execute(f"delete from {table} where team = ? and channel = ?", taken.place).rowcount
        taken.turns += count if table == "turns" else 0
    return taken


def _drop_turns(db: Tables, taken: Taken, where: str, *values: object) -> list[dict[str, Any]]:
    """Turns, and what people said of their answers."""
    here = "team = ? and channel = ?"
    found = rows(db, f"select * from turns where {here} and {where}", (*taken.place, *values))
    for turn in found:
        for table in ("turns", "feedback"):
            db.execute(f"delete from {table} where {here} and message_ts = ?", (*taken.place, turn["message_ts"]))
    taken.turns += len(found)
    return found


def _replies(turn: dict[str, Any]) -> list[str]:
    """The ts of every message that a turn's reply stands in."""
    return [ts for ts in (turn["reply_ts"], *json.loads(turn["more_ts"] or "[]")) if ts]


def _channels_of(db: Tables, gone: Removal) -> list[str]:
    """The conversations that a removal touches."""
    if gone.channel:
        return [gone.channel]
    if gone.file_id:
        rests = _RESTS.format(table="turns")
        shared = "select channel from shares where team = ? and file_id = ?"
        sql, values = f"{shared} union select channel from turns where team = ? and {rests}", (gone.team, gone.file_id)
        return [row["channel"] for row in rows(db, sql, values * 2)]
    tables = (*_OF_CONVERSATION, "channels")
    union = " union ".join(f"select channel from {table} where team = ?" for table in tables)
    return [row["channel"] for row in rows(db, union, (gone.team,) * len(tables))]


def _cause(gone: Removal) -> str:
    if gone.file_id:
        return "file_unshared" if gone.channel else "file_deleted"
    if gone.message_ts:
        return "message_deleted"
    return "conversation_gone" if gone.channel else "uninstalled"


def _drop_waiting(db: Tables, gone: Removal) -> None:
    """Work about a message that is gone is not begun, and its text does not stay."""
    if gone.file_id:
        return
    db.execute(
        "update jobs set state = 'done', payload = '{}' where state = 'waiting'"
        " and json_extract(payload, '$.message.team') = ?"
        " and (? is null or json_extract(payload, '$.message.channel') = ?)"
        " and (? is null or json_extract(payload, '$.message.ts') = ?)",
        (gone.team, gone.channel, gone.channel, gone.message_ts, gone.message_ts),
    )


def _note_gone(db: Tables, gone: Removal) -> None:
    now = time.time()
    db.execute("delete from gone where at < ?", (now - KEEP_EVENTS_S,))
    db.execute(
        "insert into gone (team, channel, message_ts, file_id, at) values (?, ?, ?, ?, ?)",
        (gone.team, gone.channel, gone.message_ts, gone.file_id, now),
    )
