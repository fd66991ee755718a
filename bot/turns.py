"""The product on one page: a question in a thread becomes a checked, cited answer in it.

read the thread → may we? → read new files, receipt → history → search, answer → finish, record
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import answers, blocks
from bot.access import Access
from bot.audit import Head
from bot.briefings import Briefings
from bot.conversations import Conversations, ThreadView
from bot.events import IncomingMessage, hushed, looks_like_question, without_mention
from bot.guarded import Guarded, Withheld
from bot.history import Asked, History, Kept, Manner, Told
from bot.jobs import Overtaken, Running, TryAgain
from bot.notices import Notices
from bot.pane import Pane
from bot.people import People
from bot.records import Job, Records, Share, Tables, add_turn
from bot.replies import Appends, PrivateReply, QuestionGone, Reply
from bot.scope import Allowed, Denied
from bot.texts import Texts
from bot.uploads import Uploads
from bot.writing import Surface, Task, Writer, to_search
from rag.errors import InhouseError, QuestionTooLong

log = logging.getLogger(__name__)

SAID = "said"  # outcome of a turn that tells why there is no answer


@dataclass(frozen=True, slots=True)
class Limits:
    """What a turn may take."""

    max_question_chars: int = 4000
    history_turns: int = 100


@dataclass(frozen=True, slots=True)
class Turns:
    """Everything a turn needs; built once."""

    client: AsyncWebClient
    bot_user: str
    records: Records
    history: History
    people: People
    conversations: Conversations
    access: Access
    uploads: Uploads
    writer: Writer
    pane: Pane
    briefings: Briefings
    notices: Notices
    appends: Appends
    limits: Limits = Limits()

    async def run(self, running: Running) -> None:
        """Do a job of kind "turn" (a question, answered once) or "redo" (its answer written anew, in place)."""
        message, is_anew = message_of(running.job.payload), running.job.kind == "redo"
        earlier = await self.history.of(message)
        if earlier is not None and earlier.outcome is not None and not is_anew:
            return  # answered before the crash; only the job's end was not recorded
        if earlier is None and is_anew and running.job.payload.get("manner"):
            return  # the answer that was to be had anew was deleted meanwhile
        view = await self.conversations.read(message)
        if view is None:
            return  # deleted meanwhile: nobody waits for an answer
        await self._let_earlier_ones_go_first(running, view)
        texts = await self.people.texts(message.team, message.channel, message.user)
        question = without_mention(view.text, self.bot_user)
        existing = await self._standing(running, message, earlier, view, is_anew=is_anew)
        if existing and earlier is None:  # a former run was killed before it recorded its first message
            await self.history.begin(message, question, existing[0], 0)
        reply = self._reply(message, question, existing, texts)
        turn = Turn(running, message, question, view, texts, _manner(running.job), earlier, is_anew)
        if earlier is not None and earlier.question != question:
            await self.writer.forget(message)  # what was edited away
        started = time.perf_counter()
        try:
            if existing != (earlier.replies if earlier else ()):
                await self._remember(message, question, existing)
            told = await self._told(turn, reply)
        except QuestionGone:
            await self._unsay(message, reply)
            await self.history.withdrawn(message, running.job.kind)
            return
        seconds, kind = time.perf_counter() - started, running.job.kind
        ended = await self.history.finish(message, question, turn.manner, told, reply.messages, seconds, kind)
        if ended.kept is Kept.ANSWER_GONE:
            await self._unsay(message, reply)
        elif ended.kept is Kept.FILES_GONE:
            await reply.withdraw(texts("files-gone"))
            await reply.status("")
            await self.writer.forget(message)
        await self._title(message, question, told)
        log.info("%s", _line(turn, told, seconds, ended.head))

    async def _unsay(self, message: IncomingMessage, reply: Reply) -> None:
        """The question or its answer was deleted meanwhile: no message of the answer stays, the model keeps nothing."""
        await reply.delete()
        await reply.status("")
        await self.writer.forget(message)

    async def apologise(self, job: Job) -> None:
        """Tell the asker that a job failed for the last time, where their answer would stand."""
        if job.kind not in {"turn", "ask", "redo", "summarise", "brief", "add", "share", "wish"}:
            return
        message = message_of(job.payload)
        texts = await self.people.texts(message.team, message.channel, message.user)
        if job.kind in {"turn", "redo"}:
            places = await self._places(message)
            reply: Reply | PrivateReply = self._reply(message, job.payload["question"], places, texts)
        else:
            reply = PrivateReply(self.client, message, job.payload["response_url"])
        await reply.show(texts("gave-up"), texts("gave-up"))
        await reply.finish()

    async def _places(self, message: IncomingMessage) -> tuple[str, ...]:
        """The messages of a reply that stand already, those too that a former process did not live to record."""
        begun = await self.history.of(message)
        known = begun.replies if begun else ()
        try:
            view = await self.conversations.read(message)
        except TryAgain:
            return known
        return await self._adopted(message, known, view.ours if view else ())

    def check_length(self, question: str, texts: Texts) -> None:
        """Raises: QuestionTooLong."""
        if len(question) > self.limits.max_question_chars:
            raise QuestionTooLong(texts("question-too-long", chars=len(question), most=self.limits.max_question_chars))

    async def _told(self, turn: Turn, reply: Reply) -> Told:
        """What the reply shows in the end: an answer, or a sentence that says why there is none."""
        guarded = Guarded(reply, lambda: self._may(turn))
        try:
            result = await self._turn(turn, guarded)
            if isinstance(result, str):
                await guarded.show(result, result)
                await guarded.finish([])
                result = Told(result, SAID)
        except Withheld as withheld:
            turn.running.cancel.set()
            return await self._withheld(turn, reply, withheld.denied)
        except InhouseError as error:
            result = Told(blocks.escape(turn.texts.error(error)), SAID, decision=_snake(error))
            log.warning("turn failed: %s", type(error).__name__)
            await reply.show(result.text, result.text)
            await reply.finish()
        if not result.text:
            await reply.status("")  # no message of ours took it away
        return result

    async def _may(self, turn: Turn) -> Allowed | Denied:
        """Whether whoever wanted this answer may have it now: its asker, or who had it written anew."""
        by = turn.running.job.payload.get("by") or turn.message.user
        return await self.access.check(turn.message.team, turn.message.channel, by)

    async def _check(self, turn: Turn) -> None:
        """Raises: Withheld."""
        if isinstance(verdict := await self._may(turn), Denied):
            raise Withheld(verdict)

    async def _withheld(self, turn: Turn, reply: Reply, denied: Denied) -> Told:
        """Take away what was shown, and say why, where only those see it who may."""
        if denied.is_silent:
            await reply.delete()
            await reply.status("")
            await self.notices.keep_out(turn.message, denied.reason)
            return Told("", "silent", decision=denied.reason)
        await reply.withdraw(turn.texts(denied.reason))
        await reply.status("")
        return Told(turn.texts(denied.reason), SAID, decision=denied.reason)

    async def _turn(self, turn: Turn, reply: Surface) -> str | Told:
        """The answer, or a sentence to say instead. Raises: InhouseError, TryAgain, QuestionGone, Withheld."""
        message, texts, question = turn.message, turn.texts, turn.question
        await self._check(turn)
        new, left_out = await self.uploads.read_new(
            *(message.team, message.channel, turn.view.files, texts, reply.status),
            is_last_attempt=turn.running.is_last_attempt,
        )
        await self._check(turn)  # files take their time
        only_files = not question or (turn.brings_files and not looks_like_question(question))
        await self.uploads.receipt(message.root_ts, new, left_out, texts, asked=only_files)
        self.check_length(question, texts)
        shares = await self.live(message)
        if only_files and (turn.earlier is None if turn.is_anew else new):
            await self.writer.preload(message, to_search(shares, message, question, widened=False)[0])
            return Told("", "receipt")
        if only_files:
            return answers.nothing_asked(texts, shares)
        if (wish := await self.briefings.wish(message, question, texts)) is not None:
            cancel, length = turn.running.cancel, turn.manner.length
            return await self.briefings.tell(wish, message, texts, reply, cancel, length)
        if not shares:
            hint = await self.pane.hint(message.team, message.user) if message.is_direct else None
            return "\n".join(filter(None, (answers.no_files(texts, any_failed=bool(new)), hint)))
        chosen = tuple(share for share in shares if share.name == turn.running.job.payload.get("only"))
        searched, narrowed = (chosen, False) if chosen else to_search(shares, message, question, turn.manner.widened)
        await reply.status(texts("status-searching", count=len({share.document_id for share in searched})))
        history = await self.history.turns(message, self.limits.history_turns)
        unread = any(share.state == "failed" and share.message_ts == message.ts for share in new)
        task = Task(message, question, searched, texts, history, narrowed, turn.manner, turn.avoid, unread)
        return await self.writer.write(task, reply, turn.running.cancel, has_controls=True)

    async def live(self, message: IncomingMessage) -> tuple[Share, ...]:
        """The files that an answer in this conversation may use."""
        shares = await self.records.shares(message.team, message.channel)
        return tuple(share for share in shares if share.state == "read")

    def _reply(self, message: IncomingMessage, question: str, existing: Sequence[str], texts: Texts) -> Reply:
        async def begun(ts: str, number: int) -> None:
            if not await self.history.begin(message, question, ts, number):
                raise QuestionGone

        labels = {"stop_label": texts("stop"), "more_label": texts("continued")}
        return Reply(self.client, message, begun, existing, appends=self.appends, **labels)

    async def _let_earlier_ones_go_first(self, running: Running, view: ThreadView) -> None:
        """Questions of this thread whose events were overtaken on their way, or lost. Raises: Overtaken."""
        if running.job.kind != "turn" or not view.mentions:
            return

        def store(db: Tables) -> bool:
            asked = [(m, without_mention(m.text, self.bot_user)) for m in view.mentions]
            return any([add_turn(db, message, question) for message, question in asked if not hushed(question)])

        if await self.records.write(store):
            raise Overtaken

    async def _standing(
        self, running: Running, message: IncomingMessage, earlier: Asked | None, view: ThreadView, *, is_anew: bool
    ) -> tuple[str, ...]:
        """The messages of the reply that stand already, in their order.

        A former run may have posted some without living to record them: they are completed, not posted again.
        """
        known = earlier.replies if earlier else ()
        if (is_anew and known) or not running.job.attempts or not view.ours:
            return known
        return await self._adopted(message, known, view.ours)

    async def _remember(self, message: IncomingMessage, question: str, places: Sequence[str]) -> None:
        """Adopted messages are this question's from now on, and nobody else's. Raises: QuestionGone."""
        for number, ts in enumerate(places):
            if not await self.history.begin(message, question, ts, number):
                raise QuestionGone

    async def _adopted(self, message: IncomingMessage, known: Sequence[str], ours: Sequence[str]) -> tuple[str, ...]:
        others = await self.history.known_replies(message.team, message.channel, message.root_ts)
        return tuple(sorted({*known, *(ts for ts in ours if ts not in others)}, key=float))

    async def _title(self, message: IncomingMessage, question: str, told: Told) -> None:
        """Name the thread that a question in the agent's pane began; a nicety, so its failure is only logged."""
        if not (message.is_direct and message.thread_ts is None and told.is_kept):
            return
        try:
            await self.client.assistant_threads_setTitle(
                channel_id=message.channel, thread_ts=message.ts, title=blocks.status_name(question)
            )
        except SlackApiError as error:
            log.info("title not set: %s", error.response.get("error"))


@dataclass(frozen=True, slots=True)
class Turn:
    """One question on its way."""

    running: Running
    message: IncomingMessage
    question: str
    view: ThreadView
    texts: Texts
    manner: Manner
    earlier: Asked | None
    is_anew: bool

    @property
    def brings_files(self) -> bool:
        """Whether the message itself holds files: then "here is the contract" is no question."""
        return any(ref.message_ts == self.message.ts for ref in self.view.files)

    @property
    def avoid(self) -> tuple[int, ...]:
        """What an answer anew should not rest on again."""
        return self.earlier.cited if self.earlier and self.manner.tries > self.earlier.manner.tries else ()


def message_of(payload: dict[str, Any]) -> IncomingMessage:
    """The message that a job is about."""
    message = IncomingMessage(**payload["message"])
    return replace(message, file_ids=tuple(message.file_ids))


# What the one line of each turn says of its answer, and how each is called there.
_STAGES = {"search_s": "search", "first_token_s": "first_token", "first_text_s": "first_text", "total_s": "answer"}
_COUNTS = ("prompt_tokens", "reused_tokens", "new_tokens", "hits")


def _line(turn: Turn, told: Told, seconds: float, head: Head) -> str:
    """All that the log says of a turn: ids and numbers. It names the row of the audit, and so vouches for it."""
    stages = {f"{shown}_ms": round(told.timing[name] * 1000) for name, shown in _STAGES.items() if name in told.timing}
    counts = {name: round(told.timing[name]) for name in _COUNTS if name in told.timing}
    parts = {
        **{"turn": f"{turn.message.channel}/{turn.message.ts}", "kind": turn.running.job.kind},
        **{"outcome": told.decision or told.outcome, "attempt": turn.running.job.attempts + 1},
        **{"ms": round(seconds * 1000), **stages, **counts, "cited": len(told.cited)},
        "audit": f"{head.number}:{head.hash[:16]}",
    }
    return " ".join(f"{name}={value}" for name, value in parts.items())


def _snake(error: InhouseError) -> str:
    """What the audit calls an error: ``question-too-long``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(error).__name__).lower()


def _manner(job: Job) -> Manner:
    return Manner(**job.payload["manner"]) if job.payload.get("manner") else Manner()
