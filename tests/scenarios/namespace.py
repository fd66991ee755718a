"""A command in a network namespace where only this machine's loopback is: the kernel counts who wanted further.

``python -m tests.scenarios.namespace`` runs the quick scenarios there; arguments name another command for Python,
as in ``… namespace -m bot.cli demo --json``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import REPOSITORY

SCENARIOS = ("-m", "pytest", "-q", "tests/scenarios", "-m", "not slow")

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


@dataclass(frozen=True, slots=True)
class Counted:
    """What came of a command."""

    status: int  # its exit status
    wanted: int  # datagrams and connections that had no way
    control: int  # of two that were tried on purpose, those that were counted
    said: str  # what it printed


def is_allowed() -> bool:
    """Whether this machine lets us make network namespaces."""
    return not subprocess.run(["unshare", "-rn", "sh", "-c", "ip link set lo up"], capture_output=True).returncode


def counted(arguments: Sequence[str], timeout_s: float) -> Counted:
    """Run Python with ``arguments`` in a namespace of its own. Raises: subprocess.TimeoutExpired."""
    with tempfile.TemporaryDirectory() as folder:
        counting = Path(folder) / "counting.py"
        counting.write_text(COUNTING)
        inside = f'ip link set lo up && exec "{sys.executable}" "{counting}" "{sys.executable}" "$@"'
        done = subprocess.run(
            ["unshare", "-rn", "sh", "-c", inside, "sh", *arguments],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )
    return Counted(**json.loads(done.stdout), said=done.stderr)


if __name__ == "__main__":
    found = counted(sys.argv[1:] or SCENARIOS, 4 * 3600)
    print(found.said[-4000:], json.dumps({"status": found.status, "wanted": found.wanted, "control": found.control}))
    sys.exit(found.status or found.wanted or found.control < 2)
