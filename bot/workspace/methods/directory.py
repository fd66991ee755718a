"""users.profile.get, users.getPresence, users.lookupByEmail, usergroups.list, emoji.list: who and what there is."""

from __future__ import annotations

from typing import Any

from bot.workspace.arguments import Arguments
from bot.workspace.core import Core
from bot.workspace.errors import ApiError
from bot.workspace.methods.registry import method
from bot.workspace.state import User


@method("users.profile.get", "users.profile:read")
async def get_profile(core: Core, args: Arguments) -> dict[str, Any]:
    """What one person, the app itself by default, says of themselves. Raises: ApiError user_not_found."""
    return {"profile": core.shapes.profile(_user(core, args)) | {"fields": {}}}


@method("users.getPresence", "users:read")
async def get_presence(core: Core, args: Arguments) -> dict[str, Any]:
    """Whether somebody is there: the app while it is connected, people while they have the page open.

    Raises: ApiError user_not_found.
    """
    user = _user(core, args)
    if user is not core.state.bot:
        return {"presence": "active" if core.feed.is_watched_by(user.id) else "away"}
    online = core.hub.is_connected
    own = {"online": online, "auto_away": False, "manual_away": False, "connection_count": int(online)}
    return {"presence": "active" if online else "away"} | own


@method("users.lookupByEmail", "users:read.email")
async def look_up(core: Core, args: Arguments) -> dict[str, Any]:
    """Whose address it is. Raises: ApiError users_not_found."""
    email = args.needed("email", "users_not_found").lower()
    found = next((u for u in core.state.users.values() if u.email.lower() == email and not u.is_deleted), None)
    if found is None or core.state.is_outsider(found.id):
        raise ApiError("users_not_found")
    return {"user": core.shapes.user(found)}


@method("usergroups.list", "usergroups:read")
async def list_groups(core: Core, args: Arguments) -> dict[str, Any]:
    """The groups that can be mentioned as one, of which there are none."""
    return {"usergroups": []}


@method("emoji.list", "emoji:read")
async def list_emoji(core: Core, args: Arguments) -> dict[str, Any]:
    """The workspace's own emoji: their names, and where their pictures are."""
    categories = {"categories_version": "1", "categories": []} if args.flag("include_categories") else {}
    return {"emoji": dict(core.state.emoji), "cache_ts": f"{core.state.started}.000000"} | categories


def _user(core: Core, args: Arguments) -> User:
    """Raises: ApiError user_not_found."""
    user = core.state.users.get(args.text("user") or core.state.bot.id)
    if user is None:
        raise ApiError("user_not_found")
    return user
