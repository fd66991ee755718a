"""What people do, for tests and for the page: post, edit, delete, command, click, react, join.

Every method takes users and channels by value, id or name.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from bot.workspace import channel_changes
from bot.workspace.acting import Where, Who
from bot.workspace.channel_actions import ChannelActions
from bot.workspace.chats import Chats
from bot.workspace.errors import WorkspaceError
from bot.workspace.live_parts import live_parts
from bot.workspace.methods.chat import number_blocks
from bot.workspace.methods.places import open_direct
from bot.workspace.people_actions import PeopleActions
from bot.workspace.presses import Presses
from bot.workspace.removals import Removals
from bot.workspace.state import Channel, File, Kind, Message, User, new_id
from bot.workspace.typed_text import to_slack


class Actions(Chats, Presses, Removals, ChannelActions, PeopleActions):
    """Everything a person can do in the workspace; ``core`` carries it out."""

    async def add_channel(
        self,
        name: str,
        members: Iterable[Who],
        *,
        is_private: bool = False,
        with_bot: bool = True,
        is_ext_shared: bool = False,
    ) -> Channel:
        """A new channel; its first member made it, and the bot is in it unless told otherwise.

        ``is_ext_shared``: shared through Slack Connect from the beginning.
        """
        ids = [self._user(member).id for member in members]
        if not ids:
            raise WorkspaceError("A channel needs at least one member.")
        kind: Kind = "group" if is_private else "channel"
        everybody = [*ids, self.core.state.bot.id] if with_bot else ids
        channel = channel_changes.create(self.core, name.removeprefix("#"), kind, everybody)
        channel.shared_with = self._other_teams(ids) if is_ext_shared else []
        return channel

    async def share_outside(self, channel: Where, team_id: str | None = None) -> None:
        """Share a channel with another workspace through Slack Connect."""
        place = self._channel(channel)
        team = team_id or self._other_teams(place.members)[0]
        place.asked_outside.clear()
        if team not in place.shared_with:
            place.shared_with.append(team)
        self.core.show_channel(place)
        if self.core.state.is_bot_in(place.id):
            self.core.events.channel_shared(place, team)

    async def stop_sharing(self, channel: Where, team_id: str | None = None) -> None:
        """End a channel's being shared with another workspace; its people leave it."""
        place = self._channel(channel)
        team = team_id or place.shared_with[0]
        place.shared_with.remove(team)
        place.members = [member for member in place.members if self.core.state.users[member].team_id != team]
        self.core.show_channel(place)
        if self.core.state.is_bot_in(place.id):
            self.core.events.channel_unshared(place, team)

    async def ask_outside(self, channel: Where) -> None:
        """Invite another workspace into a channel; Slack tells apps of that only once it has come."""
        place = self._channel(channel)
        place.asked_outside.append(self._other_teams(place.members)[0])
        self.core.show_channel(place)

    async def make_public(self, channel: Where, by: Who) -> None:
        """Turn a private channel into a public one; a message in it says so."""
        place, person = self._channel(channel), self._user(by)
        place.kind = "channel"
        said = Message(place.id, self.core.state.next_ts(), person.id, "made this channel public")
        said.subtype = "channel_convert_to_public"
        self.core.add_message(said)

    def _other_teams(self, user_ids: Iterable[str]) -> list[str]:
        """The workspaces that the outsiders among some people are of, else one that nobody here is of."""
        users = (self.core.state.users[user_id] for user_id in user_ids)
        teams = list(dict.fromkeys(user.team_id for user in users if user.team_id != self.core.state.team_id))
        return teams or [new_id("T")]

    async def open_dm(self, user: Who) -> Channel:
        """The direct conversation of a person with the bot."""
        return open_direct(self.core, self._user(user).id)

    async def open_group_dm(self, users: Iterable[Who]) -> Channel:
        """A group conversation of some people and the bot."""
        members = [self._user(user) for user in users]
        name = f"mpdm-{'--'.join(user.name for user in members)}-1"
        everybody = [*(user.id for user in members), self.core.state.bot.id]
        channel = self.core.state.add_channel(name, "mpim", everybody, members[0].id)
        self.core.show_channel(channel)
        return channel

    async def invite(self, channel: Where, user: Who, inviter: Who | None = None) -> None:
        """Add somebody (or the bot) to a channel."""
        place, guest = self._channel(channel), self._user(user)
        if guest.id in place.members:
            return
        channel_changes.join(self.core, place, guest.id, self._user(inviter).id if inviter else None)

    async def post(
        self,
        user: Who,
        channel: Where,
        text: str = "",
        *,
        files: Iterable[tuple[str, bytes]] = (),
        thread_ts: str | None = None,
        also_in_channel: bool = False,
    ) -> Message:
        """Post as a person; text is as typed (``@inhouse`` or ``<@U…>`` mentions), files are new uploads.

        ``also_in_channel``: a reply is sent to the channel too.
        Raises: WorkspaceError when the person is not in the channel, or there is nothing to post.
        """
        person, place = self._member(user, channel)
        uploads = [self.core.state.add_file(name, content, person.id) for name, content in files]
        if not text.strip() and not uploads:
            raise WorkspaceError("There is nothing to post: write something or add a file.")
        if thread_ts is not None and thread_ts not in place.messages:
            raise WorkspaceError("The thread that this answers is not there any more.")
        stored, blocks = to_slack(text, self.core.find_user)
        root = place.messages[thread_ts] if thread_ts else None
        message = Message(place.id, self.core.state.next_ts(), person.id, stored, number_blocks(blocks))
        message.thread_ts = (root.thread_ts or root.ts) if root else None
        self._open_chat(person.id, root)
        message.files, message.client_msg_id = uploads, str(uuid.uuid4())
        message.subtype = "thread_broadcast" if root and also_in_channel else None
        self.core.add_message(message)
        self._hint_at_absent_bot(person, place, stored)
        return message

    async def share(
        self, user: Who, channel: Where, file: File | str, *, text: str = "", thread_ts: str | None = None
    ) -> Message:
        """Share a file that is already here in another place."""
        person, place = self._member(user, channel)
        shared = file if isinstance(file, File) else self.core.state.files[file]
        stored, blocks = to_slack(text, self.core.find_user)
        message = Message(place.id, self.core.state.next_ts(), person.id, stored, number_blocks(blocks), thread_ts)
        message.files, message.client_msg_id = [shared], str(uuid.uuid4())
        return self.core.add_message(message)

    async def edit(self, message: Message, text: str) -> Message:
        """Change the text of a person's message."""
        previous = self.core.shapes.message(message)
        message.text, blocks = to_slack(text, self.core.find_user)
        message.blocks, message.edited_ts = number_blocks(blocks), self.core.state.next_ts()
        self.core.change_message(message, previous)
        return message

    async def unfurl(self, message: Message) -> Message:
        """Let a preview of an address appear under a message: it changes, and its text does not."""
        previous = self.core.shapes.message(message)
        address = next(iter(live_parts(message).links), "https://example.com/")
        preview = {"id": 1, "from_url": address, "title": "A preview", "fallback": "A preview"}
        message.attachments = [*message.attachments, preview]
        self.core.change_message(message, previous)
        return message

    async def change_file(self, file: File, content: bytes) -> None:
        """Replace a file's bytes, as an edit of a snippet does."""
        file.content = content
        self.core.events.file_changed(file)

    async def react(self, user: Who, message: Message, emoji: str) -> None:
        """Add a reaction, or take one's own away."""
        person = self._user(user)
        if person.id in message.reactions.get(emoji, []):
            self.core.unreact(message, person.id, emoji)
        else:
            self.core.react(message, person.id, emoji)

    async def pin(self, user: Who, message: Message) -> None:
        """Pin a message to its channel, or take it off."""
        person = self._user(user)
        if message.ts in self.core.state.channels[message.channel].pins:
            self.core.unpin(message, person.id)
        else:
            self.core.pin(message, person.id)

    async def open_home(self, user: Who, tab: str = "home") -> None:
        """Open the app's home (``home``) or its direct messages (``messages``)."""
        person = self._user(user)
        home = self.core.state.homes.get(person.id) if tab == "home" else None
        view = {"view": self.core.interactions.view(home)} if home else {}
        self.core.events.home_opened(person.id, open_direct(self.core, person.id).id, tab, view)

    async def look_at(self, user: Who, channel: Where) -> None:
        """Look at a channel while the app's messages are open beside it, or come to them from there."""
        person, place = self._user(user), self._channel(channel)
        self.core.state.looking_at[person.id] = place.id
        direct = open_direct(self.core, person.id).id
        self.core.events.context_changed(person.id, direct)
        if person.id in self.core.state.chats:
            self.core.events.chat_event("assistant_thread_context_changed", person.id, direct)

    async def stop_stream(self, user: Who, message: Message) -> None:
        """Press the stop control under an answer that is being written."""
        if message.streaming and not message.stopped_by_user:
            message.stopped_by_user = True
            self.core.show(message)
            self.core.events.session_stopped(message, self._user(user).id)

    def messages(self, channel: Where, thread_ts: str | None = None) -> list[Message]:
        """What stands in a channel (roots only), or in one thread (root and replies), oldest first."""
        place = self._channel(channel)
        if thread_ts is None:
            return [message for message in place.messages.values() if not message.is_reply]
        root = place.messages.get(thread_ts)
        return [*([root] if root else []), *self.core.state.replies(place.id, thread_ts)]

    def status(self, channel: Where, thread_ts: str) -> str:
        """The status line of a thread, or an empty text."""
        return self.core.state.statuses.get((self._channel(channel).id, thread_ts), ("", 0.0))[0]

    async def wait_for(self, predicate: Callable[[], Any | Awaitable[Any]], timeout_s: float = 10.0) -> Any:
        """The first true value of ``predicate``, looked at after every change. Raises: TimeoutError."""
        return await self.core.feed.wait_for(predicate, timeout_s)

    def _hint_at_absent_bot(self, person: User, place: Channel, stored: str) -> None:
        bot = self.core.state.bot
        if f"<@{bot.id}>" in stored and bot.id not in place.members:
            self._tell(person, place, f"You mentioned @{bot.name}, who is not in this channel. /invite @{bot.name}")
