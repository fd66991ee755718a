"""Writes one answer: search, stream sentences as they hold, sources below. Who asked, and where, is others' concern."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import Protocol

from bot import answers, blocks
from bot.events import IncomingMessage
from bot.history import Manner, Told
from bot.records import Records, Share, scope_of
from bot.texts import Texts
from rag.answering import Answerer, AnswerEvent, PassageReady, Request, Searched, SentenceReady
from rag.naming import named_files
from rag.prompts import NOT_FOUND
from rag.types import Answer, Caller, Outcome, Turn


class Surface(Protocol):
    """Where an answer is shown: a reply in a thread, or one that only the asker sees."""

    async def status(self, text: str) -> None:
        """Say what is being done."""

    async def show(self, mrkdwn: str, markdown: str) -> None:
        """Append a part."""

    async def finish(self, tail: list[blocks.Block]) -> None:
        """Show the rest, and ``tail`` below it."""

    async def withdraw(self, text: str) -> None:
        """Show ``text`` in place of everything."""


@dataclass(frozen=True, slots=True)
class Task:
    """One question, and everything that its answer depends on."""

    message: IncomingMessage
    question: str
    shares: tuple[Share, ...]  # to search
    texts: Texts
    history: tuple[Turn, ...] = ()
    narrowed: bool = False  # the conversation holds more files than these
    manner: Manner = field(default_factory=Manner)
    avoid: tuple[int, ...] = ()  # chunks that an earlier answer rested on
    has_unread: bool = False  # files that came with the question could not be read


class Writer:
    """Answers tasks. The library below is synchronous and runs in threads of its own."""

    def __init__(self, answerer: Answerer, records: Records, model_threads: Executor) -> None:
        self._answerer = answerer
        self._records = records
        self._threads = model_threads  # its own: reading records must never wait for the model

    async def write(self, task: Task, surface: Surface, cancel: threading.Event, *, has_controls: bool) -> Told:
        """Show the answer; what it says, for the history. Raises: InhouseError, TryAgain."""
        documents = frozenset(share.document_id for share in task.shares if share.document_id is not None)
        scope_id = scope_of(task.message.team, task.message.channel)
        request = Request(
            *(scope_id, task.question, task.history, documents, task.manner.length, frozenset(task.avoid)),
            caller=caller_of(task.message),
            may_ask=not (task.manner.tries or task.manner.length),
        )
        answer, hits = Answer("", Outcome.REFUSED), 0
        async for event in _events(self._answerer, request, cancel, self._threads):
            hits = event.hits if isinstance(event, Searched) else hits
            if isinstance(event, Answer):
                answer = replace(event, timing=event.timing | {"hits": hits})
            else:
                await _show(event, surface, task.texts)
        if not await self._still_alive(task.message, answer):
            await surface.withdraw(task.texts("files-gone"))
            return Told("", "withdrawn")
        return await self._finish(task, answer, surface, has_controls)

    async def _finish(self, task: Task, answer: Answer, surface: Surface, has_controls: bool) -> Told:
        texts, is_anew = task.texts, bool(task.manner.tries or task.manner.length or task.manner.widened)
        if text := _instead(task, answer):
            await surface.show(text, text)
        links = {share.file_id: share.permalink for share in task.shares}
        llm, narrowed = self._answerer.llm, task.narrowed
        tail = answers.tail(texts, answer, task.shares, links, llm, narrowed=narrowed, is_anew=is_anew)
        await surface.finish([*tail, *(answers.controls(texts, answer, narrowed=narrowed) if has_controls else ())])
        files = tuple(dict.fromkeys(citation.source_ref for citation in answer.citations))
        cited = tuple(dict.fromkeys(citation.chunk_id for citation in answer.citations))
        return Told(
            _kept(task, answer), answer.outcome, files, cited, answer.passages, is_kept=True, timing=answer.timing
        )

    async def preload(self, message: IncomingMessage, shares: Iterable[Share]) -> None:
        """Short files are read by the model before the first question about them comes."""
        documents = frozenset(share.document_id for share in shares if share.document_id is not None)
        scope_id = scope_of(message.team, message.channel)
        await asyncio.to_thread(self._answerer.preload, scope_id, documents)

    async def forget(self, message: IncomingMessage) -> None:
        """The model is to remember nothing of what it read for a message's conversation."""
        await asyncio.to_thread(self._answerer.forget, scope_of(message.team, message.channel))

    async def _still_alive(self, message: IncomingMessage, answer: Answer) -> bool:
        """Whether every cited file is still shared here: one may have been deleted while the model wrote."""
        live = {share.file_id for share in await self._records.shares(message.team, message.channel)}
        return all(citation.source_ref in live for citation in answer.citations)


def caller_of(message: IncomingMessage) -> Caller:
    """Who is waiting for what a message asks."""
    scope_id = scope_of(message.team, message.channel)
    return Caller(scope_id, message.user, f"{message.channel}:{message.root_ts}")


def to_search(
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


def _instead(task: Task, answer: Answer) -> str:
    """What is said where there is no answer: a refusal or a question back; else nothing."""
    if answer.outcome is Outcome.ASKED:
        return answers.question_back(task.texts, answer.choices)
    return _refusal(task, answer) if answer.refused else ""


def _kept(task: Task, answer: Answer) -> str:
    """What the history keeps: of a question back its words, so that "the second one" is understood."""
    if answer.outcome is Outcome.ASKED:
        return answers.plain_question_back(task.texts, answer.choices)
    return answer.text or NOT_FOUND


def _refusal(task: Task, answer: Answer) -> str:
    if task.has_unread:
        return task.texts("refusal-unread", names=answers.names(task.texts, task.shares))
    # Of a question in another language nearly every word is absent, and says nothing.
    missing, nearest = () if answer.is_foreign else answer.absent, next(iter(answer.citations), None)
    return answers.refusal(task.texts, task.shares, missing, nearest)


async def _show(event: Searched | PassageReady | SentenceReady, surface: Surface, texts: Texts) -> None:
    if isinstance(event, Searched):
        await surface.status(texts("status-writing" if event.hits else "status-looking"))
    elif isinstance(event, PassageReady):
        await surface.show(*answers.passage(event.citation))
    else:
        await surface.show(*answers.sentence(event.text, event.citations))


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
        if not working.done():
            cancel.set()
        await asyncio.wait([working])
