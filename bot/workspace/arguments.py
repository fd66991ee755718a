"""A request's arguments as Slack reads them: query, form and JSON body merged into one.

Only fields that are known to hold JSON are parsed as JSON when they arrive as text: a message that begins
with ``[`` is a message. Booleans arrive as ``0``/``1``, ``true``/``false`` or JSON.
"""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from bot.workspace.errors import ApiError

JSON_FIELDS = frozenset(
    "attachments blocks chunks event_payload files loading_messages metadata prompts unfurls view".split()
)


class Arguments:
    """The merged arguments of one call, token removed."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    def text(self, name: str, default: str = "") -> str:
        value = self.values.get(name)
        return default if value is None else str(value)

    def needed(self, name: str, error: str = "invalid_arguments") -> str:
        """A text that must be there. Raises: ApiError ``error``, which names the argument if it is a general one."""
        value = self.text(name)
        if not value and error == "invalid_arguments":
            raise ApiError(error, response_metadata={"messages": [f"[ERROR] missing required field: {name}"]})
        if not value:
            raise ApiError(error)
        return value

    def number(self, name: str, default: int) -> int:
        try:
            return int(self.values.get(name, default))
        except (TypeError, ValueError):
            raise ApiError("invalid_arguments") from None

    def flag(self, name: str, default: bool = False) -> bool:
        return str(self.values.get(name, default)).lower() in ("1", "true")

    def json(self, name: str, error: str = "invalid_arguments") -> Any:
        """A parsed JSON field, or None. Raises: ApiError ``error`` for text that is no JSON."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError:
            raise ApiError(error) from None


async def read_arguments(request: web.Request) -> tuple[Arguments, str]:
    """(arguments, token): the token from the header, else from the arguments. Raises: ApiError invalid_json."""
    values: dict[str, Any] = dict(request.query)
    if request.can_read_body:
        values |= await _read_body(request)
    header = request.headers.get("Authorization", "")
    token = str(values.pop("token", "") or "")
    return Arguments(values), header.removeprefix("Bearer ").strip() or token


async def _read_body(request: web.Request) -> dict[str, Any]:
    if request.content_type == "application/json":
        raw = await request.read()
        try:
            body = json.loads(raw) if raw.strip() else {}
        except ValueError:
            raise ApiError("invalid_json") from None
        if not isinstance(body, dict):
            raise ApiError("json_not_object")
        return body
    if request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return {key: value for key, value in (await request.post()).items() if isinstance(value, str)}
    return {}
