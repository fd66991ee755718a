"""Events: recorded before they are acknowledged. `bot.inbox` decides what they lead to."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.listeners.desk import Desk

# Every event the manifest subscribes to (tests/bot/test_manifest.py holds the two together).
RECORDED = (
    "app_mention",
    "message",
    "file_change",
    "file_deleted",
    "file_unshared",
    "channel_deleted",
    "group_deleted",
    "channel_left",
    "group_left",
    "channel_id_changed",
    "member_joined_channel",
    "member_left_channel",
    "app_home_opened",
    "app_context_changed",
    "app_uninstalled",
    "tokens_revoked",
)
# Acknowledged and left: what they tell is read from Slack when it is needed.
NOTED = ("file_shared",)
# Who is in a conversation changed: what was found out about it counts no more.
CHANGED = ("channel_shared", "channel_unshared")


def register(app: AsyncApp, desk: Desk) -> None:
    """One listener for each subscribed event."""

    async def record(body: dict[str, Any]) -> None:
        await desk.inbox.record(body)

    async def record_left(body: dict[str, Any]) -> None:
        desk.home.membership.forget(body["event"]["channel"])
        await desk.inbox.record(body)

    async def note() -> None:
        return None

    async def ask_anew(body: dict[str, Any]) -> None:
        desk.access.forget(body["team_id"], body["event"]["channel"])
        desk.home.membership.forget(body["event"]["channel"])

    async def stop(event: dict[str, Any]) -> None:
        desk.jobs.stop_reply(event["channel"], event["thread_ts"], event["user"])

    for name in RECORDED:
        app.event(name)(record_left if name == "member_left_channel" else record)
    for name in NOTED:
        app.event(name)(note)
    for name in CHANGED:
        app.event(name)(ask_anew)
    app.event("agent_session_stopped")(stop)
