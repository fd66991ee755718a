"""Slash commands, and the buttons and menus under their answers. All of it is seen by the asker alone."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict
from datetime import datetime
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot import blocks, commands, forgetter
from bot.commands import Asker
from bot.events import IncomingMessage, plain
from bot.intents import Intent, Kind, changes_intent, summary_intent
from bot.listeners import prompt
from bot.listeners.desk import Desk
from bot.listeners.prompt import promptly
from rag.errors import InhouseError

QUESTION_CHARS = 200  # of the question, in the first sign


def register(app: AsyncApp, desk: Desk) -> None:
    """`/ask QUESTION`, `/inhouse SUBCOMMAND`, and sharing what was shown to one person."""
    _register_ask(app, desk)
    _register_inhouse(app, desk)
    _register_files(app, desk)
    _register_briefs(app, desk)


def _register_ask(app: AsyncApp, desk: Desk) -> None:
    async def ask(ack: AsyncAck, command: dict[str, Any]) -> None:
        asker = Asker(command["team_id"], command["channel_id"], command["user_id"])
        texts = await desk.texts(asker.team, asker.channel, asker.user)
        question = plain(command.get("text") or "")
        if not question:
            await ack(texts("ask-how"))
            return
        if await desk.inbox.is_full(asker.user):
            await ack(texts("busy"))
            return
        payload = {
            "message": asdict(stand_in(asker, question)),
            "question": question,
            "response_url": command["response_url"],
        }
        try:
            await desk.inbox.add("ask", f"ask/{command['trigger_id']}", f"ask/{asker.user}", asker.user, payload)
        except InhouseError as error:
            await ack(blocks.escape(texts.error(error)))
            return
        await ack(texts("ask-looking", question=blocks.escape(blocks.shorten(question, QUESTION_CHARS))))

    async def share(ack: AsyncAck, body: dict[str, Any]) -> None:
        asker = _asker(body)
        aside, at = body["actions"][0]["value"], body["actions"][0]["action_ts"]
        payload = {
            "message": asdict(stand_in(asker, "", body["container"].get("thread_ts"))),
            "aside": int(aside) if aside.isdecimal() else 0,
            "response_url": body["response_url"],
        }
        await desk.inbox.add("share", f"share/{aside}/{at}", f"share/{aside}", asker.user, payload)
        await ack()

    app.command("/ask")(promptly(ask))
    app.action(blocks.SHARE)(promptly(share))


def _register_inhouse(app: AsyncApp, desk: Desk) -> None:
    async def inhouse(ack: AsyncAck, command: dict[str, Any], respond: AsyncRespond) -> None:
        """What takes longer than Slack waits is shown a little later."""
        obeying = asyncio.ensure_future(_obeyed(desk, command))
        done, _ = await asyncio.wait({obeying}, timeout=2 * prompt.SOON_S)
        if done:
            await ack(**obeying.result())
            return
        asker = Asker(command["team_id"], command["channel_id"], command["user_id"])
        await ack((await desk.texts(asker.team, asker.channel, asker.user))("a-moment"))
        if (shown := await obeying)["text"]:
            await respond(**shown, replace_original=False, response_type="ephemeral")

    async def forget(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        is_me = body["actions"][0]["action_id"] == commands.FORGET_ME
        await _wish(desk, body, respond, forgetter.EVERYWHERE if is_me else forgetter.HERE)
        await ack()

    async def keep(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        asker = _asker(body)
        texts = await desk.people.texts(asker.team, asker.channel, asker.user)
        await respond(text=texts("kept"), blocks=[blocks.section(texts("kept"))], replace_original=True)

    app.command("/inhouse")(promptly(inhouse))
    app.action(blocks.FORGET_ALL)(promptly(forget))
    app.action(commands.FORGET_ME)(promptly(forget))
    app.action(blocks.CANCEL)(promptly(keep))


def _register_files(app: AsyncApp, desk: Desk) -> None:
    async def more(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        start = body["actions"][0]["value"]
        try:
            listed = await desk.commands.files(_asker(body), int(start) if start.isdecimal() else 0)
        except InhouseError as error:
            listed = [blocks.section(await _trouble(desk, _asker(body), error))]
        await respond(text=listed[0]["text"]["text"], blocks=listed, replace_original=True)

    async def forget_file(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        start, _, file_id = body["actions"][0]["value"].partition("/")
        await _wish(desk, body, respond, file_id, int(start) if start.isdecimal() else 0)
        await ack()

    app.action(commands.MORE_FILES)(promptly(more))
    app.action(commands.FORGET_LISTED)(promptly(forget_file))


def _register_briefs(app: AsyncApp, desk: Desk) -> None:
    async def chosen(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        action = body["actions"][0]
        kind = Kind.CHANGES if action["action_id"] == blocks.COMPARE_FILE else Kind.FILE
        file_id = action["value"] if action["type"] == "button" else (action["selected_option"] or {}).get("value", "")
        thread_ts = body["container"].get("thread_ts")
        said = await _begin(
            desk, _asker(body), Intent(kind, file_id=file_id), f"{file_id}/{action['action_ts']}", thread_ts
        )
        await ack()
        await respond(text=said, replace_original=False, response_type="ephemeral", thread_ts=thread_ts)

    app.action(blocks.SUMMARISE_FILE)(promptly(chosen))
    app.action(blocks.COMPARE_FILE)(promptly(chosen))


async def _obeyed(desk: Desk, command: dict[str, Any]) -> dict[str, Any]:
    """What `/inhouse …` is answered with; no text where a modal is."""
    asker = Asker(command["team_id"], command["channel_id"], command["user_id"])
    text = command.get("text") or ""
    try:
        if commands.wanted(text)[0] == commands.SETTINGS:  # a trigger lives three seconds
            place = (command["trigger_id"], asker.team, asker.channel, asker.user)
            return {"text": await desk.home.open_settings(*place) or ""}
        if commands.wanted(text)[0] in {commands.SUMMARY, commands.CHANGES}:
            reply = await _brief(desk, asker, text, command)
        else:
            reply = await desk.commands.reply_to(asker, text)
    except InhouseError as error:
        return {"text": await _trouble(desk, asker, error)}
    return {"text": blocks.shorten(reply[0]["text"]["text"], blocks.SECTION_CHARS), "blocks": reply}


async def _brief(desk: Desk, asker: Asker, text: str, command: dict[str, Any]) -> list[blocks.Block]:
    """What `/inhouse summary …` and `/inhouse changes …` lead to, told at once. Raises: StoreError."""
    typed = plain(commands.after_word(text))
    if commands.wanted(text)[0] == commands.CHANGES:
        intent = changes_intent(typed)
    else:
        intent = summary_intent(typed, datetime.now().astimezone())
        if intent.kind is Kind.FILE and not intent.subject:
            intent = Intent(Kind.FILE, file_id=await desk.commands.only_file(asker), is_sure=True)
            if not intent.file_id:
                return await desk.commands.choose(asker)
    said = await _begin(desk, asker, intent, command["trigger_id"], None, command["response_url"])
    return [blocks.section(said)]


async def _begin(
    desk: Desk, asker: Asker, intent: Intent, key: str, thread_ts: str | None, response_url: str = ""
) -> str:
    """Hand a briefing on, and what is said of that at once. Raises: StoreError."""
    texts = await desk.texts(asker.team, asker.channel, asker.user)
    if await desk.inbox.is_full(asker.user):
        return texts("busy")
    payload = {
        "message": asdict(stand_in(asker, "", thread_ts)),
        "intent": asdict(intent),
        "response_url": response_url,
    }
    await desk.inbox.add("brief", f"brief/{key}", f"ask/{asker.user}", asker.user, payload)
    return texts("brief-comparing" if intent.kind is Kind.CHANGES else "brief-reading")


def stand_in(asker: Asker, text: str, thread_ts: str | None = None) -> IncomingMessage:
    """A command has no message; this stands for one, so that an answer needs no second shape."""
    kind = "im" if asker.channel.startswith("D") else "channel"
    return IncomingMessage(asker.team, asker.channel, kind, asker.user, f"{time.time():.6f}", thread_ts, text, ())


async def _wish(desk: Desk, body: dict[str, Any], respond: AsyncRespond, what: str, start: int = 0) -> None:
    """Keep what is to be forgotten. Neither key nor lane says who wished it: the row outlives their being forgotten."""
    asker, action = _asker(body), body["actions"][0]
    key = f"wish/{asker.channel}/{action['action_ts']}/{body['trigger_id']}"
    payload = forgetter.wish(stand_in(asker, ""), what, body["response_url"], start)
    try:
        await desk.inbox.add("wish", key, f"wish/{asker.channel}", "", payload)
    except InhouseError as error:
        await respond(text=await _trouble(desk, asker, error), replace_original=False, response_type="ephemeral")


def _asker(body: dict[str, Any]) -> Asker:
    return Asker(body["team"]["id"], body["channel"]["id"], body["user"]["id"])


async def _trouble(desk: Desk, asker: Asker, error: InhouseError) -> str:
    """Why a command was not obeyed, for whoever gave it."""
    return (await desk.people.texts(asker.team, asker.channel, asker.user)).error(error)
