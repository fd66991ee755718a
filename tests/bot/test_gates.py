"""What Slack refused for a while is not called before that while is over."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry import HttpRequest, HttpResponse, RetryState
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.app import Client
from bot.gates import Gates, WaitingRetries

WAIT_S = 0.3


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float]]:
    """Which calls left, and when; Slack refuses the first one."""
    found: list[tuple[str, float]] = []

    async def call(_: AsyncWebClient, api_method: str, **_arguments: Any) -> dict[str, Any]:
        found.append((api_method, time.monotonic()))
        if len(found) == 1:
            raise SlackApiError("refused", _refusal())
        return {"ok": True}

    monkeypatch.setattr(AsyncWebClient, "api_call", call)
    return found


def _refusal() -> AsyncSlackResponse:
    return AsyncSlackResponse(
        client=None,
        http_verb="POST",
        api_url="",
        req_args={},
        data={"ok": False, "error": "ratelimited"},
        headers={"Retry-After": str(WAIT_S)},
        status_code=429,
    )


async def test_no_call_of_a_method_leaves_before_the_time_that_slack_named(called: list[tuple[str, float]]) -> None:
    client = Client()
    with pytest.raises(SlackApiError):
        await client.api_call("chat.update")
    await client.api_call("chat.postMessage")
    await client.api_call("chat.update")
    (_, refused), (_, other), (_, again) = called
    assert again - refused >= WAIT_S, "it was called before its time"
    assert other - refused < WAIT_S, "another method does not wait"


async def test_while_one_call_waits_its_time_the_others_of_its_method_wait_too() -> None:
    gates = Gates()
    waiting = asyncio.create_task(
        WaitingRetries(gates, 1).prepare_for_next_attempt_async(
            state=RetryState(),
            request=HttpRequest(method="POST", url="https://slack.com/api/chat.update?x=1", headers={}),
            response=HttpResponse(status_code=429, headers={"Retry-After": ["1"]}),
        )
    )
    await asyncio.sleep(0.1)
    left_s = gates.left_s("chat.update")
    waiting.cancel()
    assert 0.5 < left_s <= 1 and not gates.left_s("chat.postMessage")
