"""The product in a network namespace where only this machine's loopback is: the kernel counts who wanted further."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

# Runs a command, and says how often the kernel had no way for what was to be sent; then sends something itself.
COUNTING = """
import json, re, socket, subprocess, sys
from pathlib import Path

def no_ways():
    names, values = re.findall("^Ip: (.*)$", Path("/proc/net/snmp").read_text(), re.M)
    six = re.findall(r"^Ip6OutNoRoutes\\s+(\\d+)", Path("/proc/net/snmp6").read_text(), re.M)
    return int(dict(zip(names.split(), values.split()))["OutNoRoutes"]) + int((six or ["0"])[0])

before = no_ways()
status = subprocess.run(sys.argv[1:], stdout=sys.stderr).returncode
wanted = no_ways() - before
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    try:
        socket.socket(type=kind).connect(("192.0.2.1", 443))
    except OSError:
        pass
print(json.dumps({"status": status, "wanted": wanted, "control": no_ways() - before - wanted}))
"""


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["-m", "pytest", "-q", "tests/scenarios/test_mention.py", "-m", "not slow"], id="scenarios"),
        pytest.param(["-m", "bot.cli", "demo", "--json"], id="demo"),
    ],
)
def test_nothing_wants_to_leave_the_machine(command: list[str], tmp_path: Path) -> None:
    counting = tmp_path / "counting.py"
    counting.write_text(COUNTING)
    inside = f'ip link set lo up && exec "{sys.executable}" "{counting}" "{sys.executable}" "$@"'
    if subprocess.run(["unshare", "-rn", "sh", "-c", "ip link set lo up"], capture_output=True).returncode:
        pytest.skip("this machine allows no network namespaces")
    done = subprocess.run(
        ["unshare", "-rn", "sh", "-c", inside, "sh", *command],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=1400,
    )
    said = json.loads(done.stdout)
    print(said)
    assert said["status"] == 0, done.stderr[-3000:]
    assert said["control"] >= 2, "the kernel does not count here, so it would not have counted the product either"
    assert said["wanted"] == 0
