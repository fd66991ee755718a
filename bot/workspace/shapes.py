"""State to Slack's JSON: users, channels, messages, files.

Source: the recorded shapes of java-slack-sdk's json-logs; tests compare every key that is sent with them.
"""

from __future__ import annotations

from typing import Any

from bot.workspace.avatars import BOT_SIZES, USER_SIZES, addresses
from bot.workspace.rich_text import rich_text
from bot.workspace.state import CHAT_ROOT, Channel, File, Message, Note, Pin, State, User

Json = dict[str, Any]
PRETTY_TYPES = {
    "pdf": "PDF",
    "docx": "Word Document",
    "pptx": "PowerPoint Presentation",
    "xlsx": "Excel Spreadsheet",
    "csv": "CSV",
    "md": "Markdown (raw)",
    "html": "HTML",
    "txt": "Plain Text",
    "py": "Python",
    "png": "PNG",
    "jpg": "JPEG",
}


class Shapes:
    """Slack's JSON for the values of one workspace; URLs begin with ``base_url`` (no slash at its end).

    ``shows_email``: whether the app has the scope to see people's addresses.
    """

    def __init__(self, state: State, base_url: str) -> None:
        self.state = state
        self.base_url = base_url
        self.shows_email = False

    def user(self, user: User) -> Json:
        return {
            "id": user.id,
            "team_id": user.team_id,
            "name": user.name,
            "deleted": user.is_deleted,
            "color": "9f69e7",
            "real_name": user.real_name,
            "tz": "Etc/UTC",
            "tz_label": "Coordinated Universal Time",
            "tz_offset": 0,
            "profile": self.profile(user) | {"team": user.team_id},
            "is_admin": user.is_admin,
            "is_owner": user.is_admin,
            "is_primary_owner": False,
            "is_restricted": user.is_guest,
            "is_ultra_restricted": False,
            "is_bot": user.is_bot,
            "is_app_user": False,
            "is_email_confirmed": not user.is_bot,
            "who_can_share_contact_card": "EVERYONE",
            "updated": user.updated,
        }

    def profile(self, user: User) -> Json:
        """What somebody says of themselves, and their address where the app may see it."""
        first, _, last = user.real_name.partition(" ")
        shown = user.name if user.is_bot else user.real_name
        body: Json = {"real_name": user.real_name, "real_name_normalized": user.real_name}
        body |= {"display_name": shown, "display_name_normalized": shown, "first_name": first, "last_name": last}
        body |= {"title": user.title, "phone": "", "skype": "", "avatar_hash": user.id[1:].lower()}
        body |= {"status_text_canonical": "", **addresses(self.base_url, user.id, USER_SIZES)}
        if user is self.state.bot:
            body |= {"api_app_id": self.state.app_id, "bot_id": self.state.bot_id, "always_active": False}
        body |= {"status_text": user.status_text, "status_emoji": user.status_emoji, "status_expiration": 0}
        return body | ({"email": user.email} if self.shows_email and user.email else {})

    def channel(self, channel: Channel, *, num_members: bool = False) -> Json:
        base: Json = {
            "id": channel.id,
            "created": channel.created,
            "is_archived": channel.is_archived,
            "is_im": channel.kind == "im",
            "is_org_shared": False,
            "context_team_id": self.state.team_id,
            "updated": channel.created * 1000,
        }
        if channel.kind == "im":
            other = next((m for m in channel.members if m != self.state.bot.id), self.state.bot.id)
            return base | {"user": other, "priority": 0}
        base |= self._named_channel(channel)
        return base | ({"num_members": len(channel.members)} if num_members else {})

    def _named_channel(self, channel: Channel) -> Json:
        return {
            "name": channel.name,
            "name_normalized": channel.name,
            "is_channel": channel.kind == "channel",
            "is_group": channel.kind == "group",
            "is_mpim": channel.kind == "mpim",
            "is_private": channel.kind != "channel",
            "is_general": False,
            "is_shared": channel.is_ext_shared,
            "is_ext_shared": channel.is_ext_shared,
            "is_pending_ext_shared": bool(channel.asked_outside),
            "pending_shared": list(channel.asked_outside),
            "pending_connected_team_ids": [],
            "is_member": self.state.bot.id in channel.members,
            "creator": channel.creator,
            "unlinked": 0,
            "shared_team_ids": [self.state.team_id, *channel.shared_with],
            "topic": self._note(channel.topic),
            "purpose": self._note(channel.purpose),
            "previous_names": list(channel.previous_names),
        }

    @staticmethod
    def _note(note: Note) -> Json:
        return {"value": note.value, "creator": note.creator, "last_set": note.last_set}

    def bot_profile(self) -> Json:
        return {
            "id": self.state.bot_id,
            "app_id": self.state.app_id,
            "name": self.state.bot.real_name,
            "icons": addresses(self.base_url, self.state.bot.id, BOT_SIZES),
            "deleted": False,
            "updated": self.state.started,
            "team_id": self.state.team_id,
        }

    def message(self, message: Message) -> Json:
        """A message as history, replies and events hold it (without channel)."""
        if message.tombstone:
            body: Json = {"type": "message", "subtype": "tombstone", "text": "This message was deleted."}
            body |= {"user": "USLACKBOT", "hidden": True, "ts": message.ts}
        else:
            body = {"type": "message", "user": message.user, "text": message.text, "ts": message.ts}
            body |= self._teams(message)
        if message.subtype == "bot_message":  # under a name of its own: Slack names no user
            body |= {"bot_id": self.state.bot_id, "app_id": self.state.app_id}
            del body["user"], body["team"]
        elif message.is_bot:
            body |= {"bot_id": self.state.bot_id, "app_id": self.state.app_id, "bot_profile": self.bot_profile()}
        return body | self._parts(message) | self._thread(message)

    def _teams(self, message: Message) -> Json:
        """Whose workspace the author is of; Slack Connect names it two more times."""
        if not self.state.is_outsider(message.user):
            return {"team": self.state.team_id}
        team = self.state.users[message.user].team_id
        return {"team": team, "user_team": team, "source_team": team}

    def _parts(self, message: Message) -> Json:
        if message.tombstone:
            return {}
        parts: Json = dict(message.details)
        if message.client_msg_id:
            parts["client_msg_id"] = message.client_msg_id
        if message.subtype:
            parts["subtype"] = message.subtype
        if blocks := message.blocks or self._blocks_of_text(message):
            parts["blocks"] = blocks
        if message.subtype == CHAT_ROOT:
            parts["assistant_app_thread"] = {"title": message.text, "title_blocks": [], "artifacts": []}
        if message.attachments:
            parts["attachments"] = message.attachments
        if message.files:
            parts |= {"files": [self._file_of(message, file) for file in message.files], "upload": False}
        if message.edited_ts:
            parts["edited"] = {"user": message.user, "ts": message.edited_ts}
        if message.reactions:
            parts["reactions"] = [
                {"name": name, "users": list(users), "count": len(users)} for name, users in message.reactions.items()
            ]
        return parts

    @staticmethod
    def _blocks_of_text(message: Message) -> list[Json]:
        """What Slack makes of an app's message that is text alone."""
        is_text = message.is_bot and message.subtype in (None, CHAT_ROOT) and not message.streaming
        return rich_text(message.text) if is_text and not message.attachments else []

    def _thread(self, message: Message) -> Json:
        if message.ephemeral_to:
            return {"thread_ts": message.thread_ts} if message.thread_ts else {}
        channel = self.state.channels[message.channel]
        if message.is_reply and message.thread_ts:
            root = channel.messages.get(message.thread_ts)
            parent: Json = {"parent_user_id": root.user} if root else {}
            above = {"root": self.message(root)} if root and message.is_in_channel else {}
            return {"thread_ts": message.thread_ts} | parent | above
        replies = channel.replies.get(message.ts, [])
        if not replies:
            return {}
        users = list(dict.fromkeys(reply.user for reply in replies))
        return {
            "thread_ts": message.ts,
            "reply_count": len(replies),
            "reply_users_count": len(users),
            "latest_reply": replies[-1].ts,
            "reply_users": users[:5],
            "is_locked": False,
            "subscribed": False,
        }

    def _file_of(self, message: Message, file: File) -> Json:
        """A file within a message; in a shared channel one from outside is only a hint to ask files.info."""
        if self.state.channels[message.channel].is_ext_shared and self.state.is_outsider(file.user):
            stub: Json = {"id": file.id, "mode": "file_access", "file_access": "check_file_info"}
            return stub | {"created": 0, "timestamp": 0, "user": ""}
        return self.file(file)

    def file(self, file: File) -> Json:
        if file.deleted:
            return {"id": file.id, "mode": "tombstone"}
        private = f"{self.base_url}/files-pri/{self.state.team_id}-{file.id}"
        name = url_name(file.name)
        return {
            "id": file.id,
            "created": file.created,
            "timestamp": file.created,
            "name": file.name,
            "title": file.title,
            "mimetype": file.mimetype,
            "filetype": file.filetype,
            "pretty_type": PRETTY_TYPES.get(file.filetype, file.filetype.upper()),
            "user": file.user,
            "user_team": self._team_of(file.user),
            "editable": False,
            "size": file.size_bytes,
            "mode": "hosted",
            "is_external": False,
            "external_type": "",
            "is_public": any(self.state.channels[s.channel].kind == "channel" for s in file.shares),
            "public_url_shared": False,
            "display_as_bot": False,
            "username": "",
            "url_private": f"{private}/{name}",
            "url_private_download": f"{private}/download/{name}",
            "permalink": f"{self.base_url}/files/{file.user}/{file.id}/{name}",
            "is_starred": False,
            "has_rich_preview": False,
            "file_access": "visible",
        }

    def _team_of(self, user_id: str) -> str:
        user = self.state.users.get(user_id)
        return user.team_id if user else self.state.team_id

    def file_with_shares(self, file: File) -> Json:
        """A file as files.info and files.list give it, with the places where it is shared."""
        places: dict[str, Json] = {"public": {}, "private": {}}
        lists: dict[str, list[str]] = {"channels": [], "groups": [], "ims": []}
        for share in file.shares:
            channel = self.state.channels[share.channel]
            where = "public" if channel.kind == "channel" else "private"
            entry: Json = {"ts": share.ts, "channel_name": channel.name, "team_id": self.state.team_id}
            entry |= {"share_user_id": file.user, "reply_users": [], "reply_users_count": 0, "reply_count": 0}
            entry |= {"thread_ts": share.thread_ts} if share.thread_ts else {}
            places[where].setdefault(share.channel, []).append(entry)
            kind = {"channel": "channels", "im": "ims"}.get(channel.kind, "groups")
            lists[kind] += [share.channel] if share.channel not in lists[kind] else []
        shares = {where: entries for where, entries in places.items() if entries}
        return self.file(file) | {"shares": shares, **lists, "comments_count": 0}

    def pinned(self, message: Message, pin: Pin) -> Json:
        """A pinned message as pins.list and the events of pins give it."""
        body = self.message(message) | {"permalink": self.permalink(message)}
        is_pinned = message.ts in self.state.channels[message.channel].pins
        body |= {"pinned_to": [message.channel]} if is_pinned else {}
        item: Json = {"type": "message", "created": pin.created, "created_by": pin.user}
        return item | {"channel": message.channel, "message": body}

    def permalink(self, message: Message) -> str:
        link = f"{self.base_url}/archives/{message.channel}/p{message.ts.replace('.', '')}"
        return f"{link}?thread_ts={message.thread_ts}&cid={message.channel}" if message.is_reply else link


def url_name(name: str) -> str:
    """A file's name as Slack writes it in URLs: lower case letters, digits, dots and underscores."""
    safe = "".join(c if c.isascii() and (c.isalnum() or c in ".-_") else "_" for c in name.lower())
    return safe[-100:] or "file"
