"""What people press and fill in: commands, buttons, menus, shortcuts, modals; and what the app answers."""

from __future__ import annotations

from typing import Any

from bot.workspace.acting import Acting, Where, Who
from bot.workspace.errors import ApiError, WorkspaceError
from bot.workspace.inputs import Chosen, describe_action, find_element, offered_options
from bot.workspace.responses import after_submission, respond
from bot.workspace.sockets import Envelope
from bot.workspace.state import Message, User, View
from bot.workspace.typed_text import escape

LEAST_TYPED = 3  # characters before Slack asks an app for options that did not say how many


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

    async def click(
        self,
        user: Who,
        channel: Where,
        ts: str,
        action_id: str,
        value: Chosen = None,
        *,
        values: dict[str, Any] | None = None,
        block_id: str = "",
    ) -> dict[str, Any]:
        """Press a button, choose from a menu or press Enter in an input of a message; ``values`` are its inputs so far.

        What was chosen before is remembered. ``{"error": code}`` if nobody acknowledged.
        """
        person, message = self._shown(user, channel, ts)
        found = self._element(person, message.blocks, action_id, block_id)
        payload = self.core.interactions.block_action(person, message, describe_action(*found, value), values)
        return await self._ask(Envelope("interactive", payload))

    async def click_in_view(
        self,
        user: Who,
        view_id: str,
        action_id: str,
        value: Chosen = None,
        values: dict[str, Any] | None = None,
        block_id: str = "",
    ) -> dict[str, Any]:
        """As `click`, in a modal or in the app home."""
        person = self._user(user)
        view = self._view(person, view_id)
        action = describe_action(*self._element(person, view.body["blocks"], action_id, block_id), value)
        payload = self.core.interactions.view_action(person, view, action, values or {})
        return await self._ask(Envelope("interactive", payload))

    async def suggest(
        self, user: Who, channel: Where, ts: str, action_id: str, typed: str = "", *, block_id: str = ""
    ) -> dict[str, Any]:
        """Type into a menu of a message whose options the app gives: its answer, ``options`` or ``option_groups``."""
        person, message = self._shown(user, channel, ts)
        found = self._element(person, message.blocks, action_id, block_id)
        return await self._suggested(person, message, found, typed)

    async def suggest_in_view(
        self, user: Who, view_id: str, action_id: str, typed: str = "", *, block_id: str = ""
    ) -> dict[str, Any]:
        """As `suggest`, in a modal or in the app home."""
        person = self._user(user)
        view = self._view(person, view_id)
        found = self._element(person, view.body["blocks"], action_id, block_id)
        return await self._suggested(person, view, found, typed)

    async def _suggested(
        self, person: User, place: Message | View, found: tuple[str, dict[str, Any]], typed: str
    ) -> dict[str, Any]:
        block_id, element = found
        if len(typed) < element.get("min_query_length", LEAST_TYPED):
            return {"options": []}
        action_id = element["action_id"]
        payload = self.core.interactions.suggestion(person, place, block_id, action_id, typed)
        answer = await self._ask(Envelope("interactive", payload, accepts_response=True))
        if "error" in answer:
            return answer
        options = offered_options(answer)
        if options is None:
            return {"error": "dispatch_failed"}
        self.core.interactions.keep_offered(person, action_id, options)
        return answer

    def _shown(self, user: Who, channel: Where, ts: str) -> tuple[User, Message]:
        person, place = self._member(user, channel)
        return person, place.messages.get(ts) or self._ephemeral(person, ts)

    def _view(self, person: User, view_id: str) -> View:
        return self.core.state.modals.get(view_id) or self.core.state.homes[person.id]

    def _element(
        self, person: User, blocks: list[dict[str, Any]], action_id: str, block_id: str
    ) -> tuple[str, dict[str, Any]]:
        found = find_element(blocks, action_id, block_id, self.core.interactions.offered_to(person))
        if found is None:
            raise WorkspaceError("That button is not there any more.")
        return found

    async def global_shortcut(self, user: Who, callback_id: str) -> dict[str, Any]:
        """Choose one of the app's shortcuts that belong to no message."""
        payload = self.core.interactions.global_shortcut(self._user(user), callback_id)
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
            try:
                after_submission(self.core, view, answer)
            except ApiError as refusal:
                answer = {"error": refusal.code}
        return answer

    async def close_view(self, view_id: str) -> dict[str, Any]:
        """Close a modal without sending it, and all below if it wants so (``clear_on_close``).

        The app is told of each that asked for it with ``notify_on_close``; its answer to the last one is returned.
        """
        view = self.core.state.modals.get(view_id)
        if view is None:
            return {}
        is_cleared = bool(view.body.get("clear_on_close"))
        closed = [one for one in reversed(self.core.stack(view.user)) if is_cleared or one is view]
        self.core.close_modal(view, with_stack=is_cleared)
        answer: dict[str, Any] = {}
        for one in closed:
            if one.body.get("notify_on_close"):
                payload = self.core.interactions.closing(self._user(one.user), one, is_cleared=is_cleared)
                answer = await self._ask(Envelope("interactive", payload))
        return answer

    def respond(self, key: str, answer: dict[str, Any]) -> None:
        """A use of a response URL. Raises: ApiError."""
        place = self.core.interactions.use_response(key)
        respond(self.core, place.user, place.channel, place.message, answer)
