"""The demo's middle part: every other way in, and what may be done with an answer, one step each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from bot.cli.samples import CONTRACT, MANUAL, PRICES, sample
from bot.cli.scene import Scene, Step, StepFailed, expect_citation, shown
from bot.cli.seen import bot_messages, read_answer
from bot.workspace.state import Channel, Message, User, View

NOTICE_PERIOD = "What is the notice period for terminating the agreement?"


class WaysIn:
    """Steps over a scene whose thread holds the three sample files, read."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def script(self) -> list[tuple[str, Callable[[Step], Awaitable[None]]]]:
        """Name and step, in their order."""
        return [
            ("direct-message", self.direct_message),
            ("agent-pane", self.agent_pane),
            ("private-ask", self.private_ask),
            ("commands", self.commands),
            ("shortcut-ask", self.shortcut_ask),
            ("shortcut-summary", self.shortcut_summary),
            ("shortcut-add", self.shortcut_add),
            ("library", self.library),
            ("home", self.home),
            ("edit", self.edit),
            ("again", self.again),
            ("feedback", self.feedback),
            ("quiet", self.quiet),
        ]

    async def direct_message(self, step: Step) -> None:
        """Ben writes to the bot directly, with a file; no mention is needed."""
        scene, question = self._scene, "What does the vortex mixer Vega cost?"
        pane = await scene.place.open_dm(scene.ben)
        scene.person(scene.ben, f"{question}   [{PRICES}, in a direct message]")
        asked = await scene.place.post(scene.ben, pane, question, files=[sample(PRICES)])
        answer = await scene.answer_to(asked, question)
        scene.bot_says(answer.text, answer.citations)
        step.facts.update(answer.as_dict())
        expect_citation(answer, PRICES)

    async def agent_pane(self, step: Step) -> None:
        """Ben opens the agent's pane: it offers questions about his files, and names the conversation."""
        scene = self._scene
        pane = await scene.place.open_dm(scene.ben)
        await scene.place.open_home(scene.ben, "messages")
        prompts = await scene.wait(lambda: scene.place.core.state.prompts.get((pane.id, "")))
        titles = [prompt["title"] for prompt in prompts["prompts"]]
        scene.does(f"Ben opens the pane. It offers: {' | '.join(titles)}")
        named = await scene.wait(lambda: list(scene.place.core.state.titles.values()))
        scene.tell(f"  The conversation is called: {named[0]}")
        step.facts.update(prompts=titles, titles=named)
        if not any(PRICES in title for title in titles):
            raise StepFailed("nothing about his file is offered")

    async def private_ask(self, step: Step) -> None:
        """Ben asks privately with /ask; only he sees the answer, until he shares it."""
        scene = self._scene
        scene.person(scene.ben, f"/ask {NOTICE_PERIOD}")
        await scene.place.slash(scene.ben, scene.lab, "/ask", NOTICE_PERIOD)
        answer = await self._whispered(scene.ben, "90 days")
        scene.bot_says(shown(answer), privately=True)
        if self._ours_in(scene.lab) or "90 days" in str(scene.place.ephemerals(scene.ana)):
            raise StepFailed("somebody else sees it")
        scene.does("Ben presses “Share in the channel”.")
        await scene.place.click(scene.ben, scene.lab, answer.ts, "share")
        shared = await scene.wait(lambda: next(iter(self._ours_in(scene.lab)), None))
        scene.bot_says(shown(shared))
        step.facts.update(answer=shown(answer), shared=shown(shared))
        if "90 days" not in shown(shared):
            raise StepFailed("what was shared is not the answer")

    async def commands(self, step: Step) -> None:
        """/inhouse files lists what this conversation knows."""
        scene = self._scene
        scene.person(scene.ana, "/inhouse files")
        await scene.place.slash(scene.ana, scene.lab, "/inhouse", "files")
        listed = await self._whispered(scene.ana, MANUAL)
        scene.bot_says(shown(listed), privately=True)
        step.facts["listed"] = shown(listed)
        if not all(name in shown(listed) for name in (MANUAL, CONTRACT, PRICES)):
            raise StepFailed("a file is missing")

    async def shortcut_ask(self, step: Step) -> None:
        """Ben chooses “Ask about this” on Ana's message; the form's answer is for him alone."""
        scene, question = self._scene, "How is the liability limited?"
        await scene.place.message_shortcut(scene.ben, scene.thread, "ask_about")
        view = await scene.wait(lambda: self._modal(scene.ben))
        scene.does(f"Ben chooses “Ask about this” and writes: {question}")
        await scene.place.submit_view(scene.ben, view.id, {"question": {"question": question}})
        answer = await self._whispered(scene.ben, "250,000")
        scene.bot_says(shown(answer), privately=True)
        step.facts.update(question=question, answer=shown(answer))

    async def shortcut_summary(self, step: Step) -> None:
        """Ben has a thread of colleagues summarised; every line leads to the message that says it."""
        scene = self._scene
        root = await scene.place.post(scene.ana, scene.lab, "The centrifuge in lab 2 stopped with error E-03 at 9:40.")
        for user, text in (
            (scene.ben, "The rotor was loaded with five tubes, so it was not balanced."),
            (scene.ana, "We decided to run it with balanced tubes only, and to put a note on the lid."),
            (scene.ben, "I will write the note until Friday."),
        ):
            await scene.place.post(user, scene.lab, text, thread_ts=root.ts)
        scene.does("Ben chooses “Summarise this thread” on four messages about a centrifuge.")
        await scene.place.message_shortcut(scene.ben, root, "summarise_thread")
        summary = await self._whispered(scene.ben, "Summary of")
        scene.bot_says(shown(summary), privately=True)
        step.facts["summary"] = shown(summary)
        if bot_messages(scene.place, root):
            raise StepFailed("it was said publicly")

    async def shortcut_add(self, step: Step) -> None:
        """A file that nobody showed to the bot is added with “Add these files”."""
        scene = self._scene
        text = b"Opening hours of the lab: Monday to Friday, 7:30 to 19:00. The night key hangs in the porter's lodge."
        posted = await scene.place.post(scene.ben, scene.lab, "our hours", files=[("hours.txt", text)])
        await asyncio.sleep(1)
        if posted.reactions:
            raise StepFailed("it read a file that was not for it")
        scene.does("Ana chooses “Add these files” on Ben's message with hours.txt.")
        await scene.place.message_shortcut(scene.ana, posted, "add_files")
        await scene.wait(lambda: posted.reactions.get("white_check_mark"))
        scene.tell("    Inhouse: ✅ on the message")
        step.facts["receipt"] = shown(await self._whispered(scene.ana, "I read `hours.txt`"))

    async def library(self, step: Step) -> None:
        """Ana makes a channel a library: every file posted there is read, without a mention."""
        scene = self._scene
        shelf = await scene.place.add_channel("shelf", [scene.ana, scene.ben])
        await scene.place.slash(scene.ana, shelf, "/inhouse", "settings")
        view = await scene.wait(lambda: self._modal(scene.ana))
        scene.does("Ana gives /inhouse settings in #shelf and ticks “Library”.")
        await scene.place.submit_view(scene.ana, view.id, {"options": {"options": ["library"]}})
        await scene.wait(lambda: self._ours_in(shelf))
        scene.bot_says(shown(self._ours_in(shelf)[0]))
        posted = await scene.place.post(scene.ben, shelf, "", files=[sample(CONTRACT)])
        await scene.wait(lambda: posted.reactions.get("white_check_mark"))
        scene.tell(f"\n  Ben: [{CONTRACT}]\n    Inhouse: ✅ on the message")
        step.facts["reactions"] = list(posted.reactions)

    async def home(self, step: Step) -> None:
        """Ben opens the bot's Home: what it can do, his files, his questions, the privacy statement."""
        scene = self._scene
        await scene.place.open_home(scene.ben)
        view = await scene.wait(lambda: scene.place.core.state.homes.get(scene.ben.id))
        text = str(view.body)
        headers = [block["text"]["text"] for block in view.body["blocks"] if block["type"] == "header"]
        scene.does(f"Ben opens Home. It shows: {' | '.join(headers)}")
        step.facts["headers"] = headers
        if PRICES not in text or "no telemetry" not in text.lower():
            raise StepFailed("his file or the privacy statement is missing")

    async def edit(self, step: Step) -> None:
        """Ben edits his question; the answer changes in its place."""
        scene = self._scene
        asked = await scene.post(scene.ben, "@inhouse How much free space does the device need on every side?")
        first = await scene.answer_to(asked, asked.text)
        reply = scene.reply(asked, finished=True)
        assert reply is not None
        await scene.place.edit(asked, "@inhouse When must invoices be paid?")
        scene.person(scene.ben, "How much free space does the device need?  →  When must invoices be paid?")
        await scene.wait(lambda: "30 days" in shown(reply) and "'menu'" in str(reply.blocks))
        answer = read_answer(reply, "When must invoices be paid?", 0, 0)
        scene.bot_says(answer.text, answer.citations)
        step.facts.update(before=first.text, after=answer.text)
        expect_citation(answer, CONTRACT)

    async def again(self, step: Step) -> None:
        """Ben wants more detail, from the menu under the answer."""
        reply = self._last_reply()
        before = shown(reply)
        self._scene.does("Ben chooses “In more detail” in the menu under the answer.")
        await self._scene.place.click(self._scene.ben, self._scene.lab, reply.ts, "menu", "longer")
        await self._scene.wait(lambda: shown(reply) != before and "Written anew" in str(reply.blocks))
        answer = read_answer(reply, "", 0, 0)
        self._scene.bot_says(answer.text, answer.citations)
        step.facts.update(citations=list(answer.citations), replies=len(bot_messages(self._scene.place, reply)))

    async def feedback(self, step: Step) -> None:
        """Ana presses 👎 and says what was wrong; it is kept as a case to measure with."""
        scene, reply = self._scene, self._last_reply()
        await scene.place.click(scene.ana, scene.lab, reply.ts, "feedback", "down")
        view = await scene.wait(lambda: self._modal(scene.ana))
        values = {"reason": {"reason": "style"}, "comment": {"comment": "The first sentence was enough."}}
        scene.does("Ana presses 👎, chooses “Too long …” and writes: The first sentence was enough.")
        await scene.place.submit_view(scene.ana, view.id, values)
        thanks = await self._whispered(scene.ana, "test case")
        scene.bot_says(thanks.text, privately=True)
        step.facts["thanks"] = thanks.text

    async def quiet(self, step: Step) -> None:
        """“quiet here” ends the answers to follow-ups; a mention is still answered."""
        scene = self._scene
        root = await scene.place.post(scene.ana, scene.lab, f"@inhouse {NOTICE_PERIOD}")
        await scene.wait(lambda: scene.reply(root, finished=True))
        await scene.place.post(scene.ana, scene.lab, "quiet here", thread_ts=root.ts)
        scene.person(scene.ana, "quiet here")
        await scene.wait(lambda: len(bot_messages(scene.place, root)) == 2)
        scene.bot_says(shown(bot_messages(scene.place, root)[-1]))
        await scene.place.post(scene.ana, scene.lab, "And is notice by e-mail sufficient?", thread_ts=root.ts)
        await asyncio.sleep(2)
        step.facts["messages"] = len(bot_messages(scene.place, root))
        if step.facts["messages"] != 2:
            raise StepFailed("it was not quiet")

    # --- how ---------------------------------------------------------------------------------

    async def _whispered(self, user: User, words: str) -> Message:
        """What only one person is shown, once it holds ``words``."""
        found = await self._scene.wait(
            lambda: [m for m in self._scene.place.ephemerals(user) if words in m.text + str(m.blocks)]
        )
        return found[-1]

    def _modal(self, user: User) -> View | None:
        views = [view for view in self._scene.place.core.state.modals.values() if view.user == user.id]
        return views[-1] if views else None

    def _ours_in(self, channel: Channel) -> list[Message]:
        """What the bot said in a channel itself, not in a thread."""
        return [m for m in self._scene.place.messages(channel) if m.user == self._scene.place.bot_user.id]

    def _last_reply(self) -> Message:
        return bot_messages(self._scene.place, self._scene.thread)[-1]
