"""Message shortcuts: ask about a message's files, summarise its thread, add its files. Seen by the chooser alone.

A sample of what arrives:

    {"type": "message_action", "callback_id": "ask_about", "trigger_id": "…", "response_url": "…",
     "team": {"id": "T1"}, "channel": {"id": "C1"}, "user": {"id": "U1"}, "message_ts": "1763851234.000100",
     "message": {"user": "U2", "text": "…", "thread_ts": "1763851200.000100", "files": [{"id": "F1", …}]}}
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import blocks
from bot.commands import Asker
from bot.conversations import FileRef
from bot.events import IncomingMessage, plain
from bot.listeners import views
from bot.listeners.commands import stand_in
from bot.listeners.desk import Desk
from bot.listeners.prompt import promptly, soon
from bot.records import lane_of
from bot.texts import Texts
from rag.errors import InhouseError

ASK_ABOUT, SUMMARISE, ADD_FILES = "ask_about", "summarise_thread", "add_files"  # callback ids
MOST_FILES = 20


@dataclass(frozen=True, slots=True)
class Chosen:
    """The message that a shortcut was chosen on."""

    asker: Asker
    message_ts: str
    thread_ts: str | None  # None: nobody has replied to it
    author: str  # a person's id; "" where a bot wrote it
    text: str
    files: tuple[FileRef, ...]
    replies: int  # 0 also where Slack did not say
    key: str

    @property
    def root_ts(self) -> str:
        """The thread it belongs to, or would start."""
        return self.thread_ts or self.message_ts

    def stand_in(self) -> IncomingMessage:
        """A shortcut has no message of its own. What only one person sees shows in a thread only where there is one."""
        return stand_in(self.asker, "", self.thread_ts)


def register(app: AsyncApp, desk: Desk) -> None:
    """One listener for each message shortcut of the manifest."""
    _register_ask(app, desk)
    _register_jobs(app, desk)


def _register_ask(app: AsyncApp, desk: Desk) -> None:
    async def ask(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond, client: AsyncWebClient) -> None:
        chosen = _chosen(body)
        await ack()  # nothing is stored yet, and what follows may find Slack busy
        texts = await _texts(desk, chosen)
        denial = await _denial(desk, chosen, texts)
        if denial:
            await respond(text=denial, replace_original=False, response_type="ephemeral")
        else:  # a trigger lives three seconds
            about = views.About(chosen.asker.channel, chosen.thread_ts, chosen.root_ts, chosen.files)
            view = views.question(texts, about, chosen.author, plain(chosen.text))
            try:
                await client.views_open(trigger_id=body["trigger_id"], view=view)
            except SlackApiError:
                await respond(text=texts("ask-too-late"), replace_original=False, response_type="ephemeral")

    app.message_shortcut(ASK_ABOUT)(promptly(ask))


def _register_jobs(app: AsyncApp, desk: Desk) -> None:
    async def summarise(chosen: Chosen, texts: Texts, payload: dict[str, Any]) -> str:
        if await desk.inbox.is_full(chosen.asker.user):
            return texts("busy")
        user = chosen.asker.user
        await desk.inbox.add("summarise", f"summarise/{chosen.key}", f"ask/{user}", user, payload)
        return texts("summary-reading", count=chosen.replies + 1) if chosen.replies else texts("summary-reading-thread")

    async def add(chosen: Chosen, texts: Texts, payload: dict[str, Any]) -> str:
        if not chosen.files:
            return texts("add-none")
        payload["file_refs"] = [asdict(ref) for ref in chosen.files]
        lane = lane_of(stand_in(chosen.asker, "", chosen.root_ts))  # not while a turn there reads the same files
        await desk.inbox.add("add", f"add/{chosen.key}", lane, chosen.asker.user, payload)
        return texts("add-reading", files=texts("files-count", count=len(chosen.files)))

    app.message_shortcut(SUMMARISE)(promptly(_private_work(desk, summarise)))
    app.message_shortcut(ADD_FILES)(promptly(_private_work(desk, add)))


Work = Callable[[Chosen, Texts, dict[str, Any]], Awaitable[str]]


def _private_work(desk: Desk, work: Work) -> Callable[..., Awaitable[None]]:
    """A listener that hands on ``work`` where the bot may read, and says what it does, or why not."""

    async def listen(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        chosen = _chosen(body)
        texts = await _texts(desk, chosen)
        said = await _denial(desk, chosen, texts)
        if not said:
            payload = {"message": asdict(chosen.stand_in()), "thread_ts": chosen.root_ts, "response_url": ""}
            try:
                said = await work(chosen, texts, payload)
            except InhouseError as error:
                said = blocks.escape(texts.error(error))
        await ack()
        await respond(text=said, replace_original=False, response_type="ephemeral", thread_ts=chosen.thread_ts)

    return listen


async def _texts(desk: Desk, chosen: Chosen) -> Texts:
    return await desk.texts(chosen.asker.team, chosen.asker.channel, chosen.asker.user)


async def _denial(desk: Desk, chosen: Chosen, texts: Texts) -> str:
    """Why nothing is done here; "" where something may be, or Slack does not say soon. The job asks again."""
    reason = await soon(desk.access.barred(chosen.asker.team, chosen.asker.channel, chosen.asker.user), "")
    return texts(reason) if reason else ""


def _chosen(body: dict[str, Any]) -> Chosen:
    message, ts = body["message"], body["message_ts"]
    root, author = message.get("thread_ts") or ts, message.get("user") or ""
    there = [file["id"] for file in message.get("files") or () if file.get("id") and file.get("mode") != "tombstone"]
    return Chosen(
        Asker(body["team"]["id"], body["channel"]["id"], body["user"]["id"]),
        *(ts, message.get("thread_ts"), author, message.get("text") or ""),
        tuple(FileRef(file_id, ts, root, author) for file_id in there[:MOST_FILES]),
        *(message.get("reply_count") or 0, body["trigger_id"]),
    )
