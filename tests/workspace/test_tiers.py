"""Slack's tiers of calls: off at first; beyond them 429 with the seconds to wait."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler

from bot.workspace.tiers import TIER_2, TIER_4, Tiers
from tests.workspace.conftest import Scene


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def tiers(clock: Clock) -> Tiers:
    made = Tiers(clock)
    made.are_on = True
    return made


def test_a_call_beyond_its_tier_waits_until_the_oldest_is_a_minute_old() -> None:
    clock = Clock()
    counted = tiers(clock)
    for second in range(TIER_2):
        clock.now = 100.0 + second
        assert counted.wait_s("users.list", "") == 0
    assert counted.wait_s("users.list", "") == 60 - (TIER_2 - 1)
    assert counted.wait_s("users.info", "") == 0, "each method has its own"
    clock.now = 160.1
    assert counted.wait_s("users.list", "") == 0
    assert counted.wait_s("users.list", "") == 1, "a refused call does not count, an answered one does"


def test_messages_are_one_a_second_in_each_channel() -> None:
    clock = Clock()
    counted = tiers(clock)
    assert [counted.wait_s("chat.postMessage", channel) for channel in ("C1", "C2", "C1")] == [0, 0, 1]
    clock.now += 1.1
    assert counted.wait_s("chat.postMessage", "C1") == 0


def test_off_nothing_is_counted() -> None:
    counted = Tiers(Clock())
    assert not any(counted.wait_s("users.list", "") for _ in range(10 * TIER_4))


async def test_a_client_that_waits_gets_its_message_posted_once(
    make_scene: Callable[..., Awaitable[Scene]],
) -> None:
    scene = await make_scene(rate_limits=True)
    client = scene.client()
    await client.chat_postMessage(channel=scene.general.id, text="one")
    try:
        await client.chat_postMessage(channel=scene.general.id, text="refused")
    except SlackApiError as error:
        assert error.response.status_code == 429 and error.response["error"] == "ratelimited"
        assert error.response.headers["Retry-After"] == "1"
    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=3))
    await client.chat_postMessage(channel=scene.general.id, text="two")
    assert [message.text for message in scene.workspace.messages("general")] == ["one", "two"]
