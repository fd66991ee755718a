"""Who there is: people come, change what they say of themselves, and go; and the emoji that they share."""

from __future__ import annotations

import time

from bot.workspace.acting import Acting, Who
from bot.workspace.state import User


class PeopleActions(Acting):
    """New people, their profiles, and accounts that are closed."""

    async def add_user(
        self,
        name: str,
        *,
        real_name: str | None = None,
        is_admin: bool = False,
        is_guest: bool = False,
        locale: str = "en-US",
        team_id: str | None = None,
        email: str | None = None,
    ) -> User:
        """A new person; ``name`` is what follows @, another workspace's ``team_id`` makes it one from outside."""
        marks = {"is_admin": is_admin, "is_guest": is_guest, "locale": locale}
        user = self.core.state.add_user(name.lower(), real_name=real_name, team_id=team_id, **marks)
        user.email = email or f"{user.name}@example.com"
        self.core.feed.publish({"type": "reload"})
        self.core.events.user_joined(user)
        return user

    async def change_user(
        self,
        user: Who,
        *,
        real_name: str | None = None,
        title: str | None = None,
        status_text: str | None = None,
        status_emoji: str | None = None,
    ) -> None:
        """Somebody changes their profile; what is not named stays."""
        person = self._user(user)
        person.real_name = person.real_name if real_name is None else real_name
        person.title = person.title if title is None else title
        person.status_text = person.status_text if status_text is None else status_text
        person.status_emoji = person.status_emoji if status_emoji is None else status_emoji
        has_status = status_text is not None or status_emoji is not None
        self._changed(person, "user_profile_changed", *(["user_status_changed"] if has_status else []))

    async def deactivate(self, user: Who) -> None:
        """Somebody's account is closed: they are in no channel any more, and no event tells of their leaving one."""
        person = self._user(user)
        person.is_deleted = True
        for channel in self.core.state.channels.values():
            if channel.kind != "im" and person.id in channel.members:
                channel.members.remove(person.id)
        self._changed(person)

    async def add_emoji(self, name: str, url: str) -> None:
        """Somebody gives the workspace an emoji of its own; ``url`` is its picture, or alias:another."""
        self.core.state.emoji[name] = url
        self.core.events.emoji_changed("add", name=name, value=url)

    async def remove_emoji(self, name: str) -> None:
        """Somebody takes one of the workspace's own emoji away."""
        del self.core.state.emoji[name]
        self.core.events.emoji_changed("remove", names=[name])

    def _changed(self, person: User, *also: str) -> None:
        person.updated = int(time.time())
        self.core.feed.publish({"type": "reload"})
        self.core.events.user_changed(person, *also)
