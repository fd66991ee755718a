"""Starting and stopping the bot's process."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys

import pytest

from bot.cli.service import PR_SET_DUMPABLE, _stop_on_signal, _unless
from tests.conftest import REPOSITORY


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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_asks_for_a_stop(number: signal.Signals) -> None:
    before = signal.signal(number, lambda *_: None)  # else this process would end where nobody hears it
    try:
        stopping = _stop_on_signal()
        os.kill(os.getpid(), number)
        async with asyncio.timeout(2):
            assert await stopping.wait()
    finally:
        for each in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().remove_signal_handler(each)
        signal.signal(number, before)


@pytest.mark.skipif(sys.platform != "linux", reason="the switch is Linux's")
def test_other_processes_of_this_user_cannot_look_into_ours() -> None:
    """In a process of its own, which nobody could look into afterwards."""
    code = (
        "import ctypes; from bot.cli.service import _hide_from_other_processes as hide\n"
        f"asked = lambda: ctypes.CDLL(None).prctl({PR_SET_DUMPABLE - 1}, 0, 0, 0, 0)\n"
        "before = asked(); hide(); print(before, asked())"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert said.stdout.split() == ["1", "0"]
