"""A Web API client that is told what to answer and remembers what it was asked; no HTTP."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient


class ScriptedSlack(AsyncWebClient):
    """Every method is recorded in ``calls`` as (name, arguments) and answered with what was scripted for it.

    A dictionary is returned, a string raised as Slack's error of that name, an exception raised as it is.
    The last thing scripted for a method holds for all later calls; without any, it is ``{"ok": True, "ts": …}``.
    """

    def __init__(self, token: str = "xoxb-1", base_url: str = "http://127.0.0.1:9/api/") -> None:
        super().__init__(token=token, base_url=base_url)
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._script: dict[str, deque[Any]] = defaultdict(deque)
        self._posted = 0

    def script(self, method: str, *answers: Any) -> ScriptedSlack:
        """Answer calls of ``method`` (such as ``chat.update``) so, one after the other."""
        self._script[method].extend(answers)
        return self

    def called(self, method: str) -> list[dict[str, Any]]:
        """The arguments of each call of ``method``."""
        return [arguments for name, arguments in self.calls if name == method]

    @property
    def methods(self) -> list[str]:
        """The methods called, in order."""
        return [name for name, _ in self.calls]

    async def api_call(self, api_method: str, **request: Any) -> Any:  # type: ignore[override]
        """What every method of the real client ends in."""
        arguments = {**(request.get("params") or {}), **(request.get("json") or {}), **(request.get("data") or {})}
        self.calls.append((api_method, {name: value for name, value in arguments.items() if value is not None}))
        script = self._script[api_method]
        answer = script.popleft() if len(script) > 1 else script[0] if script else self._next_message()
        if isinstance(answer, BaseException):
            raise answer
        if isinstance(answer, str):
            raise SlackApiError(answer, {"ok": False, "error": answer})
        return answer

    def _next_message(self) -> dict[str, Any]:
        self._posted += 1
        return {"ok": True, "ts": f"1763851300.{self._posted:06d}"}
