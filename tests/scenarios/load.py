"""Many people at once, as figures: what `tests/scenarios/test_load.py` asserts, and what a log is told.

    python -m tests.scenarios.load --questions 1000 --people 50 --threads 20
    python -m tests.scenarios.load --questions 64 --people 8 --threads 8 --workers 8 --real

Events are shuffled among their neighbours, one in ten is delivered twice, and the connection is cut
three times. ``--real`` answers with the embedded models; otherwise a scripted model answers at once.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import re
import statistics
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import click

from bot import rates
from bot.cli.library import checkpoint_dir, load_models, open_library
from bot.cli.service import Bot
from bot.preflight import EVENT_SCOPES, NEEDED_SCOPES, preflight
from bot.settings import Settings
from bot.workspace.server import Workspace
from bot.workspace.state import Channel, Message, User
from rag.calibrations import NEUTRAL, write_own
from tests.rag.fakes import HashEmbedder, ScriptedModel
from tests.scenarios.conftest import best_line

ROOMS = range(101, 301)
PLAN = "Rooms of the house\n\n" + "\n\n".join(f"Room {n} has {n + 1000} seats." for n in ROOMS)
SEATS = re.compile(r"Room (\d+)\b")


@dataclass(slots=True)
class Load:
    """What came of it. Times in milliseconds where so named."""

    questions: int
    answered: int = 0
    twice: int = 0
    never: int = 0
    wrong: int = 0  # another room's seats
    out_of_order: int = 0
    redelivered: int = 0
    drops: int = 0
    ack_p50_ms: float = 0.0
    ack_p99_ms: float = 0.0
    ack_max_ms: float = 0.0
    acks: int = 0
    seconds: float = 0.0
    unanswered: list[str] = field(default_factory=list)  # what stands in an answer's place


class Crowd:
    """People in threads, asking."""

    def __init__(self, place: Workspace, seed: int = 1) -> None:
        self._place = place
        self._random = random.Random(seed)
        self.people: list[User] = []
        self.threads: list[Message] = []
        self.questions: list[tuple[Message, int]] = []
        self._channel: Channel

    async def gather(self, people: int, threads: int) -> None:
        """Everybody in one channel, one thread for each subject, each with the plan in it."""
        self.people = [await self._place.add_user(f"person{n}") for n in range(people)]
        self._channel = await self._place.add_channel("hall", self.people)
        for n in range(threads):
            files = [("rooms.txt", PLAN.encode())] if n == 0 else []
            self.threads.append(await self._place.post(self.people[0], self._channel, f"Thread {n}", files=files))

    async def read_files(self, bot: Bot) -> None:
        """Have the plan read before the clock starts."""
        await self._place.post(self.people[0], self._channel, "@inhouse", thread_ts=self.threads[0].ts)
        await finished(self._place, bot, 120.0)

    async def ask(self, questions: int, load: Load) -> None:
        """Post all of them in bursts; neighbours overtake each other, one in ten comes twice, sockets drop."""
        cuts = {questions // 4, questions // 2, 3 * questions // 4}
        for first in range(0, questions, 10):
            self._place.hold()
            for n in range(first, min(first + 10, questions)):
                await self._ask(n)
            self._shuffle()
            self._place.release()
            load.redelivered += self._repeat()
            if cuts & set(range(first, first + 10)):
                await self._place.drop_sockets()
                load.drops += 1
            await asyncio.sleep(0.02)

    async def _ask(self, number: int) -> None:
        room = self._random.choice(ROOMS)
        person, thread = self.people[number % len(self.people)], self.threads[number % len(self.threads)]
        text = f"@inhouse How many seats has room {room}?"
        posted = await self._place.post(person, self._channel, text, thread_ts=thread.ts)
        self.questions.append((posted, room))

    def _shuffle(self) -> None:
        self._random.shuffle(self._place.core.hub._waiting)

    def _repeat(self) -> int:
        recent = list(self._place.core.events.sent)[-20:]
        again = [event_id for event_id in recent if self._random.random() < 0.1]
        for event_id in again:
            self._place.redeliver(event_id)
        return len(again)

    async def judge(self, bot: Bot, load: Load) -> None:
        """Compare what stands in the threads with what was asked."""
        turns = await bot.records.read(lambda db: list(db.query("select message_ts, reply_ts from turns")))
        by_question = Counter(row["message_ts"] for row in turns)
        replies = {row["message_ts"]: row["reply_ts"] for row in turns}
        for posted, room in self.questions:
            load.twice += by_question[posted.ts] > 1
            load.never += not by_question[posted.ts]
            shown = self._place.core.state.channels[self._channel.id].messages.get(replies.get(posted.ts) or "")
            said = SEATS.findall(f"{shown.text} {shown.blocks}") if shown else []
            load.answered += bool(said)
            if not said:
                load.unanswered.append(str(shown and (shown.text, shown.blocks, shown.metadata)))
            load.wrong += bool(said) and str(room) not in said
        for thread in self.threads:
            asked = [posted.ts for posted, _ in self.questions if posted.thread_ts == thread.ts]
            places = [float(replies[ts]) for ts in asked if ts in replies]
            load.out_of_order += sum(a > b for a, b in itertools.pairwise(places))
            ours = [m for m in self._place.messages(self._channel, thread.ts) if m.user == self._place.bot_user.id]
            load.twice += max(0, len(ours) - len(asked) - sum("I read" in str(m.blocks) for m in ours))


async def finished(place: Workspace, bot: Bot, timeout_s: float) -> None:
    """Wait until every event was taken in and every job is over."""
    sql = "select count(*) as n from jobs where state in ('waiting', 'running')"
    async with asyncio.timeout(timeout_s):
        while True:
            await asyncio.sleep(0.2)
            was_idle = place.core.hub.is_idle  # before the jobs are counted: an event's are stored before its ack
            left = (await bot.records.read(lambda db: list(db.query(sql))))[0]["n"]
            if was_idle and place.core.hub.is_idle and not left:
                return


async def run(
    folder: Path,
    *,
    questions: int,
    people: int,
    threads: int,
    workers: int = 8,
    real: bool = False,
    timeout_s: float = 1800.0,
) -> Load:
    """One run from an empty workspace to the last answer."""
    place = Workspace(events=EVENT_SCOPES, scopes=NEEDED_SCOPES)
    await place.start()
    settings = Settings.load(
        env_file=None,
        slack_bot_token=place.bot_token,
        slack_app_token=place.app_token,
        slack_api_url=place.api_url,
        data_dir=folder,
        checkpoint_dir=checkpoint_dir(Settings.load()) if real else None,
        workers=workers,
        queue_limit=questions + 1,
    )
    models = load_models(settings) if real else (ScriptedModel(best_line), HashEmbedder())
    if not real:  # delivery is judged: by words alone a follow-up in some four thousand is refused (docs/log.md)
        folder.mkdir(exist_ok=True)
        never = replace(NEUTRAL, refuse_below=0.0, embedder=HashEmbedder.fingerprint)
        write_own(folder / "calibration.json", never)
    load, crowd = Load(questions), Crowd(place)
    identity = await preflight(settings)
    with open_library(settings, models) as library:
        bot = Bot(settings, identity, library)
        await bot.start()
        await crowd.gather(people, threads)
        await crowd.read_files(bot)
        place.acks.clear()
        started = time.perf_counter()
        await crowd.ask(questions, load)
        await finished(place, bot, timeout_s)
        load.seconds = round(time.perf_counter() - started, 1)
        await crowd.judge(bot, load)
        await bot.stop()
    await place.stop()
    return _with_acks(load, [ack.delay_s for ack in place.acks])


def _with_acks(load: Load, delays_s: list[float]) -> Load:
    load.acks = len(delays_s)
    if load.acks > 1:
        cuts = statistics.quantiles(delays_s, n=100, method="inclusive")
        load.ack_p50_ms, load.ack_p99_ms = round(1000 * cuts[49], 1), round(1000 * cuts[98], 1)
        load.ack_max_ms = round(1000 * max(delays_s), 1)
    return load


@click.command()
@click.option("--questions", default=1000)
@click.option("--people", default=50)
@click.option("--threads", default=20)
@click.option("--workers", default=8)
@click.option("--window", default=60.0, help="Seconds in which a thread gets five answers.")
@click.option("--real", is_flag=True, help="Answer with the embedded models.")
def main(questions: int, people: int, threads: int, workers: int, window: float, real: bool) -> None:
    """Run once and print the figures as JSON."""
    rates.WINDOW_S = window
    with tempfile.TemporaryDirectory(prefix="inhouse-load-") as folder:
        load = asyncio.run(
            run(Path(folder), questions=questions, people=people, threads=threads, workers=workers, real=real)
        )
    click.echo(json.dumps(asdict(load)))


if __name__ == "__main__":
    main()
