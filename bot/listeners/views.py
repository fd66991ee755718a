"""The modal behind "Ask about this", and what comes of it when it is sent."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import blocks
from bot.commands import Asker
from bot.conversations import FileRef
from bot.listeners.commands import QUESTION_CHARS, stand_in
from bot.listeners.desk import Desk
from bot.listeners.prompt import promptly
from bot.texts import Texts

ASK_MODAL = "ask_about_modal"  # callback id
MOST_CHARS = 3000
FIRST_WORDS_CHARS = 200


@dataclass(frozen=True, slots=True)
class About:
    """What a question is about; travels with the modal, through Slack, and comes back unread by anybody."""

    channel: str
    thread_ts: str | None  # where its asker sees the answer; None: in the channel
    root_ts: str  # where it would be shared
    files: tuple[FileRef, ...]  # to be read and searched, nothing else; empty: the thread's, else the conversation's

    def packed(self) -> str:
        """As Slack takes it: at most 3,000 characters."""
        return json.dumps([self.channel, self.thread_ts, self.root_ts, *_origin(self.files)])


def _origin(files: tuple[FileRef, ...]) -> tuple[str, str, list[str]]:
    """(message_ts, user, file ids): the files of one message have all else in common."""
    return (files[0].message_ts, files[0].user, [ref.file_id for ref in files]) if files else ("", "", [])


def _unpacked(metadata: str) -> About:
    channel, thread_ts, root_ts, message_ts, user, file_ids = json.loads(metadata)
    return About(channel, thread_ts, root_ts, tuple(FileRef(each, message_ts, root_ts, user) for each in file_ids))


def register(app: AsyncApp, desk: Desk) -> None:
    """The submission of the modal."""

    async def ask(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any], client: AsyncWebClient) -> None:
        about = _unpacked(view["private_metadata"])
        asker = Asker(body["team"]["id"], about.channel, body["user"]["id"])
        texts = await desk.texts(asker.team, asker.channel, asker.user)
        question = (view["state"]["values"]["question"]["question"].get("value") or "").strip()
        if not question:
            await ack(response_action="errors", errors={"question": texts("ask-empty")})
            return
        if await desk.inbox.is_full(asker.user):
            await ack(response_action="errors", errors={"question": texts("busy")})
            return
        payload = {
            "message": asdict(stand_in(asker, question, about.thread_ts)),
            "question": question,
            "response_url": "",
            "thread_ts": about.root_ts,
            "file_refs": [asdict(ref) for ref in about.files],
        }
        await desk.inbox.add("ask", f"ask/{view['id']}", f"ask/{asker.user}", asker.user, payload)
        await ack()
        await _say(client, asker, about, _looking(texts, question))

    app.view(ASK_MODAL)(promptly(ask))


def _looking(texts: Texts, question: str) -> str:
    return texts("ask-looking", question=blocks.escape(blocks.shorten(question, QUESTION_CHARS)))


async def _say(client: AsyncWebClient, asker: Asker, about: About, text: str) -> None:
    """The first sign; where it cannot be shown, the job that was stored says why."""
    try:
        await client.chat_postEphemeral(
            channel=asker.channel, user=asker.user, thread_ts=about.thread_ts, text=text, blocks=[blocks.section(text)]
        )
    except SlackApiError:
        return


def question(texts: Texts, about: About, author: str, text: str) -> blocks.Block:
    """The modal, over the first words of the message that it is about."""
    words = blocks.escape(blocks.shorten(" ".join(text.split()), FIRST_WORDS_CHARS)) or texts("ask-about-no-words")
    words = re.sub(r"&lt;@([UW][A-Z0-9]+)&gt;", r"<@\1>", words)  # a name instead of an id; in a modal it calls nobody
    by = f"<@{author}>: " if re.fullmatch(r"[UW][A-Z0-9]+", author) else ""
    scope = texts("ask-about-files", count=len(about.files)) if about.files else texts("ask-about-thread")
    field = {"type": "plain_text_input", "action_id": "question", "multiline": True, "max_length": MOST_CHARS}
    return {
        "type": "modal",
        "callback_id": ASK_MODAL,
        "private_metadata": about.packed(),
        "title": blocks.plain_text(texts("ask-about-title"), 24),
        "submit": blocks.plain_text(texts("ask-about-send"), 24),
        "close": blocks.plain_text(texts("cancel"), 24),
        "blocks": [
            blocks.context(by + words),
            {
                "type": "input",
                "block_id": "question",
                "label": blocks.plain_text(texts("ask-about-label"), 2000),
                "hint": blocks.plain_text(scope, 2000),
                "element": field,
            },
        ],
    }
