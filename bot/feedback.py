"""Votes on answers. A thumbs-down asks what was wrong, and is kept as a case to measure later versions with."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from bot import blocks
from bot.history import History
from bot.records import Records, Tables, rows
from bot.texts import Texts

UP, DOWN = "up", "down"
REASONS = ("wrong", "made-up", "missed", "source", "style", "other")
MODAL = "what_was_wrong"  # callback id
COMMENT_CHARS = 2000
_KEY = ("team", "channel", "message_ts", "user")


@dataclass(frozen=True, slots=True)
class Case:
    """A question whose answer somebody found bad, as `inhouse eval` reads it."""

    team: str
    channel: str
    message_ts: str
    question: str
    answer: str
    reason: str
    comment: str
    files: tuple[str, ...]


class Feedback:
    """Keeps votes; one for each person and answer, the last one counts."""

    def __init__(self, records: Records, history: History) -> None:
        self._records = records
        self._history = history

    async def vote(self, team: str, channel: str, reply_ts: str, user: str, verdict: str) -> str | None:
        """Keep a vote; the ts of the question it is about, or None where that is forgotten."""
        asked = await self._history.at(team, channel, reply_ts)
        if asked is None or verdict not in {UP, DOWN}:
            return None
        row = {
            **{"team": team, "channel": channel, "message_ts": asked.message_ts, "user": user},
            **{"verdict": verdict, "reason": "", "comment": "", "question": asked.question},
            **{"answer": asked.answer or "", "files": json.dumps(list(asked.files)), "created_at": time.time()},
        }
        await self._records.write(lambda db: db.table("feedback").upsert(row, pk=_KEY))
        return asked.message_ts

    async def explain(self, team: str, channel: str, message_ts: str, user: str, reason: str, comment: str) -> bool:
        """Add to a vote what was wrong; False where the question was forgotten meanwhile."""
        sql = (
            "update feedback set reason = ?, comment = ?"
            " where team = ? and channel = ? and message_ts = ? and user = ? and verdict = 'down'"
        )
        values = (reason, comment[:COMMENT_CHARS], team, channel, message_ts, user)
        return await self._records.write(lambda db: db.execute(sql, values).rowcount > 0)

    async def cases(self, team: str | None = None) -> tuple[Case, ...]:
        """Every thumbs-down, oldest first, of one team or of all."""

        def work(db: Tables) -> tuple[Case, ...]:
            sql = "select * from feedback where verdict = 'down' and (team = ?1 or ?1 is null) order by created_at"
            return tuple(_case(row) for row in rows(db, sql, (team,)))

        return await self._records.read(work)


def _case(row: dict[str, Any]) -> Case:
    names = ("team", "channel", "message_ts", "question", "answer", "reason", "comment")
    return Case(**{name: row[name] or "" for name in names}, files=tuple(json.loads(row["files"] or "[]")))


def modal(texts: Texts, channel: str, message_ts: str) -> blocks.Block:
    """The question what was wrong."""
    options = [blocks.option(texts(f"reason-{reason}"), reason) for reason in REASONS]
    choice = {"type": "radio_buttons", "action_id": "reason", "options": options}
    comment = {
        "type": "plain_text_input",
        "action_id": "comment",
        "multiline": True,
        "max_length": COMMENT_CHARS,
    }
    return {
        "type": "modal",
        "callback_id": MODAL,
        "private_metadata": json.dumps({"channel": channel, "message_ts": message_ts}),
        "title": blocks.plain_text(texts("wrong-title"), 24),
        "submit": blocks.plain_text(texts("send"), 24),
        "close": blocks.plain_text(texts("cancel"), 24),
        "blocks": [
            blocks.section(texts("wrong-intro")),
            _input("reason", texts("wrong-what"), choice, optional=False),
            _input("comment", texts("wrong-comment"), comment, optional=True),
        ],
    }


def _input(block_id: str, label: str, element: blocks.Block, *, optional: bool) -> blocks.Block:
    text = blocks.plain_text(label, 2000)
    return {"type": "input", "block_id": block_id, "label": text, "element": element, "optional": optional}
