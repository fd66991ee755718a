"""conversations.*: what the app may see of channels, members and messages."""

from __future__ import annotations

from typing import Any

from bot.workspace.arguments import Arguments
from bot.workspace.core import Core
from bot.workspace.errors import ApiError
from bot.workspace.methods.places import SCOPE_KINDS, listing, need_scope, open_direct, page_of, readable_channel
from bot.workspace.methods.registry import method
from bot.workspace.state import Channel, Message

READ = tuple(f"{kind}:read" for kind in SCOPE_KINDS.values())
HISTORY = tuple(f"{kind}:history" for kind in SCOPE_KINDS.values())
TYPES = {"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}


@method("conversations.info", *READ)
async def info(core: Core, args: Arguments) -> dict[str, Any]:
    """One channel that the app may see. Raises: ApiError channel_not_found, missing_scope."""
    channel = readable_channel(core, args, "read")
    extra: dict[str, Any] = {"locale": "en-US"} if args.flag("include_locale") else {}
    extra |= {"last_read": channel.last_read or "0000000000.000000"} if channel.kind != "im" else {}
    if channel.is_ext_shared:
        extra |= {"connected_team_ids": list(channel.shared_with), "conversation_host_id": core.state.team_id}
    return {"channel": core.shapes.channel(channel, num_members=args.flag("include_num_members")) | extra}


@method("conversations.list", *READ)
async def list_channels(core: Core, args: Arguments) -> dict[str, Any]:
    """A page of the public channels and of the other conversations that the app is in. Raises: ApiError."""
    seen = _of_kinds(core, args)
    page, following = page_of(seen, args)
    return listing("channels", [core.shapes.channel(c, num_members=True) for c in page], following)


@method("users.conversations", *READ)
async def users_conversations(core: Core, args: Arguments) -> dict[str, Any]:
    """A page of the conversations of one user, the app itself by default, that the app may see. Raises: ApiError."""
    user_id = args.text("user") or core.state.bot.id
    if user_id not in core.state.users:
        raise ApiError("user_not_found")
    page, following = page_of([c for c in _of_kinds(core, args) if user_id in c.members], args)
    shown = [core.shapes.channel(c) for c in page]
    for body in shown:
        body.pop("is_member", None)
    return listing("channels", shown, following)


def _of_kinds(core: Core, args: Arguments) -> list[Channel]:
    """The conversations of the wanted ``types`` that the app may see. Raises: ApiError invalid_types, missing_scope."""
    wanted = args.text("types", "public_channel").replace(" ", "").split(",")
    if not set(wanted) <= set(TYPES):
        raise ApiError("invalid_types")
    kinds = {TYPES[name] for name in wanted}
    for kind in kinds:
        need_scope(core, f"{SCOPE_KINDS[kind]}:read")
    with_archived = not args.flag("exclude_archived")
    seen = [c for c in core.state.channels.values() if c.kind in kinds and _is_listed(core, c)]
    return [channel for channel in seen if with_archived or not channel.is_archived]


def _is_listed(core: Core, channel: Channel) -> bool:
    return channel.kind == "channel" or core.state.bot.id in channel.members


@method("conversations.members", *READ)
async def members(core: Core, args: Arguments) -> dict[str, Any]:
    """A page of the ids of a channel's members. Raises: ApiError channel_not_found."""
    channel = readable_channel(core, args, "read")
    page, following = page_of(channel.members, args)
    return listing("members", page, following)


@method("conversations.history", *HISTORY)
async def history(core: Core, args: Arguments) -> dict[str, Any]:
    """A page of a channel's messages, newest first, of replies those that were sent there too.

    Raises: ApiError not_in_channel.
    """
    channel = _heard_channel(core, args)
    top = [message for message in reversed(channel.messages.values()) if message.is_in_channel]
    actions = {"channel_actions_ts": None, "channel_actions_count": 0}
    return _messages(core, top, args) | {"pin_count": len(channel.pins)} | actions


@method("conversations.replies", *HISTORY)
async def replies(core: Core, args: Arguments) -> dict[str, Any]:
    """A page of a thread, its root first; asked for a reply, that reply alone. Raises: ApiError thread_not_found."""
    channel = _heard_channel(core, args)
    asked = channel.messages.get(args.needed("ts", "thread_not_found"))
    if asked is None:
        raise ApiError("thread_not_found")
    root = channel.messages.get(asked.thread_ts or asked.ts, asked)
    thread = [root, *core.state.replies(channel.id, root.ts)]
    return _messages(core, thread if asked is root else [asked], args)


def _heard_channel(core: Core, args: Arguments) -> Channel:
    channel = readable_channel(core, args, "history")
    if core.state.bot.id not in channel.members:
        raise ApiError("not_in_channel")
    return channel


def _messages(core: Core, messages: list[Message], args: Arguments) -> dict[str, Any]:
    oldest, latest = _time(args, "oldest", 0.0), _time(args, "latest", float("inf"))
    edge = args.flag("inclusive")
    seen = [m for m in messages if oldest < float(m.ts) < latest or (edge and float(m.ts) in (oldest, latest))]
    page, following = page_of(seen, args, most=999)
    shown = [core.shapes.message(m) for m in page]
    if args.flag("include_all_metadata"):
        for message, body in zip(page, shown, strict=True):
            body.update({"metadata": message.metadata} if message.metadata else {})
    metadata = {"response_metadata": {"next_cursor": following}} if following else {}
    return {"messages": shown, "has_more": bool(following)} | metadata


def _time(args: Arguments, name: str, default: float) -> float:
    try:
        return float(args.text(name) or default)
    except ValueError:
        raise ApiError(f"invalid_ts_{name}") from None


@method("conversations.open", "im:write", "mpim:write")
async def open_conversation(core: Core, args: Arguments) -> dict[str, Any]:
    """The direct or group conversation with some users, made if it is new. Raises: ApiError."""
    if args.text("channel"):
        channel, is_new = core.state.visible_to_bot(args.text("channel")), False
        if channel.kind not in ("im", "mpim"):
            raise ApiError("method_not_supported_for_channel_type")
    else:
        users = [u for u in args.text("users").replace(" ", "").split(",") if u]
        _check_users(core, users)
        found = _between(core, users)
        if found is None and args.flag("prevent_creation"):
            raise ApiError("channel_not_found")
        channel, is_new = found or _new_direct(core, users), found is None
    was_open = not (is_new or channel.is_closed)
    channel.is_closed = False
    shown = core.shapes.channel(channel) if args.flag("return_im") else {"id": channel.id}
    return {"channel": shown} | ({"no_op": True, "already_open": True} if was_open else {})


def _check_users(core: Core, users: list[str]) -> None:
    if not users:
        raise ApiError("users_list_not_supplied")
    if any(user not in core.state.users for user in users):
        raise ApiError("user_not_found")
    if len(users) > 8:
        raise ApiError("too_many_users")


def _between(core: Core, users: list[str]) -> Channel | None:
    """The direct or group conversation of exactly these users and the app."""
    if len(users) == 1:
        return core.state.direct_channel(users[0])
    everybody = {*users, core.state.bot.id}
    return next((c for c in core.state.channels.values() if c.kind == "mpim" and set(c.members) == everybody), None)


def _new_direct(core: Core, users: list[str]) -> Channel:
    if len(users) == 1:
        return open_direct(core, users[0])
    names = "--".join(core.state.users[user].name for user in users)
    channel = core.state.add_channel(f"mpdm-{names}-1", "mpim", [*users, core.state.bot.id], core.state.bot.id)
    core.show_channel(channel)
    return channel
