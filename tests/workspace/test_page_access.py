"""The page for people who cannot see it, or use no mouse: every view judged by axe, in both themes and three widths."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from tests.workspace.conftest import Scene
from tests.workspace.pages import PHONE, open_page, picture
from tests.workspace.test_page_app import HOME, Bot, answered
from tests.workspace.test_page_looks import picture_blocks, png

pytestmark = [pytest.mark.page]

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
WIDTHS = {"phone": PHONE, "tablet": {"width": 768, "height": 1024}, "desktop": {"width": 1440, "height": 900}}
LOOKS: dict[str, dict[str, Any]] = {
    f"{scheme}-{name}": {"viewport": size, "has_touch": name != "desktop", "color_scheme": scheme}
    for scheme in ("light", "dark")
    for name, size in WIDTHS.items()
}


@pytest.fixture
async def stage(make_stage: Callable[..., Awaitable[Scene]]) -> Scene:
    return await make_stage(shortcuts=[("tell", "Tell us about this")], hints=["Who signed?"])


async def violations(page: Page, view: str) -> list[str]:
    """What axe has against the page as it stands: rule, place, and why."""
    await page.wait_for_timeout(300)  # whatever slides or fades has come to rest
    found = (await Axe().run(page, options=RULES)).response["violations"]
    return [f"{view}: {v['id']} {n['target']} {n['failureSummary']}" for v in found for n in v["nodes"]]


async def _views_of_an_answer(page: Page, stage: Scene, folder: Path, look: str) -> list[str]:
    """The channel, a thread, its menu, and a form."""
    found = await violations(page, "channel")
    await picture(page, folder, f"{look}-channel")
    await page.locator("#channel-list .summary").click()
    await expect(page.locator("#thread-list table").first).to_be_visible()
    found += await violations(page, "thread")
    await picture(page, folder, f"{look}-thread")
    await page.locator("#thread-list .message").last.hover()
    await page.locator("#thread-list [data-action=more] summary").click()
    found += await violations(page, "menu")
    await page.keyboard.press("Escape")
    await page.locator("#thread-list .message").first.hover()
    await page.locator("#thread-list .tools summary").first.click()
    await page.get_by_role("menuitem", name="Tell us about this").click()
    await page.get_by_role("dialog").get_by_role("button", name="Send").click()
    found += await violations(page, "form with errors")
    await picture(page, folder, f"{look}-form")
    await page.keyboard.press("Escape")
    return found


async def _talk(stage: Scene) -> None:
    """So much that earlier messages are fetched, and pictures of every kind."""
    for number in range(60):
        await stage.workspace.post("chloe", "general", f"message {number}")
    shown = await stage.workspace.post("ana", "general", "", files=[("wide.png", png(90, 20))])
    file = stage.workspace.core.shapes.file(shown.files[0])
    blocks = picture_blocks(file["id"], file["url_private"])
    await stage.client().chat_postMessage(channel=stage.general.id, text="pictures", blocks=blocks)


async def _views_of_a_long_channel(page: Page, stage: Scene) -> list[str]:
    """The way to earlier messages, the way back, and the shortcuts."""
    page_list = page.locator("#channel-list")
    await page_list.evaluate("(list) => { list.scrollTop = 0; }")
    await expect(page_list).to_contain_text("message 0")
    await stage.workspace.post("ben", "general", "below")
    await expect(page.locator("#channel .jump")).to_be_visible()
    found = await violations(page, "earlier messages")
    await page.keyboard.press("Control+/")
    found += await violations(page, "shortcuts")
    await page.keyboard.press("Escape")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("look", LOOKS)
async def test_axe_has_nothing_against_any_view(stage: Scene, browser: Browser, tmp_path: Path, look: str) -> None:
    page, problems = await open_page(stage, browser, **LOOKS[look])
    found = await violations(page, "no app yet")
    await picture(page, tmp_path, f"{look}-first")
    bot = Bot(stage)
    await stage.connect(bot.app)
    await _talk(stage)
    await answered(stage, bot)
    files = [("lease.pdf", b"%PDF-1.4"), ("notes.txt", b"Thirty days."), ("harbour.png", png(64, 40))]
    posted = await stage.workspace.post("ana", "general", "*two* files, `code` and @ben", files=files)
    await stage.workspace.react(stage.ben, posted, "eyes")
    await bot.app.client.views_publish(user_id=stage.ana.id, view=HOME)
    direct = await stage.workspace.open_dm("ana")
    await page.goto(stage.workspace.base_url)
    found += await _views_of_an_answer(page, stage, tmp_path, look)
    await page.goto(f"{stage.workspace.base_url}/archives/{direct.id}/")
    await expect(page.locator("#channel-list .empty")).to_be_visible()
    found += await violations(page, "empty conversation with the app")
    await page.click("#tab-home")
    found += await violations(page, "home")
    await picture(page, tmp_path, f"{look}-home")
    await page.goto(f"{stage.workspace.base_url}/archives/{stage.general.id}/")
    await page.locator(".file-name", has_text="notes.txt").click()
    await expect(page.locator("#preview pre")).to_be_visible()
    found += await violations(page, "preview")
    await page.keyboard.press("Escape")
    found += await _views_of_a_long_channel(page, stage)
    if look.endswith("phone"):
        await page.click("#menu")
        found += await violations(page, "side bar")
        await picture(page, tmp_path, f"{look}-menu")
    await page.click("#faults")
    await page.locator("#fault-slow_calls").check()
    await expect(page.locator("#faults .badge")).to_have_text("1 on")
    found += await violations(page, "faults")
    await picture(page, tmp_path, f"{look}-faults")
    await page.keyboard.press("Escape")
    found += await violations(page, "a fault that is on")
    assert found == []
    assert problems == []


@pytest.mark.slow
async def test_axe_judges_the_page_as_it_is(stage: Scene, browser: Browser) -> None:
    """The judge is awake: a picture without a name, put there on purpose, is found."""
    page, _ = await open_page(stage, browser)
    await page.evaluate("document.querySelector('main').append(document.createElement('img'))")
    found = await violations(page, "channel")
    assert any("image-alt" in line for line in found)
