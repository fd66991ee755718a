"""`inhouse doctor --privacy` shows what is refused, and notices where something is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bot.cli.doctor import doctor
from bot.cli.findings import FAIL, OK
from bot.cli.privacy import ATTEMPTS, attempt
from bot.egress import Guard
from tests.conftest import REPOSITORY

TOKEN = "xoxb-1111-2222-notatoken"


def examine(folder: Path, *options: str, **variables: str) -> tuple[int, dict[str, Any], str]:
    """Exit status, the JSON object, and all that was printed; in a process of its own, which stays shut in."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    kept |= {"PYTHONPATH": str(REPOSITORY), "INHOUSE_DATA_DIR": str(folder / "data")} | variables
    command = [sys.executable, "-m", "bot.cli", "doctor", "--privacy", "--json", *options]
    done = subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True, timeout=240)
    assert len(done.stdout.splitlines()) == 1, done.stderr[-2000:]
    return done.returncode, json.loads(done.stdout), done.stdout + done.stderr


def about(said: dict[str, Any], check: str) -> list[tuple[str, str]]:
    return [(found["state"], found["text"]) for found in said["findings"] if found["check"] == check]


def test_everything_that_must_not_be_possible_is_refused_and_the_rest_is_as_it_should_be(tmp_path: Path) -> None:
    status, said, _ = examine(tmp_path)
    assert status == 0 and said["ok"], said
    refused = about(said, "refused")
    assert len(refused) == len(ATTEMPTS) and all("nothing was sent" in text for _, text in refused)
    assert any("slack.com port 443" in text for _, text in about(said, "allowed"))
    assert "HF_HUB_OFFLINE=1" in about(said, "offline")[0][1]
    assert {found["check"] for found in said["findings"]} == {
        *("allowed", "refused", "offline", "reader", "files", "tokens")
    }
    if sys.platform == "linux":
        assert all(state == OK for state, _ in about(said, "reader")) and len(about(said, "reader")) == 2


def test_what_others_may_read_and_tokens_among_arguments_are_found_and_never_shown(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data" / "left-open.db").touch(mode=0o644)
    (tmp_path / ".env").write_text("# nothing in it\n")
    (tmp_path / ".env").chmod(0o644)
    waiting = subprocess.Popen([sys.executable, "-c", "input()", f"--token={TOKEN}"], stdin=subprocess.PIPE)
    try:
        status, said, printed = examine(tmp_path)
    finally:
        waiting.communicate(b"\n")
    assert status == 1 and not said["ok"]
    (first, second) = about(said, "files")
    assert first[0] == second[0] == FAIL and "left-open.db" in first[1] and ".env" in second[1]
    ((state, text),) = about(said, "tokens")
    assert state == FAIL and str(waiting.pid) in text and TOKEN not in printed


def test_the_examinations_tokens_are_not_inherited_by_the_process_that_reads_files(tmp_path: Path) -> None:
    status, said, printed = examine(
        tmp_path,
        SLACK_BOT_TOKEN=TOKEN,
        INHOUSE_SLACK_API_URL="http://127.0.0.1:9/api/",
        HTTPS_PROXY="http://10.9.9.9:1",
    )
    assert status == 0, said
    assert all(state == OK for state, _ in about(said, "reader")) and TOKEN not in printed
    assert {text.split(" port ")[0] for _, text in about(said, "allowed")} == {"127.0.0.1", "::1", "localhost"}


def test_a_way_out_that_is_not_refused_is_wrong() -> None:
    assert attempt(Guard(()), "A way", lambda: None).state == FAIL


def test_a_failure_that_is_not_our_refusal_proves_nothing() -> None:
    def fails() -> None:
        raise OSError("network is unreachable")

    assert attempt(Guard(()), "A way", fails).state == FAIL


def test_privacy_and_live_do_not_go_together() -> None:
    result = CliRunner().invoke(doctor, ["--privacy", "--live", "C1"])
    assert result.exit_code == 2 and "--privacy goes alone" in result.output


@pytest.mark.parametrize("mode", [0o755, 0o777])
def test_a_data_folder_that_was_open_is_closed_when_it_is_used(tmp_path: Path, mode: int) -> None:
    from bot.cli.library import open_library
    from bot.settings import Settings
    from tests.rag.fakes import HashEmbedder, ScriptedModel

    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(mode)
    settings = Settings.load(env_file=None, data_dir=folder)
    with open_library(settings, (ScriptedModel(), HashEmbedder())) as library:
        library.ingester.ingest("s", "1", "a.txt", b"The rent is due on Monday.")
    opened = [path.name for path in (folder, *folder.rglob("*")) if path.stat().st_mode & 0o077]
    assert not opened
