"""What takes things away: deletions that the app hears of, retention that it does not, and its own removal."""

from __future__ import annotations

from bot.workspace.acting import Acting, Where, Who
from bot.workspace.errors import WorkspaceError
from bot.workspace.state import File, Message


class Removals(Acting):
    """Deleting, expiring, archiving and uninstalling."""

    async def delete_message(self, message: Message) -> None:
        """Delete a message; its files stay, no longer shared there."""
        self.core.delete_message(message)

    async def delete_file(self, file: File | str) -> None:
        """Delete a file everywhere."""
        found = self._file(file)
        if not found.deleted:
            self.core.delete_file(found)

    async def expire_message(self, message: Message) -> None:
        """A message reaches the end of its retention: gone, and no event tells of it."""
        self.core.forget_message(message)

    async def expire_file(self, file: File | str) -> None:
        """A file reaches the end of its retention: gone, and no event tells of it."""
        self.core.forget_file(self._file(file))

    async def remove_bot(self, channel: Where, remover: Who | None = None) -> None:
        """Somebody, else the channel's maker, takes the bot out of a channel."""
        await self.leave(channel, self.core.state.bot, remover)

    async def leave(self, channel: Where, user: Who, remover: Who | None = None) -> None:
        """Somebody (or the bot) leaves a channel, or is removed from it."""
        place, leaver = self._channel(channel), self._user(user)
        if leaver.id not in place.members:
            return
        was_heard = self.core.state.is_bot_in(place.id)
        place.members.remove(leaver.id)
        self.core.show_channel(place)
        if was_heard:
            self.core.events.member_moved("member_left_channel", place, leaver.id)
        if leaver is self.core.state.bot:
            self.core.events.bot_removed(place, self._user(remover).id if remover else place.creator)

    async def delete_channel(self, channel: Where, actor: Who | None = None) -> None:
        """Somebody, else its maker, deletes a channel with everything in it."""
        place = self._channel(channel)
        self.core.delete_channel(place, self._user(actor).id if actor else place.creator)

    async def archive_channel(self, channel: Where, actor: Who | None = None) -> None:
        """Somebody, else its maker, archives a channel: it can be read, and nobody can write in it."""
        place = self._channel(channel)
        place.is_archived = True
        self.core.show_channel(place)
        if self.core.state.is_bot_in(place.id):
            self.core.events.channel_archived(place, self._user(actor).id if actor else place.creator)

    async def uninstall(self) -> None:
        """Take the app out of the workspace: its bot token is dead from now on."""
        self.core.uninstall()

    def _file(self, file: File | str) -> File:
        found = file if isinstance(file, File) else self.core.state.files.get(file)
        if found is None:
            raise WorkspaceError("That file is not here any more.")
        return found
