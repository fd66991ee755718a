"""What people press and fill in: commands, buttons, menus, shortcuts, modals; and what the app answers."""

from __future__ import annotations

from typing import Any

from bot.workspace.acting import Acting, Where, Who
from bot.workspace.errors import ApiError, WorkspaceError
from bot.workspace.inputs import Chosen, describe_action, find_element
from bot.workspace.responses import after_submission, respond
from bot.workspace.sockets import Envelope
from bot.workspace.state import Message
from bot.workspace.typed_text import escape


class Presses(Acting):
    """Commands, clicks and modals of one workspace."""

    async def slash(
        self, user: Who, channel: Where, command: str, text: str = "", *, thread_ts: str | None = None
    ) -> dict[str, Any]:
        """Give a slash command; the app's immediate answer, or ``{"error": code}`` with what Slack would show.

        In a thread Slack refuses every command, and the app hears nothing.
        """
        person, place = self._member(user, channel)
        if thread_ts:
            self._tell(person, place, f"`{command}` is not supported in threads. Sorry!", thread_ts)
            return {"error": "not_supported_in_threads"}
        payload = self.core.interactions.command(person, place, command, escape(text))
        envelope = Envelope("slash_commands", payload, accepts_response=True)
        answer = await self._ask(envelope)
        if answer.get("text") or answer.get("blocks"):
            try:
                respond(self.core, person.id, place.id, None, answer)
            except ApiError as refusal:
                answer = {"error": refusal.code}
        if "error" in answer:
            self._tell(person, place, f"{command} failed with the error “{answer['error']}”")
        return answer

    async def click(self, user: Who, channel: Where, ts: str, action_id: str, value: Chosen = None) -> dict[str, Any]:
        """Press a button, or choose from a menu, in a message; ``{"error": code}`` if nobody acknowledged."""
        person, place = self._member(user, channel)
        message = place.messages.get(ts) or self._ephemeral(person, ts)
        found = find_element(message.blocks, action_id)
        if found is None:
            raise WorkspaceError("That button is not there any more.")
        action = describe_action(*found, value)
        payload = self.core.interactions.block_action(person, message, action)
        return await self._ask(Envelope("interactive", payload))

    async def click_in_view(
        self, user: Who, view_id: str, action_id: str, value: Chosen = None, values: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Press a button, or choose from a menu, in a modal or in the app home; ``values`` are the inputs so far."""
        person = self._user(user)
        view = self.core.state.modals.get(view_id) or self.core.state.homes[person.id]
        found = find_element(view.body["blocks"], action_id)
        if found is None:
            raise WorkspaceError("That button is not there any more.")
        payload = self.core.interactions.view_action(person, view, describe_action(*found, value), values or {})
        return await self._ask(Envelope("interactive", payload))

    async def message_shortcut(self, user: Who, message: Message, callback_id: str) -> dict[str, Any]:
        """Choose a message shortcut of the app."""
        payload = self.core.interactions.shortcut(self._user(user), message, callback_id)
        return await self._ask(Envelope("interactive", payload))

    async def submit_view(self, user: Who, view_id: str, values: dict[str, Any]) -> dict[str, Any]:
        """Send a modal; the app's response_action is obeyed.

        ``values``: block_id → action_id → {"type", "value"}, or only the text or the option's value; what is left
        out is as the app set it at first.
        """
        view = self.core.state.modals[view_id]
        payload = self.core.interactions.submission(self._user(user), view, values)
        answer = await self._ask(Envelope("interactive", payload, accepts_response=True))
        if "error" not in answer:
            after_submission(self.core, view, answer)
        return answer

    async def close_view(self, view_id: str) -> dict[str, Any]:
        """Close a modal without sending it; the app is told where it asked for that with ``notify_on_close``."""
        view = self.core.state.modals.get(view_id)
        if view is None:
            return {}
        self.core.close_modal(view)
        if not view.body.get("notify_on_close"):
            return {}
        payload = self.core.interactions.closing(self.core.state.users[view.user], view, is_cleared=False)
        return await self._ask(Envelope("interactive", payload))

    def respond(self, key: str, answer: dict[str, Any]) -> None:
        """A use of a response URL. Raises: ApiError."""
        place = self.core.interactions.use_response(key)
        respond(self.core, place.user, place.channel, place.message, answer)
