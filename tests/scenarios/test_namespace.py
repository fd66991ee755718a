"""The product in a network namespace: nothing wants to leave the machine. More: `namespace`'s own command."""

from __future__ import annotations

import pytest

from tests.scenarios.namespace import counted, is_allowed


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["-m", "pytest", "-q", "tests/scenarios/test_mention.py", "-m", "not slow"], id="scenarios"),
        pytest.param(["-m", "bot.cli", "demo", "--json"], id="demo"),
    ],
)
def test_nothing_wants_to_leave_the_machine(command: list[str]) -> None:
    if not is_allowed():
        pytest.skip("this machine allows no network namespaces")
    found = counted(command, 1400)
    print(found.status, found.wanted, found.control)
    assert found.status == 0, found.said[-3000:]
    assert found.control >= 2, "the kernel does not count here, so it would not have counted the product either"
    assert found.wanted == 0
