"""Ten times more than can be served: who is refused is told so, others hardly wait longer, and memory stays flat.

``python -m tests.scenarios.overload --seconds 600`` floods a bot in a process of its own from a few people, while
others ask now and then, and prints what came of it. The model takes a fixed time for each answer.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import click
import psutil

from bot.workspace.server import Workspace
from bot.workspace.state import Channel, Message, User
from tests.scenarios.child_bot import ChildBot
from tests.scenarios.conftest import events_of_manifest

FACT = "The assembly point of the house is the car park behind the canteen."  # 13 words
ASKED = "@inhouse Where is the assembly point of the house?"
WORKERS, QUEUE, REST_S = 2, 40, 2.0


@dataclass(slots=True)
class Overload:
    """What came of it. Units: seconds, MiB."""

    offered: int = 0  # questions of those who flood
    answered: int = 0
    refused: int = 0  # told that there is too much to do
    unexplained: int = 0  # neither
    quiet_asked: int = 0
    quiet_refused: int = 0
    alone_median_s: float = 0.0  # waiting of the others, without the flood
    alone_p95_s: float = 0.0
    flooded_median_s: float = 0.0
    flooded_p95_s: float = 0.0
    times_capacity: float = 0.0
    memory_first_mib: float = 0.0  # the highest of the first half, without its beginning
    memory_second_mib: float = 0.0
    seconds: float = 0.0
    waits_s: list[float] = field(default_factory=list)


class House:
    """A bot in a process of its own, with people who flood it and people who do not."""

    def __init__(self, place: Workspace) -> None:
        self.place = place
        self.flood: list[Message] = []
        self.memory: list[float] = []

    async def settle_in(self) -> None:
        self.loud = [await self.place.add_user(f"loud{n}") for n in range(2)]
        self.quiet = [await self.place.add_user(f"quiet{n}") for n in range(3)]
        self.hall: Channel = await self.place.add_channel("hall", [*self.loud, *self.quiet])
        first = await self.place.post(self.quiet[0], self.hall, ASKED, files=[("plan.txt", FACT.encode())])
        await self.outcome(first)

    def replies(self, asked: Message) -> str:
        thread = self.place.messages(self.hall, asked.ts)
        ours = [m for m in thread if m.user == self.place.bot_user.id and not m.streaming]
        return "\n".join(f"{m.text} {m.blocks}" for m in ours)

    async def outcome(self, asked: Message) -> str:
        """Wait for what a question leads to: "answered" or "refused"."""
        async with asyncio.timeout(300):
            while True:
                said = self.replies(asked)
                if "car park" in said:
                    return "answered"
                if "More questions are waiting" in said:
                    return "refused"
                await asyncio.sleep(0.05)

    async def ask_quietly(self, seconds: float) -> tuple[list[float], int]:
        """The others ask, wait for their answer, rest, and ask again: how long each waited, and refusals."""
        ends, waits, refused = time.monotonic() + seconds, [], 0

        async def person(user: User) -> None:
            nonlocal refused
            while time.monotonic() < ends:
                began = time.monotonic()
                outcome = await self.outcome(await self.place.post(user, self.hall, ASKED))
                refused += outcome == "refused"
                waits.append(time.monotonic() - began)
                await asyncio.sleep(REST_S)

        await asyncio.gather(*map(person, self.quiet))
        return waits, refused

    async def flood_it(self, seconds: float, a_second: float) -> None:
        began = time.monotonic()
        while (passed := time.monotonic() - began) < seconds:
            for _ in range(int(passed * a_second) - len(self.flood)):
                self.flood.append(await self.place.post(self.loud[len(self.flood) % 2], self.hall, ASKED))
            await asyncio.sleep(0.1)

    async def watch(self, process: int) -> None:
        bot = psutil.Process(process)
        while True:
            self.memory.append(bot.memory_info().rss / 2**20)
            await asyncio.sleep(0.5)


async def overload(folder: Path, seconds: float, *, service_s: float = 2.0, times: float = 10.0) -> Overload:
    """Flood a bot for ``seconds`` with ``times`` what it can answer."""
    os.environ |= {
        "INHOUSE_WORKERS": str(WORKERS),
        "INHOUSE_QUEUE_LIMIT": str(QUEUE),
        "INHOUSE_REPLIES_A_MINUTE": "1000",
    }
    found, place = Overload(times_capacity=times), Workspace(events=events_of_manifest())
    await place.start()
    house, child = House(place), ChildBot(place, folder)
    await child.start(delay_s=service_s / len(FACT.split()))
    watching: asyncio.Task[None] | None = None
    try:
        await house.settle_in()
        alone, _ = await house.ask_quietly(max(10.0, seconds / 6))
        assert child._process is not None
        watching = asyncio.create_task(house.watch(child._process.pid))
        flooding = asyncio.create_task(house.flood_it(seconds, times * WORKERS / service_s))
        waits, found.quiet_refused = await house.ask_quietly(seconds)
        await flooding
        watching.cancel()
        await _count(house, found)
        _sum_up(found, alone, waits, house.memory)
        found.seconds = seconds
    finally:
        if watching:
            watching.cancel()
        await child.kill()
        await place.stop()
    return found


async def _count(house: House, found: Overload) -> None:
    """What came of each question of the flood, once the queue is empty."""
    found.offered = len(house.flood)
    for asked in house.flood:
        try:
            outcome = await house.outcome(asked)
        except TimeoutError:
            outcome = "unexplained"
        setattr(found, outcome, getattr(found, outcome) + 1)


def _sum_up(found: Overload, alone: list[float], waits: list[float], memory: list[float]) -> None:
    found.quiet_asked, found.waits_s = len(waits), [round(wait, 2) for wait in waits]
    found.alone_median_s = round(statistics.median(alone), 2)
    found.alone_p95_s = _p95(alone)
    found.flooded_median_s = round(statistics.median(waits), 2)
    found.flooded_p95_s = _p95(waits)
    half = len(memory) // 2
    found.memory_first_mib = round(max(memory[half // 2 : half]), 1)
    found.memory_second_mib = round(max(memory[half:]), 1)


def _p95(waits: list[float]) -> float:
    return round(sorted(waits)[int(0.95 * (len(waits) - 1))], 2)


@click.command()
@click.option("--seconds", default=600.0)
@click.option("--service", default=2.0, help="Seconds that the model takes for an answer.")
@click.option("--times", default=10.0, help="How much more is asked than can be answered.")
def main(seconds: float, service: float, times: float) -> None:
    """Flood, and print what was counted."""
    with tempfile.TemporaryDirectory(prefix="inhouse-overload-") as folder:
        found = asyncio.run(overload(Path(folder), seconds, service_s=service, times=times))
    click.echo(json.dumps({name: value for name, value in asdict(found).items() if name != "waits_s"}))


if __name__ == "__main__":
    main()
