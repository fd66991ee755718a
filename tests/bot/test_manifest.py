"""The manifest is what Slack accepts, and asks for exactly what the code needs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from bot.cli import samples
from bot.listeners.events import CHANGED, NOTED, RECORDED
from bot.preflight import EVENT_SCOPES, METHOD_SCOPES, NEEDED_SCOPES
from tests.conftest import REPOSITORY

MANIFEST = yaml.safe_load((REPOSITORY / "manifest.yml").read_text(encoding="utf-8"))
SCOPES = MANIFEST["oauth_config"]["scopes"]["bot"]
EVENTS = MANIFEST["settings"]["event_subscriptions"]["bot_events"]
CALL = re.compile(r"\b\w*client\.((?:apps|assistant|auth|chat|conversations|files|reactions|users|views)_\w+)\b")


def our_code() -> list[Path]:
    """The bot, without the local workspace, which plays Slack's side."""
    return [path for path in (REPOSITORY / "bot").rglob("*.py") if "workspace" not in path.parts]


def called_methods() -> set[str]:
    names = {name for path in our_code() for name in CALL.findall(path.read_text(encoding="utf-8"))}
    return {name.replace("_", ".") for name in names}


def test_slacks_own_schema_accepts_the_manifest(shared_data: Path) -> None:
    schema = json.loads((shared_data / "slack" / "manifest.schema.2.0.0.json").read_text(encoding="utf-8"))
    assert not list(jsonschema.Draft7Validator(schema).iter_errors(MANIFEST))


def test_every_scope_asked_for_is_needed_and_every_needed_one_is_asked_for() -> None:
    """Slack's schema takes any word for a scope; this is what catches a wrong or a needless one."""
    assert sorted(SCOPES) == sorted(NEEDED_SCOPES)


def test_every_subscribed_event_stands_in_the_table() -> None:
    assert sorted(EVENTS) == sorted(EVENT_SCOPES)


def test_every_subscribed_event_has_a_listener() -> None:
    """Bolt does not acknowledge an event without one, so Slack would send it again and again."""
    heard = {*RECORDED, *NOTED, *CHANGED, "agent_session_stopped"}
    assert {event.partition(".")[0] for event in EVENTS} <= heard


def test_every_command_of_the_manifest_has_a_listener() -> None:
    code = (REPOSITORY / "bot" / "listeners" / "commands.py").read_text(encoding="utf-8")
    assert all(f'"{entry["command"]}"' in code for entry in MANIFEST["features"]["slash_commands"])


def test_every_shortcut_of_the_manifest_has_a_listener() -> None:
    code = (REPOSITORY / "bot" / "listeners" / "shortcuts.py").read_text(encoding="utf-8")
    assert all(f'"{entry["callback_id"]}"' in code for entry in MANIFEST["features"]["shortcuts"])


def test_the_local_workspace_offers_what_the_manifest_does() -> None:
    shortcuts = [(entry["callback_id"], entry["name"]) for entry in MANIFEST["features"]["shortcuts"]]
    assert shortcuts == list(samples.SHORTCUTS)
    assert [entry["command"] for entry in MANIFEST["features"]["slash_commands"]] == [c for c, _ in samples.COMMANDS]


def test_the_table_of_methods_holds_those_that_are_called_and_no_others() -> None:
    assert called_methods() == set(METHOD_SCOPES)


def test_the_tables_agree_with_slacks_description_of_its_methods(shared_data: Path) -> None:
    for method, scopes in METHOD_SCOPES.items():
        described = json.loads((shared_data / "slack" / "methods" / f"{method}.json").read_text(encoding="utf-8"))
        allowed = {scope["name"] for scope in described["scopes"].get("bot", ())}
        assert set(scopes) <= allowed, method
        assert scopes or not allowed, f"{method} needs one of {allowed}"


def test_every_scope_has_its_reason_beside_it() -> None:
    text = (REPOSITORY / "manifest.yml").read_text(encoding="utf-8")
    assert all(re.search(rf"- {re.escape(scope)} # \S", text) for scope in SCOPES)


@pytest.mark.parametrize("scope", ["chat:write.public", "chat:write.customize", "users:read.email", "admin"])
def test_far_reaching_scopes_are_not_asked_for(scope: str) -> None:
    assert scope not in SCOPES


def test_no_address_of_the_company_is_given_to_slack() -> None:
    """Socket Mode: the bot calls out; a request URL would need an open port."""
    text = (REPOSITORY / "manifest.yml").read_text(encoding="utf-8")
    assert MANIFEST["settings"]["socket_mode_enabled"] is True
    assert "request_url" not in text
    assert "http" not in text
