"""The bot ends at any instant, by -9 or by SIGTERM, and nothing is lost, doubled, stuck or left behind.

The full numbers are run by `python -m tests.scenarios.kills`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.kills import run


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("when", "n", "seed"),
    [
        ("any", 2, 5),
        pytest.param("any", 14, 6, marks=pytest.mark.slow),
        pytest.param("accepted", 5, 8, marks=pytest.mark.slow),
        pytest.param("term", 6, 7, marks=pytest.mark.slow),
    ],
)
async def test_kills_lose_double_and_leave_behind_nothing(tmp_path: Path, when: str, n: int, seed: int) -> None:
    toll = await run(tmp_path, n, when, seed)
    assert not toll.verdict, toll
    assert not toll.bad_status
