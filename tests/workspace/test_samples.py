"""Apps in the style of Slack's starter templates, each a process of its own, and what people see of them.

They know nothing of this workspace but three environment variables; their manifests are the workspace's settings.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.workspace.manifest import read_manifest
from bot.workspace.state import Channel, Message, View
from tests.workspace.conftest import Scene
from tests.workspace.test_clients import PATIENCE_S, node_folder, started

SAMPLES = Path(__file__).parent / "samples"
MakeScene = Callable[..., Awaitable[Scene]]
App = Callable[[str, str], tuple[Sequence[str], Path]]


def in_python(sample: str, file: str) -> tuple[Sequence[str], Path]:
    return [sys.executable, file], SAMPLES / sample


def in_node(sample: str, file: str) -> tuple[Sequence[str], Path]:
    """A copy of the app beside Slack's packages, where Node looks for them."""
    folder = node_folder() / sample
    shutil.copytree(SAMPLES / sample / "node", folder, dirs_exist_ok=True)
    return ["node", file], folder


@asynccontextmanager
async def running(scene: Scene, command: Sequence[str], folder: Path) -> AsyncIterator[None]:
    """The app, started as a newcomer starts it, from when it is connected."""
    place = scene.workspace
    app = await started(place, command, folder)
    said = b""
    try:
        await place.wait_for(lambda: place.is_connected or app.returncode is not None, PATIENCE_S)
        assert app.returncode is None, "the app ended"
        yield
    finally:
        if app.returncode is None:
            app.kill()
        said = (await app.communicate())[0]
        print(said.decode(), [(call.method, call.error) for call in place.calls])
    assert b"Traceback" not in said and b"Unhandled" not in said and b"ERROR" not in said


async def sample_scene(make_scene: MakeScene, sample: str) -> Scene:
    """A workspace set up by the app's own manifest, which gives it as long as Slack does."""
    return await make_scene(**read_manifest(SAMPLES / sample / "manifest.json"), ack_timeout_s=3.0)


async def said(scene: Scene, channel: Channel, text: str, thread_ts: str | None = None) -> Message:
    """What the app said, once it stands there and is not being written any more."""

    def look() -> Message | None:
        messages = scene.workspace.messages(channel, thread_ts)
        return next((m for m in messages if m.is_bot and m.text == text and not m.streaming), None)

    found: Message = await scene.workspace.wait_for(look, PATIENCE_S)
    return found


async def modal(scene: Scene, title: str) -> View:
    """The modal on top, once it has this title."""

    def look() -> View | None:
        top = list(scene.workspace.core.state.modals.values())[-1:]
        return next((view for view in top if view.body["title"]["text"] == title), None)

    found: View = await scene.workspace.wait_for(look, PATIENCE_S)
    return found


# ---- the starter app ----

ORDER: dict[str, Any] = {
    "drink": {"drink": "hot chocolate"},
    "day": {"day": "2026-12-24"},
    "note": {"note": "no sugar"},
}


async def order_everything(scene: Scene) -> None:
    """Each way into the app, and each thing in it."""
    await greet(scene)
    await ask_for_help(scene)
    await fill_in(scene)
    await answer_the_order(scene)
    await change_ones_mind(scene)
    await order_for_somebody(scene)
    await order_from_home(scene)


async def greet(scene: Scene) -> None:
    await scene.workspace.post("ben", "general", "well, hello there")
    await said(scene, scene.general, f"Hello <@{scene.ben.id}>, would you like a drink?")
    await scene.workspace.post("ben", "general", "nothing for me")


async def ask_for_help(scene: Scene) -> None:
    await scene.workspace.slash("ana", "general", "/order", "help")
    notes = await scene.workspace.wait_for(lambda: scene.workspace.ephemerals("ana"), PATIENCE_S)
    assert [note.text for note in notes] == ["Write `/order` and fill in the form."]


async def fill_in(scene: Scene) -> None:
    """The form by the shortcut beside the composer; errors, an update, a push and the end of all."""
    place = scene.workspace
    await place.global_shortcut("ana", place.global_shortcuts[0][0])
    form = await modal(scene, "Order a drink")
    offered = await place.suggest_in_view("ana", form.id, "drink", "CHOC")
    assert [option["text"]["text"] for option in offered["options"]] == ["Hot chocolate"]
    await place.click_in_view("ana", form.id, "size", "large", ORDER)
    await place.wait_for(lambda: len(form.body["blocks"]) == 5, PATIENCE_S)
    assert form.body["blocks"][4]["text"]["text"] == "A large one costs more."
    refused = await place.submit_view("ana", form.id, ORDER | {"day": {"day": "2025-12-24"}})
    assert refused == {"response_action": "errors", "errors": {"day": "That day is over."}}
    await place.submit_view("ana", form.id, ORDER)
    right = await modal(scene, "Is this right?")
    assert right.id == form.id and right.body["blocks"][0]["text"]["text"] == TOLD
    await place.submit_view("ana", right.id, {})
    tip = await modal(scene, "Something more?")
    assert tip.previous_id == right.id
    await place.submit_view("ana", tip.id, {"tip": {"tip": ["a tip", "a smile"]}})
    assert not place.core.state.modals, "cleared, with all below"


TOLD = "Large Hot chocolate on 2026-12-24 (no sugar)"


async def answer_the_order(scene: Scene) -> None:
    place, told = scene.workspace, f"{TOLD} with a tip and a smile"
    direct = await place.open_dm("ana")
    order = await said(scene, direct, told)
    await place.click("ana", direct, order.ts, "change", "repeat")
    await said(scene, direct, "The same again!")
    await place.click("ana", direct, order.ts, "ready")
    await said(scene, direct, f"{told} is ready")
    assert order.text == f"{told} is ready" and order.blocks == [], "replaced"


async def change_ones_mind(scene: Scene) -> None:
    """A form that is closed, and an order that is taken back."""
    place = scene.workspace
    await place.slash("ben", "general", "/order")
    form = await modal(scene, "Order a drink")
    await place.close_view(form.id)
    direct = await place.open_dm("ben")
    await said(scene, direct, "No order, then.")


async def order_for_somebody(scene: Scene) -> None:
    place = scene.workspace
    wish = await place.post("chloe", "general", "I am thirsty")
    await place.message_shortcut("ana", wish, place.shortcuts[0][0])
    form = await modal(scene, "Order a drink")
    assert form.body["private_metadata"] == scene.chloe.id and form.user == scene.ana.id
    await place.wait_for(lambda: place.ephemerals("ana")[-1].text == f"An order for <@{scene.chloe.id}>", PATIENCE_S)
    await place.close_view(form.id)


async def order_from_home(scene: Scene) -> None:
    place = scene.workspace
    await place.open_home("chloe")
    home = await place.wait_for(lambda: place.core.state.homes.get(scene.chloe.id), PATIENCE_S)
    assert home.body["blocks"][0]["text"]["text"] == "Would you like a drink?"
    await place.click_in_view("chloe", home.id, "order_button")
    form = await modal(scene, "Order a drink")
    assert form.user == scene.chloe.id
    await place.suggest_in_view("chloe", form.id, "drink", "")
    await place.submit_view("chloe", form.id, {**ORDER, "size": {"size": "small"}, "note": {}})
    right = await modal(scene, "Is this right?")
    await place.submit_view("chloe", right.id, {})
    tip = await modal(scene, "Something more?")
    await place.submit_view("chloe", tip.id, {})
    direct = await place.open_dm("chloe")
    order = await said(scene, direct, "Small Hot chocolate on 2026-12-24")
    await place.click("chloe", direct, order.ts, "change", "cancel")
    await place.wait_for(lambda: order not in place.messages(direct), PATIENCE_S)


# ---- the assistant ----


async def chat(scene: Scene) -> None:
    """A chat from its greeting to the feedback, from one channel and then from another."""
    place = scene.workspace
    await place.look_at("ana", "general")
    root = await place.start_chat("ana")
    direct = await place.open_dm("ana")
    greeting = await said(scene, direct, "Ask me *anything*.", root.ts)
    prompts = await place.wait_for(lambda: place.core.state.prompts.get((direct.id, root.ts)), PATIENCE_S)
    assert prompts["title"] == "For example" and [one["title"] for one in prompts["prompts"]] == ["Count", "Place"]
    await place.post("ana", direct, prompts["prompts"][0]["message"], thread_ts=root.ts)
    counted = await said(scene, direct, "one, two, **three**", root.ts)
    assert root.text == "Please count to three" and place.status(direct, root.ts) == ""
    await place.click("ana", direct, counted.ts, "feedback", "bad")
    await place.wait_for(lambda: place.ephemerals("ana"), PATIENCE_S)
    assert place.ephemerals("ana")[0].text == "Thank you for “bad”."
    await place.look_at("ana", "board")
    await place.wait_for(lambda: (greeting.metadata or {})["event_payload"]["channel_id"] == scene.board.id, PATIENCE_S)
    await place.post("ana", direct, "Where am I?", thread_ts=root.ts)
    await said(scene, direct, f"You look at <#{scene.board.id}>.", root.ts)


# ---- both, in each of Bolt's tongues ----

PYTHON = [pytest.param(in_python, file, id=file) for file in ("app.py", "app_async.py")]
NODE = pytest.param(in_node, "app.js", id="app.js", marks=[pytest.mark.slow, pytest.mark.timeout(420)])


@pytest.mark.parametrize(("sample", "used"), [("orders", order_everything), ("helper", chat)])
@pytest.mark.parametrize(("tongue", "file"), [*PYTHON, NODE])
async def test_sample_app_runs_unchanged(
    make_scene: MakeScene, tongue: App, file: str, sample: str, used: Callable[[Scene], Awaitable[None]]
) -> None:
    app = tongue(sample, file)
    scene = await sample_scene(make_scene, sample)
    async with running(scene, *app):
        await used(scene)
    assert not scene.workspace.core.hub.lost, "everything was acknowledged in time"
