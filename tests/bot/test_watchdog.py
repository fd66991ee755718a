"""A model that stands still is noticed; one that works or rests is left alone."""

from __future__ import annotations

import asyncio

import pytest

from bot import watchdog


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "STUCK_S", 0.2)


async def test_a_model_that_stands_still_is_noticed() -> None:
    begun = asyncio.get_running_loop().time()
    async with asyncio.timeout(3):
        seconds = await watchdog.stuck(lambda: asyncio.get_running_loop().time() - begun)
    assert seconds >= 0.2


async def test_a_model_that_works_or_rests_is_left_alone() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await watchdog.stuck(lambda: 0.1)
