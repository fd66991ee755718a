"""The scopes that it takes to receive each event: a subscription without one of them stays silent, as in Slack.

Source: docs.slack.dev/reference/events, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Iterable

# Events by their prefixes, the longest first, and the scopes any one of which is enough; all others need none.
NEEDED: dict[str, tuple[str, ...]] = {
    "agent_session_stopped": ("chat:write",),
    "app_context_changed": ("assistant:write",),
    "app_mention": ("app_mentions:read",),
    "assistant_thread_": ("assistant:write",),
    "channel_id_changed": ("channels:read", "groups:read", "im:read", "mpim:read"),
    "channel_shared": ("channels:read", "groups:read", "im:read", "mpim:read"),
    "channel_unshared": ("channels:read", "groups:read", "im:read", "mpim:read"),
    "channel_": ("channels:read",),
    "emoji_changed": ("emoji:read",),
    "file_": ("files:read",),
    "group_": ("groups:read",),
    "link_shared": ("links:read",),
    "member_": ("channels:read", "groups:read"),
    "message.channels": ("channels:history",),
    "message.groups": ("groups:history",),
    "message.im": ("im:history",),
    "message.mpim": ("mpim:history",),
    "pin_": ("pins:read",),
    "reaction_": ("reactions:read",),
    "team_join": ("users:read",),
    "user_": ("users:read",),
}


def scopes_for(subscription: str) -> tuple[str, ...]:
    """The scopes of which one is enough to receive an event; none where none is needed."""
    return next((scopes for prefix, scopes in NEEDED.items() if subscription.startswith(prefix)), ())


def may_receive(subscription: str, scopes: Iterable[str]) -> bool:
    """Whether an app with these scopes is sent an event that it subscribed to."""
    needed = scopes_for(subscription)
    return not needed or bool(set(needed) & set(scopes))
