"""What several families need: the channel and message that a call names, checked; scopes; pages of a list."""

from __future__ import annotations

import base64
import binascii
from typing import Any, TypeVar

from bot.workspace.arguments import Arguments
from bot.workspace.core import Core
from bot.workspace.errors import ApiError
from bot.workspace.state import Channel, Message

T = TypeVar("T")
SCOPE_KINDS = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}


def need_scope(core: Core, *any_of: str) -> None:
    """Raises: ApiError missing_scope, with what is needed and what was given."""
    if not set(any_of) & set(core.scopes):
        raise ApiError("missing_scope", needed=any_of[0], provided=",".join(core.scopes))


def readable_channel(core: Core, args: Arguments, right: str, name: str = "channel") -> Channel:
    """The channel of a reading call; ``right`` is read or history. Raises: ApiError."""
    channel = core.state.visible_to_bot(args.needed(name, "channel_not_found"))
    need_scope(core, f"{SCOPE_KINDS[channel.kind]}:{right}")
    return channel


def addressed_channel(core: Core, args: Arguments) -> Channel:
    """The channel of a posting call, which may give a name too, and with chat:write.public need not be joined.

    Raises: ApiError.
    """
    wanted = args.needed("channel", "channel_not_found")
    named = (c for c in core.state.channels.values() if c.name == wanted.removeprefix("#"))
    channel = core.state.channels.get(wanted) or next(named, None)
    is_open = channel is not None and channel.kind == "channel" and not channel.is_archived
    if channel and is_open and "chat:write.public" in core.scopes:
        return channel
    return joined_channel(core, Arguments(args.values | {"channel": channel.id if channel else wanted}))


def joined_channel(core: Core, args: Arguments, name: str = "channel") -> Channel:
    """The channel of a writing call; a user's id stands for the direct conversation. Raises: ApiError."""
    wanted = args.needed(name, "channel_not_found")
    if wanted in core.state.users:
        wanted = open_direct(core, wanted).id
    return in_use(core, core.state.visible_to_bot(wanted))


def in_use(core: Core, channel: Channel) -> Channel:
    """A channel that the app is in and that is not archived. Raises: ApiError not_in_channel, is_archived."""
    if core.state.bot.id not in channel.members:
        raise ApiError("not_in_channel")
    if channel.is_archived:
        raise ApiError("is_archived")
    return channel


def open_direct(core: Core, user_id: str) -> Channel:
    """The conversation of a person with the bot, made if it is new."""
    found = core.state.direct_channel(user_id)
    if found:
        return found
    if user_id not in core.state.users:
        raise ApiError("user_not_found")
    channel = core.state.add_channel("", "im", [user_id, core.state.bot.id], user_id)
    core.show_channel(channel)
    return channel


def message_at(channel: Channel, ts: str) -> Message:
    """Raises: ApiError message_not_found."""
    message = channel.messages.get(ts)
    if message is None or message.tombstone:
        raise ApiError("message_not_found")
    return message


def page_of(items: list[T], args: Arguments, most: int = 1000) -> tuple[list[T], str]:
    """(one page, next cursor): ``limit`` items from the cursor on. Raises: ApiError invalid_cursor."""
    limit = max(1, min(args.number("limit", 100), most))
    start = _cursor_place(args.text("cursor"))
    end = start + limit
    following = base64.b64encode(f"next:{end}".encode()).decode() if end < len(items) else ""
    return items[start:end], following


def _cursor_place(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.b64decode(cursor, validate=True).decode().removeprefix("next:"))
    except (binascii.Error, ValueError):
        raise ApiError("invalid_cursor") from None


def listing(name: str, items: list[Any], following: str) -> dict[str, Any]:
    """One page of a list as Slack answers it; an empty cursor says that it was the last."""
    return {name: items, "response_metadata": {"next_cursor": following}}
