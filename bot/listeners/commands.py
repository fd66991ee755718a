"""Slash commands. Both answer the asker alone."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import blocks
from bot.events import IncomingMessage, plain
from bot.listeners.desk import Desk


def register(app: AsyncApp, desk: Desk) -> None:
    """`/ask QUESTION` and `/inhouse SUBCOMMAND`."""

    async def ask(ack: AsyncAck, command: dict[str, Any]) -> None:
        question = plain(command.get("text") or "")
        if not question:
            await ack("Write your question behind the command: `/ask What is the notice period?`")
            return
        payload = {
            "message": asdict(_as_message(command, question)),
            "question": question,
            "response_url": command["response_url"],
        }
        key = f"ask/{command['trigger_id']}"
        await desk.inbox.add("ask", key, f"ask/{command['user_id']}", command["user_id"], payload)
        await ack(f"Looking in the files of this conversation for: {blocks.escape(blocks.shorten(question, 200))}")

    async def inhouse(ack: AsyncAck, command: dict[str, Any]) -> None:
        reply = await desk.commands.reply_to(command["team_id"], command["channel_id"], command.get("text") or "")
        await ack(text=reply[0]["text"]["text"], blocks=reply)

    app.command("/ask")(ask)
    app.command("/inhouse")(inhouse)


def _as_message(command: dict[str, Any], question: str) -> IncomingMessage:
    """A command has no message; this stands for one, so that a turn needs no second shape."""
    channel = command["channel_id"]
    kind = "im" if channel.startswith("D") else "channel"
    return IncomingMessage(
        command["team_id"], channel, kind, command["user_id"], f"{time.time():.6f}", None, question, ()
    )
