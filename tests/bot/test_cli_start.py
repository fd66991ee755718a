"""`inhouse --help` and the help of every command answer at once; `inhouse run` closes the ways out first."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner

from bot.cli import run

HEAVY = ("torch", "transformers", "sentence_transformers", "numba", "bitsandbytes")


@pytest.mark.parametrize("arguments", [["--help"], ["ask", "--help"], ["run", "--help"], ["bench", "--help"]])
def test_help_imports_no_model_library(arguments: list[str]) -> None:
    code = (
        "import sys; from bot.cli import main\n"
        f"try: main({arguments!r})\n"
        f"except SystemExit as end: print(end.code, [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 []"


def test_the_workspace_alone_imports_no_heavy_library() -> None:
    """So that it is there within a second."""
    code = (
        "import sys; from bot.cli import main\n"
        "try: main(['workspace', '--coverage'])\n"
        "except SystemExit: print([n for n in ('numpy', 'faiss', 'sqlite_utils', 'torch') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_ways_out_are_closed_before_the_bot_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    async def served(*_: object) -> None:
        done.append("served")

    for name in ("set_up_logging", "guard_last_words"):  # both are for the life of a process
        monkeypatch.setattr(run, name, lambda *_: None)
    monkeypatch.setattr(run, "install", lambda _: done.append("closed"))
    monkeypatch.setattr(run, "serve_and_leave", served)
    assert CliRunner().invoke(run.run, [], catch_exceptions=False).exit_code == 0
    assert done == ["closed", "served"]
