"""Random lives of a workspace, the real bot in it, and after every question: did it do what the rule says?

Hypothesis draws what people do; `scope_rule` says what must follow; the model shows all that it was shown.
``python -m tests.scenarios.scope_machine --steps 20000`` runs as many steps as it is told and prints what it counted.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import tempfile
import time
from collections import Counter
from collections.abc import Coroutine
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from bot import access, membership, people
from bot.channels import Channels, ChannelSettings
from bot.commands import Asker
from bot.conversations import Conversations
from bot.listeners.commands import stand_in
from bot.records import add_job
from bot.workspace.state import File, Message
from tests.rag.fakes import ScriptedModel
from tests.scenarios.conftest import House, built, every_line, whole_text
from tests.scenarios.scope_rule import Room, Town

PEOPLE = {"ana": "colleague", "ben": "colleague", "gil": "guest", "eve": "stranger", "dan": "colleague"}
ROOMS = {"open": "public", "quiet": "private", "group": "group", "direct": "direct"}
METHODS = {"place": "conversations.info", "members": "conversations.members", "people": "users.info"}
CANARY = re.compile(r"zq[0-9a-f]{8}")
QUESTION = "What is the canary of the heron project?"
MOST_FILES = 4  # in a room: all of them fit what the model is shown at once

who, where = st.sampled_from(sorted(PEOPLE)), st.sampled_from(sorted(ROOMS))
picks, seldom = st.integers(0, 99), st.sampled_from([False, False, False, True])


class Stage:
    """One house for many lives: each gets people and rooms of its own."""

    def __init__(self, folder: Path) -> None:
        self.loop = asyncio.new_event_loop()
        self.patch = pytest.MonkeyPatch()
        self.offset_s = 0.0
        self.gate = asyncio.Event()
        self.counts: Counter[str] = Counter()
        clock = SimpleNamespace(monotonic=lambda: time.monotonic() + self.offset_s)
        for module in (access, membership, people):
            self.patch.setattr(module, "time", clock)
        self._hold_questions()
        self.house: House = self.run(built(folder, self.patch))
        self.house.model = ScriptedModel(every_line)
        self.run(self.house.start_bot())

    def _hold_questions(self) -> None:
        read, stage = Conversations.read, self
        self.gate.set()

        async def held(self: Conversations, message: Any) -> Any:
            await stage.gate.wait()
            return await read(self, message)

        self.patch.setattr(Conversations, "read", held)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def close(self) -> None:
        self.run(self.house.stop_bot())
        self.run(self.house.place.stop())
        self.patch.undo()
        self.loop.close()


class Life(RuleBasedStateMachine):
    """What people do in one life."""

    stage: Stage

    @initialize()
    def begin(self) -> None:
        self.house, self.town = self.stage.house, Town(dict(PEOPLE))
        self.sent: dict[int, Message] = {}
        self.files: dict[str, File] = {}
        self.stage.run(self._move_in())

    async def _move_in(self) -> None:
        place, number = self.house.place, self.stage.counts["lives"]
        self.stage.counts["lives"] += 1
        for name, kind in PEOPLE.items():
            marks = {"is_guest": kind == "guest", "team_id": "T0OUTSIDE1" if kind == "stranger" else None}
            self.house.users[name] = await place.add_user(f"{name}{number}", **marks)
        insiders = ["ana", "ben", "gil"]
        for name, kind in ROOMS.items():
            guests = [self.house.users[each] for each in insiders]
            if kind == "direct":
                room = await place.open_dm(self.house.users["ana"])
            elif kind == "group":
                room = await place.open_group_dm(guests)
            else:
                room = await place.add_channel(f"{name}{number}", guests, is_private=kind == "private")
            self.house.channels[name] = room
            self.town.rooms[name] = Room(kind, {"ana"} if kind == "direct" else set(insiders))

    # --- files and messages ----------------------------------------------------------------------

    @rule(pick=picks, room=where, addressed=st.booleans())
    def upload(self, pick: int, room: str, addressed: bool) -> None:
        person = self._writer(room, pick)
        if not person or len(self.town.files(room)) >= MOST_FILES:
            return self._idle()
        canary = f"zq{self.stage.counts['files']:08x}"
        self.stage.counts["files"] += 1
        content = f"The canary of the heron project is {canary}, as was agreed.".encode()
        text = "@inhouse" if addressed and room != "direct" else ""
        self._post(person, room, text, canary, files=[(f"note-{canary[-6:]}.txt", content)])
        return None

    @rule(room=where, pick=picks)
    def share_on(self, room: str, pick: int) -> None:
        there, person = sorted(self.files), self._writer(room, pick)
        if not there or not person or len(self.town.files(room)) >= MOST_FILES:
            return self._idle()
        canary = there[pick % len(there)]
        message = self.stage.run(
            self.house.place.share(self.house.users[person], self.house.channels[room], self.files[canary])
        )
        self._note(message, room, canary)
        return None

    @rule(room=where, pick=picks)
    def delete_message(self, room: str, pick: int) -> None:
        numbers = sorted(self.town.rooms[room].messages)
        if not numbers:
            self._idle()
        else:
            number = numbers[pick % len(numbers)]
            del self.town.rooms[room].messages[number]
            self.stage.run(self.house.place.delete_message(self.sent[number]))

    @rule(pick=picks)
    def delete_file(self, pick: int) -> None:
        if not self.files:
            self._idle()
        else:
            canary = sorted(self.files)[pick % len(self.files)]
            self.town.delete_file(canary)
            self.stage.run(self.house.place.delete_file(self.files.pop(canary)))

    # --- people and rooms ------------------------------------------------------------------------

    @rule(person=who, room=st.sampled_from(["open", "quiet"]))
    def join(self, person: str, room: str) -> None:
        if self.town.people[person] == "closed" or person in self.town.rooms[room].inside:
            self._idle()
        else:
            self.town.rooms[room].inside.add(person)
            self.stage.run(self.house.place.invite(self.house.channels[room], self.house.users[person]))

    @rule(person=who, room=st.sampled_from(["open", "quiet"]))
    def leave(self, person: str, room: str) -> None:
        if person not in self.town.rooms[room].inside:
            return self._idle()
        self._leave(person, room)
        return None

    @rule(room=st.sampled_from(["open", "quiet"]))
    def take_the_bot_out_or_in(self, room: str) -> None:
        place = self.town.rooms[room]
        place.has_bot = not place.has_bot
        place.permitted &= place.has_bot  # what was decided for a room goes with the bot
        bot = self.house.place.bot_user
        change = self.house.place.invite if place.has_bot else self.house.place.remove_bot
        self.stage.run(change(self.house.channels[room], *([bot] if place.has_bot else [])))

    @rule()
    def make_public(self) -> None:
        room = self.town.rooms["quiet"]
        if room.kind != "private":
            self._idle()
        else:
            room.kind = "public"
            self.stage.run(self.house.place.make_public(self.house.channels["quiet"], self.house.users["ana"]))

    @rule(is_pending=st.booleans(), room=st.sampled_from(["open", "quiet"]), really=seldom)
    def connect(self, is_pending: bool, room: str, really: bool) -> None:
        if not really:
            return self._idle()
        place = self.house.place
        self.town.rooms[room].outside = True
        self.stage.run((place.ask_outside if is_pending else place.share_outside)(self.house.channels[room]))
        if is_pending or not self.town.rooms[room].has_bot:  # no event tells of it: it is noticed within a minute
            self.stage.offset_s += access.FRESH_S + 1
        return None

    @rule(room=st.sampled_from(["open", "quiet"]), permitted=st.booleans())
    def permit(self, room: str, permitted: bool) -> None:
        self._settle()
        self.town.rooms[room].permitted = permitted
        channel, bot = self.house.channels[room].id, self.house.bot
        assert bot is not None
        settings = ChannelSettings(is_connect_allowed=permitted)
        self.stage.run(Channels(bot.records).save(self.house.place.team_id, channel, settings, "UADMIN"))
        self.stage.offset_s += access.FRESH_S + 1

    @rule(person=st.sampled_from(["ben", "dan", "gil"]), really=seldom)
    def close_account(self, person: str, really: bool) -> None:
        if not really:
            return self._idle()
        self.town.people[person] = "closed"
        for room in self.town.rooms.values():
            room.inside.discard(person)
        self.stage.run(self.house.place.deactivate(self.house.users[person]))
        self.stage.offset_s += access.FRESH_S + 1
        return None

    @rule(really=seldom)
    def restart(self, really: bool) -> None:
        if not really:
            return self._idle()
        self._settle()
        self.stage.run(self.house.restart_bot())
        return None

    # --- questions -------------------------------------------------------------------------------

    @rule(pick=picks, room=where)
    def ask(self, pick: int, room: str) -> None:
        self._ask_and_judge(pick, room)

    @rule(pick=picks, room=where)
    def ask_again(self, pick: int, room: str) -> None:
        self._ask_and_judge(pick, room)

    @rule(pick=picks, room=where, broken=st.sampled_from(sorted(METHODS)))
    def ask_while_slack_fails(self, pick: int, room: str, broken: str) -> None:
        person = self._writer(room, pick)
        if not person:
            return self._idle()
        self._settle()
        self.stage.offset_s += access.FRESH_S + 1
        self.house.place.fault(METHODS[broken], error="internal_error", times=1000)
        # What lies open to others is told by the event itself; nothing needs to be asked.
        told = broken == "place" and self.house.channels[room].is_ext_shared and not self.town.rooms[room].permitted
        self._judge(self._ask(person, room), person, room, "" if told else broken)
        self.house.place.clear_faults()
        return None

    @rule(pick=picks, room=st.sampled_from(["open", "quiet"]))
    def ask_and_leave_before_it_is_answered(self, pick: int, room: str) -> None:
        person = self._writer(room, pick)
        if not person:
            return self._idle()
        self._settle()
        self.stage.gate.clear()
        asked = self._ask(person, room, wait=False)
        self._leave(person, room)
        self.stage.run(self._delivered())
        self.stage.gate.set()
        self._settle()
        self._judge(asked, person, room)
        return None

    @rule(person=who, room=where)
    def ask_alone(self, person: str, room: str) -> None:
        """A command, also from somebody who is not in the room: as if Slack let them give it."""
        self._settle()
        seen = self._mark()
        team, channel = self.house.place.team_id, self.house.channels[room]
        message = stand_in(Asker(team, channel.id, self.house.users[person].id), QUESTION)
        payload = {"message": asdict(message), "question": QUESTION, "response_url": ""}
        number = self.stage.counts["commands"] = self.stage.counts["commands"] + 1
        self.stage.run(self._add("ask", f"ask/machine/{number}", person, payload))
        self._settle()
        outcome = self.town.outcome(person, room)
        self._count(outcome)
        shown = self._shown_since(seen)
        if outcome == "answer":
            assert shown <= self.town.files(room), (shown, self.town.files(room))
        else:
            assert not shown, (outcome, shown)

    def teardown(self) -> None:
        self._settle()

    # --- how it is done, and judged ----------------------------------------------------------------

    @invariant()
    def step(self) -> None:
        self.stage.counts["steps"] += 1

    def _leave(self, person: str, room: str) -> None:
        self.town.rooms[room].inside.discard(person)
        self.stage.run(self.house.place.leave(self.house.channels[room], self.house.users[person]))

    def _idle(self) -> None:
        """What was drawn cannot be done now: it is no step."""
        self.stage.counts["steps"] -= 1

    def _writer(self, room: str, pick: int) -> str:
        """Somebody who can write in a room; "" where nobody can."""
        there = sorted(self.town.rooms[room].inside)
        return there[pick % len(there)] if there else ""

    def _post(self, person: str, room: str, text: str, canary: str, files: list[tuple[str, bytes]]) -> None:
        message = self.stage.run(self.house.post(person, room, text, files=files))
        self.files[canary] = message.files[0]
        self._note(message, room, canary)

    def _note(self, message: Message, room: str, canary: str) -> None:
        number = len(self.sent)
        self.sent[number] = message
        self.town.rooms[room].messages[number] = canary

    def _ask_and_judge(self, pick: int, room: str) -> None:
        person = self._writer(room, pick)
        if not person:
            self._idle()
        else:
            self._settle()
            self._judge(self._ask(person, room), person, room)

    def _ask(self, person: str, room: str, *, wait: bool = True) -> tuple[Message, tuple[int, int]]:
        seen = self._mark()
        message = self.stage.run(self.house.post(person, room, f"@inhouse {QUESTION}"))
        if wait:
            self._settle()
        return message, seen

    def _judge(self, asked: tuple[Message, tuple[int, int]], person: str, room: str, broken: str = "") -> None:
        outcome = self.town.outcome(person, room, broken)
        self._count(outcome)
        message, seen = asked
        said = "\n".join(whole_text(each) for each in self.house.ours(message))
        shown, files = self._shown_since(seen), self.town.files(room)
        about = (outcome, person, room, broken, said, sorted(shown), sorted(files))
        if outcome == "answer":
            assert shown == files, about
            assert set(CANARY.findall(said)) <= files and bool(CANARY.search(said)) == bool(files), about
        else:
            assert not shown and bool(said) == (outcome == "reason"), about

    def _mark(self) -> tuple[int, int]:
        return len(self.house.model.seen), len(self.house.place.calls)

    def _shown_since(self, mark: tuple[int, int]) -> set[str]:
        """The canaries that the model was shown, or Slack was sent, since."""
        prompts = str(self.house.model.seen[mark[0] :])
        sent = str([call.arguments for call in self.house.place.calls[mark[1] :]])
        return set(CANARY.findall(prompts)) | set(CANARY.findall(sent))

    def _count(self, outcome: str) -> None:
        self.stage.counts[outcome] += 1

    def _settle(self) -> None:
        self.stage.run(self.house.quiet(120))

    async def _delivered(self) -> None:
        await self.house.place.wait_for(lambda: self.house.place.core.hub.is_idle, 60)

    async def _add(self, kind: str, key: str, person: str, payload: dict[str, Any]) -> None:
        assert self.house.bot is not None
        user = self.house.users[person].id
        await self.house.bot.records.write(lambda db: add_job(db, kind, key, f"ask/{user}", user, payload))
        self.house.bot.jobs.wake()


def live(
    steps: int, first_seed: int = 0, lives: int = 10, of_steps: int = 50, minutes: float = 60 * 24
) -> Counter[str]:
    """Take at least ``steps`` steps in lives drawn from one seed after the other; what came of them."""
    told = settings(
        max_examples=lives,
        stateful_step_count=of_steps,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    ends = time.monotonic() + 60 * minutes
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder) / "data")
        try:
            for number in itertools.count(first_seed):
                machine = seed(number)(type("Life", (Life,), {"stage": stage}))
                run_state_machine_as_test(machine, settings=told)
                is_late = time.monotonic() > ends
                if is_late or stage.counts["steps"] - stage.counts["lives"] >= steps:
                    break
        finally:
            stage.close()
    stage.counts["steps"] -= stage.counts["lives"]  # to move in is no step
    return stage.counts


@click.command()
@click.option("--steps", default=20_000)
@click.option("--seed", "first_seed", default=0)
@click.option("--minutes", default=60.0 * 24, help="Stop after these, however many steps that was.")
def main(steps: int, first_seed: int, minutes: float) -> None:
    """Live, and print how many questions had which outcome; an error tells of the first difference."""
    started = time.perf_counter()
    counts = live(steps, first_seed, minutes=minutes)
    click.echo(json.dumps(dict(counts) | {"differences": 0, "seconds": round(time.perf_counter() - started)}))


if __name__ == "__main__":
    main()
