"""Buttons. State lies in their value and in the records, never in a closure: any process may get the click."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot import blocks
from bot.events import IncomingMessage
from bot.listeners.desk import Desk


def register(app: AsyncApp, desk: Desk) -> None:
    """Search the whole channel; forget, or not."""

    async def widen(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        team, channel = body["team"]["id"], body["channel"]["id"]
        turn = await desk.inbox.question_of(team, channel, body["message"]["ts"])
        if turn is not None:
            message = IncomingMessage(
                *(team, channel, "", body["user"]["id"], turn["message_ts"], turn["thread_ts"], turn["question"], ())
            )
            payload = {"message": asdict(message), "question": turn["question"], "widened": True}
            key, lane = f"widen/{team}/{channel}/{turn['message_ts']}", f"{team}/{channel}/{turn['thread_ts']}"
            await desk.inbox.add("turn", key, lane, body["user"]["id"], payload)
        await ack()
        if turn is None:
            await respond(text="I have forgotten this question; please ask it again.", replace_original=False)

    async def forget(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        told = await desk.commands.forget(body["team"]["id"], body["channel"]["id"], body["user"]["id"])
        await respond(text=told, replace_original=True)

    async def keep(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        await respond(text="I kept everything.", replace_original=True)

    app.action(blocks.WIDEN)(widen)
    app.action(blocks.FORGET_ALL)(forget)
    app.action(blocks.CANCEL)(keep)
