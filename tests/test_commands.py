"""The commands as a newcomer runs them: real processes, real models, real files."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from bot.cli import COMMANDS, main

REPOSITORY = Path(__file__).resolve().parent.parent
SAMPLES = REPOSITORY / "bot" / "samples"
STEPS = [
    *("upload", "ask", "follow-up", "second-user", "refuse"),
    *("direct-message", "agent-pane", "private-ask", "commands"),
    *("shortcut-ask", "shortcut-summary", "shortcut-add", "library", "home"),
    *("edit", "again", "feedback", "quiet"),
    *("kill", "delete", "ask-deleted"),
]


def inhouse(*arguments: str, data_dir: Path, checkpoints: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, without a terminal."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("INHOUSE_", "SLACK_"))}
    environment = kept | {"INHOUSE_DATA_DIR": str(data_dir), "PYTHONPATH": str(REPOSITORY)}
    if checkpoints:
        environment["INHOUSE_CHECKPOINT_DIR"] = str(checkpoints)
    return subprocess.run(
        [sys.executable, "-m", "bot.cli", *arguments],
        env=environment,
        cwd=data_dir,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def one_json_object(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What the command printed: exactly one JSON object and nothing else on standard output."""
    assert len(done.stdout.strip().splitlines()) == 1, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_prints_help_that_says_what_it_does(command: str, tmp_path: Path) -> None:
    done = inhouse(command, "--help", data_dir=tmp_path)
    assert done.returncode == 0
    assert len(done.stdout) > 150
    pages = "".join((REPOSITORY / page).read_text() for page in ("README.md", "docs/operations.md"))
    assert re.search(rf"(`|^)inhouse {command}", pages, re.MULTILINE)


@click.command()
@click.argument("path")
def write(path: str) -> None:
    """A command that writes a file as any code does that thinks of no rights."""
    Path(path).write_text("The team's text.")


def test_what_a_command_writes_is_for_its_user_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COMMANDS, "write", "tests.test_commands:write")
    before = os.umask(0o022)
    try:
        assert CliRunner().invoke(main, ["write", str(tmp_path / "file")]).exit_code == 0
        assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600
        assert os.umask(0o022) == 0o022, "whoever calls it keeps their own"
    finally:
        os.umask(before)


def test_run_without_a_model_says_what_to_set(tmp_path: Path) -> None:
    done = inhouse("run", data_dir=tmp_path)
    assert done.returncode == 1
    assert "INHOUSE_MODEL" in done.stderr
    assert "Traceback" not in done.stderr


def test_ask_without_a_question_says_so(tmp_path: Path) -> None:
    done = inhouse("ask", str(SAMPLES / "README.md"), "-q", "  ", "--json", data_dir=tmp_path)
    assert done.returncode == 1
    assert one_json_object(done) == {"ok": False, "error": "There is no question. Write it behind -q, in quotes."}


def test_an_unknown_setting_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("INHOUSE_MODLE=x\n")
    done = inhouse("ask", str(SAMPLES / "README.md"), "-q", "What?", data_dir=tmp_path)
    assert done.returncode == 1
    assert "INHOUSE_MODLE" in done.stderr
    assert "did you mean INHOUSE_MODEL" in done.stderr


def test_a_port_in_use_is_a_sentence(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = inhouse("workspace", "--port", str(taken.getsockname()[1]), data_dir=tmp_path)
    assert done.returncode == 1
    assert "already in use" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_ask_answers_from_real_files_with_the_right_page(tmp_path: Path, checkpoints: Path) -> None:
    files = [str(SAMPLES / name) for name in ("helios-3-manual.pdf", "supply-agreement.docx", "price-list.xlsx")]
    question = "How long is the warranty of the Helios 3?"
    done = inhouse("ask", *files, "-q", question, "--json", data_dir=tmp_path, checkpoints=checkpoints)
    answer = one_json_object(done)
    assert done.returncode == 0
    assert not answer["refused"]
    assert answer["citations"][0]["file"] == "helios-3-manual.pdf"
    assert answer["citations"][0]["page"] == 6
    assert "36 months" in answer["citations"][0]["quote"]
    assert answer["timing"]["first_text_s"] > 0


@pytest.mark.slow
def test_ask_refuses_what_the_files_do_not_say_and_names_unread_ones(tmp_path: Path, checkpoints: Path) -> None:
    shutil.copy(sys.executable, tmp_path / "report.pdf")
    files = [str(SAMPLES / "price-list.xlsx"), str(tmp_path / "report.pdf")]
    question = "Who won the world cup in 1998?"
    answer = one_json_object(
        inhouse("ask", *files, "-q", question, "--json", data_dir=tmp_path, checkpoints=checkpoints)
    )
    assert answer["refused"]
    assert answer["searched"] == ["price-list.xlsx"]
    assert list(answer["not_read"]) == ["report.pdf"]


@pytest.mark.slow
def test_the_demo_holds_every_step(tmp_path: Path, checkpoints: Path) -> None:
    done = inhouse("demo", "--json", data_dir=tmp_path, checkpoints=checkpoints)
    result = one_json_object(done)
    assert [step["step"] for step in result["steps"]] == STEPS, done.stderr
    assert result["ok"], done.stderr
    assert done.returncode == 0
    ask = next(step for step in result["steps"] if step["step"] == "ask")
    assert set(ask) >= {"question", "answer", "refused", "citations", "first_text_s"}
    assert set(ask["citations"][0]) >= {"file", "page", "quote", "permalink"}
    kill = next(step for step in result["steps"] if step["step"] == "kill")
    assert kill["replies"] == 1
