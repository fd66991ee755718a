"""Socket Mode, driven by the unmodified Bolt app and Slack's own socket client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncApp

from bot.workspace.errors import PortInUse, WorkspaceError
from bot.workspace.server import Workspace
from tests.workspace.conftest import Scene
from tests.workspace.recorder import connected, settled

SOON_S = 0.3  # until an acknowledgement is missed, where one shall be


async def test_mention_with_a_file_arrives_as_three_events(scene: Scene) -> None:
    _, recorder = await connected(scene)
    posted = await scene.workspace.post(scene.ana, "general", "@inhouse what is this?", files=[("a.txt", b"hello")])
    await scene.workspace.wait_for(lambda: len(recorder.bodies) >= 3)
    (mention,) = recorder.events("app_mention")
    (message,) = recorder.events("message")
    (shared,) = recorder.events("file_shared")
    assert mention["ts"] == message["ts"] == posted.ts
    assert message["subtype"] == "file_share"
    assert mention["files"][0]["id"] == message["files"][0]["id"] == shared["file_id"]
    assert mention["text"] == f"<@{scene.workspace.bot_user.id}> what is this?"
    assert len(recorder.ids()) == 3
    assert "ts" not in shared


async def test_two_files_are_two_file_shared_events(scene: Scene) -> None:
    _, recorder = await connected(scene)
    await scene.workspace.post(scene.ana, "general", files=[("a.txt", b"a"), ("b.txt", b"b")])
    await scene.workspace.wait_for(lambda: len(recorder.events("file_shared")) == 2)
    assert not recorder.events("app_mention")


async def test_direct_message_is_no_mention(scene: Scene) -> None:
    _, recorder = await connected(scene)
    direct = await scene.workspace.open_dm("ana")
    await scene.workspace.post("ana", direct, "@inhouse hello")
    await scene.workspace.wait_for(lambda: recorder.bodies)
    await settled(scene)
    (message,) = recorder.events("message")
    assert message["channel_type"] == "im"
    assert not recorder.events("app_mention")


async def test_bot_hears_nothing_of_channels_it_is_not_in(scene: Scene) -> None:
    _, recorder = await connected(scene)
    away = await scene.workspace.add_channel("away", ["ana"], with_bot=False)
    await scene.workspace.post("ana", away, "@inhouse are you there?")
    await scene.workspace.post("ana", "general", "marker")
    await scene.workspace.wait_for(lambda: recorder.bodies)
    await settled(scene)
    assert [event["text"] for event in recorder.events("message")] == ["marker"]
    assert "not in this channel" in scene.workspace.ephemerals("ana")[0].text


async def test_missing_ack_redelivers_the_same_event_up_to_three_times(scene: Scene) -> None:
    workspace = scene.workspace
    workspace.core.hub.ack_timeout_s = SOON_S
    app = scene.app()
    await scene.connect(app)  # no listener: Bolt acknowledges nothing
    await workspace.post("ana", "general", "hello")
    await workspace.wait_for(lambda: workspace.core.hub.lost, timeout_s=10)
    attempts = [(event_id, attempt) for name, event_id, attempt in workspace.deliveries if name == "message"]
    assert len({event_id for event_id, _ in attempts}) == 1
    assert [attempt for _, attempt in attempts] == [0, 1, 2, 3]
    assert not workspace.acks


async def test_retry_carries_number_and_reason(scene: Scene) -> None:
    scene.workspace.core.hub.ack_timeout_s = SOON_S
    headers: list[dict[str, Any]] = []
    app = AsyncApp(client=scene.client(), process_before_response=True)

    @app.event("message")
    async def listen(request: Any) -> None:
        headers.append(request.headers)
        if len(headers) == 1:
            raise ValueError("the first try fails")

    @app.error
    async def no_answer(error: Exception) -> None:
        return None

    app.logger.setLevel("CRITICAL")
    await scene.connect(app)
    await scene.workspace.post("ana", "general", "hello")
    await scene.workspace.wait_for(lambda: len(headers) >= 2 and scene.workspace.acks)
    assert headers[1]["x-slack-retry-num"] == ["1"]
    assert headers[1]["x-slack-retry-reason"] == ["timeout"]
    assert [ack.attempt for ack in scene.workspace.acks] == [1]


async def test_events_wait_for_the_first_connection(scene: Scene) -> None:
    await scene.workspace.post("ana", "general", "before")
    _, recorder = await connected(scene)
    await scene.workspace.wait_for(lambda: recorder.bodies)
    assert recorder.events("message")[0]["text"] == "before"


async def test_dropped_socket_redelivers_what_was_not_acknowledged(scene: Scene) -> None:
    workspace = scene.workspace
    workspace.core.hub.ack_timeout_s = 60.0
    silent = scene.app()
    handler = await scene.connect(silent)
    await workspace.post("ana", "general", "hello")
    await workspace.wait_for(lambda: workspace.deliveries)
    await handler.close_async()
    _, recorder = await connected(scene)
    await workspace.wait_for(lambda: recorder.bodies)
    assert len({event_id for _, event_id, _ in workspace.deliveries}) == 1


async def test_app_reconnects_after_a_cut_and_after_a_refresh(scene: Scene) -> None:
    workspace = scene.workspace
    _, recorder = await connected(scene)
    for number, cut in enumerate((workspace.drop_sockets, workspace.refresh_sockets)):
        await cut()
        await workspace.wait_for(lambda: workspace.is_connected, timeout_s=15)
        await workspace.post("ana", "general", f"after {number}")
        await workspace.wait_for(lambda n=number: len(recorder.bodies) > n)
    assert [event["text"] for event in recorder.events("message")] == ["after 0", "after 1"]


async def test_event_can_be_delivered_twice(scene: Scene) -> None:
    _, recorder = await connected(scene)
    await scene.workspace.post("ana", "general", "once")
    await scene.workspace.wait_for(lambda: recorder.bodies)
    scene.workspace.redeliver(recorder.bodies[0]["event_id"])
    await scene.workspace.wait_for(lambda: len(recorder.bodies) == 2)
    assert set(recorder.ids().values()) == {2}


async def test_held_events_come_after_release(scene: Scene) -> None:
    _, recorder = await connected(scene)
    scene.workspace.hold()
    await scene.workspace.post("ana", "general", "held")
    assert not scene.workspace.core.hub.is_idle
    assert not scene.workspace.deliveries
    scene.workspace.release()
    await scene.workspace.wait_for(lambda: recorder.bodies)


async def test_edit_delete_and_tombstone_are_told_as_slack_does(scene: Scene) -> None:
    workspace = scene.workspace
    _, recorder = await connected(scene)
    root = await workspace.post("ana", "general", "root")
    reply = await workspace.post("ben", "general", "reply", thread_ts=root.ts)
    await workspace.edit(reply, "@inhouse reply, edited")
    await workspace.delete_message(root)
    await workspace.delete_message(reply)
    await workspace.wait_for(lambda: len(recorder.bodies) >= 6)
    told = sorted(recorder.events("message"), key=lambda event: event["event_ts"])  # Bolt works on them at once
    kinds = [event.get("subtype") for event in told]
    assert kinds == [None, None, "message_changed", "message_changed", "message_deleted"]
    changed, buried, deleted = told[2:]
    assert changed["message"]["edited"] and changed["previous_message"]["text"] == "reply"
    assert buried["message"]["subtype"] == "tombstone" and buried["previous_message"]["text"] == "root"
    assert deleted["deleted_ts"] == reply.ts
    assert recorder.events("app_mention")[0]["ts"] == reply.ts


async def test_deleted_file_is_told_with_its_channels(scene: Scene) -> None:
    workspace = scene.workspace
    _, recorder = await connected(scene)
    posted = await workspace.post("ana", "board", "secret", files=[("a.txt", b"a")])
    await workspace.delete_file(posted.files[0])
    await workspace.wait_for(lambda: recorder.events("file_deleted"))
    event = recorder.events("file_deleted")[0]
    assert (event["file_id"], event["channel_ids"]) == (posted.files[0].id, [scene.board.id])
    assert workspace.core.shapes.message(posted)["files"] == [{"id": posted.files[0].id, "mode": "tombstone"}]


async def test_unsubscribed_events_are_not_sent(make_scene: Callable[..., Awaitable[Scene]]) -> None:
    scene = await make_scene(events=["app_mention"])
    _, recorder = await connected(scene)
    await scene.workspace.post("ana", "general", "no mention")
    await scene.workspace.post("ana", "general", "@inhouse hi", files=[("a.txt", b"a")])
    await scene.workspace.wait_for(lambda: recorder.bodies)
    await settled(scene)
    assert [body["event"]["type"] for body in recorder.bodies] == ["app_mention"]


async def test_command_is_answered_by_its_ack_and_by_response_url(scene: Scene) -> None:
    app = scene.app()

    @app.command("/ask")
    async def ask(ack: Any, respond: Any, command: dict[str, Any]) -> None:
        await ack(f"heard {command['text']}")
        await respond("and here is more", response_type="in_channel")

    await scene.connect(app)
    answer = await scene.workspace.slash("ana", "general", "/ask", "a <b>")
    assert answer["text"] == "heard a &lt;b&gt;"
    await scene.workspace.wait_for(lambda: scene.workspace.messages("general"))
    assert [m.text for m in scene.workspace.ephemerals("ana")] == ["heard a &lt;b&gt;"]
    assert scene.workspace.messages("general")[0].text == "and here is more"


async def test_command_that_nobody_answers_says_so(scene: Scene) -> None:
    workspace = scene.workspace
    assert await workspace.slash("ana", "general", "/ask", "x") == {"error": "dispatch_failed"}
    await scene.connect(scene.app())
    workspace.core.hub.ack_timeout_s = SOON_S
    assert await workspace.slash("ana", "general", "/ask", "x") == {"error": "operation_timeout"}
    assert "operation_timeout" in workspace.ephemerals("ana")[1].text


async def test_button_press_reaches_the_app_and_replaces_the_message(scene: Scene) -> None:
    app = scene.app()
    seen: list[dict[str, Any]] = []

    @app.action("go")
    async def go(ack: Any, body: dict[str, Any], respond: Any) -> None:
        seen.append(body)
        await ack()
        await respond("done", replace_original=True)

    await scene.connect(app)
    button = {"type": "button", "action_id": "go", "value": "v", "text": {"type": "plain_text", "text": "Go"}}
    blocks = [{"type": "actions", "block_id": "x", "elements": [button]}]
    posted = await app.client.chat_postMessage(channel=scene.general.id, text="press", blocks=blocks)
    await scene.workspace.click("ben", "general", posted["ts"], "go")
    await scene.workspace.wait_for(lambda: scene.workspace.messages("general")[0].text == "done")
    (body,) = seen
    assert body["user"]["id"] == scene.ben.id and body["actions"][0]["value"] == "v"
    assert body["actions"][0]["block_id"] == "x" and body["message"]["ts"] == posted["ts"]


async def test_modal_opens_reports_errors_and_closes(scene: Scene) -> None:
    app = scene.app()
    view = {
        "type": "modal",
        "callback_id": "form",
        "title": {"type": "plain_text", "text": "Form"},
        "submit": {"type": "plain_text", "text": "Send"},
        "blocks": [
            {
                "type": "input",
                "block_id": "name",
                "label": {"type": "plain_text", "text": "Name"},
                "element": {"type": "plain_text_input", "action_id": "value"},
            }
        ],
    }

    @app.command("/form")
    async def form(ack: Any, client: Any, command: dict[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=command["trigger_id"], view=view)

    @app.view("form")
    async def submitted(ack: Any, view: dict[str, Any]) -> None:
        value = view["state"]["values"]["name"]["value"]["value"]
        await (ack() if value else ack(response_action="errors", errors={"name": "Say who."}))

    await scene.connect(app)
    workspace = scene.workspace
    await workspace.slash("ana", "general", "/form")
    await workspace.wait_for(lambda: workspace.core.state.modals)
    (view_id,) = workspace.core.state.modals
    empty = await workspace.submit_view("ana", view_id, {"name": {"value": {"type": "plain_text_input", "value": ""}}})
    assert empty["errors"] == {"name": "Say who."} and view_id in workspace.core.state.modals
    await workspace.submit_view("ana", view_id, {"name": {"value": {"type": "plain_text_input", "value": "A"}}})
    assert view_id not in workspace.core.state.modals


async def test_message_shortcut_names_the_message(scene: Scene) -> None:
    app = scene.app()
    seen: list[dict[str, Any]] = []

    @app.message_shortcut("index_file")
    async def shortcut(ack: Any, shortcut: dict[str, Any]) -> None:
        await ack()
        seen.append(shortcut)

    await scene.connect(app)
    posted = await scene.workspace.post("ana", "general", "look", files=[("a.txt", b"a")])
    await scene.workspace.message_shortcut("ana", posted, "index_file")
    await scene.workspace.wait_for(lambda: seen)
    assert seen[0]["message_ts"] == posted.ts and seen[0]["message"]["files"][0]["name"] == "a.txt"


async def test_ack_log_holds_the_delay(scene: Scene) -> None:
    await connected(scene)
    await scene.workspace.post("ana", "general", "hello")
    (ack,) = await scene.workspace.wait_for(lambda: scene.workspace.acks)
    assert ack.name == "message" and 0 <= ack.delay_s < 3


async def test_ticket_works_once(scene: Scene) -> None:
    async with aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bearer {scene.workspace.app_token}"}
        async with session.post(f"{scene.workspace.api_url}apps.connections.open", headers=headers) as response:
            url = (await response.json())["url"]
        async with session.ws_connect(url) as socket:
            assert (await socket.receive_json())["type"] == "hello"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)


async def test_port_in_use_is_a_sentence() -> None:
    first = Workspace()
    await first.start()
    second = Workspace(port=first.port)
    with pytest.raises(PortInUse) as refused:
        await second.start()
    await first.stop()
    assert str(first.port) in refused.value.user_message


async def test_outsider_cannot_post(scene: Scene) -> None:
    with pytest.raises(WorkspaceError):
        await scene.workspace.post("chloe", "board", "let me in")


async def test_what_was_held_back_when_the_app_went_away_is_lost_to_it(scene: Scene) -> None:
    _, recorder = await connected(scene)
    hub = scene.workspace.core.hub
    hub.standing.add("late_events")
    await scene.workspace.post("ana", "general", "held back")
    await scene.workspace.cut_off()
    assert len(hub.missed) == 1 and hub.is_idle
    hub.standing.clear()
    scene.workspace.let_back()
    await scene.workspace.wait_for(lambda: scene.workspace.is_connected)
    await scene.workspace.post("ana", "general", "seen")
    await scene.workspace.wait_for(lambda: recorder.bodies)
    assert [event["text"] for event in recorder.events("message")] == ["seen"]
