"""views.*: modals and the app home."""

from __future__ import annotations

import secrets
from typing import Any

from bot.workspace.arguments import Arguments
from bot.workspace.core import Core
from bot.workspace.errors import ApiError
from bot.workspace.limits import check_blocks
from bot.workspace.methods.chat import number_blocks
from bot.workspace.methods.registry import method
from bot.workspace.state import View, new_id


def read_view(args: Arguments, kind: str) -> dict[str, Any]:
    """The view of a call, ``{"type": "modal", "title": {...}, "blocks": [...]}``, if of that kind. Raises: ApiError."""
    view = args.json("view")
    if not isinstance(view, dict) or view.get("type") != kind:
        raise ApiError("invalid_arguments")
    return checked_view(view)


def checked_view(view: dict[str, Any]) -> dict[str, Any]:
    """A view whose blocks are within Slack's limits, each with an id. Raises: ApiError invalid_blocks."""
    check_blocks(view.get("blocks", []), most=100)
    return view | {"blocks": number_blocks(view.get("blocks", []))}


def new_view(user_id: str, body: dict[str, Any], root: View | None = None) -> View:
    """A view under a new id, on top of ``root`` where one is given; not yet shown."""
    view_id = new_id("V")
    view = View(view_id, user_id, body, root.root_id if root else view_id, root.id if root else None)
    view.hash = secrets.token_hex(8)
    return view


@method("views.open")
async def open_view(core: Core, args: Arguments) -> dict[str, Any]:
    """Open a modal for whoever holds the trigger. Raises: ApiError expired_trigger_id, exchanged_trigger_id."""
    body = read_view(args, "modal")
    view = new_view(core.interactions.use_trigger(args.needed("trigger_id", "invalid_trigger_id")), body)
    return _show(core, view)


@method("views.push")
async def push_view(core: Core, args: Arguments) -> dict[str, Any]:
    """Open a modal on top of the one the person has open. Raises: ApiError."""
    body = read_view(args, "modal")
    user_id = core.interactions.use_trigger(args.needed("trigger_id", "invalid_trigger_id"))
    open_views = [view for view in core.state.modals.values() if view.user == user_id]
    return _show(core, new_view(user_id, body, open_views[-1] if open_views else None))


@method("views.update")
async def update_view(core: Core, args: Arguments) -> dict[str, Any]:
    """Replace an open modal. Raises: ApiError not_found, or hash_conflict if it changed meanwhile."""
    view = core.state.modals.get(args.text("view_id"))
    if view is None:
        raise ApiError("not_found")
    if args.text("hash") not in ("", view.hash):
        raise ApiError("hash_conflict")
    view.body, view.hash = read_view(args, "modal"), secrets.token_hex(8)
    return _show(core, view)


@method("views.publish")
async def publish_view(core: Core, args: Arguments) -> dict[str, Any]:
    """Set one person's app home. Raises: ApiError user_not_found, hash_conflict."""
    user_id = args.needed("user_id", "user_not_found")
    if user_id not in core.state.users:
        raise ApiError("user_not_found")
    earlier = core.state.homes.get(user_id)
    if earlier and args.text("hash") not in ("", earlier.hash):
        raise ApiError("hash_conflict")
    view = new_view(user_id, read_view(args, "home"))
    core.state.homes[user_id] = view
    core.show_view(view)
    return {"view": core.interactions.view(view)}


def _show(core: Core, view: View) -> dict[str, Any]:
    core.state.modals[view.id] = view
    core.show_view(view)
    return {"view": core.interactions.view(view)}
