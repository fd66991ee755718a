"""chat.scheduleMessage and what belongs to it: messages that are posted later."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from bot.workspace.arguments import Arguments
from bot.workspace.core import Core
from bot.workspace.errors import ApiError
from bot.workspace.methods.chat import composed
from bot.workspace.methods.places import addressed_channel, joined_channel, listing, page_of
from bot.workspace.methods.registry import method
from bot.workspace.state import Scheduled, new_id

FARTHEST_S = 120 * 24 * 3600
CROWD, CROWD_S = 30, 300  # so many messages in one channel within so many seconds


@method("chat.scheduleMessage", "chat:write")
async def schedule(core: Core, args: Arguments) -> dict[str, Any]:
    """Post later, at ``post_at`` in seconds since 1970. Raises: ApiError time_in_past, time_too_far, invalid_time."""
    channel = addressed_channel(core, args)
    post_at = _time(args)
    message = composed(core, channel, args)
    near = [s for s in core.state.scheduled.values() if abs(s.post_at - post_at) < CROWD_S]
    if sum(one.message.channel == channel.id for one in near) >= CROWD:
        raise ApiError("restricted_too_many")
    waiting = Scheduled(new_id("Q"), message, post_at, int(time.time()))
    core.state.scheduled[waiting.id] = waiting
    asyncio.get_running_loop().call_later(post_at - time.time(), _post, core, waiting.id)
    body = core.shapes.message(message) | {"type": "delayed_message"}
    del body["ts"]
    return {"channel": channel.id, "scheduled_message_id": waiting.id, "post_at": post_at, "message": body}


def _time(args: Arguments) -> int:
    try:
        post_at = int(float(args.text("post_at")))
    except ValueError:
        raise ApiError("invalid_time") from None
    if post_at <= time.time():
        raise ApiError("time_in_past")
    if post_at > time.time() + FARTHEST_S:
        raise ApiError("time_too_far")
    return post_at


def _post(core: Core, scheduled_id: str) -> None:
    """Post what is due, unless it was taken back or nobody can write there any more."""
    waiting = core.state.scheduled.pop(scheduled_id, None)
    channel = core.state.channels.get(waiting.message.channel) if waiting else None
    if waiting and channel and core.state.bot.id in channel.members and not channel.is_archived:
        waiting.message.ts = core.state.next_ts()
        core.add_message(waiting.message)


@method("chat.scheduledMessages.list")
async def list_scheduled(core: Core, args: Arguments) -> dict[str, Any]:
    """A page of what is still to be posted, the next first. Raises: ApiError invalid_channel, invalid_cursor."""
    channel_id = args.text("channel")
    if channel_id and channel_id not in core.state.channels:
        raise ApiError("invalid_channel")
    oldest, latest = args.number("oldest", 0), args.number("latest", 2**62)
    found = [one for one in core.state.scheduled.values() if oldest <= one.post_at <= latest]
    found = [one for one in found if channel_id in ("", one.message.channel)]
    page, following = page_of(sorted(found, key=lambda one: one.post_at), args)
    return listing("scheduled_messages", [_shown(one) for one in page], following)


def _shown(one: Scheduled) -> dict[str, Any]:
    when = {"post_at": one.post_at, "date_created": one.created}
    return {"id": one.id, "channel_id": one.message.channel, "text": one.message.text} | when


@method("chat.deleteScheduledMessage", "chat:write")
async def delete_scheduled(core: Core, args: Arguments) -> dict[str, Any]:
    """Take back what is still to be posted. Raises: ApiError invalid_scheduled_message_id."""
    channel = joined_channel(core, args)
    waiting = core.state.scheduled.get(args.text("scheduled_message_id"))
    if waiting is None or waiting.message.channel != channel.id:
        raise ApiError("invalid_scheduled_message_id")
    del core.state.scheduled[waiting.id]
    return {}
