"""Files: what comes with a mention, what Slack says of a file, and whether its bytes can be had."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError

from bot.cli.live.line import Heard
from bot.cli.live.person import request
from bot.cli.live.stage import Stage, refusal
from bot.cli.live.verdicts import Check, Held, Skipped, Unseen, Verdict, judged
from bot.downloads import Downloads
from bot.jobs import TryAgain
from rag.errors import FileError

MOST_BYTES = 50_000_000
MODES = {"hosted", "snippet", "post", "canvas", "quip", "email", "external", "tombstone", "hidden_by_limit"}
NOBODY = "Nobody posted a mention with a file."
_WITH_FILE = ("mention-files", "mention-events", "file-permalink", "file-download", "file-modes")


async def mentioned(stage: Stage) -> AsyncIterator[Verdict]:
    """A person mentions the bot with a file, and shares others."""
    await request(
        stage,
        "mention the bot in a message with any small file. If you can, then share a snippet, a canvas, an email or a "
        "file of Google Drive.",
    )
    began = time.monotonic()
    ts = await _mention_with_file(stage)
    if not ts:
        for assumption in _WITH_FILE:
            yield Skipped(assumption, NOBODY)
        return
    await asyncio.sleep(stage.pace.settle_s)
    for verdict in _events(stage, ts):
        yield verdict
    file = await _file_of(stage, ts)
    if file is None:
        for assumption in ("file-permalink", "file-download"):
            yield Unseen(assumption, "No file_shared event and no files in the message said which file it was.")
    else:
        yield _described(file)
        yield await _fetched(stage, file)
    await asyncio.sleep(max(0.0, began + stage.pace.person_s - time.monotonic()))
    yield await _modes(stage)


async def _mention_with_file(stage: Stage) -> str:
    """The ts of a mention with a file; whether it has one may only be told by the other event."""
    until = time.monotonic() + stage.pace.person_s
    while time.monotonic() < until:
        await asyncio.sleep(min(1.0, stage.pace.poll_s))
        mentions = [heard.event["ts"] for heard in stage.line.heard if heard.event.get("type") == "app_mention"]
        shared = {heard.event.get("ts") for heard in _file_messages(stage)}
        for ts in mentions:
            if ts in shared or any(_is_mention(heard, ts) and heard.event.get("files") for heard in stage.line.heard):
                return str(ts)
    return ""


def _file_messages(stage: Stage) -> list[Heard]:
    return [heard for heard in stage.line.heard if heard.event.get("subtype") == "file_share"]


def _is_mention(heard: Heard, ts: str) -> bool:
    return heard.event.get("type") == "app_mention" and heard.event.get("ts") == ts


def _events(stage: Stage, ts: str) -> list[Verdict]:
    mention = next(heard for heard in stage.line.heard if _is_mention(heard, ts))
    named = bool(mention.event.get("files"))
    text = f"The app_mention of a message with a file {'named' if named else 'did not name'} its files."
    kinds = ["app_mention"]
    kinds += ["message/file_share"] * any(heard.event.get("ts") == ts for heard in _file_messages(stage))
    kinds += ["file_shared"] * bool(_shared_ids(stage))
    came = f"One mention with a file came as {', '.join(kinds)}."
    return [judged("mention-files", named, text), judged("mention-events", len(kinds) == 3, came)]


async def _file_of(stage: Stage, ts: str) -> dict[str, Any] | None:
    """What files.info says of the file of a message."""
    ids = [file["id"] for heard in stage.line.heard if heard.event.get("ts") == ts for file in _named(heard.event)]
    ids += _shared_ids(stage)
    return await _info(stage, ids[0]) if ids else None


def _named(event: dict[str, Any]) -> list[dict[str, Any]]:
    return [file for file in event.get("files") or () if file.get("id")]


def _shared_ids(stage: Stage) -> list[str]:
    """Files that people shared in the channel, in their order."""
    shared = [heard.event for heard in stage.line.heard if heard.event.get("type") == "file_shared"]
    shared = [event for event in shared if event.get("user_id") != stage.place.identity.user_id]
    return list(dict.fromkeys(str(event.get("file_id")) for event in shared))


async def _info(stage: Stage, file_id: str) -> dict[str, Any]:
    try:
        return dict((await stage.client.files_info(file=file_id))["file"])
    except SlackApiError as error:
        return {"refused": error.response.get("error")}


def _described(file: dict[str, Any]) -> Verdict:
    lacking = [key for key in ("name", "permalink", "url_private", "size", "mode") if not file.get(key)]
    text = "files.info gave name, size, mode, permalink and address."
    otherwise = f"files.info lacks {', '.join(lacking)} ({file.get('refused') or 'no error'})."
    return judged("file-permalink", not lacking, text, otherwise)


async def _fetched(stage: Stage, file: dict[str, Any]) -> Verdict:
    with tempfile.TemporaryDirectory(prefix="inhouse-doctor-") as folder:
        path = Path(folder) / "file"
        try:
            await Downloads(stage.client, Path(folder), MOST_BYTES).fetch(file, path)
        except (FileError, TryAgain) as error:
            return judged("file-download", False, f"The file's bytes could not be had: {error}")
        return Held("file-download", f"The file came with the bot's token, {path.stat().st_size} bytes as announced.")


async def _modes(stage: Stage) -> Verdict:
    files = [await _info(stage, file_id) for file_id in _shared_ids(stage)]
    modes = sorted({str(file.get("mode")) for file in files if "mode" in file})
    strange = [mode for mode in modes if mode not in MODES]
    mixed = [f for f in files if (f.get("mode") == "external") != bool(f.get("is_external"))]
    if strange or mixed:
        text = f"Files of the modes {', '.join(modes)} came; is_external does not fit {len(mixed)} of them."
        return judged("file-modes", False, text)
    if modes in ([], ["hosted"]):
        return Skipped("file-modes", "Only ordinary files were shared.")
    return Held("file-modes", f"Files of the modes {', '.join(modes)} came, each one that the bot knows.")


async def uploaded(stage: Stage) -> AsyncIterator[Verdict]:
    """A file of our own: its share appears later, and deleted it leaves a marker. Needs files:write."""
    if "files:write" not in stage.place.identity.scopes:
        for assumption in ("upload-share", "file-tombstone"):
            yield Skipped(assumption, "The token lacks files:write, which the bot does not need.")
        return
    file_id = await _upload(stage, b"A file of Inhouse's check.")
    started = time.monotonic()
    try:
        ts = await _wait_for_share(stage, file_id)
    finally:
        # Called by name: the manifest does not ask for files:write, so this is no method of the bot's.
        refused = await refusal(stage.client.api_call("files.delete", params={"file": file_id}))
    seconds = time.monotonic() - started
    text = f"The share of an uploaded file was known after {seconds:.1f} s."
    yield judged("upload-share", bool(ts), text, f"No share of an uploaded file was known within {seconds:.0f} s.")
    await asyncio.sleep(stage.pace.settle_s)
    files = (await stage.read(ts)).get("files") or [{}] if ts else [{}]
    text = f"A deleted file stands in its message as {files[0].get('mode') or refused or 'nothing'}."
    yield judged("file-tombstone", files[0].get("mode") == "tombstone", text)


async def _wait_for_share(stage: Stage, file_id: str) -> str:
    """The ts of the message that shares a file; nothing where none appears in time."""
    until = time.monotonic() + stage.pace.event_s
    while time.monotonic() < until:
        ts = _share_in(await _info(stage, file_id), stage.place.channel)
        if ts:
            return ts
        await asyncio.sleep(min(1.0, stage.pace.poll_s))
    return ""


async def _upload(stage: Stage, content: bytes) -> str:
    api = stage.client.api_call
    place = await api("files.getUploadURLExternal", params={"filename": "check.txt", "length": len(content)})
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            place["upload_url"], data=content, proxy=stage.client.proxy, ssl=stage.client.ssl or True
        ) as response,
    ):
        response.raise_for_status()
    where = {"channel_id": stage.place.channel, "thread_ts": stage.root_ts}
    await api("files.completeUploadExternal", json={"files": [{"id": place["file_id"], "title": "check"}]} | where)
    return str(place["file_id"])


def _share_in(file: dict[str, Any], channel: str) -> str:
    places = (file.get("shares") or {}).values()
    shares = [share for place in places for share in place.get(channel) or ()]
    return str(shares[0]["ts"]) if shares else ""


CHECKS = (
    Check(_WITH_FILE, mentioned, needs_person=True),
    Check(("upload-share", "file-tombstone"), uploaded),
)
