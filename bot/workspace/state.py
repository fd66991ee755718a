"""People, conversations, messages and files, in memory.

Knows nothing of HTTP, sockets or JSON: ``shapes`` turns these values into Slack's JSON, ``core`` changes
them and tells everybody. Ids are random, because an app may remember ids from an earlier run.
"""

from __future__ import annotations

import mimetypes
import secrets
import string
import time
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from bot.workspace.errors import ApiError, WorkspaceError
from bot.workspace.live_parts import live_parts

T = TypeVar("T")
Kind = Literal["channel", "group", "im", "mpim"]
CHAT_ROOT = "assistant_app_thread"  # the subtype of the message that Slack begins a chat with the app with
ALPHABET = string.ascii_uppercase + string.digits


def new_id(prefix: str) -> str:
    """An id of Slack's look, such as ``C0A1B2C3D4E``."""
    return prefix + "0" + "".join(secrets.choice(ALPHABET) for _ in range(9))


@dataclass(slots=True)
class User:
    """A person or a bot; ``team_id`` of another workspace marks somebody from outside."""

    id: str
    name: str
    real_name: str
    team_id: str
    is_admin: bool = False
    is_guest: bool = False
    is_bot: bool = False
    is_deleted: bool = False
    locale: str = "en-US"
    email: str = ""
    title: str = ""
    status_text: str = ""
    status_emoji: str = ""
    updated: int = 0


@dataclass(slots=True)
class Share:
    """One place where a file was shared."""

    channel: str
    ts: str
    thread_ts: str | None


@dataclass(slots=True)
class File:
    """A file with its bytes; ``deleted`` keeps the id known but nothing else."""

    id: str
    name: str
    title: str
    content: bytes
    user: str
    created: int
    mimetype: str
    filetype: str
    shares: list[Share] = field(default_factory=list)
    deleted: bool = False

    @property
    def size_bytes(self) -> int:
        return len(self.content)


@dataclass(slots=True)
class Message:
    """One message; ``ts`` is its id within the channel and its place in time.

    ``ephemeral_to`` names the only person who sees it. ``parse`` and ``link_names`` are what the app said of
    its text, ``may_unfurl`` whether it left Slack free to fetch the addresses in it; ``attachments`` are the
    previews that came of that. ``details`` are the keys that only some messages have, such as the ``inviter`` of
    somebody who joined. ``streaming`` holds from chat.startStream to
    chat.stopStream, also after somebody pressed stop (``stopped_by_user``). ``tombstone`` marks a
    deleted root whose replies stay.
    """

    channel: str
    ts: str
    user: str
    text: str
    blocks: list[dict[str, Any]] = field(default_factory=list)
    thread_ts: str | None = None
    files: list[File] = field(default_factory=list)
    is_bot: bool = False
    client_msg_id: str = ""
    edited_ts: str | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)
    metadata: dict[str, Any] | None = None
    subtype: str | None = None
    ephemeral_to: str | None = None
    streaming: bool = False
    stream_started: float = 0.0
    stopped_by_user: bool = False
    tombstone: bool = False
    parse: str = ""
    link_names: bool = False
    may_unfurl: bool = True
    attachments: list[dict[str, Any]] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def is_reply(self) -> bool:
        return self.thread_ts is not None and self.thread_ts != self.ts

    @property
    def is_in_channel(self) -> bool:
        """Whether it stands in the channel itself, as a reply does only where its author wanted that too."""
        return not self.is_reply or self.subtype == "thread_broadcast"

    @property
    def would_unfurl(self) -> bool:
        """Whether Slack would fetch an address in it to show a preview, as far as the app's arguments go."""
        parts = live_parts(self)
        return self.may_unfurl and not self.ephemeral_to and bool(parts.links or parts.images)


@dataclass(slots=True)
class Note:
    """A channel's topic or purpose, and who wrote it when."""

    value: str = ""
    creator: str = ""
    last_set: int = 0


@dataclass(frozen=True, slots=True)
class Pin:
    """Who pinned a message to its channel, and when."""

    user: str
    created: int


@dataclass(slots=True)
class Channel:
    """A conversation of any kind; ``messages`` is in order of time, replies included.

    ``pins`` are by the ts of the message, ``bookmarks`` by their ids and as the app is told of them.
    ``last_read`` and ``is_closed`` are what the app said of it with conversations.mark and conversations.close.
    ``shared_with`` are the other workspaces that it is shared with through Slack Connect, ``asked_outside`` those
    that were invited and have not come yet.
    """

    id: str
    name: str
    kind: Kind
    members: list[str]
    creator: str
    created: int
    messages: dict[str, Message] = field(default_factory=dict)
    replies: dict[str, list[Message]] = field(default_factory=dict)
    is_archived: bool = False
    shared_with: list[str] = field(default_factory=list)
    asked_outside: list[str] = field(default_factory=list)
    topic: Note = field(default_factory=Note)
    purpose: Note = field(default_factory=Note)
    previous_names: list[str] = field(default_factory=list)
    last_read: str = ""
    is_closed: bool = False
    pins: dict[str, Pin] = field(default_factory=dict)
    bookmarks: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def is_ext_shared(self) -> bool:
        return bool(self.shared_with)


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A message of the app that is posted later, at ``post_at`` (seconds since 1970)."""

    id: str
    message: Message
    post_at: int
    created: int


@dataclass(slots=True)
class View:
    """A modal or an app home as the app gave it; ``channel`` is where a modal was asked for, if anywhere."""

    id: str
    user: str
    body: dict[str, Any]
    root_id: str
    previous_id: str | None = None
    hash: str = ""
    channel: str = ""


def _moved(table: dict[tuple[str, str], T], old: str, new: str) -> dict[tuple[str, str], T]:
    """A table whose keys begin with a channel's id, after that has changed."""
    return {(new if place == old else place, thread): value for (place, thread), value in table.items()}


class State:
    """Everything that the workspace holds."""

    def __init__(self, team_name: str, bot_name: str) -> None:
        self.team_id = new_id("T")
        self.team_name = team_name
        self.app_id = new_id("A")
        self.bot_id = new_id("B")
        self.started = int(time.time())
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, File] = {}
        self.ephemerals: list[Message] = []
        self.unshown: list[Message] = []
        self.statuses: dict[tuple[str, str], tuple[str, float]] = {}
        self.prompts: dict[tuple[str, str], dict[str, Any]] = {}
        self.looking_at: dict[str, str] = {}
        self.chats: dict[str, str] = {}  # which chat with the app each person has open
        self.titles: dict[tuple[str, str], str] = {}
        self.emoji: dict[str, str] = {}
        self.scheduled: dict[str, Scheduled] = {}
        self.modals: dict[str, View] = {}
        self.homes: dict[str, View] = {}
        self._last_us = 0
        self.bot = self.add_user(bot_name.lower(), real_name=bot_name, is_bot=True)

    def next_ts(self) -> str:
        """A timestamp that is unique here and never goes back, as ``1763851234.000100``."""
        self._last_us = max(self._last_us + 1, time.time_ns() // 1000)
        return f"{self._last_us // 1_000_000}.{self._last_us % 1_000_000:06d}"

    def add_user(self, name: str, *, real_name: str | None = None, team_id: str | None = None, **marks: Any) -> User:
        user = User(new_id("U"), name, real_name or name.title(), team_id or self.team_id, **marks)
        user.updated = int(time.time())
        self.users[user.id] = user
        return user

    def add_channel(self, name: str, kind: Kind, members: list[str], creator: str) -> Channel:
        prefix = {"channel": "C", "group": "C", "im": "D", "mpim": "G"}[kind]
        channel = Channel(new_id(prefix), name, kind, list(dict.fromkeys(members)), creator, int(time.time()))
        self.channels[channel.id] = channel
        return channel

    def add_file(self, name: str, content: bytes, user: str, *, title: str | None = None) -> File:
        mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
        filetype = name.rpartition(".")[2].lower() if "." in name else "binary"
        file = File(new_id("F"), name, title or name, content, user, int(time.time()), mimetype, filetype)
        self.files[file.id] = file
        return file

    def add_message(self, message: Message) -> None:
        """Store a message and note where its files are now shared."""
        channel = self.channels[message.channel]
        channel.messages[message.ts] = message
        if message.is_reply and message.thread_ts is not None:
            channel.replies.setdefault(message.thread_ts, []).append(message)
        for file in message.files:
            file.shares.append(Share(message.channel, message.ts, message.thread_ts))

    def drop_message(self, message: Message) -> None:
        """Forget a message and its shares; its files stay, as in Slack."""
        channel = self.channels[message.channel]
        channel.messages.pop(message.ts, None)
        channel.pins.pop(message.ts, None)
        if message.is_reply and message.thread_ts is not None:
            channel.replies[message.thread_ts].remove(message)
        self.drop_shares(message)

    def drop_shares(self, message: Message) -> None:
        place = (message.channel, message.ts)
        for file in message.files:
            file.shares = [share for share in file.shares if (share.channel, share.ts) != place]

    def drop_channel(self, channel: Channel) -> None:
        """Forget a channel with all that stands in it; files shared elsewhere stay there."""
        for message in channel.messages.values():
            self.drop_shares(message)
        self.ephemerals = [message for message in self.ephemerals if message.channel != channel.id]
        self.statuses = {key: status for key, status in self.statuses.items() if key[0] != channel.id}
        self.titles = {key: title for key, title in self.titles.items() if key[0] != channel.id}
        self.prompts = {key: prompts for key, prompts in self.prompts.items() if key[0] != channel.id}
        del self.channels[channel.id]

    def rekey_channel(self, channel: Channel, new: str) -> None:
        """Give a channel another id, wherever it is named."""
        old = channel.id
        self.channels = {new if key == old else key: place for key, place in self.channels.items()}
        channel.id = new
        for message in [*channel.messages.values(), *self.ephemerals]:
            message.channel = new if message.channel == old else message.channel
        for share in (share for file in self.files.values() for share in file.shares):
            share.channel = new if share.channel == old else share.channel
        self.looking_at = {user: new if place == old else place for user, place in self.looking_at.items()}
        self.statuses = _moved(self.statuses, old, new)
        self.titles = _moved(self.titles, old, new)
        self.prompts = _moved(self.prompts, old, new)

    def replies(self, channel_id: str, thread_ts: str) -> list[Message]:
        return self.channels[channel_id].replies.get(thread_ts, [])

    def is_bot_in(self, channel_id: str) -> bool:
        return self.bot.id in self.channels[channel_id].members

    def direct_channel(self, user_id: str) -> Channel | None:
        """The conversation between a person and the bot, if it was ever opened."""
        pair = {user_id, self.bot.id}
        return next((c for c in self.channels.values() if c.kind == "im" and set(c.members) == pair), None)

    def user_named(self, who: User | str) -> User:
        """A user by value, id or name. Raises: WorkspaceError."""
        if isinstance(who, User):
            return who
        found = self.users.get(who) or next((u for u in self.users.values() if u.name == who.lower()), None)
        if found is None:
            raise WorkspaceError(f"There is nobody called {who} in this workspace.")
        return found

    def channel_named(self, where: Channel | str) -> Channel:
        """A channel by value, id or name (with or without #). Raises: WorkspaceError."""
        if isinstance(where, Channel):
            return where
        name = where.removeprefix("#")
        found = self.channels.get(where) or next((c for c in self.channels.values() if c.name == name), None)
        if found is None:
            raise WorkspaceError(f"There is no channel called {where} in this workspace.")
        return found

    def visible_to_bot(self, channel_id: str) -> Channel:
        """A channel that the app may know of. Raises: ApiError channel_not_found."""
        channel = self.channels.get(channel_id)
        if channel is None or (channel.kind != "channel" and self.bot.id not in channel.members):
            raise ApiError("channel_not_found")
        return channel

    def file_for_bot(self, file_id: str) -> File:
        """A file that the app may see. Raises: ApiError file_not_found, file_deleted."""
        file = self.files.get(file_id)
        if file is None or not self.is_file_visible(file, self.bot.id):
            raise ApiError("file_not_found")
        if file.deleted:
            raise ApiError("file_deleted")
        return file

    def is_outsider(self, user_id: str) -> bool:
        """Whether somebody belongs to another workspace."""
        user = self.users.get(user_id)
        return user is not None and user.team_id != self.team_id

    def is_file_visible(self, file: File, user_id: str) -> bool:
        return file.user == user_id or any(user_id in self.channels[s.channel].members for s in file.shares)
