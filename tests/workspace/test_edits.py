"""Edits and previews, as the app hears of them."""

from __future__ import annotations

from tests.workspace.conftest import Scene
from tests.workspace.recorder import connected, settled


async def test_mention_that_is_edited_in_has_the_old_ts(scene: Scene) -> None:
    _, recorder = await connected(scene)
    posted = await scene.workspace.post("ana", "general", "what is the rent?")
    await scene.workspace.edit(posted, "@inhouse what is the rent?")
    await scene.workspace.wait_for(lambda: len(recorder.bodies) == 3)
    (mention,) = recorder.events("app_mention")
    assert mention["ts"] == posted.ts and mention["edited"]["user"] == scene.ana.id
    assert mention["event_ts"] > posted.ts
    changed = next(event for event in recorder.events("message") if event.get("subtype") == "message_changed")
    assert changed["previous_message"]["text"] == "what is the rent?" and "edited" not in changed["previous_message"]
    assert changed["message"]["edited"] and changed["message"]["ts"] == posted.ts
    assert changed["ts"] == changed["event_ts"] > posted.ts


async def test_edit_of_a_mention_is_no_second_mention(scene: Scene) -> None:
    _, recorder = await connected(scene)
    posted = await scene.workspace.post("ana", "general", "@inhouse what is the rent?")
    await scene.workspace.edit(posted, "@inhouse what is the deposit?")
    await scene.workspace.wait_for(lambda: len(recorder.bodies) == 3)
    await settled(scene)
    assert len(recorder.events("app_mention")) == 1


async def test_preview_changes_a_message_but_not_its_text(scene: Scene) -> None:
    _, recorder = await connected(scene)
    posted = await scene.workspace.post("ana", "general", "@inhouse see https://example.com/a")
    await scene.workspace.unfurl(posted)
    await scene.workspace.wait_for(lambda: len(recorder.bodies) == 3)
    changed = next(event for event in recorder.events("message") if event.get("subtype") == "message_changed")
    assert changed["message"]["text"] == changed["previous_message"]["text"]
    assert changed["message"]["attachments"] and "attachments" not in changed["previous_message"]
    assert "edited" not in changed["message"]
    assert len(recorder.events("app_mention")) == 1
