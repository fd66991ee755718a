"""reactions.*: what people and the app put under messages."""

from __future__ import annotations

import re
from typing import Any

from bot.workspace.arguments import Arguments
from bot.workspace.core import Core
from bot.workspace.errors import ApiError
from bot.workspace.methods.places import joined_channel, listing, message_at, page_of
from bot.workspace.methods.registry import method
from bot.workspace.state import Channel, Message


def _item(core: Core, args: Arguments) -> tuple[Channel, Message]:
    args.needed("channel", "no_item_specified")
    channel = joined_channel(core, args)
    return channel, message_at(channel, args.needed("timestamp", "no_item_specified"))


def _emoji(args: Arguments) -> str:
    name = args.needed("name", "invalid_name").strip(":")
    if not re.fullmatch(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?", name):
        raise ApiError("invalid_name")
    return name


@method("reactions.add", "reactions:write")
async def add_reaction(core: Core, args: Arguments) -> dict[str, Any]:
    """React to a message as the app. Raises: ApiError already_reacted, invalid_name."""
    _, message = _item(core, args)
    name = _emoji(args)
    if core.state.bot.id in message.reactions.get(name, []):
        raise ApiError("already_reacted")
    core.react(message, core.state.bot.id, name)
    return {}


@method("reactions.remove", "reactions:write")
async def remove_reaction(core: Core, args: Arguments) -> dict[str, Any]:
    """Take one of the app's reactions away. Raises: ApiError no_reaction."""
    _, message = _item(core, args)
    name = _emoji(args)
    if core.state.bot.id not in message.reactions.get(name, []):
        raise ApiError("no_reaction")
    core.unreact(message, core.state.bot.id, name)
    return {}


@method("reactions.get", "reactions:read")
async def get_reactions(core: Core, args: Arguments) -> dict[str, Any]:
    """A message with all its reactions. Raises: ApiError message_not_found."""
    channel, message = _item(core, args)
    return _reacted_to(core, channel, message)


@method("reactions.list", "reactions:read")
async def list_reactions(core: Core, args: Arguments) -> dict[str, Any]:
    """A page of the messages that one user, the app itself by default, has reacted to, newest first.

    Raises: ApiError user_not_found, invalid_cursor.
    """
    user_id = args.text("user") or core.state.bot.id
    if user_id not in core.state.users:
        raise ApiError("user_not_found")
    heard = [channel for channel in core.state.channels.values() if core.state.bot.id in channel.members]
    found = [(channel, m) for channel in heard for m in channel.messages.values() if _has_reacted(m, user_id)]
    page, following = page_of(sorted(found, key=lambda pair: pair[1].ts, reverse=True), args)
    items = [_reacted_to(core, channel, message) for channel, message in page]
    return listing("items", items, following)


def _has_reacted(message: Message, user_id: str) -> bool:
    return any(user_id in users for users in message.reactions.values())


def _reacted_to(core: Core, channel: Channel, message: Message) -> dict[str, Any]:
    body = core.shapes.message(message) | {"permalink": core.shapes.permalink(message)}
    return {"type": "message", "channel": channel.id, "message": body}
