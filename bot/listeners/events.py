"""Events: recorded before they are acknowledged. `bot.inbox` decides what they lead to."""

from __future__ import annotations

import logging
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.listeners.desk import Desk

log = logging.getLogger(__name__)

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
# Acknowledged and left too; who is in a conversation changed.
CHANGED = ("channel_shared", "channel_unshared")
# What was found out about a conversation counts no more.
RECORDED_CHANGES = (
    *("member_joined_channel", "member_left_channel", "channel_left", "group_left"),
    *("channel_deleted", "group_deleted"),
)
CONVERTED = frozenset({"channel_convert_to_public", "channel_convert_to_private"})  # subtypes of messages


def register(app: AsyncApp, desk: Desk) -> None:
    """One listener for each subscribed event."""

    async def record(body: dict[str, Any]) -> None:
        if body["event"].get("subtype") in CONVERTED:  # its scope is itself before and after
            log.info("channel=%s %s: nothing widens", body["event"]["channel"], body["event"]["subtype"])
            desk.access.forget(body["team_id"], body["event"]["channel"])
        await desk.inbox.record(body)

    async def record_change(body: dict[str, Any]) -> None:
        desk.access.forget(body["team_id"], body["event"]["channel"])
        await desk.inbox.record(body)

    async def note() -> None:
        return None

    async def ask_anew(body: dict[str, Any]) -> None:
        desk.access.forget(body["team_id"], body["event"]["channel"])

    async def stop(event: dict[str, Any]) -> None:
        desk.jobs.stop_reply(event["channel"], event["thread_ts"], event["user"])

    for name in RECORDED:
        app.event(name)(record_change if name in RECORDED_CHANGES else record)
    for name in NOTED:
        app.event(name)(note)
    for name in CHANGED:
        app.event(name)(ask_anew)
    app.event("agent_session_stopped")(stop)
