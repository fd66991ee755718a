"""Events come twice, late, in any order and across restarts: each question becomes one piece of work, in order.

    python -m tests.bot.test_events_in_any_order 10000

The real inbox, records and queue over a real database, fed with what Slack sends for each mention: an `app_mention`
and a `message` event, overtaking each other, repeated at once, after one and after five simulated minutes, and
cut off by restarts. The work itself is a stand-in that looks at its thread for earlier questions as a turn does.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bot import inbox as inbox_room
from bot import jobs as jobs_room
from bot import schema
from bot.events import IncomingMessage
from bot.inbox import Inbox
from bot.jobs import Jobs, Overtaken, Running
from bot.records import Records, add_turn
from rag.database import Database

BOT, TEAM = "UBOT", "T1"
THREADS = 40
SECONDS_BETWEEN = 0.5  # simulated, between two messages
RETRIES_S = (0.0, 60.0, 300.0)


class Slack:
    """Messages in threads, and when each of their events arrives, in simulated seconds."""

    def __init__(self, events: int, seed: int) -> None:
        self.chance = random.Random(seed)
        self.messages = [self._message(number) for number in range(events // 4)]
        self.arrivals = self._arrivals()

    def _message(self, number: int) -> dict[str, Any]:
        thread = self.chance.randrange(THREADS)
        return {
            "user": f"U{self.chance.randrange(30)}",
            "text": f"<@{BOT}> question {number}?",
            "ts": f"{1_000_000 + number * SECONDS_BETWEEN:.6f}",
            "thread_ts": f"{900_000 + thread}.000000",
            "channel": f"C{thread % 5}",
        }

    def _arrivals(self) -> list[dict[str, Any]]:
        timed = [entry for message in self.messages for entry in self._events(message)]
        timed.sort(key=lambda entry: entry[0])
        return [body for _, body in timed]

    def _events(self, message: dict[str, Any]) -> list[tuple[float, dict[str, Any]]]:
        """Two events, and so many repetitions that there are four on average; the first delivery may fail."""
        found, is_late = [], self.chance.random() < 0.05  # neither of them arrived at first
        for kind in ("app_mention", "message"):
            body = {"team_id": TEAM, "event_id": f"Ev{kind}{message['ts']}", "event": message | {"type": kind}}
            at = float(message["ts"]) + self.chance.expovariate(2.0)
            times = [at + wait_s for wait_s in RETRIES_S if wait_s == 0.0 or self.chance.random() < 0.3]
            if self.chance.random() < 0.4:
                times.append(at + self.chance.uniform(0, 360))
            if is_late:
                times = [max(*times, at + 60.0)]
            found += [(each, body) for each in times]
        return found


class Desk:
    """A bot's inbox and queue over a folder; its work is noted in ``done``."""

    def __init__(self, folder: Path, slack: Slack, done: list[str]) -> None:
        self.database = Database(folder / "inhouse.db", [schema.MIGRATIONS])
        self.records = Records(self.database)
        self.jobs = Jobs(self.records, workers=4, replies_a_minute=10**6)
        self.jobs.handle("turn", self._turn)
        self.inbox = Inbox(self.records, self.jobs, BOT, queue_limit=10**6)
        self._slack = slack
        self._done = done

    async def _turn(self, running: Running) -> None:
        message = IncomingMessage(**running.job.payload["message"])
        earlier = [
            IncomingMessage(TEAM, m["channel"], "", m["user"], m["ts"], m["thread_ts"], m["text"], ())
            for m in self._slack.messages
            if m["thread_ts"] == message.thread_ts and m["channel"] == message.channel and m["ts"] < message.ts
        ]
        if await self.records.write(lambda db: any([add_turn(db, each, "") for each in earlier])):
            raise Overtaken
        if running.job.attempts and message.ts in self._done:
            return  # one that was begun before finds what it posted
        self._done.append(message.ts)  # what a turn shows; a crash after it is `tests/scenarios/test_kills.py`

    async def stop(self) -> None:
        await self.jobs.stop()
        self.database.close()


async def deliver(folder: Path, events: int, restarts: int, seed: int = 1) -> dict[str, int]:
    """Deliver about so many events; what came of the messages that they are about."""
    slack, done = Slack(events, seed), []
    desk = Desk(folder, slack, done)
    await desk.jobs.start()
    cuts = set(slack.chance.sample(range(1, len(slack.arrivals)), restarts))
    for number, body in enumerate(slack.arrivals):
        await desk.inbox.record(body)
        if number in cuts:
            await desk.stop()
            desk = Desk(folder, slack, done)
            await desk.jobs.start()
    async with asyncio.timeout(600):
        sql = "select 1 from jobs where state in ('waiting', 'running') limit 1"
        while await desk.records.read(lambda db: list(db.query(sql))):
            await asyncio.sleep(0.05)
    await desk.stop()
    return _judged(slack, done) | {"events": len(slack.arrivals), "restarts": restarts}


def _judged(slack: Slack, done: list[str]) -> dict[str, int]:
    count = Counter(done)
    place = {ts: number for number, ts in enumerate(done)}
    threads: dict[str, list[int]] = {}
    for message in slack.messages:
        if message["ts"] in place:
            threads.setdefault(message["thread_ts"], []).append(place[message["ts"]])
    return {
        "questions": len(slack.messages),
        "double": sum(n > 1 for n in count.values()),
        "missing": sum(m["ts"] not in count for m in slack.messages),
        "inversions": sum(a > b for places in threads.values() for a, b in itertools.pairwise(places)),
    }


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_room, "SETTLE_S", 0.0)
    monkeypatch.setattr(jobs_room, "FIRST_RETRY_S", 0.01)


async def test_events_in_any_order_become_each_question_once_and_in_order(tmp_path: Path) -> None:
    found = await deliver(tmp_path, 400, restarts=3)
    assert (found["double"], found["missing"], found["inversions"]) == (0, 0, 0), found
    assert found["events"] > 300


if __name__ == "__main__":
    inbox_room.SETTLE_S = 0.0
    with tempfile.TemporaryDirectory() as place:
        print(json.dumps(asyncio.run(deliver(Path(place), int(sys.argv[1]), restarts=20))))
