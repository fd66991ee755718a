"""Files of a message: download, ingest, and one receipt that says what came of each.

A file given to the bot is never ignored: it ends as a share that was read or one that was not,
with the reason, and the person who dropped it is told.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import blocks
from bot.conversations import NOTICE, FileRef
from bot.downloads import Downloads
from bot.jobs import Running, TryAgain
from bot.records import Records, Share, scope_of
from rag.erase import Eraser
from rag.errors import FileError, FileRemoved
from rag.ingest import Ingester, IngestOutcome, IngestResult

log = logging.getLogger(__name__)

MAX_FILES = 20  # read for one question; the rest is named in the receipt
NOT_FETCHED = "Slack did not hand it out, though I tried several times; upload it again."
Status = Callable[[str], Awaitable[None]]


class Uploads:
    """Reads files into the store."""

    def __init__(
        self, client: AsyncWebClient, records: Records, downloads: Downloads, ingester: Ingester, eraser: Eraser
    ) -> None:
        self._client = client
        self._records = records
        self._downloads = downloads
        self._ingester = ingester
        self._eraser = eraser

    async def read_new(
        self, team: str, channel: str, files: Sequence[FileRef], status: Status, *, is_last_attempt: bool
    ) -> tuple[tuple[Share, ...], int]:
        """Read those of ``files`` that are not known yet: what is to be told of them, and how many were left out.

        Raises: TryAgain — Slack did not answer; what was read until then is kept, and told of the next time.
        """
        shares_now = await self._records.shares(team, channel)
        known = {(share.file_id, share.message_ts) for share in shares_now if share.state != "reading"}
        fresh = [ref for ref in files if (ref.file_id, ref.message_ts) not in known]
        newest = fresh[-MAX_FILES:]
        for number, ref in enumerate(newest, 1):
            of = f" ({number} of {len(newest)})" if len(newest) > 1 else ""
            try:
                await self._read(team, channel, ref, status, of)
            except TryAgain:
                if not is_last_attempt:
                    raise
                await self._give_up(team, channel, ref)
        here = {(ref.file_id, ref.message_ts) for ref in files}
        owed = await self._records.owed(team, channel)
        return tuple(s for s in owed if (s.file_id, s.message_ts) in here), len(fresh) - len(newest)

    async def read_again(self, running: Running) -> None:
        """Do the job of kind "reread": a file that is known was edited. Raises: TryAgain."""
        payload = running.job.payload
        for share in await self._records.shares_of(payload["team"], payload["file_id"]):
            ref = FileRef(share.file_id, share.message_ts, share.thread_ts, share.user)
            await self._read(share.team, share.channel, ref, _say_nothing, "")

    async def receipt(self, thread_ts: str, shares: Sequence[Share], left_out: int, *, asked: bool) -> None:
        """One receipt: a reaction on each message where all was read; otherwise, or when asked, words in the thread.

        Raises: TryAgain — the words could not be posted; the receipt stays owed.
        """
        if not shares or not await self._records.mark_receipt(shares, given=True):
            return
        failed = any(share.state == "failed" for share in shares)
        if not failed and not left_out:
            for ts in {share.message_ts for share in shares}:
                await self._react(shares[0].channel, ts)
        if failed or left_out or asked:
            try:
                await self._say(shares[0].channel, thread_ts, receipt_text(shares, left_out))
            except SlackApiError as error:
                await self._records.mark_receipt(shares, given=False)
                raise TryAgain(f"receipt: {error.response.get('error')}") from error

    async def _say(self, channel: str, thread_ts: str, text: str) -> None:
        await self._client.chat_postMessage(
            channel=channel,
            thread_ts=thread_ts,
            text=blocks.shorten(text, blocks.SECTION_CHARS),
            blocks=[part | {"block_id": f"{NOTICE}-{n}"} for n, part in enumerate(blocks.sections(text.splitlines()))],
            unfurl_links=False,
            unfurl_media=False,
        )

    async def _give_up(self, team: str, channel: str, ref: FileRef) -> None:
        """A file that Slack does not hand out: it must not keep every later question from being answered."""
        known = {(share.file_id, share.message_ts): share for share in await self._records.shares(team, channel)}
        place = (team, channel, ref.file_id, ref.message_ts, ref.thread_ts, ref.user)
        share = known.get((ref.file_id, ref.message_ts)) or Share(*place, "a file", "", None, "failed", "")
        await self._records.add_share(replace(share, state="failed", note=NOT_FETCHED), since=time.time())

    async def _read(self, team: str, channel: str, ref: FileRef, status: Status, of: str) -> None:
        started = time.time()
        place = (team, channel, ref.file_id, ref.message_ts, ref.thread_ts, ref.user)
        share = Share(*place, name="a file", permalink="", document_id=None, state="reading", note="")
        try:
            file = await self._downloads.info(ref.file_id)
            share = replace(share, name=file.get("name") or "a file", permalink=file.get("permalink") or "")
            await self._records.add_share(share, since=started)
            await status(f"is reading {blocks.status_name(share.name)}{of} …")
            result = await self._ingest(scope_of(team, channel), ref.file_id, file)
            share = replace(share, document_id=result.document.document_id, state="read", note=_note(result))
        except FileRemoved:
            await self._unread(share)
            return
        except FileError as error:
            log.info("file=%s not read: %s %s", ref.file_id, type(error).__name__, error.detail)
            share = replace(share, state="failed", note=error.user_message)
        if not await self._records.add_share(share, since=started):
            await self._unread(share)

    async def _unread(self, share: Share) -> None:
        """The file was deleted meanwhile: what was stored of it goes again, and nothing is said of it."""
        await self._records.drop_share(share)
        if any(other.file_id == share.file_id for other in await self._records.shares(share.team, share.channel)):
            return  # it is shared in another message here
        await asyncio.to_thread(self._eraser.erase_source, scope_of(share.team, share.channel), share.file_id)

    async def _ingest(self, scope_id: str, file_id: str, file: dict[str, Any]) -> IngestResult:
        with self._downloads.place() as path:
            await self._downloads.fetch(file, path)
            name = file.get("name") or "a file"
            result = await asyncio.to_thread(self._ingester.ingest, scope_id, file_id, name, path)
        if result.outcome is IngestOutcome.REPLACED:
            await asyncio.to_thread(self._eraser.finish)  # what the file said before
        return result

    async def _react(self, channel: str, ts: str) -> None:
        try:
            await self._client.reactions_add(channel=channel, timestamp=ts, name="white_check_mark")
        except SlackApiError as error:
            log.info("reaction not added: %s", error.response.get("error"))


async def _say_nothing(_status: str) -> None:
    """Nobody waits for a file that is read again."""


def receipt_text(shares: Sequence[Share], left_out: int) -> str:
    """What came of each file, one line each."""
    lines = [_line(share) for share in shares]
    if left_out:
        lines.append(f"{left_out} older files here were left out for now; mention me beside them to have them read.")
    elif all(share.state == "read" for share in shares):
        lines.append("Ask me anything about " + ("it." if len(shares) == 1 else "them."))
    return "\n".join(lines)


def _line(share: Share) -> str:
    name = blocks.code(share.name)
    if share.state == "failed":
        return f":warning: I could not read {name}. {blocks.escape(share.note)}"
    return f":white_check_mark: I read {name}{f' ({blocks.escape(share.note)})' if share.note else ''}."


def _note(result: IngestResult) -> str:
    document = result.document
    unit = {"pdf": "page", "pptx": "slide", "xlsx": "sheet"}.get(document.kind, "")
    count = document.page_count
    parts = [f"{count} {unit}{'s' if count != 1 else ''}"] if count and unit else []
    return "; ".join([*parts, *(note.rstrip(".") for note in document.notes)])
