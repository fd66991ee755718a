"""What a person asks for and sees alone: an answer to a command or to "Ask about this", and files read on request.

    may we? → read the files that were pointed at → search, answer → keep → show, with the means to share it

Knows no threads and no follow-ups: nothing of this is public, and nothing counts as a turn until it is shared.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bot import answers, blocks, receipts, versions
from bot.asides import Aside, Asides
from bot.conversations import Conversations, FileRef
from bot.events import IncomingMessage
from bot.history import Told
from bot.jobs import Running
from bot.people import People
from bot.records import GIVEN, Records, Share
from bot.texts import Texts
from bot.uploads import Uploads
from bot.writing import Task, Writer, to_search
from rag.errors import InhouseError, QuestionTooLong
from rag.types import Outcome

log = logging.getLogger(__name__)

SHARED = frozenset({Outcome.ANSWERED, Outcome.PASSAGE, Outcome.STOPPED})  # a refusal is of use to the asker only


@dataclass(frozen=True, slots=True)
class Asks:
    """Everything a private answer needs; built once."""

    records: Records
    people: People
    conversations: Conversations
    uploads: Uploads
    writer: Writer
    asides: Asides
    max_question_chars: int = 4000

    async def run(self, running: Running) -> None:
        """Do a job of kind "ask": one private answer, also if it is tried again. Raises: TryAgain."""
        payload, message = running.job.payload, _message(running)
        texts = await self.people.texts(message.team, message.channel, message.user)
        aside = await self.asides.of_job(running.job.key)
        if aside is None:
            found = await self._found(running, message, texts)
            if isinstance(found, str):
                await self.asides.note(message, "ask", "said")
                await self.asides.tell(message, payload["response_url"], [found])
                return
            if found.outcome not in SHARED:
                await self.asides.note(message, "ask", found.outcome, found.cited)
                await self.asides.tell(message, payload["response_url"], found.parts, found.tail)
                return
            aside = await self.asides.keep(found, message, "ask")
        await self.asides.show(aside, message, payload["response_url"], texts)
        log.info("aside=%d channel=%s outcome=%s", aside.aside_id, aside.channel, aside.outcome)

    async def add(self, running: Running) -> None:
        """Do a job of kind "add": read the files of one message, and say what came of each. Raises: TryAgain."""
        message, refs = _message(running), _refs(running)
        texts = await self.people.texts(message.team, message.channel, message.user)
        said = await self.asides.barred(message, texts)
        if not said:
            shares, left_out = await self._read(running, message, refs, texts)
            earlier = {share.file_id: await versions.replaced_by(self.records, share) for share in shares}
            said = receipts.text(texts, shares, earlier, left_out) if shares else texts("add-gone")
            said = await self.asides.barred(message, texts) or said  # it took its time
        await self.asides.tell(message, running.job.payload["response_url"], said.splitlines())

    async def _found(self, running: Running, message: IncomingMessage, texts: Texts) -> str | Aside:
        """The answer, or a sentence to say instead. Raises: TryAgain."""
        try:
            found = await self._answer(running, message, texts)
        except InhouseError as error:
            log.warning("ask failed: %s", type(error).__name__)
            return blocks.escape(texts.error(error))
        return await self.asides.barred(message, texts) or found  # it took its time

    async def _answer(self, running: Running, message: IncomingMessage, texts: Texts) -> str | Aside:
        question: str = running.job.payload["question"]
        if barred := await self.asides.barred(message, texts):
            return barred
        if len(question) > self.max_question_chars:
            raise QuestionTooLong(texts("question-too-long", chars=len(question), most=self.max_question_chars))
        scope = await self._scope(running, message, texts)
        if isinstance(scope, str):
            return scope
        held = _Held()
        task = Task(message, question, scope[0], texts, narrowed=scope[1])
        told = await self.writer.write(task, held, running.cancel, has_controls=False)
        return _aside(running, message, told, held)

    async def _scope(
        self, running: Running, message: IncomingMessage, texts: Texts
    ) -> tuple[tuple[Share, ...], bool] | str:
        """What to search, and whether that is less than the conversation; or why there is nothing. Raises: TryAgain.

        The files that were pointed at and no others; else the thread's; else the conversation's.
        """
        thread_ts, refs = running.job.payload.get("thread_ts") or "", _refs(running)
        nearby = refs or (await self.conversations.files(message.channel, thread_ts) if thread_ts else ())
        read, left_out = await self._read(running, message, nearby, texts) if nearby else ((), 0)
        if refs:
            pointed = tuple(share for share in read if share.state in {"read", "replaced"})
            told = f"{receipts.text(texts, read, {}, left_out)}\n{texts('nothing-readable')}"
            return (pointed, False) if pointed else told if read else texts("add-gone")
        known = await self.records.shares(message.team, message.channel)
        live = tuple(share for share in known if share.state == "read")
        if not live:
            return answers.no_files(texts, any_failed=bool(read))
        question = running.job.payload["question"]
        return to_search(live, replace(message, thread_ts=thread_ts or None), question, widened=False)

    async def _read(
        self, running: Running, message: IncomingMessage, refs: Sequence[FileRef], texts: Texts
    ) -> tuple[tuple[Share, ...], int]:
        """Read files; what is known of each, and how many were left out. Raises: TryAgain.

        The receipt is private here, except for the sign on their message where all was read.
        """
        new, left_out = await self.uploads.read_new(
            *(message.team, message.channel, refs, texts, _say_nothing), is_last_attempt=running.is_last_attempt
        )
        if left_out or any(share.state == "failed" for share in new):
            await self.records.mark_receipt(new, GIVEN)
        else:
            await self.uploads.receipt(running.job.payload["thread_ts"], new, left_out, texts, asked=False)
        pointed = {(ref.file_id, ref.message_ts) for ref in refs}
        known = await self.records.shares(message.team, message.channel)
        return tuple(share for share in known if (share.file_id, share.message_ts) in pointed), left_out


@dataclass(slots=True)
class _Held:
    """What an answer shows, held back until it is whole: one person sees it, and all at once."""

    parts: list[str] = field(default_factory=list)
    tail: list[blocks.Block] = field(default_factory=list)

    async def status(self, text: str) -> None:
        """A private answer shows no status; its command was acknowledged with words."""

    async def show(self, mrkdwn: str, markdown: str) -> None:
        """Append a part."""
        self.parts.append(mrkdwn)

    async def finish(self, tail: list[blocks.Block]) -> None:
        """Keep what stands below."""
        self.tail = list(tail)

    async def withdraw(self, text: str) -> None:
        """Hold ``text`` in place of everything."""
        self.parts, self.tail = [text], []


def _aside(running: Running, message: IncomingMessage, told: Told, held: _Held) -> Aside:
    thread_ts = running.job.payload.get("thread_ts") or ""
    return Aside(
        *(running.job.key, message.team, message.channel, thread_ts, message.user),
        *(running.job.payload["question"], tuple(held.parts), tuple(held.tail), told.files),
        answer=told.text,
        outcome=told.outcome,
        cited=(*told.cited, *told.passages),
    )


def _message(running: Running) -> IncomingMessage:
    return IncomingMessage(**running.job.payload["message"])


def _refs(running: Running) -> tuple[FileRef, ...]:
    return tuple(FileRef(**ref) for ref in running.job.payload.get("file_refs") or ())


async def _say_nothing(_status: str) -> None:
    """A private answer shows no status."""
