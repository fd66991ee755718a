"""The page without a mouse: everything done from the keyboard, and what a screen reader is told meanwhile."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Browser, FileChooser, Page, expect

from tests.workspace.conftest import Scene
from tests.workspace.pages import open_page, picture
from tests.workspace.test_page_app import Bot, answered

pytestmark = [pytest.mark.page]

FOCUSED = "document.activeElement"
IS_OUTLINED = """() => { const node = document.activeElement, style = getComputedStyle(node);
    const ring = (s) => (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 1) || s.boxShadow !== 'none';
    return ring(style) || Boolean(node.closest('.composer') && ring(getComputedStyle(node.closest('.composer')))); }"""


class Keyboard:
    """Presses keys, and sees after each that the focus can be seen."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)

    async def until(self, key: str, wanted: str, most: int = 40) -> None:
        """Press a key until the focus is on what the selector names; every stop on the way is outlined."""
        for _ in range(most):
            if await self.page.evaluate(f"(wanted) => {FOCUSED}.matches(wanted)", wanted):
                return
            await self.press(key)
            where = await self.page.evaluate(f"{FOCUSED}.outerHTML.slice(0, 120)")
            assert await self.page.evaluate(IS_OUTLINED), f"no outline on {where}"
        raise AssertionError(f"{key} does not lead to {wanted}")


async def test_first_tab_skips_to_the_message_box(stage: Scene, browser: Browser) -> None:
    page, _ = await open_page(stage, browser)
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("Tab")
    await expect(page.locator(".skip")).to_be_focused()
    await expect(page.locator(".skip")).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await expect(page.locator("#compose-channel")).to_be_focused()


async def test_channel_is_chosen_and_a_message_sent(stage: Scene, browser: Browser) -> None:
    await stage.workspace.post("ben", "board", "for the board")
    page, problems = await open_page(stage, browser)
    keys = Keyboard(page)
    await keys.until("F6", "#sidebar .place")
    await keys.press("ArrowDown")
    await expect(page.locator("#channels .place", has_text="board")).to_be_focused()
    await keys.press("Enter")
    await expect(page.locator("#channel-name")).to_contain_text("board")
    await expect(page.locator("#compose-channel")).to_be_focused()
    await page.keyboard.type("hello")
    await keys.press("Shift+Enter")
    await page.keyboard.type("all")
    await keys.press("Enter")
    await expect(page.locator("#channel-list .message").last).to_contain_text("all")
    assert stage.workspace.messages("board")[-1].text == "hello\nall"
    await keys.press("ArrowUp")
    await expect(page.locator("#dialog textarea")).to_be_focused()
    assert await page.input_value("#dialog textarea") == "hello\nall"
    await keys.press("Escape")
    await expect(page.locator("#compose-channel")).to_be_focused()
    await keys.press("Alt+ArrowUp")
    await expect(page.locator("#channel-name")).to_contain_text("general")
    assert problems == []


async def test_thread_is_opened_answered_and_left(stage: Scene, browser: Browser) -> None:
    said = [await stage.workspace.post("ben", "general", f"message {n}") for n in range(3)]
    page, problems = await open_page(stage, browser)
    keys = Keyboard(page)
    await keys.until("F6", "#channel-list")
    await keys.press("ArrowUp", "ArrowUp")
    await expect(page.locator(f"[data-ts='{said[1].ts}']")).to_be_focused()
    await keys.press("Enter")
    await expect(page.locator("#compose-thread")).to_be_focused()
    await page.keyboard.type("an answer")
    await keys.press("Enter")
    await expect(page.locator("#thread-list .message")).to_have_count(2)
    await keys.until("F6", "#thread-list")
    await keys.press("Escape")
    await expect(page.locator("#thread")).to_be_hidden()
    await expect(page.locator(f"#channel-list [data-ts='{said[1].ts}']")).to_be_focused()
    await keys.press("Escape")
    await expect(page.locator("#compose-channel")).to_be_focused()
    assert problems == []


async def test_button_is_pressed_and_a_modal_filled_in_sent_and_left(stage: Scene, browser: Browser) -> None:
    bot = Bot(stage)
    await stage.connect(bot.app)
    ts = await answered(stage, bot)
    page, problems = await open_page(stage, browser)
    keys = Keyboard(page)
    await keys.until("F6", "#channel-list")
    await keys.press("ArrowUp", "Enter")
    await keys.until("F6", "#thread-list")
    await keys.press("ArrowUp")
    await keys.until("Tab", "[data-action=widen]")
    await keys.press("Enter")
    await stage.workspace.wait_for(lambda: bot.actions)
    assert bot.actions[0]["actions"][0]["action_id"] == "widen"
    answer = page.locator(f"#thread-list [data-ts='{ts}']")
    await answer.focus()
    await keys.press("m")
    await expect(answer.get_by_role("menuitem", name="React with +1")).to_be_focused()
    await keys.press("Escape")
    await expect(answer.locator(".tools summary")).to_be_focused()
    await keys.press("ArrowDown")
    for _ in range(20):
        if await page.evaluate("document.activeElement.textContent") == "Tell us about this":
            break
        await keys.press("ArrowDown")
    await keys.press("Enter")
    dialog = page.get_by_role("dialog", name="What was wrong?")
    await expect(dialog.get_by_role("radio", name="Wrong")).to_be_focused()
    await keys.press("Escape")
    await expect(dialog).to_be_hidden()
    await stage.workspace.wait_for(lambda: bot.closed)
    await expect(answer.locator(".tools summary")).to_be_focused()
    await _send_the_form(page, keys)
    await stage.workspace.wait_for(lambda: bot.sent)
    assert bot.sent[0]["view"]["state"]["values"]["right"]["value"]["value"] == "thirty days"
    await expect(dialog).to_be_hidden()
    await expect(answer.locator(".tools summary")).to_be_focused()
    assert problems == []


async def _send_the_form(page: Page, keys: Keyboard) -> None:
    """Open it once more from the menu, choose, write, and send."""
    await keys.press("Enter")
    await page.get_by_role("menuitem", name="Tell us about this").focus()
    await keys.press("Enter")
    await expect(page.get_by_role("radio", name="Wrong")).to_be_focused()
    await keys.press("Space")
    await keys.until("Tab", "[data-block=where]")
    await page.keyboard.type("# g")
    await keys.until("Tab", "[data-block=right]")
    await page.keyboard.type("thirty days")
    await keys.until("Tab", "#dialog footer button[type=submit]")
    await keys.press("Enter")


async def test_file_is_added_and_sent(stage: Scene, browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Thirty days.")
    page, problems = await open_page(stage, browser)
    choosers: list[FileChooser] = []
    page.on("filechooser", lambda chooser: choosers.append(chooser))  # early: the browser is told a moment later
    keys = Keyboard(page)
    await keys.until("F6", "#compose-channel")
    await keys.until("Tab", "[aria-label='Add files']")
    await keys.press("Enter")
    await stage.workspace.wait_for(lambda: choosers)
    await choosers[0].set_files(tmp_path / "notes.txt")
    await expect(page.locator("#compose-channel")).to_be_focused()
    await expect(page.locator(".chip")).to_contain_text("notes.txt")
    await keys.press("Enter")
    await expect(page.locator("#channel-list .file")).to_contain_text("notes.txt")
    await keys.until("F6", "#channel-list")
    await keys.press("ArrowUp")
    await keys.until("Tab", ".file-name")
    await keys.press("Enter")
    await expect(page.locator("#preview pre")).to_have_text("Thirty days.")
    await keys.press("Escape")
    await expect(page.locator(".file-name")).to_be_focused()
    assert problems == []


async def test_panels_of_faults_and_of_shortcuts_open_and_give_the_focus_back(
    stage: Scene, browser: Browser, tmp_path: Path
) -> None:
    page, problems = await open_page(stage, browser)
    keys = Keyboard(page)
    await keys.until("F6", "#sidebar .place")
    await keys.until("Tab", "#faults")
    await keys.press("Enter")
    await expect(page.get_by_role("dialog", name="Faults")).to_be_visible()
    await keys.until("Tab", "#fault-slow_calls")
    await keys.press("Space")
    await stage.workspace.wait_for(lambda: "slow_calls" in stage.workspace.core.faults.standing)
    await keys.press("Escape")
    await expect(page.locator("#faults")).to_be_focused()
    await keys.press("Control+/")
    await expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("Go to the message before")
    await picture(page, tmp_path, "shortcuts")
    await keys.press("Escape")
    await expect(page.locator("#faults")).to_be_focused()
    assert problems == []


async def test_screen_reader_hears_new_messages_and_an_answer_once_it_is_complete(
    stage: Scene, browser: Browser
) -> None:
    client = stage.client()
    root = await stage.workspace.post("ana", "general", "a question")
    page, problems = await open_page(stage, browser)
    heard: list[str] = []
    await page.expose_function("hear", lambda text: heard.append(text))
    await page.evaluate(
        "new MutationObserver((seen) => seen.forEach((s) => s.addedNodes.forEach((n) => window.hear(n.textContent))))"
        ".observe(document.querySelector('[aria-live]'), { childList: true })"
    )
    await page.locator("#channel-list .message").focus()
    await page.keyboard.press("Enter")
    where = {"channel": stage.general.id}
    stream = await client.chat_startStream(
        **where, thread_ts=root.ts, recipient_user_id=stage.ana.id, recipient_team_id=stage.workspace.team_id
    )
    for word in ("Thirty ", "days, ", "in writing."):
        await client.chat_appendStream(**where, ts=stream["ts"], markdown_text=word)
        await asyncio.sleep(0.05)
    await expect(page.locator("#thread-list .streaming")).to_have_attribute("aria-busy", "true")
    await client.chat_stopStream(**where, ts=stream["ts"])
    await expect(page.locator("#said")).to_contain_text("answer complete")
    await expect(page.locator("#thread-list [aria-busy]")).to_have_count(0)
    await stage.workspace.post("ben", "general", "hello <b>&")
    await stage.workspace.post("ben", "board", "elsewhere")
    await expect(page.locator("#said")).to_contain_text("board")
    await stage.workspace.post("ana", "general", "my own")
    assert heard == [
        "Inhouse is writing an answer.",
        "Inhouse, answer complete: Thirty days, in writing.",
        "Ben Okafor: hello <b>&",
        "New message in board.",
    ]
    assert problems == []


async def test_tab_into_the_folded_part_of_a_message_unfolds_it(stage: Scene, browser: Browser) -> None:
    buttons = [
        {"type": "button", "action_id": f"b{n}", "text": {"type": "plain_text", "text": f"Button {n}"}}
        for n in range(30)
    ]
    blocks = [{"type": "actions", "elements": [button]} for button in buttons]
    await stage.client().chat_postMessage(channel=stage.general.id, text="30 buttons", blocks=blocks)
    page, _ = await open_page(stage, browser)
    await expect(page.locator(".folded")).to_have_count(1)
    keys = Keyboard(page)
    await keys.until("F6", "#channel-list")
    await keys.press("ArrowUp")
    await keys.until("Tab", "[data-action=b3]")
    await expect(page.locator(".folded")).to_have_count(1)
    await keys.until("Tab", "[data-action=b28]")
    await expect(page.locator(".folded")).to_have_count(0)
    await expect(page.locator("[data-action=b28]")).to_be_in_viewport()
