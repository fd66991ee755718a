"""Files of a message: download, ingest, and one receipt that says what came of each.

A file given to the bot is never ignored: it ends as a share that was read or one that was not,
with the reason, and the person who dropped it is told.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import blocks, receipts, versions
from bot.access import Access
from bot.conversations import NOTICE, Conversations, FileRef
from bot.delivery import NO_ANSWER
from bot.downloads import Downloads
from bot.events import IncomingMessage
from bot.jobs import Running, TryAgain
from bot.people import People
from bot.progress import told
from bot.records import GIVEN, OWED, UNSURE, Claim, Records, Share, scope_of
from bot.texts import Texts, texts_for
from rag.erase import Eraser
from rag.errors import FileError, FileRemoved, UnsupportedFile
from rag.ingest import Ingester, IngestOutcome, IngestResult, Progress

log = logging.getLogger(__name__)

MAX_FILES = 20  # read for one question; the rest is named in the receipt
NOT_FETCHED = "Slack did not hand it out, though I tried several times; upload it again."
READ, NOT_FOR_READING = "white_check_mark", "grey_question"  # reactions
Status = Callable[[str], Awaitable[None]]


class Uploads:
    """Reads files into the store."""

    def __init__(
        self,
        client: AsyncWebClient,
        records: Records,
        people: People,
        access: Access,
        conversations: Conversations,
        downloads: Downloads,
        ingester: Ingester,
        eraser: Eraser,
    ) -> None:
        self._client = client
        self._records = records
        self._people = people
        self._access = access
        self._conversations = conversations
        self._downloads = downloads
        self._ingester = ingester
        self._eraser = eraser

    async def run(self, running: Running) -> None:
        """Do the job of kind "upload": a message with files in a conversation where every file is read.

        Nobody asked, so nobody sees a status, and what is no document (a picture) is marked and not spoken of.
        Raises: TryAgain.
        """
        message = IncomingMessage(**running.job.payload["message"])
        team, channel, user, root = message.team, message.channel, message.user, message.root_ts
        if await self._access.barred(team, channel, ""):
            return
        texts = await self._people.texts(team, channel, user)
        files = [FileRef(file_id, message.ts, root, user) for file_id in message.file_ids]
        new, left_out = await self.read_new(
            team, channel, files, texts, _say_nothing, is_last_attempt=running.is_last_attempt
        )
        other = [share for share in new if share.kind == receipts.OTHER]
        if other and await self._records.claim_receipt(other) is not Claim.NOTHING:
            await self._react(channel, message.ts, NOT_FOR_READING)
            await self._records.mark_receipt(other, GIVEN)
        rest = [share for share in new if share.kind != receipts.OTHER]
        await self.receipt(root, rest, left_out, texts, asked=False)

    async def read_new(
        self, team: str, channel: str, files: Sequence[FileRef], texts: Texts, status: Status, *, is_last_attempt: bool
    ) -> tuple[tuple[Share, ...], int]:
        """Read those of ``files`` that are not known yet: what is to be told of them, and how many were left out.

        Raises: TryAgain — Slack did not answer; what was read until then is kept, and told of the next time.
        """
        shares_now = await self._records.shares(team, channel)
        known = {(share.file_id, share.message_ts) for share in shares_now if share.state != "reading"}
        fresh = [ref for ref in files if (ref.file_id, ref.message_ts) not in known]
        newest = fresh[-MAX_FILES:]
        for number, ref in enumerate(newest, 1):
            try:
                await self._read(team, channel, ref, status, _Naming(texts, number, len(newest)))
            except TryAgain:
                if not is_last_attempt:
                    raise
                await self._give_up(team, channel, ref)
        await self._records.write(lambda db: versions.settle(db, team, channel))
        here = {(ref.file_id, ref.message_ts) for ref in files}
        owed = await self._records.owed(team, channel)
        return tuple(s for s in owed if (s.file_id, s.message_ts) in here), len(fresh) - len(newest)

    async def read_again(self, running: Running) -> None:
        """Do the job of kind "reread": a file that is known was edited. Raises: TryAgain."""
        payload = running.job.payload
        for share in await self._records.shares_of(payload["team"], payload["file_id"]):
            ref = FileRef(share.file_id, share.message_ts, share.thread_ts, share.user)
            kept = versions.KEPT if share.replaced_by == versions.KEPT else None
            await self._read(share.team, share.channel, ref, _say_nothing, _Naming(texts_for("en"), 1, 1), kept)
            await self._records.write(partial(versions.settle, team=share.team, channel=share.channel))

    async def keep_both(self, team: str, channel: str, file_id: str, user: str) -> int:
        """Search what a file replaced beside it, as ``user`` wishes; how many older versions that brings back."""
        count = await self._records.write(lambda db: versions.keep_both(db, team, channel, file_id))
        log.info("file=%s user=%s versions searched beside it: %d", file_id, user, count)
        return count

    async def receipt(
        self, thread_ts: str, shares: Sequence[Share], left_out: int, texts: Texts, *, asked: bool
    ) -> None:
        """One receipt: a reaction on each message where all was read; otherwise, or when asked, words in the thread.

        Raises: TryAgain — the words could not be posted; the receipt stays owed.
        """
        claim = await self._records.claim_receipt(shares)
        if claim is Claim.NOTHING:
            return
        try:
            await self._tell(claim, thread_ts, shares, left_out, texts, asked=asked)
        except TryAgain:
            raise
        except Exception:  # whatever it was: still claimed, the next attempt would take it that somebody else tells
            await self._records.mark_receipt(shares, UNSURE)
            raise
        await self._records.mark_receipt(shares, GIVEN)

    async def _tell(
        self, claim: Claim, thread_ts: str, shares: Sequence[Share], left_out: int, texts: Texts, *, asked: bool
    ) -> None:
        """See `receipt`."""
        earlier = {share.file_id: await versions.replaced_by(self._records, share) for share in shares}
        is_plain = all(share.state == "read" and earlier[share.file_id] is None for share in shares)
        if not left_out and all(share.state != "failed" for share in shares):
            for ts in {share.message_ts for share in shares}:
                await self._react(shares[0].channel, ts, READ)
        if not is_plain or left_out or asked:
            parts = receipts.parts(texts, shares, earlier, left_out)
            words = receipts.text(texts, shares, earlier, left_out)
            await self._say_once(claim, shares, thread_ts, words, parts)

    async def _say_once(
        self, claim: Claim, shares: Sequence[Share], thread_ts: str, text: str, parts: Sequence[blocks.Block]
    ) -> None:
        """Post the words, unless they stand already. Raises: TryAgain — the receipt stays owed."""
        channel, mark = shares[0].channel, f"{NOTICE}-{receipts.mark(shares)}"
        try:
            if claim is Claim.UNSURE and await self._conversations.marked(channel, thread_ts, mark):
                return
            await self._client.chat_postMessage(
                channel=channel,
                thread_ts=thread_ts,
                text=blocks.shorten(text, blocks.SECTION_CHARS),
                blocks=[part | {"block_id": f"{mark}-{number}"} for number, part in enumerate(parts)],
                unfurl_links=False,
                unfurl_media=False,
            )
        except (SlackApiError, TryAgain) as error:
            code = error.response.get("error") if isinstance(error, SlackApiError) else str(error)
            is_unsure = code == NO_ANSWER or claim is Claim.UNSURE
            await self._records.mark_receipt(shares, UNSURE if is_unsure else OWED)
            raise TryAgain(f"receipt: {code}") from error

    async def _give_up(self, team: str, channel: str, ref: FileRef) -> None:
        """A file that Slack does not hand out: it must not keep every later question from being answered."""
        known = {(share.file_id, share.message_ts): share for share in await self._records.shares(team, channel)}
        place = (team, channel, ref.file_id, ref.message_ts, ref.thread_ts, ref.user)
        share = known.get((ref.file_id, ref.message_ts)) or Share(*place, "a file", "", None, "failed", "")
        await self._records.add_share(replace(share, state="failed", note=NOT_FETCHED), since=time.time())

    async def _read(
        self, team: str, channel: str, ref: FileRef, status: Status, naming: _Naming, kept: str | None = None
    ) -> None:
        started = time.time()
        place = (team, channel, ref.file_id, ref.message_ts, ref.thread_ts, ref.user)
        share = Share(*place, "a file", "", None, state="reading", note="", replaced_by=kept)
        try:
            file = await self._downloads.info(ref.file_id)
            share = replace(share, name=file.get("name") or "a file", permalink=file.get("permalink") or "")
            await self._records.add_share(share, since=started)
            result = await self._ingest(scope_of(team, channel), ref.file_id, file, status, naming)
            known = result.document
            note = receipts.note(known)
            share = replace(share, document_id=known.document_id, state="read", note=note, kind=known.kind)
        except FileRemoved:
            await self._unread(share)
            return
        except FileError as error:
            log.info("file=%s not read: %s", ref.file_id, type(error).__name__)  # its detail may quote the file
            kind = receipts.OTHER if isinstance(error, UnsupportedFile) else ""
            share = replace(share, state="failed", note=error.user_message, kind=kind)
        if not await self._records.add_share(share, since=started):
            await self._unread(share)

    async def _unread(self, share: Share) -> None:
        """The file was deleted meanwhile: what was stored of it goes again, and nothing is said of it."""
        await self._records.drop_share(share)
        if any(other.file_id == share.file_id for other in await self._records.shares(share.team, share.channel)):
            return  # it is shared in another message here
        await asyncio.to_thread(self._eraser.erase_source, scope_of(share.team, share.channel), share.file_id)

    async def _ingest(
        self, scope_id: str, file_id: str, file: dict[str, Any], status: Status, naming: _Naming
    ) -> IngestResult:
        name = file.get("name") or "a file"
        with self._downloads.place() as path:
            async with told(status, lambda progress: naming.status(name, progress)) as note:
                await self._downloads.fetch(file, path)
                result = await asyncio.to_thread(self._ingester.ingest, scope_id, file_id, name, path, note)
        if result.outcome is IngestOutcome.REPLACED:
            await asyncio.to_thread(self._eraser.finish)  # what the file said before
        return result

    async def _react(self, channel: str, ts: str, name: str) -> None:
        try:
            await self._client.reactions_add(channel=channel, timestamp=ts, name=name)
        except SlackApiError as error:
            log.info("reaction not added: %s", error.response.get("error"))


async def _say_nothing(_status: str) -> None:
    """Nobody waits for the file."""


@dataclass(frozen=True, slots=True)
class _Naming:
    """How the file being read is named in a status line."""

    texts: Texts
    number: int
    count: int

    def status(self, name: str, progress: Progress | None) -> str:
        """``is reading a.pdf (1 of 3) …``, then ``is reading a.pdf (1/3): page 3 of 12 …``"""
        shown = blocks.status_name(name)
        if progress is None:
            values: dict[str, str | int] = {"name": shown, "number": self.number, "count": self.count}
            return self.texts("status-reading-of" if self.count > 1 else "status-reading", **values)
        which = f"{shown} ({self.number}/{self.count})" if self.count > 1 else shown
        done = max(1, progress.done)
        if progress.unit == "page":
            return self.texts("status-pages", name=which, page=done, pages=progress.total)
        return self.texts(f"status-{progress.unit}s", name=which, done=done, total=progress.total)
