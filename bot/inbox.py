"""Events are stored before they are acknowledged, and each is turned into work at most once.

One transaction holds it all: the event's id, what it took away, and the job it leads to. Bolt
acknowledges only after `record` returned, so a failed commit leaves the event to Slack's
redelivery, and a redelivered event finds its id here and does nothing.
"""

from __future__ import annotations

import logging
import time
from dataclasses import asdict
from typing import Any

from bot import audit
from bot.audit import Deed
from bot.channels import ChannelSettings, settings_in
from bot.events import (
    READ_SUBTYPES,
    Hush,
    Ignore,
    IncomingMessage,
    Removal,
    Respond,
    classify,
    edited_message,
    incoming_message,
    is_echo,
    removal,
)
from bot.forgetting import forget_turns, take_away
from bot.jobs import Jobs
from bot.records import (
    Records,
    Tables,
    add_job,
    add_turn,
    lane_of,
    note_thread_message,
    rows,
    set_quiet,
    thread_facts,
)

log = logging.getLogger(__name__)


# Messages of one thread may overtake each other on their way here by this much, and are still answered in their order.
SETTLE_S = 0.2
READ = "read/"  # begins the ids of what did not come as an event but was read in its conversation


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
        if is_echo(event, self._bot_user):
            return
        event_id = body.get("event_id") or f"{event['type']}/{event.get('event_ts')}"
        outside = bool(body.get("is_ext_shared_channel"))
        is_news = await self._records.write(lambda db: self._record(db, team, event_id, event, outside))
        if is_news:  # what it stopped the first time may be answered anew by now
            self._follow(team, event)

    async def record_read(self, body: dict[str, Any]) -> bool:
        """Store a message, or an edit, that was read in its conversation, as an event; whether it had not come as one.

        Raises: StoreError.
        """
        event, team = body["event"], body["team_id"]
        outside = bool(body.get("is_ext_shared_channel"))
        about = _about(event)

        def work(db: Tables) -> bool:
            if rows(db, "select 1 from events where team = ? and about = ? limit 1", (team, about)):
                return False
            return self._record(db, team, f"{READ}{about}", event, outside)

        is_news = await self._records.write(work)
        if is_news:
            self._follow(team, event)
        return is_news

    def _follow(self, team: str, event: dict[str, Any]) -> None:
        """Stop answering what is gone or reads differently now, and look for what there is to do."""
        gone, edited = removal(team, event, self._bot_user), edited_message(team, event)
        if gone is not None:
            self._jobs.cancel(gone)
        if edited is not None:
            self._jobs.cancel(Removal(team, channel=edited.channel, message_ts=edited.ts))
        self._jobs.wake()

    async def add(self, kind: str, key: str, lane: str, user: str, payload: dict[str, Any]) -> None:
        """Store work that did not come as an event: a command or a button."""
        await self._records.write(lambda db: add_job(db, kind, key, lane, user, payload))
        self._jobs.wake()

    async def is_full(self, user: str) -> bool:
        """Whether more questions wait than can be taken on from ``user``."""
        return await self._records.read(lambda db: _is_full(db, user, self._queue_limit))

    def _record(self, db: Tables, team: str, event_id: str, event: dict[str, Any], outside: bool) -> bool:
        """Whether the event was not known yet."""
        now = time.time()
        kind = "/".join(filter(None, (event["type"], event.get("subtype"))))
        added = db.execute(
            "insert or ignore into events (event_id, team, kind, received_at, about) values (?, ?, ?, ?, ?)",
            (event_id, team, kind, now, _about(event)),
        )
        if added.rowcount == 0:
            return False
        if event["type"] == "message" and _was_read(db, event_id, event):
            reason: Ignore | None = Ignore("read in the conversation before it came")
        else:
            reason = self._act(db, team, event_id, event, outside)
        if reason:
            db.execute("update events set ignored = ? where event_id = ?", (reason.reason, event_id))
        return True

    def _act(self, db: Tables, team: str, event_id: str, event: dict[str, Any], outside: bool) -> Ignore | None:
        gone = removal(team, event, self._bot_user)
        if gone is not None:
            _remove(db, gone, event_id)
            return None
        if event["type"] == "file_change":
            _read_again(db, team, event_id, event["file_id"])
            return None
        if event["type"] in _SMALL_JOBS:
            return _greet(db, team, event_id, event, self._bot_user)
        if event["type"] not in {"message", "app_mention"}:
            return Ignore("nothing to do")
        edited = edited_message(team, event)
        if edited is not None:
            return _answer_anew(db, edited, event_id)
        message = incoming_message(team, event, is_shared_outside=outside)
        return message if isinstance(message, Ignore) else self._take(db, message)

    def _take(self, db: Tables, message: IncomingMessage) -> Ignore | None:
        """A person's message: ask, keep quiet, read its files, or leave it alone."""
        settings = settings_in(db, message.team, message.channel)
        facts = thread_facts(db, message)
        decision = classify(message, self._bot_user, facts, only_mentioned=settings.only_mentioned)
        if message.user != self._bot_user:
            note_thread_message(db, message)
        if message.is_shared_outside and not settings.is_connect_allowed:
            return _stay_out(db, message, decision)
        if isinstance(decision, Ignore):
            _read_for_library(db, message, settings, self._bot_user)
            return decision
        if isinstance(decision, Hush):
            set_quiet(db, message, decision.quiet)
            payload = {"message": asdict(message), "quiet": decision.quiet}
            add_job(db, "hush", f"hush/{message.team}/{message.channel}/{message.ts}", lane_of(message), "", payload)
            return None
        self._ask(db, message, decision)
        return None

    def _ask(self, db: Tables, message: IncomingMessage, decision: Respond) -> None:
        if not _is_full(db, message.user, self._queue_limit):
            add_turn(db, message, decision.question, SETTLE_S if message.thread_ts else 0.0)
            return
        key, payload = f"turn/{message.team}/{message.channel}/{message.ts}", {"message": asdict(message)}
        add_job(db, "busy", key, f"busy/{message.ts}", message.user, payload)
        audit.note_once(db, Deed(message.team, message.channel, message.user, "turn", "busy", message.ts))


def _about(event: dict[str, Any]) -> str | None:
    """The message that an event brings, or its edit; None for all else."""
    edited = edited_message("", event)
    if edited is not None:
        return f"{edited.channel}/{edited.ts}/{event['message']['edited']['ts']}"
    if event["type"] not in {"message", "app_mention"} or event.get("subtype") not in READ_SUBTYPES:
        return None
    return f"{event['channel']}/{event['ts']}"


def _was_read(db: Tables, event_id: str, event: dict[str, Any]) -> bool:
    """Whether the message of an event was found by reading its conversation before the event came."""
    read_id = f"{READ}{_about(event)}"
    return event_id != read_id and bool(rows(db, "select 1 from events where event_id = ?", (read_id,)))


def _is_full(db: Tables, user: str, limit: int) -> bool:
    """Whether ``limit`` questions wait, or are being answered, and ``user`` has a fair share of them.

    Whoever has less is taken on nevertheless, so that nobody is refused because somebody else asks too much: at most
    twice the limit wait then.
    """
    kinds = "('turn', 'ask', 'redo', 'summarise')"
    sql = (
        f"select user, count(*) as n from jobs where state in ('waiting', 'running') and kind in {kinds} group by user"
    )
    waiting = {row["user"]: row["n"] for row in rows(db, sql, ())}
    own, total = waiting.get(user, 0), sum(waiting.values())
    share = limit // len({*waiting, user})
    return total >= limit and (own >= max(1, share) or total >= 2 * limit)


# Events that lead to a small job of their own, and its kind.
_SMALL_JOBS = {"app_home_opened": "home", "app_context_changed": "context", "member_joined_channel": "joined"}


def _greet(db: Tables, team: str, event_id: str, event: dict[str, Any], bot_user: str) -> Ignore | None:
    """Somebody looks at us, or took us into a conversation."""
    kind = _SMALL_JOBS[event["type"]]
    if kind == "joined" and event.get("user") != bot_user:
        return Ignore("somebody else joined")
    add_job(
        db,
        kind,
        f"{kind}/{event_id}",
        f"{kind}/{event.get('user', '')}",
        event.get("user", ""),
        {"team": team, "event": event},
    )
    return None


def _answer_anew(db: Tables, message: IncomingMessage, event_id: str) -> Ignore | None:
    """A question was edited: where it is answered or being answered, it is answered anew, in place.

    One that still waits, to be answered or answered anew, needs nothing: a turn reads its question as it stands.
    What only brought files, and was told so, may have become a question.
    """
    place = (message.team, message.channel, message.ts)
    key = f"turn/{message.team}/{message.channel}/{message.ts}"
    answered = rows(db, "select 1 from turns where team = ? and channel = ? and message_ts = ?", place)
    begun = "select 1 from jobs where key = ? and kind = 'turn' and state != 'waiting'"
    if not answered and not rows(db, begun, (key,)):
        return Ignore("an edit of what was not answered")
    waits = "lane = ? and kind = 'redo' and state = 'waiting' and json_extract(payload, '$.message.ts') = ?"
    if rows(db, f"select 1 from jobs where {waits}", (lane_of(message), message.ts)):
        return Ignore("to be answered anew already")
    payload = {"message": asdict(message), "question": message.text}
    add_job(db, "redo", f"edit/{event_id}", lane_of(message), message.user, payload)
    return None


def _stay_out(db: Tables, message: IncomingMessage, decision: Respond | Hush | Ignore) -> Ignore:
    """In a channel shared with another organisation nothing is said where that one could see it."""
    is_colleague = message.user_team in {"", message.team}
    if isinstance(decision, Respond) and not decision.follow_up and is_colleague:
        key = f"outside/{message.team}/{message.channel}/{message.ts}"
        add_job(db, "outside", key, key, message.user, {"message": asdict(message)})
        audit.note_once(db, Deed(message.team, message.channel, message.user, "turn", "denied-outside", message.ts))
    return Ignore("shared with another organisation")


def _read_for_library(db: Tables, message: IncomingMessage, settings: ChannelSettings, bot_user: str) -> None:
    if settings.is_library and message.file_ids and message.user != bot_user:
        key = f"upload/{message.team}/{message.channel}/{message.ts}"
        add_job(db, "upload", key, lane_of(message), message.user, {"message": asdict(message)})


def _remove(db: Tables, gone: Removal, event_id: str) -> None:
    """Take the rows away now, so that nothing answers from them again; the job erases the rest."""
    payload = take_away(db, gone)
    add_job(db, "erase", f"erase/{event_id}", f"erase/{gone.team}", "", payload)
    if payload["receipts"]:  # something was taken, so a Home tab may still show its name
        add_job(db, "renew", f"renew/{event_id}", f"renew/{gone.team}", "", {"team": gone.team})


def _read_again(db: Tables, team: str, event_id: str, file_id: str) -> None:
    """A file was edited: what was answered from it counts no more, and it is read anew where it is known."""
    known = forget_turns(db, team, file_id)
    if known:
        payload = {"team": team, "file_id": file_id}
        add_job(db, "reread", f"reread/{event_id}", f"file/{team}/{file_id}", "", payload)
