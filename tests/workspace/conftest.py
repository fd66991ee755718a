"""A workspace with three people, and a real Bolt app connected to it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.server import Workspace
from bot.workspace.state import Channel, User

if TYPE_CHECKING:
    from playwright.async_api import Browser

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slack's clients ignore NO_PROXY, so a proxy would keep them from this machine."""
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


@dataclass
class Scene:
    """A workspace with Ana, Ben and Chloe in #general and Ana and Ben in the private #board."""

    workspace: Workspace
    ana: User
    ben: User
    chloe: User
    general: Channel
    board: Channel
    clients: list[AsyncSocketModeHandler] = field(default_factory=list)

    def client(self) -> AsyncWebClient:
        return AsyncWebClient(token=self.workspace.bot_token, base_url=self.workspace.api_url)

    async def connect(self, app: AsyncApp) -> AsyncSocketModeHandler:
        handler = AsyncSocketModeHandler(app, self.workspace.app_token, ping_interval=1)
        self.clients.append(handler)
        await handler.connect_async()
        await self.workspace.wait_for(lambda: self.workspace.is_connected)
        return handler

    def app(self) -> AsyncApp:
        return AsyncApp(client=self.client(), logger=quiet_logger())


def quiet_logger() -> logging.Logger:
    logger = logging.getLogger("quiet-bolt")
    logger.setLevel(logging.CRITICAL)
    return logger


async def build_scene(**options: Any) -> Scene:
    workspace = Workspace(**options)
    await workspace.start()
    ana = await workspace.add_user("ana", real_name="Ana Lima", is_admin=True)
    ben = await workspace.add_user("ben", real_name="Ben Okafor")
    chloe = await workspace.add_user("chloe", real_name="Chloe Martin")
    general = await workspace.add_channel("general", [ana, ben, chloe])
    board = await workspace.add_channel("board", [ana, ben], is_private=True)
    return Scene(workspace, ana, ben, chloe, general, board)


@pytest.fixture
async def make_scene() -> AsyncIterator[Callable[..., Awaitable[Scene]]]:
    scenes: list[Scene] = []

    async def make(**options: Any) -> Scene:
        scene = await build_scene(**({"ack_timeout_s": 30.0} | options))
        scenes.append(scene)
        return scene

    yield make
    for scene in scenes:
        for handler in scene.clients:
            await handler.close_async()
        await scene.workspace.stop()
    await asyncio.sleep(0)


@pytest.fixture
async def scene(make_scene: Callable[..., Awaitable[Scene]]) -> Scene:
    return await make_scene()


@pytest.fixture
async def make_stage(make_scene: Callable[..., Awaitable[Scene]]) -> Callable[..., Awaitable[Scene]]:
    """A scene that is looked at on the page, where an app is given as long as Slack gives it."""
    return partial(make_scene, team_name="Harbour & Co", ack_timeout_s=3.0)


@pytest.fixture
async def stage(make_stage: Callable[..., Awaitable[Scene]]) -> Scene:
    return await make_stage(shortcuts=[("tell", "Tell us about this")])


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Headless Chromium, which must be installed."""
    from playwright.async_api import async_playwright

    from tests.workspace.pages import CHROMIUM, FLAGS

    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()
