"""Every interactive element, in messages and in modals: the action that Slack sends, and the state beside it."""

from __future__ import annotations

from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp

from bot.workspace.state import Message, View
from tests.workspace.conftest import Scene
from tests.workspace.recorder import Recorder
from tests.workspace.test_views import keeping, modal


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def option(name: str) -> dict[str, Any]:
    return {"text": plain(name.title()), "value": name}


TEA, COFFEE, WATER = (option(name) for name in ("tea", "coffee", "water"))
DRINKS = {"options": [TEA, COFFEE, WATER]}
GROUPS = {"option_groups": [{"label": plain("Hot"), "options": [TEA, COFFEE]}, {"label": plain("Cold"), "options": []}]}
RICH = {
    "type": "rich_text",
    "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "Hello"}]}],
}
# (type, further keys, what is chosen, under which key, what stands there)
ELEMENTS: list[tuple[str, dict[str, Any], Any, str, Any]] = [
    ("static_select", DRINKS, "tea", "selected_option", TEA),
    ("static_select", GROUPS, "coffee", "selected_option", COFFEE),
    ("multi_static_select", DRINKS, ["water", "tea"], "selected_options", [WATER, TEA]),
    ("radio_buttons", DRINKS, "coffee", "selected_option", COFFEE),
    ("checkboxes", DRINKS, ["tea", "water"], "selected_options", [TEA, WATER]),
    ("checkboxes", DRINKS | {"initial_options": [TEA]}, [], "selected_options", []),
    ("overflow", DRINKS, "water", "selected_option", WATER),
    ("users_select", {}, "U1", "selected_user", "U1"),
    ("multi_users_select", {}, ["U1", "U2"], "selected_users", ["U1", "U2"]),
    ("conversations_select", {}, "C1", "selected_conversation", "C1"),
    ("multi_conversations_select", {}, ["C1"], "selected_conversations", ["C1"]),
    ("channels_select", {}, "C1", "selected_channel", "C1"),
    ("multi_channels_select", {}, [], "selected_channels", []),
    ("datepicker", {"initial_date": "2026-01-02"}, "2026-11-29", "selected_date", "2026-11-29"),
    ("timepicker", {}, "09:30", "selected_time", "09:30"),
    ("datetimepicker", {}, 1795900000, "selected_date_time", 1795900000),
    ("plain_text_input", {}, "words", "value", "words"),
    ("number_input", {"is_decimal_allowed": False}, "42", "value", "42"),
    ("email_text_input", {}, "ana@example.com", "value", "ana@example.com"),
    ("url_text_input", {}, "https://example.com", "value", "https://example.com"),
    ("rich_text_input", {}, "Hello", "rich_text_value", RICH),
]
IDS = [f"{kind}-{place}" for place, (kind, *_) in enumerate(ELEMENTS)]
INPUTS_ONLY = tuple(kind for kind, *_ in ELEMENTS if kind.endswith("_input"))


def block_of(kind: str, more: dict[str, Any]) -> dict[str, Any]:
    element = {"type": kind, "action_id": "use", **more}
    if kind in INPUTS_ONLY:
        return {"type": "input", "block_id": "b", "dispatch_action": True, "label": plain("Say"), "element": element}
    return {"type": "section", "block_id": "b", "text": plain("Choose"), "accessory": element}


async def shown(scene: Scene, app: AsyncApp, *blocks: dict[str, Any]) -> Message:
    """A message of the app in #general."""
    Recorder(app)
    await scene.connect(app)
    await app.client.chat_postMessage(channel=scene.general.id, text="x", blocks=list(blocks))
    return scene.workspace.messages("general")[-1]


async def in_modal(scene: Scene, app: AsyncApp, *blocks: dict[str, Any]) -> View:
    """A modal that Ana opened with a shortcut that belongs to no message."""
    Recorder(app)

    @app.global_shortcut("form")
    async def form(ack: Any, client: Any, body: dict[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal("Form", *blocks))

    await scene.connect(app)
    await scene.workspace.global_shortcut("ana", "form")
    await scene.workspace.wait_for(lambda: scene.workspace.core.state.modals)
    return list(scene.workspace.core.state.modals.values())[-1]


@pytest.mark.parametrize(("kind", "more", "chosen", "key", "expected"), ELEMENTS, ids=IDS)
async def test_element_of_a_message_sends_its_action(
    scene: Scene, kind: str, more: dict[str, Any], chosen: Any, key: str, expected: Any
) -> None:
    app, bodies = scene.app(), list[dict[str, Any]]()
    app.action({"action_id": "use", "block_id": "b"})(keeping(bodies))
    message = await shown(scene, app, block_of(kind, more))
    assert await scene.workspace.click("ana", "general", message.ts, "use", chosen) == {}
    (body,) = bodies
    (action,) = body["actions"]
    assert (action["type"], action["action_id"], action["block_id"]) == (kind, "use", "b")
    assert action[key] == expected and action.get("initial_date") == more.get("initial_date")
    state = {} if kind == "overflow" else {"b": {"use": {"type": kind, key: expected}}}
    assert body["state"] == {"values": state}


@pytest.mark.parametrize(("kind", "more", "chosen", "key", "expected"), ELEMENTS, ids=IDS)
async def test_element_of_a_modal_sends_its_action_and_is_submitted(
    scene: Scene, kind: str, more: dict[str, Any], chosen: Any, key: str, expected: Any
) -> None:
    app, bodies = scene.app(), list[dict[str, Any]]()
    app.action("use")(keeping(bodies))
    app.view("form")(keeping(bodies))
    view = await in_modal(scene, app, block_of(kind, more))
    await scene.workspace.click_in_view("ana", view.id, "use", chosen)
    await scene.workspace.submit_view("ana", view.id, {})
    used, sent = bodies
    assert used["actions"][0][key] == expected and used["container"] == {"type": "view", "view_id": view.id}
    state = {} if kind == "overflow" else {"b": {"use": {"type": kind, key: expected}}}
    assert used["view"]["state"] == sent["view"]["state"] == {"values": state}


async def test_button_beside_inputs_of_a_message_brings_all_that_this_person_put_in(scene: Scene) -> None:
    app, bodies = scene.app(), list[dict[str, Any]]()
    app.action("use")(keeping([]))
    app.action("send")(keeping(bodies))
    send = {"type": "actions", "elements": [{"type": "button", "action_id": "send", "text": plain("Send")}]}
    note = block_of("plain_text_input", {}) | {"block_id": "note", "dispatch_action": False}
    message = await shown(scene, app, block_of("static_select", DRINKS), note, send)
    place, typed = scene.workspace, {"note": {"use": "no sugar"}}
    await place.click("ana", "general", message.ts, "use", "tea", block_id="b")
    await place.click("ben", "general", message.ts, "send")
    await place.click("ana", "general", message.ts, "send", values=typed)
    ben, ana = (body["state"]["values"] for body in bodies)
    assert ben["b"]["use"]["selected_option"] is None and ben["note"]["use"]["value"] is None
    assert ana["b"]["use"]["selected_option"] == TEA and ana["note"]["use"]["value"] == "no sugar"


async def test_same_action_id_in_two_blocks_is_told_apart(scene: Scene) -> None:
    app, bodies = scene.app(), list[dict[str, Any]]()
    app.action("use")(keeping(bodies))
    message = await shown(
        scene, app, block_of("datepicker", {}), block_of("static_select", DRINKS) | {"block_id": "other"}
    )
    await scene.workspace.click("ana", "general", message.ts, "use", "tea", block_id="other")
    assert bodies[0]["actions"][0]["block_id"] == "other" and bodies[0]["actions"][0]["type"] == "static_select"


async def test_menu_of_conversations_begins_with_the_current_one_where_there_is_one(scene: Scene) -> None:
    app, bodies = scene.app(), list[dict[str, Any]]()
    here = {"default_to_current_conversation": True}
    one = {"type": "conversations_select", "action_id": "use", **here}
    several = {"type": "multi_conversations_select", "action_id": "more", **here}
    blocks = [{"type": "actions", "block_id": "b", "elements": [one, several]}]
    app.view("form")(keeping(bodies))
    app.action("send")(keeping(bodies))

    @app.command("/form")
    async def form(ack: Any, client: Any, body: dict[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal("Form", *blocks))

    send = {"type": "actions", "elements": [{"type": "button", "action_id": "send", "text": plain("Send")}]}
    message = await shown(scene, app, *blocks, send)
    await scene.workspace.slash("ana", "board", "/form")
    (view,) = await scene.workspace.wait_for(lambda: list(scene.workspace.core.state.modals.values()))
    assert scene.workspace.core.page_view(view)["blocks"][0]["elements"][0]["initial_conversation"] == scene.board.id
    assert "initial_conversation" not in view.body["blocks"][0]["elements"][0], "the app gets back what it gave"
    await scene.workspace.submit_view("ana", view.id, {})
    await scene.workspace.click("ana", "general", message.ts, "send")
    values = [bodies[0]["view"]["state"]["values"]["b"], bodies[1]["state"]["values"]["b"]]
    found = [(v["use"]["selected_conversation"], v["more"]["selected_conversations"]) for v in values]
    assert found == [(place.id, [place.id]) for place in (scene.board, scene.general)]


# ---- menus whose options the app gives as one types ----


def drinks_like(asked: list[dict[str, Any]], grouped: bool = False) -> Any:
    async def offer(ack: Any, body: dict[str, Any]) -> None:
        asked.append(body)
        found = [drink for drink in DRINKS["options"] if body["value"] in drink["value"]]
        await ack(**({"option_groups": [{"label": plain("All"), "options": found}]} if grouped else {"options": found}))

    return offer


async def test_external_select_of_a_message_asks_the_app_and_sends_the_whole_option(scene: Scene) -> None:
    app, asked, bodies = scene.app(), list[dict[str, Any]](), list[dict[str, Any]]()
    app.options("use")(drinks_like(asked))
    app.action("use")(keeping(bodies))
    message = await shown(scene, app, block_of("external_select", {"min_query_length": 1, "initial_option": WATER}))
    answer = await scene.workspace.suggest("ana", "general", message.ts, "use", "e")
    assert answer == {"options": [TEA, COFFEE, WATER]}
    assert await scene.workspace.suggest("ana", "general", message.ts, "use", "cof") == {"options": [COFFEE]}
    await scene.workspace.click("ana", "general", message.ts, "use", "tea")
    assert bodies[0]["actions"][0]["selected_option"] == TEA
    body = asked[0]
    assert (body["type"], body["block_id"], body["action_id"], body["value"]) == ("block_suggestion", "b", "use", "e")
    assert body["container"]["message_ts"] == message.ts == body["message"]["ts"]
    assert body["channel"]["id"] == scene.general.id and not {"trigger_id", "response_url", "actions"} & set(body)


async def test_multi_external_select_of_a_modal_takes_options_of_several_searches(scene: Scene) -> None:
    app, asked, bodies = scene.app(), list[dict[str, Any]](), list[dict[str, Any]]()
    app.options("use")(drinks_like(asked, grouped=True))
    app.view("form")(keeping(bodies))
    element = {"type": "multi_external_select", "action_id": "use", "initial_options": [COFFEE]}
    view = await in_modal(scene, app, {"type": "input", "block_id": "b", "label": plain("Drinks"), "element": element})
    place = scene.workspace
    assert await place.suggest_in_view("ana", view.id, "use", "te") == {"options": []} and not asked, "three letters"
    grouped = await place.suggest_in_view("ana", view.id, "use", "tea")
    assert grouped == {"option_groups": [{"label": plain("All"), "options": [TEA]}]}
    await place.suggest_in_view("ana", view.id, "use", "water")
    assert asked[0]["view"]["id"] == view.id and asked[0]["container"] == {"type": "view", "view_id": view.id}
    await place.submit_view("ana", view.id, {"b": {"use": ["water", "coffee", "tea", "never offered"]}})
    chosen = bodies[0]["view"]["state"]["values"]["b"]["use"]
    assert chosen == {"type": "multi_external_select", "selected_options": [WATER, COFFEE, TEA]}


@pytest.mark.parametrize(
    "wrong", [{}, {"options": [{"value": "x"}]}, {"options": [option(str(n)) for n in range(101)]}]
)
async def test_answer_that_slack_would_not_show_is_an_error(scene: Scene, wrong: dict[str, Any]) -> None:
    app = scene.app()

    @app.options("use")
    async def offer(ack: Any) -> None:
        await ack(wrong)

    message = await shown(scene, app, block_of("external_select", {"min_query_length": 0}))
    answer = await scene.workspace.suggest("ana", "general", message.ts, "use", "")
    assert answer == {"error": "dispatch_failed"}


async def test_global_shortcut_has_no_channel_and_its_trigger_opens_a_modal(scene: Scene) -> None:
    app, bodies = scene.app(), list[dict[str, Any]]()
    app.shortcut({"type": "shortcut", "callback_id": "tell"})(keeping(bodies))
    view = await in_modal(scene, app, block_of("datepicker", {}))
    assert view.user == scene.ana.id
    assert await scene.workspace.global_shortcut("ben", "tell") == {}
    (body,) = bodies
    assert body.pop("token") and body.pop("trigger_id") and body.pop("action_ts")
    assert body == {
        "type": "shortcut",
        "callback_id": "tell",
        "user": {"id": scene.ben.id, "username": "ben", "team_id": scene.workspace.team_id},
        "team": {"id": scene.workspace.team_id, "domain": "local"},
        "enterprise": None,
        "is_enterprise_install": False,
    }
