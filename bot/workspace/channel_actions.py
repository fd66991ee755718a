"""What people do to channels: rename, describe, archive and bring back, and what Slack itself does to one."""

from __future__ import annotations

from bot.workspace import channel_changes
from bot.workspace.acting import Acting, Where, Who


class ChannelActions(Acting):
    """Changes of a channel; who does them is its maker unless somebody is named."""

    async def rename_channel(self, channel: Where, name: str, actor: Who | None = None) -> None:
        """Give a channel another name."""
        channel_changes.rename(self.core, self._channel(channel), name.removeprefix("#"), self._actor(channel, actor))

    async def set_topic(self, channel: Where, topic: str, actor: Who | None = None) -> None:
        """Write a channel's topic."""
        channel_changes.set_topic(self.core, self._channel(channel), topic, self._actor(channel, actor))

    async def set_purpose(self, channel: Where, purpose: str, actor: Who | None = None) -> None:
        """Write a channel's purpose."""
        channel_changes.set_purpose(self.core, self._channel(channel), purpose, self._actor(channel, actor))

    async def archive_channel(self, channel: Where, actor: Who | None = None) -> None:
        """Archive a channel: it can be read, and nobody can write in it."""
        channel_changes.archive(self.core, self._channel(channel), self._actor(channel, actor))

    async def unarchive_channel(self, channel: Where, actor: Who | None = None) -> None:
        """Take a channel out of the archive."""
        channel_changes.unarchive(self.core, self._channel(channel), self._actor(channel, actor))

    async def change_channel_id(self, channel: Where) -> None:
        """Slack gives a channel another id, as it may when one is shared with another workspace."""
        channel_changes.change_id(self.core, self._channel(channel))

    async def leave(self, channel: Where, user: Who, remover: Who | None = None) -> None:
        """Somebody (or the bot) leaves a channel, or is removed from it."""
        place, leaver = self._channel(channel), self._user(user)
        if leaver.id in place.members:
            channel_changes.leave(self.core, place, leaver.id, self._actor(place, remover))

    async def remove_bot(self, channel: Where, remover: Who | None = None) -> None:
        """Somebody, else the channel's maker, takes the bot out of a channel."""
        await self.leave(channel, self.core.state.bot, remover)

    def _actor(self, channel: Where, actor: Who | None) -> str:
        return self._user(actor).id if actor else self._channel(channel).creator
