"""Answers that one person was shown alone: kept for a day, so that this person can share them.

What is shared is what was kept here; a click brings an id and nothing else. Knows neither how an answer
came about nor the model. Once shared, an answer is a turn like any other, for follow-ups and for erasure.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot import audit, blocks, delivery
from bot.access import Access
from bot.audit import Deed
from bot.conversations import Conversations, ThreadMessage
from bot.delivery import Gone, Refused
from bot.events import IncomingMessage
from bot.history import History, Kept, Manner, Told
from bot.jobs import Running, TryAgain
from bot.people import People
from bot.records import Records, Tables, rows
from bot.replies import PrivateReply
from bot.texts import Texts

log = logging.getLogger(__name__)

KEEP_S = 24 * 3600
QUESTION_CHARS = 300  # of a question above its shared answer


@dataclass(frozen=True, slots=True)
class Aside:
    """What one person was shown, or is about to be."""

    key: str  # of the job that it came from
    team: str
    channel: str
    thread_ts: str  # where it would be shared; "" in the channel itself
    user: str
    question: str  # "" where nothing was asked
    parts: tuple[str, ...]  # mrkdwn
    tail: tuple[blocks.Block, ...]
    files: tuple[str, ...] = ()  # that it rests on
    messages: tuple[str, ...] = ()  # those it quotes, as `mark` has them
    cited: tuple[int, ...] = ()  # chunks, for the audit; not kept here
    answer: str = ""  # for the thread's history; "": none
    outcome: str = ""
    aside_id: int = 0  # 0: not kept yet
    is_shown: bool = False
    shared_ts: str = ""
    created_at: float = 0.0


class Asides:
    """Keeps, shows and shares private answers."""

    def __init__(
        self,
        client: AsyncWebClient,
        records: Records,
        history: History,
        people: People,
        access: Access,
        conversations: Conversations,
    ) -> None:
        self._client = client
        self._records = records
        self._history = history
        self._people = people
        self._access = access
        self._conversations = conversations

    async def barred(self, message: IncomingMessage, texts: Texts) -> str:
        """Why the author of ``message`` is shown nothing of its conversation now; "" where they may be."""
        reason = await self._access.barred(message.team, message.channel, message.user)
        if reason:
            await self.note(message, "private", reason)
        return texts(reason) if reason else ""

    async def note(self, message: IncomingMessage, action: str, decision: str, chunks: Sequence[int] = ()) -> None:
        """Note what was decided of a private question, unless that was noted before."""
        deed = Deed(message.team, message.channel, message.user, action, decision, message.ts, chunks)
        await self._records.write(lambda db: audit.note_once(db, deed))

    # --- kept and shown --------------------------------------------------------------------------

    async def of_job(self, key: str) -> Aside | None:
        """What a job came to in an earlier attempt, if that was kept."""
        return await self._one("key = ?", key)

    async def keep(self, aside: Aside, message: IncomingMessage, action: str) -> Aside:
        """Keep what came of the question in ``message`` before it is shown: the same, with its id."""
        deed = Deed(aside.team, aside.channel, aside.user, action, aside.outcome, message.ts, aside.cited)

        def work(db: Tables) -> None:
            if not _find(db, "key = ?", aside.key):
                db.table("asides").insert(_row(aside))
                audit.note_once(db, deed)

        await self._records.write(work)
        kept = await self.of_job(aside.key)
        return aside if kept is None else kept

    async def show(self, aside: Aside, message: IncomingMessage, response_url: str, texts: Texts) -> None:
        """Show a kept answer to its asker, once, with the means to share it. Raises: TryAgain."""
        if aside.is_shown:
            return
        if barred := await self.barred(message, texts):  # much may have changed since it was begun
            await self.tell(message, response_url, [barred])
            return
        button = blocks.button(texts("share-thread" if aside.thread_ts else "share"), blocks.SHARE, str(aside.aside_id))
        further = [] if message.is_direct else [blocks.actions(button)]
        await self.tell(message, response_url, aside.parts, [*aside.tail, *further])
        sql = "update asides set shown_at = ? where aside_id = ?"
        await self._records.write(lambda db: db.execute(sql, (time.time(), aside.aside_id)))

    async def tell(
        self, message: IncomingMessage, response_url: str, parts: Sequence[str], tail: Sequence[blocks.Block] = ()
    ) -> None:
        """Show something to the author of ``message`` alone. Raises: TryAgain."""
        reply = PrivateReply(self._client, message, response_url)
        for part in parts:
            await reply.show(part, part)
        await reply.finish(tail)

    # --- shared ----------------------------------------------------------------------------------

    async def share(self, running: Running) -> None:
        """Do a job of kind "share": say publicly, once, what its asker was shown. Raises: TryAgain."""
        payload, message = running.job.payload, IncomingMessage(**running.job.payload["message"])
        texts = await self._people.texts(message.team, message.channel, message.user)
        aside = await self._one("aside_id = ?", payload["aside"])
        objection = await self._objection(aside, message, texts)
        if aside is None or objection:
            await self.tell(message, payload["response_url"], [objection])
            return
        places = await self._post(aside, texts, is_retry=bool(running.job.attempts))
        if not places:
            await self.tell(message, payload["response_url"], [texts("share-nowhere")])
            return
        if not await self._record(aside, places):
            await delivery.Outlet(self._client, message).drop(list(places))
            await self.tell(message, payload["response_url"], [texts("share-files-gone")])
            return
        sql = "update asides set shared_ts = ? where aside_id = ?"
        await self._records.write(lambda db: db.execute(sql, (places[0], aside.aside_id)))
        await self.replace(payload["response_url"], [blocks.section(texts("shared"))])
        log.info("aside=%d shared channel=%s ts=%s", aside.aside_id, aside.channel, places[0])

    async def _objection(self, aside: Aside | None, message: IncomingMessage, texts: Texts) -> str:
        """Why a private answer cannot be shared; "" where it can. Raises: TryAgain."""
        is_theirs = aside is not None and (aside.team, aside.user) == (message.team, message.user)
        if aside is None or not is_theirs or time.time() - aside.created_at > KEEP_S:
            return texts("share-forgotten")  # also where it is somebody else's: that there is one is theirs to know
        if aside.shared_ts:
            return texts("share-done")
        if barred := await self.barred(message, texts):
            return barred
        shares = await self._records.shares(aside.team, aside.channel)
        if not {share.file_id for share in shares if share.state in {"read", "replaced"}}.issuperset(aside.files):
            return texts("share-files-gone")
        if aside.messages:
            there, _ = await self._conversations.messages(aside.channel, aside.thread_ts)
            if not set(map(mark, there)).issuperset(aside.messages):
                return texts("share-messages-gone")
        return ""

    async def _post(self, aside: Aside, texts: Texts, *, is_retry: bool) -> tuple[str, ...]:
        """The ts of each message that it takes; none where there is nowhere to post. Raises: TryAgain."""
        mark = f"aside-{aside.aside_id}-"
        standing = await self._conversations.marked(aside.channel, aside.thread_ts, mark) if is_retry else {}
        places: list[str] = []
        for number, body in enumerate(delivery.packed(_public(aside, texts))):
            root = aside.thread_ts or (places[0] if places else "")
            if number == 1 and is_retry and not aside.thread_ts:
                standing |= await self._conversations.marked(aside.channel, root, mark)
            block_id = f"{mark}{number}"
            try:
                ts = standing.get(block_id) or await self._say(aside.channel, root, block_id, body)
            except Gone as gone:
                log.info("nowhere to share: %s", gone)
                break
            places.append(ts)
        return tuple(places)

    async def _say(self, channel: str, thread_ts: str, block_id: str, body: list[blocks.Block]) -> str:
        """The ts of a new message; what Slack refuses is sent as plain text. Raises: Gone, TryAgain."""
        text = delivery.plain(body)
        built = [body[0] | {"block_id": block_id}, *body[1:]]
        where = {"channel": channel, "unfurl_links": False, "unfurl_media": False}
        if thread_ts:
            where["thread_ts"] = thread_ts
        try:
            short = blocks.shorten(text, delivery.PLAIN_CHARS)
            posted = await delivery.call(self._client.chat_postMessage, text=short, blocks=built, **where)
        except Refused as refusal:
            log.warning("shared answer refused (%s); sent as plain text", refusal)
            try:
                posted = await delivery.call(self._client.chat_postMessage, text=text, **where)
            except Refused as again:
                raise TryAgain(f"share: {again}") from again
        return str(posted["ts"])

    async def _record(self, aside: Aside, places: Sequence[str]) -> bool:
        """Make it a turn of its thread; False where a file that it rests on is gone meanwhile."""
        kind = "im" if aside.channel.startswith("D") else "channel"
        message = IncomingMessage(
            *(aside.team, aside.channel, kind, aside.user, places[0], aside.thread_ts or None, aside.question, ())
        )
        for number, ts in enumerate(places):
            await self._history.begin(message, aside.question, ts, number)
        told = Told(aside.answer, aside.outcome, aside.files, is_kept=bool(aside.answer))
        ended = await self._history.finish(message, aside.question, Manner(), told, places, None, "share")
        return ended.kept is Kept.YES

    async def replace(self, response_url: str, shown: list[blocks.Block]) -> None:
        """Show something in place of what one person was shown; a nicety, so its failure is only logged."""
        webhook = AsyncWebhookClient(response_url, ssl=self._client.ssl)
        webhook.proxy = self._client.proxy
        try:
            sent = await webhook.send(text=shown[0]["text"]["text"], blocks=shown, replace_original=True)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.info("private answer not replaced: %s", type(error).__name__)
        else:
            if sent.status_code != 200:
                log.info("private answer not replaced: %d", sent.status_code)

    async def _one(self, where: str, value: object) -> Aside | None:
        found = await self._records.read(lambda db: _find(db, where, value))
        return found[0] if found else None


def mark(message: ThreadMessage) -> str:
    """A message as it reads now: another mark once it was edited, and nothing of its words."""
    return f"{message.ts} {hashlib.blake2s(message.text.encode(), digest_size=8).hexdigest()}"


def _public(aside: Aside, texts: Texts) -> list[blocks.Block]:
    """The question, the answer, its sources, and who shared it."""
    asked = [blocks.quote(blocks.shorten(aside.question, QUESTION_CHARS))] if aside.question else []
    by = blocks.context(texts("shared-by", person=f"<@{aside.user}>"))
    return [*delivery.sections([*asked, *aside.parts]), *aside.tail, by]


def _find(db: Tables, where: str, value: object) -> list[Aside]:
    return [_aside(row) for row in rows(db, f"select * from asides where {where}", (value,))]


def _row(aside: Aside) -> dict[str, Any]:
    names = ("key", "team", "channel", "thread_ts", "user", "question", "answer", "outcome")
    lists = {name: json.dumps(list(getattr(aside, name))) for name in ("parts", "tail", "files", "messages")}
    return {name: getattr(aside, name) for name in names} | lists | {"created_at": time.time()}


def _aside(row: dict[str, Any]) -> Aside:
    return Aside(
        *(row["key"], row["team"], row["channel"], row["thread_ts"] or "", row["user"], row["question"] or ""),
        parts=tuple(json.loads(row["parts"])),
        tail=tuple(json.loads(row["tail"])),
        files=tuple(json.loads(row["files"])),
        messages=tuple(json.loads(row["messages"])),
        answer=row["answer"] or "",
        outcome=row["outcome"] or "",
        aside_id=row["aside_id"],
        is_shown=bool(row["shown_at"]),
        shared_ts=row["shared_ts"] or "",
        created_at=row["created_at"],
    )
