"""Events as Slack sends them to an app.

Pure builders plus ``EventSender``, which keeps to the subscription list, wraps each event and hands it to the
sockets. Knows who gets what: an app hears of public channels, and of what is said where its bot is, as far as its
scopes go.
Source: recorded payloads of java-slack-sdk, facts on order and doubles in docs of bolt-python issues.
"""

from __future__ import annotations

import html
import re
import secrets
import time
from typing import Any
from urllib.parse import urlsplit

from bot.workspace.event_scopes import may_receive
from bot.workspace.shapes import Json, Shapes
from bot.workspace.sockets import Envelope, SocketHub
from bot.workspace.state import Channel, File, Message, Pin, State, User, new_id

# The events of the manifest; other apps pass their own.
DEFAULT_EVENTS = frozenset(
    "agent_session_stopped app_context_changed app_home_opened app_mention app_uninstalled channel_archive "
    "channel_deleted channel_id_changed channel_left channel_rename channel_shared channel_unshared file_change "
    "file_deleted file_shared file_unshared group_deleted group_left member_joined_channel member_left_channel "
    "message.channels message.groups message.im message.mpim tokens_revoked".split()
)
# Of an app of the assistant kind alone, whose chats are threads that Slack begins.
CHAT_EVENTS = frozenset({"assistant_thread_context_changed", "assistant_thread_started"})
# What this can send at all; `send` refuses any other.
SENT = (
    DEFAULT_EVENTS
    | CHAT_EVENTS
    | frozenset(
        "channel_created channel_unarchive emoji_changed file_created file_public group_archive group_rename "
        "group_unarchive link_shared pin_added pin_removed reaction_added reaction_removed team_join user_change "
        "user_profile_changed user_status_changed".split()
    )
)
# Messages whose events do not name the workspace, as recorded.
TEAMLESS = frozenset("file_share thread_broadcast channel_topic channel_purpose group_topic group_purpose".split())
LINK = re.compile(r"<(https?://[^|>\s]+)")
MESSAGE_KINDS = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}


class EventSender:
    """Builds, filters, wraps and sends events; remembers them so that one can be sent twice."""

    def __init__(self, state: State, shapes: Shapes, hub: SocketHub, subscribed: frozenset[str]) -> None:
        self.state = state
        self.shapes = shapes
        self.hub = hub
        self.subscribed = subscribed
        self.domains: tuple[str, ...] = ()
        self.scopes: tuple[str, ...] = ()
        self.sent: dict[str, Json] = {}
        self.is_open = True
        self.verification_token = secrets.token_hex(12)

    def message_posted(self, message: Message) -> None:
        """All events of a new message: message, app_mention beside it, file_shared for each file."""
        channel = self.state.channels[message.channel]
        if not self._is_heard(channel):
            return
        self._mention(message, channel)
        event = self.shapes.message(message) | self._place(message, channel)
        if message.files and not message.is_bot:
            event |= {"subtype": "file_share", "display_as_bot": False}
        if event.get("subtype") in TEAMLESS:
            event.pop("team", None)
        self._send_message(event, channel)
        self._link_shared(message, channel)
        for file in message.files:
            self._file_first_seen(file, channel)
            self._file_shared(file, message)

    def _mention(self, message: Message, channel: Channel) -> None:
        is_named = f"<@{self.state.bot.id}>" in message.text
        is_said = message.subtype in (None, "thread_broadcast")  # the line that a bot has joined names it too
        if not is_named or message.is_bot or not is_said or channel.kind == "im":
            return
        event = self.shapes.message(message) | {"type": "app_mention", "channel": channel.id}
        self.send("app_mention", event | {"event_ts": message.edited_ts or message.ts})

    def _link_shared(self, message: Message, channel: Channel) -> None:
        """The addresses of a person's message that are in the app's domains, for chat.unfurl."""
        urls = [html.unescape(url) for url in LINK.findall(message.text)]
        links = [{"url": url, "domain": domain} for url in dict.fromkeys(urls) if (domain := self._domain(url))]
        if message.is_bot or not links:
            return
        event: Json = {"type": "link_shared", "channel": channel.id, "user": message.user, "message_ts": message.ts}
        event |= {"links": links, "is_bot_user_member": True, "source": "conversations_history"}
        event |= {"thread_ts": message.thread_ts} if message.thread_ts else {}
        event["unfurl_id"] = f"{channel.id}.{message.ts}.{secrets.token_hex(16)}"
        self.send("link_shared", event | {"event_ts": self.state.next_ts()})

    def _domain(self, url: str) -> str:
        """The one of the app's domains that an address is in, or an empty text."""
        try:
            host = urlsplit(url).hostname or ""
        except ValueError:  # "https://[x", which people may well write
            return ""
        return next((domain for domain in self.domains if f".{host}".endswith(f".{domain}")), "")

    def _file_first_seen(self, file: File, channel: Channel) -> None:
        """file_created with a file's first share, file_public with its first one in a public channel."""
        public = [share for share in file.shares if self.state.channels[share.channel].kind == "channel"]
        is_new = {"file_created": len(file.shares) == 1, "file_public": channel.kind == "channel" and len(public) == 1}
        for name in (name for name, first in is_new.items() if first):
            event: Json = {"type": name, "file_id": file.id, "user_id": file.user, "file": {"id": file.id}}
            self.send(name, event | {"event_ts": self.state.next_ts()})

    def _file_shared(self, file: File, message: Message) -> None:
        event: Json = {"file_id": file.id, "user_id": file.user, "file": {"id": file.id}}
        event |= {"type": "file_shared", "channel_id": message.channel, "event_ts": self.state.next_ts()}
        self.send("file_shared", event)

    def message_changed(self, message: Message, previous: Json) -> None:
        """An edit, a finished stream or a tombstone; a mention that was edited in counts as one."""
        channel = self.state.channels[message.channel]
        if not self._is_heard(channel):
            return
        named = f"<@{self.state.bot.id}>"
        if named not in previous.get("text", "") and not message.tombstone:
            self._mention(message, channel)
        now = self.state.next_ts()
        self._send_message(
            {
                "type": "message",
                "subtype": "message_changed",
                "hidden": True,
                "message": self.shapes.message(message),
                "previous_message": previous,
                "ts": now,
                "event_ts": now,
            },
            channel,
        )

    def message_deleted(self, message: Message, previous: Json) -> None:
        channel = self.state.channels[message.channel]
        if not self._is_heard(channel):
            return
        now = self.state.next_ts()
        event: Json = {"type": "message", "subtype": "message_deleted", "hidden": True, "ts": now, "event_ts": now}
        self._send_message(event | {"deleted_ts": message.ts, "previous_message": previous}, channel)

    def file_deleted(self, file: File, channel_ids: list[str]) -> None:
        event: Json = {"type": "file_deleted", "file_id": file.id, "event_ts": self.state.next_ts()}
        self.send("file_deleted", event | {"channel_ids": channel_ids})

    def file_unshared(self, file: File, channel_id: str) -> None:
        """The last message that held a file in a channel is gone; the file itself is not."""
        if not self._is_heard(self.state.channels[channel_id]):
            return
        event: Json = {"type": "file_unshared", "file_id": file.id, "user_id": file.user, "file": {"id": file.id}}
        self.send("file_unshared", event | {"channel_id": channel_id, "event_ts": self.state.next_ts()})

    def file_changed(self, file: File) -> None:
        self.send("file_change", {"type": "file_change", "file_id": file.id, "file": {"id": file.id}})

    def member_moved(self, name: str, channel: Channel, user_id: str, inviter: str | None = None) -> None:
        """member_joined_channel or member_left_channel."""
        event: Json = {"type": name, "user": user_id, "channel": channel.id, "team": self.state.team_id}
        event |= {"channel_type": "C" if channel.kind == "channel" else "G", "event_ts": self.state.next_ts()}
        self.send(name, event | ({"inviter": inviter} if inviter else {}))

    def bot_removed(self, channel: Channel, actor_id: str) -> None:
        """channel_left or group_left: the app itself was taken out."""
        name = "channel_left" if channel.kind == "channel" else "group_left"
        event: Json = {"type": name, "channel": channel.id, "actor_id": actor_id}
        self.send(name, event | {"event_ts": self.state.next_ts()})

    def channel_deleted(self, channel: Channel, actor_id: str) -> None:
        """channel_deleted or group_deleted, of a channel that is gone already."""
        name = "channel_deleted" if channel.kind == "channel" else "group_deleted"
        event: Json = {"type": name, "channel": channel.id, "actor_id": actor_id, "event_ts": self.state.next_ts()}
        self.send(name, event | ({"date_deleted": int(time.time())} if name == "group_deleted" else {}))

    def channel_created(self, channel: Channel) -> None:
        """channel_created, which private channels do not have."""
        if channel.kind == "channel":
            body = self.shapes.channel(channel)
            body.pop("is_member")
            self._channel_event("channel_created", channel, {"channel": body})

    def channel_renamed(self, channel: Channel) -> None:
        """channel_rename or group_rename."""
        body = self.shapes.channel(channel)
        named = {key: body[key] for key in ("id", "is_channel", "is_mpim", "name", "name_normalized", "created")}
        self._channel_event(f"{_prefix(channel)}_rename", channel, {"channel": named})

    def channel_archived(self, channel: Channel, user_id: str) -> None:
        """channel_archive or group_archive."""
        what = {"channel": channel.id, "user": user_id, "is_moved": 0}
        self._channel_event(f"{_prefix(channel)}_archive", channel, what)

    def channel_unarchived(self, channel: Channel, user_id: str) -> None:
        """channel_unarchive or group_unarchive, which name who did it differently."""
        actor = "user" if channel.kind == "channel" else "actor_id"
        self._channel_event(f"{_prefix(channel)}_unarchive", channel, {"channel": channel.id, actor: user_id})

    def channel_id_changed(self, channel: Channel, old_id: str) -> None:
        what = {"old_channel_id": old_id, "new_channel_id": channel.id}
        self._channel_event("channel_id_changed", channel, what)

    def _channel_event(self, name: str, channel: Channel, what: Json) -> None:
        """What befalls a channel: every app hears it of public ones, of private ones whoever is in them."""
        if channel.kind == "channel" or self._is_heard(channel):
            self.send(name, {"type": name} | what | {"event_ts": self.state.next_ts()})

    def channel_shared(self, channel: Channel, team_id: str) -> None:
        event: Json = {"type": "channel_shared", "connected_team_id": team_id, "channel": channel.id}
        self.send("channel_shared", event | {"event_ts": self.state.next_ts()})

    def channel_unshared(self, channel: Channel, team_id: str) -> None:
        event: Json = {"type": "channel_unshared", "previously_connected_team_id": team_id, "channel": channel.id}
        event |= {"is_ext_shared": channel.is_ext_shared, "event_ts": self.state.next_ts()}
        self.send("channel_unshared", event)

    def user_joined(self, user: User) -> None:
        """team_join, of somebody new in this workspace."""
        if not self.state.is_outsider(user.id):
            self.send("team_join", {"type": "team_join", "user": self._with_locale(user)})

    def user_changed(self, user: User, *also: str) -> None:
        """user_change, and under other names the part that changed, such as user_status_changed."""
        for name in ("user_change", *also):
            event = {"type": name, "user": self._with_locale(user), "cache_ts": user.updated}
            self.send(name, event | {"event_ts": self.state.next_ts()})

    def _with_locale(self, user: User) -> Json:
        return self.shapes.user(user) | {"locale": user.locale}

    def emoji_changed(self, subtype: str, **what: Any) -> None:
        """``subtype``: add, with a name and its value; remove, with names."""
        event = {"type": "emoji_changed", "subtype": subtype} | what
        self.send("emoji_changed", event | {"event_ts": self.state.next_ts()})

    def uninstalled(self) -> None:
        """tokens_revoked and app_uninstalled, in an order that Slack does not promise."""
        self.send("tokens_revoked", {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [self.state.bot.id]}})
        self.send("app_uninstalled", {"type": "app_uninstalled"})
        self.is_open = False

    def home_opened(self, user_id: str, channel_id: str, tab: str, view: Json) -> None:
        """``view``: ``{"view": …}`` where the home tab shows one."""
        event: Json = {"type": "app_home_opened", "user": user_id, "channel": channel_id, "tab": tab} | view
        context = {"context": self._context(user_id)} if user_id in self.state.looking_at else {}
        self.send("app_home_opened", event | context | {"event_ts": self.state.next_ts()})

    def context_changed(self, user_id: str, channel_id: str) -> None:
        """The person looks at something else while the app's messages are open."""
        event: Json = {"type": "app_context_changed", "user": user_id, "channel": channel_id}
        event |= {"context": self._context(user_id), "event_ts": self.state.next_ts()}
        self.send("app_context_changed", event)

    @property
    def has_chats(self) -> bool:
        """Whether the app is of the older kind, whose chats are threads that Slack begins."""
        return "assistant_thread_started" in self.subscribed

    def chat_event(self, name: str, user_id: str, channel_id: str) -> None:
        """assistant_thread_started or assistant_thread_context_changed, of the chat that the person has open."""
        channel = self.state.looking_at.get(user_id)
        context: Json = {"channel_id": channel, "team_id": self.state.team_id, "enterprise_id": None}
        chat: Json = {"user_id": user_id, "context": context if channel else {}, "channel_id": channel_id}
        chat["thread_ts"] = self.state.chats[user_id]
        self.send(name, {"type": name, "assistant_thread": chat, "event_ts": self.state.next_ts()})

    def _context(self, user_id: str) -> Json:
        entity = {"type": "slack#/types/channel_id", "value": self.state.looking_at.get(user_id)}
        return {"entities": [entity | {"team_id": self.state.team_id}] if entity["value"] else []}

    def reaction(self, name: str, message: Message, user_id: str, emoji: str) -> None:
        """reaction_added or reaction_removed."""
        if not self._is_heard(self.state.channels[message.channel]):
            return
        item = {"type": "message", "channel": message.channel, "ts": message.ts}
        event: Json = {"type": name, "user": user_id, "reaction": emoji, "item_user": message.user, "item": item}
        self.send(name, event | {"event_ts": self.state.next_ts()})

    def pin_changed(self, name: str, message: Message, user_id: str, pin: Pin) -> None:
        """pin_added or pin_removed."""
        channel = self.state.channels[message.channel]
        if not self._is_heard(channel):
            return
        info = {"channel": channel.id, "pinned_by": pin.user, "pinned_ts": pin.created}
        event: Json = {"type": name, "user": user_id, "channel_id": channel.id, "item_user": message.user}
        event |= {"item": self.shapes.pinned(message, pin), "pin_count": len(channel.pins), "pinned_info": info}
        event |= {"has_pins": bool(channel.pins)} if name == "pin_removed" else {}
        self.send(name, event | {"event_ts": self.state.next_ts()})

    def session_stopped(self, message: Message, user_id: str) -> None:
        event: Json = {"type": "agent_session_stopped", "channel": message.channel, "thread_ts": message.thread_ts}
        event |= {"user": user_id, "streaming_message_ts": [message.ts], "event_ts": self.state.next_ts()}
        self.send("agent_session_stopped", event)

    def send(self, subscription: str, event: Json) -> None:
        """Wrap and deliver an event that the app subscribed to and has a scope for.

        Raises: KeyError for one that `SENT` lacks.
        """
        if subscription not in SENT:
            raise KeyError(subscription)
        is_wanted = subscription in self.subscribed and may_receive(subscription, self.scopes)
        if not is_wanted or not self.is_open:
            return
        wrapped = self._wrap(event)
        self.sent[wrapped["event_id"]] = wrapped
        self.hub.deliver(Envelope("events_api", wrapped))

    def redeliver(self, event_id: str) -> None:
        """Deliver an event a second time, though it was acknowledged, as Slack sometimes does."""
        self.hub.deliver(Envelope("events_api", self.sent[event_id], attempt=1, reason="timeout"))

    def _is_heard(self, channel: Channel) -> bool:
        return self.state.bot.id in channel.members

    def _place(self, message: Message, channel: Channel) -> Json:
        return {"channel": channel.id, "channel_type": channel.kind, "event_ts": message.ts}

    def _send_message(self, event: Json, channel: Channel) -> None:
        event |= {"channel": channel.id, "channel_type": channel.kind}
        self.send(f"message.{MESSAGE_KINDS[channel.kind]}", event)

    def _is_ext_shared(self, event: Json) -> bool:
        """Whether an event comes from a channel shared through Slack Connect."""
        place = event.get("channel") or event.get("channel_id") or event.get("item", {}).get("channel")
        channel = self.state.channels.get(place) if isinstance(place, str) else None
        return channel is not None and channel.is_ext_shared

    def _wrap(self, event: Json) -> Json:
        authorization: dict[str, Any] = {"enterprise_id": None, "team_id": self.state.team_id}
        authorization |= {"user_id": self.state.bot.id, "is_bot": True, "is_enterprise_install": False}
        return {
            "token": self.verification_token,
            "team_id": self.state.team_id,
            "context_team_id": self.state.team_id,
            "context_enterprise_id": None,
            "api_app_id": self.state.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": new_id("Ev"),
            "event_time": int(time.time()),
            "authorizations": [authorization],
            "is_ext_shared_channel": self._is_ext_shared(event),
            "event_context": f"4-{secrets.token_urlsafe(24)}",
        }


def _prefix(channel: Channel) -> str:
    """What the names of a channel's events begin with."""
    return "channel" if channel.kind == "channel" else "group"
