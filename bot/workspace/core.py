"""Changes to the workspace, whoever makes them: state first, then the page, then the events.

The Web API (``methods``) and people's actions (``people``) both end here, so that a message looks the same
whether a test, a page or the app wrote it.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from bot.workspace.events import EventSender
from bot.workspace.faults import Faults
from bot.workspace.feed import Feed
from bot.workspace.interactions import Interactions
from bot.workspace.shapes import Json, Shapes
from bot.workspace.sockets import SocketHub
from bot.workspace.state import Channel, File, Message, State, User, View

STATUS_LASTS_S = 120.0


@dataclass(frozen=True, slots=True)
class Call:
    """One Web API call; ``arguments`` hold no token."""

    method: str
    arguments: dict[str, Any]
    error: str | None
    status: int
    at: float = field(default_factory=time.monotonic)


class Core:
    """The parts of one workspace and the changes that can be made to it."""

    def __init__(
        self,
        state: State,
        shapes: Shapes,
        hub: SocketHub,
        events: EventSender,
        feed: Feed,
        scopes: tuple[str, ...],
        stream_lasts_s: float,
    ) -> None:
        self.state = state
        self.shapes = shapes
        self.hub = hub
        self.events = events
        self.feed = feed
        self.scopes = scopes
        self.stream_lasts_s = stream_lasts_s
        self.faults = Faults()
        self.calls: list[Call] = []
        self.interactions = Interactions(state, shapes, events.verification_token)
        self.uploads: dict[str, File] = {}
        self.socket_url = ""

    def add_message(self, message: Message) -> Message:
        self.state.add_message(message)
        if message.is_bot:
            self.set_status(message.channel, message.thread_ts or message.ts, "")
        self.show(message)
        self._show_root(message)
        self.events.message_posted(message)
        return message

    def change_message(self, message: Message, previous: Json) -> None:
        self.show(message)
        self.events.message_changed(message, previous)

    def delete_message(self, message: Message) -> None:
        """Remove a message; a root with replies leaves a tombstone."""
        previous = self.shapes.message(message)
        if self.state.replies(message.channel, message.ts):
            self.state.drop_shares(message)
            message.tombstone, message.text = True, ""
            message.files, message.blocks, message.reactions = [], [], {}
            self.change_message(message, previous)
            return
        self.state.drop_message(message)
        self.hide(message)
        self._show_root(message)
        self.events.message_deleted(message, previous)

    def delete_file(self, file: File) -> None:
        """Remove a file's bytes; messages keep a marker in its place."""
        shares = list(file.shares)
        shown = [self.state.channels[share.channel].messages[share.ts] for share in shares]
        previous = [self.shapes.message(message) for message in shown]
        file.deleted, file.content = True, b""
        self.events.file_deleted(file, list(dict.fromkeys(share.channel for share in shares)))
        for message, before in zip(shown, previous, strict=True):
            self.change_message(message, before)

    def react(self, message: Message, user_id: str, emoji: str) -> None:
        message.reactions.setdefault(emoji, []).append(user_id)
        self.show(message)
        self.events.reaction("reaction_added", message, user_id, emoji)

    def unreact(self, message: Message, user_id: str, emoji: str) -> None:
        message.reactions[emoji].remove(user_id)
        if not message.reactions[emoji]:
            del message.reactions[emoji]
        self.show(message)
        self.events.reaction("reaction_removed", message, user_id, emoji)

    def add_ephemeral(self, message: Message) -> Message:
        self.state.ephemerals.append(message)
        self.show(message)
        return message

    def set_status(self, channel_id: str, thread_ts: str, status: str) -> None:
        """The line under a thread, "Inhouse is reading …"; an empty one takes it away."""
        key = (channel_id, thread_ts)
        if not status and key not in self.state.statuses:
            return
        if status:
            until = time.monotonic() + STATUS_LASTS_S
            self.state.statuses[key] = (status, until)
            asyncio.get_running_loop().call_later(STATUS_LASTS_S, self._expire_status, key, until)
        else:
            del self.state.statuses[key]
        change = {"type": "status", "channel": channel_id, "thread_ts": thread_ts, "status": status}
        self.feed.publish(change, self._audience(channel_id))

    def _expire_status(self, key: tuple[str, str], until: float) -> None:
        """Take a status away that was not renewed, as Slack does after two minutes."""
        if self.state.statuses.get(key, ("", 0.0))[1] == until:
            self.set_status(*key, "")

    def show(self, message: Message) -> None:
        """Put a message, new or changed, on every page that may see it."""
        audience = {message.ephemeral_to} if message.ephemeral_to else self._audience(message.channel)
        self.feed.publish({"type": "message", "message": self.page_message(message)}, audience)

    def hide(self, message: Message) -> None:
        change = {"type": "gone", "channel": message.channel, "ts": message.ts}
        audience = {message.ephemeral_to} if message.ephemeral_to else self._audience(message.channel)
        self.feed.publish(change, audience)

    def show_channel(self, channel: Channel) -> None:
        """A channel is new or its members changed: every page asks for everything again."""
        self.feed.publish({"type": "reload"})

    def show_view(self, view: View) -> None:
        self.feed.publish({"type": "view", "view": self.page_view(view)}, {view.user})

    def page_message(self, message: Message) -> Json:
        extra = {
            "channel": message.channel,
            "streaming": message.streaming and not message.stopped_by_user,
            "ephemeral": bool(message.ephemeral_to),
        }
        return self.shapes.message(message) | extra

    def page_view(self, view: View) -> Json:
        return view.body | {"id": view.id, "hash": view.hash}

    def _show_root(self, message: Message) -> None:
        """A reply changes the count under its root."""
        if message.is_reply and message.thread_ts:
            root = self.state.channels[message.channel].messages.get(message.thread_ts)
            if root:
                self.show(root)

    def _audience(self, channel_id: str) -> set[str]:
        return set(self.state.channels[channel_id].members)

    def find_user(self, name: str) -> str | None:
        """The id behind ``@name`` (user name, or first name) or behind an id."""
        if name in self.state.users:
            return name
        lower = name.lower()
        return next((u.id for u in self.state.users.values() if lower in self._names(u)), None)

    @staticmethod
    def _names(user: User) -> tuple[str, ...]:
        return (user.name.lower(), user.real_name.lower(), user.real_name.split()[0].lower())
