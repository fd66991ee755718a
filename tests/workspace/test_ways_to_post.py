"""Messages that are posted later, under another name, or from a thread to its channel as well."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from bot.workspace.server import DEFAULT_SCOPES
from tests.workspace.conftest import Scene
from tests.workspace.pages import open_page
from tests.workspace.recorder import connected
from tests.workspace.test_methods import code

MakeScene = Callable[..., Awaitable[Scene]]


def texts(scene: Scene) -> list[str]:
    return [message.text for message in scene.workspace.core.state.channels[scene.general.id].messages.values()]


async def test_scheduled_message_is_posted_when_due_and_not_before(scene: Scene) -> None:
    client, due = scene.client(), int(time.time()) + 2
    answer = await client.chat_scheduleMessage(channel=scene.general.id, text="later", post_at=due)
    assert answer["post_at"] == due and answer["message"]["type"] == "delayed_message" and "ts" not in answer["message"]
    assert texts(scene) == []
    await scene.workspace.wait_for(lambda: texts(scene) == ["later"])
    (posted,) = scene.workspace.messages("general")
    assert float(posted.ts) >= due - 0.1 and posted.user == scene.workspace.bot_user.id
    assert (await client.chat_scheduledMessages_list())["scheduled_messages"] == []


async def test_scheduled_message_is_taken_back(scene: Scene) -> None:
    client, soon = scene.client(), int(time.time()) + 1
    one, other = [
        (await client.chat_scheduleMessage(channel=channel, text=channel, post_at=soon))["scheduled_message_id"]
        for channel in (scene.general.id, scene.board.id)
    ]
    listed = (await client.chat_scheduledMessages_list(channel=scene.board.id))["scheduled_messages"]
    assert [(item["id"], item["text"], item["post_at"]) for item in listed] == [(other, scene.board.id, soon)]
    assert (
        len((await client.chat_scheduledMessages_list(oldest=str(soon), latest=str(soon)))["scheduled_messages"]) == 2
    )
    assert (await client.chat_scheduledMessages_list(oldest=str(soon + 1)))["scheduled_messages"] == []
    wrong = client.chat_deleteScheduledMessage(channel=scene.board.id, scheduled_message_id=one)
    assert await code(wrong) == "invalid_scheduled_message_id"
    await client.chat_deleteScheduledMessage(channel=scene.general.id, scheduled_message_id=one)
    await scene.workspace.wait_for(lambda: scene.workspace.messages("board"))
    await asyncio.sleep(0.1)
    assert texts(scene) == []


async def test_scheduled_message_for_a_channel_that_the_app_has_left_is_dropped(scene: Scene) -> None:
    await scene.client().chat_scheduleMessage(channel=scene.general.id, text="later", post_at=int(time.time()) + 1)
    await scene.workspace.remove_bot("general")
    await scene.workspace.wait_for(lambda: not scene.workspace.core.state.scheduled)
    assert "later" not in texts(scene)


async def test_times_that_slack_refuses(scene: Scene) -> None:
    client, now = scene.client(), int(time.time())
    for when, error in ((now - 5, "time_in_past"), (now + 121 * 86400, "time_too_far"), ("soon", "invalid_time")):
        assert await code(client.chat_scheduleMessage(channel=scene.general.id, text="x", post_at=when)) == error
    assert await code(client.chat_scheduledMessages_list(channel="C0NOWHERE")) == "invalid_channel"
    for _ in range(30):
        await client.chat_scheduleMessage(channel=scene.general.id, text="x", post_at=now + 900)
    crowded = client.chat_scheduleMessage(channel=scene.general.id, text="x", post_at=now + 1000)
    assert await code(crowded) == "restricted_too_many"


async def test_reply_that_is_sent_to_the_channel_too(scene: Scene) -> None:
    _, recorder = await connected(scene)
    client, root = scene.client(), await scene.workspace.post("ana", "general", "root")
    where: dict[str, Any] = {"channel": scene.general.id, "thread_ts": root.ts}
    answer = await client.chat_postMessage(**where, text="to all", reply_broadcast=True)
    assert answer["message"]["subtype"] == "thread_broadcast" and answer["message"]["root"]["ts"] == root.ts
    await client.chat_postMessage(**where, text="to the thread")
    said = await scene.workspace.post(
        "ben", "general", "@inhouse to all", thread_ts=root.ts, also_in_channel=True, files=[]
    )
    history = (await client.conversations_history(channel=scene.general.id))["messages"]
    assert [message["text"] for message in history] == [said.text, "to all", "root"]
    thread = (await client.conversations_replies(channel=scene.general.id, ts=root.ts))["messages"]
    assert [message["text"] for message in thread] == ["root", "to all", "to the thread", said.text]
    await scene.workspace.wait_for(lambda: recorder.events("app_mention"))
    (event,) = (event for event in recorder.events("message") if event.get("subtype") == "thread_broadcast")
    assert (event["ts"], event["thread_ts"], event["root"]["text"]) == (said.ts, root.ts, "root")


async def test_a_name_of_its_own_needs_its_scope_and_is_ignored_without(make_scene: MakeScene) -> None:
    wanted: dict[str, Any] = {"text": "hi", "username": "Herald", "icon_emoji": ":mega:"}
    scene = await make_scene()
    plain = (await scene.client().chat_postMessage(channel=scene.general.id, **wanted))["message"]
    assert "username" not in plain and "subtype" not in plain
    able = await make_scene(scopes=[*DEFAULT_SCOPES, "chat:write.customize"])
    named = (await able.client().chat_postMessage(channel=able.general.id, **wanted))["message"]
    assert (named["subtype"], named["username"], named["icons"]) == ("bot_message", "Herald", {"emoji": ":mega:"})
    assert "user" not in named and named["bot_id"]
    await able.client().chat_update(channel=able.general.id, ts=named["ts"], text="bye")
    history = (await able.client().conversations_history(channel=able.general.id))["messages"]
    assert (history[0]["text"], history[0]["username"]) == ("bye", "Herald")


async def test_channel_may_be_named_and_with_a_scope_need_not_be_joined(make_scene: MakeScene) -> None:
    scene = await make_scene()
    await scene.workspace.add_channel("away", ["ana"], with_bot=False)
    await scene.workspace.add_channel("hidden", ["ana"], is_private=True, with_bot=False)
    client = scene.client()
    for name in ("general", "#general"):
        assert (await client.chat_postMessage(channel=name, text="x"))["channel"] == scene.general.id
    assert await code(client.chat_postMessage(channel="#away", text="x")) == "not_in_channel"
    assert await code(client.chat_postMessage(channel="#hidden", text="x")) == "channel_not_found"
    assert await code(client.chat_postMessage(channel="#nowhere", text="x")) == "channel_not_found"
    able = await make_scene(scopes=["chat:write", "chat:write.public"])
    away = await able.workspace.add_channel("away", ["ana"], with_bot=False)
    hidden = await able.workspace.add_channel("hidden", ["ana"], is_private=True, with_bot=False)
    assert (await able.client().chat_postMessage(channel=away.id, text="x"))["ok"]
    assert await code(able.client().chat_postMessage(channel=hidden.id, text="x")) == "channel_not_found"
    await able.workspace.archive_channel(away)
    assert await code(able.client().chat_postMessage(channel=away.id, text="x")) == "not_in_channel"


@pytest.mark.page
async def test_the_page_shows_such_replies_and_names(make_scene: MakeScene, browser: Browser) -> None:
    scene = await make_scene(scopes=[*DEFAULT_SCOPES, "chat:write.customize"])
    root = await scene.workspace.post("ana", "general", "root")
    said: dict[str, Any] = {"channel": scene.general.id, "thread_ts": root.ts}
    await scene.client().chat_postMessage(**said, text="quiet")
    await scene.client().chat_postMessage(**said, text="to all", username="Herald", reply_broadcast=True)
    page, problems = await open_page(scene, browser)
    listed = page.locator("#channel-list .message")
    await expect(listed.last).to_contain_text("to all")
    await expect(listed.last.locator(".byline strong")).to_have_text("Herald")
    await expect(listed).to_have_count(2)
    assert problems == []
