"""Chats with an app of the older, assistant kind: threads that Slack begins in its direct messages.

An app is of that kind when it subscribed to ``assistant_thread_started``, which Slack's settings tie together. The
newer agent kind has no such threads: it hears app_home_opened and app_context_changed.
"""

from __future__ import annotations

from bot.workspace.acting import Acting, Who
from bot.workspace.errors import WorkspaceError
from bot.workspace.methods.places import open_direct
from bot.workspace.state import CHAT_ROOT, Message

NEW_CHAT = "New Assistant Thread"


class Chats(Acting):
    """New chats, and which one a person has open."""

    async def start_chat(self, user: Who) -> Message:
        """Begin a chat with the app: the message that Slack writes as its root. Raises: WorkspaceError."""
        if not self.core.events.has_chats:
            raise WorkspaceError("This app has no chats: it is not subscribed to assistant_thread_started.")
        person = self._user(user)
        place = open_direct(self.core, person.id)
        root = Message(place.id, self.core.state.next_ts(), self.core.state.bot.id, NEW_CHAT, is_bot=True)
        root.subtype = CHAT_ROOT
        self.core.state.add_message(root)  # Slack's own message: the app hears of the thread, not of its root
        self.core.show(root)
        self.core.state.chats[person.id] = root.ts
        self.core.events.chat_event("assistant_thread_started", person.id, place.id)
        return root

    def _open_chat(self, person_id: str, root: Message | None) -> None:
        """Remember the chat that a person has just written in: what they look at from now on belongs to it."""
        if root and root.subtype == CHAT_ROOT:
            self.core.state.chats[person_id] = root.ts
