"""Hundreds of questions from fifty people: each answered once, with its own answer, in its thread's order.

A thousand of them: ``python -m tests.scenarios.load --window 1``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import rates
from tests.scenarios.load import run


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_three_hundred_questions_are_each_answered_once_and_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "WINDOW_S", 1.0)  # five answers a second instead of a minute; the rule is the same
    load = await run(tmp_path, questions=300, people=50, threads=20)
    assert load.drops == 3 and load.redelivered > 15 and not load.unanswered
    assert (load.answered, load.twice, load.never, load.wrong, load.out_of_order) == (300, 0, 0, 0, 0)


@pytest.mark.slow
async def test_a_small_crowd_is_answered_once_and_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "WINDOW_S", 0.2)
    load = await run(tmp_path, questions=60, people=10, threads=4, timeout_s=90.0)
    assert load.drops == 3 and not load.unanswered
    assert (load.answered, load.twice, load.never, load.wrong, load.out_of_order) == (60, 0, 0, 0, 0)
