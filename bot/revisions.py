"""What people may want of an answer that stands: another one, a shorter or longer one, a wider search, or none.

The answer is written anew in its own message. Only who asked, or an administrator, may change it:
the others read it too.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from bot import answers, audit
from bot.audit import Deed
from bot.forgetting import forget_answer
from bot.history import Asked, History, Manner
from bot.people import People
from bot.records import Records, Tables, rows


@dataclass(frozen=True, slots=True)
class Work:
    """A job that a wish leads to."""

    kind: str
    key: str
    lane: str
    user: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Declined:
    """Nothing is done; ``text`` says why to whoever asked."""

    text: str


class Revisions:
    """Turns a choice from the menu under an answer into work."""

    def __init__(self, records: Records, history: History, people: People) -> None:
        self._records = records
        self._history = history
        self._people = people

    async def wish(self, team: str, channel: str, reply_ts: str, user: str, choice: str) -> Work | Declined:
        """What ``user``'s ``choice`` leads to; the same again before it is done leads to the same."""
        texts = await self._people.texts(team, channel, user)
        asked = await self._history.at(team, channel, reply_ts)
        if asked is None:
            return Declined(texts("answer-unknown"))
        if asked.user != user and not await self._people.is_admin(user):
            return Declined(texts("answer-not-yours", person=f"<@{asked.user}>"))
        if choice == answers.DELETE:
            await self._records.write(lambda db: _drop(db, asked, user))
            return Work("erase", f"erase/{channel}/{reply_ts}", f"erase/{team}", user, _only_replies(asked))
        return _redo(asked, choice, await self._last(asked), user)

    async def _last(self, asked: Asked) -> int:
        """The last time that an answer was written anew, as a number; 0: never."""
        sql = "select max(job_id) as n from jobs where kind = 'redo' and lane = ? and state in ('done', 'failed')"
        found = await self._records.read(lambda db: rows(db, sql, (_lane(asked),)))
        return found[0]["n"] or 0


def _drop(db: Tables, asked: Asked, user: str) -> None:
    """Forget a question and its answer, because ``user`` wishes it."""
    forget_answer(db, asked.team, asked.channel, asked.message_ts)
    audit.note(db, Deed(asked.team, asked.channel, user, "delete", "deleted", asked.message_ts))


def _only_replies(asked: Asked) -> dict[str, Any]:
    """The work of `bot.erasures` where nothing but our own messages is to go."""
    replies = [(asked.channel, ts) for ts in asked.replies]
    return {"team": asked.team, "channels": [], "replies": replies, "taken_back": [], "given": [], "receipts": {}}


def _lane(asked: Asked) -> str:
    return f"{asked.team}/{asked.channel}/{asked.thread_ts}"


def _redo(asked: Asked, choice: str, after: int, by: str) -> Work:
    payload: dict[str, Any] = {"message": asdict(asked.as_message(asked.user)), "question": asked.question, "by": by}
    payload["manner"] = asdict(_manner(asked.manner, choice))
    if choice.startswith(answers.ONLY):
        payload["only"] = choice.removeprefix(answers.ONLY)
    lane = _lane(asked)
    return Work("redo", f"redo/{lane}/{asked.message_ts}/{choice}/{after}", lane, asked.user, payload)


def _manner(now: Manner, choice: str) -> Manner:
    if choice == answers.REGENERATE:
        return replace(now, tries=now.tries + 1)
    if choice == answers.WIDEN:
        return replace(now, widened=True)
    if choice.startswith(answers.ONLY):
        return now
    return replace(now, length=choice)
