"""Brings `.venv` up to date with the lock files: `python3 tools/setup.py [--test]`.

Standard library only, and plain enough that an old Python reads it and says what is needed. Each
stage leaves a stamp (what it installed from), so a set-up with nothing to do ends at once. One that
was cut off goes on where it was: the cut stage is installed over again, and the command `inhouse`
is there only while every stage is done.
"""

import argparse
import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from installer import Pip, SetupStopped, say

OLDEST, NEWEST = (3, 11), (3, 14)  # PyTorch has builds for these
TORCH = "2.13.0"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
PROBE_TIMEOUT_S = 3
NEEDED_GB = {"cpu": 3, "cuda": 9}  # of free disk for a first set-up
CUT = "begun"  # the stamp of a stage that has not ended
ROOT = Path(__file__).resolve().parent.parent


class Stage:
    """One step: what it installs from (``key``), and the work, told whether it was cut off before.

    The work returns the megabytes that it downloaded, or None where that means nothing.
    """

    def __init__(self, name: str, key: str, work: object) -> None:
        self.name, self.key, self.work = name, key, work


class Setup:
    """The stages for one environment folder and one build of PyTorch ("cpu" or "cuda")."""

    def __init__(self, venv: Path, build: str, with_tests: bool = False) -> None:
        self.venv, self.build = venv, build
        self.python, self.command = venv / "bin" / "python", venv / "bin" / "inhouse"
        self.stamps_file = venv / "inhouse-setup.json"
        self.stages = [
            Stage("environment", str(venv), self._make_environment),
            self._locked("packages", "requirements.lock"),
            # After the packages: what PyTorch needs of them is then there, with the lock's hashes.
            Stage("PyTorch", f"{TORCH} {build}", self._install_torch),
            self._locked("embedded models", "models.lock"),
            *([self._locked("test tools", "requirements-test.lock")] if with_tests else []),
            Stage("inhouse", f"{_digest('pyproject.toml')} in {ROOT}", self._install_project),
        ]

    def left_to_do(self) -> list:
        """The stages that are not done, in order; the last is due whenever another is."""
        if not self.python.exists():  # also where the Python that it was made from has gone
            return self.stages
        stamps = self._stamps()
        due = [stage for stage in self.stages[:-1] if stamps.get(stage.name) != stage.key]
        project = self.stages[-1]
        done = not due and stamps.get(project.name) == project.key and self.command.exists()
        return [] if done else [*due, project]

    def run(self) -> None:
        """Do what is left, each stage printed with its time. Raises: SetupStopped."""
        with _only_one_setup() as held_fd:
            due = self.left_to_do()
            if not due:
                return
            self.pip = Pip(self.python, self.venv / "inhouse-setup.log", held_fd)
            began_s = time.monotonic()
            say(f"Setting up {self.venv.name}: {', '.join(stage.name for stage in due)}.")
            self._check_room(first=len(due) == len(self.stages))
            if self.command.exists():
                self.command.unlink()  # nobody runs a half-changed environment
            downloaded_mb = sum(self._run_stage(stage) for stage in due)
            say(f"Set up in {time.monotonic() - began_s:.0f} s, {downloaded_mb:.0f} MB downloaded.\n")

    def _run_stage(self, stage: Stage) -> float:
        was_cut = self._stamps().get(stage.name) == CUT
        began_s = time.monotonic()
        self._stamp(stage.name, CUT)
        downloaded_mb = stage.work(was_cut) or 0.0
        self._stamp(stage.name, stage.key)
        size = f", {downloaded_mb:.0f} MB downloaded" if downloaded_mb else ""
        say(f"  {stage.name:<16}{time.monotonic() - began_s:6.1f} s{size}")
        return downloaded_mb

    def _check_room(self, first: bool) -> None:
        free_gb = shutil.disk_usage(ROOT).free / 1e9
        if first and free_gb < NEEDED_GB[self.build]:
            raise SetupStopped(f"it needs {NEEDED_GB[self.build]} GB of free disk, and {free_gb:.1f} GB are free.")

    # --- what the stages do

    def _make_environment(self, _was_cut: bool) -> None:
        """An environment that works is kept, whoever made it; any other is made anew."""
        probe = f"import sys, pip; sys.exit(not {OLDEST} <= sys.version_info[:2] <= {NEWEST})"
        if self.python.exists() and _quietly([self.python, "-I", "-c", probe]).returncode == 0:
            return
        made = _quietly([sys.executable, "-m", "venv", "--clear", self.venv])
        if made.returncode:
            say(made.stdout.decode(errors="replace").strip())
            raise SetupStopped("Python could not make a virtual environment; on Debian, install python3-venv.")

    def _locked(self, name: str, lock: str) -> Stage:
        options = ["--require-hashes", "--no-deps", "-r", str(ROOT / lock)]
        return Stage(name, _digest(lock), lambda was_cut: self.pip.install(*options, over=was_cut))

    def _install_torch(self, was_cut: bool) -> float:
        options, words = torch_request(self.build, self.pip.offered("torch"))
        say(f"  PyTorch {TORCH}: {words}")
        return self.pip.install(*options, over=was_cut)

    def _install_project(self, was_cut: bool) -> None:
        self.pip.install("--no-deps", "--no-build-isolation", "--editable", str(ROOT), over=was_cut)

    # --- stamps

    def _stamps(self) -> dict:
        try:
            return json.loads(self.stamps_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}

    def _stamp(self, name: str, key: str) -> None:
        stamps = {**self._stamps(), name: key}
        self.venv.mkdir(exist_ok=True)
        new = self.stamps_file.with_suffix(".new")
        new.write_text(json.dumps(stamps, indent=1), encoding="utf-8")
        new.replace(self.stamps_file)


def torch_request(build: str, offered: list) -> tuple:
    """What to ask pip for, and a sentence about where that comes from and how large it is.

    ``===`` shuts out a local CPU build (2.13.0+cpu), which pip would prefer to the plain version.
    """
    if build == "cuda":
        local = [version for version in offered if version.startswith(f"{TORCH}+cu")]
        return [f"torch==={(local or [TORCH])[0]}"], "the CUDA build for this machine's GPU, 2.7 GB with its libraries."
    if sys.platform == "darwin":
        return [f"torch==={TORCH}"], "the build for macOS, about 0.1 GB."
    cpu = ["--no-deps", f"torch=={TORCH}+cpu"]
    if f"{TORCH}+cpu" in offered:
        return cpu, "no NVIDIA GPU here, so the CPU build that is at hand, 0.2 GB."
    if _reachable(CPU_INDEX):
        return [*cpu, "--index-url", CPU_INDEX], "no NVIDIA GPU here, so the CPU build from PyTorch's index, 0.2 GB."
    return [f"torch==={TORCH}"], (
        "PyTorch's own index is out of reach, so this is the general build with its CUDA libraries, "
        "2.7 GB, though there is no NVIDIA GPU here."
    )


def has_gpu() -> bool:
    """Whether an NVIDIA GPU with its driver is here."""
    if Path("/proc/driver/nvidia/version").exists():
        return True
    return bool(shutil.which("nvidia-smi")) and b"GPU " in _quietly(["nvidia-smi", "-L"]).stdout


def wrong_python(version: tuple) -> str:
    """Why this Python will not do; empty if it will."""
    if OLDEST <= version[:2] <= NEWEST:
        return ""
    names = [f"python3.{minor}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
    found = [name for name in names if shutil.which(name)]
    hint = (
        f"{found[0]} is here too: run `make PYTHON={found[0]} ...`."
        if found
        else "install one of these, then try again."
    )
    return f"Inhouse needs Python 3.{OLDEST[1]} to 3.{NEWEST[1]}, and this is {platform.python_version()}; {hint}"


def main() -> None:
    """Bring the environment up to date as the command line asks; ends with a sentence if that fails."""
    if wrong_python(sys.version_info):
        sys.exit(wrong_python(sys.version_info))
    parser = argparse.ArgumentParser(description="Bring the virtual environment up to date with the lock files.")
    parser.add_argument("--test", action="store_true", help="also install what tests and checks need")
    parser.add_argument("--torch", choices=["auto", "cpu", "cuda"], default="auto", help="which build of PyTorch")
    options = parser.parse_args()
    build = options.torch if options.torch != "auto" else "cuda" if has_gpu() else "cpu"
    setup = Setup(ROOT / ".venv", build, with_tests=options.test)
    try:
        if setup.left_to_do():
            setup.run()
    except SetupStopped as stopped:
        sys.exit(f"Set-up stopped: {stopped} Run the same command again to go on from here.")
    except KeyboardInterrupt:
        sys.exit("\nSet-up stopped. Run the same command again to go on from here.")


class _only_one_setup:
    """One at a time in this folder. Gives the lock's descriptor, which pip shares, should this process be killed."""

    def __enter__(self) -> int:
        self._folder = os.open(str(ROOT), os.O_RDONLY)
        try:
            fcntl.flock(self._folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another set-up is at work in this folder; waiting for it.")
            fcntl.flock(self._folder, fcntl.LOCK_EX)
        return self._folder

    def __exit__(self, *_: object) -> None:
        os.close(self._folder)


def _reachable(address: str) -> bool:
    try:
        urllib.request.urlopen(f"{address}/torch/", timeout=PROBE_TIMEOUT_S).close()
    except (OSError, ValueError):
        return False
    return True


def _quietly(command: list) -> subprocess.CompletedProcess:
    words = [str(word) for word in command]
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)


def _digest(name: str) -> str:
    return hashlib.sha256((ROOT / name).read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
