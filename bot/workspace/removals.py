"""What takes things away: deletions that the app hears of, retention that it does not, and its own removal."""

from __future__ import annotations

from bot.workspace.acting import Acting, Where, Who
from bot.workspace.errors import WorkspaceError
from bot.workspace.state import File, Message


class Removals(Acting):
    """Deleting, expiring and uninstalling."""

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

    async def delete_channel(self, channel: Where, actor: Who | None = None) -> None:
        """Somebody, else its maker, deletes a channel with everything in it."""
        place = self._channel(channel)
        self.core.delete_channel(place, self._user(actor).id if actor else place.creator)

    async def uninstall(self) -> None:
        """Take the app out of the workspace: its bot token is dead from now on."""
        self.core.uninstall()

    def _file(self, file: File | str) -> File:
        found = file if isinstance(file, File) else self.core.state.files.get(file)
        if found is None:
            raise WorkspaceError("That file is not here any more.")
        return found
