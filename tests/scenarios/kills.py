"""The bot is killed at random instants, again and again; what stands in Slack afterwards is what was promised.

    python -m tests.scenarios.kills --n 500                  while it uploads, indexes, answers, erases
    python -m tests.scenarios.kills --n 100 --when accepted  just after Slack did what a call asked
    python -m tests.scenarios.kills --n 100 --when term      asked to end, as a service manager does

A real process with the real code and a scripted model, against the workspace in this one. `tests/scenarios/ledger.py`
holds what happened against the database. Exit status 0: nothing lost, doubled, stuck or left behind.
"""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
import tempfile
import time
from collections import Counter
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import click

from bot.preflight import EVENT_SCOPES, NEEDED_SCOPES
from bot.workspace.arguments import Arguments
from bot.workspace.core import Core
from bot.workspace.methods.registry import METHODS, Method
from bot.workspace.server import Workspace
from bot.workspace.state import Channel, User
from tests.scenarios.child_bot import ChildBot
from tests.scenarios.ledger import Deed, Ledger, Verdict
from tests.scenarios.models import LEASE

BETWEEN_CHECKS = 2  # kills; a job that was at work in three crashes is given up, as promised elsewhere
# What each deed takes here, about; the instant of a kill is drawn from it.
SPAN_S = {"ask": 1.4, "library": 1.0, "again": 0.4, "forget": 0.15, "take back": 0.15}
QUIET_S = 90.0
SHOWING = ("chat.postMessage", "chat.startStream", "chat.appendStream", "chat.stopStream", "chat.update", "chat.delete")
BROKEN = ("broken.pdf", b"%PDF nothing")


@dataclass(slots=True)
class Toll:
    """What it came to."""

    n: int = 0
    when: str = ""
    seed: int = 0
    questions: int = 0
    uploads: int = 0
    deletions: int = 0
    ready_max_s: float = 0.0
    end_max_s: float = 0.0  # from SIGTERM to the end of the process
    bad_status: int = 0  # ends by SIGTERM with another exit status than 0
    phases: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    verdict: Verdict = field(default_factory=Verdict)

    @property
    def held(self) -> bool:
        return not self.verdict and not self.bad_status and self.ready_max_s <= 10 and self.end_max_s <= 20


class Street:
    """A workspace, a bot that is killed, and somebody who keeps it busy."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.place = Workspace(events=EVENT_SCOPES, scopes=NEEDED_SCOPES)
        self.child = ChildBot(self.place, folder)
        self.ledger = Ledger(self.place, folder)
        self.chance = random.Random(seed)
        self._number = 0
        self._ana: User
        self._rooms: list[Channel] = []

    async def open(self) -> None:
        """Somebody in two channels; in the second every file is read."""
        await self.place.start()
        self._ana = await self.place.add_user("ana", is_admin=True)
        self._rooms = [await self.place.add_channel(name, [self._ana]) for name in ("lab", "library")]
        await self.child.start()
        with closing(sqlite3.connect(self.ledger.folder / "inhouse.db", timeout=30)) as db, db:
            row = (self.place.team_id, self._rooms[1].id, 1, "")
            db.execute("insert into channels (team, channel, is_library, language) values (?, ?, ?, ?)", row)

    async def close(self) -> None:
        await self.child.kill()
        await self.place.stop()

    async def act(self, toll: Toll) -> float:
        """One thing that a person does; within how many seconds the bot is through with it, about."""
        settled = [deed for deed in self.ledger.deeds if deed.canary and not (deed.is_deleted or deed.is_file_deleted)]
        kind = self.chance.choices(["ask", "library", "again", "forget", "take back"], [40, 15, 20, 18, 7])[0]
        kind = kind if settled or kind == "library" else "ask"
        if kind in {"ask", "library"}:
            await (self._ask(toll) if kind == "ask" else self._upload(toll))
        else:
            await self._return_to(self.chance.choice(settled), kind, toll)
        return SPAN_S[kind]

    async def _return_to(self, deed: Deed, kind: str, toll: Toll) -> None:
        """Ask again in a thread, or take something away."""
        if kind == "again":
            asked = await self.place.post(self._ana, deed.message.channel, "@inhouse What is the deposit?", **_in(deed))
            self.ledger.deeds.append(Deed(asked, is_question=True, thread=deed))
            toll.questions += 1
            return
        toll.deletions += 1
        deed.is_file_deleted = True
        for file in list(deed.message.files):
            await self.place.delete_file(file)
        if kind == "take back":
            deed.is_deleted = True
            await self.place.delete_message(deed.message)

    async def _ask(self, toll: Toll) -> None:
        canary, file = self._file()
        files = [file, BROKEN] if (is_broken := self.chance.random() < 0.4) else [file]
        asked = await self.place.post(self._ana, self._rooms[0], "@inhouse What is the monthly rent?", files=files)
        self.ledger.deeds.append(Deed(asked, is_question=True, words=int(is_broken), canary=canary))
        toll.questions += 1
        toll.uploads += len(files)

    async def _upload(self, toll: Toll) -> None:
        canary, file = self._file()
        posted = await self.place.post(self._ana, self._rooms[1], "for the record", files=[file, BROKEN])
        self.ledger.deeds.append(Deed(posted, words=1, canary=canary))
        toll.uploads += 2

    def _file(self) -> tuple[str, tuple[str, bytes]]:
        self._number += 1
        canary = f"zqx{self.chance.randrange(16**10):010x}"
        body = LEASE + "".join(f"\nClause {n} of {canary} says {n * 7}.\n" for n in range(40))
        return canary, (f"lease{self._number}.txt", body.encode())

    async def quiet(self, verdict: Verdict) -> None:
        """Wait until nothing is left to do."""
        end = time.monotonic() + QUIET_S
        while self.ledger.is_open():
            if time.monotonic() > end:
                verdict.stuck.append(f"not quiet after {QUIET_S:.0f} s: {list(self.child.log)[-5:]}")
                return
            await asyncio.sleep(0.05)


def _in(deed: Deed) -> dict[str, Any]:
    return {"thread_ts": deed.message.thread_ts or deed.message.ts}


class Accepted:
    """Ends the bot at the moment when Slack has done what a call asked: before its answer leaves, or just after."""

    def __init__(self, child: ChildBot, chance: random.Random) -> None:
        self._child = child
        self._chance = chance
        self._left = 0
        self._names: tuple[str, ...] = ()
        self.is_done = asyncio.Event()
        for name in SHOWING:
            METHODS[name] = self._wrapped(METHODS[name])

    def arm(self) -> None:
        """The next call, or the one after, of a method drawn by chance."""
        self._names = (self._chance.choice(SHOWING[:4]), "chat.update") if self._chance.random() < 0.8 else SHOWING
        self._left = self._chance.choice((1, 1, 1, 2, 3))
        self.is_done.clear()

    def disarm(self) -> None:
        self._left = 0

    def _wrapped(self, method: Method) -> Method:
        async def handler(core: Core, args: Arguments) -> dict[str, Any]:
            answer = await method.handler(core, args)
            if method.name in self._names and self._left:
                self._left -= 1
                if not self._left:
                    self._cut()
            return answer

        return replace(method, handler=handler)

    def _cut(self) -> None:
        if self._chance.random() < 0.6:
            self._child.kill_now()
        else:
            asyncio.get_running_loop().call_later(self._chance.uniform(0.0, 0.01), self._child.kill_now)
        self.is_done.set()


async def run(folder: Path, n: int, when: str = "any", seed: int = 1) -> Toll:
    """``n`` kills, or ends, and what they came to."""
    street, toll, phases = Street(folder, seed), Toll(n=n, when=when, seed=seed), Counter[str]()
    before = dict(METHODS)
    await street.open()
    accepted = Accepted(street.child, street.chance) if when == "accepted" else None
    started = time.perf_counter()
    try:
        done = 0
        while done < n:
            for _ in range(min(BETWEEN_CHECKS, n - done)):
                if accepted:
                    accepted.arm()
                span_s = await street.act(toll)
                if not await _end(street, toll, span_s, accepted):
                    continue
                done += 1
                phases[street.ledger.phase()] += 1
                took_s = await street.child.start(delay_s=street.chance.choice((0.0, 0.004, 0.02)))
                toll.ready_max_s = max(toll.ready_max_s, round(took_s, 2))
            await street.quiet(toll.verdict)
            if done % 30 < BETWEEN_CHECKS:
                click.echo(f"{done} {time.perf_counter() - started:.0f} s", err=True)
            if street.ledger.judge():
                click.echo("\n".join(street.child.log), err=True)
                break
        toll.phases = dict(phases.most_common())
        for name, found in asdict(street.ledger.judge()).items():
            getattr(toll.verdict, name).extend(found)
    finally:
        METHODS.update(before)
        await street.close()
    toll.seconds = round(time.perf_counter() - started, 1)
    return toll


async def _end(street: Street, toll: Toll, span_s: float, accepted: Accepted | None) -> bool:
    """End the bot; False where what was waited for did not come."""
    if accepted:
        try:
            await asyncio.wait_for(accepted.is_done.wait(), 5)
        except TimeoutError:
            accepted.disarm()
            return False
        await street.child.ended()
        return True
    await asyncio.sleep(street.chance.uniform(0.0, span_s))
    if toll.when == "term":
        took_s, status = await street.child.stop()
        toll.end_max_s = max(toll.end_max_s, round(took_s, 2))
        toll.bad_status += status != 0
    else:
        await street.child.kill()
    return True


@click.command()
@click.option("--n", default=500)
@click.option("--when", type=click.Choice(["any", "accepted", "term"]), default="any")
@click.option("--seed", default=1)
def main(n: int, when: str, seed: int) -> None:
    """Print the figures as JSON."""
    with tempfile.TemporaryDirectory(prefix="inhouse-kills-") as folder:
        toll = asyncio.run(run(Path(folder), n, when, seed))
    click.echo(json.dumps(asdict(toll) | {"held": toll.held}))
    raise SystemExit(not toll.held)


if __name__ == "__main__":
    main()
