"""What can go wrong in the workspace: answers to an app, and sentences for whoever started it.

ApiError            a Web API method said no; carries Slack's error code
WorkspaceError      the workspace itself cannot go on; carries ``user_message``
└── PortInUse       another program listens on the wanted port
"""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A refusal that the app receives as ``{"ok": false, "error": code, ...}`` with HTTP status 200."""

    def __init__(self, code: str, **extra: Any) -> None:
        self.code = code
        self.extra = extra
        super().__init__(code)


class WorkspaceError(Exception):
    """The workspace cannot go on; ``user_message`` is safe to show."""

    def __init__(self, user_message: str) -> None:
        self.user_message = user_message
        super().__init__(user_message)


class PortInUse(WorkspaceError):
    """Another program listens on the wanted port."""

    def __init__(self, port: int) -> None:
        super().__init__(
            f"Port {port} is already in use, perhaps by another workspace. Stop that program, or choose another "
            "port with --port (0 picks a free one)."
        )
