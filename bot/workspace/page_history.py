"""Windows on what was said: a page opens with the newest messages, and asks for others as somebody scrolls."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import Any

from bot.workspace.actions import Actions
from bot.workspace.core import Core
from bot.workspace.errors import WorkspaceError
from bot.workspace.page_actions import Answer, page_action
from bot.workspace.state import Channel, Message, User

WINDOW_MESSAGES = 50


@dataclass(frozen=True, slots=True)
class Window:
    """Some of the messages of a list, and whether there are others before and after them."""

    messages: list[Message]
    has_older: bool
    has_newer: bool


def window(
    said: list[Message], *, before: str = "", after: str = "", around: str = "", since: str = "", until: str = ""
) -> Window:
    """The newest messages, or those next to a timestamp, or all from ``since`` to ``until``; ``said`` is in order."""
    start, end = 0, len(said)
    if before or not (after or around or since or until):
        end = bisect_left(said, before, key=_ts) if before else end
        start = max(0, end - WINDOW_MESSAGES)
    elif after:
        start = bisect_right(said, after, key=_ts)
        end = start + WINDOW_MESSAGES
    elif around:
        start = max(0, bisect_left(said, around, key=_ts) - WINDOW_MESSAGES // 2)
        end = start + WINDOW_MESSAGES
    else:
        start = bisect_left(said, since, key=_ts)
        end = bisect_right(said, until, key=_ts) if until else end
    return Window(said[start:end], start > 0, end < len(said))


def _ts(message: Message) -> str:
    return message.ts


def said_in(core: Core, channel: Channel, person_id: str, thread_ts: str = "") -> list[Message]:
    """What one person sees of a channel (no replies) or of a thread (no root), oldest first."""
    if thread_ts:
        said = list(core.state.replies(channel.id, thread_ts))
    else:
        said = [message for message in channel.messages.values() if message.is_in_channel]
    own = [m for m in core.state.ephemerals if m.channel == channel.id and m.ephemeral_to == person_id]
    return sorted(said + [m for m in own if (m.thread_ts or "") == thread_ts], key=_ts)


@page_action
async def history(actions: Actions, person: User, channel: str, thread_ts: str = "", **place: str) -> Answer:
    """A window on a channel or on a thread, a thread's with its root. Raises: WorkspaceError."""
    core = actions.core
    found = _channel(actions, person, channel)
    seen = window(said_in(core, found, person.id, thread_ts), **place)
    root = found.messages.get(thread_ts)
    messages = ([root] if root else []) + seen.messages
    return {
        "messages": [core.page_message(message) for message in messages],
        "has_older": seen.has_older,
        "has_newer": seen.has_newer,
    }


@page_action
async def find_message(actions: Actions, person: User, channel: str, ts: str) -> Answer:
    """In which thread a message stands, if in any. Raises: WorkspaceError."""
    message = _channel(actions, person, channel).messages.get(ts)
    if message is None:
        raise WorkspaceError("That message is not here any more.")
    has_replies = bool(actions.core.state.replies(channel, ts))
    return {"thread_ts": message.thread_ts or (ts if has_replies else "")}


@page_action
async def find_file(actions: Actions, person: User, file: str) -> Answer:
    """A file, and the first place where the person sees it. Raises: WorkspaceError."""
    core = actions.core
    found = core.state.files.get(file)
    if found is None or found.deleted or not core.state.is_file_visible(found, person.id):
        raise WorkspaceError("That file is not here any more, or you may not see it.")
    shares = [share for share in found.shares if person.id in core.state.channels[share.channel].members]
    place: dict[str, Any] = {"file": core.shapes.file(found)}
    if shares:
        place |= {"channel": shares[0].channel, "ts": shares[0].ts, "thread_ts": shares[0].thread_ts or ""}
    return place


def _channel(actions: Actions, person: User, channel: str) -> Channel:
    found = actions.core.state.channels.get(channel)
    if found is None or person.id not in found.members:
        raise WorkspaceError("That conversation is not here, or you are not in it.")
    return found
