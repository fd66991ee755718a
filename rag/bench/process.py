"""A writer in a process of its own: other software gets its own threads, memory and waiting, not ours.

Ours makes threads wait asleep, which would slow down others that are built to spin; so those variables are taken
out of the child's environment. Lines of JSON go both ways; see `rag.bench.worker` for the other end.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from rag.bench.written import Written
from rag.errors import ModelFailed

_OWN = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME", "OMP_NUM_THREADS")
_ROOT = Path(__file__).resolve().parent.parent.parent


def own_environment() -> list[str]:
    """What stands in front of a command, so that the child's threads wait as its software would have them."""
    return ["env", *(word for variable in _OWN for word in ("-u", variable))]


class ProcessWriter:
    """Starts ``rag.bench.worker`` as ``name`` with ``options``. Raises: ModelFailed where it does not come up."""

    def __init__(self, name: str, options: dict[str, Any]) -> None:
        self.name = name
        self._child = subprocess.Popen(  # noqa: S603 - our own module
            [*own_environment(), sys.executable, "-m", "rag.bench.worker", name, json.dumps(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=_ROOT,
        )
        self.about = self._read()

    def write(self, ids: Sequence[int], count: int) -> Written:
        assert self._child.stdin
        try:
            self._child.stdin.write(json.dumps({"ids": list(ids), "count": count}) + "\n")
            self._child.stdin.flush()
        except BrokenPipeError as error:
            raise self._ended() from error
        answer = self._read()
        return Written(len(ids), tuple(answer["tokens"]), tuple(answer["at_s"]), answer["total_s"])

    def close(self) -> None:
        """End the process."""
        self._child.kill()
        with suppress(BrokenPipeError):  # what it was asked and will not read any more
            self._child.communicate()

    def _read(self) -> dict[str, Any]:
        assert self._child.stdout
        line = self._child.stdout.readline()
        if not line:
            raise self._ended()
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _ended(self) -> ModelFailed:
        self.close()
        return ModelFailed(
            f"{self.name} broke off while it was being measured; what it said stands above. "
            "Measure without it to see the rest.",
            detail=f"exit status {self._child.returncode}",
        )
