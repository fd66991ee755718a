"""views.*: modals and the app home."""

from __future__ import annotations

import json
import secrets
from typing import Any

from bot.workspace.arguments import Arguments
from bot.workspace.core import Core
from bot.workspace.errors import ApiError
from bot.workspace.limits import check_blocks
from bot.workspace.methods.chat import number_blocks
from bot.workspace.methods.registry import method
from bot.workspace.state import View, new_id

VIEW_BYTES = 250_000
MOST_STACKED = 3


def read_view(args: Arguments, kind: str) -> dict[str, Any]:
    """The view of a call, ``{"type": "modal", "title": {...}, "blocks": [...]}``, if of that kind. Raises: ApiError."""
    view = args.json("view")
    if not isinstance(view, dict) or view.get("type") != kind:
        raise ApiError("invalid_arguments")
    if len(json.dumps(view)) > VIEW_BYTES:
        raise ApiError("view_too_large")
    return checked_view(view)


def checked_view(view: dict[str, Any]) -> dict[str, Any]:
    """A view whose parts are within Slack's limits, each block with an id. Raises: ApiError invalid_arguments, or
    invalid_blocks."""
    check_blocks(view.get("blocks", []), most=100)
    if view["type"] == "modal":
        _check_modal(view)
    for name, most in (("private_metadata", 3000), ("callback_id", 255), ("external_id", 255)):
        if len(str(view.get(name, ""))) > most:
            _refuse(f"must be less than {most + 1} characters [json-pointer:/view/{name}]")
    return view | {"blocks": number_blocks(view.get("blocks", []))}


def check_external_id(core: Core, body: dict[str, Any], own: View | None = None) -> None:
    """Refuse an external id that another view of the app has. Raises: ApiError duplicate_external_id."""
    others = [view for view in (*core.state.modals.values(), *core.state.homes.values()) if view is not own]
    if body.get("external_id") and any(view.body.get("external_id") == body["external_id"] for view in others):
        raise ApiError("duplicate_external_id")


def _check_modal(view: dict[str, Any]) -> None:
    """A title, labels of 24 characters at most, and a way to send where there is something to fill in."""
    for name in ("title", "submit", "close"):
        text = (view.get(name) or {}).get("text", "")
        if (name == "title" and not text) or len(text) > 24:
            _refuse(f"must have 1 to 24 characters [json-pointer:/view/{name}/text]")
    if any(block.get("type") == "input" for block in view.get("blocks", [])) and "submit" not in view:
        _refuse("missing required field: submit [json-pointer:/view/submit]")


def _refuse(reason: str) -> None:
    raise ApiError("invalid_arguments", response_metadata={"messages": [f"[ERROR] {reason}"]})


def new_view(user_id: str, body: dict[str, Any], root: View | None = None) -> View:
    """A view under a new id, on top of ``root`` where one is given; not yet shown."""
    view_id = new_id("V")
    view = View(view_id, user_id, body, root.root_id if root else view_id, root.id if root else None)
    view.hash, view.channel = secrets.token_hex(8), root.channel if root else ""
    return view


@method("views.open")
async def open_view(core: Core, args: Arguments) -> dict[str, Any]:
    """Open a modal for whoever holds the trigger. Raises: ApiError expired_trigger_id, exchanged_trigger_id."""
    trigger_id = args.needed("trigger_id", "invalid_trigger_id")
    core.interactions.check_trigger(trigger_id)
    view = new_view("", read_view(args, "modal"))
    check_external_id(core, view.body)
    trigger = core.interactions.use_trigger(trigger_id)
    view.user, view.channel = trigger.user, trigger.channel
    return _answer(core, show_modal(core, view))


@method("views.push")
async def push_view(core: Core, args: Arguments) -> dict[str, Any]:
    """Open a modal on top of the one the person has open, three at most. Raises: ApiError push_limit_reached."""
    trigger_id = args.needed("trigger_id", "invalid_trigger_id")
    user_id = core.interactions.check_trigger(trigger_id).user
    body = read_view(args, "modal")
    top = check_stack(core, user_id)
    check_external_id(core, body)
    core.interactions.use_trigger(trigger_id)
    return _answer(core, show_modal(core, new_view(user_id, body, top)))


def check_stack(core: Core, user_id: str) -> View:
    """The modal on top of somebody's, which has room for one more. Raises: ApiError not_found, push_limit_reached."""
    open_views = core.stack(user_id)
    if not open_views:
        raise ApiError("not_found")
    if len(open_views) >= MOST_STACKED:
        raise ApiError("push_limit_reached")
    return open_views[-1]


@method("views.update")
async def update_view(core: Core, args: Arguments) -> dict[str, Any]:
    """Replace an open modal or a home. Raises: ApiError not_found, or hash_conflict if it changed meanwhile."""
    view = _named(core, args.text("view_id"), args.text("external_id"))
    if view is None:
        raise ApiError("not_found")
    if args.text("hash") not in ("", view.hash):
        raise ApiError("hash_conflict")
    body = read_view(args, view.body["type"])
    check_external_id(core, body, view)
    return _answer(core, replace_view(core, view, body))


def _named(core: Core, view_id: str, external_id: str) -> View | None:
    for view in (*core.state.modals.values(), *core.state.homes.values()):
        if view.id == view_id or (external_id and view.body.get("external_id") == external_id):
            return view
    return None


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
    check_external_id(core, view.body, earlier)
    core.state.homes[user_id] = view
    core.show_view(view)
    return {"view": core.interactions.view(view)}


def show_modal(core: Core, view: View) -> View:
    """Put a modal before its person."""
    core.state.modals[view.id] = view
    core.show_view(view)
    return view


def replace_view(core: Core, view: View, body: dict[str, Any]) -> View:
    """Let an open view say something else, under a new hash; one that lies under another stays there."""
    view.body, view.hash = body, secrets.token_hex(8)
    if body["type"] == "home" or any(top is view for top in core.stack(view.user)[-1:]):
        core.show_view(view)
    else:
        core.feed.touch()
    return view


def _answer(core: Core, view: View) -> dict[str, Any]:
    return {"view": core.interactions.view(view)}
