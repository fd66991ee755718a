"""bookmarks.*: links at the top of a channel."""

from __future__ import annotations

import re
import time
from typing import Any

from bot.workspace.arguments import Arguments
from bot.workspace.core import Core
from bot.workspace.errors import ApiError
from bot.workspace.methods.registry import method
from bot.workspace.state import Channel, new_id

MOST_BOOKMARKS = 100
Bookmark = dict[str, Any]


@method("bookmarks.add", "bookmarks:write")
async def add(core: Core, args: Arguments) -> dict[str, Any]:
    """Put a link at the top of a channel. Raises: ApiError invalid_link, invalid_bookmark_type, too_many_bookmarks."""
    channel = _channel(core, args)
    title = args.needed("title")
    if args.needed("type") != "link":
        raise ApiError("invalid_bookmark_type")
    said = {"title": title, "link": args.needed("link", "invalid_link"), "emoji": args.text("emoji")}
    _check(said)
    if len(channel.bookmarks) >= MOST_BOOKMARKS:
        raise ApiError("too_many_bookmarks")
    bookmark = _new(core, channel, said)
    channel.bookmarks[bookmark["id"]] = bookmark
    return {"bookmark": bookmark}


def _new(core: Core, channel: Channel, said: Bookmark) -> Bookmark:
    base = {"id": new_id("Bk"), "channel_id": channel.id, "type": "link", "date_created": int(time.time())}
    author = {"last_updated_by_user_id": core.state.bot.id, "last_updated_by_team_id": core.state.team_id}
    empty = {"icon_url": None, "entity_id": None, "shortcut_id": None, "app_id": None, "app_action_id": None}
    rank = f"{len(channel.bookmarks):04}"  # in the order in which they were made
    return base | said | author | empty | {"date_updated": 0, "rank": rank}


@method("bookmarks.edit", "bookmarks:write")
async def edit(core: Core, args: Arguments) -> dict[str, Any]:
    """Change a link, its title or its emoji; what is not named stays. Raises: ApiError not_found, invalid_link."""
    bookmark = _bookmark(_channel(core, args), args)
    said: Bookmark = {name: args.text(name) for name in ("title", "link", "emoji") if name in args.values}
    _check(said)
    bookmark |= said | {"date_updated": int(time.time()), "last_updated_by_user_id": core.state.bot.id}
    return {"bookmark": bookmark}


@method("bookmarks.list", "bookmarks:read")
async def list_bookmarks(core: Core, args: Arguments) -> dict[str, Any]:
    """The links of a channel. Raises: ApiError channel_not_found."""
    return {"bookmarks": list(_channel(core, args).bookmarks.values())}


@method("bookmarks.remove", "bookmarks:write")
async def remove(core: Core, args: Arguments) -> dict[str, Any]:
    """Take a link away. Raises: ApiError not_found."""
    channel = _channel(core, args)
    del channel.bookmarks[_bookmark(channel, args)["id"]]
    return {}


def _channel(core: Core, args: Arguments) -> Channel:
    channel = core.state.visible_to_bot(args.needed("channel_id", "channel_not_found"))
    if core.state.bot.id not in channel.members:
        raise ApiError("permission_denied")
    return channel


def _bookmark(channel: Channel, args: Arguments) -> Bookmark:
    found = channel.bookmarks.get(args.text("bookmark_id"))
    if found is None:
        raise ApiError("not_found")
    return found


def _check(said: Bookmark) -> None:
    if not re.match(r"https?://\S", said.get("link", "https://x")):
        raise ApiError("invalid_link")
    if not re.fullmatch(r":[a-z0-9_+'-]+:|", said.get("emoji", "")):
        raise ApiError("invalid_emoji")
