"""A thread in a few lines, each with a link to the messages that carry it.

Reads the thread as it stands in Slack and keeps nothing of it but what is shown. How a summary is made, and
what of it is proved, is the library's concern.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from slack_sdk.web.async_client import AsyncWebClient

from bot import blocks
from bot.asides import Aside, Asides, mark
from bot.brief import SUMMARY, Brief, heading
from bot.conversations import MAX_MESSAGES, Conversations
from bot.events import IncomingMessage
from bot.jobs import Running
from bot.people import People
from bot.spoken import leads, line, permalinks, said
from bot.texts import Texts
from bot.writing import caller_of
from rag.errors import InhouseError
from rag.summarize import Summarizer, Summary
from rag.types import Utterance

log = logging.getLogger(__name__)

FEWEST = 2  # messages worth a summary
MOST_FILES = 10


@dataclass(frozen=True, slots=True)
class Summaries:
    """Everything a summary needs; built once."""

    client: AsyncWebClient
    conversations: Conversations
    people: People
    asides: Asides
    summarizer: Summarizer
    model_threads: Executor  # the library below is synchronous

    async def run(self, running: Running) -> None:
        """Do a job of kind "summarise": one private summary, also if it is tried again. Raises: TryAgain."""
        payload, message = running.job.payload, IncomingMessage(**running.job.payload["message"])
        texts = await self.people.texts(message.team, message.channel, message.user)
        aside = await self.asides.of_job(running.job.key)
        if aside is None:
            found = await self._found(running, message, texts)
            if isinstance(found, str):
                await self.asides.note(message, "summarise", "said")
                await self.asides.tell(message, payload["response_url"], [found])
                return
            aside = await self.asides.keep(found, message, "summarise")
        await self.asides.show(aside, message, payload["response_url"], texts)
        log.info("aside=%d channel=%s summary", aside.aside_id, aside.channel)

    async def brief(self, message: IncomingMessage, root_ts: str, texts: Texts, cancel: threading.Event) -> Brief | str:
        """The thread's summary, or a sentence to say instead. Raises: TryAgain, InhouseError."""
        thread, is_cut = await self.conversations.messages(message.channel, root_ts)
        thread = tuple(each for each in thread if each.ts != message.ts)  # what asks for the summary is no part of it
        if not thread:
            return texts("summary-gone")
        heard = await said(self.people, thread)
        names = list(dict.fromkeys(name for each in thread for name in each.files))
        if not any(each.user for each in thread if each.ts in {one.ref for one in heard}):
            return texts("summary-no-words")
        if len(heard) < FEWEST:
            return texts("summary-one")
        # Somebody asked for it, but whoever waits for an answer waits in the thread, and everybody sees it.
        caller = replace(caller_of(message), is_background=True)
        summarize = functools.partial(
            self.summarizer.summarize, heard, language=texts.language, cancel=cancel, caller=caller
        )
        summary = await asyncio.get_running_loop().run_in_executor(self.model_threads, summarize)
        if not summary.lines:
            return texts("summary-nothing")
        quoted = {ref for each in summary.lines for ref in each.refs}
        links = await permalinks(self.client, message.channel, quoted)
        small = small_print(texts, summary, names, is_cut=is_cut, is_stopped=cancel.is_set())
        marks = tuple(mark(each) for each in thread if each.ts in quoted)
        numbers = {each.ref: number for number, each in enumerate(heard, 1)}
        shown = parts(texts, summary, heard, links)
        return Brief(shown, (blocks.context(small),), leads(texts, summary.lines, numbers, links), messages=marks)

    async def _found(self, running: Running, message: IncomingMessage, texts: Texts) -> str | Aside:
        """The summary, or a sentence to say instead. Raises: TryAgain."""
        root_ts = running.job.payload["thread_ts"]
        try:
            if barred := await self.asides.barred(message, texts):
                return barred
            found = await self.brief(message, root_ts, texts, running.cancel)
        except InhouseError as error:
            log.warning("summary failed: %s", type(error).__name__)
            return blocks.escape(texts.error(error))
        if isinstance(found, str):
            return found
        shown = tuple(mrkdwn for mrkdwn, _ in found.parts)
        place = (running.job.key, message.team, message.channel, root_ts, message.user)
        return Aside(*place, "", shown, found.tail, messages=found.messages, outcome=SUMMARY)


def parts(
    texts: Texts, summary: Summary, heard: Sequence[Utterance], links: dict[str, str]
) -> tuple[tuple[str, str], ...]:
    """A heading and one part for each line; a message's number is its place among those that were read."""
    numbers = {each.ref: number for number, each in enumerate(heard, 1)}
    top = heading(texts("summary-heading", count=len(heard)))
    return (top, *(line(texts, each, numbers, links) for each in summary.lines))


def small_print(texts: Texts, summary: Summary, files: Sequence[str], *, is_cut: bool, is_stopped: bool = False) -> str:
    """What is said of how the summary came about."""
    notes = [texts("summary-extract" if summary.is_extract else "summary-checked")]
    if is_cut:
        notes.append(texts("summary-cut", count=MAX_MESSAGES))
    if summary.left_out:
        notes.append(texts("summary-left-out", count=summary.left_out))
    if files:
        notes.append(texts("summary-files", names=listed(texts, files)))
    if is_stopped:
        notes.append(texts("stopped"))
    return " ".join(notes)


def listed(texts: Texts, files: Sequence[str]) -> str:
    """Names of files, the first few and how many more."""
    shown, more = ", ".join(map(blocks.code, files[:MOST_FILES])), len(files) - MOST_FILES
    return texts("and-more", names=shown, count=more) if more > 0 else shown
