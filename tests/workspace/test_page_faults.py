"""The faults panel: each fault is switched on in the page, does its harm to a real app, and is taken back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Browser, Page, expect
from slack_sdk.errors import SlackApiError

from bot.workspace import file_host, sockets
from bot.workspace.faults import STANDING
from tests.workspace.conftest import Scene
from tests.workspace.pages import PHONE, open_page, picture
from tests.workspace.test_page_app import Bot

pytestmark = [pytest.mark.page]


async def switch(page: Page, stage: Scene, name: str, on: bool) -> None:
    """Switch as a person does, and wait until the workspace has heard of it."""
    await page.locator(f"#fault-{name}").set_checked(on)
    await stage.workspace.wait_for(lambda: (name in stage.workspace.core.faults.standing) is on)


async def heard(bot: Bot, stage: Scene, count: int) -> list[str]:
    """The texts of the first messages that reach the app."""
    await stage.workspace.wait_for(lambda: len(bot.heard.events("message")) >= count)
    return [event["text"] for event in bot.heard.events("message")]


@pytest.mark.slow
async def test_events_come_late_twice_and_in_the_wrong_order(
    stage: Scene, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "LATE_S", 0.4)
    bot = Bot(stage)
    await stage.connect(bot.app)
    page, problems = await open_page(stage, browser)
    await page.click("#faults")
    await switch(page, stage, "late_events", True)
    await stage.workspace.post("ana", "general", "late")
    await asyncio.sleep(0.2)
    assert bot.heard.events("message") == []
    assert await heard(bot, stage, 1) == ["late"]
    await switch(page, stage, "late_events", False)
    await switch(page, stage, "double_events", True)
    await stage.workspace.post("ana", "general", "twice")
    assert await heard(bot, stage, 3) == ["late", "twice", "twice"]
    await switch(page, stage, "double_events", False)
    await switch(page, stage, "swapped_events", True)
    await stage.workspace.post("ana", "general", "first")
    await stage.workspace.post("ana", "general", "second")
    assert (await heard(bot, stage, 5))[3:] == ["second", "first"]
    await stage.workspace.post("ana", "general", "alone")
    assert (await heard(bot, stage, 6))[5:] == ["alone"], "what nothing overtakes is not lost"
    assert problems == []


@pytest.mark.slow
async def test_app_is_cut_off_and_comes_back(stage: Scene, browser: Browser) -> None:
    bot = Bot(stage)
    await stage.connect(bot.app)
    page, problems = await open_page(stage, browser)
    await page.click("#faults")
    before = stage.workspace.core.hub.sockets[0]
    await page.get_by_role("button", name="Drop the connection once").click()
    await stage.workspace.wait_for(
        lambda: stage.workspace.is_connected and before not in stage.workspace.core.hub.sockets
    )
    await switch(page, stage, "away", True)
    await stage.workspace.wait_for(lambda: not stage.workspace.is_connected)
    await page.get_by_role("button", name="Switch all off").click()
    await expect(page.locator("#fault-away")).not_to_be_checked()
    await stage.workspace.wait_for(lambda: stage.workspace.is_connected, 20)
    assert problems == []


@pytest.mark.slow
async def test_calls_are_slow_limited_refused_and_streams_expire(stage: Scene, browser: Browser) -> None:
    client = stage.client()
    page, _ = await open_page(stage, browser)
    await page.click("#faults")
    for name, status in {"ratelimited": 429, "server_errors": 503}.items():
        await switch(page, stage, name, True)
        for _ in range(2):
            with pytest.raises(SlackApiError) as refused:
                await client.auth_test()
            assert refused.value.response.status_code == status
        await switch(page, stage, name, False)
        assert (await client.auth_test())["ok"]
    await switch(page, stage, "slow_calls", True)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.auth_test(), 0.5)
    await switch(page, stage, "slow_calls", False)
    root = await stage.workspace.post("ana", "general", "root")
    where = {"channel": stage.general.id, "thread_ts": root.ts, "recipient_user_id": stage.ana.id}
    stream = await client.chat_startStream(**where, recipient_team_id=stage.workspace.team_id)
    await switch(page, stage, "expired_streams", True)
    with pytest.raises(SlackApiError, match="message_not_in_streaming_state"):
        await client.chat_appendStream(channel=stage.general.id, ts=stream["ts"], markdown_text="more")


@pytest.mark.slow
async def test_downloads_are_slow_and_cut(stage: Scene, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_host, "SLOW_S", 30.0)
    posted = await stage.workspace.post("ana", "general", "x", files=[("a.txt", b"0123456789" * 1000)])
    address = stage.workspace.core.shapes.file(posted.files[0])["url_private_download"]
    headers = {"Authorization": f"Bearer {stage.workspace.bot_token}"}
    page, _ = await open_page(stage, browser)
    await page.click("#faults")
    async with aiohttp.ClientSession(headers=headers) as session:
        await switch(page, stage, "cut_downloads", True)
        with pytest.raises(aiohttp.ClientPayloadError):
            async with session.get(address) as response:
                await response.read()
        await switch(page, stage, "cut_downloads", False)
        async with session.get(address) as response:
            assert len(await response.read()) == 10_000
        await switch(page, stage, "slow_downloads", True)
        with pytest.raises(TimeoutError):
            await session.get(address, timeout=aiohttp.ClientTimeout(total=0.5))


async def test_panel_says_what_is_on_in_every_page(stage: Scene, browser: Browser, tmp_path: Path) -> None:
    page, problems = await open_page(stage, browser, viewport=PHONE, has_touch=True)
    other, _ = await open_page(stage, browser)
    await page.click("#menu")
    await page.click("#faults")
    boxes = page.locator(".faults input")
    assert [await box.get_attribute("id") for box in await boxes.all()] == [f"fault-{name}" for name in STANDING]
    await switch(page, stage, "slow_calls", True)
    await switch(page, stage, "cut_downloads", True)
    await picture(page, tmp_path, "faults-phone")
    await expect(other.locator("#faults .badge")).to_have_text("2 on")
    await other.click("#faults")
    await expect(other.locator("#fault-slow_calls")).to_be_checked()
    await picture(other, tmp_path, "faults-desktop")
    await page.keyboard.press("Escape")
    await expect(page.locator("#faults")).to_be_focused()
    await other.get_by_role("button", name="Switch all off").click()
    await expect(page.locator("#faults .badge")).to_have_count(0)
    await expect(other.locator(".faults input:checked")).to_have_count(0)
    assert problems == []
