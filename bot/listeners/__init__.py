"""Bolt's listeners: one file per kind of event; each parses, records and returns."""

from slack_bolt.async_app import AsyncApp

from bot.listeners import actions, commands, events, home, shortcuts, views
from bot.listeners.desk import Desk


def register_listeners(app: AsyncApp, desk: Desk) -> None:
    """Register all of them. An event without a listener would never be acknowledged."""
    for room in (events, commands, shortcuts, actions, views, home):
        room.register(app, desk)
