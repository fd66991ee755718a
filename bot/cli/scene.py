"""People, a channel and the bot, and how a script acts in them and sees what people see."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.cli.local_bot import LocalBot
from bot.cli.samples import COMMANDS, SHORTCUTS
from bot.cli.seen import SeenAnswer, bot_messages, is_notice, read_answer
from bot.preflight import EVENT_SCOPES, NEEDED_SCOPES
from bot.settings import Settings
from bot.workspace.server import Workspace
from bot.workspace.state import Channel, File, Message, User

ANSWER_TIMEOUT_S = 180.0


@dataclass(slots=True)
class Step:
    """One step and what came of it; ``facts`` go into the JSON."""

    name: str
    ok: bool = False
    seconds: float = 0.0
    facts: dict[str, Any] = field(default_factory=dict)


class StepFailed(Exception):
    """What was seen is not what should have been."""


class Scene:
    """Ana, who administers, and Ben, in #lab. ``tell`` prints for people."""

    def __init__(self, folder: Path, settings: Settings, tell: Callable[[str], None]) -> None:
        self.tell = tell
        self.log: list[str] = []
        self.place = Workspace(
            team_name="Helios Lab",
            events=EVENT_SCOPES,
            scopes=NEEDED_SCOPES,
            commands=COMMANDS,
            shortcuts=SHORTCUTS,
        )
        self.bot = LocalBot(self.place, folder / "data", settings, self.log.append, replies_a_minute=60)
        self.documents: dict[str, File] = {}
        self.ana: User
        self.ben: User
        self.lab: Channel
        self.thread: Message

    async def begin(self) -> float:
        """Start the workspace and the bot; seconds until it was ready."""
        await self.place.start()
        self.ana = await self.place.add_user("ana", real_name="Ana", is_admin=True)
        self.ben = await self.place.add_user("ben", real_name="Ben")
        self.lab = await self.place.add_channel("lab", [self.ana, self.ben])
        self.tell("A local workspace, two people, one channel.")
        self.tell("Inhouse is loading its models; this takes a minute the first time, seconds later on.")
        start_s = await self.bot.start()
        self.tell(f"Ready after {start_s:.1f} s.")
        return start_s

    async def end(self) -> None:
        """Stop both."""
        await self.bot.stop()
        await self.place.stop()

    # --- acting ------------------------------------------------------------------------------

    async def asked(self, step: Step, user: User, question: str) -> SeenAnswer:
        """Ask in the thread; the answer goes into the step's facts."""
        answer = await self.ask(user, question)
        step.facts.update(answer.as_dict())
        return answer

    async def ask(self, user: User, question: str) -> SeenAnswer:
        """Ask in the thread and wait for the answer."""
        asked = await self.post(user, question)
        answer = await self.answer_to(asked, question)
        self.person(user, question)
        self.bot_says(answer.text, answer.citations)
        return answer

    async def post(self, user: User, question: str) -> Message:
        """Post in the thread."""
        return await self.place.post(user, self.lab, question, thread_ts=self.thread.ts)

    async def answer_to(self, asked: Message, question: str) -> SeenAnswer:
        """The answer to a question of the thread, once it is whole."""
        started = time.perf_counter()
        await self.wait(lambda: self.reply(asked, finished=False))
        first_text_s = time.perf_counter() - started
        message = await self.wait(lambda: self.reply(asked, finished=True))
        return read_answer(message, question, first_text_s, time.perf_counter() - started)

    def reply(self, asked: Message, *, finished: bool) -> Message | None:
        """The bot's answer to a question: its turns are in the order of the questions of a thread."""
        thread_ts = asked.thread_ts or asked.ts
        root = self.place.core.state.channels[asked.channel].messages[thread_ts]
        ours = [m for m in bot_messages(self.place, root) if not is_notice(m) or "taken-back" in str(m.blocks)]
        others = self.place.messages(asked.channel, thread_ts)
        questions = [m for m in others if m.user != self.place.bot_user.id and m.ts not in self.unasked]
        place = [message.ts for message in questions].index(asked.ts)
        if place >= len(ours):
            return None
        reply = ours[place]
        return reply if not finished or (not reply.streaming and read_answer(reply, "", 0, 0).is_whole) else None

    @property
    def unasked(self) -> set[str]:
        """Messages that brought files and asked nothing."""
        return {self.thread.ts} if hasattr(self, "thread") else set()

    async def wait(self, look: Callable[[], Any]) -> Any:
        """The first true value of ``look``. Raises: TimeoutError."""
        return await self.place.wait_for(look, ANSWER_TIMEOUT_S)

    # --- telling -----------------------------------------------------------------------------

    def person(self, user: User, text: str) -> None:
        """Print what somebody says."""
        self.tell(f"\n  {user.real_name}: {text}")

    def does(self, text: str) -> None:
        """Print what somebody does."""
        self.tell(f"\n  {text}")

    def bot_says(self, text: str, citations: Sequence[dict[str, Any]] = (), *, privately: bool = False) -> None:
        """Print what the bot says."""
        lines = [line for line in text.splitlines() if line.strip()]
        lines += [f"[{number}] {cited['file']}, {cited['place']}" for number, cited in enumerate(citations, 1)]
        for line in lines:
            self.tell(f"    Inhouse{' (only to them)' if privately else ''}: {readable(self._named(line))}")

    def _named(self, line: str) -> str:
        users = self.place.core.state.users
        return re.sub(r"<@(\w+)>", lambda mention: f"@{users[mention[1]].name}", line)


def readable(line: str) -> str:
    """A line of a message as a terminal can show it."""
    line = re.sub(r"<[^|>]+\|([^>]+)>", r"\1", line).replace("*", "")
    for code, sign in ((":white_check_mark:", "✅"), (":warning:", "⚠️"), ("`", ""), ("\u200b", "")):
        line = line.replace(code, sign)
    return line


def shown(message: Message) -> str:
    """The words of a message's sections, one line each."""
    return "\n".join(block["text"]["text"] for block in message.blocks if block["type"] == "section") or message.text


def expect_citation(answer: SeenAnswer, file: str) -> None:
    """Raises: StepFailed."""
    if answer.refused:
        raise StepFailed(f"refused: {answer.question}")
    if not any(citation["file"] == file for citation in answer.citations):
        raise StepFailed(f"{file} is not cited")
