"""Take each guard out by itself and see a test fail: what `docs/security.md` promises is held by code that is tested.

    python -m tests.guards                  all of them
    python -m tests.guards --only receipt   those whose promise, name or file holds the word
    python -m tests.guards --json

The tracked files are copied, and all the tests must pass in the copy. Then each guard is taken out of a copy of its
own, and one of its tests must fail there. That nothing could be collected, that a name was missing, or that pytest
itself broke off shows nothing, and counts as such. The guards themselves: `tests/guards_taken_out.py`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from tests.conftest import REPOSITORY
from tests.guards_taken_out import GUARDS, Guard

TEST_FAILED = 1  # pytest's exit status; 2 and above: it was interrupted, broke, was called wrongly, found no tests
TIMEOUT_S = 60
OPTIONS = ("-p", "no:cacheprovider", "--tb=line", "-rfE", "--hypothesis-seed=0", f"--timeout={TIMEOUT_S}")
_FAILED = re.compile(r"^FAILED (.+?)(?: - (.*))?$", re.MULTILINE)
_ONLY_BROKEN = re.compile(r"(?:NameError|SyntaxError|IndentationError|ImportError|ModuleNotFoundError)\b")


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of some tests."""

    status: int
    failed: str  # the first test that failed; "": none did
    why: str
    said: str

    @property
    def is_red(self) -> bool:
        """Whether a test failed, and for another reason than that the code cannot run at all."""
        return self.status == TEST_FAILED and bool(self.failed) and not _ONLY_BROKEN.match(self.why)


@dataclass(frozen=True, slots=True)
class Shown:
    """One guard taken out."""

    promise: str
    guard: str
    is_red: bool
    failed: str
    why: str
    seconds: float

    def __str__(self) -> str:
        path, _, test = self.failed.partition("::")
        seen = f"{Path(path).name}::{test}" if test else self.why
        return f"{'red' if self.is_red else 'GREEN':5} {self.seconds:5.1f} s  {self.promise}: {self.guard}  |  {seen}"


def shown(guards: Sequence[Guard]) -> Iterator[Shown]:
    """Each guard taken out, one after the other.

    Raises: click.ClickException, where a guard is not there, or a test fails though nothing was taken out.
    """
    for guard in guards:  # now, rather than after minutes
        taken_out((REPOSITORY / guard.file).read_text(encoding="utf-8"), guard)
    with tempfile.TemporaryDirectory(prefix="inhouse-guards-") as name:
        whole = Path(name) / "whole"
        copy_tracked(whole)
        before = tried(whole, [test for guard in guards for test in guard.tests])
        if before.status:
            raise click.ClickException(f"The tests fail though nothing was taken out.\n{before.said}")
        for guard in guards:
            yield _without(whole, Path(name) / "without", guard)


def _without(whole: Path, folder: Path, guard: Guard) -> Shown:
    started = time.perf_counter()
    shutil.copytree(whole, folder)  # with what was compiled, which fits as long as a source's time is the same
    source = folder / guard.file
    source.write_text(taken_out(source.read_text(encoding="utf-8"), guard), encoding="utf-8")
    found = tried(folder, guard.tests, "-x")
    shutil.rmtree(folder)
    why = found.why or f"pytest ended with {found.status}"
    return Shown(guard.promise, guard.name, found.is_red, found.failed, why, round(time.perf_counter() - started, 1))


def taken_out(source: str, guard: Guard) -> str:
    """A source without a guard. Raises: click.ClickException, where its text does not stand there exactly once."""
    if (count := source.count(guard.text)) != 1:
        raise click.ClickException(f"{guard.file} holds the text of “{guard.name}” {count} times, not once.")
    return source.replace(guard.text, guard.without)


def copy_tracked(target: Path) -> None:
    """Copy what git tracks, as it stands in the working tree."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPOSITORY / name, target / name)


def tried(folder: Path, tests: Sequence[str], *options: str) -> Tried:
    """Run tests in a copy; it finds the shared data where the original does."""
    data = os.environ.get("INHOUSE_DATA", str(REPOSITORY.parent / "shared" / "data"))
    environment = os.environ | {"INHOUSE_DATA": data, "COLUMNS": "300"}
    command = [sys.executable, "-m", "pytest", *OPTIONS, *options, *dict.fromkeys(tests)]
    # The usual umask: under a strict one a file would be its owner's also where nobody sees to that.
    done = subprocess.run(command, cwd=folder, env=environment, umask=0o022, capture_output=True, text=True)
    first = _FAILED.search(done.stdout)
    failed, why = (first[1], first[2] or "") if first else ("", "")
    return Tried(done.returncode, failed, why, (done.stdout + done.stderr)[-4000:])


@click.command()
@click.option("--only", default="", help="Those whose promise, name or file holds this.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, at the end.")
def main(only: str, as_json: bool) -> None:
    """Take the guards out, one line for each; exit status 0 only where a test failed for every one of them."""
    guards = [each for each in GUARDS if only.lower() in f"{each.promise} {each.name} {each.file}".lower()]
    found = []
    for each in shown(guards):
        found.append(each)
        if not as_json:
            click.echo(each)
    red = sum(each.is_red for each in found)
    if as_json:
        click.echo(json.dumps({"guards": len(found), "red": red, "shown": [asdict(each) for each in found]}))
    else:
        click.echo(f"{red} of {len(found)} guards: a test fails without it")
    sys.exit(0 if found and red == len(found) else 1)


if __name__ == "__main__":
    main()
