"""Modals and the app home as the app sees them: stacks, updates, closings, and what the payloads hold."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError

from bot.workspace.feed import Subscriber
from bot.workspace.state import View
from tests.workspace.conftest import Scene
from tests.workspace.recorder import Recorder

INPUT = {
    "type": "input",
    "block_id": "name",
    "label": {"type": "plain_text", "text": "Name"},
    "element": {"type": "plain_text_input", "action_id": "value", "initial_value": "Ana"},
}


def modal(title: str, *blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    words = {"title": {"type": "plain_text", "text": title}, "submit": {"type": "plain_text", "text": "Send"}}
    return {"type": "modal", "callback_id": "form", "blocks": list(blocks or [INPUT]), **words, **more}


async def opened(scene: Scene, app: AsyncApp, view: dict[str, Any]) -> View:
    """A modal that Ana opened with a command."""
    Recorder(app)

    @app.command("/form")
    async def form(ack: Any, client: Any, command: dict[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=command["trigger_id"], view=view)

    await scene.connect(app)
    await scene.workspace.slash("ana", "general", "/form")
    await scene.workspace.wait_for(lambda: scene.workspace.core.state.modals)
    (shown,) = scene.workspace.core.state.modals.values()
    return shown


def keeping(bodies: list[dict[str, Any]], **answer: Any) -> Any:
    async def keep(ack: Any, body: dict[str, Any]) -> None:
        bodies.append(body)
        await ack(**answer)

    return keep


async def code(call: Any) -> str:
    with pytest.raises(SlackApiError) as error:
        await call
    return error.value.response["error"]


async def test_submission_holds_every_input_also_untouched_ones(scene: Scene) -> None:
    app, bodies = scene.app(), list[dict[str, Any]]()
    choice = {"type": "radio_buttons", "action_id": "value", "options": []}
    kinds = [{"text": {"type": "plain_text", "text": text}, "value": text.lower()} for text in ("Quote", "Number")]
    radio = INPUT | {"block_id": "kind", "element": choice | {"options": kinds, "initial_option": kinds[1]}}
    app.view("form")(keeping(bodies))
    view = await opened(scene, app, modal("Form", INPUT, radio, private_metadata="kept"))
    await scene.workspace.submit_view("ana", view.id, {"kind": {"value": "quote"}})
    (body,) = bodies
    assert body["type"] == "view_submission" and body["view"]["private_metadata"] == "kept"
    assert body["view"]["state"]["values"] == {
        "name": {"value": {"type": "plain_text_input", "value": "Ana"}},
        "kind": {"value": {"type": "radio_buttons", "selected_option": kinds[0]}},
    }
    assert not scene.workspace.core.state.modals


async def test_chosen_conversation_comes_with_a_response_url(scene: Scene) -> None:
    app, bodies = scene.app(), list[dict[str, Any]]()
    select = {"type": "conversations_select", "action_id": "value", "response_url_enabled": True}
    app.view("form")(keeping(bodies))
    view = await opened(scene, app, modal("Form", INPUT | {"block_id": "where", "element": select}))
    await scene.workspace.submit_view("ana", view.id, {"where": {"value": scene.board.id}})
    (url,) = bodies[0]["response_urls"]
    assert (url["block_id"], url["channel_id"]) == ("where", scene.board.id)
    async with aiohttp.ClientSession() as session:
        await session.post(url["response_url"], json={"text": "shared", "response_type": "in_channel"})
    assert [message.text for message in scene.workspace.messages("board")] == ["shared"]


async def test_closing_is_told_only_where_the_app_asked_for_it(scene: Scene) -> None:
    app, bodies = scene.app(), list[dict[str, Any]]()
    app.view_closed("form")(keeping(bodies))
    view = await opened(scene, app, modal("Form", notify_on_close=True))
    await scene.workspace.close_view(view.id)
    assert bodies[0]["type"] == "view_closed" and bodies[0]["is_cleared"] is False
    assert bodies[0]["view"]["id"] == view.id and not scene.workspace.core.state.modals
    before = len(scene.workspace.deliveries)
    await scene.workspace.slash("ana", "general", "/form")
    await scene.workspace.wait_for(lambda: scene.workspace.core.state.modals)
    (again,) = scene.workspace.core.state.modals.values()
    again.body["notify_on_close"] = False
    await scene.workspace.close_view(again.id)
    assert len(scene.workspace.deliveries) == before + 1, "the command, and no view_closed"


async def test_pushed_view_goes_back_to_the_one_below_or_clears_all(scene: Scene) -> None:
    app = scene.app()
    answers = [
        {"response_action": "push", "view": modal("Second")},
        {},
        {"response_action": "push", "view": modal("Second")},
    ]
    answers.append({"response_action": "clear"})

    @app.view("form")
    async def submitted(ack: Any) -> None:
        await ack(**answers.pop(0))

    first = await opened(scene, app, modal("First"))
    modals = scene.workspace.core.state.modals
    await scene.workspace.submit_view("ana", first.id, {})
    second = next(view for view in modals.values() if view is not first)
    assert second.previous_id == first.id and second.root_id == first.id
    await scene.workspace.submit_view("ana", second.id, {})
    assert list(modals) == [first.id]
    await scene.workspace.submit_view("ana", first.id, {})
    await scene.workspace.submit_view("ana", list(modals)[-1], {})
    assert not modals


async def test_update_needs_the_right_hash_and_an_open_view(scene: Scene) -> None:
    app = scene.app()
    view = await opened(scene, app, modal("First", external_id="mine"))
    client = app.client
    stale = view.hash
    answer = await client.views_update(external_id="mine", view=modal("Second"), hash=stale)
    assert answer["view"]["title"]["text"] == "Second" and answer["view"]["hash"] != stale
    assert await code(client.views_update(view_id=view.id, view=modal("Third"), hash=stale)) == "hash_conflict"
    await scene.workspace.close_view(view.id)
    assert await code(client.views_update(view_id=view.id, view=modal("Third"))) == "not_found"


async def test_trigger_opens_one_modal_and_a_bad_view_does_not_use_it_up(scene: Scene) -> None:
    app = scene.app()
    Recorder(app)
    codes: list[str] = []

    @app.command("/form")
    async def form(ack: Any, client: Any, command: dict[str, Any]) -> None:
        await ack()
        trigger_id = command["trigger_id"]
        for view in (
            modal("A title that is far too long for Slack"),
            {k: v for k, v in modal("No way to send").items() if k != "submit"},
            modal("Secrets", private_metadata="x" * 3001),
            modal("Large", *[INPUT | {"block_id": str(n)} for n in range(101)]),
        ):
            codes.append(await code(client.views_open(trigger_id=trigger_id, view=view)))
        await client.views_open(trigger_id=trigger_id, view=modal("Right"))
        codes.append(await code(client.views_open(trigger_id=trigger_id, view=modal("Twice"))))
        codes.append(await code(client.views_push(trigger_id=trigger_id, view=modal("Twice"))))

    await scene.connect(app)
    await scene.workspace.slash("ana", "general", "/form")
    await scene.workspace.wait_for(lambda: len(codes) == 6)
    assert codes == ["invalid_arguments"] * 3 + ["invalid_blocks"] + ["exchanged_trigger_id"] * 2


async def test_menus_in_views_and_messages_carry_the_state(scene: Scene) -> None:
    app, bodies = scene.app(), list[dict[str, Any]]()
    app.action("language")(keeping(bodies))
    options = [{"text": {"type": "plain_text", "text": text}, "value": text.lower()} for text in ("English", "German")]
    select = {"type": "static_select", "action_id": "language", "options": options}
    section = {"type": "section", "block_id": "side", "text": {"type": "mrkdwn", "text": "x"}, "accessory": select}
    view = await opened(scene, app, modal("Form", INPUT, section))
    posted = await app.client.chat_postMessage(channel=scene.general.id, text="x", blocks=[section])
    await scene.workspace.click_in_view("ana", view.id, "language", "german", {"name": {"value": "Ben"}})
    await scene.workspace.click("ben", "general", posted["ts"], "language", "english")
    in_view, in_message = bodies
    assert in_view["container"] == {"type": "view", "view_id": view.id} and "channel" not in in_view
    assert in_view["view"]["state"]["values"]["name"]["value"]["value"] == "Ben"
    assert in_view["view"]["state"]["values"]["side"]["language"]["selected_option"] == options[1]
    assert in_message["state"]["values"]["side"]["language"]["selected_option"] == options[0]
    assert in_message["actions"][0]["selected_option"] == options[0] and in_message["message"]["ts"] == posted["ts"]


async def test_command_in_a_thread_never_reaches_the_app(scene: Scene) -> None:
    app, bodies = scene.app(), list[dict[str, Any]]()
    Recorder(app)
    app.command("/ask")(keeping(bodies))
    await scene.connect(app)
    root = await scene.workspace.post("ana", "general", "root")
    answer = await scene.workspace.slash("ana", "general", "/ask", "x", thread_ts=root.ts)
    assert answer == {"error": "not_supported_in_threads"} and not bodies
    (note,) = scene.workspace.ephemerals("ana")
    assert "not supported in threads" in note.text and note.thread_ts == root.ts


async def test_context_is_told_where_subscribed_and_with_the_home(scene: Scene) -> None:
    app = scene.app()
    recorder = Recorder(app)
    await scene.connect(app)
    await scene.workspace.open_home("ana", "messages")
    await scene.workspace.look_at("ana", "board")
    await scene.workspace.open_home("ana", "home")
    await scene.workspace.wait_for(lambda: len(recorder.bodies) == 3)
    entity = {"type": "slack#/types/channel_id", "value": scene.board.id, "team_id": scene.workspace.team_id}
    before, after = sorted(recorder.events("app_home_opened"), key=lambda event: event["event_ts"])
    assert "context" not in before and after["context"] == {"entities": [entity]}
    (changed,) = recorder.events("app_context_changed")
    assert changed["context"] == {"entities": [entity]} and changed["user"] == scene.ana.id


async def test_titles_and_prompts_need_a_thread_that_exists_or_none(scene: Scene) -> None:
    client = scene.client()
    direct = await scene.workspace.open_dm("ana")
    root = await scene.workspace.post("ana", direct, "hello")
    prompts = [{"title": str(n), "message": str(n)} for n in range(5)]
    await client.assistant_threads_setSuggestedPrompts(channel_id=direct.id, prompts=prompts)
    await client.assistant_threads_setSuggestedPrompts(channel_id=direct.id, thread_ts=root.ts, prompts=prompts[:1])
    offered = scene.workspace.core.state.prompts
    assert [len(offered[direct.id, thread]["prompts"]) for thread in ("", root.ts)] == [4, 1]
    await client.assistant_threads_setTitle(channel_id=direct.id, thread_ts=root.ts, title="A title")
    assert scene.workspace.core.state.titles == {(direct.id, root.ts): "A title"}
    wrong = {"channel_id": direct.id, "thread_ts": "1.2"}
    assert await code(client.assistant_threads_setTitle(**wrong, title="x")) == "invalid_thread_ts"
    assert await code(client.assistant_threads_setSuggestedPrompts(**wrong, prompts=prompts)) == "invalid_thread_ts"
    empty = client.assistant_threads_setSuggestedPrompts(channel_id=direct.id, prompts=[{"title": "", "message": "x"}])
    assert await code(empty) == "invalid_arguments"


async def test_external_id_is_of_one_view_alone(scene: Scene) -> None:
    client = scene.client()
    shown = await opened(scene, scene.app(), modal("First", external_id="one"))
    home = {"type": "home", "blocks": [], "external_id": "one"}
    assert await code(client.views_publish(user_id=scene.ben.id, view=home)) == "duplicate_external_id"
    await client.views_publish(user_id=scene.ben.id, view=home | {"external_id": "two"})
    await client.views_publish(user_id=scene.ben.id, view=home | {"external_id": "two"})
    taken = client.views_update(view_id=shown.id, view=modal("Second", external_id="two"))
    assert await code(taken) == "duplicate_external_id"
    await client.views_update(external_id="one", view=modal("Second", external_id="one"))
    command = scene.workspace.core.interactions.command(scene.ana, scene.general, "/form", "")
    pushed = client.views_push(trigger_id=command["trigger_id"], view=modal("Third", external_id="one"))
    assert await code(pushed) == "duplicate_external_id"
    again = client.views_open(trigger_id=command["trigger_id"], view=modal("Third", external_id="one"))
    assert await code(again) == "duplicate_external_id", "and the trigger is still good"
    await client.views_open(trigger_id=command["trigger_id"], view=modal("Third"))


async def test_update_of_a_modal_below_leaves_the_one_on_top_in_sight(scene: Scene) -> None:
    app = scene.app()

    @app.view("form")
    async def submitted(ack: Any) -> None:
        await ack(response_action="push", view=modal("Second"))

    first = await opened(scene, app, modal("First"))
    page = Subscriber(scene.ana.id)
    scene.workspace.core.feed.subscribers.append(page)
    await scene.workspace.submit_view("ana", first.id, {})
    await app.client.views_update(view_id=first.id, view=modal("First, changed"))
    (second,) = (view for view in scene.workspace.core.state.modals.values() if view is not first)
    await scene.workspace.close_view(second.id)
    shown = [page.queue.get_nowait() for _ in range(page.queue.qsize())]
    titles = [change["view"]["title"]["text"] for change in shown if change["type"] == "view"]
    assert titles == ["Second", "First, changed"], "the change is seen when the one on top is gone"


async def test_modal_that_clears_on_close_takes_those_below_along(scene: Scene) -> None:
    app, bodies = scene.app(), list[dict[str, Any]]()
    app.view_closed("form")(keeping(bodies))

    @app.view("form")
    async def submitted(ack: Any) -> None:
        await ack(response_action="push", view=modal("Second", notify_on_close=True, clear_on_close=True))

    first = await opened(scene, app, modal("First", notify_on_close=True))
    await scene.workspace.submit_view("ana", first.id, {})
    await scene.workspace.close_view(list(scene.workspace.core.state.modals)[-1])
    assert not scene.workspace.core.state.modals
    assert [(body["view"]["title"]["text"], body["is_cleared"]) for body in bodies] == [
        ("Second", True),
        ("First", True),
    ]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"response_action": "update"}, "invalid_arguments"),
        ({"response_action": "push", "view": {"type": "modal", "blocks": []}}, "invalid_arguments"),
        ({"response_action": "update", "view": {"type": "home", "blocks": []}}, "invalid_arguments"),
    ],
)
async def test_answer_with_a_view_that_slack_would_not_show_leaves_the_modal(
    scene: Scene, answer: dict[str, Any], error: str
) -> None:
    app = scene.app()

    @app.view("form")
    async def submitted(ack: Any) -> None:
        await ack(answer)

    view = await opened(scene, app, modal("First"))
    assert await scene.workspace.submit_view("ana", view.id, {}) == {"error": error}
    assert list(scene.workspace.core.state.modals) == [view.id] and view.body["title"]["text"] == "First"


async def test_fourth_modal_is_refused(scene: Scene) -> None:
    app = scene.app()

    @app.view("form")
    async def submitted(ack: Any) -> None:
        await ack(response_action="push", view=modal("Next"))

    await opened(scene, app, modal("First"))
    modals = scene.workspace.core.state.modals
    answers = [await scene.workspace.submit_view("ana", list(modals)[-1], {}) for _ in range(3)]
    assert len(modals) == 3 and answers[2] == {"error": "push_limit_reached"}


async def test_home_is_updated_by_its_id(scene: Scene) -> None:
    client = scene.client()
    home = {"type": "home", "blocks": [INPUT | {"block_id": "b"}]}
    published = await client.views_publish(user_id=scene.ana.id, view=home)
    updated = await client.views_update(view_id=published["view"]["id"], view=home | {"private_metadata": "again"})
    assert updated["view"]["private_metadata"] == "again" and updated["view"]["hash"] != published["view"]["hash"]
    assert scene.workspace.core.state.homes[scene.ana.id].body["private_metadata"] == "again"
    wrong = client.views_update(view_id=published["view"]["id"], view=modal("A modal"))
    assert await code(wrong) == "invalid_arguments"


async def test_button_without_an_action_id_gets_one_and_is_pressed(scene: Scene) -> None:
    app, bodies = scene.app(), list[dict[str, Any]]()
    app.action({"block_id": "row"})(keeping(bodies))
    await scene.connect(app)
    buttons = [{"type": "button", "text": {"type": "plain_text", "text": name}, "value": name} for name in ("a", "b")]
    picture = {"type": "image", "image_url": "https://a.example/a.png", "alt_text": "A"}
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "x"}, "accessory": picture}
    blocks = [{"type": "actions", "block_id": "row", "elements": buttons}, section]
    posted = await app.client.chat_postMessage(channel=scene.general.id, text="x", blocks=blocks)
    first, second = (element["action_id"] for element in posted["message"]["blocks"][0]["elements"])
    assert first != second and "action_id" not in posted["message"]["blocks"][1]["accessory"]
    await scene.workspace.click("ana", "general", posted["ts"], second)
    assert bodies[0]["actions"][0]["value"] == "b"
