"""Slack answers three of ten calls with 429: nothing is lost, and no method is called before its time is over."""

from __future__ import annotations

import random

import pytest

from bot.workspace.faults import Fault
from tests.scenarios.conftest import DEPOSIT, RENT, House, lease

SHARE = 0.3
RETRY_AFTER_S = 2
ON_ITS_WAY_S = 0.8  # a call that had left before the refusal of another one came back
RECEIVING = {"apps.connections.open"}


class Storm:
    """Refuses calls by chance; takes down which came though their method was to wait."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
        self._chance = random.Random(seed)
        self._calls = house.place.core.calls
        self.refused = 0
        monkeypatch.setattr(house.place.core.faults, "take", self._take)

    def _take(self, method: str) -> Fault | None:
        if method in RECEIVING or self._chance.random() >= SHARE:
            return None
        self.refused += 1
        return Fault(method, status=429, retry_after_s=RETRY_AFTER_S)

    def early(self) -> list[str]:
        """Calls of a method inside the time that a refusal of it named."""
        refused: dict[str, float] = {}
        found = []
        for call in self._calls:
            since_s = call.at - refused.get(call.method, 0.0)
            if ON_ITS_WAY_S < since_s < RETRY_AFTER_S - 0.05:
                found.append(call.method)
            if call.status == 429:
                refused[call.method] = call.at
        return found


@pytest.mark.slow
async def test_storm_of_refusals_loses_nothing_and_is_waited_out(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    storm = Storm(house, monkeypatch, seed=4)
    asked = [
        await house.post("ana", "lab", RENT, files=[lease]),
        await house.post("ben", "office", RENT, files=[lease]),
    ]
    for question in asked:
        assert "1,450" in (await house.answer_to(question, 120)).text
    more = [await house.post("ben", "lab", DEPOSIT, thread_ts=asked[0].ts) for _ in range(3)]
    for question in more:
        await house.done(question, 120)
    assert sum("4,350" in reply.text or "4,350" in str(reply.blocks) for reply in house.replies(asked[0])) == 3
    assert storm.refused > 5
    assert not storm.early()
