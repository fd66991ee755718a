"""Every fault of the page's panel, switched on while somebody asks and off again: one whole answer, nothing twice."""

from __future__ import annotations

import asyncio

import pytest

from bot import jobs
from bot.workspace.faults import STANDING
from bot.workspace.page_actions import set_fault
from tests.scenarios.conftest import RENT, House, lease

pytestmark = pytest.mark.slow
LASTS_S = 2.0


@pytest.mark.parametrize("name", STANDING)
async def test_fault_that_passes_costs_nobody_the_answer(
    house: House, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "FIRST_RETRY_S", 1.0)  # as in life: the retries outlast the fault
    await set_fault(house.place, house.users["ana"], name, on=True)
    asked = await house.post("ana", "lab", RENT, files=[lease])
    again = await house.post("ben", "lab", "@inhouse when does the lease end?")
    await asyncio.sleep(LASTS_S)
    await set_fault(house.place, house.users["ana"], name, on=False)
    answer = await house.answer_to(asked, 60)
    assert answer.text.count("1,450 euros") == 1 and len(answer.citations) == 1
    await house.answer_to(again, 60)
    await house.quiet(60)
    assert len(house.replies(asked)) == len(house.replies(again)) == 1
