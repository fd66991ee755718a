"""What the records hold of a person, of the channels and of the last days, counted and listed.

Reads only, and decides nothing: who may be shown what is `bot.home`'s concern. Times are seconds since the epoch.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

from bot.channels import ChannelSettings, settings_in
from bot.records import Records, Tables, rows

DAY_S = 24 * 3600.0
WEEK_S, FORTNIGHT_S = 7 * DAY_S, 14 * DAY_S
MOST_UNANSWERED = 200
_WORK = "('turn', 'ask', 'redo', 'summarise', 'add', 'upload', 'reread')"  # jobs that somebody waits for


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file that somebody gave in a conversation."""

    channel: str
    file_id: str
    name: str
    permalink: str
    note: str
    state: str  # "read" | "replaced"
    at: float


@dataclass(frozen=True, slots=True)
class Question:
    """A question and where its answer stands."""

    channel: str
    thread_ts: str
    ts: str  # of the answer; of the question where there is none
    text: str
    outcome: str  # as in `turns`; "" not answered yet; "down" where somebody found the answer bad
    at: float


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """A channel that we know something of."""

    channel: str
    settings: ChannelSettings
    files: int


@dataclass(frozen=True, slots=True)
class Health:
    """How the bot is doing."""

    answers: int  # of the last seven days
    median_s: float | None
    waiting: int
    documents: int
    passages: int


@dataclass(frozen=True, slots=True)
class Erased:
    """What was forgotten on one day."""

    at: float
    files: int
    passages: int
    questions: int
    is_proved: bool  # a search finds nothing of it any more


class Overview:
    """Reads what the Home tab shows."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def files_of(self, team: str, user: str) -> tuple[KnownFile, ...]:
        """The files that ``user`` gave, newest first, each once for each conversation."""
        sql = (
            "select channel, file_id, name, permalink, note, state, max(shared_at) as at from shares"
            " where team = ? and user = ? and state in ('read', 'replaced')"
            " group by channel, file_id order by at desc, file_id"
        )
        found = await self._records.read(lambda db: rows(db, sql, (team, user)))
        return tuple(KnownFile(**row) for row in found)

    async def questions_of(self, team: str, user: str, limit: int) -> tuple[Question, ...]:
        """What ``user`` asked last, newest first."""
        where = "user = ? and coalesce(outcome, '') not in ('silent', 'receipt') and question != ''"
        sql = f"{_QUESTIONS} where team = ? and {where} order by at desc limit ?"
        found = await self._records.read(lambda db: rows(db, sql, (team, user, limit)))
        return tuple(Question(**row) for row in found)

    async def unanswered(self, team: str, since: float) -> tuple[Question, ...]:
        """Questions that found no answer, or whose answer somebody found bad, newest first, in all conversations."""
        down = (
            "select f.channel, coalesce(t.thread_ts, f.message_ts) as thread_ts,"
            " coalesce(t.reply_ts, f.message_ts) as ts, f.question as text, 'down' as outcome,"
            " max(f.created_at) as at from feedback f left join turns t"
            " on t.team = f.team and t.channel = f.channel and t.message_ts = f.message_ts"
            " where f.team = ? and f.verdict = 'down' and f.created_at > ? group by f.channel, f.message_ts"
        )
        refused = f"{_QUESTIONS} where team = ? and outcome = 'refused' and created_at > ?"
        sql = f"select * from ({down}) union all select * from ({refused}) order by at desc limit {MOST_UNANSWERED}"
        found = await self._records.read(lambda db: rows(db, sql, (team, since, team, since)))
        once = {(row["channel"], row["ts"]): row for row in reversed(found)}
        return tuple(Question(**row) for row in sorted(once.values(), key=lambda row: -row["at"]))

    async def votes(self, team: str, since: float) -> tuple[int, int]:
        """How many people found an answer good, and how many bad."""
        sql = "select verdict, count(*) as n from feedback where team = ? and created_at > ? group by verdict"
        found = await self._records.read(lambda db: rows(db, sql, (team, since)))
        counts = {row["verdict"]: row["n"] for row in found}
        return counts.get("up", 0), counts.get("down", 0)

    async def channels(self, team: str) -> tuple[ChannelFacts, ...]:
        """Every channel that we know something of, the most recently used first; no direct messages."""

        def work(db: Tables) -> tuple[ChannelFacts, ...]:
            found = rows(db, _CHANNELS, (team,) * 5)
            return tuple(ChannelFacts(r["channel"], settings_in(db, team, r["channel"]), r["files"]) for r in found)

        return await self._records.read(work)

    async def health(self, team: str) -> Health:
        """Counts of the last seven days and of now."""

        def work(db: Tables) -> Health:
            sql = "select seconds from turns where team = ? and answered_at > ? and seconds is not null and {}"
            sql = sql.format("outcome in ('answered', 'passage', 'refused', 'stopped')")
            seconds = [row["seconds"] for row in rows(db, sql, (team, time.time() - WEEK_S))]
            waiting = rows(db, f"select count(*) as n from jobs where state = 'waiting' and kind in {_WORK}", ())
            documents = rows(
                db,
                "select count(*) as documents, coalesce(sum(chunk_count), 0) as passages from documents"
                " where status in ('searchable', 'ready')",
                (),
            )
            median_s = statistics.median(seconds) if seconds else None
            return Health(len(seconds), median_s, waiting[0]["n"], **documents[0])

        return await self._records.read(work)

    async def viewers(self, since: float, limit: int) -> tuple[str, ...]:
        """Who opened one of our tabs, the latest first."""
        sql = "select user, max(created_at) as at from jobs where kind = 'home' and created_at > ? group by user"
        found = await self._records.read(lambda db: rows(db, f"{sql} order by at desc limit ?", (since, limit)))
        return tuple(row["user"] for row in found)

    async def is_renewed_later(self, job_id: int) -> bool:
        """Whether another job of kind "renew" waits behind one."""
        sql = "select 1 from jobs where kind = 'renew' and state = 'waiting' and job_id > ? limit 1"
        return bool(await self._records.read(lambda db: rows(db, sql, (job_id,))))

    async def erased(self, team: str, since: float) -> tuple[Erased, ...]:
        """What was forgotten, day by day (UTC), newest first."""
        sql = (
            "select max(at) as at, sum(files) as files, sum(chunks) as passages, sum(turns) as questions,"
            " min(verified) as proved"
            " from receipts where team = ? and at > ? group by cast(at / 86400 as int) order by at desc"
        )
        found = await self._records.read(lambda db: rows(db, sql, (team, since)))
        days = [
            Erased(row["at"], row["files"] or 0, row["passages"] or 0, row["questions"] or 0, bool(row["proved"]))
            for row in found
        ]
        return tuple(day for day in days if day.files or day.passages or day.questions)


_QUESTIONS = (
    "select channel, thread_ts, coalesce(reply_ts, message_ts) as ts, question as text,"
    " coalesce(outcome, '') as outcome, created_at as at from turns"
)
_CHANNELS = """
    select channel, max(at) as at,
        (select count(distinct file_id) from shares
            where shares.team = ? and shares.channel = known.channel and state = 'read') as files
    from (
        select channel, shared_at as at from shares where team = ?
        union all select channel, created_at from turns where team = ?
        union all select channel, cast(last_ts as real) from threads where team = ?
        union all select channel, changed_at from channels where team = ?
    ) as known
    where channel not like 'D%' group by channel order by at desc, channel"""
