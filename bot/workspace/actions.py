"""What people do, for tests and for the page: post, edit, delete, command, click, react, join.

Every method takes users and channels by value, id or name.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from bot.workspace.core import Core
from bot.workspace.errors import WorkspaceError
from bot.workspace.interactions import find_element
from bot.workspace.methods.chat import number_blocks
from bot.workspace.methods.places import open_direct
from bot.workspace.responses import after_submission, respond
from bot.workspace.sockets import Envelope, NoAnswer, NotConnected
from bot.workspace.state import Channel, File, Kind, Message, User
from bot.workspace.typed_text import escape, to_slack

Who = User | str
Where = Channel | str


class Actions:
    """Everything a person can do in the workspace; ``core`` carries it out."""

    core: Core

    async def add_user(
        self, name: str, *, real_name: str | None = None, is_admin: bool = False, is_guest: bool = False
    ) -> User:
        """A new person; ``name`` is what follows @."""
        user = self.core.state.add_user(name.lower(), real_name=real_name, is_admin=is_admin, is_guest=is_guest)
        self.core.feed.publish({"type": "reload"})
        return user

    async def add_channel(
        self, name: str, members: Iterable[Who], *, is_private: bool = False, with_bot: bool = True
    ) -> Channel:
        """A new channel; its first member made it, and the bot is in it unless told otherwise."""
        ids = [self._user(member).id for member in members]
        if not ids:
            raise WorkspaceError("A channel needs at least one member.")
        kind: Kind = "group" if is_private else "channel"
        everybody = [*ids, self.core.state.bot.id] if with_bot else ids
        channel = self.core.state.add_channel(name.removeprefix("#"), kind, everybody, ids[0])
        self.core.show_channel(channel)
        return channel

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
        place.members.append(guest.id)
        self.core.show_channel(place)
        by = self._user(inviter).id if inviter else None
        if self.core.state.is_bot_in(place.id):
            self.core.events.member_moved("member_joined_channel", place, guest.id, by)

    async def leave(self, channel: Where, user: Who) -> None:
        """Somebody (or the bot) leaves a channel, or is removed from it."""
        place, leaver = self._channel(channel), self._user(user)
        if leaver.id not in place.members:
            return
        was_heard = self.core.state.is_bot_in(place.id)
        place.members.remove(leaver.id)
        self.core.show_channel(place)
        if was_heard:
            self.core.events.member_moved("member_left_channel", place, leaver.id)

    async def post(
        self,
        user: Who,
        channel: Where,
        text: str = "",
        *,
        files: Iterable[tuple[str, bytes]] = (),
        thread_ts: str | None = None,
    ) -> Message:
        """Post as a person; text is as typed (``@inhouse`` or ``<@U…>`` mentions), files are new uploads.

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
        message.files, message.client_msg_id = uploads, str(uuid.uuid4())
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

    async def delete_message(self, message: Message) -> None:
        """Delete a message; its files stay, no longer shared there."""
        self.core.delete_message(message)

    async def delete_file(self, file: File | str) -> None:
        """Delete a file everywhere."""
        found = file if isinstance(file, File) else self.core.state.files.get(file)
        if found is None:
            raise WorkspaceError("That file is not here any more.")
        if not found.deleted:
            self.core.delete_file(found)

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

    async def open_home(self, user: Who, tab: str = "home") -> None:
        """Open the app's home (``home``) or its direct messages (``messages``)."""
        person = self._user(user)
        self.core.events.home_opened(person.id, open_direct(self.core, person.id).id, tab)

    async def stop_stream(self, user: Who, message: Message) -> None:
        """Press the stop control under an answer that is being written."""
        if message.streaming and not message.stopped_by_user:
            message.stopped_by_user = True
            self.core.show(message)
            self.core.events.session_stopped(message, self._user(user).id)

    async def slash(self, user: Who, channel: Where, command: str, text: str = "") -> dict[str, Any]:
        """Give a slash command; the app's immediate answer, or ``{"error": code}`` with what Slack would show."""
        person, place = self._member(user, channel)
        payload = self.core.interactions.command(person, place, command, escape(text))
        envelope = Envelope("slash_commands", payload, accepts_response=True)
        answer = await self._ask(envelope)
        if "error" in answer:
            self._tell(person, place, f"{command} failed with the error “{answer['error']}”")
        elif answer.get("text") or answer.get("blocks"):
            respond(self.core, person.id, place.id, None, answer)
        return answer

    async def click(
        self, user: Who, channel: Where, ts: str, action_id: str, value: str | None = None
    ) -> dict[str, Any]:
        """Press a button, or choose from a menu, in a message; ``{"error": code}`` if nobody acknowledged."""
        person, place = self._member(user, channel)
        message = place.messages.get(ts) or self._ephemeral(person, ts)
        found = find_element(message.blocks, action_id)
        if found is None:
            raise WorkspaceError("That button is not there any more.")
        action = describe_action(*found, value)
        payload = self.core.interactions.block_action(person, message, action)
        return await self._ask(Envelope("interactive", payload))

    async def click_in_view(
        self, user: Who, view_id: str, action_id: str, value: str | None = None, values: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Press a button in a modal or in the app home."""
        person = self._user(user)
        view = self.core.state.modals.get(view_id) or self.core.state.homes[person.id]
        found = find_element(view.body["blocks"], action_id)
        if found is None:
            raise WorkspaceError("That button is not there any more.")
        payload = self.core.interactions.view_action(person, view, describe_action(*found, value), values or {})
        return await self._ask(Envelope("interactive", payload))

    async def message_shortcut(self, user: Who, message: Message, callback_id: str) -> dict[str, Any]:
        """Choose a message shortcut of the app."""
        payload = self.core.interactions.shortcut(self._user(user), message, callback_id)
        return await self._ask(Envelope("interactive", payload))

    async def submit_view(self, user: Who, view_id: str, values: dict[str, Any]) -> dict[str, Any]:
        """Send a modal; ``values``: block_id → action_id → {"type", "value"}. The app's response_action is obeyed."""
        view = self.core.state.modals[view_id]
        payload = self.core.interactions.submission(self._user(user), view, values)
        answer = await self._ask(Envelope("interactive", payload, accepts_response=True))
        if "error" not in answer:
            after_submission(self.core, view, answer)
        return answer

    async def close_view(self, view_id: str) -> None:
        """Close a modal without sending it."""
        self.core.state.modals.pop(view_id, None)

    def messages(self, channel: Where, thread_ts: str | None = None) -> list[Message]:
        """What stands in a channel (roots only), or in one thread (root and replies), oldest first."""
        place = self._channel(channel)
        if thread_ts is None:
            return [message for message in place.messages.values() if not message.is_reply]
        root = place.messages.get(thread_ts)
        return [*([root] if root else []), *self.core.state.replies(place.id, thread_ts)]

    def ephemerals(self, user: Who) -> list[Message]:
        """What only this person sees, oldest first."""
        return [message for message in self.core.state.ephemerals if message.ephemeral_to == self._user(user).id]

    def status(self, channel: Where, thread_ts: str) -> str:
        """The status line of a thread, or an empty text."""
        return self.core.state.statuses.get((self._channel(channel).id, thread_ts), ("", 0.0))[0]

    async def wait_for(self, predicate: Callable[[], Any | Awaitable[Any]], timeout_s: float = 10.0) -> Any:
        """The first true value of ``predicate``, looked at after every change. Raises: TimeoutError."""
        return await self.core.feed.wait_for(predicate, timeout_s)

    def respond(self, key: str, answer: dict[str, Any]) -> None:
        """A use of a response URL. Raises: ApiError."""
        place = self.core.interactions.use_response(key)
        respond(self.core, place.user, place.channel, place.message, answer)

    async def _ask(self, envelope: Envelope) -> dict[str, Any]:
        try:
            return await self.core.hub.ask(envelope)
        except NotConnected:
            return {"error": "dispatch_failed"}
        except NoAnswer:
            return {"error": "operation_timeout"}

    def _tell(self, person: User, place: Channel, text: str) -> None:
        """A note from the workspace itself that only this person sees."""
        note = Message(place.id, self.core.state.next_ts(), "USLACKBOT", text, ephemeral_to=person.id)
        self.core.add_ephemeral(note)

    def _hint_at_absent_bot(self, person: User, place: Channel, stored: str) -> None:
        bot = self.core.state.bot
        if f"<@{bot.id}>" in stored and bot.id not in place.members:
            self._tell(person, place, f"You mentioned @{bot.name}, who is not in this channel. /invite @{bot.name}")

    def _user(self, who: Who) -> User:
        return self.core.state.user_named(who)

    def _channel(self, where: Where) -> Channel:
        return self.core.state.channel_named(where)

    def _member(self, user: Who, channel: Where) -> tuple[User, Channel]:
        person, place = self._user(user), self._channel(channel)
        if person.id not in place.members:
            raise WorkspaceError(f"{person.real_name} is not in this conversation.")
        return person, place

    def _ephemeral(self, person: User, ts: str) -> Message:
        found = next((m for m in self.ephemerals(person) if m.ts == ts), None)
        if found is None:
            raise WorkspaceError("That message is not there any more.")
        return found


def describe_action(block_id: str, element: dict[str, Any], value: str | None) -> dict[str, Any]:
    """An element that was used, as ``actions[0]`` of a payload; a chosen option is found by its value."""
    kind = element["type"]
    action = {"type": kind, "action_id": element.get("action_id", ""), "block_id": block_id}
    if kind in ("overflow", "static_select", "radio_buttons"):
        options = element.get("options", [])
        chosen = next((o for o in options if o.get("value") == value), options[0] if options else {})
        return action | {"selected_option": chosen}
    if kind == "feedback_buttons":
        return action | {"value": value or element["positive_button"].get("value", "")}
    text = {"text": element["text"]} if "text" in element else {}
    return action | text | {"value": value if value is not None else element.get("value", "")}
