"""What an app answers to commands, clicks and modals, carried out: replies, replacements, response_action."""

from __future__ import annotations

from typing import Any

from bot.workspace.core import Core
from bot.workspace.errors import ApiError
from bot.workspace.limits import check_blocks
from bot.workspace.methods.chat import number_blocks
from bot.workspace.methods.views import check_stack, checked_view, new_view, replace_view, show_modal
from bot.workspace.state import Message, View


def respond(core: Core, user_id: str, channel_id: str, message: Message | None, answer: dict[str, Any]) -> None:
    """An answer to a command or a use of a response URL: a new message, or a change of the one clicked in.

    Only the app's own message can be changed: of a person's, as a shortcut names it, nothing is. Raises: ApiError
    no_text, invalid_blocks.
    """
    own = message if message and message.is_bot else None
    if own and answer.get("delete_original"):
        _remove(core, own)
        return
    _check(answer)
    if own and answer.get("replace_original"):
        _replace(core, own, answer)
    else:
        _reply(core, user_id, channel_id, message, answer)


def _check(answer: dict[str, Any]) -> None:
    if not answer.get("text") and not answer.get("blocks") and not answer.get("attachments"):
        raise ApiError("no_text")
    if answer.get("blocks"):
        check_blocks(answer["blocks"])


def _may_unfurl(answer: dict[str, Any]) -> bool:
    return answer.get("unfurl_links") is not False or answer.get("unfurl_media") is not False


def _reply(core: Core, user_id: str, channel_id: str, message: Message | None, answer: dict[str, Any]) -> None:
    blocks = number_blocks(answer.get("blocks") or [])
    reply = Message(channel_id, core.state.next_ts(), core.state.bot.id, str(answer.get("text", "")), blocks)
    reply.is_bot, reply.thread_ts = True, answer.get("thread_ts") or (message.thread_ts if message else None)
    reply.may_unfurl = _may_unfurl(answer)
    if answer.get("response_type") == "in_channel":
        core.add_message(reply)
    else:
        reply.ephemeral_to = user_id
        core.add_ephemeral(reply)


def _replace(core: Core, message: Message, answer: dict[str, Any]) -> None:
    previous = core.shapes.message(message)
    message.text, message.blocks = str(answer.get("text", "")), number_blocks(answer.get("blocks") or [])
    if message.ephemeral_to:
        core.show(message)
    else:
        message.edited_ts = core.state.next_ts()
        core.change_message(message, previous)


def _remove(core: Core, message: Message) -> None:
    if message.ephemeral_to:
        if message in core.state.ephemerals:
            core.state.ephemerals.remove(message)
        core.hide(message)
    else:
        core.delete_message(message)


def _answered_view(answer: dict[str, Any]) -> dict[str, Any]:
    view = answer.get("view")
    if not isinstance(view, dict) or view.get("type") != "modal":
        raise ApiError("invalid_arguments")
    return checked_view(view)


def after_submission(core: Core, view: View, answer: dict[str, Any]) -> None:
    """Obey a modal's response_action: stay with errors, show another view, or close it (``clear``: and all below).

    Raises: ApiError for a view that Slack would not show, or a fourth one on top of three.
    """
    action = answer.get("response_action")
    if action == "update":
        replace_view(core, view, _answered_view(answer))
    elif action == "push":
        check_stack(core, view.user)
        show_modal(core, new_view(view.user, _answered_view(answer), view))
    elif action != "errors":
        core.close_modal(view, with_stack=action == "clear")
