"""The page in headless Chromium, with a small scripted bot in real Bolt on the other side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser, Page, expect
from slack_bolt.async_app import AsyncApp

from tests.workspace.conftest import Scene, build_scene
from tests.workspace.pages import CHROMIUM, DESKTOP, FLAGS, PHONE, open_page, picture  # noqa: F401 - some for scenarios

pytestmark = [pytest.mark.page]

ANSWER = (
    "The notice period is **30 days**, counted from the day on which the letter arrives. "
    "[report.txt, page 1]({link})\n\n"
    "- it can be *extended* once\n- `clause 4.2` says how\n\n"
    "| Party | Days |\n|---|---|\n| Tenant | 30 |\n| Landlord | 90 |\n"
)


@pytest.fixture
async def stage() -> AsyncIterator[Scene]:
    """A scene whose bot answers mentions with a stream, and has a button, a command with a modal, and a home."""
    scene = await build_scene(
        team_name="Harbour & Co",
        hints=["What is the notice period?", "Who signed the contract?"],
        commands=[("/ask", "Ask about the files here")],
    )
    scene.workspace.set_notice("Inhouse is starting: loading the model…")
    yield scene
    for handler in scene.clients:
        await handler.close_async()
    await scene.workspace.stop()


def scripted_bot(scene: Scene) -> AsyncApp:
    app = scene.app()

    @app.event("app_mention")
    async def answer(event: dict[str, Any], client: Any) -> None:
        thread = event.get("thread_ts") or event["ts"]
        await client.reactions_add(channel=event["channel"], timestamp=event["ts"], name="eyes")
        await client.assistant_threads_setStatus(
            channel_id=event["channel"], thread_ts=thread, status="is reading report.txt…"
        )
        await scene.workspace.wait_for(gates["status"].is_set)
        link = event["files"][0]["permalink"] if event.get("files") else scene.workspace.base_url
        stream = await client.chat_stream(
            channel=event["channel"],
            thread_ts=thread,
            recipient_user_id=event["user"],
            recipient_team_id=scene.workspace.team_id,
            buffer_size=1,
        )
        text = ANSWER.format(link=link)
        await stream.append(markdown_text=text[:90])
        await scene.workspace.wait_for(gates["stream"].is_set)
        await stream.append(markdown_text=text[90:])
        await stream.stop(blocks=closing_blocks())

    @app.action("whole_channel")
    async def pressed(ack: Any, body: dict[str, Any], client: Any) -> None:
        await ack()
        await client.chat_postMessage(
            channel=body["channel"]["id"], thread_ts=body["message"]["thread_ts"], text="Searching *everything* in here"
        )

    @app.command("/ask")
    async def ask(ack: Any, command: dict[str, Any]) -> None:
        await ack(f"You asked: {command['text']}")

    for name in ("message", "file_shared", "file_deleted", "app_home_opened"):
        app.event(name)(nothing)
    gates = {"status": asyncio.Event(), "stream": asyncio.Event()}
    app.gates = gates  # type: ignore[attr-defined]
    return app


async def nothing() -> None:
    """Acknowledge and do nothing."""


def closing_blocks() -> list[dict[str, Any]]:
    button = {"type": "button", "action_id": "whole_channel", "value": "x"}
    return [
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "Searched: *report.txt* · trial model"}]},
        {
            "type": "actions",
            "elements": [button | {"text": {"type": "plain_text", "text": "Search the whole channel"}}],
        },
    ]


async def drop_file(page: Page, name: str, text: str) -> None:
    transfer = await page.evaluate_handle(
        "([name, text]) => { const t = new DataTransfer(); t.items.add(new File([text], name)); return t; }",
        [name, text],
    )
    await page.dispatch_event("#channel-list", "dragenter", {"dataTransfer": transfer})
    await page.dispatch_event("#channel-list", "drop", {"dataTransfer": transfer})


async def _ask_about_a_file(page: Page, folder: Path) -> None:
    """Drop it into the channel, pick the bot's name from the list, and send."""
    await drop_file(page, "report.txt", "Clause 4.2: thirty days.")
    await expect(page.locator("#compose-channel-slot .chip")).to_contain_text("report.txt")
    await page.type("#compose-channel", "@inh")
    await expect(page.locator(".picker li")).to_have_count(1)
    await page.press("#compose-channel", "Enter")
    await page.type("#compose-channel", "what is the notice period?")
    await picture(page, folder, "composing")
    await page.press("#compose-channel", "Enter")


async def test_a_person_uploads_asks_watches_presses_and_deletes(
    stage: Scene, browser: Browser, tmp_path: Path
) -> None:
    page, problems = await open_page(stage, browser)
    await expect(page.locator("#notice")).to_contain_text("loading the model")
    await picture(page, tmp_path, "starting")
    app = scripted_bot(stage)
    gates: dict[str, asyncio.Event] = app.gates  # type: ignore[attr-defined]
    await stage.connect(app)
    await expect(page.locator("#notice")).to_be_hidden()

    await page.select_option("#me", label="Ben Okafor")
    await expect(page.locator("#channels")).to_contain_text("board")
    await _ask_about_a_file(page, tmp_path)

    await expect(page.locator("#channel-list .message .mention")).to_have_text("@inhouse")
    await expect(page.locator("#thread .status")).to_contain_text("Inhouse is reading report.txt")
    await expect(page.locator("#channel-list [aria-label='1 eyes']")).to_be_visible()
    await picture(page, tmp_path, "reading")
    gates["status"].set()
    answer = page.locator("#thread-list .message.streaming")
    await expect(answer).to_contain_text("30 days")
    await expect(page.locator("#thread .status")).to_be_hidden()
    await picture(page, tmp_path, "streaming")
    gates["stream"].set()
    await expect(page.locator("#thread-list td").first).to_have_text("Tenant")
    await expect(page.locator("#thread-list .streaming")).to_have_count(0)

    await page.click("text=Search the whole channel")
    await expect(page.locator("#thread-list .message").last).to_contain_text("Searching everything")
    await page.type("#compose-thread", "thank you <b>all</b>")
    await page.press("#compose-thread", "Enter")
    await expect(page.locator("#thread-list .message").last).to_contain_text("thank you <b>all</b>")
    await picture(page, tmp_path, "desktop")

    await page.click("#thread-list a:has-text('report.txt, page 1')")
    await expect(page.locator("#preview pre")).to_have_text("Clause 4.2: thirty days.")
    await picture(page, tmp_path, "preview")
    await page.click("#preview [aria-label=Close]")

    await page.click("#channel-list [aria-label='Delete report.txt']")
    await page.click("#dialog button:has-text('Delete')")
    await expect(page.locator("#channel-list .file.gone")).to_have_text("—This file was deleted.")
    assert all(file.deleted for file in stage.workspace.core.state.files.values())
    assert problems == []


async def test_phone_width_has_room_for_everything(stage: Scene, browser: Browser, tmp_path: Path) -> None:
    app = scripted_bot(stage)
    for gate in app.gates.values():  # type: ignore[attr-defined]
        gate.set()
    await stage.connect(app)
    page, problems = await open_page(stage, browser, viewport=PHONE, has_touch=True, color_scheme="dark")
    await picture(page, tmp_path, "phone-channel")
    await page.click("text=What is the notice period?")
    assert await page.input_value("#compose-channel") == "@inhouse What is the notice period?"
    await page.press("#compose-channel", "Enter")
    await expect(page.locator("#thread-list td").first).to_have_text("Tenant")
    box = await page.locator("#thread").bounding_box()
    assert box and box["width"] == PHONE["width"]
    await picture(page, tmp_path, "phone-thread")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.click("#close-thread")
    await page.click("#menu")
    await page.wait_for_timeout(300)
    await picture(page, tmp_path, "phone-menu")
    await page.click("#directs .place")
    await expect(page.locator("#channel-name")).to_have_text("Inhouse")
    assert problems == []


async def test_hostile_text_never_becomes_markup(stage: Scene, browser: Browser) -> None:
    client = stage.client()
    evil = '<img src=x onerror="window.owned=1">[x](javascript:owned=1)<javascript:owned=1|y><script>owned=1</script>'
    image = "<img src=x onerror=owned=1>"
    eve = await stage.workspace.add_user("eve", real_name=image)
    await stage.workspace.invite("general", eve)
    await stage.workspace.post(eve, "general", evil, files=[(f"{image}.html", evil.encode())])
    await stage.workspace.post(eve, "general", image)
    for text in ({"text": evil}, {"markdown_text": evil}):
        await client.chat_postMessage(channel=stage.general.id, **text)
    page, problems = await open_page(stage, browser)
    await expect(page.locator("#channel-list .message")).to_have_count(5)  # the first says that she has joined
    assert await page.evaluate("window.owned === undefined")
    assert await page.locator("img, body script, a[href^=javascript]").count() == 0
    assert problems == []


async def test_permalink_opens_the_thread_and_marks_the_message(stage: Scene, browser: Browser) -> None:
    root = await stage.workspace.post("ana", "general", "the root")
    for number in range(60):
        await stage.workspace.post("ben", "general", f"reply {number}", thread_ts=root.ts)
    wanted = stage.workspace.messages("general", root.ts)[10]
    path = stage.workspace.permalink(wanted).removeprefix(stage.workspace.base_url)
    page, problems = await open_page(stage, browser, path)
    marked = page.locator("#thread-list .flash")
    await expect(marked).to_contain_text(wanted.text)
    await expect(marked).to_be_in_viewport()
    assert problems == []


async def test_command_answer_is_only_visible_to_who_asked(stage: Scene, browser: Browser) -> None:
    await stage.connect(scripted_bot(stage))
    ana, _ = await open_page(stage, browser)
    ben, _ = await open_page(stage, browser)
    await ben.select_option("#me", label="Ben Okafor")
    await ana.type("#compose-channel", "/ask what")
    await ana.press("#compose-channel", "Enter")
    await expect(ana.locator("#channel-list .ephemeral")).to_contain_text("You asked: what")
    await stage.workspace.post("chloe", "general", "marker")
    await expect(ben.locator("#channel-list .message")).to_have_count(1)


async def test_own_message_can_be_edited_and_deleted(stage: Scene, browser: Browser) -> None:
    posted = await stage.workspace.post("ana", "general", "first & @ben")
    page, problems = await open_page(stage, browser)
    message = page.locator(f"[data-ts='{posted.ts}']")
    await message.hover()
    await message.locator("summary").click()
    await message.locator("text=Edit message").click()
    assert await page.input_value("#dialog textarea") == "first & @ben"
    await page.fill("#dialog textarea", "second")
    await page.click("#dialog button:has-text('Save')")
    await expect(message).to_contain_text("(edited)")
    assert posted.text == "second"
    await message.hover()
    await message.locator("summary").click()
    await message.locator("text=Delete message").click()
    await page.click("#dialog button:has-text('Delete')")
    await expect(message).to_have_count(0)
    assert problems == []


async def test_modal_is_filled_in_with_the_keyboard(stage: Scene, browser: Browser) -> None:
    app = scripted_bot(stage)
    got: list[str] = []
    field = {"type": "plain_text_input", "action_id": "value"}
    label = {"type": "plain_text", "text": "Name"}
    view = {
        "type": "modal",
        "callback_id": "form",
        "title": {"type": "plain_text", "text": "A form"},
        "submit": {"type": "plain_text", "text": "Send"},
        "blocks": [{"type": "input", "block_id": "name", "label": label, "element": field}],
    }

    @app.command("/form")
    async def form(ack: Any, client: Any, command: dict[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=command["trigger_id"], view=view)

    @app.view("form")
    async def submitted(ack: Any, view: dict[str, Any]) -> None:
        got.append(view["state"]["values"]["name"]["value"]["value"])
        await (ack() if got[-1] == "right" else ack(response_action="errors", errors={"name": "Try again."}))

    await stage.connect(app)
    page, _ = await open_page(stage, browser)
    await page.type("#compose-channel", "/form")
    await page.press("#compose-channel", "Enter")
    await page.get_by_label("Name").fill("wrong")
    await page.keyboard.press("Enter")
    await expect(page.locator("#dialog .error")).to_have_text("Try again.")
    await page.get_by_label("Name").fill("right")
    await page.keyboard.press("Enter")
    await expect(page.locator("#dialog")).to_be_hidden()
    assert got == ["wrong", "right"]


async def test_page_server_refuses_strangers(stage: Scene) -> None:
    base, port = stage.workspace.base_url, stage.workspace.port
    async with aiohttp.ClientSession() as session:
        async with session.get(base, headers={"Host": f"evil.example:{port}"}) as response:
            assert response.status == 421
        body = {"user": stage.ana.id, "channel": stage.general.id, "text": "x"}
        async with session.post(f"{base}/page/do/post", json=body) as response:
            assert response.status == 403
        async with session.get(base) as response:
            key = (await response.text()).split('page-key" content="')[1].split('"')[0]
            assert "script-src 'self'" in response.headers["Content-Security-Policy"]
        strange = {"X-Page-Key": key, "Origin": "http://evil.example"}
        async with session.post(f"{base}/page/do/post", json=body, headers=strange) as response:
            assert response.status == 403
        async with session.post(f"{base}/page/do/post", json=body, headers={"X-Page-Key": key}) as response:
            assert (await response.json())["ok"]


async def test_page_downloads_are_attachments_for_members_only(stage: Scene) -> None:
    posted = await stage.workspace.post("ana", "board", "x", files=[("a.html", b"<script>1</script>")])
    base = stage.workspace.base_url
    async with aiohttp.ClientSession() as session:
        async with session.get(base) as response:
            key = (await response.text()).split('page-key" content="')[1].split('"')[0]
        where = f"{base}/page/file/{posted.files[0].id}"
        async with session.get(where, params={"key": key, "user": stage.ben.id, "inline": "1"}) as response:
            assert response.headers["Content-Disposition"].startswith("attachment")
            assert response.headers["X-Content-Type-Options"] == "nosniff"
        async with session.get(where, params={"key": key, "user": stage.chloe.id}) as response:
            assert response.status == 404
