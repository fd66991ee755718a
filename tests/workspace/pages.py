"""Opening the page in headless Chromium, and pictures of it for people to look at."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page

from tests.workspace.conftest import Scene

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


async def open_page(scene: Scene, browser: Browser, path: str = "/", **options: Any) -> tuple[Page, list[str]]:
    """A page and the list of everything that went wrong in it."""
    page = await browser.new_page(**({"viewport": DESKTOP} | options))
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
    page.set_default_timeout(10_000)
    await page.goto(scene.workspace.base_url + path)
    await page.wait_for_selector("#channel-name:not(:empty)")
    return page, problems


async def picture(page: Page, folder: Path, name: str) -> None:
    """A screenshot for people to look at; INHOUSE_PICTURES names another folder for them."""
    chosen = Path(os.environ.get("INHOUSE_PICTURES", folder))
    await page.screenshot(path=chosen / f"{name}.png")
