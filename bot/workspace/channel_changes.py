"""What befalls a channel, whoever does it: it is made, joined, left, renamed, archived, described.

Each change ends in the line that Slack itself writes into the channel and in the event that apps hear.
Source: docs.slack.dev on the subtypes of messages, and the recorded events of java-slack-sdk.
"""

from __future__ import annotations

import time
from typing import Any

from bot.workspace.core import Core
from bot.workspace.state import Channel, Kind, Message, Note, new_id


def create(core: Core, name: str, kind: Kind, members: list[str]) -> Channel:
    """A new channel, made by its first member."""
    channel = core.state.add_channel(name, kind, members, members[0])
    core.show_channel(channel)
    core.events.channel_created(channel)
    return channel


def join(core: Core, channel: Channel, user_id: str, inviter: str | None = None) -> None:
    """Somebody, or the bot, comes into a channel, by invitation or not."""
    if user_id not in channel.members:
        channel.members.append(user_id)
    core.show_channel(channel)
    if core.state.is_bot_in(channel.id):
        core.events.member_moved("member_joined_channel", channel, user_id, inviter)
    details = {"inviter": inviter} if inviter else {}
    _line(core, channel, user_id, "join", f"<@{user_id}> has joined the channel", **details)


def leave(core: Core, channel: Channel, user_id: str, actor_id: str) -> None:
    """Somebody, or the bot, leaves a channel or is removed from it by ``actor_id``."""
    was_heard = core.state.is_bot_in(channel.id)
    channel.members.remove(user_id)
    core.show_channel(channel)
    if was_heard:
        core.events.member_moved("member_left_channel", channel, user_id)
    if user_id == core.state.bot.id:
        core.events.bot_removed(channel, actor_id)
    _line(core, channel, user_id, "leave", f"<@{user_id}> has left the channel")


def rename(core: Core, channel: Channel, name: str, user_id: str) -> None:
    """Somebody gives a channel another name."""
    old, channel.name = channel.name, name
    channel.previous_names = [old, *(earlier for earlier in channel.previous_names if earlier not in (old, name))]
    core.show_channel(channel)
    text = f'<@{user_id}> has renamed the channel from "{old}" to "{name}"'
    _line(core, channel, user_id, "name", text, old_name=old, name=name)
    core.events.channel_renamed(channel)


def archive(core: Core, channel: Channel, user_id: str) -> None:
    """Somebody archives a channel: it can be read, and nobody can write in it."""
    _line(core, channel, user_id, "archive", f"<@{user_id}> archived the channel")
    channel.is_archived = True
    core.show_channel(channel)
    core.events.channel_archived(channel, user_id)


def unarchive(core: Core, channel: Channel, user_id: str) -> None:
    """Somebody takes a channel out of the archive."""
    channel.is_archived = False
    core.show_channel(channel)
    _line(core, channel, user_id, "unarchive", f"<@{user_id}> un-archived the channel")
    core.events.channel_unarchived(channel, user_id)


def set_topic(core: Core, channel: Channel, value: str, user_id: str) -> None:
    """Somebody writes a channel's topic, or with an empty text takes it away."""
    channel.topic = Note(value, user_id, int(time.time()))
    core.show_channel(channel)
    done = f"set the channel topic: {value}" if value else "cleared the channel topic"
    _line(core, channel, user_id, "topic", f"<@{user_id}> {done}", topic=value)


def set_purpose(core: Core, channel: Channel, value: str, user_id: str) -> None:
    """Somebody writes a channel's purpose, or with an empty text takes it away."""
    channel.purpose = Note(value, user_id, int(time.time()))
    core.show_channel(channel)
    done = f"set the channel purpose: {value}" if value else "cleared the channel purpose"
    _line(core, channel, user_id, "purpose", f"<@{user_id}> {done}", purpose=value)


def change_id(core: Core, channel: Channel) -> None:
    """Slack moves a channel, as it may when one is shared or made private: all that was said keeps its ts."""
    old = channel.id
    core.state.rekey_channel(channel, new_id(old[0]))
    core.show_channel(channel)
    core.events.channel_id_changed(channel, old)


def _line(core: Core, channel: Channel, user_id: str, what: str, text: str, **details: Any) -> None:
    """A line such as "<@U1> has joined the channel", which in private channels has another subtype."""
    prefix = "channel" if channel.kind == "channel" else "group"
    message = Message(channel.id, core.state.next_ts(), user_id, text, subtype=f"{prefix}_{what}", details=details)
    core.add_message(message)
