"""Many people at once: every envelope is acknowledged once, and its delay is known."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

from slack_bolt.async_app import AsyncApp

from tests.workspace.conftest import Scene
from tests.workspace.recorder import connected


async def test_thousand_messages_of_fifty_people_are_all_acknowledged_with_their_delay(
    make_scene: Callable[..., Awaitable[Scene]],
) -> None:
    scene = await make_scene(ack_timeout_s=30.0)
    workspace = scene.workspace
    _, recorder = await connected(scene)
    people = [await workspace.add_user(f"person{number}") for number in range(50)]
    for person in people:
        await workspace.invite("general", person)
    roots = [await workspace.post(people[number], "general", f"root {number}") for number in range(20)]
    for number in range(980):
        root = roots[number % 20]
        await workspace.post(people[number % 50], "general", f"@inhouse question {number}", thread_ts=root.ts)
    expected = 50 + 50 + 1000 + 980  # joins, lines that say so, messages, mentions
    await workspace.wait_for(lambda: len(recorder.bodies) == expected and len(workspace.acks) == expected, 120)
    assert set(recorder.ids().values()) == {1}
    assert Counter(ack.name for ack in workspace.acks) == {
        "member_joined_channel": 50,
        "message": 1050,
        "app_mention": 980,
    }
    assert len({ack.envelope_id for ack in workspace.acks}) == expected
    assert all(ack.delay_s >= 0 and ack.attempt == 0 for ack in workspace.acks)
    assert len(workspace.messages("general", roots[0].ts)) == 50


async def test_late_acknowledgement_is_kept_with_its_true_delay(
    make_scene: Callable[..., Awaitable[Scene]],
) -> None:
    scene = await make_scene(ack_timeout_s=0.2)
    app = AsyncApp(client=scene.client(), process_before_response=True)
    seen: list[str] = []

    @app.event("message")
    async def slow() -> None:
        seen.append("")
        await asyncio.sleep(0.5 if len(seen) == 1 else 0)

    await scene.connect(app)
    await scene.workspace.post("ana", "general", "hello")
    await scene.workspace.wait_for(lambda: len(scene.workspace.acks) == 2)
    retry, late = scene.workspace.acks
    assert (retry.attempt, late.attempt) == (1, 0) and late.delay_s > 0.4
    assert late.event_id == retry.event_id and late.envelope_id != retry.envelope_id
