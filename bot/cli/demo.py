"""`inhouse demo`: the main job from upload to forgetting, driven by a script, judged by what people see.

Nothing here looks inside the bot: each step acts as a person, waits for what appears, and reads
files, pages and quotes off the message.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import click

from bot.cli.library import say, set_up_logging
from bot.cli.samples import CONTRACT, MANUAL, PRICES, sample
from bot.cli.scene import Scene, Step, StepFailed, expect_citation
from bot.cli.seen import bot_messages
from bot.cli.ways_in import WaysIn
from bot.egress import install
from bot.settings import Settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else on standard output.")
def demo(as_json: bool) -> None:
    """Show all of it once: files, questions, every way in, refusing, a kill, deleting.

    Runs the local workspace and the bot with its embedded models; needs no browser and no network.
    Exit status 0 means that every step held.
    """
    settings = Settings.load()
    set_up_logging("WARNING")
    install(())
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
        self._scene = Scene(folder, settings, tell)
        self._ways_in = WaysIn(self._scene)
        self._steps: list[Step] = []

    async def run(self) -> dict[str, Any]:
        """All steps in order; stops at the first that does not hold."""
        try:
            start_s = await self._scene.begin()
            for name, step in self._script():
                if not await self._do(name, step):
                    break
        finally:
            await self._scene.end()
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
            *self._ways_in.script(),
            ("kill", self.kill),
            ("delete", self.delete),
            ("ask-deleted", self.ask_deleted),
        ]

    async def upload(self, step: Step) -> None:
        """Ana drops three files and mentions the bot; it says that it read them."""
        scene, names = self._scene, (MANUAL, CONTRACT, PRICES)
        text = "@inhouse please read these three"
        scene.person(scene.ana, text + "".join(f"\n        [{name}]" for name in names))
        scene.thread = await scene.place.post(scene.ana, scene.lab, text, files=[sample(name) for name in names])
        scene.documents = {file.name: file for file in scene.thread.files}
        receipt = await scene.wait(lambda: next(iter(bot_messages(scene.place, scene.thread)), None))
        scene.bot_says(receipt.text)
        unread = [name for name in names if name not in receipt.text]
        if unread or "could not" in receipt.text:
            raise StepFailed(f"not read: {unread or receipt.text}")
        step.facts["receipt"] = receipt.text

    async def ask(self, step: Step) -> None:
        """A question with an answer on a known page."""
        question = "@inhouse How often must the air filter be cleaned?"
        expect_citation(await self._scene.asked(step, self._scene.ana, question), MANUAL)

    async def follow_up(self, step: Step) -> None:
        """A second question in the thread, without a mention, that leans on the first."""
        expect_citation(await self._scene.asked(step, self._scene.ana, "And what does error E-03 mean?"), MANUAL)

    async def second_user(self, step: Step) -> None:
        """Two people ask at the same moment; each gets an answer of their own."""
        scene = self._scene
        questions = (
            (scene.ben, "@inhouse What is the notice period for terminating the agreement?", CONTRACT),
            (scene.ana, "@inhouse What does the vortex mixer Vega cost?", PRICES),
        )
        answers = await asyncio.gather(*(scene.ask(user, question) for user, question, _ in questions))
        step.facts["answers"] = [answer.as_dict() for answer in answers]
        for answer, (_, _, file) in zip(answers, questions, strict=True):
            expect_citation(answer, file)

    async def refuse(self, step: Step) -> None:
        """What the files do not say is refused, and the files searched are named."""
        answer = await self._scene.asked(step, self._scene.ana, "@inhouse Who won the world cup in 1998?")
        if not answer.refused:
            raise StepFailed("it answered what the files do not say")

    async def kill(self, step: Step) -> None:
        """The bot is killed in mid-answer; started again, it completes that answer, once."""
        scene, question = self._scene, "@inhouse How long is the warranty of the Helios 3?"
        scene.person(scene.ana, question)
        asked = await scene.post(scene.ana, question)
        await scene.wait(lambda: next(iter(bot_messages(scene.place, scene.thread, asked)), None))
        await scene.bot.kill()
        scene.tell("        (the bot is killed with -9 in mid-answer, and started again)")
        before = len(bot_messages(scene.place, scene.thread, asked))
        step.facts["restart_s"] = round(await scene.bot.start(), 2)
        answer = await scene.answer_to(asked, question)
        scene.bot_says(answer.text, answer.citations)
        await asyncio.sleep(2)  # a second answer would come now
        replies = bot_messages(scene.place, scene.thread, asked)
        history = await scene.ask(scene.ana, "And how long is the warranty of the motor?")
        step.facts.update(answer.as_dict(), replies=len(replies), before=before, history=history.as_dict())
        expect_citation(answer, MANUAL)
        if len(replies) != 1:
            raise StepFailed(f"{len(replies)} replies to one question")
        if history.refused:
            raise StepFailed("the history was lost")

    async def delete(self, step: Step) -> None:
        """Ana deletes the manual in Slack; the answers that rested on it are taken back."""
        scene = self._scene
        scene.does(f"Ana deletes {MANUAL}.")
        await scene.place.delete_file(scene.documents[MANUAL])
        step.facts["file"] = MANUAL
        taken_back = await scene.wait(
            lambda: [m for m in bot_messages(scene.place, scene.thread) if "took the answer back" in m.text]
        )
        scene.bot_says(f"{taken_back[0].text} ({len(taken_back)} so far)")

    async def ask_deleted(self, step: Step) -> None:
        """Nothing answers from the deleted file any more."""
        question = "@inhouse How often must the air filter be cleaned?"
        answer = await self._scene.asked(step, self._scene.ana, question)
        if any(citation["file"] == MANUAL for citation in answer.citations) or not answer.refused:
            raise StepFailed("the deleted file still answers")

    # --- how ---------------------------------------------------------------------------------

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
            for line in self._scene.log[-15:]:
                say(f"    bot: {line}")
        step.seconds = round(time.perf_counter() - started, 2)
        return step.ok

    def _models(self) -> dict[str, str]:
        ready = next((line for line in self._scene.log if line.startswith("Inhouse is ready")), "")
        llm, _, embedder = ready.rsplit(": ", 1)[-1].rstrip(".").partition(" and ")
        return {"llm": llm, "embedder": embedder}

    def _as_dicts(self) -> list[dict[str, Any]]:
        return [{"step": s.name, "ok": s.ok, "seconds": s.seconds, **s.facts} for s in self._steps]
