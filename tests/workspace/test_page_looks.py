"""The page at every width, zoom and theme, on paper, and with what would break out of its box."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pypdf
import pytest
from playwright.async_api import Browser, Page, expect

from bot.cli.samples import HINTS
from bot.workspace.state import Message
from tests.workspace.conftest import Scene
from tests.workspace.pages import open_page, picture

pytestmark = [pytest.mark.page]

ELSEWHERE = "https://elsewhere.example/chart.png"
WINDOWS = {
    "phone-small": (320, 568),
    "phone": (390, 844),
    "tablet": (768, 1024),
    "small": (1024, 768),
    "large": (1440, 900),
    "zoom-200": (640, 400),  # what 1280 by 800 becomes
    "zoom-400": (320, 256),  # what 1280 by 1024 becomes: WCAG 1.4.10
}
# What sticks out of the list it is in, or of the window; tables scroll inside their own box.
STICKS_OUT = """() => {
    const beside = '.table table, .unseen, [hidden], .menu, #thread[hidden], svg';
    const nodes = [...document.querySelectorAll('.list .message *, .bar *, .composer *, #welcome *')];
    return nodes.filter((node) => {
        if (node.closest(beside) || !node.getClientRects().length) return false;
        const box = node.getBoundingClientRect(), pane = node.closest('main, aside').getBoundingClientRect();
        return box.width && (box.right > pane.right + 1 || box.left < pane.left - 1);
    }).map((node) => node.outerHTML.slice(0, 150));
}"""
HEAD = "| " + " | ".join(f"Column {n}" for n in range(14)) + " |\n" + "|---" * 14 + "|\n"
TABLE = HEAD + "".join("| " + " | ".join(f"cell {r}.{n}" for n in range(14)) + " |\n" for r in range(12))


def png(width: int, height: int) -> bytes:
    """A grey picture of a size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.fixture
async def stage(make_stage: Callable[..., Awaitable[Scene]]) -> Scene:
    return await make_stage(hints=["What is the notice period?"])


def picture_blocks(file_id: str, address: str) -> list[dict[str, Any]]:
    mine = {"type": "image", "slack_file": {"id": file_id}, "alt_text": "the harbour"}
    theirs = {"type": "image", "image_url": ELSEWHERE, "alt_text": "a chart of the rents"}
    text = {"type": "section", "text": {"type": "mrkdwn", "text": "beside " + "word " * 30}}
    return [
        mine | {"title": {"type": "plain_text", "text": "The harbour"}},
        mine | {"slack_file": {"url": address}},
        theirs,
        text | {"accessory": mine},
        text | {"accessory": theirs},
        {"type": "context", "elements": [mine, theirs, {"type": "mrkdwn", "text": "below"}]},
    ]


async def crowd(stage: Scene) -> Message:
    """Everything that might break out of its box; the root of a thread comes last."""
    workspace, client, where = stage.workspace, stage.client(), {"channel": stage.general.id}
    shown = await workspace.post("ana", "general", "", files=[("wide.png", png(2000, 90)), ("tall.png", png(30, 900))])
    file = workspace.core.shapes.file(shown.files[0])
    await client.chat_postMessage(**where, text="x", blocks=picture_blocks(file["id"], file["url_private"]))
    for text in ("W" * 3000, "https://example.com/" + "a" * 400, "`" + "c" * 300 + "`", "> " + "q" * 300):
        await workspace.post("ben", "general", text)
    await workspace.post("chloe", "general", "שלום עולם 123\nplain english")
    await client.chat_postMessage(**where, text="t", blocks=[{"type": "markdown", "text": TABLE}])
    await client.chat_postMessage(**where, text=("Lorem *ipsum* dolor. " * 2000)[:39_900])
    labels = [{"type": "plain_text", "text": f"A rather long label of a button {n}"} for n in range(5)]
    buttons = [{"type": "button", "action_id": f"b{n}", "text": label} for n, label in enumerate(labels)]
    pair = [{"type": "mrkdwn", "text": "*a*\nb"}, {"type": "mrkdwn", "text": "c" * 60}]
    kinds = [{"type": "section", "fields": pair}, {"type": "actions", "elements": buttons}]
    await client.chat_postMessage(**where, text="50", blocks=[kinds[n % 2] for n in range(50)])
    root = await workspace.post("ana", "general", "a thread", files=[("long-" * 30 + ".pdf", b"%PDF-1.4")])
    await client.chat_postMessage(**where, thread_ts=root.ts, text="r", blocks=[{"type": "markdown", "text": TABLE}])
    return root


async def overflows(page: Page) -> list[str]:
    wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return (["the page scrolls sideways"] if wide else []) + list(await page.evaluate(STICKS_OUT))


@pytest.mark.slow
@pytest.mark.parametrize("window", WINDOWS)
async def test_nothing_breaks_out_of_its_box_at_any_width_or_zoom(
    stage: Scene, browser: Browser, tmp_path: Path, window: str
) -> None:
    root = await crowd(stage)
    width, height = WINDOWS[window]
    page, problems = await open_page(stage, browser, viewport={"width": width, "height": height})
    await expect(page.locator(f"#channel-list [data-ts='{root.ts}']")).to_be_in_viewport()
    await expect(page.locator("#compose-channel")).to_be_in_viewport()
    assert await overflows(page) == []
    await picture(page, tmp_path, f"{window}-channel")
    await page.locator("#channel-list .summary").click()
    await expect(page.locator("#thread-list table")).to_be_visible()
    await expect(page.locator("#compose-thread")).to_be_in_viewport()
    await expect(page.locator("#close-thread")).to_be_in_viewport()
    assert await overflows(page) == []
    await picture(page, tmp_path, f"{window}-thread")
    assert problems == []


async def test_pictures_of_the_workspace_are_drawn_and_those_from_elsewhere_are_not_fetched(
    stage: Scene, browser: Browser
) -> None:
    shown = await stage.workspace.post("ana", "general", "", files=[("harbour.png", png(64, 40))])
    file = stage.workspace.core.shapes.file(shown.files[0])
    blocks = picture_blocks(file["id"], file["url_private"])
    page, problems = await open_page(stage, browser)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await stage.client().chat_postMessage(channel=stage.general.id, text="x", blocks=blocks)
    images = page.locator("#channel-list img")
    await expect(images).to_have_count(5)
    for image in await images.all():
        assert await image.evaluate("async (node) => { await node.decode(); return node.naturalWidth; }") == 64
    await expect(page.get_by_role("img", name="the harbour")).to_have_count(4)
    await expect(page.locator(".no-picture", has_text="a chart of the rents")).to_have_count(2)
    await expect(page.locator(".context").get_by_role("img", name="a chart of the rents")).to_be_visible()
    assert await page.locator(".no-picture a").first.get_attribute("href") == ELSEWHERE
    assert all(url.startswith(stage.workspace.base_url) for url in asked), asked
    await page.get_by_role("button", name="Open the picture harbour.png").click()
    await expect(page.locator("#preview img")).to_be_visible()
    assert problems == []


async def test_each_line_reads_in_its_own_direction(stage: Scene, browser: Browser) -> None:
    await stage.workspace.post("ana", "general", "שלום עולם")
    await stage.workspace.post("ben", "general", "hello world")
    page, _ = await open_page(stage, browser)
    gap = """(node) => { const range = document.createRange(); range.selectNodeContents(node);
        return range.getBoundingClientRect().left - node.getBoundingClientRect().left; }"""
    hebrew, english = [await text.evaluate(gap) for text in await page.locator("#channel-list .text > div").all()]
    assert hebrew > 100 and english < 1


async def test_skin_tones_colour_hands_and_nothing_else(stage: Scene, browser: Browser) -> None:
    """Tried without asking for a font, which not every machine has."""
    page, _ = await open_page(stage, browser)
    script = "async (t) => { const m = await import('/page/emoji.js'); return m.toned(...t); }"
    assert await page.evaluate(script, ["👋", "3"]) == "👋\U0001f3fc"
    assert await page.evaluate(script, ["✋️", "6"]) == "✋\U0001f3ff"
    assert await page.evaluate(script, ["🎉", "3"]) == "🎉"
    assert await page.evaluate(script, ["👋", None]) == "👋"


@pytest.mark.slow
async def test_thread_prints_as_text_without_bars(stage: Scene, browser: Browser, tmp_path: Path) -> None:
    root = await stage.workspace.post("ana", "general", "the printed root")
    for number in range(40):
        await stage.workspace.post("ben", "general", f"printed reply {number}", thread_ts=root.ts)
    path = stage.workspace.permalink(root).removeprefix(stage.workspace.base_url)
    page, _ = await open_page(stage, browser, path, color_scheme="dark")
    await expect(page.locator("#thread-list .message")).to_have_count(41)
    printed = pypdf.PdfReader(io.BytesIO(await page.pdf()))
    text = " ".join(sheet.extract_text() for sheet in printed.pages)
    assert len(printed.pages) > 1
    assert all(f"printed reply {number}" in text for number in range(40)) and "the printed root" in text
    for bar in ("Shortcuts", "You are", "Enter sends", "Direct messages", "41 members"):
        assert bar not in text
    await page.emulate_media(media="print")
    colour = await page.locator("#thread-list .text").first.evaluate("(node) => getComputedStyle(node).color")
    assert colour == "rgb(0, 0, 0)"
    await picture(page, tmp_path, "print")


async def test_wishes_of_the_system_are_met(stage: Scene, browser: Browser, tmp_path: Path) -> None:
    """Less motion, more contrast, the system's own colours, and the theme, also when it changes."""
    page, problems = await open_page(stage, browser)
    style = "([place, name]) => getComputedStyle(document.querySelector(place))[name]"
    moving = ["#notice .dots i", "animationName"]
    assert await page.evaluate(style, moving) == "dot"
    await page.emulate_media(reduced_motion="reduce")
    assert await page.evaluate(style, moving) == "none"
    colours = []
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        colours.append(await page.evaluate(style, ["body", "backgroundColor"]))
    assert colours == ["rgb(255, 255, 255)", "rgb(26, 26, 32)"]
    await page.emulate_media(contrast="more", color_scheme="light")
    assert await page.evaluate(style, ["#thread", "borderLeftColor"]) == "rgb(107, 107, 120)"
    await picture(page, tmp_path, "contrast")
    await page.emulate_media(forced_colors="active", contrast="no-preference")
    assert await page.evaluate(style, [".place[aria-current]", "outlineStyle"]) == "solid"
    await picture(page, tmp_path, "forced-colours")
    assert problems == []


@pytest.mark.parametrize("hints", [[], ["What is the notice period?"]])
async def test_newcomer_is_told_how_to_connect_and_then_what_to_do(
    stage: Scene, browser: Browser, hints: list[str]
) -> None:
    workspace = stage.workspace
    workspace.hints = tuple(hints)
    page, problems = await open_page(stage, browser)
    welcome = page.locator("#welcome")
    await expect(welcome.get_by_role("heading")).to_have_text("Connect your app")
    await expect(welcome.locator("code")).to_have_text([workspace.api_url, workspace.bot_token, workspace.app_token])
    await stage.connect(stage.app())
    heading = "Ask Inhouse about your files" if hints else "Your app is connected"
    await expect(welcome.get_by_role("heading")).to_have_text(heading)
    await expect(welcome).to_contain_text("@inhouse")
    await expect(page.locator("#notice")).to_be_hidden()
    await welcome.get_by_role("button", name="Close this introduction").click()
    await expect(welcome).to_be_hidden()
    await expect(page.locator("#compose-channel")).to_be_focused()
    assert problems == []


async def test_tokens_are_not_shown_while_a_known_bot_starts(stage: Scene, browser: Browser) -> None:
    stage.workspace.set_notice("Inhouse is starting…")
    page, _ = await open_page(stage, browser)
    await expect(page.locator("#welcome").get_by_role("heading")).to_have_text("Ask Inhouse about your files")
    assert stage.workspace.bot_token not in await page.content()


async def test_question_that_is_offered_is_put_into_the_box_with_one_mention(stage: Scene, browser: Browser) -> None:
    """`make try` offered its questions with a mention of their own, and they were asked with two."""
    stage.workspace.hints = HINTS
    stage.workspace.set_notice("Inhouse is starting…")
    root = await stage.workspace.post("ana", "general", "two files")
    path = stage.workspace.permalink(root).removeprefix(stage.workspace.base_url)
    page, _ = await open_page(stage, browser, path)
    await page.locator("#channel-hints").get_by_role("button").first.click()
    assert await page.input_value("#compose-channel") == f"@inhouse {HINTS[0]}"
    await expect(page.locator("#compose-channel")).to_be_focused()
    assert not any("@" in hint for hint in HINTS)
