"""The page of `make try` with the real bot behind it: upload, ask, read the streamed answer and its citation."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright, expect

from bot.cli.local_bot import LocalBot
from bot.cli.samples import MANUAL, sample
from bot.settings import Settings
from bot.workspace.server import Workspace
from tests.workspace.test_page import CHROMIUM, DESKTOP, FLAGS, PHONE, picture

pytestmark = [pytest.mark.slow, pytest.mark.page]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
async def place(tmp_path: Path, checkpoints: Path) -> AsyncIterator[Workspace]:
    """A workspace with one person, one channel, and the bot as `inhouse run` with its embedded models."""
    place = Workspace(team_name="Helios Lab")
    await place.start()
    ana = await place.add_user("ana", real_name="Ana")
    await place.add_channel("lab", [ana])
    bot = LocalBot(place, tmp_path / "data", Settings.load(env_file=None, checkpoint_dir=checkpoints), print)
    await bot.start()
    yield place
    await bot.stop()
    await place.stop()


async def test_a_person_uploads_a_manual_asks_and_reads_the_cited_answer(
    place: Workspace, browser: Browser, tmp_path: Path
) -> None:
    page = await browser.new_page(viewport=DESKTOP)
    page.set_default_timeout(60_000)
    await page.goto(place.base_url)
    await page.wait_for_selector("#channel-name:not(:empty)")
    name, content = sample(MANUAL)
    transfer = await page.evaluate_handle(
        "([name, bytes]) => { const t = new DataTransfer();"
        " t.items.add(new File([new Uint8Array(bytes)], name)); return t; }",
        json.loads(json.dumps([name, list(content)])),
    )
    await page.dispatch_event("#channel-list", "drop", {"dataTransfer": transfer})
    await page.fill("#compose-channel", "@inhouse How long is the warranty of the Helios 3?")
    await page.press("#compose-channel", "Enter")

    thread = page.locator("#thread-list")
    await expect(thread).to_contain_text("36 months", timeout=60_000)
    await expect(thread).to_contain_text(re.compile(r"\[1\] helios-3-manual\.pdf, page 6"), timeout=60_000)
    await expect(thread).to_contain_text("trial model")
    await expect(page.locator("#thread-list .streaming")).to_have_count(0)
    await picture(page, tmp_path, "answer-desktop")

    await page.fill("#compose-thread", "And how long is the warranty of the motor?")
    await page.press("#compose-thread", "Enter")
    await expect(thread).to_contain_text("60 months", timeout=60_000)
    await page.set_viewport_size(PHONE)
    await page.wait_for_timeout(500)  # the side bar slides away
    await picture(page, tmp_path, "answer-phone")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
