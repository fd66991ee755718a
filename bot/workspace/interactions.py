"""Payloads of commands, buttons, modals and shortcuts, with their triggers and response URLs.

A trigger opens one modal within three seconds; a response URL works five times within thirty minutes.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from bot.workspace.errors import ApiError
from bot.workspace.inputs import KEYS, STATELESS, filled_values, with_current
from bot.workspace.shapes import Json, Shapes
from bot.workspace.state import Channel, Message, State, User, View

TRIGGER_LASTS_S = 3.0
RESPONSE_LASTS_S = 1800.0
RESPONSE_USES = 5


@dataclass(slots=True)
class Trigger:
    """Permission to open one modal for one person, who was in a ``channel`` or in none."""

    user: str
    until: float
    channel: str = ""
    is_used: bool = False


@dataclass(slots=True)
class ResponsePlace:
    """Where a response URL answers: to whom, where, and about which message."""

    user: str
    channel: str
    message: Message | None
    until: float
    uses_left: int = RESPONSE_USES


class Interactions:
    """Builds interaction payloads and keeps what they promise."""

    def __init__(self, state: State, shapes: Shapes, verification_token: str) -> None:
        self.state = state
        self.shapes = shapes
        self.verification_token = verification_token
        self.triggers: dict[str, Trigger] = {}
        self.responses: dict[str, ResponsePlace] = {}
        self.chosen: dict[tuple[str, ...], Json] = {}
        self.offered: dict[tuple[str, str], list[Json]] = {}

    def command(self, user: User, channel: Channel, command: str, text: str) -> Json:
        return {
            "token": self.verification_token,
            "team_id": self.state.team_id,
            "team_domain": "local",
            "channel_id": channel.id,
            "channel_name": "directmessage" if channel.kind == "im" else channel.name,
            "user_id": user.id,
            "user_name": user.name,
            "command": command,
            "text": text,
            "api_app_id": self.state.app_id,
            "is_enterprise_install": "false",
            "response_url": self._response_url(user, channel, None),
            "trigger_id": self._trigger(user, channel.id),
        }

    def block_action(self, user: User, message: Message, action: Json, values: Json | None = None) -> Json:
        """A button or menu of a message; ``values`` are its other inputs, as far as they are not known yet."""
        kept = self._after((user.id, message.channel, message.ts), values or {}, action)
        filled = filled_values(with_current(message.blocks, message.channel), kept, self.offered_to(user))
        channel = self.state.channels[message.channel]
        return (
            self._base("block_actions", user, message.channel)
            | self._at(message)
            | {
                "state": {"values": filled},
                "response_url": self._response_url(user, channel, message),
                "actions": [action | {"action_ts": self.state.next_ts()}],
            }
        )

    def _at(self, message: Message) -> Json:
        """The message that something was done in; of an ephemeral one the payload holds the place alone."""
        channel = self.state.channels[message.channel]
        container: Json = {"type": "message", "message_ts": message.ts, "channel_id": channel.id}
        container["is_ephemeral"] = bool(message.ephemeral_to)
        if message.thread_ts:
            container["thread_ts"] = message.thread_ts
        named = {"id": channel.id, "name": "directmessage" if channel.kind == "im" else channel.name}
        shown = {} if message.ephemeral_to else {"message": self.shapes.message(message)}
        return {"container": container, "channel": named} | shown

    def view_action(self, user: User, view: View, action: Json, values: Json) -> Json:
        """A button or menu inside a modal or the app home."""
        filled = self._filled(user, view, self._after((view.id,), values, action))
        return self._base("block_actions", user, view.channel) | {
            "container": {"type": "view", "view_id": view.id},
            "view": self.view(view) | {"state": {"values": filled}},
            "actions": [action | {"action_ts": self.state.next_ts()}],
        }

    def _filled(self, user: User, view: View, chosen: Json) -> Json:
        return filled_values(with_current(view.body["blocks"], view.channel), chosen, self.offered_to(user))

    def _after(self, place: tuple[str, ...], values: Json, action: Json) -> Json:
        """What is chosen in a message or view when an action has just been taken; earlier choices there stay."""
        kept = self.chosen.setdefault(place, {})
        for block_id, entries in values.items():
            kept.setdefault(block_id, {}).update(entries)
        if action["type"] in KEYS and action["type"] not in STATELESS:
            kept.setdefault(action["block_id"], {})[action["action_id"]] = action
        return kept

    def suggestion(self, user: User, place: Message | View, block_id: str, action_id: str, typed: str) -> Json:
        """block_suggestion: what somebody has typed so far into a menu whose options the app gives."""
        base = self._base("block_suggestion", user)
        base.pop("trigger_id")
        if isinstance(place, Message):
            where = self._at(place)
        else:
            where = {"container": {"type": "view", "view_id": place.id}, "view": self.view(place)}
        return base | where | {"block_id": block_id, "action_id": action_id, "value": typed}

    def keep_offered(self, user: User, action_id: str, options: list[Json]) -> None:
        """Options that the app gave while somebody typed: one of them may be chosen later."""
        known = self.offered.setdefault((user.id, action_id), [])
        known[:] = [*options, *(option for option in known if option not in options)]

    def offered_to(self, user: User) -> dict[str, list[Json]]:
        return {action_id: options for (who, action_id), options in self.offered.items() if who == user.id}

    def global_shortcut(self, user: User, callback_id: str) -> Json:
        """A shortcut that belongs to no message: it has neither channel nor response URL."""
        base = self._base("shortcut", user)
        base.pop("api_app_id")
        base["user"].pop("name")
        return base | {"callback_id": callback_id, "action_ts": self.state.next_ts()}

    def shortcut(self, user: User, message: Message, callback_id: str) -> Json:
        channel = self.state.channels[message.channel]
        base = self._base("message_action", user, channel.id)
        base.pop("api_app_id")
        return base | {
            "callback_id": callback_id,
            "message_ts": message.ts,
            "message": self.shapes.message(message),
            "channel": {"id": channel.id, "name": channel.name},
            "response_url": self._response_url(user, channel, message),
            "action_ts": self.state.next_ts(),
        }

    def closing(self, user: User, view: View, *, is_cleared: bool) -> Json:
        """view_closed: for a modal that asked for it (``notify_on_close``)."""
        base = self._base("view_closed", user)
        base.pop("trigger_id")
        return base | {"view": self.view(view), "is_cleared": is_cleared}

    def submission(self, user: User, view: View, values: Json) -> Json:
        filled = self._filled(user, view, self._after((view.id,), values, {"type": ""}))
        body = self.view(view) | {"state": {"values": filled}}
        return self._base("view_submission", user) | {"view": body, "response_urls": self._offered(user, view, filled)}

    def _offered(self, user: User, view: View, values: Json) -> list[Json]:
        """A response URL for each conversation chosen in a menu that asks for one."""
        urls = []
        for block in view.body["blocks"]:
            element = block.get("element", {})
            entry = values.get(block.get("block_id"), {}).get(element.get("action_id"), {})
            channel = self.state.channels.get(entry.get("selected_conversation") or "")
            if element.get("response_url_enabled") and channel:
                place = {"block_id": block["block_id"], "action_id": element["action_id"], "channel_id": channel.id}
                urls.append(place | {"response_url": self._response_url(user, channel, None)})
        return urls

    def view(self, view: View) -> Json:
        """A view as the Web API and payloads give it back."""
        base: Json = {"id": view.id, "team_id": self.state.team_id, "app_id": self.state.app_id, "hash": view.hash}
        base |= {"bot_id": self.state.bot_id, "app_installed_team_id": self.state.team_id}
        base |= {"root_view_id": view.root_id, "previous_view_id": view.previous_id, "state": {"values": {}}}
        defaults: Json = {"callback_id": "", "private_metadata": "", "external_id": "", "clear_on_close": False}
        defaults |= {"submit": None, "close": None} if view.body["type"] == "modal" else {}
        return defaults | {"notify_on_close": False} | view.body | base

    def _base(self, kind: str, user: User, channel_id: str = "") -> Json:
        return {
            "type": kind,
            "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id},
            "api_app_id": self.state.app_id,
            "token": self.verification_token,
            "trigger_id": self._trigger(user, channel_id),
            "team": {"id": self.state.team_id, "domain": "local"},
            "enterprise": None,
            "is_enterprise_install": False,
        }

    def _trigger(self, user: User, channel_id: str) -> str:
        trigger_id = f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self.triggers[trigger_id] = Trigger(user.id, time.monotonic() + TRIGGER_LASTS_S, channel_id)
        return trigger_id

    def use_trigger(self, trigger_id: str) -> Trigger:
        """A fresh trigger, which is used up. Raises: ApiError, as `check_trigger` does."""
        trigger = self.check_trigger(trigger_id)
        trigger.is_used = True
        return trigger

    def check_trigger(self, trigger_id: str) -> Trigger:
        """A fresh trigger. Raises: ApiError invalid_, exchanged_ or expired_trigger_id."""
        trigger = self.triggers.get(trigger_id)
        if trigger is None:
            raise ApiError("invalid_trigger_id")
        if trigger.is_used:
            raise ApiError("exchanged_trigger_id")
        if time.monotonic() > trigger.until:
            raise ApiError("expired_trigger_id")
        return trigger

    def _response_url(self, user: User, channel: Channel, message: Message | None) -> str:
        key = secrets.token_urlsafe(18)
        until = time.monotonic() + RESPONSE_LASTS_S
        self.responses[key] = ResponsePlace(user.id, channel.id, message, until)
        return f"{self.shapes.base_url}/response/{key}"

    def use_response(self, key: str) -> ResponsePlace:
        """Where a response URL answers. Raises: ApiError used_url, expired_url."""
        place = self.responses.get(key)
        if place is None or time.monotonic() > place.until or place.channel not in self.state.channels:
            raise ApiError("expired_url")
        if place.uses_left <= 0:
            raise ApiError("used_url")
        place.uses_left -= 1
        return place
