"""The doctor finds what is wrong, says how to mend it, and shows no secret."""

from __future__ import annotations

import json
import sqlite3
from collections import namedtuple
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import checks, model_checks
from bot.cli.doctor import doctor
from bot.cli.library import load_models, worker_count
from bot.cli.outlook import Outlook
from bot.settings import Settings, variable
from rag.engine.limits import Facts, choose
from tests.rag.test_llms_local import save_tiny_model

DiskUsage = namedtuple("DiskUsage", "total used free")
ROOMY = Outlook(24 * 10**9, 8, "", 0, 0, True)


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (*map(variable, Settings.model_fields), "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INHOUSE_DATA_DIR", str(tmp_path / "data"))
    suppose(monkeypatch, ROOMY)
    # Others write to the disk meanwhile; what is printed twice has to be the same.
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda _: DiskUsage(10**12, 0, 10**12))


def suppose(monkeypatch: pytest.MonkeyPatch, outlook: Outlook) -> None:
    monkeypatch.setattr(Outlook, "of_this_machine", classmethod(lambda _cls: outlook))


def run() -> Result:
    return CliRunner().invoke(doctor, ["--json"])


def findings(result: Result) -> list[dict[str, str]]:
    return json.loads(result.stdout)["findings"]


def text_of(result: Result, check: str) -> str:
    return " ".join(f"{found['state']} {found['text']}" for found in findings(result) if found["check"] == check)


def test_json_is_one_object_and_nothing_else() -> None:
    result = run()
    assert len(result.stdout.splitlines()) == 1
    assert set(json.loads(result.stdout)) == {"ok", "findings"}


def test_every_finding_that_is_not_right_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    suppose(monkeypatch, Outlook(10**9, 1, "", 0, 0, False))
    for found in findings(run()):
        assert found["state"] == checks.OK or found["mend"] or found["text"].count(" ") > 5, found


def test_the_human_text_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = CliRunner().invoke(doctor, []).output
    assert all(found["text"] in printed for found in findings(run()))


def test_without_tokens_slack_is_skipped_with_the_reason() -> None:
    assert "skipped No Slack tokens are set" in text_of(run(), "slack")


def test_a_wrong_token_fails_and_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "hunter2-secret")
    result = run()
    assert result.exit_code == 1
    assert "fail INHOUSE_SLACK_BOT_TOKEN holds not a Slack token" in text_of(result, "slack")
    assert "hunter2" not in result.output


def test_a_wrong_setting_is_a_finding_not_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INHOUSE_WORKERS", "0")
    result = run()
    assert result.exit_code == 1
    assert "INHOUSE_WORKERS" in text_of(result, "settings")


def test_a_damaged_database_is_found(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data" / "inhouse.db").write_bytes(b"this is not a database at all" * 100)
    result = run()
    assert result.exit_code == 1
    assert "fail The database cannot be trusted" in text_of(result, "database")


def test_a_sound_database_is_not_changed_by_looking_at_it(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    path = tmp_path / "data" / "inhouse.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t(x)")
    connection.close()
    before = path.read_bytes()
    assert "the database is sound" in text_of(run(), "database")
    assert path.read_bytes() == before


def test_looking_makes_no_data_folder(tmp_path: Path) -> None:
    run()
    assert not (tmp_path / "data").exists()


def test_data_and_tokens_that_others_may_read_are_worth_a_look(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    (tmp_path / ".env").write_text("", encoding="utf-8")
    (tmp_path / ".env").chmod(0o644)
    found = text_of(run(), "data")
    assert "Other users of this machine may look into the data folder" in found
    assert ".env" in found


def test_a_gpu_beside_a_processor_only_pytorch_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    suppose(monkeypatch, Outlook(24 * 10**9, 8, "NVIDIA L4", 0, 24 * 10**9, True))
    monkeypatch.setattr(checks.importlib.metadata, "version", lambda _name: "2.13.0+cpu")
    found = list(checks.check_processor(Settings.load()))
    assert [f.state for f in found] == [checks.FAIL]
    assert "--torch cuda" in found[0].mend


def test_gpu_memory_that_others_hold_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    suppose(monkeypatch, Outlook(24 * 10**9, 8, "NVIDIA L4", 4 * 10**9, 24 * 10**9, True))
    monkeypatch.setattr(checks.importlib.metadata, "version", lambda _name: "2.13.0")
    (found,) = checks.check_processor(Settings.load())
    assert "others hold 20.0 GB" in found.text


def test_a_processor_without_avx512_bf16_is_worth_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    suppose(monkeypatch, Outlook(24 * 10**9, 8, "", 0, 0, False))
    assert "warn" in text_of(run(), "processor")


def test_what_is_chosen_for_the_model_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_checks.machine, "facts", lambda **_: Facts(2, 20 * 10**9))
    found = text_of(run(), "capacity")
    assert "2 processor threads; 8 answers at once, written by 2 threads side by side; 755 MB" in found
    assert "32,768 tokens that were read" in found
    assert "up to 8,192 tokens, read 512 at a time; 3 tokens guessed ahead" in found


@pytest.mark.parametrize(
    ("setting", "value", "shown"),
    [
        ("ANSWERS_AT_ONCE", "3", "; 3 answers at once"),
        ("CACHE_MEMORY_BYTES", "230400000", "230 MB for the last 10,000 tokens"),
        ("MODEL_WINDOW_TOKENS", "4000", "up to 4,000 tokens"),
        ("PROMPT_STEP_TOKENS", "64", "read 64 at a time"),
        ("DRAFT_TOKENS", "7", "7 tokens guessed"),
        ("THREADS", "5", "5 processor threads"),
    ],
)
def test_what_is_set_is_shown_instead(monkeypatch: pytest.MonkeyPatch, setting: str, value: str, shown: str) -> None:
    monkeypatch.setenv(f"INHOUSE_{setting}", value)
    assert shown in text_of(run(), "capacity")


def test_prompts_that_the_model_has_no_room_for_are_worth_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INHOUSE_MODEL_WINDOW_TOKENS", "1024")
    assert "warn A prompt may take 4,096 tokens and its answer 300" in text_of(run(), "capacity")


def test_the_memory_of_a_model_counts_the_cache_that_is_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    save_tiny_model(tmp_path / "tiny")
    monkeypatch.setenv("INHOUSE_MODEL", str(tmp_path / "tiny"))
    monkeypatch.setenv("INHOUSE_CACHE_MEMORY_BYTES", "600000000")
    found = text_of(run(), "model")
    assert "ok tiny needs 1.0 GB, 0.6 GB of it for what it has read" in found


@pytest.mark.slow
def test_the_loaded_model_keeps_to_what_is_shown(checkpoints: Path) -> None:
    settings = Settings.load(checkpoint_dir=checkpoints)
    size = model_checks._size(settings)
    llm, _ = load_models(settings)
    try:
        assert llm.engine.limits == choose(model_checks._facts(settings, size), size)  # type: ignore[attr-defined]
        assert worker_count(settings, llm) == llm.engine.limits.streams  # type: ignore[attr-defined]
    finally:
        llm.close()


def test_a_missing_model_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INHOUSE_MODEL", "nobody/nothing")
    result = run()
    assert result.exit_code == 1
    assert "is not on this machine" in text_of(result, "model")


def test_the_trial_model_is_worth_a_look_and_a_better_one_is_named() -> None:
    found = [f for f in findings(run()) if f["check"] == "model"]
    assert found[0]["state"] == "warn"
    assert "Qwen3" in found[0]["mend"]


def test_a_package_that_fetches_code_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    real = checks.importlib.util.find_spec
    monkeypatch.setattr(checks.importlib.util, "find_spec", lambda name: name == "kernels" or real(name))
    assert any("kernels" in found.text for found in checks.check_packages(Settings.load()))


def test_a_package_of_another_version_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks.importlib.metadata, "requires", lambda _name: ["click==1.0", "absent-package==2"])
    (found,) = checks.check_packages(Settings.load())
    assert found.state == checks.FAIL
    assert "absent-package is missing" in found.text


def test_a_proxys_password_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INHOUSE_PROXY", "http://user:secret@proxy.local:3128")
    result = run()
    assert "ok Slack is called through the proxy proxy.local:3128" in text_of(result, "proxy")
    assert "secret" not in result.output


def test_a_proxy_that_only_the_environment_names_is_not_used_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@proxy.local:3128")
    result = run()
    assert "warn HTTPS_PROXY names proxy.local, which is not looked at" in text_of(result, "proxy")
    assert "secret" not in result.output


def test_tokens_that_would_go_elsewhere_than_to_slack_are_worth_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INHOUSE_SLACK_API_URL", "https://elsewhere.example/api/")
    assert "elsewhere.example instead of Slack" in text_of(run(), "privacy")
