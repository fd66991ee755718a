"""Chats with an app of the assistant kind, through Bolt's own Assistant; and the kind of app that has none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from slack_bolt.async_app import AsyncAssistant

from bot.workspace.errors import WorkspaceError
from bot.workspace.state import Message
from tests.workspace.conftest import Scene
from tests.workspace.recorder import connected, settled

EVENTS = ("assistant_thread_started", "assistant_thread_context_changed", "message.im", "app_home_opened")


@pytest.fixture
async def chatty(make_scene: Callable[..., Awaitable[Scene]]) -> Scene:
    """A workspace whose app is of the assistant kind."""
    return await make_scene(events=EVENTS)


class Helper:
    """An app that greets, offers, thinks, names the chat and streams; it keeps the payloads of its events."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.payloads: list[dict[str, Any]] = []
        self.contexts: list[dict[str, Any] | None] = []
        self.statuses: list[str] = []
        self.assistant = AsyncAssistant()
        self.assistant.thread_started(self.started)
        self.assistant.user_message(self.asked)

    async def started(self, say: Any, set_suggested_prompts: Any, payload: dict[str, Any]) -> None:
        self.payloads.append(payload)
        await say("How can I *help*?")
        await set_suggested_prompts(title="Try", prompts=["Sum up", {"title": "Dates", "message": "Which dates?"}])

    async def asked(
        self, payload: dict[str, Any], set_status: Any, set_title: Any, get_thread_context: Any, say_stream: Any
    ) -> None:
        await set_title(payload["text"])
        await set_status("is thinking...", loading_messages=["Reading", "Counting"])
        self.statuses.append(self.scene.workspace.status(payload["channel"], payload["thread_ts"]))
        self.contexts.append(await get_thread_context())
        stream = await say_stream()
        await stream.append(markdown_text="It is ")
        await stream.append(markdown_text="**four**")
        await stream.stop(blocks=[FEEDBACK])


FEEDBACK = {
    "type": "context_actions",
    "elements": [
        {
            "type": "feedback_buttons",
            "action_id": "fb",
            "positive_button": {"text": {"type": "plain_text", "text": "Good"}, "value": "up"},
            "negative_button": {"text": {"type": "plain_text", "text": "Bad"}, "value": "down"},
        }
    ],
}


async def helped(scene: Scene) -> tuple[Helper, list[dict[str, Any]]]:
    """The helper, connected, and the bodies of the feedback that is pressed."""
    app, helper, pressed = scene.app(), Helper(scene), list[dict[str, Any]]()
    app.assistant(helper.assistant)

    @app.action("fb")
    async def fb(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        pressed.append(body)

    await scene.connect(app)
    return helper, pressed


async def answers(scene: Scene, root: Message, many: int) -> list[Message]:
    def look() -> list[Message] | None:
        said = [m for m in scene.workspace.messages(root.channel, root.ts)[1:] if m.is_bot and not m.streaming]
        return said if len(said) >= many else None

    found: list[Message] = await scene.workspace.wait_for(look)
    return found


async def test_new_chat_is_greeted_and_offered_prompts(chatty: Scene) -> None:
    helper, _ = await helped(chatty)
    await chatty.workspace.look_at("ana", "board")
    root = await chatty.workspace.start_chat("ana")
    (greeting,) = await answers(chatty, root, 1)
    assert greeting.text == "How can I *help*?" and greeting.thread_ts == root.ts
    prompts = chatty.workspace.core.state.prompts
    await chatty.workspace.wait_for(lambda: (root.channel, root.ts) in prompts)
    assert prompts[root.channel, root.ts] == {
        "title": "Try",
        "prompts": [{"title": "Sum up", "message": "Sum up"}, {"title": "Dates", "message": "Which dates?"}],
    }
    context = {"channel_id": chatty.board.id, "team_id": chatty.workspace.team_id, "enterprise_id": None}
    (payload,) = helper.payloads
    chat = {"user_id": chatty.ana.id, "context": context, "channel_id": root.channel, "thread_ts": root.ts}
    assert payload.pop("event_ts") and payload == {"type": "assistant_thread_started", "assistant_thread": chat}


async def test_question_gets_a_status_a_title_a_stream_and_feedback(chatty: Scene) -> None:
    helper, pressed = await helped(chatty)
    root = await chatty.workspace.start_chat("ana")
    await answers(chatty, root, 1)
    await chatty.workspace.post("ana", root.channel, "two & two?", thread_ts=root.ts)
    answer = (await answers(chatty, root, 2))[-1]
    assert answer.text == "It is **four**" and helper.statuses == ["is thinking..."] and helper.contexts == [None]
    assert chatty.workspace.status(root.channel, root.ts) == "", "gone with the answer"
    assert root.text == chatty.workspace.core.state.titles[root.channel, root.ts] == "two &amp; two?"
    await chatty.workspace.click("ana", root.channel, answer.ts, "fb", "down")
    assert pressed[0]["actions"][0]["value"] == "down" and pressed[0]["actions"][0]["type"] == "feedback_buttons"
    await settled(chatty)
    assert not chatty.workspace.core.hub.lost and all(attempt == 0 for _, _, attempt in chatty.workspace.deliveries)


async def test_what_the_person_looks_at_is_kept_by_bolt_and_known_at_the_next_question(chatty: Scene) -> None:
    helper, _ = await helped(chatty)
    root = await chatty.workspace.start_chat("ana")
    (greeting,) = await answers(chatty, root, 1)
    await chatty.workspace.look_at("ana", "general")
    await chatty.workspace.wait_for(lambda: greeting.metadata and greeting.metadata["event_payload"])
    assert greeting.metadata and greeting.metadata["event_payload"]["channel_id"] == chatty.general.id
    assert greeting.text == "How can I *help*?"
    await chatty.workspace.post("ana", root.channel, "here?", thread_ts=root.ts)
    await answers(chatty, root, 2)
    assert helper.contexts[0] and helper.contexts[0]["channel_id"] == chatty.general.id


async def test_context_belongs_to_the_chat_written_in_last(chatty: Scene) -> None:
    app = chatty.app()
    heard: list[dict[str, Any]] = []

    @app.event({"type": "assistant_thread_context_changed"})
    async def changed(payload: dict[str, Any]) -> None:
        heard.append(payload["assistant_thread"])

    @app.event("assistant_thread_started")
    async def started() -> None: ...

    @app.event("message")
    async def said() -> None: ...

    await chatty.connect(app)
    first = await chatty.workspace.start_chat("ana")
    await chatty.workspace.start_chat("ana")
    await chatty.workspace.post("ana", first.channel, "back here", thread_ts=first.ts)
    await chatty.workspace.look_at("ana", "general")
    await chatty.workspace.look_at("ben", "general")
    await settled(chatty)
    assert [(chat["user_id"], chat["thread_ts"]) for chat in heard] == [(chatty.ana.id, first.ts)]


async def test_root_of_a_chat_reads_as_slack_writes_it(chatty: Scene) -> None:
    root = await chatty.workspace.start_chat("ana")
    client = chatty.client()
    (read,) = (await client.conversations_history(channel=root.channel))["messages"]
    assert read["subtype"] == "assistant_app_thread" and read["user"] == chatty.workspace.bot_user.id
    await client.assistant_threads_setTitle(channel_id=root.channel, thread_ts=root.ts, title="Dates")
    (read,) = (await client.conversations_replies(channel=root.channel, ts=root.ts))["messages"]
    assert read["text"] == read["assistant_app_thread"]["title"] == "Dates" and read["edited"]
    assert [w["event"].get("subtype") for w in chatty.workspace.core.events.sent.values()] == [None, "message_changed"]


async def test_app_of_the_agent_kind_has_no_chats_and_hears_of_none(scene: Scene) -> None:
    _, recorder = await connected(scene)
    with pytest.raises(WorkspaceError, match="no chats"):
        await scene.workspace.start_chat("ana")
    await scene.workspace.open_home("ana", "messages")
    await scene.workspace.look_at("ana", "general")
    await settled(scene)
    assert sorted(body["event"]["type"] for body in recorder.bodies) == ["app_context_changed", "app_home_opened"]
