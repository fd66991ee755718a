"""The Home tab's buttons, and the modal with a channel's settings."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import channel_modal, home_view
from bot.channel_modal import Refused
from bot.listeners.desk import Desk
from bot.listeners.prompt import promptly


def register(app: AsyncApp, desk: Desk) -> None:
    """Open settings, save them, forget a file."""

    async def show_anew(team: str, user: str, at: str) -> None:
        payload = {"team": team, "event": {"tab": "home", "user": user}}
        await desk.inbox.add("home", f"home/{user}/{at}", f"home/{user}", user, payload)

    async def settings(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()  # nothing is stored, and what follows may find Slack busy
        action, team, user = body["actions"][0], body["team"]["id"], body["user"]["id"]
        refusal = await desk.home.open_settings(body["trigger_id"], team, action["value"], user)
        if refusal is not None:  # the page shows what this person may do now
            await show_anew(team, user, action["action_ts"])

    async def save(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        decided = await desk.home.submitted(body["team"]["id"], body["user"]["id"], view)
        if isinstance(decided, Refused):
            await ack(response_action="errors", errors=decided.errors)
            return
        lane = f"settings/{decided.team}/{decided.channel}"
        await desk.inbox.add("settings", f"settings/{view['id']}", lane, decided.user, decided.payload)
        await ack()

    async def forget(ack: AsyncAck, body: dict[str, Any]) -> None:
        action, team, user = body["actions"][0], body["team"]["id"], body["user"]["id"]
        channel, file_id = action["value"].split(" ")
        payload = {"team": team, "channel": channel, "file_id": file_id, "user": user}
        key = f"forget/{channel}/{file_id}/{user}/{action['action_ts']}"
        await desk.inbox.add("forget", key, f"home/{user}", user, payload)
        await ack()

    app.action(home_view.SETTINGS)(promptly(settings))
    app.action(home_view.FORGET)(promptly(forget))
    app.view(channel_modal.MODAL)(promptly(save))
