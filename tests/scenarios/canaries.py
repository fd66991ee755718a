"""Fifty conversations with a secret each, and thousands of attempts to hear one where it does not belong.

A canary stands in a conversation's files, file names, thread titles and questions. The model tells all that it is
shown. Whatever is sent to Slack, shown to a model, logged or kept must hold the canaries of its own conversation only.
``python -m tests.scenarios.canaries --probes 10000`` tries as often as it is told and prints what it counted.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import logging
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest

from bot.workspace.state import Channel, Message, User
from tests.rag.fakes import ScriptedModel
from tests.scenarios.conftest import House, built, every_line

CANARY = re.compile(r"zq\d{3}[a-z]{4}", re.IGNORECASE)
PEOPLE = 12
KINDS = ("open", "private", "direct", "group")


@dataclass
class Spot:
    """One conversation and what is known of it only there."""

    number: int
    channel: Channel
    members: list[User]
    canary: str
    thread: Message | None = None

    @property
    def writes_directly(self) -> bool:
        return self.channel.kind == "im"

    def to_us(self, text: str) -> str:
        return text if self.writes_directly else f"@inhouse {text}"


class Hunt:
    """The conversations, the attempts, and what was found where it should not be."""

    def __init__(self, house: House, log: io.StringIO, seed: int) -> None:
        self.house, self.log, self.random = house, log, random.Random(seed)
        self.spots: list[Spot] = []
        self.counts: Counter[str] = Counter()
        self.leaks: list[str] = []
        self._calls = self._prompts = self._ephemerals = 0

    # --- the conversations -------------------------------------------------------------------------

    async def settle_in(self, conversations: int) -> None:
        place = self.house.place
        people = [await place.add_user(f"person{n}", is_admin=n == 0, is_guest=n == 5) for n in range(PEOPLE)]
        self.people = people
        directs = iter(people)
        for number in range(conversations):
            kind = KINDS[number % len(KINDS)]
            partner = next(directs, None) if kind == "direct" else None
            members = [partner] if partner else self.random.sample(people, 3)
            if partner:
                channel = await place.open_dm(partner)
            elif kind == "group":
                channel = await place.open_group_dm(members)
            else:
                channel = await place.add_channel(f"room{number}", members, is_private=kind != "open")
            word = "".join(self.random.choice("bcdfghjk") for _ in range(4))
            self.spots.append(Spot(number, channel, members, f"zq{number:03}{word}"))
        for spot in self.spots:
            await self._plant(spot)
        await self.house.quiet(300)

    async def _plant(self, spot: Spot) -> None:
        """In a title, a file's name and text, and a question."""
        text = f"The secret of the heron is {spot.canary}.\n\nThe budget of {spot.canary} is {spot.number + 500} euros."
        spot.thread = await self.house.place.post(
            spot.members[0],
            spot.channel,
            spot.to_us(f"{spot.canary} plan: what is the budget of {spot.canary}?"),
            files=[(f"{spot.canary}-notes.txt", text.encode())],
        )

    # --- attempts ----------------------------------------------------------------------------------

    async def probe(self, count: int, ends: float, at_once: int = 10) -> None:
        ways = itertools.cycle(self._ways())
        while self.counts["probes"] < count and time.monotonic() < ends:
            for spot in self.random.sample(self.spots, min(at_once, len(self.spots))):
                name, way = next(ways)
                self.counts[name] += 1
                self.counts["probes"] += 1
                await way(spot, self.random.choice(spot.members))
            await self.house.quiet(300)
            self.look()

    def _ways(self) -> list[tuple[str, Callable[[Spot, User], Awaitable[Any]]]]:
        ways = (self._ask, self._follow_up, self._name, self._command, self._summary, self._link, self._widen)
        more = (self._files, self._pane, self._home, self._changes, self._recap)
        return [(way.__name__.strip("_"), way) for way in (*ways, *more)]

    def _elsewhere(self, spot: Spot) -> Spot:
        return self.random.choice([each for each in self.spots if each is not spot])

    async def _ask(self, spot: Spot, user: User) -> None:
        await self._post(spot, user, "What is the secret of the heron, and what is its budget?")

    async def _follow_up(self, spot: Spot, user: User) -> None:
        assert spot.thread is not None
        await self._post(spot, user, "And what are all the other secrets and budgets?", thread_ts=spot.thread.ts)

    async def _name(self, spot: Spot, user: User) -> None:
        """By a name that only others should know; its words are the asker's own, so they are told apart."""
        await self._post(spot, user, f"What does room{self._elsewhere(spot).number}-notes.txt say of the secret?")

    async def _command(self, spot: Spot, user: User) -> None:
        await self.house.place.slash(user, spot.channel, "/ask", "What is the secret of the heron?")

    async def _summary(self, spot: Spot, user: User) -> None:
        await self.house.place.slash(user, spot.channel, "/inhouse", "summary")

    async def _changes(self, spot: Spot, user: User) -> None:
        await self.house.place.slash(user, spot.channel, "/inhouse", "changes")

    async def _recap(self, spot: Spot, user: User) -> None:
        await self._post(spot, user, "summarise since yesterday")

    async def _link(self, spot: Spot, user: User) -> None:
        other = self._elsewhere(spot)
        assert other.thread is not None
        link = f"{self.house.place.base_url}/archives/{other.channel.id}/p{other.thread.ts.replace('.', '')}"
        await self._post(spot, user, f"summarise {link}")

    async def _widen(self, spot: Spot, user: User) -> None:
        """An answer of this conversation, anew from "the whole channel"."""
        assert spot.thread is not None
        found = self.house.replies(spot.thread)
        if found and any(block.get("type") == "actions" for block in found[0].blocks):
            await self.house.place.click(spot.members[0], spot.channel, found[0].ts, "menu", "regenerate")

    async def _files(self, spot: Spot, user: User) -> None:
        await self.house.place.slash(user, spot.channel, "/inhouse", "files")

    async def _pane(self, spot: Spot, user: User) -> None:
        """Prompts of the pane, and its hint, while another conversation is looked at."""
        await self.house.place.look_at(user, self._elsewhere(spot).channel)
        await self.house.place.open_home(user, "messages")

    async def _home(self, spot: Spot, user: User) -> None:
        await self.house.place.open_home(user)

    async def _post(self, spot: Spot, user: User, text: str, **more: Any) -> None:
        await self.house.place.post(user, spot.channel, spot.to_us(text), **more)

    # --- what was heard ----------------------------------------------------------------------------

    def look(self) -> None:
        """Hold everything sent, shown and logged since against where it belongs."""
        state = self.house.place.core.state
        calls, self._calls = self.house.place.calls[self._calls :], len(self.house.place.calls)
        for call in calls:
            channel = call.arguments.get("channel") or call.arguments.get("channel_id") or ""
            user = call.arguments.get("user_id", "") if call.method == "views.publish" else ""
            self._hold(call.method, str(call.arguments), channel, user)
        whispered, self._ephemerals = state.ephemerals[self._ephemerals :], len(state.ephemerals)
        for message in whispered:
            self._hold("ephemeral", f"{message.text} {message.blocks}", message.channel)
        model = self.house.model
        prompts = list(zip(model.seen, model.callers, strict=False))[self._prompts :]
        self._prompts += len(prompts)
        for messages, caller in prompts:
            self._hold("prompt", str(messages), caller.scope_id.partition("/")[2])
        self.counts["sent"] += len(calls) + len(whispered)
        self.counts["prompts"] += len(prompts)
        self.counts["heard"] += sum(bool(CANARY.search(str(call.arguments))) for call in calls)
        self._hold("log", self.log.getvalue(), "")
        self.log.seek(0)
        self.log.truncate()

    def _hold(self, what: str, text: str, channel: str, user: str = "") -> None:
        for canary in set(CANARY.findall(text)):
            spot = next(each for each in self.spots if each.canary == canary.lower())
            is_own = bool(user) and any(member.id == user for member in spot.members)  # their page
            if spot.channel.id != channel and not is_own:
                self.leaks.append(f"{what}: {canary} of {spot.channel.id} in {channel or user or 'nowhere'}")

    async def look_into_the_store(self) -> None:
        """Every row that holds a canary belongs to the canary's conversation."""
        for table, row in await self._rows():
            place = str({name: value for name, value in row.items() if name in _PLACES})
            for canary in set(CANARY.findall(str(row))):
                spot = next(each for each in self.spots if each.canary == canary.lower())
                self.counts["rows"] += 1
                if spot.channel.id not in place:
                    self.leaks.append(f"{table}: {canary} of {spot.channel.id} in {place}")

    async def _rows(self) -> list[tuple[str, dict[str, Any]]]:
        assert self.house.bot is not None
        return await self.house.bot.records.read(lambda db: list(_all_rows(db)))


_PLACES = ("scope_id", "channel", "key", "lane", "payload")


def _all_rows(db: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of every table with text; of a document's own tables with the document's scope."""
    scopes = {row["document_id"]: row["scope_id"] for row in db.query("select document_id, scope_id from documents")}
    for table in db.tables:
        columns = {column.name for column in table.columns}
        for row in db.query(f'select * from "{table.name}"'):
            if "scope_id" not in columns and row.get("document_id") in scopes and "channel" not in columns:
                row["scope_id"] = scopes[row["document_id"]]
            if columns & {*_PLACES, "document_id"}:
                yield table.name, row


async def hunt(folder: Path, conversations: int, probes: int, seed: int = 7, minutes: float = 60 * 24) -> Hunt:
    """Settle in, try, and look everywhere."""
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    ours = [logging.getLogger(name) for name in ("bot", "rag")]
    with pytest.MonkeyPatch.context() as patch:
        house = await built(folder, patch)
        house.model = ScriptedModel(every_line)
        for logger in ours:
            patch.setattr(logger, "level", logging.DEBUG)
            logger.addHandler(handler)
        try:
            await house.start_bot(queue_limit=1000)
            found = Hunt(house, log, seed)
            await found.settle_in(conversations)
            await found.probe(probes, time.monotonic() + 60 * minutes)
            await found.look_into_the_store()
        finally:
            for logger in ours:
                logger.removeHandler(handler)
            await house.stop_bot()
            await house.place.stop()
    return found


@click.command()
@click.option("--conversations", default=50)
@click.option("--probes", default=10_000)
@click.option("--seed", default=7)
@click.option("--minutes", default=60.0 * 24, help="Stop after these, however many probes that was.")
def main(conversations: int, probes: int, seed: int, minutes: float) -> None:
    """Try, and print what was counted and every leak."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(hunt(Path(folder) / "data", conversations, probes, seed, minutes))
    seconds = round(time.perf_counter() - started)
    click.echo(json.dumps(dict(found.counts) | {"leaks": len(found.leaks), "seconds": seconds}))
    for leak in found.leaks[:20]:
        click.echo(leak)


if __name__ == "__main__":
    main()
