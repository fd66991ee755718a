"""chat.unfurl: the app's own previews of addresses that people post."""

from __future__ import annotations

import html
import re
from typing import Any

from bot.workspace.arguments import Arguments
from bot.workspace.core import Core
from bot.workspace.errors import ApiError
from bot.workspace.limits import check_blocks
from bot.workspace.methods.registry import method
from bot.workspace.state import Message

UNFURL_ID = re.compile(r"(?P<channel>[CDG]\w+)\.(?P<ts>\d+\.\d+)\.\w+")


@method("chat.unfurl", "links:write")
async def unfurl(core: Core, args: Arguments) -> dict[str, Any]:
    """Put previews under a message, ``{"https://example.com/a": {"title": "A"}}``. Raises: ApiError."""
    message = _message(core, args)
    unfurls = args.json("unfurls", "invalid_unfurls_format")
    if not unfurls:
        raise ApiError("missing_unfurls")
    if not isinstance(unfurls, dict) or not all(isinstance(one, dict) for one in unfurls.values()):
        raise ApiError("invalid_unfurls_format")
    if not all(url in html.unescape(message.text) for url in unfurls):
        raise ApiError("cannot_unfurl_url")
    for one in unfurls.values():
        check_blocks(one.get("blocks") or [])
    previous = core.shapes.message(message)
    kept = [one for one in message.attachments if one.get("from_url") not in unfurls]
    message.attachments = [*kept, *(_preview(core, url, one) for url, one in unfurls.items())]
    core.change_message(message, previous)
    return {}


def _message(core: Core, args: Arguments) -> Message:
    """The message of ``channel`` and ``ts``, or of ``unfurl_id`` and ``source``. Raises: ApiError."""
    if args.text("unfurl_id"):
        args.needed("source", "missing_source")
        place = UNFURL_ID.fullmatch(args.text("unfurl_id"))
        if place is None:
            raise ApiError("invalid_unfurl_id")
        channel_id, ts = place["channel"], place["ts"]
    else:
        channel_id, ts = args.needed("channel", "missing_channel"), args.needed("ts", "missing_ts")
    channel = core.state.channels.get(channel_id)
    if channel is None or core.state.bot.id not in channel.members:
        raise ApiError("cannot_find_channel")
    if ts not in channel.messages:
        raise ApiError("cannot_find_message")
    return channel.messages[ts]


def _preview(core: Core, url: str, one: dict[str, Any]) -> dict[str, Any]:
    marks = {"from_url": url, "app_unfurl_url": url, "is_app_unfurl": True}
    ours = {"app_id": core.state.app_id, "bot_id": core.state.bot_id}
    return {"fallback": str(one.get("title") or url)} | one | marks | ours
