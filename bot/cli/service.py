"""Builds the bot over a library and runs it until it is told to stop."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_sdk.errors import SlackApiError

from bot import watchdog
from bot.app import Way, build_app, build_client
from bot.cli.library import Library, open_library, say, worker_count
from bot.cli.rooms import build_rooms
from bot.jobs import Jobs
from bot.listeners.prompt import settled
from bot.preflight import Identity, preflight
from bot.records import Records
from bot.settings import Settings
from rag.errors import ModelRefused, SettingsError
from rag.llms.base import BaseLLM
from rag.types import Embedder

log = logging.getLogger(__name__)

EXAM_AFTER_S = 60
PING_INTERVAL_S = 10.0  # a pong may take half of it: with less, a machine busy for a moment ends its connections
STOP_S = 12.0  # for the answers being given; with what else there is to do an end takes less than twenty seconds
LOOK_S = 0.5  # how soon a connection that was cut is renewed
TELL_S = 5.0  # people that the process is going to end
STALE_S = 20.0  # an address to connect to that led nowhere for so long is asked for anew

PR_SET_DUMPABLE = 4  # prctl(2)
TRIAL_REFUSED = (
    "No model is set, and the embedded trial model is too small to be trusted in a real workspace. "
    "Run `inhouse models` to see what fits this machine and set INHOUSE_MODEL, "
    "or set INHOUSE_ALLOW_TRIAL_MODEL=true to look around with the trial model."
)


async def serve(settings: Settings, models: tuple[BaseLLM, Embedder] | None = None) -> None:
    """Check the tokens, load the models, connect, and answer until SIGINT or SIGTERM. Raises: InhouseError.

    ``models``: instead of those that the settings name.
    """
    if models is None and settings.model is None and not settings.allow_trial_model:
        raise ModelRefused(TRIAL_REFUSED)
    started = time.perf_counter()
    _hide_from_other_processes()
    stopping = _stop_on_signal()
    identity = await preflight(settings)
    say(f"Connected to {identity.team}; loading the models …")
    opened = open_library(settings, models)
    library = await asyncio.to_thread(opened.__enter__)
    try:
        bot = Bot(settings, identity, library)
        if await _unless(stopping, bot.start()):
            named = f"{library.answerer.llm.name} and {library.embedder.name}"
            say(f"Inhouse is ready after {time.perf_counter() - started:.1f} s: {named}.")
            await _until(stopping, bot)
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
        way = Way(settings.proxy_url(), settings.tls())
        self.client = build_client(settings.slack_bot_token.get_secret_value(), settings.slack_api_url, way)
        self.records = Records(library.database)
        self.jobs = Jobs(self.records, worker_count(settings, library.answerer.llm), settings.replies_a_minute)
        rooms = build_rooms(settings, identity, library, self.client, self.records, self.jobs)
        app = build_app(self.client, identity, rooms.desk, self._doubt)
        self._socket = AsyncSocketModeHandler(
            app, settings.slack_app_token.get_secret_value(), ping_interval=PING_INTERVAL_S
        )
        self._socket.client.proxy = self.client.proxy  # its TLS is that of the app's client
        self._socket.client.message_listeners.append(self._hear)
        self._send = self._socket.client.send_message
        self._socket.client.send_message = self._acknowledge  # type: ignore[method-assign]
        self._completing: asyncio.Task[None] | None = None
        self._examining: asyncio.Task[None] | None = None
        self._sweeping: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._retention = rooms.retention
        self.catch_up = rooms.catch_up
        self._notices = rooms.notices
        self._telling: set[asyncio.Task[None]] = set()
        self._leaving = threading.Event()

    async def start(self) -> None:
        """Take up what a former run left, then listen."""
        self._completing = asyncio.create_task(self._complete())
        self._examining = asyncio.create_task(self._examine())
        await self.jobs.start()
        await self._socket.connect_async()
        self._sweeping = asyncio.create_task(self._retention.run_forever())
        self._looking = asyncio.create_task(self._stay_connected())
        self._reading = asyncio.create_task(self.catch_up.run_forever(self._socket.client.is_connected))

    async def stop(self) -> None:
        """Listen no more, finish what is being answered, leave the rest to the next start."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        await self._socket.close_async()
        self._leaving.set()
        for beside in filter(None, (self._sweeping, self._examining, self._reading)):
            beside.cancel()
            await asyncio.gather(beside, return_exceptions=True)
        await self.jobs.stop(STOP_S)
        if self._completing is not None:
            await asyncio.wait({self._completing}, timeout=1.0)
        with suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await settled()

    async def stuck(self) -> float:
        """Return once the model stands still, and whoever waits for it was told: the seconds that it has."""
        seconds = await watchdog.stuck(self._library.answerer.llm.still_s)
        telling = [asyncio.create_task(self._notices.stuck(job)) for job in self.jobs.at_work()]
        if telling:
            await asyncio.wait(telling, timeout=TELL_S)
        return seconds

    async def _stay_connected(self) -> None:
        """Renew a connection at once that was cut; the client itself looks once in `PING_INTERVAL_S`."""
        client, closed_at = self._socket.client, 0.0
        while True:
            await asyncio.sleep(LOOK_S)
            if client.current_session is None or not client.current_session.closed:
                closed_at = 0.0
                continue
            closed_at = closed_at or time.monotonic()
            if time.monotonic() - closed_at > STALE_S:  # the client would go on with the same address for ever
                client.wss_uri, closed_at = None, 0.0
            try:
                await client.connect_to_new_endpoint()
            except (SlackApiError, aiohttp.ClientError, OSError, TimeoutError) as error:
                log.warning("not connected, it is tried again: %s", type(error).__name__)
                await asyncio.sleep(LOOK_S)

    async def _acknowledge(self, message: str) -> None:
        """Send it; where the connection is gone Slack sends the event again, and that is known then."""
        try:
            await self._send(message)
        except ConnectionError:
            log.info("an acknowledgement was not sent: the connection is gone")

    async def _hear(self, _client: object, message: dict[str, Any], _raw: str | None) -> None:
        """Slack greets each new connection."""
        if message.get("type") == "hello":
            self.catch_up.connected()

    def _doubt(self, body: dict[str, Any], error: Exception) -> None:
        """What came could not be stored: whoever asked is told, and it is read later should Slack give it up."""
        self.catch_up.doubt()
        telling = asyncio.create_task(self._notices.not_stored(body, error))
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)

    async def _complete(self) -> None:
        """Complete what a crash left half indexed, beside the answering."""
        done = await asyncio.to_thread(self._library.ingester.catch_up)
        if done:
            log.info("completed %d documents that an earlier run had begun", done)

    async def _examine(self) -> None:
        """Whether the model may be trusted with questions about tables; not while everybody is just coming back."""
        await asyncio.sleep(EXAM_AFTER_S)
        llm, exam = self._library.answerer.llm, self._library.exam
        if exam.is_due(llm):
            await asyncio.to_thread(exam.sit, llm, self._leaving)


async def _until(stopping: asyncio.Event, bot: Bot) -> None:
    """Wait until a stop is asked for. Where the model stands still, end the process without one."""
    stopped, stuck = asyncio.create_task(stopping.wait()), asyncio.create_task(bot.stuck())
    await asyncio.wait({stopped, stuck}, return_when=asyncio.FIRST_COMPLETED)
    if stuck.done():
        say(f"The language model has not moved for {stuck.result():.0f} s: ending, to be started again.")
        _leave(watchdog.EXIT_STATUS)
    stuck.cancel()


def _leave(status: int) -> None:
    """End now, whatever the threads are at."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status)


async def serve_and_leave(settings: Settings, models: tuple[BaseLLM, Embedder] | None = None) -> None:
    """As `serve`, and then end the process: what its threads are at, reading a file perhaps, could take minutes.

    The next start completes that, as it does after a crash.
    """
    await serve(settings, models)
    _leave(0)


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
