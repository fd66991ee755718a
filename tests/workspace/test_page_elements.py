"""Inputs, menus, shortcuts and chats on the page, in a browser, against a real Bolt app."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.workspace.conftest import Scene
from tests.workspace.pages import open_page, picture
from tests.workspace.recorder import Recorder
from tests.workspace.test_chats import EVENTS, answers, helped
from tests.workspace.test_elements import COFFEE, DRINKS, TEA, WATER, block_of, drinks_like, plain
from tests.workspace.test_page_access import violations
from tests.workspace.test_samples import in_python, running, sample_scene
from tests.workspace.test_views import keeping, modal

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

pytestmark = pytest.mark.page


def field(name: str, label: str, element: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "input", "block_id": name, "label": plain(label), "element": element | {"action_id": "a"}, **more}


def button(action_id: str, text: str) -> dict[str, Any]:
    return {"type": "actions", "elements": [{"type": "button", "action_id": action_id, "text": plain(text)}]}


FORM = [
    field("day", "Day", {"type": "datepicker"}),
    field("hour", "Hour", {"type": "timepicker", "initial_time": "08:00"}),
    field("when", "When", {"type": "datetimepicker"}),
    field("who", "Who", {"type": "users_select"}),
    field("all", "All", {"type": "multi_users_select", "max_selected_items": 2}),
    field("some", "Some", {"type": "multi_static_select", "initial_options": [TEA], **DRINKS}),
    field("where", "Where", {"type": "channels_select"}),
    field("mail", "Mail", {"type": "email_text_input"}),
    field("site", "Site", {"type": "url_text_input"}, optional=True),
    field("text", "Text", {"type": "rich_text_input"}),
    field("drink", "Drink", {"type": "external_select", "min_query_length": 1}),
    field("more", "More drinks", {"type": "multi_external_select", "min_query_length": 0}),
]


async def fill(page: Page) -> None:
    dialog = page.locator("#dialog")
    await dialog.get_by_label("Day").fill("2026-12-24")
    await dialog.get_by_label("When").fill("2026-12-24T18:30")
    await dialog.get_by_label("Who").select_option("Ben Okafor")
    for name in ("Ana Lima", "Ben Okafor", "Chloe Martin"):
        await dialog.get_by_role("group", name="All").get_by_label(name).check()
    await dialog.get_by_role("group", name="Some").get_by_label("Water").check()
    await dialog.get_by_label("Where").select_option("# general")
    await dialog.get_by_label("Mail").fill("nowhere")
    await dialog.get_by_label("Site").fill("example.com")
    await dialog.get_by_label("Text").fill("Hello")
    await choose(page, "Drink", "cof", "Coffee")
    await choose(page, "More drinks", "te", "Tea")
    await choose(page, "More drinks", "wat", "Water")


async def choose(page: Page, label: str, typed: str, option: str) -> None:
    """Type into a menu that the app fills, and take what it offers with the keyboard."""
    from playwright.async_api import expect

    box = page.locator("#dialog").get_by_role("combobox", name=label, exact=True)
    await box.fill(typed)
    await expect(page.locator("#dialog [role=option][aria-selected=true]", has_text=option)).to_be_visible()
    await box.press("Enter")


async def test_every_input_of_a_modal_is_filled_in_checked_and_sent(
    make_scene: Callable[..., Awaitable[Scene]], browser: Browser, tmp_path: Path
) -> None:
    from playwright.async_api import expect

    scene = await make_scene(global_shortcuts=[("open", "Open the form")], ack_timeout_s=3.0)
    app, bodies = scene.app(), list[dict[str, Any]]()
    Recorder(app)

    @app.global_shortcut("open")
    async def opened(ack: Any, client: Any, body: dict[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal("Form", *FORM))

    app.options("a")(drinks_like([]))
    app.view("form")(keeping(bodies))
    await scene.connect(app)
    page, problems = await open_page(scene, browser, timezone_id="Europe/Lisbon")
    await page.locator("#compose-channel-slot").get_by_label("Shortcuts").click()
    found = await violations(page, "shortcuts")
    await page.get_by_role("menuitem", name="Open the form").click()
    await fill(page)
    await picture(page, tmp_path, "form")
    await page.get_by_role("button", name="Send").last.click()
    for block, sentence in (
        ("all", "Choose at most 2."),
        ("mail", "Write an e-mail address."),
        ("site", "Write a web address that begins with http."),
    ):
        await expect(page.locator(f"[data-error={block}]")).to_have_text(sentence)
    found += await violations(page, "form")
    dialog = page.locator("#dialog")
    await dialog.get_by_role("group", name="All").get_by_label("Chloe Martin").uncheck()
    await dialog.get_by_label("Mail").fill("ana@example.com")
    await dialog.get_by_label("Site").fill("https://example.com")
    await dialog.get_by_label("Remove Tea").click()
    await page.get_by_role("button", name="Send").last.click()
    await expect(dialog).to_be_hidden()
    values = {block: state["a"] for block, state in bodies[0]["view"]["state"]["values"].items()}
    assert {block: next(v for k, v in state.items() if k != "type") for block, state in values.items()} == sent(scene)
    assert found == [] and problems == []


def sent(scene: Scene) -> dict[str, Any]:
    """What `fill` put in, with what was corrected after it."""
    return {
        "day": "2026-12-24",
        "hour": "08:00",
        "when": 1798137000,
        "who": scene.ben.id,
        "all": [scene.ana.id, scene.ben.id],
        "some": [TEA, WATER],
        "where": scene.general.id,
        "mail": "ana@example.com",
        "site": "https://example.com",
        "text": {
            "type": "rich_text",
            "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "Hello"}]}],
        },
        "drink": COFFEE,
        "more": [WATER],
    }


async def test_inputs_of_a_message_act_and_outlive_its_redraw(scene: Scene, browser: Browser) -> None:
    from playwright.async_api import expect

    app, bodies, sent = scene.app(), list[dict[str, Any]](), list[dict[str, Any]]()
    Recorder(app)
    app.action("use")(keeping(bodies))
    app.action("send")(keeping(sent))
    app.options("use")(drinks_like([], grouped=True))
    await scene.connect(app)
    day = block_of("datepicker", {"confirm": {"title": plain("Sure?"), "text": plain("Really?")}})
    menu = block_of("external_select", {"min_query_length": 1}) | {"block_id": "menu"}
    note = block_of("plain_text_input", {}) | {"block_id": "note"}
    typed = {"trigger_actions_on": ["on_character_entered"]}
    live = block_of("plain_text_input", {"dispatch_action_config": typed}) | {
        "block_id": "live",
        "label": plain("Live"),
    }
    quiet = field("quiet", "Quiet", {"type": "plain_text_input"})
    await app.client.chat_postMessage(
        channel=scene.general.id, text="x", blocks=[day, menu, note, live, quiet, button("send", "Done")]
    )
    page, problems = await open_page(scene, browser)
    page.on("dialog", lambda dialog: dialog.accept())
    content = page.locator(".message .content")
    await content.locator("input[type=date]").fill("2026-12-24")
    await content.get_by_role("combobox").fill("tea")
    await expect(content.get_by_role("option", name="Tea")).to_be_visible()
    found = await violations(page, "message")
    await content.get_by_role("option", name="Tea").click()
    await content.get_by_label("Say").fill("a note")
    await content.get_by_label("Say").press("Enter")
    await content.get_by_label("Live").press_sequentially("abc")
    await scene.workspace.wait_for(lambda: len(bodies) == 4)
    await content.get_by_label("Quiet").fill("kept")
    (message,) = scene.workspace.messages("general")
    await scene.workspace.react("ben", message, "eyes")
    await expect(page.locator(".reaction")).to_be_visible()
    await expect(content.get_by_label("Quiet")).to_have_value("kept")
    await content.get_by_role("button", name="Done").click()
    await scene.workspace.wait_for(lambda: sent)
    chosen = [(body["actions"][0]["block_id"], body["actions"][0]["type"]) for body in bodies]
    assert chosen == [("b", "datepicker"), ("menu", "external_select")] + [
        (b, "plain_text_input") for b in ("note", "live")
    ]
    values = sent[0]["state"]["values"]
    assert values["b"]["use"]["selected_date"] == "2026-12-24" and values["menu"]["use"]["selected_option"] == TEA
    assert [values[b]["use"]["value"] for b in ("note", "live")] == ["a note", "abc"]
    assert values["quiet"]["a"]["value"] == "kept" and found == [] and problems == []


async def test_chat_begins_when_the_app_is_opened_and_with_a_button(
    make_scene: Callable[..., Awaitable[Scene]], browser: Browser, tmp_path: Path
) -> None:
    from playwright.async_api import expect

    scene = await make_scene(events=EVENTS, ack_timeout_s=3.0)
    helper, _ = await helped(scene)
    page, problems = await open_page(scene, browser)
    await page.locator("#directs button").click()
    thread = page.locator("#thread")
    await expect(thread.get_by_text("How can I help?")).to_be_visible()
    assert helper.payloads[0]["assistant_thread"]["context"]["channel_id"] == scene.general.id
    await thread.get_by_role("button", name="Dates").click()
    await expect(thread.get_by_text("It is four")).to_be_visible()
    await expect(page.locator("#thread-name")).to_have_text("Which dates?")
    found = await violations(page, "chat")
    await picture(page, tmp_path, "chat")
    await page.get_by_role("button", name="New chat").click()
    await scene.workspace.wait_for(lambda: len(helper.payloads) == 2)
    await expect(thread.get_by_text("It is four")).to_be_hidden()
    await page.locator("#compose-channel").fill("straight away")
    await page.locator("#compose-channel").press("Enter")
    await scene.workspace.wait_for(lambda: len(helper.payloads) == 3)
    direct = await scene.workspace.open_dm("ana")
    roots = scene.workspace.messages(direct)
    assert [root.subtype for root in roots] == ["assistant_app_thread"] * 3, "nothing stands outside a chat"
    await answers(scene, roots[-1], 2)
    assert found == [] and problems == []


async def test_starter_app_is_used_by_hand(
    make_scene: Callable[..., Awaitable[Scene]], browser: Browser, tmp_path: Path
) -> None:
    from playwright.async_api import expect

    scene = await sample_scene(make_scene, "orders")
    async with running(scene, *in_python("orders", "app.py")):
        page, problems = await open_page(scene, browser)
        dialog, title = page.locator("#dialog"), page.locator("#dialog-title")
        await page.locator("#directs button").click()
        await page.get_by_role("tab", name="Home").click()
        await page.locator("#home").get_by_role("button", name="Order").click()
        await dialog.get_by_label("Small").check()
        await expect(dialog.get_by_text("A small one, then.")).to_be_visible()
        await expect(dialog.get_by_label("Small")).to_be_checked()
        await choose(page, "Drink", "choc", "Hot chocolate")
        await dialog.get_by_label("Day").fill("2025-12-24")
        await dialog.get_by_role("button", name="Order").click()
        await expect(page.locator("[data-error=day]")).to_have_text("That day is over.")
        await dialog.get_by_label("Day").fill("2026-12-24")
        await dialog.get_by_role("button", name="Order").click()
        await expect(title).to_have_text("Is this right?")
        await dialog.get_by_role("button", name="Yes").click()
        await expect(title).to_have_text("Something more?")
        await dialog.get_by_role("button", name="Cancel").click()
        await expect(title).to_have_text("Is this right?")  # the one below is back
        await dialog.get_by_role("button", name="Yes").click()
        await dialog.get_by_label("A smile").check()
        await dialog.get_by_role("button", name="Send").click()
        await expect(dialog).to_be_hidden()
        await page.get_by_role("tab", name="Messages").click()
        order = page.locator(".message", has_text="Small Hot chocolate on 2026-12-24 with a smile")
        await picture(page, tmp_path, "order")
        await order.get_by_role("button", name="Ready").click()
        await expect(order.get_by_text("is ready")).to_be_visible()
        assert problems == []
