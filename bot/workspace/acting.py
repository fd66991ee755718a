"""Who acts and where: what all of people's actions have in common."""

from __future__ import annotations

from typing import Any

from bot.workspace.core import Core
from bot.workspace.errors import WorkspaceError
from bot.workspace.sockets import Envelope, NoAnswer, NotConnected
from bot.workspace.state import Channel, Message, User

Who = User | str
Where = Channel | str


class Acting:
    """Users and channels by value, id or name; ``core`` carries everything out."""

    core: Core

    def ephemerals(self, user: Who) -> list[Message]:
        """What only this person sees, oldest first."""
        return [message for message in self.core.state.ephemerals if message.ephemeral_to == self._user(user).id]

    async def _ask(self, envelope: Envelope) -> dict[str, Any]:
        if not self.core.is_installed:
            return {"error": "dispatch_failed"}
        try:
            return await self.core.hub.ask(envelope)
        except NotConnected:
            return {"error": "dispatch_failed"}
        except NoAnswer:
            return {"error": "operation_timeout"}

    def _tell(self, person: User, place: Channel, text: str, thread_ts: str | None = None) -> None:
        """A note from the workspace itself that only this person sees."""
        note = Message(place.id, self.core.state.next_ts(), "USLACKBOT", text, ephemeral_to=person.id)
        note.thread_ts = thread_ts
        self.core.add_ephemeral(note)

    def _user(self, who: Who) -> User:
        return self.core.state.user_named(who)

    def _channel(self, where: Where) -> Channel:
        return self.core.state.channel_named(where)

    def _member(self, user: Who, channel: Where) -> tuple[User, Channel]:
        person, place = self._user(user), self._channel(channel)
        if person.id not in place.members:
            raise WorkspaceError(f"{person.real_name} is not in this conversation.")
        if place.is_archived:
            raise WorkspaceError("This channel is archived: it can be read, and nobody can write in it.")
        return person, place

    def _ephemeral(self, person: User, ts: str) -> Message:
        found = next((m for m in self.ephemerals(person) if m.ts == ts), None)
        if found is None:
            raise WorkspaceError("That message is not there any more.")
        return found
