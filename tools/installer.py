"""Runs pip for `tools/setup.py`: says what a person wants to see, keeps the rest in a log."""

import os
import re
import subprocess
import threading
import time
from pathlib import Path

HEARTBEAT_S = 20
WORTH_SAYING_MB = 20
KEPT_IN_THE_LOG = re.compile(
    r"WARNING: (Location '.*' is ignored|pip index is currently|Ignoring invalid distribution)"
)
SIZED = re.compile(r"\s*Downloading (\S+) \(([\d.]+) (kB|MB|GB)")
MB = {"kB": 0.001, "MB": 1.0, "GB": 1000.0}


class SetupStopped(Exception):
    """A stage could not be done; the text says why and what helps."""


class Pip:
    """The pip of one virtual environment. ``held_fd`` is handed to it: a lock that it keeps while it lives."""

    def __init__(self, python: Path, log: Path, held_fd: int) -> None:
        self._command = [str(python), "-I", "-m", "pip", "--disable-pip-version-check", "--no-input"]
        self._log, self._held_fd = log, held_fd

    def install(self, *options: str, over: bool = False) -> float:
        """Returns the megabytes downloaded. ``over``: write the files anew even where they seem to be there."""
        command = [*self._command, "install", "--progress-bar", "off", *(["--ignore-installed"] if over else [])]
        pip = subprocess.Popen(
            [*command, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_environment(),
            pass_fds=[self._held_fd],
        )
        with self._log.open("a", encoding="utf-8") as log, _Heartbeat():
            lines = (raw.decode(errors="replace").rstrip() for raw in pip.stdout)
            downloaded_mb = sum(_pass_on(line, log) for line in lines)
        if pip.wait():
            raise SetupStopped(f"pip could not install; its reasons are above, its whole log in {self._log}.")
        return downloaded_mb

    def offered(self, package: str) -> list:
        """The versions that this machine's package sources offer for it, local ones included; none if unreachable."""
        listed = subprocess.run(
            [*self._command, "index", "versions", package],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            check=False,
        )
        versions = listed.stdout.decode().partition("Available versions:")[2].partition("\n")[0]
        return re.findall(r"[^\s,]+", versions)


def say(text: str) -> None:
    """Print one line at once, also into a pipe."""
    print(text, flush=True)


def _environment() -> dict:
    """The machine's own pip settings stay in force; only what would install elsewhere is undone."""
    return {**os.environ, "PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "PYTHONUNBUFFERED": "1"}


def _pass_on(line: str, log: object) -> float:
    """Log one line of pip's and print what matters of it; returns the megabytes it says are being downloaded."""
    print(line, file=log)
    if line.lstrip().startswith(("ERROR", "WARNING")) and not KEPT_IN_THE_LOG.match(line):
        say(f"    {line}")
    sized = SIZED.match(line)
    if not sized:
        return 0.0
    size_mb = float(sized.group(2)) * MB[sized.group(3)]
    if size_mb >= WORTH_SAYING_MB:
        say(f"    downloading {sized.group(1).rsplit('/', 1)[-1].split('-')[0]} ({size_mb:.0f} MB)")
    return size_mb


class _Heartbeat:
    """A line now and then, so that a long download is not taken for a hang."""

    def __enter__(self) -> None:
        self._ended = threading.Event()
        self._began_s = time.monotonic()
        threading.Thread(target=self._beat, daemon=True).start()

    def _beat(self) -> None:
        while not self._ended.wait(HEARTBEAT_S):
            say(f"    ... {time.monotonic() - self._began_s:.0f} s")

    def __exit__(self, *_: object) -> None:
        self._ended.set()
