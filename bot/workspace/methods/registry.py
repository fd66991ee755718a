"""The table of Web API methods: name, scopes, function."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from bot.workspace.arguments import Arguments
from bot.workspace.core import Core

Handler = Callable[[Core, Arguments], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Method:
    """One method; ``scopes``: any one of them is enough; ``app_token``: called with the xapp token."""

    name: str
    scopes: tuple[str, ...]
    handler: Handler
    app_token: bool = False
    needs_token: bool = True


METHODS: dict[str, Method] = {}


def method(name: str, *scopes: str, app_token: bool = False, needs_token: bool = True) -> Callable[[Handler], Handler]:
    """Register the decorated function under Slack's name for it."""

    def register(handler: Handler) -> Handler:
        METHODS[name] = Method(name, scopes, handler, app_token, needs_token)
        return handler

    return register


# No method is refused without these: they let one do more, or are for events alone.
FURTHER_SCOPES = ("app_mentions:read", "chat:write.customize", "chat:write.public", "commands", "links:read")


def every_scope() -> tuple[str, ...]:
    """All scopes that mean something here, sorted."""
    asked = {scope for method in METHODS.values() for scope in method.scopes}
    return tuple(sorted(asked | set(FURTHER_SCOPES)))
