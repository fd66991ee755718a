"""`inhouse demo`: the main job from upload to forgetting, driven by a script, judged by what people see.

Nothing here looks inside the bot: each step posts as a person, waits for what appears in the
thread, and reads files, pages and quotes off the message.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from bot.cli.library import say, set_up_logging
from bot.cli.local_bot import LocalBot
from bot.cli.samples import CONTRACT, MANUAL, PRICES, sample
from bot.cli.seen import SeenAnswer, bot_messages, read_answer
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


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else on standard output.")
def demo(as_json: bool) -> None:
    """Show the whole way once: upload, ask, follow up, two people at once, refuse, kill, delete.

    Runs the local workspace and the bot with its embedded models; needs no browser and no network.
    Exit status 0 means that every step held.
    """
    settings = Settings.load()
    set_up_logging("WARNING")
    tell = (lambda text: None) if as_json else click.echo
    with tempfile.TemporaryDirectory(prefix="inhouse-demo-") as folder:
        result = asyncio.run(Demo(Path(folder), settings, tell).run())
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False))
    raise SystemExit(0 if result["ok"] else 1)


class Demo:
    """The script. ``tell`` prints for people."""

    def __init__(self, folder: Path, settings: Settings, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._place = Workspace(team_name="Helios Lab", events=EVENT_SCOPES, scopes=NEEDED_SCOPES)
        self._log: list[str] = []
        self._bot = LocalBot(self._place, folder / "data", settings, self._log.append)
        self._steps: list[Step] = []
        self.ana: User
        self.ben: User
        self.lab: Channel
        self.thread: Message
        self.documents: dict[str, File] = {}

    async def run(self) -> dict[str, Any]:
        """All steps in order; stops at the first that does not hold."""
        await self._place.start()
        try:
            start_s = await self._set_the_scene()
            for name, step in self._script():
                if not await self._do(name, step):
                    break
        finally:
            await self._bot.stop()
            await self._place.stop()
        ok = all(step.ok for step in self._steps) and len(self._steps) == len(self._script())
        self._tell("\nEvery step held." if ok else "\nA step did not hold; see above.")
        return {"ok": ok, "models": self._models(), "start_s": round(start_s, 2), "steps": self._as_dicts()}

    def _script(self) -> list[tuple[str, Callable[[Step], Awaitable[None]]]]:
        return [
            ("upload", self.upload),
            ("ask", self.ask),
            ("follow-up", self.follow_up),
            ("second-user", self.second_user),
            ("refuse", self.refuse),
            ("kill", self.kill),
            ("delete", self.delete),
            ("ask-deleted", self.ask_deleted),
        ]

    async def upload(self, step: Step) -> None:
        """Ana drops three files and mentions the bot; it says that it read them."""
        names = (MANUAL, CONTRACT, PRICES)
        text = "@inhouse please read these three"
        self._person(self.ana, text + "".join(f"\n        [{name}]" for name in names))
        self.thread = await self._place.post(self.ana, self.lab, text, files=[sample(name) for name in names])
        self.documents = {file.name: file for file in self.thread.files}
        receipt = await self._wait(lambda: next(iter(bot_messages(self._place, self.thread)), None))
        self._bot_says(receipt.text)
        unread = [name for name in names if name not in receipt.text]
        if unread or "could not" in receipt.text:
            raise StepFailed(f"not read: {unread or receipt.text}")
        step.facts["receipt"] = receipt.text

    async def ask(self, step: Step) -> None:
        """A question with an answer on a known page."""
        answer = await self._asked(step, self.ana, "@inhouse How often must the air filter be cleaned?")
        _expect_citation(answer, MANUAL)

    async def follow_up(self, step: Step) -> None:
        """A second question in the thread, without a mention, that leans on the first."""
        answer = await self._asked(step, self.ana, "And what does error E-03 mean?")
        _expect_citation(answer, MANUAL)

    async def second_user(self, step: Step) -> None:
        """Two people ask at the same moment; each gets an answer of their own."""
        questions = (
            (self.ben, "@inhouse What is the notice period for terminating the agreement?", CONTRACT),
            (self.ana, "@inhouse What does the vortex mixer Vega cost?", PRICES),
        )
        answers = await asyncio.gather(*(self._ask(user, question) for user, question, _ in questions))
        step.facts["answers"] = [answer.as_dict() for answer in answers]
        for answer, (_, _, file) in zip(answers, questions, strict=True):
            _expect_citation(answer, file)

    async def refuse(self, step: Step) -> None:
        """What the files do not say is refused, and the files searched are named."""
        answer = await self._asked(step, self.ana, "@inhouse Who won the world cup in 1998?")
        if not answer.refused:
            raise StepFailed("it answered what the files do not say")

    async def kill(self, step: Step) -> None:
        """The bot is killed in mid-answer; started again, it completes that answer, once."""
        question = "@inhouse How long is the warranty of the Helios 3?"
        self._person(self.ana, question)
        asked = await self._post(self.ana, question)
        await self._wait(lambda: next(iter(bot_messages(self._place, self.thread, asked)), None))
        await self._bot.kill()
        self._tell("        (the bot is killed with -9 in mid-answer, and started again)")
        before = len(bot_messages(self._place, self.thread, asked))
        step.facts["restart_s"] = round(await self._bot.start(), 2)
        answer = await self._answer_to(asked, question)
        self._bot_says(answer.text, answer.citations)
        await asyncio.sleep(2)  # a second answer would come now
        replies = bot_messages(self._place, self.thread, asked)
        history = await self._ask(self.ana, "And how long is the warranty of the motor?")
        step.facts.update(answer.as_dict(), replies=len(replies), before=before, history=history.as_dict())
        _expect_citation(answer, MANUAL)
        if len(replies) != 1:
            raise StepFailed(f"{len(replies)} replies to one question")
        if history.refused:
            raise StepFailed("the history was lost")

    async def delete(self, step: Step) -> None:
        """Ana deletes the manual in Slack."""
        self._tell(f"\n  Ana deletes {MANUAL}.")
        await self._place.delete_file(self.documents[MANUAL])
        step.facts["file"] = MANUAL

    async def ask_deleted(self, step: Step) -> None:
        """Nothing answers from the deleted file any more."""
        answer = await self._asked(step, self.ana, "@inhouse How often must the air filter be cleaned?")
        if any(citation["file"] == MANUAL for citation in answer.citations) or not answer.refused:
            raise StepFailed("the deleted file still answers")

    # --- how ---------------------------------------------------------------------------------

    async def _set_the_scene(self) -> float:
        self.ana = await self._place.add_user("ana", real_name="Ana", is_admin=True)
        self.ben = await self._place.add_user("ben", real_name="Ben")
        self.lab = await self._place.add_channel("lab", [self.ana, self.ben])
        self._tell("A local workspace, two people, one channel. The bot is loading its models …")
        start_s = await self._bot.start()
        self._tell(f"Ready after {start_s:.1f} s.")
        return start_s

    async def _do(self, name: str, run: Callable[[Step], Awaitable[None]]) -> bool:
        step = Step(name)
        self._steps.append(step)
        self._tell(f"\n{name}: {(run.__doc__ or '').strip()}")
        started = time.perf_counter()
        try:
            await run(step)
            step.ok = True
        except (StepFailed, TimeoutError) as error:
            step.facts["problem"] = str(error) or "no answer in time"
            self._tell(f"  FAILED: {step.facts['problem']}")
            for line in self._log[-15:]:
                say(f"    bot: {line}")
        step.seconds = round(time.perf_counter() - started, 2)
        return step.ok

    async def _asked(self, step: Step, user: User, question: str) -> SeenAnswer:
        answer = await self._ask(user, question)
        step.facts.update(answer.as_dict())
        return answer

    async def _ask(self, user: User, question: str) -> SeenAnswer:
        asked = await self._post(user, question)
        answer = await self._answer_to(asked, question)
        self._person(user, question)
        self._bot_says(answer.text, answer.citations)
        return answer

    async def _post(self, user: User, question: str) -> Message:
        return await self._place.post(user, self.lab, question, thread_ts=self.thread.ts)

    async def _answer_to(self, asked: Message, question: str) -> SeenAnswer:
        started = time.perf_counter()
        await self._wait(lambda: self._reply(asked, finished=False))
        first_text_s = time.perf_counter() - started
        message = await self._wait(lambda: self._reply(asked, finished=True))
        return read_answer(message, question, first_text_s, time.perf_counter() - started)

    def _reply(self, asked: Message, *, finished: bool) -> Message | None:
        """The reply to a question: the bot's turns are in the order of the questions of a thread."""
        replies = bot_messages(self._place, self.thread)
        questions = [m for m in self._place.messages(self.lab, self.thread.ts) if m.user != self._place.bot_user.id]
        place = [message.ts for message in questions].index(asked.ts)
        if place >= len(replies):
            return None
        reply = replies[place]
        return reply if not finished or (not reply.streaming and read_answer(reply, "", 0, 0).is_whole) else None

    async def _wait(self, look: Callable[[], Any]) -> Any:
        return await self._place.wait_for(look, ANSWER_TIMEOUT_S)

    def _person(self, user: User, text: str) -> None:
        self._tell(f"\n  {user.real_name}: {text}")

    def _bot_says(self, text: str, citations: Sequence[dict[str, Any]] = ()) -> None:
        lines = [line for line in text.splitlines() if line.strip()]
        lines += [f"[{number}] {cited['file']}, {cited['place']}" for number, cited in enumerate(citations, 1)]
        for line in lines:
            self._tell(f"    Inhouse: {_readable(line)}")

    def _models(self) -> dict[str, str]:
        ready = next((line for line in self._log if line.startswith("Inhouse is ready")), "")
        llm, _, embedder = ready.rsplit(": ", 1)[-1].rstrip(".").partition(" and ")
        return {"llm": llm, "embedder": embedder}

    def _as_dicts(self) -> list[dict[str, Any]]:
        return [{"step": s.name, "ok": s.ok, "seconds": s.seconds, **s.facts} for s in self._steps]


def _readable(line: str) -> str:
    """A line of a message as a terminal can show it."""
    for code, sign in ((":white_check_mark:", "✅"), (":warning:", "⚠️"), ("`", ""), ("\u200b", "")):
        line = line.replace(code, sign)
    return line


def _expect_citation(answer: SeenAnswer, file: str) -> None:
    if answer.refused:
        raise StepFailed(f"refused: {answer.question}")
    if not any(citation["file"] == file for citation in answer.citations):
        raise StepFailed(f"{file} is not cited")
