"""What people did, and what must have come of it: the workspace's record held against the bot's database.

The workspace is the witness: it knows what was posted, what it delivered and what was acknowledged, and it is
never killed. The database is read with SQLite alone, so that a bot that is down can be looked at too.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.cli.seen import is_notice, read_answer
from bot.listeners.events import RECORDED
from bot.workspace.server import Workspace
from bot.workspace.state import Message

OPEN = "select kind, state, attempts from jobs where state in ('waiting', 'running')"


@dataclass(slots=True)
class Deed:
    """One thing a person did, and what it leads to."""

    message: Message
    is_question: bool = False
    words: int = 0  # receipts in words that are due
    canary: str = ""  # a word of its file that stands nowhere else
    is_deleted: bool = False  # the message
    is_file_deleted: bool = False
    thread: Deed | None = None  # whose file it asks about

    @property
    def may_be_taken_back(self) -> bool:
        """Whether the file that it rests on is gone."""
        return self.is_file_deleted or (self.thread is not None and self.thread.may_be_taken_back)


@dataclass(slots=True)
class Verdict:
    """What is wrong; all of it empty is what is promised."""

    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    corrupt: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)  # though it was deleted

    def __bool__(self) -> bool:
        return any((self.lost, self.twice, self.stuck, self.corrupt, self.kept))


@dataclass(slots=True)
class Ledger:
    """Everything that was done so far."""

    place: Workspace
    folder: Path
    deeds: list[Deed] = field(default_factory=list)

    def judge(self) -> Verdict:
        """Compare; nothing may be open any more."""
        verdict = Verdict()
        with closing(self.database()) as db:
            verdict.stuck += [f"job {row['kind']} {row['state']}" for row in db.execute(OPEN)]
            failed = db.execute("select kind, attempts from jobs where state = 'failed'")
            verdict.lost += [f"job {row['kind']} given up" for row in failed]
            self._judge_events(db, verdict)
            self._judge_store(db, verdict)
            turns = {row["message_ts"]: row for row in db.execute("select * from turns")}
        self._judge_answers(turns, verdict)
        for deed in self.deeds:
            self._judge_receipts(deed, verdict)
            self._judge_deletion(deed, verdict)
        return verdict

    def database(self) -> sqlite3.Connection:
        """A connection that changes nothing."""
        db = sqlite3.connect(f"file:{self.folder / 'inhouse.db'}?mode=ro", uri=True, timeout=10)
        db.row_factory = sqlite3.Row
        return db

    def is_open(self) -> bool:
        """Whether there is something left to do."""
        if not self.place.core.hub.is_idle:
            return True
        try:
            with closing(self.database()) as db:
                return bool(db.execute(OPEN).fetchone()) or not self.place.core.hub.is_idle
        except sqlite3.OperationalError:
            return True  # a bot that just starts

    def phase(self) -> str:
        """What the bot was at when it was killed."""
        with closing(self.database()) as db:
            kinds = sorted(row["kind"] for row in db.execute("select kind from jobs where state = 'running'"))
            if "turn" not in kinds:
                return "+".join(dict.fromkeys(kinds)) or "no job"
            if db.execute("select 1 from shares where state = 'reading'").fetchone():
                document = db.execute("select status from documents where status in ('reading', 'searchable')")
                return f"upload, {(document.fetchone() or ('downloading',))[0]}"
            begun = db.execute("select 1 from turns where outcome is null").fetchone()
            return "answering, stream open" if begun else "answering, before the first word"

    def _judge_events(self, db: sqlite3.Connection, verdict: Verdict) -> None:
        """What was acknowledged stands in the database: each event that is recorded at all."""
        stored = {row["event_id"] for row in db.execute("select event_id from events")}
        for ack in self.place.acks:
            if ack.name in RECORDED and ack.event_id not in stored and not self._is_own(ack.event_id):
                verdict.lost.append(f"acknowledged {ack.name} is not stored")
        verdict.lost += [f"event {event_id} not stored" for event_id in set(self.place.core.hub.lost) - stored]

    def _judge_store(self, db: sqlite3.Connection, verdict: Verdict) -> None:
        if (said := db.execute("pragma integrity_check").fetchone()[0]) != "ok":
            verdict.corrupt.append(said)
        half = db.execute("select count(*) from documents where status not in ('ready', 'failed')").fetchone()[0]
        bare = db.execute("select count(*) from chunks left join embeddings using (chunk_id) where vector is null")
        without = bare.fetchone()[0]
        if half or without:
            verdict.stuck.append(f"{half} documents half read, {without} passages without a vector")

    def _judge_answers(self, turns: dict[str, Any], verdict: Verdict) -> None:
        """Each question has one whole reply; each message of ours is one reply's, or a notice."""
        claimed = Counter(turn["reply_ts"] for turn in turns.values())
        for deed in self.deeds:
            if deed.is_question:
                self._judge_question(deed, turns.get(deed.message.ts), verdict)
        for message in self._ours():
            if message.streaming:
                verdict.stuck.append(f"stream {message.ts} left open")
            if not is_notice(message) and claimed[message.ts] != 1:
                verdict.twice.append(f"a reply that {claimed[message.ts]} questions know: {message.text[:60]!r}")
                verdict.twice += [f"  {m.ts} {m.user} {_mark(m)} {m.text[:40]!r}" for m in self._thread(message)]

    def _judge_question(self, deed: Deed, turn: Any, verdict: Verdict) -> None:
        ts = deed.message.ts
        if deed.is_deleted:
            if turn is not None:
                verdict.kept.append(f"turn of the deleted question {ts}")
            return
        if turn is None:
            if not deed.may_be_taken_back:
                verdict.lost.append(f"question {ts} has no answer")
            return
        reply = self.place.core.state.channels[deed.message.channel].messages.get(turn["reply_ts"])
        if reply is None or turn["outcome"] is None or not (reply.text or reply.blocks):
            verdict.lost.append(f"the answer to {ts} is not whole")
        elif not is_notice(reply) and "did not answer" in reply.text:
            verdict.lost.append(f"the answer to {ts} was given up")
        elif turn["outcome"] == "answered" and not read_answer(reply, "", 0, 0).is_whole:
            verdict.lost.append(f"the answer to {ts} lacks its end")

    def _judge_receipts(self, deed: Deed, verdict: Verdict) -> None:
        marks = [m for m in self._ours() if _mark(m).startswith(f"notice-receipt-{deed.message.ts}")]
        if len(marks) > max(deed.words, 1):
            verdict.twice.append(f"{len(marks)} receipts of {deed.message.ts}")
        if deed.words and not marks and not (deed.is_deleted or deed.is_file_deleted):
            verdict.lost.append(f"receipt of {deed.message.ts}")
        told = [m for m in self._ours() if _mark(m) == f"notice-gone-{deed.message.ts}"]
        if len(told) > 1:
            verdict.twice.append(f"{len(told)} times told that {deed.message.ts} is forgotten")

    def _judge_deletion(self, deed: Deed, verdict: Verdict) -> None:
        if not (deed.is_file_deleted and deed.canary):
            return
        for path in self.folder.rglob("*"):
            if path.is_file() and deed.canary.encode() in path.read_bytes().lower():
                verdict.kept.append(f"{deed.canary} stands in {path.name}")

    def _thread(self, message: Message) -> list[Message]:
        return self.place.messages(message.channel, message.thread_ts or message.ts)

    def _is_own(self, event_id: str) -> bool:
        """Whether an event tells us of our own doing: Bolt drops those."""
        event = self.place.core.events.sent[event_id]["event"]
        inner = (event, event.get("message") or {}, event.get("previous_message") or {})
        return self.place.bot_user.id in {each.get("user") for each in inner}

    def _ours(self) -> Iterator[Message]:
        for channel in self.place.core.state.channels.values():
            yield from (m for m in channel.messages.values() if m.user == self.place.bot_user.id and not m.tombstone)


def _mark(message: Message) -> str:
    return next((str(block.get("block_id", "")) for block in message.blocks), "")
