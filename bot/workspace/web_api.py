"""``POST /api/<method>``: tokens, scopes, faults, the log, and Slack's way to say no (HTTP 200, ok false)."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from bot.workspace.arguments import Arguments, read_arguments
from bot.workspace.core import Call, Core
from bot.workspace.errors import ApiError
from bot.workspace.faults import Fault
from bot.workspace.methods import (  # noqa: F401 - each registers its methods
    assistant,
    bookmarks,
    channels,
    chat,
    conversations,
    directory,
    files,
    people,
    pins,
    reactions,
    scheduled,
    streams,
    unfurls,
    views,
)
from bot.workspace.methods.registry import METHODS, Method


class WebApi:
    """Answers the app's calls."""

    def __init__(self, core: Core, bot_token: str, app_token: str) -> None:
        self.core = core
        self.bot_token = bot_token
        self.app_token = app_token

    async def handle(self, request: web.Request) -> web.Response:
        name = request.match_info["method"]
        try:
            args, token = await read_arguments(request)
        except ApiError as error:
            return self._answer(name, Arguments({}), {"ok": False, "error": error.code})
        fault = self.core.faults.take(name)
        if fault and fault.delay_s:
            await asyncio.sleep(fault.delay_s)
        if fault and (fault.error or fault.status != 200):
            return await self._fail(name, args, token, fault)
        if wait_s := self.core.tiers.wait_s(name, args.text("channel")):
            refused = {"ok": False, "error": "ratelimited"}
            return self._answer(name, args, refused, 429, {"Retry-After": str(wait_s)})
        return self._answer(name, args, await self._work(name, args, token))

    async def _work(self, name: str, args: Arguments, token: str) -> dict[str, Any]:
        """The method's own answer, or its refusal as JSON."""
        try:
            method = METHODS.get(name)
            if method is None:
                raise ApiError("unknown_method", req_method=name)
            self._check_token(method, token)
            return {"ok": True} | await method.handler(self.core, args)
        except ApiError as error:
            return {"ok": False, "error": error.code} | error.extra

    def _check_token(self, method: Method, token: str) -> None:
        if not method.needs_token:
            return
        if not token:
            raise ApiError("not_authed")
        if token not in (self.bot_token, self.app_token):
            raise ApiError("invalid_auth")
        if token == self.bot_token and not self.core.is_installed:
            raise ApiError("account_inactive")
        if method.app_token != (token == self.app_token):
            raise ApiError("not_allowed_token_type")
        if method.scopes and not set(method.scopes) & set(self.core.scopes):
            raise ApiError("missing_scope", needed=method.scopes[0], provided=",".join(self.core.scopes))

    async def _fail(self, name: str, args: Arguments, token: str, fault: Fault) -> web.Response:
        """Answer as the fault wants; with ``then_work`` the work is done and only its answer is lost."""
        if fault.then_work:
            await self._work(name, args, token)
        error = fault.error or ("ratelimited" if fault.status == 429 else "internal_error")
        headers = {"Retry-After": str(fault.retry_after_s)} if fault.status == 429 else {}
        if fault.status >= 500:
            self._log(name, args, error, fault.status)
            return web.Response(status=fault.status, text="upstream error")
        return self._answer(name, args, {"ok": False, "error": error}, fault.status, headers)

    def _answer(
        self,
        name: str,
        args: Arguments,
        body: dict[str, Any],
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> web.Response:
        self._log(name, args, body.get("error"), status)
        scopes = {"x-oauth-scopes": ",".join(self.core.scopes), "x-accepted-oauth-scopes": ""}
        return web.json_response(body, status=status, headers=scopes | (headers or {}))

    def _log(self, name: str, args: Arguments, error: str | None, status: int) -> None:
        self.core.calls.append(Call(name, args.values, error, status))
        self.core.feed.touch()
