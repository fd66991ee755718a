"""Builds the bot over a library and runs it until it is told to stop."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import signal
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot.access import Access
from bot.app import build_app, build_client
from bot.cli.library import Library, open_library, say
from bot.commands import Commands
from bot.conversations import Conversations
from bot.downloads import Downloads
from bot.erasures import Erasures
from bot.inbox import Inbox
from bot.jobs import Jobs
from bot.listeners.desk import Desk
from bot.notices import Notices
from bot.preflight import Identity, preflight
from bot.records import Records
from bot.settings import Settings
from bot.turns import Limits, Turns
from bot.uploads import Uploads
from rag.errors import ModelRefused, SettingsError

log = logging.getLogger(__name__)

PING_INTERVAL_S = 5.0  # a lost connection is noticed within this time; a pong may take half of it

PR_SET_DUMPABLE = 4  # prctl(2)
TRIAL_REFUSED = (
    "No model is set, and the embedded trial model is too small to be trusted in a real workspace. "
    "Run `inhouse models` to see what fits this machine and set INHOUSE_MODEL, "
    "or set INHOUSE_ALLOW_TRIAL_MODEL=true to look around with the trial model."
)


async def serve(settings: Settings) -> None:
    """Check the tokens, load the models, connect, and answer until SIGINT or SIGTERM. Raises: InhouseError."""
    if settings.model is None and not settings.allow_trial_model:
        raise ModelRefused(TRIAL_REFUSED)
    started = time.perf_counter()
    _hide_from_other_processes()
    stopping = _stop_on_signal()
    identity = await preflight(settings)
    say(f"Connected to {identity.team}; loading the models …")
    opened = open_library(settings)
    library = await asyncio.to_thread(opened.__enter__)
    try:
        bot = Bot(settings, identity, library)
        if await _unless(stopping, bot.start()):
            models = f"{library.answerer.llm.name} and {library.embedder.name}"
            say(f"Inhouse is ready after {time.perf_counter() - started:.1f} s: {models}.")
            await stopping.wait()
        say("Stopping: finishing what is being answered …")
        await bot.stop()
    finally:
        await asyncio.to_thread(opened.__exit__, None, None, None)


class Bot:
    """The rooms of `bot`, built over a library and connected to one workspace."""

    def __init__(self, settings: Settings, identity: Identity, library: Library) -> None:
        if settings.slack_bot_token is None or settings.slack_app_token is None:
            raise SettingsError("Both tokens are needed: SLACK_BOT_TOKEN and SLACK_APP_TOKEN.")
        self._library = library
        self.client = build_client(settings.slack_bot_token.get_secret_value(), settings.slack_api_url)
        self.records = Records(library.database)
        self.jobs = Jobs(self.records, settings.workers)
        erasures = Erasures(self.client, self.records, library.store, library.eraser)
        commands = Commands(self.client, self.records, erasures)
        inbox = Inbox(self.records, self.jobs, identity.user_id, settings.queue_limit)
        turns = _build_turns(settings, identity, library, self.client, self.records)
        notices = Notices(self.client)
        self.jobs.on_waiting(notices.first_sign)
        self.jobs.on_failure(turns.apologise)
        for kind, handler in (
            ("turn", turns.run),
            ("ask", turns.ask_privately),
            ("erase", erasures.run),
            ("reread", turns.uploads.read_again),
            ("busy", notices.busy),
        ):
            self.jobs.handle(kind, handler)
        app = build_app(self.client, identity, Desk(inbox, self.jobs, commands))
        self._socket = AsyncSocketModeHandler(
            app, settings.slack_app_token.get_secret_value(), ping_interval=PING_INTERVAL_S
        )
        self._socket.client.proxy = self.client.proxy  # none for a local workspace
        self._catching_up: asyncio.Task[None] | None = None
        self._comparing: asyncio.Task[None] | None = None
        self._erasures = erasures

    async def start(self) -> None:
        """Take up what a former run left, then listen."""
        self._catching_up = asyncio.create_task(self._catch_up())
        await self.jobs.start()
        await self._socket.connect_async()
        self._comparing = asyncio.create_task(self._compare())

    async def stop(self) -> None:
        """Listen no more, finish what is being answered, leave the rest to the next start."""
        await self._socket.close_async()
        if self._comparing is not None:
            self._comparing.cancel()
            await asyncio.gather(self._comparing, return_exceptions=True)
        await self.jobs.stop()
        if self._catching_up is not None:
            await asyncio.gather(self._catching_up, return_exceptions=True)

    async def _catch_up(self) -> None:
        """Complete what a crash left half indexed, beside the answering."""
        done = await asyncio.to_thread(self._library.ingester.catch_up)
        if done:
            log.info("completed %d documents that an earlier run had begun", done)

    async def _compare(self) -> None:
        """Forget what was deleted in Slack while the bot was down."""
        gone = await self._erasures.catch_up()
        if gone:
            log.info("forgot %d files that were deleted meanwhile", gone)


async def _unless(stopping: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Whether ``work`` was done before a stop was asked for: connecting is tried for ever while Slack is away."""
    working, stopped = asyncio.create_task(work), asyncio.create_task(stopping.wait())
    await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if working.done():
        await working
        return True
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    return False


def _build_turns(
    settings: Settings, identity: Identity, library: Library, client: AsyncWebClient, records: Records
) -> Turns:
    downloads = Downloads(client, settings.data_dir / "downloads", settings.max_file_bytes)
    return Turns(
        client,
        identity.user_id,
        records,
        Conversations(client, identity.user_id),
        Access(client),
        Uploads(client, records, downloads, library.ingester, library.eraser),
        library.answerer,
        ThreadPoolExecutor(settings.workers, thread_name_prefix="model"),
        Limits(settings.max_question_chars, settings.history_turns),
    )


def _hide_from_other_processes() -> None:
    """Close /proc/…/environ and memory, where the tokens are, to the processes that read foreign files (Linux)."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def _stop_on_signal() -> asyncio.Event:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, stopping.set)
    return stopping
