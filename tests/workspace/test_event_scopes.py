"""An app receives an event that it subscribed to only with a scope for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.preflight import EVENT_SCOPES
from bot.workspace.event_scopes import NEEDED, scopes_for
from bot.workspace.events import SENT
from bot.workspace.methods.registry import every_scope
from tests.workspace.conftest import Scene


async def test_event_without_its_scope_stays_away(make_scene: Callable[..., Awaitable[Scene]]) -> None:
    scene = await make_scene(events=SENT, scopes=["app_mentions:read", "channels:read", "groups:history"])
    posted = await scene.workspace.post("ana", "general", "@inhouse hello", files=[("a.txt", b"a")])
    await scene.workspace.react("ana", posted, "eyes")
    await scene.workspace.post("ana", "board", "hello")
    await scene.workspace.leave("general", "ben")
    await scene.workspace.rename_channel("board", "council")
    sent = [wrapper["event"] for wrapper in scene.workspace.core.events.sent.values()]
    told = [(event["type"], event.get("channel_type")) for event in sent]
    assert told == [
        ("channel_created", None),
        ("app_mention", None),
        ("message", "group"),
        ("member_left_channel", "C"),
        ("message", "group"),  # that #board has another name, without group_rename
    ]


def test_every_event_with_a_scope_needs_one_that_exists() -> None:
    assert {scope for scopes in NEEDED.values() for scope in scopes} <= set(every_scope())
    free = {event for event in SENT if not scopes_for(event)}
    assert free == {"app_home_opened", "app_uninstalled", "tokens_revoked"}
    assert not [prefix for prefix in NEEDED if not any(event.startswith(prefix) for event in SENT)]


def test_what_our_own_app_believes_is_enough_here_too() -> None:
    for event, scopes in EVENT_SCOPES.items():
        assert set(scopes) & set(scopes_for(event)) or scopes == scopes_for(event) == (), event
