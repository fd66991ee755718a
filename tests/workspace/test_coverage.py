"""The table of what of Slack is here equals what is here, and has all that the manifest can trigger."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from bot.workspace.coverage import ABSENT, ABSENT_EVENTS, OTHER_WAYS, PARTIAL, as_markdown, rows
from bot.workspace.events import SENT
from bot.workspace.web_api import METHODS
from tests.conftest import REPOSITORY
from tests.workspace.conftest import Scene
from tests.workspace.test_methods import code

MANIFEST = yaml.safe_load((REPOSITORY / "manifest.yml").read_text(encoding="utf-8"))


def test_the_documentation_has_the_table_of_today() -> None:
    text = (REPOSITORY / "docs" / "workspace.md").read_text(encoding="utf-8")
    printed = text.partition("<!-- coverage -->\n")[2].partition("<!-- /coverage -->")[0]
    assert printed.strip() == as_markdown(), "print it anew: inhouse workspace --coverage"


def test_every_row_is_what_is_registered() -> None:
    states = {(kind, name): state for kind, name, state, _ in rows()}
    assert {name for (kind, name), state in states.items() if kind == "method" and state != "absent"} == set(METHODS)
    assert {name for (kind, name), state in states.items() if kind == "event" and state != "absent"} == SENT
    assert not set(ABSENT) & set(METHODS) and not set(ABSENT_EVENTS) & SENT and set(PARTIAL) <= set(METHODS)


def test_every_method_that_the_manifest_allows_has_a_row(shared_data: Path) -> None:
    scopes, known = set(MANIFEST["oauth_config"]["scopes"]["bot"]), {name for _, name, _, _ in rows()}
    for path in sorted((shared_data / "slack" / "methods").glob("*.json")):
        of_bots = json.loads(path.read_text()).get("scopes", {}) or {}
        if scopes & {scope["name"] for scope in of_bots.get("bot", [])}:
            assert path.stem in known, path.stem


def test_every_event_that_the_manifest_wants_has_a_row() -> None:
    known = {name for kind, name, _, _ in rows() if kind == "event"}
    assert set(MANIFEST["settings"]["event_subscriptions"]["bot_events"]) <= known
    assert {"slash_commands", "block_actions", "view_submission", "message_action"} <= set(OTHER_WAYS)


async def test_an_absent_method_is_unknown_and_an_absent_event_is_refused(scene: Scene) -> None:
    for name in ABSENT:
        assert await code(scene.client().api_call(name)) == "unknown_method"
    with pytest.raises(KeyError):
        scene.workspace.core.events.send("app_rate_limited", {"type": "app_rate_limited"})
