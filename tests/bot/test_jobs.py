"""Work is done once, in order, fairly, and survives failures and restarts."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from bot import jobs as room
from bot import rates
from bot.events import Removal
from bot.jobs import CRASHES, MAX_ATTEMPTS, Jobs, Place, Running, TryAgain
from bot.records import Job, Records
from rag.errors import StoreError


class Desk:
    """A queue, jobs put into it, and a handler that writes down what it did and can be held up."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self.queues: list[Jobs] = []
        self.began: list[str] = []
        self.ended: list[str] = []
        self.seen: dict[str, Running] = {}
        self.open = asyncio.Event()
        self.open.set()
        self.fail: Callable[[Running], BaseException | None] = lambda _: None

    async def put(self, key: str, *, lane: str = "", user: str = "U1", kind: str = "turn", **row: Any) -> None:
        payload = json.dumps(row.pop("payload", {"message": {"channel": "C1", "ts": key, "thread_ts": None}}))
        values = {"state": "waiting", "attempts": 0, "created_at": time.time(), "not_before": 0.0} | row
        values |= {"key": key, "lane": lane or key, "user": user, "kind": kind, "payload": payload}
        await self.records.write(lambda db: db.table("jobs").insert(values))

    async def run(self, workers: int = 1) -> Jobs:
        queue = Jobs(self.records, workers)
        for kind in ("turn", "ask", "erase", "upload", "reread"):
            queue.handle(kind, self.handle)
        self.queues.append(queue)
        await queue.start()
        return queue

    async def handle(self, running: Running) -> None:
        key = running.job.key
        self.began.append(key)
        self.seen[key] = running
        await self.open.wait()
        error = self.fail(running)
        if error is not None:
            raise error
        self.ended.append(key)

    async def rows(self) -> dict[str, dict[str, Any]]:
        found = await self.records.read(lambda db: list(db.query("select * from jobs")))
        return {row["key"]: row for row in found}

    async def states(self) -> dict[str, str]:
        return {key: row["state"] for key, row in (await self.rows()).items()}

    async def until(self, look: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not look():
                await asyncio.sleep(0.005)

    async def settled(self) -> dict[str, str]:
        """The states, once no job is waiting or running."""
        async with asyncio.timeout(20):
            while set(states := (await self.states()).values()) & {"waiting", "running"}:
                await asyncio.sleep(0.005)
        return dict(await self.states()) if states else {}


@pytest.fixture
async def desk(records: Records, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setattr(room, "FIRST_RETRY_S", 0.01)
    made = Desk(records)
    yield made
    made.open.set()
    for queue in made.queues:
        await queue.stop(timeout_s=5)


# --- order and fairness --------------------------------------------------------------------------


async def test_a_lane_is_served_in_order_and_one_at_a_time(desk: Desk) -> None:
    for number in range(4):
        await desk.put(f"job{number}", lane="thread")
    desk.open.clear()
    await desk.run(workers=3)
    await desk.until(lambda: bool(desk.began))
    await asyncio.sleep(0.05)
    assert desk.began == ["job0"]
    desk.open.set()
    await desk.settled()
    assert desk.ended == ["job0", "job1", "job2", "job3"]


async def test_a_lane_is_served_in_the_order_in_which_its_messages_were_written(desk: Desk) -> None:
    """Events overtake each other, so that the later message may be stored first."""
    for key in ("30.5", "10.5", "20.5"):
        await desk.put(key, lane="thread")
    await desk.run(workers=2)
    await desk.settled()
    assert desk.ended == ["10.5", "20.5", "30.5"]


async def test_lanes_run_beside_each_other_up_to_the_number_of_workers(desk: Desk) -> None:
    for number in range(4):
        await desk.put(f"job{number}")
    desk.open.clear()
    await desk.run(workers=2)
    await desk.until(lambda: len(desk.began) == 2)
    await asyncio.sleep(0.05)
    assert desk.began == ["job0", "job1"]
    desk.open.set()
    assert set((await desk.settled()).values()) == {"done"}


async def test_a_person_with_many_questions_does_not_keep_others_waiting(desk: Desk) -> None:
    for number in range(4):
        await desk.put(f"ana{number}", user="ana")
    await desk.put("ben0", user="ben")
    await desk.put("chris0", user="chris")
    await desk.run(workers=1)
    await desk.settled()
    assert desk.ended[0] == "ana0"
    assert set(desk.ended[1:3]) == {"ben0", "chris0"}
    assert [key for key in desk.ended if key.startswith("ana")] == ["ana0", "ana1", "ana2", "ana3"]


async def test_a_job_that_waits_for_its_retry_holds_its_lane_but_no_other(desk: Desk) -> None:
    await desk.put("first", lane="thread", not_before=time.time() + 3600)
    await desk.put("second", lane="thread")
    await desk.put("other")
    await desk.run(workers=2)
    async with asyncio.timeout(10):
        while (await desk.states())["other"] != "done":
            await asyncio.sleep(0.01)
    assert await desk.states() == {"first": "waiting", "second": "waiting", "other": "done"}
    assert desk.ended == ["other"]


async def test_files_leave_half_of_the_workers_to_questions(desk: Desk) -> None:
    for number in range(6):
        await desk.put(f"file{number}", kind="upload" if number % 2 else "reread")
    for number in range(3):
        await desk.put(f"question{number}", kind="turn")
    desk.open.clear()
    await desk.run(workers=3)
    await desk.until(lambda: len(desk.began) == 3)
    await asyncio.sleep(0.05)
    assert desk.began == ["file0", "file1", "question0"]
    desk.open.set()
    assert set((await desk.settled()).values()) == {"done"}


async def test_files_alone_use_half_of_the_workers_and_all_are_read(desk: Desk) -> None:
    for number in range(5):
        await desk.put(f"file{number}", kind="upload")
    await desk.run(workers=1)
    assert set((await desk.settled()).values()) == {"done"}


async def test_a_question_still_waits_for_the_file_before_it_in_its_lane(desk: Desk) -> None:
    await desk.put("other file", kind="upload")
    await desk.put("file", kind="upload", lane="thread")
    await desk.put("question", kind="turn", lane="thread")
    desk.open.clear()
    await desk.run(workers=2)
    await desk.until(lambda: bool(desk.began))
    await asyncio.sleep(0.05)
    assert desk.began == ["other file"]
    desk.open.set()
    await desk.settled()
    assert desk.ended == ["other file", "file", "question"]


async def test_erasing_waits_for_no_answer(desk: Desk) -> None:
    await desk.put("slow")
    desk.open.clear()
    queue = await desk.run(workers=1)
    await desk.until(lambda: desk.began == ["slow"])
    await desk.put("erase/1", kind="erase", user="")
    queue.wake()
    await desk.until(lambda: "erase/1" in desk.began)
    assert desk.began == ["slow", "erase/1"] and "slow" not in desk.ended


async def test_a_job_put_in_later_is_found(desk: Desk) -> None:
    queue = await desk.run()
    await desk.put("later")
    queue.wake()
    assert await desk.settled() == {"later": "done"}


# --- failure -------------------------------------------------------------------------------------


async def test_a_passing_failure_is_tried_again(desk: Desk) -> None:
    desk.fail = lambda running: TryAgain("Slack did not answer") if running.job.attempts == 0 else None
    await desk.put("job")
    await desk.run()
    assert await desk.settled() == {"job": "done"}
    assert desk.began == ["job", "job"]


@pytest.mark.parametrize("error", [TryAgain("again"), ValueError("a mistake of ours"), StoreError()])
async def test_after_the_last_attempt_people_are_told_once(desk: Desk, error: Exception) -> None:
    told: list[Job] = []

    async def apologise(job: Job) -> None:
        told.append(job)

    desk.fail = lambda _: error
    await desk.put("job")
    (await desk.run()).on_failure(apologise)
    assert await desk.settled() == {"job": "failed"}
    assert desk.began == ["job"] * MAX_ATTEMPTS
    assert desk.seen["job"].is_last_attempt
    assert [job.key for job in told] == ["job"]
    assert told[0].payload["message"]["ts"] == "job"


async def test_a_handler_knows_its_last_attempt(desk: Desk) -> None:
    last: list[bool] = []

    def fail(running: Running) -> Exception:
        last.append(running.is_last_attempt)
        return TryAgain("again")

    desk.fail = fail
    await desk.put("job")
    await desk.run()
    await desk.settled()
    assert last == [False] * (MAX_ATTEMPTS - 1) + [True]


async def test_a_job_that_ended_the_process_each_time_is_not_run_again(desk: Desk) -> None:
    """It had used up its attempts without a handler living to see the last: it ran at every start, for ever."""
    told: list[str] = []

    async def apologise(job: Job) -> None:
        told.append(job.key)

    await desk.put("deadly", state="running", attempts=MAX_ATTEMPTS)
    await desk.put("good")
    (await desk.run()).on_failure(apologise)
    assert await desk.settled() == {"deadly": "failed", "good": "done"}
    assert desk.began == ["good"]
    assert told == ["deadly"]


async def test_a_failing_apology_does_not_stop_the_queue(desk: Desk) -> None:
    async def apologise(_: Job) -> None:
        raise RuntimeError("nobody there")

    desk.fail = lambda running: ValueError() if running.job.key == "bad" else None
    await desk.put("bad", attempts=MAX_ATTEMPTS - 1)
    await desk.put("good")
    (await desk.run()).on_failure(apologise)
    assert await desk.settled() == {"bad": "failed", "good": "done"}


async def test_each_retry_waits_longer_but_never_more_than_a_minute_and_a_half(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000_000.0
    monkeypatch.setattr(room, "FIRST_RETRY_S", 20.0)
    monkeypatch.setattr(room.random, "uniform", lambda *_: 1.0)
    monkeypatch.setattr(room.time, "time", lambda: now)
    desk.fail = lambda _: TryAgain("again")
    for attempts in range(3):
        await desk.put(f"job{attempts}", attempts=attempts)
    await desk.run(workers=3)
    async with asyncio.timeout(20):
        while not all(row["not_before"] for row in (await desk.rows()).values()):
            await asyncio.sleep(0.005)
    assert [row["not_before"] - now for row in (await desk.rows()).values()] == [20.0, 40.0, 60.0]


async def test_the_queue_outlives_a_store_that_fails_for_a_while(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    real, faults = desk.records.read, iter([StoreError(), StoreError()])

    async def faulty(work: Any) -> Any:
        for error in faults:
            raise error
        return await real(work)

    monkeypatch.setattr(desk.records, "read", faulty)
    await desk.put("job")
    await desk.run()
    await desk.until(lambda: desk.ended == ["job"])
    assert next(faults, None) is None, "the store never failed"
    assert await desk.settled() == {"job": "done"}


async def test_what_a_finished_job_was_about_is_not_kept(desk: Desk) -> None:
    desk.fail = lambda running: ValueError() if running.job.key == "bad" else None
    await desk.put("bad", attempts=MAX_ATTEMPTS - 1, payload={"question": "a secret"})
    await desk.put("good", payload={"question": "a secret"})
    await desk.run()
    await desk.settled()
    assert {row["payload"] for row in (await desk.rows()).values()} == {"{}"}


# --- stopping and starting -----------------------------------------------------------------------


async def test_nobody_is_told_of_a_job_that_was_forgotten_while_the_queue_was_read(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.put("1")
    forget = "update jobs set state = 'done', payload = '{}'"
    places = await desk.records.read(room._places)
    await desk.records.write(lambda db: db.execute(forget))
    monkeypatch.setattr(room, "_places", lambda db: places)  # as it was read a moment before
    _, told = await told_queue(desk)
    await asyncio.sleep(0.05)
    assert not told and not desk.began


async def test_stopping_finishes_what_runs_and_starts_nothing(desk: Desk) -> None:
    await desk.put("first")
    await desk.put("second")
    desk.open.clear()
    queue = await desk.run()
    await desk.until(lambda: desk.began == ["first"])
    stopping = asyncio.create_task(queue.stop(timeout_s=10))
    await asyncio.sleep(0)
    desk.open.set()
    await stopping
    assert await desk.states() == {"first": "done", "second": "waiting"}


async def test_what_does_not_finish_in_time_is_cancelled_and_taken_up_by_the_next_start(desk: Desk) -> None:
    await desk.put("job")
    desk.open.clear()
    queue = await desk.run()
    await desk.until(lambda: desk.began == ["job"])
    await queue.stop(timeout_s=0)
    assert desk.seen["job"].cancel.is_set()
    assert desk.ended == []
    assert await desk.states() == {"job": "waiting"}
    desk.open.set()
    await desk.run()
    assert await desk.settled() == {"job": "done"}
    assert desk.ended == ["job"]
    assert desk.seen["job"].job.attempts == 1


async def test_a_job_that_a_crash_left_running_is_taken_up_at_once(desk: Desk) -> None:
    await desk.put("job", state="running", attempts=1, not_before=time.time() + 3600)
    await desk.run()
    assert await desk.settled() == {"job": "done"}
    assert desk.ended == ["job"]


async def test_a_job_that_two_crashes_had_in_common_goes_alone(desk: Desk) -> None:
    """So that the third crash, should it be the cause, is nobody else's."""
    await desk.put("suspect", state="running", attempts=CRASHES - 1)
    await desk.put("good", user="U2")
    desk.open.clear()
    await desk.run(workers=2)
    await desk.until(lambda: bool(desk.began))
    await asyncio.sleep(0.1)
    assert len(desk.began) == 1, "they were at work at the same time"
    desk.open.set()
    assert await desk.settled() == {"suspect": "done", "good": "done"}


@pytest.mark.parametrize("state", ["done", "failed"])
async def test_what_was_finished_is_never_done_again(desk: Desk, state: str) -> None:
    await desk.put("old", state=state)
    await desk.put("new")
    await desk.run()
    await desk.settled()
    assert desk.began == ["new"]


async def test_stopping_twice_and_before_anything_ran_is_harmless(desk: Desk) -> None:
    queue = await desk.run()
    await queue.stop()
    await queue.stop()
    assert not desk.began


# --- cancelling ----------------------------------------------------------------------------------


async def running_job(desk: Desk) -> tuple[Jobs, Running]:
    payload = {"message": {"channel": "C1", "ts": "10.5", "thread_ts": "9.5"}}
    await desk.put("job", user="ana", payload=payload)
    desk.open.clear()
    queue = await desk.run()
    await desk.until(lambda: desk.began == ["job"])
    return queue, desk.seen["job"]


@pytest.mark.parametrize("gone", [Removal("T1", "C1", message_ts="10.5"), Removal("T1", "C1")])
async def test_a_deleted_question_is_not_answered_further(desk: Desk, gone: Removal) -> None:
    queue, running = await running_job(desk)
    queue.cancel(gone)
    assert running.cancel.is_set()


@pytest.mark.parametrize(
    "gone",
    [
        Removal("T1", "C1", message_ts="10.6"),
        Removal("T1", "C2", message_ts="10.5"),
        Removal("T1", "C2"),
        Removal("T1", "C1", file_id="F1"),
        Removal("T1", file_id="F1"),
    ],
)
async def test_other_removals_stop_no_answer(desk: Desk, gone: Removal) -> None:
    queue, running = await running_job(desk)
    queue.cancel(gone)
    assert not running.cancel.is_set()


@pytest.mark.parametrize("thread_ts", ["9.5", "10.5"])
async def test_whoever_asked_may_stop_the_answer(desk: Desk, thread_ts: str) -> None:
    queue, running = await running_job(desk)
    assert queue.stop_reply("C1", thread_ts, "ana")
    assert running.cancel.is_set()


@pytest.mark.parametrize("place", [("C1", "9.5", "ben"), ("C2", "9.5", "ana"), ("C1", "8.5", "ana")])
async def test_nobody_else_and_nowhere_else_may(desk: Desk, place: tuple[str, str, str]) -> None:
    queue, running = await running_job(desk)
    assert not queue.stop_reply(*place)
    assert not running.cancel.is_set()


# --- the first sign ------------------------------------------------------------------------------


async def told_queue(desk: Desk, **more: Any) -> tuple[Jobs, list[tuple[str, Place]]]:
    told: list[tuple[str, Place]] = []

    async def notice(job: Job, place: Place) -> None:
        told.append((job.key, place))

    queue = Jobs(desk.records, **{"workers": 1} | more)
    desk.queues.append(queue)
    queue.handle("turn", desk.handle)
    queue.handle("redo", desk.handle)
    queue.on_waiting(notice)
    await queue.start()
    return queue, told


async def test_everybody_is_told_once_and_how_many_are_ahead(desk: Desk) -> None:
    for number in range(3):
        await desk.put(f"job{number}")
    desk.open.clear()
    queue, told = await told_queue(desk)
    await desk.until(lambda: len(told) == 3)
    queue.wake()
    await asyncio.sleep(0.05)
    assert [(key, place.ahead) for key, place in told] == [("job0", 0), ("job1", 1), ("job2", 2)]
    assert all(place.wait_s is None for _, place in told), "nothing was measured yet"


async def test_who_waits_is_told_how_long_once_that_was_measured(desk: Desk) -> None:
    queue, told = await told_queue(desk)
    queue.rates.took("turn", 8.0)
    queue.rates.took("turn", 8.0)
    desk.open.clear()
    for number in range(3):
        await desk.put(f"job{number}")
    queue.wake()
    await desk.until(lambda: len(told) == 3)
    assert [place.wait_s for _, place in told] == [0.0, 8.0, 16.0]


async def test_who_waits_is_told_again_as_the_queue_moves(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "RENEW_S", 0.05)
    for number in range(3):
        await desk.put(f"job{number}")
    gates = {f"job{number}": asyncio.Event() for number in range(3)}

    async def one_by_one(running: Running) -> None:
        await gates[running.job.key].wait()

    desk.handle = one_by_one  # type: ignore[method-assign]
    _, told = await told_queue(desk)
    await desk.until(lambda: len(told) == 3)
    gates["job0"].set()
    await desk.until(lambda: ("job2", 1) in [(key, place.ahead) for key, place in told])
    assert [place.ahead for key, place in told if key == "job2"] == [2, 1]
    for gate in gates.values():
        gate.set()


# --- not in the way ------------------------------------------------------------------------------


async def test_the_sixth_answer_in_a_thread_within_a_minute_waits_and_is_told_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "WINDOW_S", 0.6)
    for number in range(6):
        await desk.put(f"job{number}", lane="thread")
    await desk.put("other", lane="elsewhere")
    _, told = await told_queue(desk)
    await desk.until(lambda: len(desk.ended) == 6)
    assert "job5" not in desk.ended, "five in this thread, one elsewhere"
    assert "other" in desk.ended
    await desk.until(lambda: any(place.paced_s > 0 for key, place in told if key == "job5"))
    await desk.until(lambda: "job5" in desk.ended)


async def test_an_answer_anew_does_not_count(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "WINDOW_S", 30.0)
    for number in range(5):
        await desk.put(f"redo{number}", lane="thread", kind="redo")
    await desk.put("turn", lane="thread")
    _, told = await told_queue(desk)
    await desk.until(lambda: len(desk.ended) == 6)
    assert not any(place.paced_s for _, place in told)


async def test_a_retry_of_a_job_that_began_does_not_wait_for_the_pace(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "FIRST_RETRY_S", 0.01)
    monkeypatch.setattr(rates, "WINDOW_S", 30.0)
    desk.fail = lambda running: TryAgain("later") if not running.job.attempts else None
    for number in range(5):
        await desk.put(f"job{number}", lane="thread")
    await told_queue(desk)
    await desk.until(lambda: len(desk.ended) == 5)
    assert sorted(desk.began) == sorted(2 * [f"job{number}" for number in range(5)])


async def test_work_taken_away_just_before_it_would_begin_is_not_begun(
    desk: Desk, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = Jobs._waiting

    async def look_and_lose(self: Jobs) -> object:
        found = await look(self)
        await records.write(lambda db: db.execute("update jobs set state = 'done' where key = 'gone'"))
        return found

    monkeypatch.setattr(Jobs, "_waiting", look_and_lose)
    await desk.put("gone")
    await desk.put("stays")
    await desk.run()
    assert await desk.settled() == {"gone": "done", "stays": "done"}
    assert desk.began == ["stays"]
