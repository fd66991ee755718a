"""Events are stored before they are acknowledged, and each is turned into work at most once.

One transaction holds it all: the event's id, what it took away, and the job it leads to. Bolt
acknowledges only after `record` returned, so a failed commit leaves the event to Slack's
redelivery, and a redelivered event finds its id here and does nothing.
"""

from __future__ import annotations

import json
import logging
import time
from dataclasses import asdict
from typing import Any

from bot.erasures import channels_with, forget, forget_turns, replies_to
from bot.events import Ignore, IncomingMessage, Removal, Respond, classify, incoming_message, removal
from bot.jobs import Jobs
from bot.records import (
    KEEP_EVENTS_S,
    Records,
    Tables,
    lane_of,
    note_thread_message,
    thread_facts,
)

log = logging.getLogger(__name__)


class Inbox:
    """Takes events in. `jobs` is told when there is something to do."""

    def __init__(self, records: Records, jobs: Jobs, bot_user: str, queue_limit: int = 100) -> None:
        self._records = records
        self._jobs = jobs
        self._bot_user = bot_user
        self._queue_limit = queue_limit

    async def record(self, body: dict[str, Any]) -> None:
        """Store an Events API payload and what follows from it; returns after the commit.

        Raises: StoreError — then the event must not be acknowledged.
        """
        event, team = body["event"], body.get("team_id") or body["event"].get("team", "")
        event_id = body.get("event_id") or f"{event['type']}/{event.get('event_ts')}"
        await self._records.write(lambda db: self._record(db, team, event_id, event))
        gone = removal(team, event, self._bot_user)
        if gone is not None:
            self._jobs.cancel(gone)
        self._jobs.wake()

    async def add(self, kind: str, key: str, lane: str, user: str, payload: dict[str, Any]) -> None:
        """Store work that did not come as an event: a command or a button."""
        await self._records.write(lambda db: _add_job(db, kind, key, lane, user, payload))
        self._jobs.wake()

    async def question_of(self, team: str, channel: str, reply_ts: str) -> dict[str, Any] | None:
        """The turn that a reply of ours answers."""
        return await self._records.question_of(team, channel, reply_ts)

    def _record(self, db: Tables, team: str, event_id: str, event: dict[str, Any]) -> None:
        now = time.time()
        kind = "/".join(filter(None, (event["type"], event.get("subtype"))))
        added = db.execute(
            "insert or ignore into events (event_id, team, kind, received_at) values (?, ?, ?, ?)",
            (event_id, team, kind, now),
        )
        if added.rowcount == 0:
            return
        db.execute("delete from events where received_at < ?", (now - KEEP_EVENTS_S,))
        db.execute("delete from jobs where state in ('done', 'failed') and created_at < ?", (now - KEEP_EVENTS_S,))
        reason = self._act(db, team, event_id, event)
        if reason:
            db.execute("update events set ignored = ? where event_id = ?", (reason.reason, event_id))

    def _act(self, db: Tables, team: str, event_id: str, event: dict[str, Any]) -> Ignore | None:
        gone = removal(team, event, self._bot_user)
        if gone is not None:
            _remove(db, gone, event_id)
            return None
        if event["type"] == "file_change":
            _read_again(db, team, event_id, event["file_id"])
            return None
        if event["type"] not in {"message", "app_mention"}:
            return Ignore("nothing to do")
        message = incoming_message(team, event)
        if isinstance(message, Ignore):
            return message
        decision = classify(message, self._bot_user, thread_facts(db, message))
        if message.user != self._bot_user:
            note_thread_message(db, message)
        if isinstance(decision, Ignore):
            return decision
        self._ask(db, message, decision)
        return None

    def _ask(self, db: Tables, message: IncomingMessage, decision: Respond) -> None:
        sql = "select count(*) as n from jobs where state in ('waiting', 'running') and kind != 'erase'"
        waiting = next(db.query(sql))["n"]
        kind = "turn" if waiting < self._queue_limit else "busy"
        lane = lane_of(message) if kind == "turn" else f"busy/{message.ts}"
        payload = {"message": asdict(message), "question": decision.question, "follow_up": decision.follow_up}
        _add_job(db, kind, f"turn/{message.team}/{message.channel}/{message.ts}", lane, message.user, payload)


def _remove(db: Tables, gone: Removal, event_id: str) -> None:
    """Take the rows away now, so that nothing answers from them again; the job erases the rest."""
    channels = [gone.channel] if gone.channel else channels_with(db, gone)
    replies = replies_to(db, gone) if gone.message_ts else []
    forget(db, gone)
    payload = {"team": gone.team, "channels": channels, "replies": replies}
    _add_job(db, "erase", f"erase/{event_id}", f"erase/{gone.team}", "", payload)


def _read_again(db: Tables, team: str, event_id: str, file_id: str) -> None:
    """A file was edited: what was answered from it counts no more, and it is read anew where it is known."""
    known = forget_turns(db, team, file_id)
    if known:
        payload = {"team": team, "file_id": file_id}
        _add_job(db, "reread", f"reread/{event_id}", f"file/{team}/{file_id}", "", payload)


def _add_job(db: Tables, kind: str, key: str, lane: str, user: str, payload: dict[str, Any]) -> None:
    db.execute(
        "insert or ignore into jobs (key, kind, lane, user, payload, state, attempts, created_at, not_before)"
        " values (?, ?, ?, ?, ?, 'waiting', 0, ?, 0)",
        (key, kind, lane, user, json.dumps(payload), time.time()),
    )
