"""Messages that one person sees: how they are made, pressed, replaced and removed."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from bot.workspace.state import Message
from tests.workspace.conftest import Scene
from tests.workspace.recorder import Recorder

BUTTON = {"type": "button", "action_id": "go", "value": "v", "text": {"type": "plain_text", "text": "Go"}}
BLOCKS = [{"type": "actions", "block_id": "x", "elements": [BUTTON]}]


async def pressed(scene: Scene, **more: Any) -> tuple[dict[str, Any], Message]:
    """(payload of a press, message): an ephemeral message to Ana whose button she pressed."""
    app = scene.app()
    Recorder(app)
    seen: list[dict[str, Any]] = []

    @app.action("go")
    async def go(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        seen.append(body)

    await scene.connect(app)
    to = {"channel": scene.general.id, "user": scene.ana.id}
    await app.client.chat_postEphemeral(**to, text="press", blocks=BLOCKS, **more)
    (message,) = scene.workspace.ephemerals("ana")
    await scene.workspace.click("ana", "general", message.ts, "go")
    await scene.workspace.wait_for(lambda: seen)
    return seen[0], message


async def answer(url: str, **body: Any) -> int:
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as response:
        return response.status


async def test_press_in_an_ephemeral_message_carries_no_message(scene: Scene) -> None:
    body, message = await pressed(scene)
    assert body["container"]["is_ephemeral"] is True and body["container"]["message_ts"] == message.ts
    assert "message" not in body and body["actions"][0]["value"] == "v"
    assert body["channel"]["id"] == scene.general.id and body["response_url"]


async def test_response_url_replaces_and_deletes_an_ephemeral_message(scene: Scene) -> None:
    body, message = await pressed(scene)
    assert await answer(body["response_url"], replace_original=True, text="done") == 200
    assert message.text == "done" and message.blocks == [] and scene.workspace.ephemerals("ana") == [message]
    assert await answer(body["response_url"], delete_original=True) == 200
    assert scene.workspace.ephemerals("ana") == []
    assert await answer(body["response_url"], delete_original=True) == 200
    assert scene.workspace.messages("general") == []


async def test_response_url_shares_in_the_channel_or_a_thread(scene: Scene) -> None:
    root = await scene.workspace.post("ben", "general", "root")
    body, _ = await pressed(scene)
    await answer(body["response_url"], response_type="in_channel", text="for all")
    await answer(body["response_url"], response_type="in_channel", text="for the thread", thread_ts=root.ts)
    await answer(body["response_url"], text="only you")
    assert [message.text for message in scene.workspace.messages("general")] == ["root", "for all"]
    assert [message.text for message in scene.workspace.messages("general", root.ts)][1:] == ["for the thread"]
    assert scene.workspace.ephemerals("ana")[-1].text == "only you"


async def test_response_url_refuses_nothing_bad_blocks_and_a_sixth_use(scene: Scene) -> None:
    body, _ = await pressed(scene)
    assert await answer(body["response_url"]) == 400
    assert await answer(body["response_url"], text="x", blocks=[{"type": "unheard-of"}]) == 400
    for _ in range(3):
        assert await answer(body["response_url"], text="x") == 200
    assert await answer(body["response_url"], text="x") == 404


async def test_response_url_never_changes_a_persons_message(scene: Scene) -> None:
    app = scene.app()
    Recorder(app)
    urls: list[str] = []

    @app.message_shortcut("sum_up")
    async def shortcut(ack: Any, shortcut: dict[str, Any]) -> None:
        await ack()
        urls.append(shortcut["response_url"])

    await scene.connect(app)
    posted = await scene.workspace.post("ben", "general", "my own words")
    await scene.workspace.message_shortcut("ana", posted, "sum_up")
    await scene.workspace.wait_for(lambda: urls)
    await answer(urls[0], replace_original=True, text="your words")
    await answer(urls[0], delete_original=True, text="gone")
    assert posted.text == "my own words" and scene.workspace.messages("general") == [posted]
    assert [message.text for message in scene.workspace.ephemerals("ana")] == ["your words", "gone"]


async def test_ephemeral_in_a_thread_is_shown_only_where_somebody_replied(scene: Scene) -> None:
    root = await scene.workspace.post("ana", "general", "root")
    to = {"channel": scene.general.id, "user": scene.ana.id, "thread_ts": root.ts}
    await scene.client().chat_postEphemeral(**to, text="too early")
    assert scene.workspace.ephemerals("ana") == [] and scene.workspace.core.state.unshown[0].text == "too early"
    reply = await scene.workspace.post("ben", "general", "reply", thread_ts=root.ts)
    await scene.client().chat_postEphemeral(**to | {"thread_ts": reply.ts}, text="seen")
    (shown,) = scene.workspace.ephemerals("ana")
    assert (shown.text, shown.thread_ts) == ("seen", root.ts)
    with pytest.raises(SlackApiError) as refused:
        await scene.client().chat_postEphemeral(**to | {"thread_ts": "1.2"}, text="nowhere")
    assert refused.value.response["error"] == "cannot_reply_to_message"
