"""Starting and stopping the bot's process."""

from __future__ import annotations

import asyncio

import pytest

from bot.cli.service import _unless


async def test_a_stop_while_slack_is_away_ends_the_start() -> None:
    """Connecting is tried for ever; a bot whose Slack went away while it started could not be stopped."""
    stopping = asyncio.Event()
    begun = asyncio.Event()

    async def connect_for_ever() -> None:
        begun.set()
        await asyncio.Event().wait()

    waiting = asyncio.create_task(_unless(stopping, connect_for_ever()))
    await begun.wait()
    assert not waiting.done()
    stopping.set()
    assert await waiting is False


async def test_a_start_that_succeeds_or_fails_is_told() -> None:
    async def fail() -> None:
        raise ConnectionError("no")

    assert await _unless(asyncio.Event(), asyncio.sleep(0)) is True
    with pytest.raises(ConnectionError):
        await _unless(asyncio.Event(), fail())
