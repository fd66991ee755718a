"""auth.test, auth.revoke, api.test, apps.connections.open, users.info, users.list, bots.info, team.info."""

from __future__ import annotations

from typing import Any

from bot.workspace.arguments import Arguments
from bot.workspace.avatars import TEAM_SIZES, addresses
from bot.workspace.core import Core
from bot.workspace.errors import ApiError
from bot.workspace.methods.places import listing, page_of
from bot.workspace.methods.registry import method


@method("api.test", needs_token=False)
async def api_test(core: Core, args: Arguments) -> dict[str, Any]:
    """Give the arguments back, or the ``error`` among them as an error. Raises: ApiError."""
    if args.text("error"):
        raise ApiError(args.text("error"), args=args.values)
    return {"args": args.values}


@method("auth.test")
async def auth_test(core: Core, args: Arguments) -> dict[str, Any]:
    """Whose token this is: the workspace, the app and its bot user."""
    state = core.state
    return {
        "url": f"{core.shapes.base_url}/",
        "team": state.team_name,
        "user": state.bot.name,
        "team_id": state.team_id,
        "user_id": state.bot.id,
        "bot_id": state.bot_id,
        "app_id": state.app_id,
        "is_enterprise_install": False,
    }


@method("auth.revoke")
async def auth_revoke(core: Core, args: Arguments) -> dict[str, Any]:
    """Give the bot token back, which ends the installation; with ``test`` only see that it could be."""
    if args.flag("test"):
        return {"revoked": False}
    core.uninstall()
    return {"revoked": True}


@method("apps.connections.open", app_token=True)
async def open_connection(core: Core, args: Arguments) -> dict[str, Any]:
    """An address for one Socket Mode connection, good once."""
    return {"url": f"{core.socket_url}?ticket={core.hub.ticket()}&app_id={core.state.app_id}"}


@method("users.info", "users:read")
async def user_info(core: Core, args: Arguments) -> dict[str, Any]:
    """One person's profile. Raises: ApiError user_not_found."""
    user = core.state.users.get(args.needed("user", "user_not_found"))
    if user is None:
        raise ApiError("user_not_found")
    locale = {"locale": user.locale} if args.flag("include_locale") else {}
    return {"user": core.shapes.user(user) | {"is_stranger": core.state.is_outsider(user.id)} | locale}


@method("users.list", "users:read")
async def list_users(core: Core, args: Arguments) -> dict[str, Any]:
    """A page of everybody in the workspace, the bot included. Raises: ApiError invalid_cursor."""
    ours = [user for user in core.state.users.values() if not core.state.is_outsider(user.id)]
    page, following = page_of(ours, args)
    shown = [core.shapes.user(u) | ({"locale": u.locale} if args.flag("include_locale") else {}) for u in page]
    return listing("members", shown, following) | {"cache_ts": core.state.started}


@method("bots.info", "users:read")
async def bot_info(core: Core, args: Arguments) -> dict[str, Any]:
    """The app's own bot profile. Raises: ApiError bot_not_found for any other."""
    if args.text("bot") not in ("", core.state.bot_id):
        raise ApiError("bot_not_found")
    profile = core.shapes.bot_profile() | {"user_id": core.state.bot.id}
    profile.pop("team_id")
    return {"bot": profile}


@method("team.info", "team:read")
async def team_info(core: Core, args: Arguments) -> dict[str, Any]:
    """The workspace's name, domain and address."""
    team = {"id": core.state.team_id, "name": core.state.team_name, "domain": "local", "email_domain": ""}
    icon = {"image_default": True} | addresses(core.shapes.base_url, core.state.team_id, TEAM_SIZES)
    return {"team": team | {"url": f"{core.shapes.base_url}/", "icon": icon}}
