"""The real bot against the local workspace, in one process, with a scripted model and a hashing embedder."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from slack_sdk.http_retry.builtin_interval_calculators import BackoffRetryIntervalCalculator

from bot import jobs
from bot.cli import service
from bot.cli.library import open_library
from bot.cli.seen import SeenAnswer, is_notice, read_answer
from bot.cli.service import Bot
from bot.listeners import prompt
from bot.preflight import preflight
from bot.settings import Settings
from bot.workspace.acting import Acting
from bot.workspace.core import Call
from bot.workspace.server import Workspace
from bot.workspace.state import Channel, Message, User
from tests.conftest import REPOSITORY
from tests.rag.fakes import HashEmbedder, ScriptedModel
from tests.scenarios.models import DEPOSIT, LEASE, RENT, best_line, every_line, lease, shown

__all__ = ["DEPOSIT", "LEASE", "RENT", "House", "best_line", "every_line", "lease", "shown"]


@dataclass
class House:
    """A workspace with people in it, and the bot, which can be stopped, killed and started again."""

    place: Workspace
    folder: Path
    model: ScriptedModel
    users: dict[str, User] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    bot: Bot | None = None
    _opened: Any = None

    async def start_bot(self, **settings: Any) -> Bot:
        configured = Settings.load(
            env_file=None,
            slack_bot_token=self.place.bot_token,
            slack_app_token=self.place.app_token,
            data_dir=self.folder,
            **{"slack_api_url": self.place.api_url, "replies_a_minute": 1000}
            | settings,  # tests ask faster than people; the pace has its own
        )
        identity = await preflight(configured)
        self._opened = open_library(configured, (self.model, HashEmbedder()))
        self.library = self._opened.__enter__()
        self.bot = Bot(configured, identity, self.library)
        await self.bot.start()
        return self.bot

    async def stop_bot(self) -> None:
        if self.bot is not None:
            await self.bot.stop()
            self._close()

    async def kill_bot(self) -> None:
        """Leave everything as it lies: nothing running is finished, nothing more is recorded."""
        assert self.bot is not None
        await self.bot._socket.close_async()
        left, tasks = self.bot.jobs, list(self.bot.jobs._tasks)
        left._stopping = True
        for running in left._running.values():
            running.cancel.set()
        for task in (*tasks, left._renewing):
            task.cancel()
        await asyncio.gather(*tasks, left._renewing, return_exceptions=True)
        self._close()

    async def restart_bot(self, **settings: Any) -> Bot:
        await self.stop_bot()
        return await self.start_bot(**settings)

    def _close(self) -> None:
        self._opened.__exit__(None, None, None)
        self.bot = None

    # --- what people do ----------------------------------------------------------------------

    async def post(self, user: str, channel: str, text: str = "", **more: Any) -> Message:
        return await self.place.post(self.users[user], self.channels[channel], text, **more)

    async def ask(self, user: str, channel: str, text: str, **more: Any) -> SeenAnswer:
        """Post a question and wait for its answer."""
        return await self.answer_to(await self.post(user, channel, text, **more))

    async def open_dm(self, user: str) -> str:
        """A direct conversation with the bot, under the name that `post` takes."""
        self.channels[f"dm-{user}"] = await self.place.open_dm(self.users[user])
        return f"dm-{user}"

    # --- what the bot did --------------------------------------------------------------------

    async def answer_to(self, question: Message, timeout_s: float = 20.0) -> SeenAnswer:
        """The answer to a question, once its job is done; there is exactly one."""
        await self.done(question, timeout_s)
        replies = self.replies(question)
        assert len(replies) == 1, f"{len(replies)} replies: {[reply.text for reply in replies]}"
        assert not replies[0].streaming, "the answer was left open"
        return read_answer(replies[0], question.text, 0.0, 0.0)

    async def done(self, question: Message, timeout_s: float = 20.0) -> str:
        """Wait until the bot has nothing more to do for a message; the state its job ended in."""
        key = f"turn/{self.place.team_id}/{question.channel}/{question.ts}"

        async def state() -> str:
            rows = await self.rows("select state from jobs where key = ?", key)
            return rows[0]["state"] if rows and rows[0]["state"] in {"done", "failed"} else ""

        return await until(state, timeout_s)

    async def asked_and_read(self, user: str, channel: str, text: str, files: list[tuple[str, bytes]]) -> Message:
        """A message whose files were read and whose question, if any, was answered."""
        message = await self.post(user, channel, text, files=files)
        await self.quiet(60)
        return message

    async def quiet(self, timeout_s: float = 20.0) -> None:
        """Wait until every event was taken in, every job is over, and nothing goes on after its acknowledgement."""

        async def is_quiet() -> bool:
            await prompt.settled()
            if not self.place.core.hub.is_idle:  # first: what an event led to is stored before it is acknowledged
                return False
            open_jobs = await self.rows("select 1 from jobs where state in ('waiting', 'running')")
            return self.place.core.hub.is_idle and not open_jobs

        await until(is_quiet, timeout_s)

    async def ignored(self, message: Message) -> str:
        """Why the bot left a message alone, once it did: it says nothing to it afterwards."""
        event_id = next(e for e, sent in self.place.core.events.sent.items() if sent["event"].get("ts") == message.ts)

        async def reason() -> str:
            rows = await self.rows("select ignored from events where event_id = ?", event_id)
            return (rows[0]["ignored"] or "answered") if rows else ""

        return await until(reason)

    async def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        assert self.bot is not None
        return await self.bot.records.read(lambda db: list(db.query(sql, values)))

    def ours(self, question: Message) -> list[Message]:
        """Everything the bot posted in a question's thread after it."""
        thread = self.place.messages(question.channel, question.thread_ts or question.ts)
        return [m for m in thread if m.user == self.place.bot_user.id and float(m.ts) > float(question.ts)]

    def replies(self, question: Message) -> list[Message]:
        """The bot's answers after a question, without receipts and the like."""
        return [message for message in self.ours(question) if not is_notice(message)]

    def notices(self, question: Message) -> list[Message]:
        """Receipts and the like after a question."""
        return [message for message in self.ours(question) if is_notice(message)]

    def calls(self, method: str) -> list[Call]:
        return [call for call in self.place.calls if call.method == method]

    def event_ids(self, message: Message) -> list[str]:
        """Of every event that a message led to, file_shared and edits included."""
        ids = {message.ts, *(file.id for file in message.files)}
        sent = ((event_id, body["event"]) for event_id, body in self.place.core.events.sent.items())
        about = {event_id: {e.get("ts"), e.get("file_id"), (e.get("message") or {}).get("ts")} for event_id, e in sent}
        return [event_id for event_id, named in about.items() if named & ids]

    def bytes_on_disk(self) -> bytes:
        """Everything in the bot's data folder."""
        return b"".join(path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file())


async def until(look: Callable[[], Awaitable[Any]], timeout_s: float = 20.0) -> Any:
    """The first true value of ``look``. Raises: TimeoutError."""
    async with asyncio.timeout(timeout_s):
        while not (found := await look()):
            await asyncio.sleep(0.02)
    return found


def whole_text(message: Message) -> str:
    """Text and blocks of a message, as one string."""
    return "\n".join([message.text, *re.findall(r"'text': '(.*?)'[,}]", str(message.blocks))])


def events_of_manifest() -> list[str]:
    manifest = yaml.safe_load((REPOSITORY / "manifest.yml").read_text())
    return manifest["settings"]["event_subscriptions"]["bot_events"]


async def built(folder: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """A workspace without people, on a quick clock; the bot is not started yet."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(jobs, "FIRST_RETRY_S", 0.05)
    monkeypatch.setattr(service, "LOOK_S", 0.05)
    monkeypatch.setattr(BackoffRetryIntervalCalculator, "calculate_sleep_duration", lambda *_: 0.02)
    place = Workspace(events=events_of_manifest())
    await place.start()
    return House(place, folder, ScriptedModel(best_line))


@pytest.fixture(autouse=True)
def settling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever presses or commands sees all that comes of it, also what goes on after the acknowledgement."""
    ask = Acting._ask

    async def ask_and_wait(acting: Acting, envelope: Any) -> dict[str, Any]:
        answer = await ask(acting, envelope)
        await prompt.settled()
        return answer

    monkeypatch.setattr(Acting, "_ask", ask_and_wait)


@pytest.fixture
async def empty_house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """Ana (an administrator), Ben and Chris in #lab and #office; the bot is not started yet."""
    house = await built(tmp_path / "data", monkeypatch)
    place = house.place
    for name in ("ana", "ben", "chris"):
        house.users[name] = await place.add_user(name, is_admin=name == "ana")
    for name in ("lab", "office"):
        house.channels[name] = await place.add_channel(name, house.users.values())
    yield house
    await house.stop_bot()
    await place.stop()


@pytest.fixture
async def house(empty_house: House) -> House:
    """The same, and the bot is ready."""
    await empty_house.start_bot()
    return empty_house
