"""Erasing again and again, and looking for what was erased: in every file, in memory, and in the model's.

``python -m tests.scenarios.erasures --count 200`` erases as often as it is told, by every way there is, and prints
what was searched and found. The text is looked for as raw bytes in every file of the data folder and in all that the
running bot can reach; its vectors as rows of float32 and of bfloat16; what a language model read of it, as token ids
and as keys and values in the engine's pool.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest

from bot import blocks
from bot.workspace.state import Channel, Message
from rag.engine.blocks import BLOCK
from tests.rag.bf16 import kept
from tests.rag.engine_models import tiny, tokens_of
from tests.rag.engine_stage import is_empty, prompt, staged
from tests.rag.fakes import ScriptedModel
from tests.scenarios.conftest import House, built, every_line
from tests.scenarios.memory_walk import traces

TAIL = 9  # of a canary's letters: a full-text index leaves out what a word shares with the one before


@dataclass
class Secret:
    """What is planted and then erased."""

    word: str
    channel: Channel
    asked: Message
    rows: list[bytes]

    @property
    def needles(self) -> tuple[str, ...]:
        return (self.word, self.word[-TAIL:], self.word[3 : 3 + TAIL])


class Round:
    """Plant, erase, look."""

    def __init__(self, house: House, seed: int) -> None:
        self.house, self.random = house, random.Random(seed)
        self.counts: Counter[str] = Counter()
        self.found: list[str] = []

    async def run(self, count: int, walk_every: int, ends: float) -> None:
        ways = itertools.cycle(WAYS.items())
        for number in range(count):
            if time.monotonic() > ends:
                break
            name, erase = next(ways)
            secret = await self._plant(number)
            self.counts["planted"] += bool(self._on_disk(secret))
            await erase(self, secret)
            await self.house.quiet(120)
            self.counts[name] += 1
            self.counts["erased"] += 1
            self.found += [f"{name}: {trace}" for trace in self._on_disk(secret)]
            if number % walk_every == 0 or number < len(WAYS):
                self.counts["walks"] += 1
                # Slack's library holds the last envelope that came in until the next one does.
                await self.house.post("ana", "lab", "Good morning.")
                await self.house.quiet(120)
                self.found += [f"{name}: {trace}" for trace in self._in_memory(secret)]

    async def _plant(self, number: int) -> Secret:
        """A file and a table, questions in a thread, a private answer, a summary and a vote: all of one word."""
        place, ana, ben = self.house.place, self.house.users["ana"], self.house.users["ben"]
        word = "".join(self.random.choice("bcdfghjklmnpqrstvwxz") for _ in range(20))
        channel = await place.add_channel(f"room{number}", [ana, ben])
        text = f"# Plan {word}\n\nThe launch of {word} is in May.\n\nThe budget of {word} is {number + 700} euros."
        table = f"article,price\n{word},{number + 70}\nother,12\n"
        files = [(f"{word}.md", text.encode()), (f"{word}-prices.csv", table.encode())]
        asked = await place.post(ben, channel, f"@inhouse What is the budget of {word}?", files=files)
        await self.house.quiet(120)
        await place.post(ben, channel, f"And when is {word} launched?", thread_ts=asked.ts)
        await place.slash(ben, channel, "/ask", f"What is the budget of {word}?")
        await place.slash(ben, channel, "/inhouse", f"summary {word}.md")
        await self.house.quiet(120)
        (answer, *_) = self.house.replies(asked)
        await place.click(ben, channel, answer.ts, blocks.FEEDBACK, "down")
        await self.house.quiet(120)
        sql = "select vector from embeddings join chunks using (chunk_id) where chunks.body like ?"
        rows = await self.house.rows(sql, f"%{word}%")
        stored = [bytes(row["vector"]) for row in rows]
        return Secret(word, channel, asked, [*stored, *(kept(np.frombuffer(row, dtype="<f4")) for row in stored)])

    def _on_disk(self, secret: Secret) -> list[str]:
        found = []
        for path in sorted(self.house.folder.rglob("*")):
            if not path.is_file():
                continue
            content = path.read_bytes()
            self.counts["files searched"] += 1
            low = content.lower()
            wide = [needle.encode(form) for needle in secret.needles for form in ("utf-8", "utf-16-le")]
            found += [path.name for needle in wide if needle in low]
            found += [f"{path.name} (vector)" for row in secret.rows if row in content or _part(row) in content]
        return found

    def _in_memory(self, secret: Secret) -> list[str]:
        model, library = self.house.model, self.house.library
        model.seen.clear()
        model.preloaded.clear()
        library.answerer._embedder.embedded.clear()  # type: ignore[attr-defined]
        modules = [module for name, module in sys.modules.items() if name.startswith(("rag.", "bot."))]
        return [f"memory: {way}" for way in traces([self.house.bot, library, *modules], secret.needles, secret.rows)]

    # --- the ways ------------------------------------------------------------------------------------

    async def by_document(self, secret: Secret) -> None:
        for file in list(secret.asked.files):
            await self.house.place.delete_file(file)
        await self._forget_questions(secret)

    async def by_message(self, secret: Secret) -> None:
        await self.house.place.delete_message(secret.asked)
        await self._forget_questions(secret)

    async def by_channel(self, secret: Secret) -> None:
        await self.house.place.delete_channel(secret.channel)

    async def by_leaving(self, secret: Secret) -> None:
        await self.house.place.remove_bot(secret.channel)

    async def by_person(self, secret: Secret) -> None:
        assert self.house.bot is not None
        await self._press_forget(secret, "forget me", "forget_me")

    async def by_retention(self, secret: Secret) -> None:
        bot, team = self.house.bot, self.house.place.team_id
        assert bot is not None
        place = {"team": team, "channel": secret.channel.id, "retention_days": 1, "is_connect_allowed": 0}
        place |= {"only_mentioned": 0, "is_library": 0, "language": "", "changed_by": "", "changed_at": time.time()}
        await bot.records.write(lambda db: db.table("channels").upsert(place, pk=("team", "channel")))
        later = time.time() + 3 * 24 * 3600
        bot._retention._clock = lambda: later
        await bot._retention.sweep()

    async def _forget_questions(self, secret: Secret) -> None:
        """The thread's other messages name the word too."""
        await self.house.quiet(120)
        for message in reversed(self.house.place.messages(secret.channel)):
            for said in reversed(self.house.place.messages(secret.channel, message.ts)):
                if said.user != self.house.place.bot_user.id and not said.tombstone:
                    await self.house.place.delete_message(said)
        await self.house.quiet(120)
        await self._press_forget(secret, "forget", blocks.FORGET_ALL)

    async def _press_forget(self, secret: Secret, command: str, action: str) -> None:
        ben = self.house.users["ben"]
        await self.house.place.slash(ben, secret.channel, "/inhouse", command)
        shown = [m for m in self.house.place.ephemerals(ben) if m.channel == secret.channel.id][-1]
        await self.house.place.click(ben, secret.channel, shown.ts, action)


WAYS: dict[str, Callable[[Round, Secret], Awaitable[None]]] = {
    "document": Round.by_document,
    "message": Round.by_message,
    "channel": Round.by_channel,
    "leaving": Round.by_leaving,
    "person": Round.by_person,
    "retention": Round.by_retention,
}


async def erasures(folder: Path, count: int, *, walk_every: int = 10, seed: int = 5, minutes: float = 60 * 24) -> Round:
    """Erase ``count`` secrets, one after the other, among others that stay."""
    with pytest.MonkeyPatch.context() as patch:
        house = await built(folder, patch)
        house.model = ScriptedModel(every_line)
        for name in ("ana", "ben"):
            house.users[name] = await house.place.add_user(name, is_admin=name == "ana")
        house.channels["lab"] = await house.place.add_channel("lab", house.users.values())
        await house.start_bot()
        try:
            files = [(f"staying-{n}.txt", f"Report {n} speaks of harvest{n} and weather.".encode()) for n in range(12)]
            await house.asked_and_read("ana", "lab", "@inhouse What does report 3 speak of?", files)
            found = Round(house, seed)
            await found.run(count, walk_every, time.monotonic() + 60 * minutes)
        finally:
            await house.stop_bot()
            await house.place.stop()
    return found


def _part(row: bytes) -> bytes:
    """A part of a row of float32, which is found where the row was cut; of bfloat16 too little, so all of it."""
    return row[512:768] if len(row) >= 1024 else row


def engine_erasures(count: int) -> Counter[str]:
    """Let an engine read for a scope, make it forget that scope, and look for what it read in its memory."""
    counts: Counter[str] = Counter()
    with staged(tiny("llama")) as (engine, stage):
        engine.submit(prompt(tokens_of(1, 2 * BLOCK + 5), 5, scope_id="staying")).wait()
        for number in range(count):
            ids = tokens_of(1000 + number, BLOCK * (1 + number % 3) + 10)
            engine.submit(prompt(ids, 5, scope_id=f"scope {number}")).wait()
            known = [b for b, kept in engine._blocks._kept.items() if kept.scope_id == f"scope {number}"]
            pool = stage.runner._pool
            rows = [pool.values[-1][:, block].reshape(-1).numpy().tobytes()[:256] for block in known]
            counts["rows planted"] += sum(any(row) for row in rows)
            engine.forget(f"scope {number}")
            memory = pool.values[-1].numpy().tobytes() if number % 10 == 0 else b""
            counts["erased"] += 1
            counts["found"] += sum(any(row) and row in memory for row in rows) + (not is_empty(stage, known))
            counts["ids found"] += _holds_ids([engine._blocks, engine._running, stage.runner], ids)
    return counts


def _holds_ids(roots: list[Any], ids: Any) -> int:
    """How many sequences of numbers that can be reached from ``roots`` hold these ids."""
    import gc

    pending, seen, found = list(roots), set(), 0
    wanted = list(ids)[:BLOCK]
    while pending:
        one = pending.pop()
        if id(one) in seen or not gc.is_tracked(one) or isinstance(one, type) or callable(one):
            continue
        seen.add(id(one))
        if isinstance(one, list | tuple) and len(one) >= BLOCK and list(one[:BLOCK]) == wanted:
            found += 1
        pending += gc.get_referents(one)
    return found


@click.command()
@click.option("--count", default=200)
@click.option("--seed", default=5)
@click.option("--minutes", default=60.0 * 24, help="Stop after these, however many erasures that was.")
def main(count: int, seed: int, minutes: float) -> None:
    """Erase, and print what was counted and everything that was found."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(erasures(Path(folder) / "data", count, seed=seed, minutes=minutes))
    engine = engine_erasures(count)
    seconds = round(time.perf_counter() - started)
    click.echo(json.dumps(dict(found.counts) | {"found": len(found.found), "engine": dict(engine), "seconds": seconds}))
    for trace in found.found[:20]:
        click.echo(trace)


if __name__ == "__main__":
    main()
