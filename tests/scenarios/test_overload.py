"""Ten times more than can be served; ten minutes of it: `overload`'s own command."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.overload import overload


@pytest.mark.slow
async def test_whoever_floods_is_told_so_and_takes_nobody_elses_place(tmp_path: Path) -> None:
    found = await overload(tmp_path, 12.0, service_s=1.0)
    assert found.refused > found.answered > 0 and found.unexplained == 0, found
    assert found.quiet_asked > 0 and found.quiet_refused == 0, found
    assert found.memory_second_mib <= 1.1 * found.memory_first_mib, found
