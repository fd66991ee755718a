"""assistant.threads.* and agents.sessions.*: the status line, suggested prompts, titles."""

from __future__ import annotations

from typing import Any

from bot.workspace.arguments import Arguments
from bot.workspace.core import Core
from bot.workspace.errors import ApiError
from bot.workspace.methods.places import joined_channel
from bot.workspace.methods.registry import method
from bot.workspace.state import Channel

SESSION_STATES = ("processing", "active", "suspended", "closed")


@method("assistant.threads.setStatus", "chat:write", "assistant:write")
async def set_status(core: Core, args: Arguments) -> dict[str, Any]:
    """Show a status line under a thread; an empty one takes it away. Raises: ApiError invalid_thread_ts."""
    channel = joined_channel(core, args, "channel_id")
    thread_ts = args.needed("thread_ts", "invalid_thread_ts")
    if thread_ts not in channel.messages:
        raise ApiError("invalid_thread_ts")
    if len(args.json("loading_messages") or []) > 10:
        raise ApiError("invalid_arguments")
    core.set_status(channel.id, thread_ts, args.text("status"))
    return {}


@method("assistant.threads.setTitle", "assistant:write")
async def set_title(core: Core, args: Arguments) -> dict[str, Any]:
    """Name a thread, or without one the conversation. Raises: ApiError invalid_arguments, invalid_thread_ts."""
    channel = joined_channel(core, args, "channel_id")
    core.set_title(channel, _optional_thread(channel, args), args.needed("title"))
    return {}


@method("assistant.threads.setSuggestedPrompts", "assistant:write")
async def set_prompts(core: Core, args: Arguments) -> dict[str, Any]:
    """Offer up to four prompts, ``[{"title": "Sum up", "message": "Sum up the lease"}]``, in a thread or, without
    one, in the whole conversation. Raises: ApiError."""
    channel = joined_channel(core, args, "channel_id")
    thread_ts = _optional_thread(channel, args)
    prompts = args.json("prompts")
    if not isinstance(prompts, list) or not all(_is_prompt(prompt) for prompt in prompts):
        raise ApiError("invalid_arguments")
    core.state.prompts[channel.id, thread_ts] = {"title": args.text("title"), "prompts": prompts[:4]}
    core.show_channel(channel)
    return {}


def _is_prompt(value: Any) -> bool:
    return isinstance(value, dict) and bool(value.get("title")) and bool(value.get("message"))


def _optional_thread(channel: Channel, args: Arguments) -> str:
    """The thread that a call names, or an empty text. Raises: ApiError invalid_thread_ts."""
    thread_ts = args.text("thread_ts")
    if thread_ts and thread_ts not in channel.messages:
        raise ApiError("invalid_thread_ts")
    return thread_ts


@method("agents.sessions.setStatus", "chat:write", "assistant:write")
async def set_session_status(core: Core, args: Arguments) -> dict[str, Any]:
    """Take a session's state; any but ``processing`` clears the thread's status line. Raises: ApiError."""
    channel = joined_channel(core, args, "channel_id")
    status = args.needed("status")
    if status not in SESSION_STATES:
        raise ApiError("invalid_arguments")
    if status != "processing" and args.text("thread_ts"):
        core.set_status(channel.id, args.text("thread_ts"), "")
    return {}


@method("agents.sessions.rename", "assistant:write")
async def rename_session(core: Core, args: Arguments) -> dict[str, Any]:
    """Name a session's thread. Raises: ApiError invalid_arguments without a title, invalid_thread_ts."""
    channel = joined_channel(core, args, "channel_id")
    core.set_title(channel, _optional_thread(channel, args), args.needed("title"))
    return {}
