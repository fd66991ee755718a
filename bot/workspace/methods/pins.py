"""pins.*: messages that a channel keeps at hand."""

from __future__ import annotations

from typing import Any

from bot.workspace.arguments import Arguments
from bot.workspace.core import Core
from bot.workspace.errors import ApiError
from bot.workspace.methods.places import joined_channel, message_at
from bot.workspace.methods.registry import method
from bot.workspace.state import Channel, Message

MOST_PINS = 100


@method("pins.add", "pins:write")
async def add(core: Core, args: Arguments) -> dict[str, Any]:
    """Pin a message. Raises: ApiError already_pinned, not_pinnable, too_many_pins."""
    channel, message = _item(core, args)
    if message.ts in channel.pins:
        raise ApiError("already_pinned")
    if message.subtype and message.subtype.startswith(("channel_", "group_")):
        raise ApiError("not_pinnable")
    if len(channel.pins) >= MOST_PINS:
        raise ApiError("too_many_pins")
    core.pin(message, core.state.bot.id)
    return {}


@method("pins.remove", "pins:write")
async def remove(core: Core, args: Arguments) -> dict[str, Any]:
    """Take a pinned message off. Raises: ApiError no_pin."""
    channel, message = _item(core, args)
    if message.ts not in channel.pins:
        raise ApiError("no_pin")
    core.unpin(message, core.state.bot.id)
    return {}


@method("pins.list", "pins:read")
async def list_pins(core: Core, args: Arguments) -> dict[str, Any]:
    """What is pinned to a channel, the last pinned first. Raises: ApiError channel_not_found, not_in_channel."""
    channel = core.state.visible_to_bot(args.needed("channel", "channel_not_found"))
    if core.state.bot.id not in channel.members:
        raise ApiError("not_in_channel")
    pins = reversed(channel.pins.items())
    return {"items": [core.shapes.pinned(channel.messages[ts], pin) for ts, pin in pins]}


def _item(core: Core, args: Arguments) -> tuple[Channel, Message]:
    channel = joined_channel(core, args)
    return channel, message_at(channel, args.needed("timestamp", "no_item_specified"))
