"""What Slack took away, taken away here: the store is swept until it holds what is still shared, no more.

The rows that make a file answerable are gone already, in the transaction that recorded the event;
this removes text, vectors and bytes. Sweeping, rather than following the event, also clears what a
crash left behind.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.events import Removal
from bot.jobs import Running, TryAgain
from bot.records import KEEP_EVENTS_S, Records, Tables, rows, scope_of
from rag.erase import Eraser
from rag.store import Store

log = logging.getLogger(__name__)

# What a deletion may be answered with where there is nothing, or no way, to delete.
_GONE = {"message_not_found", "channel_not_found", "is_archived", "not_in_channel", "cant_delete_message"}
_HERE = "team = ? and channel = ?"
_RESTS = "exists (select 1 from json_each(turns.files) where value = ?)"  # a turn on a file


class Erasures:
    """Does the jobs of kind "erase"."""

    def __init__(self, client: AsyncWebClient, records: Records, store: Store, eraser: Eraser) -> None:
        self._client = client
        self._records = records
        self._store = store
        self._eraser = eraser

    async def run(self, running: Running) -> None:
        """Sweep the conversations that a removal touched; take back our replies to a deleted question."""
        payload = running.job.payload
        for channel in payload["channels"]:
            for ts in payload["replies"]:
                await self._delete_reply(channel, ts)
            await self.sweep(payload["team"], channel)

    async def catch_up(self) -> int:
        """Take away the files that were deleted while nobody listened: Slack repeats an event for minutes only."""
        gone = 0
        for team, file_id in await self._records.shared_files():
            if await self._is_deleted(file_id):
                await self._forget_file(Removal(team, file_id=file_id))
                gone += 1
        return gone

    async def _forget_file(self, gone: Removal) -> None:
        channels = await self._records.read(lambda db: channels_with(db, gone))
        await self._records.write(lambda db: forget(db, gone))
        for channel in channels:
            await self.sweep(gone.team, channel)

    async def _is_deleted(self, file_id: str) -> bool:
        try:
            file = (await self._client.files_info(file=file_id))["file"]
        except SlackApiError as error:
            return error.response.get("error") in {"file_deleted", "file_not_found"}
        return file.get("mode") == "tombstone"

    async def forget(self, team: str, channel: str, user: str | None) -> None:
        """Forget a conversation, or (with ``user``) what one person gave and asked in it."""
        gone = Removal(team, channel=channel)
        await self._records.write(lambda db: forget_person(db, gone, user) if user else forget(db, gone))
        await self.sweep(team, channel)

    async def sweep(self, team: str, channel: str) -> int:
        """Erase from a conversation's scope every source that is not shared there; returns how many."""
        scope = scope_of(team, channel)
        shared = {share.file_id for share in await self._records.shares(team, channel)}
        sources = await asyncio.to_thread(self._store.sources, scope)
        gone = [source.source_ref for source in sources if source.source_ref not in shared]
        for source_ref in gone:
            receipt = await asyncio.to_thread(self._eraser.erase_source, scope, source_ref)
            log.info("erased file=%s chunks=%d verified=%s", source_ref, receipt.chunks, receipt.verified)
        return len(gone)

    async def _delete_reply(self, channel: str, ts: str) -> None:
        try:
            await self._client.chat_delete(channel=channel, ts=ts)
        except SlackApiError as error:
            code = error.response.get("error")
            if code not in _GONE:
                raise TryAgain(f"chat.delete: {code}") from error


def forget(db: Tables, gone: Removal) -> None:
    """Delete the rows that a removal concerns. Part of the caller's transaction.

    A turn whose answer rests on a removed file goes with it: history must not answer for the file.
    """
    _note_gone(db, gone)
    where = _HERE if gone.channel else "team = ?"
    place = (gone.team, gone.channel) if gone.channel else (gone.team,)
    if gone.file_id:
        _forget_files(db, where, place, [gone.file_id])
    elif gone.message_ts:
        _forget_own(db, where, place, "message_ts", gone.message_ts)
    else:
        for table in ("shares", "turns", "threads"):
            db.execute(f"delete from {table} where {where}", place)


def forget_person(db: Tables, gone: Removal, user: str) -> None:
    """Delete what one person gave and asked in a conversation. What others give just then stays."""
    place = (gone.team, gone.channel or "")
    for share in rows(db, f"select file_id, message_ts from shares where {_HERE} and user = ?", (*place, user)):
        _note_gone(db, Removal(gone.team, gone.channel, share["message_ts"], share["file_id"]))
    _forget_own(db, _HERE, place, "user", user)


def forget_turns(db: Tables, team: str, file_id: str) -> bool:
    """Delete the turns that rest on a file, wherever it is shared; whether it is shared anywhere."""
    db.execute(f"delete from turns where team = ? and {_RESTS}", (team, file_id))
    return bool(rows(db, "select 1 from shares where team = ? and file_id = ? limit 1", (team, file_id)))


def channels_with(db: Tables, gone: Removal) -> list[str]:
    """The conversations that a removal without a channel touches."""
    sql = "select distinct channel from shares where team = ? and (? is null or file_id = ?)"
    return [row["channel"] for row in rows(db, sql, (gone.team, gone.file_id, gone.file_id))]


def replies_to(db: Tables, gone: Removal) -> list[str]:
    """The ts of our replies to a message."""
    sql = "select reply_ts from turns where team = ? and channel = ? and message_ts = ? and reply_ts is not null"
    return [row["reply_ts"] for row in rows(db, sql, (gone.team, gone.channel, gone.message_ts))]


def _forget_own(db: Tables, where: str, place: tuple[str, ...], column: str, owner: str) -> None:
    """Shares and turns of one message or person, and what rests on files that are then shared nowhere here."""
    own, mine = f"{where} and {column} = ?", (*place, owner)
    given = {row["file_id"] for row in rows(db, f"select file_id from shares where {own}", mine)}
    for table in ("shares", "turns"):
        db.execute(f"delete from {table} where {own}", mine)
    shared = {row["file_id"] for row in rows(db, f"select file_id from shares where {where}", place)}
    _forget_files(db, where, place, given - shared)


def _forget_files(db: Tables, where: str, place: tuple[str, ...], file_ids: Iterable[str]) -> None:
    for file_id in file_ids:
        db.execute(f"delete from shares where {where} and file_id = ?", (*place, file_id))
        db.execute(f"delete from turns where {where} and {_RESTS}", (*place, file_id))


def _note_gone(db: Tables, gone: Removal) -> None:
    now = time.time()
    db.execute("delete from gone where at < ?", (now - KEEP_EVENTS_S,))
    db.execute(
        "insert into gone (team, channel, message_ts, file_id, at) values (?, ?, ?, ?, ?)",
        (gone.team, gone.channel, gone.message_ts, gone.file_id, now),
    )
