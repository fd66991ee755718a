"""What an app shows on the page: its agent view, modals, home, menus, shortcuts and long messages, in Chromium."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect
from slack_bolt.async_app import AsyncApp

from tests.workspace.conftest import Scene
from tests.workspace.pages import PHONE, open_page, picture
from tests.workspace.recorder import Recorder

pytestmark = [pytest.mark.page]


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def options(*names: str) -> list[dict[str, Any]]:
    return [{"text": plain(name), "value": name.lower()} for name in names]


def field(block_id: str, label: str, element: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(label),
        "element": element | {"action_id": "value"},
        **more,
    }


MENU = {"type": "overflow", "action_id": "more", "options": options("Regenerate", "Shorter", "Longer", "Delete")}
FEEDBACK = {
    "type": "feedback_buttons",
    "action_id": "verdict",
    "positive_button": {"text": plain("Good answer"), "value": "good"},
    "negative_button": {"text": plain("Bad answer"), "value": "bad"},
}
ANSWER_BLOCKS = [
    {
        "type": "section",
        "text": {"type": "mrkdwn", "text": "The notice period is *30 days* [1]."},
        "accessory": MENU | {"action_id": "beside"},
    },
    {
        "type": "markdown",
        "text": "```python\ndays = 30\n```\n\n| Party | Days |\n|---|---|\n| Tenant | 30 |\n| Landlord | 90 |\n",
    },
    {"type": "divider"},
    {"type": "context", "elements": [{"type": "mrkdwn", "text": "[1] *lease.pdf*, page 3"}]},
    {
        "type": "table",
        "rows": [
            [{"type": "raw_text", "text": "File"}, {"type": "raw_text", "text": "Pages"}],
            [{"type": "raw_text", "text": "lease.pdf"}, {"type": "raw_text", "text": "12"}],
        ],
    },
    {"type": "context_actions", "elements": [FEEDBACK]},
    {
        "type": "actions",
        "elements": [
            {"type": "button", "action_id": "widen", "style": "primary", "text": plain("Search the whole channel")},
            {"type": "button", "action_id": "drop", "style": "danger", "text": plain("Delete")},
            MENU,
        ],
    },
]
FORM = {
    "type": "modal",
    "callback_id": "form",
    "private_metadata": "kept",
    "notify_on_close": True,
    "title": plain("What was wrong?"),
    "submit": plain("Send"),
    "close": plain("Never mind"),
    "blocks": [
        field("reason", "What was wrong?", {"type": "radio_buttons", "options": options("Wrong", "Incomplete")}),
        field("where", "Where", {"type": "conversations_select", "filter": {"include": ["public"]}}),
        field("kind", "Kind", {"type": "static_select", "options": options("Quote", "Number")}, optional=True),
        field("all", "Also", {"type": "checkboxes", "options": options("Quote it", "Tell others")}, optional=True),
        field("days", "Days", {"type": "number_input", "is_decimal_allowed": False, "min_value": "1"}, optional=True),
        field(
            "right",
            "What would be right?",
            {"type": "plain_text_input", "multiline": True, "min_length": 3, "max_length": 200},
            hint=plain("In your own words."),
        ),
        {
            "type": "section",
            "block_id": "side",
            "text": {"type": "mrkdwn", "text": "Language"},
            "accessory": {"type": "static_select", "action_id": "language", "options": options("English", "German")},
        },
    ],
}
HOME = {
    "type": "home",
    "blocks": [
        {"type": "header", "text": plain("Inhouse reads your files")},
        {"type": "section", "text": {"type": "mrkdwn", "text": "*lease.pdf* · 12 pages"}, "accessory": MENU},
        {"type": "divider"},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "Nothing leaves this machine."}]},
        {
            "type": "section",
            "block_id": "reply-in",
            "text": {"type": "mrkdwn", "text": "Answer in"},
            "accessory": {"type": "static_select", "action_id": "language", "options": options("English", "German")},
        },
        {"type": "actions", "elements": [{"type": "button", "action_id": "open_form", "text": plain("Tell us")}]},
    ],
}


class Bot:
    """Opens the form from anywhere, and keeps what it hears."""

    def __init__(self, scene: Scene) -> None:
        self.app: AsyncApp = scene.app()
        self.heard = Recorder(self.app)
        self.actions: list[dict[str, Any]] = []
        self.sent: list[dict[str, Any]] = []
        self.closed: list[dict[str, Any]] = []
        for name in ("more", "beside", "verdict", "widen", "language"):
            self.app.action(name)(self._acted)
        self.app.action("open_form")(self._open)
        self.app.shortcut("tell")(self._open)
        self.app.view("form")(self._submitted)
        self.app.view_closed("form")(self._closed)

    async def _acted(self, ack: Any, body: dict[str, Any], client: Any) -> None:
        await ack()
        self.actions.append(body)
        if body.get("view", {}).get("type") == "modal":
            note = {"type": "context", "elements": [{"type": "mrkdwn", "text": "Noted."}]}
            await client.views_update(view_id=body["view"]["id"], view=FORM | {"blocks": [*FORM["blocks"], note]})

    async def _open(self, ack: Any, body: dict[str, Any], client: Any) -> None:
        await ack()
        self.actions.append(body)
        await client.views_open(trigger_id=body["trigger_id"], view=FORM)

    async def _submitted(self, ack: Any, body: dict[str, Any]) -> None:
        self.sent.append(body)
        wrong = body["view"]["state"]["values"]["right"]["value"]["value"] == "wrong"
        await (ack(response_action="errors", errors={"right": "Not that."}) if wrong else ack())

    async def _closed(self, ack: Any, body: dict[str, Any]) -> None:
        await ack()
        self.closed.append(body)


async def connected(stage: Scene) -> Bot:
    bot = Bot(stage)
    await stage.connect(bot.app)
    return bot


async def fits(page: Page) -> bool:
    """No sideways scrolling."""
    return bool(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


async def answered(stage: Scene, bot: Bot) -> str:
    """The ts of an answer in a thread, with everything that an answer may hold."""
    root = await stage.workspace.post("ben", "general", "@inhouse what is the notice period?")
    where = {"channel": stage.general.id, "thread_ts": root.ts}
    posted = await bot.app.client.chat_postMessage(**where, text="30 days", blocks=ANSWER_BLOCKS)
    return str(posted["ts"])


async def choose(page: Page, menu: str, label: str) -> None:
    await page.locator(f"#thread-list [data-action={menu}] summary").click()
    await page.get_by_role("menuitem", name=label, exact=True).click()


@pytest.mark.parametrize("look", [{}, {"viewport": PHONE, "color_scheme": "dark", "has_touch": True}])
async def test_answer_is_shown_rated_and_its_menus_work(
    stage: Scene, browser: Browser, tmp_path: Path, look: dict[str, Any]
) -> None:
    bot = await connected(stage)
    ts = await answered(stage, bot)
    path = stage.workspace.permalink(stage.workspace.core.state.channels[stage.general.id].messages[ts])
    page, problems = await open_page(stage, browser, path.removeprefix(stage.workspace.base_url), **look)
    answer = page.locator(f"#thread-list [data-ts='{ts}']")
    await expect(answer.locator("pre")).to_have_text("days = 30")
    await expect(answer.locator("td")).to_have_text(["Tenant", "30", "Landlord", "90", "lease.pdf", "12"])
    await answer.get_by_role("button", name="Bad answer").click()
    await expect(answer.get_by_role("button", name="Bad answer")).to_have_attribute("aria-pressed", "true")
    await expect(answer.get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "false")
    await choose(page, "beside", "Longer")
    await choose(page, "more", "Regenerate")
    await stage.workspace.wait_for(lambda: len(bot.actions) == 3)
    chosen = [body["actions"][0] for body in bot.actions]
    assert [action.get("value") or action["selected_option"]["value"] for action in chosen] == [
        "bad",
        "longer",
        "regenerate",
    ]
    assert bot.actions[1]["actions"][0]["selected_option"]["text"]["text"] == "Longer"
    await page.locator("#thread-list [data-action=more] summary").click()
    await expect(page.locator("#thread-list [data-action=more] .menu")).to_be_in_viewport(ratio=0.99)
    await picture(page, tmp_path, f"answer-{'phone' if look else 'desktop'}")
    await page.keyboard.press("Escape")
    await expect(page.locator("details[open]")).to_have_count(0)
    await expect(page.locator("#thread")).to_be_visible()
    assert await fits(page) and problems == []


def _filled_in(stage: Scene) -> dict[str, Any]:
    """What the form holds once it is sent."""
    return {
        "reason": {"value": {"type": "radio_buttons", "selected_option": options("Incomplete")[0]}},
        "where": {"value": {"type": "conversations_select", "selected_conversation": stage.general.id}},
        "kind": {"value": {"type": "static_select", "selected_option": None}},
        "all": {"value": {"type": "checkboxes", "selected_options": options("Quote it")}},
        "days": {"value": {"type": "number_input", "value": "30"}},
        "right": {"value": {"type": "plain_text_input", "value": "thirty days"}},
        "side": {"language": {"type": "static_select", "selected_option": options("German")[0]}},
    }


async def test_form_checks_updates_refuses_and_is_sent(stage: Scene, browser: Browser, tmp_path: Path) -> None:
    bot = await connected(stage)
    posted = await stage.workspace.post("ben", "general", "look at this")
    page, problems = await open_page(stage, browser)
    message = page.locator(f"[data-ts='{posted.ts}']")
    await message.hover()
    await message.locator("summary").click()
    await message.get_by_role("menuitem", name="Tell us about this").click()
    dialog = page.get_by_role("dialog", name="What was wrong?")
    await expect(dialog.get_by_role("radio", name="Wrong")).to_be_visible()
    assert bot.actions[0]["type"] == "message_action" and bot.actions[0]["message"]["text"] == "look at this"

    await dialog.get_by_role("button", name="Send").click()
    required = {"reason": "This is a required field.", "where": "This is a required field."}
    for block, sentence in (required | {"right": "This is a required field.", "kind": "", "days": ""}).items():
        await expect(page.locator(f"[data-error={block}]")).to_have_text(sentence)
    await picture(page, tmp_path, "form-errors")
    await dialog.get_by_role("radio", name="Incomplete").check()
    await dialog.get_by_label("Where").select_option("# general")
    await dialog.get_by_label("Days").fill("1.5")
    await dialog.get_by_label("What would be right?").fill("ab")
    await dialog.get_by_role("button", name="Send").click()
    await expect(page.locator("[data-error=days]")).to_have_text("Write a whole number.")
    await expect(page.locator("[data-error=right]")).to_have_text("Write at least 3 characters.")
    assert not bot.sent
    await dialog.get_by_label("Days").fill("30")
    await dialog.get_by_label("What would be right?").fill("wrong")
    await dialog.get_by_role("checkbox", name="Quote it").check()
    await dialog.get_by_label("Choose…").select_option("German")
    await expect(dialog.locator(".context")).to_have_text("Noted.")
    assert await dialog.get_by_label("What would be right?").input_value() == "wrong", "an update keeps what was typed"
    pressed = bot.actions[-1]
    assert pressed["container"] == {"type": "view", "view_id": pressed["view"]["id"]}
    values = pressed["view"]["state"]["values"]
    assert values["side"]["language"]["selected_option"]["value"] == "german"
    assert values["right"]["value"] == {"type": "plain_text_input", "value": "wrong"}

    await dialog.get_by_role("button", name="Send").click()
    await expect(page.locator("[data-error=right]")).to_have_text("Not that.")
    await picture(page, tmp_path, "form")
    await dialog.get_by_label("What would be right?").fill("thirty days")
    await dialog.get_by_role("button", name="Send").click()
    await expect(page.locator("#dialog")).to_be_hidden()
    view = bot.sent[-1]["view"]
    assert view["private_metadata"] == "kept" and len(bot.sent) == 2
    assert view["state"]["values"] == _filled_in(stage)
    assert not bot.closed and problems == []


async def test_escape_closes_a_form_and_the_app_is_told(stage: Scene, browser: Browser) -> None:
    bot = await connected(stage)
    await bot.app.client.views_publish(user_id=stage.ana.id, view=HOME)
    await stage.workspace.open_dm("ana")
    page, problems = await open_page(stage, browser)
    await page.click("#directs .place")
    await page.click("#tab-home")
    await page.get_by_role("button", name="Tell us").click()
    dialog = page.get_by_role("dialog", name="What was wrong?")
    await expect(dialog.get_by_role("radio", name="Wrong")).to_be_focused()
    for _ in range(20):
        await page.keyboard.press("Tab")
    inside = (
        "document.activeElement === document.body || document.querySelector('#dialog').contains(document.activeElement)"
    )
    assert await page.evaluate(inside), "the focus stays in the dialog"
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await stage.workspace.wait_for(lambda: bot.closed)
    assert bot.closed[0]["view"]["callback_id"] == "form" and bot.closed[0]["is_cleared"] is False
    assert not bot.sent and problems == []


@pytest.mark.parametrize("look", [{}, {"viewport": PHONE, "color_scheme": "dark", "has_touch": True}])
async def test_home_is_shown_and_its_menus_work(
    stage: Scene, browser: Browser, tmp_path: Path, look: dict[str, Any]
) -> None:
    bot = await connected(stage)
    await bot.app.client.views_publish(user_id=stage.ana.id, view=HOME)
    direct = await stage.workspace.open_dm("ana")
    page, problems = await open_page(stage, browser, f"/archives/{direct.id}/", **look)
    await page.click("#tab-home")
    home = page.locator("#home")
    await expect(home.locator("h2")).to_have_text("Inhouse reads your files")
    await home.get_by_label("Choose…").select_option("German")
    await home.locator("[data-action=more] summary").click()
    await picture(page, tmp_path, f"home-{'phone' if look else 'desktop'}")
    await page.get_by_role("menuitem", name="Shorter").click()
    await stage.workspace.wait_for(lambda: len(bot.actions) == 2)
    first, second = bot.actions
    assert first["container"]["type"] == second["container"]["type"] == "view"
    assert first["view"]["type"] == "home" and first["actions"][0]["block_id"] == "reply-in"
    assert second["view"]["state"]["values"]["reply-in"]["language"]["selected_option"]["value"] == "german"
    opened = [event for event in bot.heard.events("app_home_opened") if event["tab"] == "home"]
    assert opened[0]["view"]["type"] == "home"
    assert await fits(page) and problems == []


async def test_agent_view_shows_prompts_titles_and_tells_where_somebody_came_from(
    stage: Scene, browser: Browser, tmp_path: Path
) -> None:
    bot = await connected(stage)
    client = bot.app.client
    direct = await stage.workspace.open_dm("ana")
    prompts = [{"title": "Sum up", "message": "Sum up the lease"}, {"title": "Dates", "message": "Which dates matter?"}]
    await client.assistant_threads_setSuggestedPrompts(channel_id=direct.id, title="Try one of these", prompts=prompts)
    page, problems = await open_page(stage, browser)
    await page.click("#channels .place:has-text('board')")
    await page.click("#directs .place")
    await expect(page.locator("#channel-prompts")).to_contain_text("Try one of these")
    await stage.workspace.wait_for(lambda: bot.heard.events("app_home_opened"))
    entity = {"type": "slack#/types/channel_id", "value": stage.board.id, "team_id": stage.workspace.team_id}
    (changed,) = bot.heard.events("app_context_changed")
    (opened,) = bot.heard.events("app_home_opened")
    assert changed["context"] == opened["context"] == {"entities": [entity]}
    assert changed["channel"] == opened["channel"] == direct.id and changed["user"] == stage.ana.id
    await page.get_by_role("button", name="Sum up").click()
    await stage.workspace.wait_for(lambda: stage.workspace.messages(direct))
    (asked,) = stage.workspace.messages(direct)
    assert asked.text == "Sum up the lease"
    await client.chat_postMessage(channel=direct.id, thread_ts=asked.ts, text="It is short.")
    await client.assistant_threads_setTitle(channel_id=direct.id, thread_ts=asked.ts, title="The lease in short")
    where = {"channel_id": direct.id, "thread_ts": asked.ts}
    await client.assistant_threads_setSuggestedPrompts(**where, prompts=prompts[1:])
    await expect(page.locator("#thread-name")).to_have_text("The lease in short")
    await expect(page.locator("#channel-list .thread-title")).to_have_text("The lease in short")
    await picture(page, tmp_path, "agent-view")
    await page.locator("#thread-hints").get_by_role("button", name="Dates").click()
    await stage.workspace.wait_for(lambda: len(stage.workspace.messages(direct, asked.ts)) == 3)
    assert stage.workspace.messages(direct, asked.ts)[-1].text == "Which dates matter?"
    assert problems == []


async def test_command_in_a_thread_is_refused_as_slack_does(stage: Scene, browser: Browser) -> None:
    await connected(stage)
    root = await stage.workspace.post("ana", "general", "root")
    path = stage.workspace.permalink(root).removeprefix(stage.workspace.base_url)
    page, _ = await open_page(stage, browser, path)
    await page.click("#channel-list [aria-label='Reply in thread']", force=True)
    await page.type("#compose-thread", "/ask what")
    await page.press("#compose-thread", "Enter")
    note = page.locator("#thread-list .ephemeral")
    await expect(note).to_contain_text("/ask is not supported in threads. Sorry!")
    assert stage.workspace.messages("general", root.ts) == [root]


async def test_long_message_is_folded_until_somebody_wants_it(stage: Scene, browser: Browser, tmp_path: Path) -> None:
    client = stage.client()
    long = "\n\n".join(f"Paragraph {number} of a long answer." for number in range(60))
    await client.chat_postMessage(channel=stage.general.id, text="long", blocks=[{"type": "markdown", "text": long}])
    files = [("one.pdf", b"%PDF-1.4"), ("two.csv", b"a,b"), ("three.md", b"# three")]
    await stage.workspace.post("ben", "general", "three files", files=files)
    page, problems = await open_page(stage, browser, viewport=PHONE)
    more = page.get_by_role("button", name="Show more")
    await expect(more).to_be_visible()
    await expect(page.locator("#channel-list .file")).to_have_count(3)
    await picture(page, tmp_path, "folded")
    await more.click()
    await expect(page.locator(".folded")).to_have_count(0)
    await expect(more).to_have_count(0)
    assert await fits(page) and problems == []


async def test_people_are_marked_in_the_chooser(stage: Scene, browser: Browser) -> None:
    await stage.workspace.add_user("gil", real_name="Gil", is_guest=True)
    await stage.workspace.add_user("eve", real_name="Eve", team_id="T0OTHERTEAM")
    page, _ = await open_page(stage, browser)
    await expect(page.locator("#me option")).to_have_text(
        ["Ana Lima (admin)", "Ben Okafor", "Chloe Martin", "Gil (guest)", "Eve (outside)"]
    )
