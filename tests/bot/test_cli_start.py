"""`inhouse --help` and the help of every command answer at once: nothing heavy is imported for them."""

from __future__ import annotations

import subprocess
import sys

import pytest

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
