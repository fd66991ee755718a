"""Long channels and threads: the page holds a window on them, moves it, and keeps the place where one reads."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser, Page, expect

from bot.workspace.page_history import WINDOW_MESSAGES, window
from bot.workspace.state import Message
from tests.workspace.conftest import Scene
from tests.workspace.pages import open_page

MOST_DRAWN = 250
SAID = [Message("C1", f"{number:010}.000000", "U1", str(number)) for number in range(200)]

# Scrolls to the end of what is drawn, and tells how far the first message in view moves while more is fetched.
TO_THE_END = """async () => {
    const list = document.querySelector('#channel-list'), top = list.getBoundingClientRect().top;
    list.scrollTop = list.scrollHeight;
    const read = [...list.querySelectorAll('.message')].find((m) => m.getBoundingClientRect().bottom > top);
    const before = read.getBoundingClientRect().top;
    await new Promise((done) => setTimeout(done, 100));
    const now = list.querySelector(`[data-ts="${read.dataset.ts}"]`);
    return now ? now.getBoundingClientRect().top - before : 10000;
}"""


async def fill(stage: Scene, count: int, thread_ts: str | None = None) -> list[Message]:
    people = (stage.ana, stage.ben, stage.chloe)
    return [
        await stage.workspace.post(people[n % 3], "general", f"message {n}", thread_ts=thread_ts) for n in range(count)
    ]


async def place(page: Page, ts: str, pane: str = "#channel-list") -> float:
    """How far down in the window a message stands."""
    box = await page.locator(f"{pane} [data-ts='{ts}']").bounding_box()
    assert box
    return box["y"]


async def first_seen(page: Page, pane: str = "#channel-list") -> str:
    """The ts of the first message whose end is in view."""
    script = """(pane) => {
        const list = document.querySelector(pane), top = list.getBoundingClientRect().top;
        return [...list.querySelectorAll('.message')].find((m) => m.getBoundingClientRect().bottom > top).dataset.ts;
    }"""
    return str(await page.evaluate(script, pane))


async def scroll(page: Page, top: int, pane: str = "#channel-list") -> None:
    await page.evaluate("([pane, top]) => { document.querySelector(pane).scrollTop = top; }", [pane, top])


def drawn(page: Page, pane: str = "#channel-list") -> object:
    return page.locator(f"{pane} .message")


@pytest.mark.parametrize(
    ("bounds", "first", "last"),
    [
        ({}, 150, 199),
        ({"before": SAID[150].ts}, 100, 149),
        ({"before": SAID[3].ts}, 0, 2),
        ({"after": SAID[10].ts}, 11, 60),
        ({"after": SAID[190].ts}, 191, 199),
        ({"around": SAID[100].ts}, 75, 124),
        ({"around": SAID[2].ts}, 0, 49),
        ({"since": SAID[20].ts, "until": SAID[180].ts}, 20, 180),
        ({"since": SAID[20].ts}, 20, 199),
    ],
)
def test_window_holds_what_is_next_to_its_place_and_says_what_lies_beyond(
    bounds: dict[str, str], first: int, last: int
) -> None:
    seen = window(SAID, **bounds)
    assert [message.text for message in seen.messages] == [str(number) for number in range(first, last + 1)]
    assert (seen.has_older, seen.has_newer) == (first > 0, last < 199)


async def test_history_messages_and_files_are_for_members_only(stage: Scene) -> None:
    posted = await stage.workspace.post("ana", "board", "secret", files=[("plan.txt", b"secret")])
    whisper = await stage.workspace.post("ana", "general", "aside")
    stage.workspace.core.add_ephemeral(Message(stage.general.id, "9999999999.000001", "U0", "x", ephemeral_to="U0ANA"))
    where = {"channel": stage.board.id}
    asks: list[tuple[str, dict[str, Any]]] = [
        ("history", where),
        ("find_message", where | {"ts": posted.ts}),
        ("find_file", {"file": posted.files[0].id}),
    ]
    async with aiohttp.ClientSession() as session:
        async with session.get(stage.workspace.base_url) as response:
            key = (await response.text()).split('page-key" content="')[1].split('"')[0]

        async def ask(name: str, body: dict[str, Any], user: str) -> dict[str, Any]:
            address = f"{stage.workspace.base_url}/page/do/{name}"
            async with session.post(address, json=body | {"user": user}, headers={"X-Page-Key": key}) as response:
                return dict(await response.json())

        for name, body in asks:
            assert (await ask(name, body, stage.ben.id))["ok"], name
            refused = await ask(name, body, stage.chloe.id)
            assert not refused["ok"] and "secret" not in str(refused), name
        seen = await ask("history", {"channel": stage.general.id}, stage.chloe.id)
        assert [message["ts"] for message in seen["messages"]] == [whisper.ts], "nobody else's asides"
        assert not (await ask("history", {"channel": stage.general.id, "before": 5}, stage.ben.id))["ok"]
        assert not (await ask("history", {"channel": "C0NONE", "thread_ts": "x"}, stage.ben.id))["ok"]


@pytest.mark.page
async def test_scrolling_up_brings_older_messages_and_does_not_move_what_is_read(
    stage: Scene, browser: Browser
) -> None:
    said = await fill(stage, 400)
    page, problems = await open_page(stage, browser)
    await expect(drawn(page)).to_have_count(WINDOW_MESSAGES)
    await expect(page.locator("#channel-list .message").last).to_be_in_viewport()
    await scroll(page, 610)
    read = await first_seen(page)
    before = await place(page, read)
    await scroll(page, 500)  # near enough to the top
    await expect(drawn(page)).to_have_count(2 * WINDOW_MESSAGES)
    assert abs(await place(page, read) - (before + 110)) < 2
    assert await page.locator("#channel-list .day").count() == 1, "the day is told once, above the first message"
    while await page.locator("#channel-list .older").count():
        await scroll(page, 0)
        await page.wait_for_timeout(60)
    await expect(page.locator(f"#channel-list [data-ts='{said[0].ts}']")).to_be_visible()
    await expect(page.locator("#channel-list .older")).to_have_count(0)
    assert await page.locator("#channel-list .message").count() <= MOST_DRAWN
    order = await page.evaluate("[...document.querySelectorAll('#channel-list .message')].map((m) => m.dataset.ts)")
    assert order == [message.ts for message in said[: len(order)]]
    await page.get_by_role("button", name="Jump to the newest").click()
    await expect(page.locator(f"#channel-list [data-ts='{said[-1].ts}']")).to_be_in_viewport()
    assert problems == []


@pytest.mark.page
async def test_keyboard_reaches_the_first_of_many_messages_and_is_told(stage: Scene, browser: Browser) -> None:
    said = await fill(stage, 130)
    page, problems = await open_page(stage, browser)
    await page.locator("#channel-list").focus()
    await page.keyboard.press("ArrowUp")
    await expect(page.locator(f"#channel-list [data-ts='{said[-1].ts}']")).to_be_focused()
    for message in reversed(said[:-1]):
        await page.keyboard.press("ArrowUp")
        await expect(page.locator(f"#channel-list [data-ts='{message.ts}']")).to_be_focused()
    await expect(page.locator("#channel-list :focus")).to_be_in_viewport()
    await expect(page.locator("#said")).to_contain_text("50 earlier messages shown.")
    await expect(page.locator("#said")).to_contain_text("30 earlier messages shown; this is the beginning.")
    await page.keyboard.press("End")
    await expect(page.locator(f"#channel-list [data-ts='{said[-1].ts}']")).to_be_focused()
    assert problems == []


@pytest.mark.page
async def test_thread_of_500_replies_opens_at_its_end_and_can_be_read_to_its_beginning(
    stage: Scene, browser: Browser
) -> None:
    root = await stage.workspace.post("ana", "general", "the root")
    replies = await fill(stage, 500, root.ts)
    page, problems = await open_page(stage, browser)
    await page.locator("#channel-list .summary").click()
    await expect(page.locator(f"#thread-list [data-ts='{replies[-1].ts}']")).to_be_in_viewport()
    assert await page.locator("#thread-list .message").count() == WINDOW_MESSAGES + 1
    await expect(page.locator("#thread-list .message").first).to_contain_text("the root")
    await expect(page.locator("#thread-list .left")).to_have_text("500 replies")
    while await page.locator("#thread-list .older").count():
        await page.locator("#thread-list").press("Home")
        await page.wait_for_timeout(60)
    await expect(page.locator(f"#thread-list [data-ts='{replies[0].ts}']")).to_be_visible()
    await expect(page.locator("#thread-list .older")).to_have_count(0)
    await stage.workspace.post("ben", "general", "while one reads", thread_ts=root.ts)
    await expect(page.locator("#thread .jump")).to_have_text("1 new message ↓")
    await expect(page.locator("#thread-list .left")).to_have_text("501 replies")
    await page.locator("#thread .jump").click()
    await expect(page.locator("#thread-list .message").last).to_contain_text("while one reads")
    assert problems == []


@pytest.mark.page
async def test_old_permalink_opens_at_its_message_and_scrolls_on_to_the_newest(stage: Scene, browser: Browser) -> None:
    said = await fill(stage, 300)
    path = stage.workspace.permalink(said[40]).removeprefix(stage.workspace.base_url)
    page, problems = await open_page(stage, browser, path)
    await expect(page.locator("#channel-list .flash")).to_contain_text("message 40")
    await expect(page.locator("#channel-list .flash")).to_be_in_viewport()
    await expect(page.locator("#channel .jump")).to_have_text("Jump to the newest ↓")
    moved = [await page.evaluate(TO_THE_END)]
    while await page.locator("#channel .jump").is_visible():
        moved.append(await page.evaluate(TO_THE_END))
    moved.append(await page.evaluate(TO_THE_END))
    assert max(abs(by) for by in moved) < 2, "newer messages do not move what is read"
    await expect(page.locator(f"#channel-list [data-ts='{said[-1].ts}']")).to_be_in_viewport()
    await expect(page.locator("#channel .jump")).to_be_hidden()
    assert await page.locator("#channel-list .message").count() <= MOST_DRAWN
    assert problems == []


@pytest.mark.page
async def test_reader_of_old_messages_is_left_alone_by_new_ones_and_by_a_reload(stage: Scene, browser: Browser) -> None:
    said = await fill(stage, 200)
    page, problems = await open_page(stage, browser)
    await scroll(page, 0)
    await expect(drawn(page)).to_have_count(2 * WINDOW_MESSAGES)
    read = await first_seen(page)
    before = await place(page, read)
    await stage.workspace.post("ben", "general", "new below")
    await expect(page.locator("#channel .jump")).to_have_text("1 new message ↓")
    assert abs(await place(page, read) - before) < 2
    await stage.workspace.add_channel("another", [stage.ana])  # every page asks for everything again
    await expect(page.locator("#channels")).to_contain_text("another")
    await page.wait_for_timeout(200)
    assert abs(await place(page, read) - before) < 2
    await stage.workspace.edit(said[0], "changed far above")
    await stage.workspace.delete_message(said[199])
    await expect(page.locator(f"[data-ts='{said[199].ts}']")).to_have_count(0)
    await expect(page.locator("#channel-list")).not_to_contain_text("changed far above")
    assert abs(await place(page, read) - before) < 2
    await page.locator("#channel .jump").click()
    await expect(page.locator("#channel-list .message").last).to_contain_text("new below")
    await expect(page.locator("#channel-list .message").last).to_be_in_viewport()
    await expect(page.locator("#channel .jump")).to_be_hidden()
    assert problems == []
