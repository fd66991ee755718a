"""What Slack took away, taken away here: the store is swept until it holds what is still shared, no more.

The rows that make a file answerable are gone already, in the transaction that recorded the event (see
`bot.forgetting`); this removes text, vectors and bytes, and what of it stands in our own messages.
Sweeping, rather than following the event, also clears what a crash left behind.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from functools import partial
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import audit, blocks
from bot.audit import Deed
from bot.channels import Channels
from bot.conversations import NOTICE
from bot.forgetting import Taken, forget_conversation, forget_file, forget_person, forget_who, receipt
from bot.jobs import Running, TryAgain
from bot.ledger import Ledger
from bot.records import Records, Tables, rows, scope_of
from bot.texts import Texts, texts_for
from rag.erase import Eraser
from rag.store import Store

log = logging.getLogger(__name__)

# What a change may be answered with where there is nothing, or no way, to change.
_GONE = frozenset(
    """message_not_found channel_not_found thread_not_found is_archived not_in_channel cant_delete_message
    account_inactive token_revoked invalid_auth""".split()
)
_FIXED = frozenset({"cant_update_message", "edit_window_closed"})  # what cannot be changed may still be deleted


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was forgotten, in numbers. ``is_verified``: a search for the text finds nothing any more."""

    files: int = 0
    chunks: int = 0
    turns: int = 0
    is_verified: bool = True


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep of a conversation removed."""

    chunks: int = 0
    is_verified: bool = True


class Erasures:
    """Does the jobs of kind "erase", and what people ask us to forget."""

    def __init__(
        self,
        client: AsyncWebClient,
        records: Records,
        store: Store,
        eraser: Eraser,
        channels: Channels,
        ledger: Ledger | None = None,
    ) -> None:
        """``ledger``: the copy, beside the database, of what was erased; None keeps none."""
        self._client = client
        self._records = records
        self._store = store
        self._eraser = eraser
        self._channels = channels
        self._ledger = ledger

    async def run(self, running: Running) -> None:
        """Sweep the conversations that a removal touched, then put our own messages right. Raises: TryAgain."""
        payload = running.job.payload
        is_verified = await self._sweep_all(payload)
        for channel in {channel for channel, _ in payload["replies"]}.difference(payload["channels"]):
            await asyncio.to_thread(self._eraser.forget, scope_of(payload["team"], channel))
        for channel, ts in payload["replies"]:
            await self._delete(channel, ts)
        for channel, replies in payload["taken_back"]:
            await self._take_back(payload["team"], channel, replies)
        for channel, thread_ts, message_ts in payload["given"]:
            await self._tell(payload, channel, thread_ts, message_ts)
        if not is_verified:
            raise TryAgain("what was erased is still found")

    async def forget(self, team: str, channel: str, user: str | None) -> Forgotten:
        """Forget a conversation, or (with ``user``) what one person gave and asked in it."""
        if user:
            taken = await self._records.write(lambda db: forget_person(db, team, channel, user))
        else:
            taken = await self._records.write(lambda db: forget_conversation(db, team, channel))
        return await self.finish(taken, "asked")

    async def forget_file(self, team: str, channel: str, file_id: str, user: str | None = None) -> Forgotten:
        """Forget a file in a conversation, or (with ``user``) what that person shared of it.

        Answers that rest on it stay in Slack, as the file itself does.
        """
        taken = await self._records.write(lambda db: forget_file(db, team, channel, file_id, user))
        return await self.finish(taken, "asked")

    async def finish(self, taken: Taken, cause: str) -> Forgotten:
        """Sweep the conversation whose rows were taken away, and note it."""
        number = await self._records.write(lambda db: receipt(db, taken, cause))
        swept = await self.sweep(*taken.place)
        if number is not None:
            await self._records.write(lambda db: _count(db, number, swept))
        return Forgotten(len(taken.files), swept.chunks, taken.turns, swept.is_verified)

    async def forget_who(self, team: str, channel: str, user: str) -> None:
        """Destroy what tells whose rows of the audit a person's are, once it is noted that they wished it.

        ``channel``: where they did.
        """

        def work(db: Tables) -> None:
            audit.note(db, Deed(team, channel, user, "forget", "everywhere"))
            forget_who(db, team, user)

        await self._records.write(work)
        await asyncio.to_thread(self._eraser.fold)  # the key leaves the log too
        await self._copy_ledger()

    async def _copy_ledger(self) -> None:
        try:
            if self._ledger is not None:
                await self._ledger.copy()
        except OSError as error:  # the table has it; the next erasure or sweep copies it
            log.error("the ledger of what was erased could not be written: %s", error.strerror)

    async def sweep(self, team: str, channel: str) -> Swept:
        """Erase from a conversation's scope every source that is not shared there."""
        await self._copy_ledger()
        scope = scope_of(team, channel)
        await asyncio.to_thread(self._eraser.forget, scope)  # questions and answers too
        shared = {share.file_id for share in await self._records.shares(team, channel)}
        sources = await asyncio.to_thread(self._store.sources, scope)
        chunks = 0
        for source in sources:
            if source.source_ref not in shared:
                done = await asyncio.to_thread(self._eraser.erase_source, scope, source.source_ref)
                log.info("erased file=%s chunks=%d verified=%s", source.source_ref, done.chunks, done.verified)
                chunks += done.chunks
        is_verified = await asyncio.to_thread(self._eraser.recheck)
        if not is_verified:
            log.error("channel=%s: what was erased is still found on disk; it is tried again", channel)
        await asyncio.to_thread(self._eraser.fold)  # questions and answers too leave the log
        return Swept(chunks, is_verified)

    async def sweep_everywhere(self) -> None:
        """Clear what a crash left behind: text whose files are shared no more, and what was not proved to be gone."""
        await self._copy_ledger()
        if not await asyncio.to_thread(self._eraser.recheck):
            log.error("what was erased is still found on disk; it is tried again")
        for scope in await asyncio.to_thread(self._store.scopes):
            team, _, channel = scope.partition("/")
            shared = {share.file_id for share in await self._records.shares(team, channel)}
            sources = await asyncio.to_thread(self._store.sources, scope)
            if any(source.source_ref not in shared for source in sources):
                await self.sweep(team, channel)

    async def _sweep_all(self, payload: dict[str, Any]) -> bool:
        """Sweep every conversation of a removal; whether all of its text is proved to be gone."""
        is_verified = True
        for channel in payload["channels"]:
            swept = await self.sweep(payload["team"], channel)
            is_verified &= swept.is_verified
            number = payload["receipts"].get(channel)
            if number is not None:
                await self._records.write(partial(_count, number=number, swept=swept))
        return is_verified

    async def _take_back(self, team: str, channel: str, replies: list[str]) -> None:
        """Put a sentence in place of an answer that rested on a file; its further messages go."""
        text = (await self._texts(team, channel))("answer-taken-back")
        first, *more = replies
        part = blocks.section(text) | {"block_id": f"{NOTICE}-taken-back"}
        try:
            await self._client.chat_update(channel=channel, ts=first, text=text, blocks=[part])
        except SlackApiError as error:
            code = error.response.get("error")
            if code in _FIXED:
                await self._delete(channel, first)
            elif code not in _GONE:
                raise TryAgain(f"chat.update: {code}") from error
        for ts in more:
            await self._delete(channel, ts)

    async def _tell(self, payload: dict[str, Any], channel: str, thread_ts: str, message_ts: str) -> None:
        """Say in a file's thread that it is forgotten, unless its message is gone too or it was said already."""
        block_id = f"{NOTICE}-gone-{message_ts}"
        if not await self._may_tell(channel, thread_ts, message_ts, block_id):
            return
        texts = await self._texts(payload["team"], channel)
        number = payload["receipts"].get(channel)
        sql = "select chunks from receipts where rowid = ?"
        found = await self._records.read(lambda db: rows(db, sql, (number,)))
        text = texts("file-forgotten", count=found[0]["chunks"] if found else 0)
        try:
            await self._client.chat_postMessage(
                channel=channel,
                thread_ts=thread_ts,
                text=text,
                blocks=[blocks.context(text) | {"block_id": block_id}],
                unfurl_links=False,
                unfurl_media=False,
            )
        except SlackApiError as error:
            if (code := error.response.get("error")) not in _GONE:
                raise TryAgain(f"notice: {code}") from error

    async def _may_tell(self, channel: str, thread_ts: str, message_ts: str, block_id: str) -> bool:
        try:
            page = await self._client.conversations_replies(
                channel=channel, ts=thread_ts, oldest=message_ts, inclusive=True, limit=200
            )
        except SlackApiError as error:
            if (code := error.response.get("error")) not in _GONE:
                raise TryAgain(f"conversations.replies: {code}") from error
            return False
        there = {m["ts"]: m.get("subtype") != "tombstone" for m in page["messages"]}
        said = any(block.get("block_id") == block_id for m in page["messages"] for block in m.get("blocks") or ())
        return there.get(message_ts, False) and there.get(thread_ts, True) and not said

    async def _texts(self, team: str, channel: str) -> Texts:
        """Everybody in a conversation reads this: its own language, else English."""
        return texts_for((await self._channels.settings(team, channel)).language or "en")

    async def _delete(self, channel: str, ts: str) -> None:
        try:
            await self._client.chat_delete(channel=channel, ts=ts)
        except SlackApiError as error:
            code = error.response.get("error")
            if code not in _GONE:
                raise TryAgain(f"chat.delete: {code}") from error


def _count(db: Tables, number: int, swept: Swept) -> None:
    """A receipt after one more sweep: a repeated one removes nothing more, and may prove what the first could not."""
    sql = "update receipts set chunks = chunks + ?, verified = ? where rowid = ?"
    db.execute(sql, (swept.chunks, int(swept.is_verified), number))
