"""Bolt's listeners: one file per kind of event; each parses, records and returns."""

from slack_bolt.async_app import AsyncApp

from bot.listeners import actions, commands, events
from bot.listeners.desk import Desk


def register_listeners(app: AsyncApp, desk: Desk) -> None:
    """Register all of them. An event without a listener would never be acknowledged."""
    events.register(app, desk)
    commands.register(app, desk)
    actions.register(app, desk)
