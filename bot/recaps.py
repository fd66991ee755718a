"""Everything that was said in a conversation since a day, thread by thread, each line with a link to its messages.

Reads the conversation as it stands in Slack and keeps nothing of it.
"""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from slack_sdk.web.async_client import AsyncWebClient

from bot import blocks, receipts
from bot.brief import Brief, heading
from bot.conversations import Conversations, Talk
from bot.events import IncomingMessage
from bot.people import People
from bot.spoken import leads, line, permalinks, said
from bot.texts import Texts
from bot.writing import caller_of
from rag.summarize import Summarizer, SummaryLine
from rag.types import Utterance

MOST_TALKS = 6  # threads that are summed up; the busiest
LINES = 3  # of each
TITLE_CHARS = 80
MOST_FILES = 10

Status = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Part:
    """One thread, or all that was said outside threads."""

    root_ts: str  # "" outside threads
    title: str
    heard: list[Utterance]


@dataclass(frozen=True, slots=True)
class Recaps:
    """Everything a recap needs; built once."""

    client: AsyncWebClient
    conversations: Conversations
    people: People
    summarizer: Summarizer
    model_threads: Executor  # the library below is synchronous

    async def brief(
        self, since_s: float, message: IncomingMessage, texts: Texts, status: Status, cancel: threading.Event
    ) -> Brief | str:
        """What was said since, or a sentence to say instead. Raises: TryAgain, InhouseError."""
        talks, is_cut = await self.conversations.since(message.channel, since_s)
        talks = tuple(filter(None, (_without(talk, message) for talk in talks)))
        parts = [part for part in await self._parts(talks, texts) if part.heard]
        if not parts:
            return texts("recap-nothing", moment=moment(texts, since_s))
        kept = _busiest(parts)
        built: list[tuple[str, str]] = []
        numbers = {ref: number for number, ref in enumerate((each.ref for part in kept for each in part.heard), 1)}
        links: dict[str, str] = {}
        told: list[SummaryLine] = []
        for place, part in enumerate(kept, 1):
            await status(texts("status-recap", number=place, count=len(kept)))
            lines = await self._summed_up(part, message, texts, cancel)
            wanted = {ref for each in lines for ref in each.refs} | ({part.root_ts} - {""})
            links |= await permalinks(self.client, message.channel, wanted)
            told += lines
            built += [_linked(part.title, links.get(part.root_ts, ""))]
            built += [line(texts, each, numbers, links) for each in lines]
            if cancel.is_set():
                break
        count = sum(len(part.heard) for part in parts)
        top = heading(texts("recap-heading", count=count, moment=moment(texts, since_s)))
        small = _small_print(texts, talks, left_out=len(parts) - len(kept), is_cut=is_cut, is_stopped=cancel.is_set())
        return Brief((top, *built), (blocks.context(small),), leads(texts, told, numbers, links))

    async def _parts(self, talks: Sequence[Talk], texts: Texts) -> list[_Part]:
        """The threads, and behind them all single messages together."""
        threads = [talk for talk in talks if talk.is_thread]
        lone = [message for talk in talks if not talk.is_thread for message in talk.messages]
        found = [
            _Part(talk.root_ts, await self._title(talk, texts), await said(self.people, talk.messages))
            for talk in threads
        ]
        return [*found, _Part("", texts("recap-loose"), await said(self.people, lone))] if lone else found

    async def _title(self, talk: Talk, texts: Texts) -> str:
        """The first words of what began a thread."""
        (began,) = await said(self.people, [replace(talk.messages[0], text=talk.title)]) or [Utterance("", "", "")]
        return blocks.shorten(" ".join(began.text.split()), TITLE_CHARS) or texts("recap-thread")

    async def _summed_up(
        self, part: _Part, message: IncomingMessage, texts: Texts, cancel: threading.Event
    ) -> tuple[SummaryLine, ...]:
        """Up to `LINES` lines; a single message stands for itself."""
        summarize = functools.partial(
            self.summarizer.summarize,
            part.heard,
            language=texts.language,
            most=LINES,
            cancel=cancel,
            caller=replace(caller_of(message), is_background=True),
        )
        return (await asyncio.get_running_loop().run_in_executor(self.model_threads, summarize)).lines


def moment(texts: Texts, at_s: float) -> str:
    """A day, and its hour where it does not begin at midnight."""
    then = time.localtime(at_s)
    day = receipts.day(texts, str(at_s))
    return day if then[3:5] == (0, 0) else texts("moment", day=day, time=f"{then.tm_hour}:{then.tm_min:02}")


def _without(talk: Talk, asking: IncomingMessage) -> Talk | None:
    """A talk without the message that asks; None where nothing else was said."""
    messages = tuple(each for each in talk.messages if each.ts != asking.ts)
    return replace(talk, messages=messages) if messages else None


def _busiest(parts: Sequence[_Part]) -> list[_Part]:
    busy = sorted(range(len(parts)), key=lambda place: -len(parts[place].heard))[:MOST_TALKS]
    return [parts[place] for place in sorted(busy)]


def _linked(title: str, link: str) -> tuple[str, str]:
    """A title that leads to its thread, as (mrkdwn, Markdown)."""
    shown = blocks.escape(title).replace("*", "").replace("|", "¦")
    streamed = blocks.markdown(title)
    return (f"*<{link}|{shown}>*" if link else f"*{shown}*"), f"**{streamed}**"


def _small_print(texts: Texts, talks: Sequence[Talk], *, left_out: int, is_cut: bool, is_stopped: bool) -> str:
    notes = [texts("recap-checked")]
    files = list(dict.fromkeys(name for talk in talks for message in talk.messages for name in message.files))
    if files:
        shown, more = ", ".join(map(blocks.code, files[:MOST_FILES])), len(files) - MOST_FILES
        names = texts("and-more", names=shown, count=more) if more > 0 else shown
        notes.append(texts("recap-files", names=names))
    if left_out:
        notes.append(texts("recap-left-out", count=left_out))
    if is_cut:
        notes.append(texts("recap-cut"))
    if is_stopped:
        notes.append(texts("stopped"))
    return " ".join(notes)
