"""Buttons and menus under answers. State lies in the records, never in a closure: any process may get the click."""

from __future__ import annotations

import json
import re
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import answers, blocks, feedback
from bot.listeners.desk import Desk
from bot.listeners.prompt import promptly
from bot.revisions import Declined


def register(app: AsyncApp, desk: Desk) -> None:
    """Stop, vote, write anew, delete."""
    _register_answers(app, desk)
    _register_votes(app, desk)
    _register_files(app, desk)


def _register_answers(app: AsyncApp, desk: Desk) -> None:
    async def choose(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        action = body["actions"][0]
        is_menu = action["type"] == "overflow"
        choice = action["selected_option"]["value"] if is_menu else action.get("value") or answers.WIDEN
        reply_ts = body["container"]["message_ts"]
        place = (body["team"]["id"], body["channel"]["id"], reply_ts)
        work = await desk.revisions.wish(*place, body["user"]["id"], choice)
        if not isinstance(work, Declined):
            await desk.inbox.add(work.kind, work.key, work.lane, work.user, work.payload)
        await ack()
        if isinstance(work, Declined):
            await respond(text=work.text, replace_original=False, response_type="ephemeral")

    async def stop(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        asked = json.loads(body["actions"][0]["value"])
        if not desk.jobs.stop_reply(asked["channel"], asked["ts"], body["user"]["id"]):
            texts = await desk.people.texts(body["team"]["id"], body["channel"]["id"], body["user"]["id"])
            await respond(text=texts("stop-not-yours"), replace_original=False, response_type="ephemeral")

    app.action(blocks.MENU)(promptly(choose))
    app.action(blocks.WIDEN)(promptly(choose))
    app.action(re.compile(rf"{blocks.CHOICE}_\d"))(promptly(choose))
    app.action(blocks.STOP)(promptly(stop))


def _register_votes(app: AsyncApp, desk: Desk) -> None:
    async def vote(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond, client: AsyncWebClient) -> None:
        team, channel, user = body["team"]["id"], body["channel"]["id"], body["user"]["id"]
        verdict = body["actions"][0]["value"]
        question_ts = await desk.feedback.vote(team, channel, body["container"]["message_ts"], user, verdict)
        await ack()
        texts = await desk.people.texts(team, channel, user)
        if question_ts is None:
            await respond(text=texts("answer-unknown"), replace_original=False, response_type="ephemeral")
        elif verdict == feedback.DOWN:  # a trigger lives three seconds
            try:
                await client.views_open(trigger_id=body["trigger_id"], view=feedback.modal(texts, channel, question_ts))
            except SlackApiError:  # the vote is kept without it
                await respond(text=texts("thanks-down"), replace_original=False, response_type="ephemeral")

    async def explain(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any], client: AsyncWebClient) -> None:
        values, about = view["state"]["values"], json.loads(view["private_metadata"])
        team, user = body["team"]["id"], body["user"]["id"]
        reason = values["reason"]["reason"]["selected_option"]["value"]
        comment = values["comment"]["comment"].get("value") or ""
        kept = await desk.feedback.explain(team, about["channel"], about["message_ts"], user, reason, comment)
        await ack()
        texts = await desk.people.texts(team, about["channel"], user)
        text = texts("thanks-down" if kept else "answer-unknown")
        await client.chat_postEphemeral(channel=about["channel"], user=user, text=text)

    app.action(blocks.FEEDBACK)(promptly(vote))
    app.view(feedback.MODAL)(promptly(explain))


def _register_files(app: AsyncApp, desk: Desk) -> None:
    async def keep_both(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        team, channel, user = body["team"]["id"], body["channel"]["id"], body["user"]["id"]
        about = json.loads(body["actions"][0]["value"])
        count = await desk.uploads.keep_both(team, channel, about["file_id"], user)
        await ack()
        texts = await desk.people.texts(team, channel, user)
        text = texts("both-searched" if count else "both-already")
        await respond(text=text, replace_original=False, response_type="ephemeral")

    app.action(blocks.KEEP_BOTH)(promptly(keep_both))
