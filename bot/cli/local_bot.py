"""The bot beside a local workspace: `inhouse run` as a child process, exactly as in production.

A process of its own can be killed and started again while the workspace, like Slack, goes on.
"""

from __future__ import annotations

import asyncio
import ctypes
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bot.cli.library import checkpoint_dir
from bot.settings import Settings, child_environment
from bot.workspace.server import Workspace
from rag.errors import InhouseError

READY = "Inhouse is ready"
START_TIMEOUT_S = 300.0
PR_SET_PDEATHSIG = 1  # prctl(2)


class BotStopped(InhouseError):
    """The bot's process ended by itself."""

    default_message = "The bot stopped by itself; what it said last stands above."


class LocalBot:
    """One bot process after another, over one data folder. ``tell`` gets each line that it logs.

    ``replies_a_minute``: as the setting of that name; a script asks faster than people do.
    """

    def __init__(
        self,
        workspace: Workspace,
        data_dir: Path,
        settings: Settings,
        tell: Callable[[str], None],
        replies_a_minute: int | None = None,
    ) -> None:
        self._replies_a_minute = replies_a_minute or settings.replies_a_minute
        self._workspace = workspace
        self._data_dir = data_dir
        self._settings = settings
        self._tell = tell
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process
        return self._process.pid

    async def start(self) -> float:
        """Start it and wait until it listens; seconds that took. Raises: BotStopped."""
        started = time.perf_counter()
        self._settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)  # converted models are kept in it
        self._ready.clear()
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot.cli", "run"),
            env=self._environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            preexec_fn=_end_with_parent,
            start_new_session=True,  # Ctrl-C is for the workspace, which then stops the bot in order
        )
        self._reader = asyncio.create_task(self._read())
        ended = asyncio.create_task(self._process.wait())
        ready = asyncio.create_task(self._ready.wait())
        await asyncio.wait({ended, ready}, timeout=START_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if not self._ready.is_set():
            raise BotStopped
        return time.perf_counter() - started

    async def ended(self) -> int:
        """Wait until the process ends; its exit status."""
        assert self._process
        return await self._process.wait()

    async def kill(self) -> None:
        """End it as a power cut would, in the middle of whatever it does."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """End it in order."""
        await self._end(signal.SIGTERM)

    async def _end(self, number: int) -> None:
        if self._process is None or self._process.returncode is not None:
            return
        self._process.send_signal(number)
        try:
            await asyncio.wait_for(self._process.wait(), timeout=30)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def _read(self) -> None:
        assert self._process and self._process.stderr
        async for line in self._process.stderr:
            text = line.decode(errors="replace").rstrip()
            if text.startswith(READY):
                self._ready.set()
            self._tell(text)

    def _environment(self) -> dict[str, str]:
        settings = self._settings
        variables = {
            "INHOUSE_SLACK_BOT_TOKEN": self._workspace.bot_token,
            "INHOUSE_SLACK_APP_TOKEN": self._workspace.app_token,
            "INHOUSE_SLACK_API_URL": self._workspace.api_url,
            "INHOUSE_DATA_DIR": str(self._data_dir),
            "INHOUSE_CHECKPOINT_DIR": str(checkpoint_dir(settings).absolute()),
            "INHOUSE_ALLOW_TRIAL_MODEL": "true",
            "INHOUSE_LOG_LEVEL": settings.log_level,
            "INHOUSE_MODEL": settings.model or "",
            "INHOUSE_THREADS": str(settings.threads or ""),
            "INHOUSE_REPLIES_A_MINUTE": str(self._replies_a_minute),
        }
        return child_environment(variables)


def _end_with_parent() -> None:
    """In the child, before it becomes the bot: stop in order should the workspace's process be killed (Linux)."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
