"""A Slack app's manifest as the workspace's settings: what the app hears, may do and offers.

Knows the file that every Slack app has (YAML or JSON, as Slack exports it) and nothing of the workspace's parts. What
is not in the manifest is not so, as in Slack: an app without event subscriptions hears no events.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from bot.workspace.errors import WorkspaceError

Json = dict[str, Any]


def read_manifest(path: Path) -> Json:
    """The options of `Workspace` that a manifest stands for. Raises: WorkspaceError with what is wrong with it."""
    try:
        manifest = yaml.safe_load(path.read_text(encoding="utf-8"))  # JSON is YAML too
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise WorkspaceError(f"{path} could not be read: it is not there, or neither JSON nor YAML.") from error
    if not isinstance(manifest, dict) or "display_information" not in manifest:
        raise WorkspaceError(f"{path} is no Slack app manifest: it has no display_information.")
    return options_of(manifest)


def options_of(manifest: Json) -> Json:
    """The name, events, scopes, commands, shortcuts and suggested prompts of an app."""
    features = manifest.get("features") or {}
    bot_user = features.get("bot_user") or {}
    shortcuts = features.get("shortcuts") or []
    agent = features.get("agent_view") or features.get("assistant_view") or {}
    return {
        "bot_name": bot_user.get("display_name") or manifest["display_information"].get("name") or "App",
        "events": _under(manifest, "settings", "event_subscriptions", "bot_events"),
        "scopes": _under(manifest, "oauth_config", "scopes", "bot"),
        "commands": [(one["command"], one.get("description", "")) for one in features.get("slash_commands") or []],
        "shortcuts": [(one["callback_id"], one["name"]) for one in shortcuts if one.get("type") == "message"],
        "global_shortcuts": [(one["callback_id"], one["name"]) for one in shortcuts if one.get("type") == "global"],
        "unfurl_domains": features.get("unfurl_domains") or [],
        "hints": [one["message"] for one in agent.get("suggested_prompts") or []],
    }


def _under(manifest: Json, *names: str) -> list[str]:
    found: Any = manifest
    for name in names:
        found = (found or {}).get(name)
    return list(found or [])
