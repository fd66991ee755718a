"""chat.startStream, appendStream, stopStream: a message that grows.

The text so far is the message's ``text`` and its one markdown block; task updates become task cards before
it. Streams end by themselves after ``stream_lasts_s``, as Slack's do after about five minutes.
"""

from __future__ import annotations

import time
from typing import Any

from bot.workspace.arguments import Arguments
from bot.workspace.core import Core
from bot.workspace.errors import ApiError
from bot.workspace.limits import ALL_BLOCKS_CHARS, check_blocks, check_markdown
from bot.workspace.methods.chat import new_bot_message, number_blocks, read_metadata, read_thread
from bot.workspace.methods.places import joined_channel, message_at
from bot.workspace.methods.registry import method
from bot.workspace.state import Message

Block = dict[str, Any]
MOST_BLOCKS = 50


@method("chat.startStream", "chat:write")
async def start_stream(core: Core, args: Arguments) -> dict[str, Any]:
    """Begin a message that grows, in a thread; outside a direct conversation for one reader. Raises: ApiError."""
    channel = joined_channel(core, args)
    args.needed("thread_ts", "invalid_thread_ts")
    if channel.kind != "im":
        args.needed("recipient_user_id", "missing_recipient_user_id")
        args.needed("recipient_team_id", "missing_recipient_team_id")
    message = new_bot_message(core, channel, ("", []), read_thread(channel, args))
    message.streaming, message.stream_started = True, time.monotonic()
    _grow(message, args)
    core.add_message(message)
    return {"channel": channel.id, "ts": message.ts}


@method("chat.appendStream", "chat:write")
async def append_stream(core: Core, args: Arguments) -> dict[str, Any]:
    """Let an open stream grow by some Markdown or chunks. Raises: ApiError, stopped_by_user among others."""
    message = _streaming_message(core, args)
    if not args.text("markdown_text") and not args.json("chunks"):
        raise ApiError("no_text")
    _grow(message, args)
    core.show(message)
    return {"channel": message.channel, "ts": message.ts}


@method("chat.stopStream", "chat:write")
async def stop_stream(core: Core, args: Arguments) -> dict[str, Any]:
    """End a stream with a last piece, further blocks and metadata. Raises: ApiError."""
    message = _streaming_message(core, args, is_last=True)
    extra = args.json("blocks", "invalid_blocks_format") or []
    check_blocks(extra, MOST_BLOCKS)
    _grow(message, args)
    message.blocks = number_blocks([*message.blocks, *extra])
    message.metadata = read_metadata(args)
    _finish(core, message)
    return {"channel": message.channel, "ts": message.ts, "message": core.shapes.message(message)}


def _finish(core: Core, message: Message) -> None:
    message.streaming = False
    core.change_message(message, core.shapes.message(message))


def _streaming_message(core: Core, args: Arguments, *, is_last: bool = False) -> Message:
    """The stream that a call goes on with; one that a person stopped can only be ended. Raises: ApiError."""
    channel = joined_channel(core, args)
    message = message_at(channel, args.needed("ts", "message_not_found"))
    if not message.is_bot:
        raise ApiError("message_not_owned_by_app")
    is_over = time.monotonic() - message.stream_started > core.stream_lasts_s
    if message.streaming and (is_over or "expired_streams" in core.faults.standing):
        _finish(core, message)
    if message.stopped_by_user and not is_last:
        raise ApiError("stopped_by_user")
    if not message.streaming:
        raise ApiError("message_not_in_streaming_state")
    return message


def _grow(message: Message, args: Arguments) -> None:
    """Add markdown_text and chunks. Raises: ApiError before anything is added."""
    chunks = args.json("chunks", "invalid_chunks") or []
    if not isinstance(chunks, list) or not all(isinstance(chunk, dict) for chunk in chunks):
        raise ApiError("invalid_chunks")
    if args.text("markdown_text"):
        chunks = [{"type": "markdown_text", "text": args.text("markdown_text")}, *chunks]
    text, others = message.text, [b for b in message.blocks if b["type"] != "markdown"]
    for chunk in chunks:
        text, others = _add_chunk(text, others, chunk)
    if len(text) > ALL_BLOCKS_CHARS:
        raise ApiError("msg_too_long")
    message.text = text
    message.blocks = number_blocks([*others, *([{"type": "markdown", "text": text}] if text else [])])


def _add_chunk(text: str, others: list[Block], chunk: Block) -> tuple[str, list[Block]]:
    kind = chunk.get("type")
    if kind == "markdown_text" and isinstance(chunk.get("text"), str):
        check_markdown(chunk["text"])
        return text + chunk["text"], others
    if kind == "task_update" and chunk.get("id"):
        card = {"type": "task_card", "task_id": chunk["id"]} | {
            k: v for k, v in chunk.items() if k not in ("type", "id")
        }
        kept = [b for b in others if b.get("task_id") != chunk["id"]]
        earlier = next((b for b in others if b.get("task_id") == chunk["id"]), {})
        return text, [*kept, earlier | card]
    if kind == "plan_update":
        return text, [{"type": "plan", "title": chunk.get("title", "")}, *(b for b in others if b["type"] != "plan")]
    if kind == "blocks" and isinstance(chunk.get("blocks"), list):
        check_blocks(chunk["blocks"], MOST_BLOCKS)
        return text, [*others, *chunk["blocks"]]
    raise ApiError("invalid_chunks")
