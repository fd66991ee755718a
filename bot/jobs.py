"""A durable queue: what was recorded is done once, in its lane's order, fairly between people.

A job is a row. Claiming marks it as running; a restart makes running jobs wait again, with one
more attempt on their count. Work that fails for a passing reason (Slack did not answer) is tried
again a little later; after `MAX_ATTEMPTS` its handler is told that this is the last time.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from bot import audit
from bot.events import Removal
from bot.rates import Pace, Rates
from bot.records import Job, Records, Tables, clear_old, doubt_receipts, rows
from rag.errors import StoreError

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 4
CRASHES = 3  # a job that was at work in so many crashes, the last time alone, is given up
FIRST_RETRY_S = 1.0  # doubled with each further attempt
MOST_RETRY_S = 60.0
GATHER_S = 0.01  # events come in bursts; the queue is looked through once for all of them
RENEW_S = 15.0  # how often people who wait are told where they stand


class TryAgain(Exception):
    """A job could not be done just now; it will be tried again."""


class Overtaken(Exception):
    """A job found that another one of its lane, just stored, comes before it; it waits again."""


@dataclass(slots=True)
class Running:
    """A job in progress and the means to stop it."""

    job: Job
    cancel: threading.Event = field(default_factory=threading.Event)
    is_last_attempt: bool = False
    is_overtaken: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a waiting job stands."""

    ahead: int  # jobs before it, those in progress included
    wait_s: float | None  # until it begins, from measured times; None where nothing was measured yet
    paced_s: float = 0.0  # it waits this long because its lane had enough answers within a minute


Handler = Callable[[Running], Awaitable[None]]
Notice = Callable[[Job, Place], Awaitable[None]]
Apology = Callable[[Job], Awaitable[None]]

# These take no model, so they wait for no worker.
QUICK = frozenset(
    {"busy", "erase", "home", "context", "joined", "hush", "outside", "share", "settings", "forget", "wish", "renew"}
)
# These read files: they take half of the workers at most, so that questions never wait for a pile of them.
FILES = frozenset({"upload", "reread"})
PACED = "turn"  # the kind whose answers in one lane are paced


class Jobs:
    """Runs up to ``workers`` jobs at once. `start` it on an event loop, `stop` it before the loop ends."""

    def __init__(self, records: Records, workers: int, replies_a_minute: int = 5) -> None:
        """``replies_a_minute`` is the most in one lane; what comes beyond it waits, and its asker is told so."""
        self._records = records
        self._workers = workers
        self._pace = Pace(replies_a_minute)
        self.rates = Rates()
        self._parsed: dict[int, Job] = {}
        self._handlers: dict[str, Handler] = {}
        self._notice: Notice | None = None
        self._apology: Apology | None = None
        self._running: dict[int, Running] = {}
        self._suspects: frozenset[int] = frozenset()  # jobs that two crashes in a row had in common
        self._served: dict[str, float] = {}
        self._noticed: dict[int, tuple[Place, float]] = {}  # what people were told, and when
        self._woken = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._renewing: asyncio.Future[None] | None = None
        self._stopping = False

    def handle(self, kind: str, handler: Handler) -> None:
        """Say who does the jobs of a kind."""
        self._handlers[kind] = handler

    def on_waiting(self, notice: Notice) -> None:
        """Say who is told where each job stands: once when it was taken in, and again as the queue moves."""
        self._notice = notice

    def on_failure(self, apology: Apology) -> None:
        """Say who tells people of a job that failed for the last time."""
        self._apology = apology

    async def start(self) -> None:
        """Take up what a former process left, then run until `stop`."""
        self._suspects = await self._records.write(_take_up)
        self._spawn(self._loop())
        self._renewing = asyncio.ensure_future(self._renew())

    async def stop(self, timeout_s: float = 20.0) -> None:
        """Claim nothing more; give running jobs time to finish, then leave them to the next start."""
        self._stopping = True
        if self._renewing is not None:
            self._renewing.cancel()
        self.wake()
        end = time.monotonic() + timeout_s
        while (working := set(self._tasks)) and (left_s := end - time.monotonic()) > 0:  # one may just begin
            await asyncio.wait(working, timeout=left_s)
        for running in self._running.values():
            running.cancel.set()
        for task in self._tasks:
            task.cancel()
        cut_off = list(self._running)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(StoreError):  # an orderly stop is no crash; the next start takes them up in any case
            await self._records.write(lambda db: _leave(db, cut_off))

    def at_work(self) -> list[Job]:
        """The jobs that are being done."""
        return [running.job for running in self._running.values()]

    def wake(self) -> None:
        """There may be something to do."""
        self._woken.set()

    def cancel(self, gone: Removal) -> None:
        """Stop running jobs that a removal concerns: their question is gone."""
        if gone.channel is None or gone.file_id is not None:
            return
        for running in self._running.values():
            message = running.job.payload.get("message") or {}
            if message.get("channel") == gone.channel and gone.message_ts in {None, message.get("ts")}:
                running.cancel.set()

    def stop_reply(self, channel: str, thread_ts: str, user: str) -> bool:
        """Stop the answer being written in a thread, if ``user`` asked for it."""
        for running in self._running.values():
            message = running.job.payload.get("message") or {}
            here = message.get("channel") == channel and thread_ts in {message.get("thread_ts"), message.get("ts")}
            if here and running.job.user == user:
                running.cancel.set()
                return True
        return False

    async def _loop(self) -> None:
        while not self._stopping:
            try:
                await self._step()
            except Exception:
                log.exception("the queue could not be read or written")
                await asyncio.sleep(FIRST_RETRY_S)

    async def _step(self) -> None:
        """Start one job, or wait until there may be one to start."""
        self._woken.clear()
        waiting = await self._waiting()
        self._tell(waiting)
        job = self._next(waiting)
        if job is None:
            await self._sleep(waiting)
        elif job.attempts >= MAX_ATTEMPTS:  # it ended the process again and again
            await self._give_up(job)
        else:
            await self._claim(job)

    async def _waiting(self) -> list[tuple[Job, float]]:
        """The queue, in the order in which its messages were written, with the time before which each may not begin.

        Read lightly, since every event leads here: what a job is about is fetched when it is first seen.
        """
        places = await self._records.read(_places)
        unseen = [job_id for job_id, attempts, _ in places if self._seen_attempts(job_id) != attempts]
        for job in await self._records.read(lambda db: _jobs(db, unseen)) if unseen else ():
            self._parsed[job.job_id] = job
        self._parsed = {job_id: self._parsed[job_id] for job_id, _, _ in places if job_id in self._parsed}
        waiting = [(self._parsed[job_id], not_before) for job_id, _, not_before in places if job_id in self._parsed]
        return sorted(waiting, key=lambda entry: _asked_at(entry[0]))

    def _seen_attempts(self, job_id: int) -> int | None:
        return self._parsed[job_id].attempts if job_id in self._parsed else None

    async def _renew(self) -> None:
        """Look through the queue now and then, so that those who wait are told how it moves."""
        while not self._stopping:
            await asyncio.sleep(RENEW_S)
            self.wake()

    async def _claim(self, job: Job) -> None:
        sql = "update jobs set state = 'running', attempts = attempts + 1 where job_id = ? and state = 'waiting'"
        if not await self._records.write(lambda db: db.execute(sql, (job.job_id,)).rowcount):
            return  # taken away since it was read
        if job.kind not in QUICK:
            self._served[job.user] = time.monotonic()
        if job.kind == PACED and not job.attempts:
            self._pace.started(job.lane)
        self._running[job.job_id] = running = Running(job, is_last_attempt=job.attempts + 1 >= MAX_ATTEMPTS)
        self._spawn(self._run(running))

    async def _run(self, running: Running) -> None:
        job, started = running.job, time.perf_counter()
        try:
            if await self._does(running):
                self.rates.took(job.kind, time.perf_counter() - started)
                await self._record(lambda db: _done(db, job.job_id))
            else:
                await self._release(running)
        except Exception:
            log.exception("job=%d: its end was not recorded; the next start takes it up again", job.job_id)
        finally:
            self._running.pop(job.job_id, None)
            self._noticed.pop(job.job_id, None)
            self.wake()

    async def _record(self, work: Callable[[Tables], object]) -> None:
        """Write how a job ended, however long the disk refuses: else it stays `running` until a restart."""
        delay_s = FIRST_RETRY_S
        while True:
            try:
                await self._records.write(work)
                return
            except StoreError as error:
                log.error("the end of a job could not be recorded, it is tried again: %s", type(error).__name__)
                if self._stopping:
                    raise
            await asyncio.sleep(delay_s)
            delay_s = min(MOST_RETRY_S, 2 * delay_s)

    async def _does(self, running: Running) -> bool:
        """Whether a job's handler did it. The loop outlives whatever a handler raises."""
        job = running.job
        try:
            await self._handlers[job.kind](running)
        except Overtaken:
            running.is_overtaken = True
        except TryAgain as error:
            log.warning("job=%d kind=%s attempt=%d again: %s", job.job_id, job.kind, job.attempts + 1, error)
        except Exception:
            log.exception("job=%d kind=%s attempt=%d failed", job.job_id, job.kind, job.attempts + 1)
        else:
            return True
        return False

    async def _release(self, running: Running) -> None:
        """Let it be tried again a little later; after the last attempt tell people that it failed."""
        job = running.job
        if running.is_overtaken:  # that was no attempt
            if job.kind == PACED and not job.attempts:
                self._pace.undo(job.lane)
            sql = "update jobs set state = 'waiting', attempts = ? where job_id = ?"
            await self._record(lambda db: db.execute(sql, (job.attempts, job.job_id)))
            return
        if running.is_last_attempt:
            await self._give_up(job)
            return
        delay_s = min(MOST_RETRY_S, FIRST_RETRY_S * 2.0**job.attempts) * random.uniform(0.5, 1.5)
        sql = "update jobs set state = 'waiting', not_before = ? where job_id = ?"
        await self._record(lambda db: db.execute(sql, (time.time() + delay_s, job.job_id)))

    async def _give_up(self, job: Job) -> None:
        await self._apologise(job)
        await self._record(lambda db: _failed(db, job))

    async def _apologise(self, job: Job) -> None:
        try:
            if self._apology is not None:
                await self._apology(job)
        except Exception:
            log.exception("job=%d kind=%s: nobody could be told that it failed", job.job_id, job.kind)

    def _next(self, waiting: list[tuple[Job, float]]) -> Job | None:
        """The oldest job of the person served longest ago, whose lane is free."""
        kinds = [running.job.kind for running in self._running.values()]
        is_full = sum(kind not in QUICK for kind in kinds) >= self._workers
        files_full = sum(kind in FILES for kind in kinds) >= (self._workers + 1) // 2
        busy = {running.job.lane for running in self._running.values()}
        is_full |= any(running.job.job_id in self._suspects for running in self._running.values())
        free: list[Job] = []
        for job, not_before in waiting:
            if job.job_id in self._running:
                continue
            if job.job_id in self._suspects and any(kind not in QUICK for kind in kinds):
                busy.add(job.lane)  # it goes alone, so that the next crash is nobody else's
                continue
            may_go = job.kind in QUICK or not (is_full or self._paced_s(job) or (files_full and job.kind in FILES))
            if may_go and job.lane not in busy and not_before <= time.time():
                free.append(job)
            busy.add(job.lane)  # only the first of a lane may go
        return min(free, key=lambda job: (self._served.get(job.user, 0.0), job.job_id), default=None)

    def _paced_s(self, job: Job) -> float:
        return self._pace.wait_s(job.lane) if job.kind == PACED and not job.attempts else 0.0

    def _tell(self, waiting: list[tuple[Job, float]]) -> None:
        """Tell each who waits where they stand, if that is news."""
        if self._notice is None:
            return
        ahead = sum(running.job.kind not in QUICK for running in self._running.values())
        for job, _ in waiting:
            if job.job_id in self._running or job.kind in QUICK:
                continue
            place = Place(ahead, self._wait_s(job.kind, ahead), self._paced_s(job))
            if self._is_news(job, place):
                self._noticed[job.job_id] = (place, time.monotonic())
                self._spawn(self._notice(job, place))
            ahead += 1

    def _is_news(self, job: Job, place: Place) -> bool:
        told, at = self._noticed.get(job.job_id, (None, 0.0))
        if told is None or (place.paced_s and not told.paced_s):
            return True
        return told.ahead != place.ahead and time.monotonic() - at >= RENEW_S

    def _wait_s(self, kind: str, ahead: int) -> float | None:
        mean_s = self.rates.mean_s(kind)
        return None if mean_s is None else ahead / self._workers * mean_s

    async def _sleep(self, waiting: list[tuple[Job, float]]) -> None:
        later = [not_before - time.time() for _, not_before in waiting]
        later += [self._paced_s(job) for job, _ in waiting]
        later = [wait_s for wait_s in later if wait_s > 0]
        try:
            await asyncio.wait_for(self._woken.wait(), max(0.05, min(later)) if later else None)
        except TimeoutError:
            return
        await asyncio.sleep(GATHER_S)

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _take_up(db: Tables) -> frozenset[int]:
    """What a former process was at begins again; which jobs may be what ends the process.

    A job ends with its process, so one that is still running was there when it crashed.
    """
    clear_old(db)
    doubt_receipts(db)
    suspects = rows(db, "select job_id from jobs where state = 'running' and attempts = ?", (CRASHES - 1,))
    sql = (
        "update jobs set state = 'waiting', not_before = 0,"
        " attempts = case when attempts >= ? then ? else attempts end where state = 'running'"
    )
    db.execute(sql, (CRASHES, MAX_ATTEMPTS))
    return frozenset(row["job_id"] for row in suspects)


def _leave(db: Tables, job_ids: list[int]) -> None:
    """What an orderly stop cut off waits for the next start; that was no attempt, but something may stand in Slack."""
    sql = "update jobs set state = 'waiting', not_before = 0, attempts = max(1, attempts - 1)"
    chosen = "select value from json_each(?)"
    db.execute(f"{sql} where state = 'running' and job_id in ({chosen})", (json.dumps(job_ids),))


def _places(db: Tables) -> list[tuple[int, int, float]]:
    sql = "select job_id, attempts, not_before from jobs where state = 'waiting' order by job_id limit 1000"
    return [(row["job_id"], row["attempts"], row["not_before"]) for row in db.query(sql)]


def _jobs(db: Tables, job_ids: list[int]) -> list[Job]:
    """Those that still wait: what was forgotten since its id was read is done, and nothing stands in it any more."""
    sql = "select * from jobs where state = 'waiting' and job_id in (select value from json_each(?))"
    found = db.query(sql, (json.dumps(job_ids),))
    names = ("job_id", "key", "kind", "lane", "user", "attempts")
    return [Job(**{name: row[name] for name in names}, payload=json.loads(row["payload"])) for row in found]


def _asked_at(job: Job) -> tuple[str, int]:
    """Jobs of one lane are done in the order in which their messages were written; a ts sorts as text."""
    return str((job.payload.get("message") or {}).get("ts") or ""), job.job_id


def _failed(db: Tables, job: Job) -> None:
    audit.note_failed(db, job)
    _done(db, job.job_id, "failed")


def _done(db: Tables, job_id: int, state: str = "done") -> None:
    """The row stays, so that the same key is never done again; what it was about does not."""
    db.execute("update jobs set state = ?, payload = '{}' where job_id = ?", (state, job_id))
