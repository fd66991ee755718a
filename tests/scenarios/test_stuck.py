"""A model hangs: who waits is told, the process ends for its supervisor, and the question is answered afterwards."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot import watchdog
from bot.preflight import EVENT_SCOPES, NEEDED_SCOPES
from bot.workspace.server import Workspace
from bot.workspace.state import Message
from tests.scenarios.child_bot import ChildBot
from tests.scenarios.conftest import whole_text
from tests.scenarios.models import RENT, lease

MOST_S = 40


async def test_a_stuck_model_is_noticed_said_and_recovered_from(tmp_path: Path) -> None:
    place = Workspace(events=EVENT_SCOPES, scopes=NEEDED_SCOPES)
    child = ChildBot(place, tmp_path)
    await place.start()
    try:
        ana = await place.add_user("ana")
        lab = await place.add_channel("lab", [ana])
        await child.start(script="stuck")
        asked = await place.post(ana, lab, RENT, files=[lease])
        assert await asyncio.wait_for(child.ended(), MOST_S) == watchdog.EXIT_STATUS
        assert any("has not moved for" in line for line in child.log)
        assert ["starting again" in message.text for message in place.ephemerals(ana)] == [True]
        assert not _answers(place, asked)
        await child.start()
        async with asyncio.timeout(MOST_S):
            while not any("1,450" in whole_text(message) for message in _answers(place, asked)):
                await asyncio.sleep(0.1)
        assert len(_answers(place, asked)) == 1
    finally:
        await child.kill()
        await place.stop()


def _answers(place: Workspace, asked: Message) -> list[Message]:
    there = place.messages(asked.channel, asked.ts)
    return [message for message in there if message.user == place.bot_user.id and message.text]
