"""What an app answers to commands, clicks and modals, carried out: replies, replacements, response_action."""

from __future__ import annotations

from typing import Any

from bot.workspace.core import Core
from bot.workspace.methods.chat import number_blocks
from bot.workspace.methods.views import checked_view, new_view
from bot.workspace.state import Message, View


def respond(core: Core, user_id: str, channel_id: str, message: Message | None, answer: dict[str, Any]) -> None:
    """An answer to a command or a use of a response URL: a new message, or a change of the one clicked in."""
    if message and answer.get("delete_original"):
        _remove(core, message)
    elif message and answer.get("replace_original"):
        _replace(core, message, answer)
    else:
        _reply(core, user_id, channel_id, message, answer)


def _reply(core: Core, user_id: str, channel_id: str, message: Message | None, answer: dict[str, Any]) -> None:
    blocks = number_blocks(answer.get("blocks") or [])
    reply = Message(channel_id, core.state.next_ts(), core.state.bot.id, str(answer.get("text", "")), blocks)
    reply.is_bot, reply.thread_ts = True, answer.get("thread_ts") or (message.thread_ts if message else None)
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
        core.change_message(message, previous)


def _remove(core: Core, message: Message) -> None:
    if message.ephemeral_to:
        core.state.ephemerals.remove(message)
        core.hide(message)
    else:
        core.delete_message(message)


def after_submission(core: Core, view: View, answer: dict[str, Any]) -> None:
    """Obey a modal's response_action: stay with errors, show another view, or close."""
    action = answer.get("response_action")
    if action in ("update", "push"):
        body = checked_view(answer["view"])
        shown = new_view(view.user, body, view if action == "push" else None)
        shown.id = view.id if action == "update" else shown.id
        core.state.modals[shown.id] = shown
        core.show_view(shown)
    elif action != "errors":
        core.state.modals.pop(view.id, None)
