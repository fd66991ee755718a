"""The bot as a process of its own, with the scripted model, so that a test can kill it with -9.

python -m tests.scenarios.child_bot DATA_DIR API_URL BOT_TOKEN APP_TOKEN DELAY_S
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from bot.cli.library import open_library
from bot.cli.service import Bot
from bot.preflight import preflight
from bot.settings import Settings
from bot.workspace.server import Workspace
from tests.conftest import REPOSITORY
from tests.rag.fakes import HashEmbedder, ScriptedModel
from tests.scenarios.conftest import every_line


class ChildBot:
    """Starts and kills such a process."""

    def __init__(self, place: Workspace, folder: Path) -> None:
        self._place = place
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, delay_s: float = 0.0) -> None:
        """Start it; returns when it listens."""
        arguments = (str(self._folder), self._place.api_url, self._place.bot_token, self._place.app_token, str(delay_s))
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.scenarios.child_bot", *arguments),
            cwd=REPOSITORY,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout
        assert await asyncio.wait_for(self._process.stdout.readline(), 60) == b"ready\n"

    async def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


async def _serve(folder: str, api_url: str, bot_token: str, app_token: str, delay_s: str) -> None:
    settings = Settings.load(
        env_file=None, slack_bot_token=bot_token, slack_app_token=app_token, slack_api_url=api_url, data_dir=folder
    )
    models = ScriptedModel(every_line, delay_s=float(delay_s)), HashEmbedder()
    with open_library(settings, models) as library:
        await Bot(settings, await preflight(settings), library).start()
        print("ready", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(*sys.argv[1:]))
