"""A thread in a few lines, each with a link to the messages that carry it; shown to whoever wanted it.

Reads the thread as it stands in Slack and keeps nothing of it but what is shown. How a summary is made, and
what of it is proved, is the library's concern.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import re
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import blocks
from bot.asides import Aside, Asides, mark
from bot.conversations import MAX_MESSAGES, Conversations, ThreadMessage
from bot.events import IncomingMessage, plain
from bot.jobs import Running
from bot.people import People
from bot.texts import Texts
from bot.writing import caller_of
from rag.errors import InhouseError
from rag.summarize import Summarizer, Summary, SummaryLine
from rag.types import Utterance

log = logging.getLogger(__name__)

OUTCOME = "summary"
FEWEST = 2  # messages worth a summary
MOST_NAMED = 200  # people whose names are looked up for one summary
MOST_FILES = 10
MOST_LINKS = 4  # of one line

_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|([^>]*))?>")
_TO_ALL = re.compile(r"<!(channel|here|everyone)[^>]*>")


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
                await self.asides.tell(message, payload["response_url"], [found])
                return
            aside = await self.asides.keep(found)
        await self.asides.show(aside, message, payload["response_url"], texts)
        log.info("aside=%d channel=%s summary", aside.aside_id, aside.channel)

    async def _found(self, running: Running, message: IncomingMessage, texts: Texts) -> str | Aside:
        """The summary, or a sentence to say instead. Raises: TryAgain."""
        try:
            return await self._summary(running, message, texts)
        except InhouseError as error:
            log.warning("summary failed: %s", type(error).__name__)
            return blocks.escape(texts.error(error))

    async def _summary(self, running: Running, message: IncomingMessage, texts: Texts) -> str | Aside:
        root_ts = running.job.payload["thread_ts"]
        if barred := await self.asides.barred(message, texts):
            return barred
        thread, is_cut = await self.conversations.messages(message.channel, root_ts)
        if not thread:
            return texts("summary-gone")
        said = await self._said(thread)
        names = list(dict.fromkeys(name for each in thread for name in each.files))
        if not any(each.user for each in thread if each.ts in {one.ref for one in said}):
            return texts("summary-no-words")
        if len(said) < FEWEST:
            return texts("summary-one")
        # Somebody asked for it, but whoever waits for an answer waits in the thread, and everybody sees it.
        caller = replace(caller_of(message), is_background=True)
        summarize = functools.partial(
            self.summarizer.summarize, said, language=texts.language, cancel=running.cancel, caller=caller
        )
        summary = await asyncio.get_running_loop().run_in_executor(self.model_threads, summarize)
        if not summary.lines:
            return texts("summary-nothing")
        quoted = {ref for line in summary.lines for ref in line.refs}
        links = await self._links(message.channel, quoted)
        parts = _parts(texts, summary, said, links)
        return Aside(
            *(running.job.key, message.team, message.channel, root_ts, message.user, "", parts),
            (blocks.context(_small_print(texts, summary, names, is_cut=is_cut)),),
            messages=tuple(mark(each) for each in thread if each.ts in quoted),
            outcome=OUTCOME,
        )

    async def _said(self, thread: Sequence[ThreadMessage]) -> list[Utterance]:
        """What was said in words, with the names of people in place of their ids."""
        users = [each.user for each in thread if each.user]
        users += [user for each in thread for user, _ in _MENTION.findall(each.text)]
        known = [await self.people.get(user) for user in list(dict.fromkeys(users))[:MOST_NAMED]]
        names = {person.user: person.name for person in known if person.name}
        said = ((each, _spoken(each.text, names)) for each in thread)
        return [
            Utterance(each.ts, each.author or names.get(each.user, each.user), text)
            for each, text in said
            if re.search(r"[^\W_]", re.sub(r":[\w+-]+:|https?://\S+", "", text))
        ]

    async def _links(self, channel: str, places: set[str]) -> dict[str, str]:
        """ts → permalink, of as many as Slack gives one for."""
        links: dict[str, str] = {}
        for ts in sorted(places):
            try:
                links[ts] = (await self.client.chat_getPermalink(channel=channel, message_ts=ts))["permalink"]
            except SlackApiError as error:
                log.info("no permalink: %s", error.response.get("error"))
        return links


def _spoken(text: str, names: dict[str, str]) -> str:
    """A message's text as a person reads it."""
    text = _MENTION.sub(lambda found: "@" + (names.get(found[1]) or found[2] or "…"), text)
    return plain(_TO_ALL.sub(r"@\1", text))


def _parts(texts: Texts, summary: Summary, said: Sequence[Utterance], links: dict[str, str]) -> tuple[str, ...]:
    """A heading and one part for each line; a message's number is its place among those that were read."""
    numbers = {each.ref: number for number, each in enumerate(said, 1)}
    heading = texts("summary-heading", count=len(said))
    return (f"*{heading}*", *(_line(texts, line, numbers, links) for line in summary.lines))


def _line(texts: Texts, line: SummaryLine, numbers: dict[str, int], links: dict[str, str]) -> str:
    words = blocks.escape(" ".join(line.text.split()))
    if line.is_quote:
        words = texts("summary-quote", author=f"*{_author(line.author)}*", text=words)
    refs = sorted({numbers[ref]: ref for ref in line.refs if ref in numbers}.items())[:MOST_LINKS]
    marks = ", ".join(f"<{links[ref]}|{number}>" if ref in links else str(number) for number, ref in refs)
    return f"• {words} ({marks})" if marks else f"• {words}"


def _author(name: str) -> str:
    return blocks.label(re.sub(r"[*_~`]", "", name)) or "…"


def _small_print(texts: Texts, summary: Summary, files: Sequence[str], *, is_cut: bool) -> str:
    notes = [texts("summary-extract" if summary.is_extract else "summary-checked")]
    if is_cut:
        notes.append(texts("summary-cut", count=MAX_MESSAGES))
    if summary.left_out:
        notes.append(texts("summary-left-out", count=summary.left_out))
    if files:
        shown = ", ".join(map(blocks.code, files[:MOST_FILES]))
        more = len(files) - MOST_FILES
        notes.append(texts("summary-files", names=texts("and-more", names=shown, count=more) if more > 0 else shown))
    return " ".join(notes)
