"""The bot as a process of its own, with the scripted model, so that a test can end it with -9 or SIGTERM.

A server process imports everything once and forks; a start then takes what opening the library, the
preflight and connecting take, and none of the seconds that Python's imports take.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import multiprocessing
import os
import sys
import time
from collections import deque
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

from bot import jobs, watchdog
from bot.cli import service
from bot.cli.library import set_up_logging
from bot.settings import Settings
from bot.workspace.server import Workspace
from tests.rag.fakes import HashEmbedder, ScriptedModel
from tests.scenarios.models import best_line, every_line

READY = b"Inhouse is ready"
SCRIPTS = {"best": best_line, "every": every_line, "stuck": every_line}
START_S, END_S = 60.0, 60.0


class StuckModel(ScriptedModel):
    """Hangs in its first answer, as a driver that never returns."""

    since: float | None = None

    def stream(self, *arguments: Any, **options: Any) -> Any:
        self.since = time.monotonic()
        while True:
            time.sleep(3600)

    def still_s(self) -> float:
        return 0.0 if self.since is None else time.monotonic() - self.since


class ChildBot:
    """Starts and ends such a process. ``log`` holds the last lines that it wrote."""

    def __init__(self, place: Workspace, folder: Path, **settings: Any) -> None:
        self._place = place
        self._folder = folder
        self._settings = settings
        self._process: ForkServerProcess | None = None
        self._reading: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self.log: deque[str] = deque(maxlen=400)

    async def start(self, delay_s: float = 0.0, script: str = "every") -> float:
        """Start it; returns when it listens: the seconds that took."""
        started = time.perf_counter()
        self.begin(delay_s, script)
        await asyncio.wait_for(self.ready(), START_S)
        return time.perf_counter() - started

    def begin(self, delay_s: float = 0.0, script: str = "every") -> None:
        """Start it, and wait for nothing."""
        told, telling = _server().Pipe(duplex=False)
        tokens = {"slack_bot_token": self._place.bot_token, "slack_app_token": self._place.app_token}
        settings = {"slack_api_url": self._place.api_url, "data_dir": str(self._folder), "replies_a_minute": 1000}
        arguments = (telling, script, delay_s, settings | tokens | self._settings)
        self._ready = asyncio.Event()
        self._process = _server().Process(target=_serve, args=arguments, daemon=True)
        self._process.start()
        telling.close()
        self._reading = asyncio.create_task(self._read(told))

    async def ready(self) -> None:
        """Wait until it listens."""
        await self._ready.wait()

    async def kill(self) -> None:
        """As a crash would: in the middle of whatever it does."""
        self.kill_now()
        await self.ended()

    def kill_now(self) -> None:
        """The same, without waiting for the end."""
        if self._process is not None and self._process.exitcode is None:
            self._process.kill()

    async def stop(self) -> tuple[float, int | None]:
        """Ask it to end, as a service manager does: the seconds that took, and its exit status."""
        assert self._process is not None
        started = time.perf_counter()
        self._process.terminate()
        status = await self.ended()
        return time.perf_counter() - started, status

    async def ended(self) -> int | None:
        """Wait until the process has ended: its exit status, None where it does not end."""
        if self._process is None:
            return None
        await asyncio.to_thread(self._process.join, END_S)
        if self._reading is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._reading, 1)
        return self._process.exitcode

    async def _read(self, told: Connection) -> None:
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, told)
        try:
            async for line in reader:
                if line.startswith(READY):
                    self._ready.set()
                self.log.append(line.decode(errors="replace").rstrip())
        finally:
            transport.close()


@functools.cache
def _server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def _serve(telling: Connection, script: str, delay_s: float, settings: dict[str, Any]) -> None:
    """What the child does: `inhouse run`, with other models and quicker retries."""
    os.dup2(telling.fileno(), 2)
    os.dup2(telling.fileno(), 1)
    sys.stdout = sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    set_up_logging("INFO")
    jobs.FIRST_RETRY_S = 0.1
    service.LOOK_S = 0.1
    watchdog.STUCK_S = 1.0
    models = (StuckModel if script == "stuck" else ScriptedModel)(SCRIPTS[script], delay_s=delay_s), HashEmbedder()
    run: Callable[..., Any] = service.serve_and_leave
    asyncio.run(run(Settings.load(env_file=None, **settings), models))
