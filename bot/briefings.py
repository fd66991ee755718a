"""What is told in place of an answer: a file, a thread or a span of time summed up, or what changed in a file.

    words or a command → which files, which thread? → the room that knows how → a thread's reply, or one person alone

The rule of scope is the answers' own: only files with a live share in the conversation, and its own messages.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot import answers, blocks
from bot.asides import Aside, Asides
from bot.brief import SUMMARY, Brief, joined
from bot.chosen import Pair, distinct, meant, newest_pair, versions_of
from bot.comparisons import Comparisons
from bot.digests import Digests
from bot.events import IncomingMessage
from bot.history import Told
from bot.intents import Intent, Kind, intent_of
from bot.jobs import Running
from bot.people import People
from bot.recaps import Recaps
from bot.records import Records, Share
from bot.summaries import Summaries
from bot.texts import Texts
from bot.writing import Surface
from rag.errors import InhouseError
from rag.types import Answer, Outcome

log = logging.getLogger(__name__)

MOST_FILES = 3  # summed up at once
_LINK = re.compile(
    r"https://[^\s|>]+/archives/(?P<channel>[CDG][A-Z0-9]+)/p(?P<ts>\d{16})(?:\?\S*thread_ts=(?P<root>\d+\.\d{6}))?"
)

Status = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be told. ``said`` instead: a sentence, where it cannot be, or not yet.

    ``is_certain``: what was written means this and is no question that an answer could be had to.
    """

    kind: Kind
    files: tuple[Share, ...] = ()
    pair: Pair | None = None
    root_ts: str = ""
    since_s: float = 0.0
    said: str = ""
    is_certain: bool = True


@dataclass(frozen=True, slots=True)
class Briefings:
    """Everything a briefing needs; built once."""

    records: Records
    people: People
    asides: Asides
    digests: Digests
    comparisons: Comparisons
    summaries: Summaries
    recaps: Recaps

    # --- in a thread -----------------------------------------------------------------------------

    async def wish(self, message: IncomingMessage, question: str, texts: Texts) -> Wish | None:
        """What a question asks to be told in place of an answer; None where it asks for an answer."""
        intent = intent_of(question, datetime.now().astimezone())
        if intent is None:
            return None
        wish = await self._wish(intent, message, texts)
        return wish if intent.is_sure or wish.is_certain else None

    async def tell(
        self, wish: Wish, message: IncomingMessage, texts: Texts, surface: Surface, cancel: threading.Event, length: str
    ) -> Told | str:
        """Show it; what it says, for the history, or a sentence to say instead. Raises: InhouseError, TryAgain."""
        found = await self._brief(wish, message, texts, surface.status, cancel, length)
        if isinstance(found, str):
            return found
        if not await self._are_alive(message, found):
            return texts("files-gone")
        for part in found.parts:
            await surface.show(*part)
        answer = Answer(found.text, Outcome.ANSWERED)
        controls = answers.controls(texts, answer, narrowed=False) if found.outcome == SUMMARY and found.files else []
        leads = [blocks.context(found.leads)] if found.leads else []
        await surface.finish([*leads, *found.tail, *controls])
        return Told(found.text, found.outcome, found.files, found.cited, is_kept=bool(found.text))

    # --- alone -----------------------------------------------------------------------------------

    async def run(self, running: Running) -> None:
        """Do a job of kind "brief": told to whoever gave the command, also if it is tried again. Raises: TryAgain."""
        payload, message = running.job.payload, IncomingMessage(**running.job.payload["message"])
        texts = await self.people.texts(message.team, message.channel, message.user)
        aside = await self.asides.of_job(running.job.key)
        if aside is None:
            found = await self._found(running, message, texts)
            if isinstance(found, str):
                await self.asides.note(message, "brief", "said")
                await self.asides.tell(message, payload["response_url"], [found])
                return
            place = (running.job.key, message.team, message.channel, message.thread_ts or "", message.user)
            shown = tuple(mrkdwn for mrkdwn, _ in found.parts)
            if not found.files and not found.messages:  # it quotes messages of many threads: it is not kept
                await self.asides.note(message, "brief", found.outcome)
                await self.asides.tell(message, payload["response_url"], shown, found.tail)
                return
            rests = (found.files, found.messages, found.cited)
            kept = Aside(*place, "", shown, found.tail, *rests, answer=found.text, outcome=found.outcome)
            aside = await self.asides.keep(kept, message, "brief")
        await self.asides.show(aside, message, payload["response_url"], texts)
        log.info("aside=%d channel=%s outcome=%s", aside.aside_id, aside.channel, aside.outcome)

    async def _found(self, running: Running, message: IncomingMessage, texts: Texts) -> Brief | str:
        """The briefing, or a sentence to say instead. Raises: TryAgain."""
        if barred := await self.asides.barred(message, texts):
            return barred
        intent = Intent(**running.job.payload["intent"] | {"kind": Kind(running.job.payload["intent"]["kind"])})
        try:
            wish = await self._wish(intent, message, texts)
            found = await self._brief(wish, message, texts, _say_nothing, running.cancel, "")
        except InhouseError as error:
            log.warning("briefing failed: %s", type(error).__name__)
            return blocks.escape(texts.error(error))
        if isinstance(found, Brief) and not await self._are_alive(message, found):
            return texts("files-gone")
        return await self.asides.barred(message, texts) or found  # it took its time

    # --- what is meant ---------------------------------------------------------------------------

    async def _wish(self, intent: Intent, message: IncomingMessage, texts: Texts) -> Wish:
        if intent.kind is Kind.SINCE:
            return Wish(Kind.SINCE, since_s=intent.since_s)
        if link := _LINK.search(intent.subject):
            return _linked(link, message, texts)
        if intent.kind is Kind.THREAD:
            return Wish(
                Kind.THREAD, root_ts=message.thread_ts or "", said="" if message.thread_ts else texts("brief-no-thread")
            )
        shares = await self.records.shares(message.team, message.channel)
        known = tuple(
            share for share in shares if share.state in {"read", "replaced"} and share.document_id is not None
        )
        if intent.kind is Kind.CHANGES:
            return _changes(intent, message, texts, known)
        return _files(intent, message, texts, shares)

    async def _brief(
        self, wish: Wish, message: IncomingMessage, texts: Texts, status: Status, cancel: threading.Event, length: str
    ) -> Brief | str:
        """Raises: TryAgain, InhouseError."""
        if wish.said:
            return wish.said
        if wish.kind is Kind.SINCE:
            return await self.recaps.brief(wish.since_s, message, texts, status, cancel)
        if wish.pair is not None:
            return await self.comparisons.brief(wish.pair, texts)
        if wish.root_ts:
            return await self.summaries.brief(replace(message, thread_ts=wish.root_ts), wish.root_ts, texts, cancel)
        found = []
        for share in wish.files:
            brief = await self.digests.brief(share, message, texts, status, cancel, length)
            if isinstance(brief, str) and len(wish.files) == 1:
                return brief
            found.append(Brief(((brief, brief),)) if isinstance(brief, str) else brief)
        return joined(found)

    async def _are_alive(self, message: IncomingMessage, brief: Brief) -> bool:
        """Whether every file is still shared here: one may have been deleted while it was read."""
        live = {share.file_id for share in await self.records.shares(message.team, message.channel)}
        return live.issuperset(brief.files)


def _linked(link: re.Match[str], message: IncomingMessage, texts: Texts) -> Wish:
    """The thread that a link leads to, if it is one of this conversation's."""
    if link["channel"] != message.channel:
        return Wish(Kind.THREAD, said=texts("brief-link-elsewhere"))
    return Wish(Kind.THREAD, root_ts=link["root"] or f"{link['ts'][:10]}.{link['ts'][10:]}")


def _changes(intent: Intent, message: IncomingMessage, texts: Texts, known: Sequence[Share]) -> Wish:
    if intent.file_id:
        pair = newest_pair([share for share in known if share.file_id == intent.file_id], known)
    else:
        pair = versions_of(intent.subject, known, message.root_ts, is_sure=intent.is_sure)
    if pair is not None:
        return Wish(Kind.CHANGES, pair=pair)
    one = meant(intent.subject, known) if intent.subject else distinct(known)
    if not one:
        return Wish(Kind.CHANGES, said=_unknown(intent, texts, known), is_certain=False)
    said = texts("changes-one", name=blocks.code(one[0].name)) if len(one) == 1 else texts("changes-none")
    return Wish(Kind.CHANGES, said=said, is_certain=False)


def _files(intent: Intent, message: IncomingMessage, texts: Texts, shares: Sequence[Share]) -> Wish:
    """The files that are named; else the thread's own, else the thread itself, else the conversation's."""
    live = [share for share in shares if share.state == "read" and share.document_id is not None]
    own = [share for share in live if share.thread_ts == message.root_ts]
    if intent.file_id:
        found = distinct(share for share in shares if share.file_id == intent.file_id and share.document_id is not None)
    elif intent.subject:
        older = [share for share in shares if share.state == "replaced" and share.document_id is not None]
        found = meant(intent.subject, own) or meant(intent.subject, live) or meant(intent.subject, older)
        if not found:
            return Wish(Kind.FILE, said=_not_there(intent, texts, shares, live), is_certain=False)
    elif not own and message.thread_ts:
        return Wish(Kind.THREAD, root_ts=message.thread_ts)
    else:
        found = distinct(own or live)
    if not found:
        return Wish(Kind.FILE, said=texts("no-files"), is_certain=False)
    if len(found) > MOST_FILES:
        return Wish(Kind.FILE, said=texts("brief-which", names=answers.names(texts, found)))
    return Wish(Kind.FILE, files=found)


def _not_there(intent: Intent, texts: Texts, shares: Sequence[Share], live: Sequence[Share]) -> str:
    """Why a file that was named is not summed up."""
    unread = meant(intent.subject, [share for share in shares if share.state in {"reading", "failed"}])
    if unread:
        return texts(
            "brief-still-reading" if unread[0].state == "reading" else "brief-unread", name=blocks.code(unread[0].name)
        )
    return _unknown(intent, texts, live)


def _unknown(intent: Intent, texts: Texts, known: Sequence[Share]) -> str:
    if not known:
        return texts("no-files")
    wanted = blocks.code(blocks.shorten(intent.subject, 60))
    return texts("brief-unknown", words=wanted, names=answers.names(texts, distinct(known)))


async def _say_nothing(_status: str) -> None:
    """Nothing is shown to one person before it is whole."""
