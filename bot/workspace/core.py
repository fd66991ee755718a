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
from bot.workspace.inputs import with_current
from bot.workspace.interactions import Interactions
from bot.workspace.shapes import Json, Shapes
from bot.workspace.sockets import SocketHub
from bot.workspace.state import CHAT_ROOT, Channel, File, Message, Pin, State, User, View
from bot.workspace.tiers import Tiers

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
        events.scopes = scopes
        shapes.shows_email = "users:read.email" in scopes
        self.stream_lasts_s = stream_lasts_s
        self.faults = Faults()
        self.tiers = Tiers()
        hub.standing = self.faults.standing
        self.calls: list[Call] = []
        self.interactions = Interactions(state, shapes, events.verification_token)
        self.uploads: dict[str, File] = {}
        self.is_installed = True
        self.socket_url = ""

    def add_message(self, message: Message) -> Message:
        self.state.add_message(message)
        self.state.channels[message.channel].is_closed = False
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
        previous, files = self.shapes.message(message), message.files
        if self.state.replies(message.channel, message.ts):
            self.state.drop_shares(message)
            self.state.channels[message.channel].pins.pop(message.ts, None)
            message.tombstone, message.text = True, ""
            message.files, message.blocks, message.reactions = [], [], {}
            self.change_message(message, previous)
        else:
            self.forget_message(message)
            self.events.message_deleted(message, previous)
        for file in files:
            if not file.deleted and all(share.channel != message.channel for share in file.shares):
                self.events.file_unshared(file, message.channel)

    def forget_message(self, message: Message) -> None:
        """Remove a message without telling the app."""
        self.state.drop_message(message)
        self.hide(message)
        self._show_root(message)

    def forget_file(self, file: File) -> None:
        """Remove a file without telling the app; messages keep a marker in its place."""
        file.deleted, file.content = True, b""
        self.state.files.pop(file.id, None)
        for share in file.shares:
            self.show(self.state.channels[share.channel].messages[share.ts])

    def delete_channel(self, channel: Channel, actor_id: str) -> None:
        """Remove a channel with everything in it."""
        was_heard = self.state.is_bot_in(channel.id)
        self.state.drop_channel(channel)
        self.show_channel(channel)
        if was_heard or channel.kind == "channel":
            self.events.channel_deleted(channel, actor_id)

    def uninstall(self) -> None:
        """The app is taken out of the workspace: two last events, then silence and dead tokens."""
        self.events.uninstalled()
        self.is_installed = False
        for channel in self.state.channels.values():
            if channel.kind != "im" and self.state.bot.id in channel.members:
                channel.members.remove(self.state.bot.id)
        self.feed.publish({"type": "reload"})

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

    def pin(self, message: Message, user_id: str) -> None:
        """Pin a message to its channel."""
        pin = Pin(user_id, int(time.time()))
        self.state.channels[message.channel].pins[message.ts] = pin
        self.events.pin_changed("pin_added", message, user_id, pin)

    def unpin(self, message: Message, user_id: str) -> None:
        pin = self.state.channels[message.channel].pins.pop(message.ts)
        self.events.pin_changed("pin_removed", message, user_id, pin)

    def add_ephemeral(self, message: Message) -> Message:
        """Show one person something; in a thread that nobody has replied in Slack takes it and shows nothing."""
        if message.is_bot and message.thread_ts and not self.state.replies(message.channel, message.thread_ts):
            self.state.unshown.append(message)
            return message
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
        if not self.feed.subscribers:  # nobody looks: spare the work, which grows with the thread
            self.feed.touch()
            return
        audience = {message.ephemeral_to} if message.ephemeral_to else self._audience(message.channel)
        self.feed.publish({"type": "message", "message": self.page_message(message)}, audience)

    def hide(self, message: Message) -> None:
        change = {"type": "gone", "channel": message.channel, "ts": message.ts}
        audience = {message.ephemeral_to} if message.ephemeral_to else self._audience(message.channel)
        self.feed.publish(change, audience)

    def set_title(self, channel: Channel, thread_ts: str, title: str) -> None:
        """The name of a thread with the app; an empty ``thread_ts`` means the whole conversation."""
        self.state.titles[channel.id, thread_ts] = title
        root = channel.messages.get(thread_ts)
        if root and root.subtype == CHAT_ROOT:
            previous = self.shapes.message(root)
            root.text, root.edited_ts = title, self.state.next_ts()
            self.events.message_changed(root, previous)
        self.show_channel(channel)

    def show_channel(self, channel: Channel) -> None:
        """A channel is new, changed or gone: every page asks for everything again."""
        self.feed.publish({"type": "reload"})

    def show_view(self, view: View) -> None:
        self.feed.publish({"type": "view", "view": self.page_view(view)}, {view.user})

    def stack(self, user_id: str) -> list[View]:
        """The modals that a person has open, the one on top last."""
        return [view for view in self.state.modals.values() if view.user == user_id]

    def close_modal(self, view: View, *, with_stack: bool = False) -> None:
        """Take a modal off the stack, or with all below it; what is then on top is shown again."""
        below = self.state.modals.get(view.previous_id or "")
        self.state.modals.pop(view.id, None)
        self.feed.publish({"type": "closed", "view": view.id}, {view.user})
        if below and with_stack:
            self.close_modal(below, with_stack=True)
        elif below:
            self.show_view(below)

    def page_message(self, message: Message) -> Json:
        extra = {
            "user": message.user,
            "channel": message.channel,
            "streaming": message.streaming and not message.stopped_by_user,
            "ephemeral": bool(message.ephemeral_to),
        }
        files = {"files": [self.shapes.file(file) for file in message.files]} if message.files else {}
        body = self.shapes.message(message) | extra | files
        body.pop("blocks", None)  # the page draws a text itself, without the blocks that Slack makes of it
        return body | ({"blocks": with_current(message.blocks, message.channel)} if message.blocks else {})

    def page_view(self, view: View) -> Json:
        blocks = with_current(view.body["blocks"], view.channel)
        return view.body | {"id": view.id, "hash": view.hash, "blocks": blocks}

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
