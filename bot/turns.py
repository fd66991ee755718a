"""The product on one page: a question in a thread becomes a checked, cited answer in it.

    read the thread → may we? → read new files, receipt → history → search, answer → finish, record

Runs on the event loop; the library below is synchronous and runs in a thread of its own.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot import answers
from bot.access import Access, Denied
from bot.conversations import Conversations, ThreadView
from bot.events import IncomingMessage, looks_like_question, without_mention
from bot.jobs import Running
from bot.records import Job, Records, Share, scope_of
from bot.replies import PrivateReply, QuestionGone, Reply
from bot.uploads import Uploads
from rag.answering import Answerer, AnswerEvent, PassageReady, Request, Searched, SentenceReady
from rag.errors import InhouseError, QuestionTooLong
from rag.naming import named_files
from rag.types import Answer, Outcome

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a turn may take."""

    max_question_chars: int = 4000
    history_turns: int = 6


@dataclass(frozen=True, slots=True)
class Turns:
    """Everything a turn needs; built once."""

    client: AsyncWebClient
    bot_user: str
    records: Records
    conversations: Conversations
    access: Access
    uploads: Uploads
    answerer: Answerer
    model_threads: Executor  # its own: reading records must never wait for the model
    limits: Limits = Limits()

    async def run(self, running: Running) -> None:
        """Do the job of kind "turn": one question of one person, answered once."""
        message, widened = _message(running.job.payload), bool(running.job.payload.get("widened"))
        earlier = await self.records.open_reply(message, widened)
        if earlier is not None and earlier.outcome is not None:
            return  # answered before the crash; only the job's end was not recorded
        view = await self.conversations.read(message)
        if view is None:
            return  # deleted meanwhile: nobody waits for an answer
        question = running.job.payload["question"] if widened else without_mention(view.text, self.bot_user)
        reply_ts = earlier.reply_ts if earlier else await self._adopted(running, message, view)
        reply = Reply(self.client, message, self._begun(message, question, widened), reply_ts)
        started = time.perf_counter()
        try:
            told = await self._told(running, message, question, widened, view, reply)
        except QuestionGone:
            await reply.delete()
            return
        if not await self._record(message, widened, told):
            await reply.withdraw(answers.files_gone())
        log.info(
            "turn channel=%s ts=%s outcome=%s seconds=%.1f",
            *(message.channel, message.ts, told.outcome, time.perf_counter() - started),
        )

    async def apologise(self, job: Job) -> None:
        """Tell the asker that a job failed for the last time, where their answer would stand."""
        if job.kind not in {"turn", "ask"}:
            return
        message, widened = _message(job.payload), bool(job.payload.get("widened"))
        if job.kind == "ask":
            reply: Reply | PrivateReply = PrivateReply(job.payload["response_url"])
        else:
            begun = await self.records.open_reply(message, widened)
            note = self._begun(message, job.payload["question"], widened)
            reply = Reply(self.client, message, note, begun.reply_ts if begun else None)
        await reply.show(answers.gave_up(), answers.gave_up())
        await reply.finish()

    async def ask_privately(self, running: Running) -> None:
        """Do the job of kind "ask": a slash command's question, answered to the asker alone."""
        message, question = _message(running.job.payload), running.job.payload["question"]
        reply = PrivateReply(running.job.payload["response_url"])
        try:
            self._check_length(question)
            said = await self._denied(message)
            if said is None:
                shares = await self._live(message)
                ended = await self._answer(message, question, shares, (), reply, running.cancel, narrowed=False)
                said = ended if isinstance(ended, Said) else None
        except InhouseError as error:
            said = Said(error.user_message)
        if isinstance(said, Said):
            await reply.show(said.text, said.text)
            await reply.finish()

    async def _told(
        self,
        running: Running,
        message: IncomingMessage,
        question: str,
        widened: bool,
        view: ThreadView,
        reply: Reply,
    ) -> Told:
        """What the reply shows in the end: an answer, or a sentence that says why there is none."""
        try:
            result = await self._turn(running, message, question, widened, view, reply)
        except InhouseError as error:
            result = Said(error.user_message)
            log.warning("turn failed: %s", error)
        if isinstance(result, Told):
            return result
        await reply.show(result.text, result.text)
        await reply.finish()
        return Told(result.text, result.outcome)

    async def _turn(
        self,
        running: Running,
        message: IncomingMessage,
        question: str,
        widened: bool,
        view: ThreadView,
        reply: Reply,
    ) -> Said | Told:
        denied = await self._denied(message)
        if denied is not None:
            return denied
        new, left_out = await self.uploads.read_new(
            message.team, message.channel, view.files, reply.status, is_last_attempt=running.is_last_attempt
        )
        only_files = not question or (_brings_files(view, message) and not looks_like_question(question))
        await self.uploads.receipt(message.root_ts, new, left_out, asked=only_files)
        self._check_length(question)
        shares = await self._live(message)
        if only_files:
            return Told("", "receipt") if new else Said(answers.nothing_asked(shares))
        if not shares:
            return Said(answers.no_files(any_failed=bool(new)))
        searched, narrowed = _to_search(shares, message, question, widened)
        history = await self.records.history(message, self.limits.history_turns)
        count = len({share.document_id for share in searched})
        await reply.status(f"is searching {count} file{'s' if count != 1 else ''} …")
        return await self._answer(message, question, searched, history, reply, running.cancel, narrowed=narrowed)

    async def _denied(self, message: IncomingMessage) -> Said | None:
        verdict = await self.access.check(message.team, message.channel)
        return Said(verdict.reason) if isinstance(verdict, Denied) else None

    def _check_length(self, question: str) -> None:
        if len(question) > self.limits.max_question_chars:
            raise QuestionTooLong(
                f"This question has {len(question):,} characters; I read up to {self.limits.max_question_chars:,}. "
                "Ask it in fewer words, or put the long text in a file."
            )

    async def _answer(
        self,
        message: IncomingMessage,
        question: str,
        shares: Sequence[Share],
        history: Sequence[Any],
        reply: Reply | PrivateReply,
        cancel: threading.Event,
        *,
        narrowed: bool,
    ) -> Said | Told:
        if not shares:
            return Said(answers.no_files(any_failed=False))
        documents = frozenset(share.document_id for share in shares if share.document_id is not None)
        request = Request(scope_of(message.team, message.channel), question, tuple(history), documents)
        answer = Answer("", Outcome.REFUSED)
        async for event in _events(self.answerer, request, cancel, self.model_threads):
            if isinstance(event, Searched):
                await reply.status("is writing …" if event.hits else "is looking …")
            elif isinstance(event, PassageReady):
                await reply.show(*answers.passage(event.citation))
            elif isinstance(event, SentenceReady):
                await reply.show(*answers.sentence(event.text, event.citations))
            elif isinstance(event, Answer):
                answer = event
        if not await self._still_alive(message, answer):
            await reply.withdraw(answers.files_gone())
            return Told("", "withdrawn")
        links = {share.file_id: share.permalink for share in shares}
        if answer.refused:
            await reply.show(*[answers.refusal(shares)] * 2)
        await reply.finish(answers.tail(answer, shares, links, self.answerer.llm, message, narrowed))
        cited = tuple({citation.source_ref for citation in answer.citations})
        return Told(answer.text or answers.REFUSED, answer.outcome, cited)

    async def _still_alive(self, message: IncomingMessage, answer: Answer) -> bool:
        """Whether every cited file is still shared here: one may have been deleted while the model wrote."""
        live = {share.file_id for share in await self._live(message)}
        return all(citation.source_ref in live for citation in answer.citations)

    async def _live(self, message: IncomingMessage) -> tuple[Share, ...]:
        shares = await self.records.shares(message.team, message.channel)
        return tuple(share for share in shares if share.state == "read")

    async def _adopted(self, running: Running, message: IncomingMessage, view: ThreadView) -> str | None:
        """A reply that a former run posted without living to record it: it is completed, not posted again."""
        if not running.job.attempts or not view.ours:
            return None
        known = await self.records.known_replies(message.team, message.channel, message.root_ts)
        return next((ts for ts in view.ours if ts not in known), None)

    def _begun(self, message: IncomingMessage, question: str, widened: bool):
        async def begun(ts: str) -> None:
            if not await self.records.begin_reply(message, question, ts, widened):
                raise QuestionGone

        return begun

    async def _record(self, message: IncomingMessage, widened: bool, told: Told) -> bool:
        """Keep the turn; False where a file that it rests on was deleted while it was being finished."""
        if told.outcome in {Outcome.ANSWERED, Outcome.PASSAGE, Outcome.REFUSED, Outcome.STOPPED}:
            return await self.records.finish_turn(message, widened, told.text, told.outcome, told.file_ids)
        await self.records.note_ours(message)
        return True


@dataclass(frozen=True, slots=True)
class Said:
    """Something to say instead of an answer; not part of the thread's history."""

    text: str
    outcome: str = "said"


@dataclass(frozen=True, slots=True)
class Told:
    """What the reply now shows."""

    text: str
    outcome: str
    file_ids: tuple[str, ...] = ()


def _brings_files(view: ThreadView, message: IncomingMessage) -> bool:
    """Whether the message itself holds files: then "here is the contract" is no question."""
    return any(ref.message_ts == message.ts for ref in view.files)


def _to_search(
    shares: tuple[Share, ...], message: IncomingMessage, question: str, widened: bool
) -> tuple[tuple[Share, ...], bool]:
    """The files to search, and whether that is less than the conversation: named ones, else the thread's own."""
    if widened:
        return shares, False
    names = set(named_files(question, [share.name for share in shares]))
    chosen = tuple(share for share in shares if share.name in names)
    chosen = chosen or tuple(share for share in shares if share.thread_ts == message.root_ts)
    if message.is_direct and not names:
        return shares, False
    return (chosen, len(chosen) < len(shares)) if chosen else (shares, False)


def _message(payload: dict[str, Any]) -> IncomingMessage:
    message = IncomingMessage(**payload["message"])
    return replace(message, file_ids=tuple(message.file_ids))


async def _events(
    answerer: Answerer, request: Request, cancel: threading.Event, threads: Executor
) -> AsyncIterator[AnswerEvent]:
    """The library's synchronous events, handed over from a thread one by one."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[AnswerEvent | BaseException | None] = asyncio.Queue()

    def pump() -> None:
        try:
            for event in answerer.answer(request, cancel):
                loop.call_soon_threadsafe(queue.put_nowait, event)
            loop.call_soon_threadsafe(queue.put_nowait, None)
        except BaseException as error:  # noqa: BLE001 — it is raised again where the events are read
            loop.call_soon_threadsafe(queue.put_nowait, error)

    working = loop.run_in_executor(threads, pump)
    try:
        while (event := await queue.get()) is not None:
            if isinstance(event, BaseException):
                raise event
            yield event
    finally:
        cancel_on_leaving = not working.done()
        if cancel_on_leaving:
            cancel.set()
        await asyncio.wait([working])
