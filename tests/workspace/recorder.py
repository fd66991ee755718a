"""A Bolt app that listens to everything and keeps what it heard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from slack_bolt.async_app import AsyncApp

from tests.workspace.conftest import Scene

EVENTS = (
    "agent_session_stopped app_context_changed app_home_opened app_mention app_uninstalled channel_archive "
    "channel_deleted channel_left channel_shared file_change file_deleted file_shared file_unshared group_deleted "
    "group_left member_joined_channel member_left_channel message tokens_revoked"
).split()


class Recorder:
    """Listens to everything and keeps each event's body."""

    def __init__(self, app: AsyncApp, names: Iterable[str] = EVENTS) -> None:
        self.bodies: list[dict[str, Any]] = []
        for name in sorted({name.partition(".")[0] for name in names}):
            app.event(name)(self._keep)

    async def _keep(self, body: dict[str, Any]) -> None:
        self.bodies.append(body)

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [body["event"] for body in self.bodies if body["event"]["type"] == kind]

    def ids(self) -> Counter[str]:
        return Counter(body["event_id"] for body in self.bodies)


async def connected(scene: Scene) -> tuple[AsyncApp, Recorder]:
    app = scene.app()
    recorder = Recorder(app)
    await scene.connect(app)
    return app, recorder


async def settled(scene: Scene) -> None:
    """Wait until everything sent is acknowledged, which Bolt's listeners may outlast by a moment."""
    await scene.workspace.wait_for(lambda: scene.workspace.core.hub.is_idle)
