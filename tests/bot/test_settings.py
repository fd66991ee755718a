"""Settings come from one place, are checked once, and never show a token."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.settings import Settings, example, variable
from rag.errors import SettingsError
from tests.conftest import REPOSITORY

SECRET = "xoxb-12345-very-secret"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (*map(variable, Settings.model_fields), "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def refusal(**overrides: object) -> str:
    with pytest.raises(SettingsError) as caught:
        Settings.load(**overrides)
    return caught.value.user_message


def test_nothing_has_to_be_set() -> None:
    settings = Settings.load()
    assert settings.slack_api_url == "https://slack.com/api/"
    assert settings.model is None
    assert settings.allow_trial_model is False


def test_an_override_beats_the_environment_which_beats_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("INHOUSE_WORKERS=3\nINHOUSE_QUEUE_LIMIT=30\nINHOUSE_THREADS=1\n", encoding="utf-8")
    monkeypatch.setenv("INHOUSE_QUEUE_LIMIT", "40")
    monkeypatch.setenv("INHOUSE_THREADS", "2")
    settings = Settings.load(threads=5)
    assert (settings.workers, settings.queue_limit, settings.threads) == (3, 40, 5)


@pytest.mark.parametrize(
    "names", [("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"), ("INHOUSE_SLACK_BOT_TOKEN", "INHOUSE_SLACK_APP_TOKEN")]
)
def test_tokens_are_read_under_slacks_own_names_too(monkeypatch: pytest.MonkeyPatch, names: tuple[str, str]) -> None:
    monkeypatch.setenv(names[0], f" {SECRET}\n")
    Path(".env").write_text(f"{names[1]}=xapp-1\n", encoding="utf-8")
    settings = Settings.load()
    assert settings.slack_bot_token is not None
    assert settings.slack_app_token is not None
    assert settings.slack_bot_token.get_secret_value() == SECRET
    assert settings.slack_app_token.get_secret_value() == "xapp-1"


def test_a_token_is_read_from_a_file_that_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{SECRET}\n")
    monkeypatch.setenv("INHOUSE_SLACK_BOT_TOKEN_FILE", str(tmp_path / "token"))
    settings = Settings.load()
    assert settings.slack_bot_token is not None and settings.slack_bot_token.get_secret_value() == SECRET
    assert SECRET not in repr(settings)
    monkeypatch.setenv("SLACK_BOT_TOKEN", SECRET)
    assert "not both" in refusal()


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe"])
def test_a_token_file_that_is_of_no_use_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    said = refusal(slack_app_token_file=path)
    assert "INHOUSE_SLACK_APP_TOKEN_FILE" in said and str(tmp_path) not in said


def test_a_token_is_never_shown() -> None:
    settings = Settings.load(slack_bot_token=SECRET)
    assert SECRET not in f"{settings!r} {settings} {settings.model_dump_json()}"


def test_a_token_is_not_shown_by_an_error_about_another_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", SECRET)
    with pytest.raises(SettingsError) as caught:
        Settings.load(workers="many")
    assert caught.value.__cause__ is None
    assert SECRET not in str(caught.value)


def test_a_mistyped_variable_is_refused_with_the_one_that_was_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INHOUSE_WORKRES", "2")
    assert refusal() == "There is no setting INHOUSE_WORKRES; did you mean INHOUSE_WORKERS?"


def test_a_mistyped_line_of_the_file_is_refused() -> None:
    Path(".env").write_text("inhouse_modle=x\n", encoding="utf-8")
    assert "did you mean INHOUSE_MODEL?" in refusal()


def test_a_mistyped_override_is_refused() -> None:
    assert "did you mean workers?" in refusal(wrokers=2)


def test_variables_of_other_programs_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INHOUSE_DATA", "somewhere")
    Path(".env").write_text("COMPOSE_PROJECT_NAME=bot\n", encoding="utf-8")
    assert Settings.load().workers is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("workers", "0"),
        ("workers", "two"),
        ("queue_limit", "-1"),
        ("max_answer_tokens", "0"),
        ("parse_timeout_s", "0"),
        ("quant_type", "int8"),
        ("log_level", "LOUD"),
        ("allow_trial_model", "perhaps"),
        ("slack_api_url", "http://slack.com/api/"),
        ("slack_api_url", "slack.com"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_its_variables_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(variable(name), value)
    sentence = refusal()
    assert variable(name) in sentence
    assert sentence.endswith(".")


def test_two_wrong_values_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INHOUSE_WORKERS", "0")
    monkeypatch.setenv("INHOUSE_THREADS", "0")
    assert "INHOUSE_WORKERS" in refusal()
    assert "INHOUSE_THREADS" in refusal()


def test_a_file_that_is_not_text_is_refused() -> None:
    Path(".env").write_bytes(b"\xff\xfe\x00I\x00")
    assert "UTF-8" in refusal()


def test_a_local_workspace_may_be_spoken_to_in_the_clear() -> None:
    assert Settings.load(slack_api_url="http://127.0.0.1:8080/api").slack_api_url == "http://127.0.0.1:8080/api/"


def test_the_data_folder_does_not_depend_on_where_the_bot_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.load().data_dir == Path.home() / ".local" / "share" / "inhouse"
    monkeypatch.setenv("XDG_DATA_HOME", "/elsewhere")
    assert Settings.load().data_dir == Path("/elsewhere/inhouse")
    assert Settings.load(data_dir="~/x").data_dir == Path.home() / "x"


def test_an_empty_value_means_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INHOUSE_MODEL", "")
    assert Settings.load().model is None


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValidationError):
        Settings.load().workers = 5  # type: ignore[misc]


def test_every_setting_is_described() -> None:
    assert all(field.description and field.description.endswith(".") for field in Settings.model_fields.values())


def test_the_example_file_is_what_the_settings_say() -> None:
    """`make env` writes it anew."""
    assert (REPOSITORY / ".env.example").read_text(encoding="utf-8") == example()


def test_the_example_file_as_it_stands_sets_nothing() -> None:
    Path(".env").write_text(example(), encoding="utf-8")
    assert Settings.load() == Settings.load(env_file=None)


def test_the_example_file_with_every_line_taken_up_sets_the_defaults() -> None:
    Path(".env").write_text(re.sub(r"(?m)^#(?=INHOUSE_)", "", example()), encoding="utf-8")
    assert Settings.load() == Settings.load(env_file=None)
