"""conversations.*: what the app may do to channels. Which scope is needed goes by the kind of channel."""

from __future__ import annotations

import re
from typing import Any

from bot.workspace import channel_changes
from bot.workspace.arguments import Arguments
from bot.workspace.core import Core
from bot.workspace.errors import ApiError
from bot.workspace.methods.places import SCOPE_KINDS, in_use, need_scope
from bot.workspace.methods.registry import method
from bot.workspace.state import Channel

MANAGE = {"channel": "channels:manage", "group": "groups:write", "im": "im:write", "mpim": "mpim:write"}
WRITE = tuple(MANAGE.values())
TOPIC = tuple(f"{kind}:write.topic" for kind in SCOPE_KINDS.values())
INVITES = ("channels:write.invites", "groups:write.invites")
CHANNELS, DIRECT = ("channel", "group"), ("im", "mpim")
NAME_CHARS = 80
NOTE_CHARS = 250
MOST_INVITED = 100


def managed_channel(core: Core, args: Arguments, kinds: tuple[str, ...] = CHANNELS, narrow: str = "") -> Channel:
    """The channel of a call that changes it; ``narrow`` names a smaller scope that is enough, such as topic.

    Raises: ApiError channel_not_found, method_not_supported_for_channel_type, missing_scope.
    """
    channel = core.state.visible_to_bot(args.needed("channel", "channel_not_found"))
    if channel.kind not in kinds:
        raise ApiError("method_not_supported_for_channel_type")
    smaller = (f"{SCOPE_KINDS[channel.kind]}:write.{narrow}",) if narrow else ()
    need_scope(core, MANAGE[channel.kind], *smaller)
    return channel


def own_channel(core: Core, args: Arguments, kinds: tuple[str, ...] = CHANNELS, narrow: str = "") -> Channel:
    """A channel to be changed that the app is in and that is not archived. Raises: ApiError."""
    return in_use(core, managed_channel(core, args, kinds, narrow))


def channel_name(core: Core, args: Arguments) -> str:
    """A name that a channel may have and that none has. Raises: ApiError invalid_name_..., name_taken."""
    name = args.needed("name", "invalid_name_required")
    if len(name) > NAME_CHARS:
        raise ApiError("invalid_name_maxlength")
    if not re.fullmatch(r"[\w-]+", name) or name != name.lower():
        raise ApiError("invalid_name_specials")
    if not re.search(r"[^\W_]", name):
        raise ApiError("invalid_name_punctuation")
    if any(channel.name == name for channel in core.state.channels.values()):
        raise ApiError("name_taken")
    return name


@method("conversations.create", "channels:manage", "groups:write")
async def create(core: Core, args: Arguments) -> dict[str, Any]:
    """Make a channel, public unless ``is_private``, with the app in it. Raises: ApiError."""
    is_private = args.flag("is_private")
    need_scope(core, MANAGE["group" if is_private else "channel"])
    name, bot_id = channel_name(core, args), core.state.bot.id
    channel = channel_changes.create(core, name, "group" if is_private else "channel", [bot_id])
    channel_changes.join(core, channel, bot_id)
    return {"channel": core.shapes.channel(channel)}


@method("conversations.join", "channels:join")
async def join(core: Core, args: Arguments) -> dict[str, Any]:
    """Go into a public channel; to be there already is no error. Raises: ApiError."""
    channel = core.state.visible_to_bot(args.needed("channel", "channel_not_found"))
    if channel.kind != "channel":
        raise ApiError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise ApiError("is_archived")
    if core.state.bot.id in channel.members:
        told = {"warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}
        return {"channel": core.shapes.channel(channel)} | told
    channel_changes.join(core, channel, core.state.bot.id)
    return {"channel": core.shapes.channel(channel)}


@method("conversations.invite", *WRITE, *INVITES)
async def invite(core: Core, args: Arguments) -> dict[str, Any]:
    """Bring people into a channel: all of them, or with ``force`` those who can be brought. Raises: ApiError."""
    channel = own_channel(core, args, narrow="invites")
    users = [user for user in args.needed("users", "no_user").replace(" ", "").split(",") if user]
    if len(users) > MOST_INVITED:
        raise ApiError("invalid_arguments")
    refused = {user: error for user in users if (error := _refusal(core, channel, user))}
    errors = [{"user": user, "ok": False, "error": error} for user, error in refused.items()]
    if errors and (not args.flag("force") or len(errors) == len(users)):
        raise ApiError(str(errors[0]["error"]), errors=errors)
    for user in dict.fromkeys(users):
        if user not in refused:
            channel_changes.join(core, channel, user, core.state.bot.id)
    return {"channel": core.shapes.channel(channel)} | ({"errors": errors} if errors else {})


def _refusal(core: Core, channel: Channel, user_id: str) -> str:
    """Why somebody cannot be invited, or an empty text."""
    user = core.state.users.get(user_id)
    if user is None:
        return "user_not_found"
    if user is core.state.bot:
        return "cant_invite_self"
    if user.is_deleted:
        return "cant_invite"
    return "already_in_channel" if user_id in channel.members else ""


@method("conversations.kick", *WRITE)
async def kick(core: Core, args: Arguments) -> dict[str, Any]:
    """Take somebody else out of a channel. Raises: ApiError cant_kick_self, user_not_found, not_in_channel."""
    channel = own_channel(core, args)
    user_id = args.needed("user", "user_not_found")
    if user_id == core.state.bot.id:
        raise ApiError("cant_kick_self")
    if user_id not in core.state.users:
        raise ApiError("user_not_found")
    if user_id not in channel.members:
        raise ApiError("not_in_channel")
    channel_changes.leave(core, channel, user_id, core.state.bot.id)
    return {"errors": {}}


@method("conversations.leave", *WRITE)
async def leave(core: Core, args: Arguments) -> dict[str, Any]:
    """Go out of a channel; where the app is not in it Slack says no, without an error. Raises: ApiError."""
    channel, bot_id = managed_channel(core, args), core.state.bot.id
    if channel.is_archived:
        raise ApiError("is_archived")
    if bot_id not in channel.members:
        return {"ok": False, "not_in_channel": True}
    if channel.members == [bot_id]:
        raise ApiError("last_member")
    channel_changes.leave(core, channel, bot_id, bot_id)
    return {}


@method("conversations.rename", *WRITE)
async def rename(core: Core, args: Arguments) -> dict[str, Any]:
    """Give a channel another name. Raises: ApiError invalid_name_..., name_taken."""
    channel = own_channel(core, args)
    channel_changes.rename(core, channel, channel_name(core, args), core.state.bot.id)
    return {"channel": core.shapes.channel(channel)}


@method("conversations.archive", *WRITE)
async def archive(core: Core, args: Arguments) -> dict[str, Any]:
    """Close a channel to all writing. Raises: ApiError already_archived, not_in_channel."""
    channel = managed_channel(core, args)
    if channel.is_archived:
        raise ApiError("already_archived")
    channel_changes.archive(core, own_channel(core, args), core.state.bot.id)
    return {}


@method("conversations.unarchive", *WRITE)
async def unarchive(core: Core, args: Arguments) -> dict[str, Any]:
    """Open an archived channel again. Raises: ApiError not_archived."""
    channel = managed_channel(core, args)
    if not channel.is_archived:
        raise ApiError("not_archived")
    channel_changes.unarchive(core, channel, core.state.bot.id)
    return {}


@method("conversations.setTopic", *WRITE, *TOPIC)
async def set_topic(core: Core, args: Arguments) -> dict[str, Any]:
    """Write a channel's topic; an empty one takes it away. Raises: ApiError too_long."""
    channel = own_channel(core, args, (*CHANNELS, "mpim"), "topic")
    channel_changes.set_topic(core, channel, _note(args, "topic"), core.state.bot.id)
    return {"channel": core.shapes.channel(channel)}


@method("conversations.setPurpose", *WRITE, *TOPIC)
async def set_purpose(core: Core, args: Arguments) -> dict[str, Any]:
    """Write a channel's purpose; an empty one takes it away. Raises: ApiError too_long."""
    channel = own_channel(core, args, (*CHANNELS, "mpim"), "topic")
    channel_changes.set_purpose(core, channel, _note(args, "purpose"), core.state.bot.id)
    return {"channel": core.shapes.channel(channel)}


def _note(args: Arguments, name: str) -> str:
    """Raises: ApiError invalid_arguments where it is not given at all, too_long."""
    if name not in args.values:
        raise ApiError("invalid_arguments")
    if len(args.text(name)) > NOTE_CHARS:
        raise ApiError("too_long")
    return args.text(name)


@method("conversations.close", *WRITE)
async def close(core: Core, args: Arguments) -> dict[str, Any]:
    """Put a direct conversation away until something is said in it; nothing is lost. Raises: ApiError."""
    channel = managed_channel(core, args, DIRECT)
    if channel.is_closed:
        return {"no_op": True, "already_closed": True}
    channel.is_closed = True
    return {}


@method("conversations.mark", *WRITE)
async def mark(core: Core, args: Arguments) -> dict[str, Any]:
    """Say how far the app has read. Raises: ApiError invalid_timestamp, not_in_channel."""
    channel = managed_channel(core, args, (*CHANNELS, *DIRECT))
    if core.state.bot.id not in channel.members:
        raise ApiError("not_in_channel")
    if not re.fullmatch(r"\d+\.\d{6}", args.text("ts")):
        raise ApiError("invalid_timestamp")
    channel.last_read = args.text("ts")
    return {}
