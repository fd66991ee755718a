"""Every setting of the product, read once at the start from the environment and `.env`, then passed down.

This is the only room that looks at the environment. It checks shapes and ranges; whether a token
works or a model exists is found out by `bot.preflight` and `rag.llms`.
"""

from __future__ import annotations

import difflib
import os
import ssl
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    Field,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    ValidationError,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from rag.errors import SettingsError

PREFIX = "INHOUSE_"
ENV_FILE = Path(".env")
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
SLACK_DOMAINS = ("slack.com", "slack-edge.com")  # with all that lies below: the Web API, Socket Mode, files

# Read by the tests, not by the product: where the evaluation sets lie, where screenshots go.
_OTHERS_VARIABLES = frozenset({"INHOUSE_DATA", "INHOUSE_PICTURES"})


def _default_data_dir() -> Path:
    """The user's data folder, not the current one: started from elsewhere, the bot still knows its files."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "inhouse"


def _checked_url(url: str) -> str:
    """Tokens travel to this address: in the clear only where they do not leave the machine."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ValueError("it must start with https:// (or http://127.0.0.1 for a local workspace)")
    return url if url.endswith("/") else f"{url}/"


def _checked_proxy(value: SecretStr | None) -> SecretStr | None:
    """The scheme says how the proxy itself is spoken to; Slack's TLS goes through it unopened either way."""
    parts = urlsplit(value.get_secret_value()) if value else None
    if parts and (parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/")):
        raise ValueError("it must look like http://proxy.example:3128")
    return value


def _checked_ca_file(path: Path | None) -> Path | None:
    """Raises: ValueError here rather than a puzzling error at the first call."""
    if path is not None:
        try:
            ssl.create_default_context().load_verify_locations(path)
        except (OSError, ssl.SSLError):
            raise ValueError("there must be a file with certificates in PEM form that this user may read") from None
    return path


def _stripped(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


Token = Annotated[SecretStr | None, BeforeValidator(_stripped)]
Level = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)]
Proxy = Annotated[SecretStr | None, BeforeValidator(_stripped), AfterValidator(_checked_proxy)]
Folder = Annotated[Path, AfterValidator(lambda path: path.expanduser())]


class Settings(BaseSettings):
    """All settings; each is the variable ``INHOUSE_<NAME>``. Build it with `load`."""

    model_config = SettingsConfigDict(
        frozen=True,
        env_prefix=PREFIX,
        env_file=ENV_FILE,
        env_file_encoding="utf-8",
        env_ignore_empty=True,  # `INHOUSE_MODEL=` means: not set
        extra="ignore",  # `.env` may hold other programs' variables; ours are checked by `load`
        populate_by_name=True,
        validate_default=True,
        hide_input_in_errors=True,
        protected_namespaces=(),  # `model` is ours
    )

    # --- Slack
    slack_bot_token: Token = Field(
        None,
        validation_alias=AliasChoices("INHOUSE_SLACK_BOT_TOKEN", "SLACK_BOT_TOKEN"),
        description="Bot token, xoxb-..., from the app's page under 'OAuth & Permissions'. "
        "SLACK_BOT_TOKEN is read too.",
    )
    slack_app_token: Token = Field(
        None,
        validation_alias=AliasChoices("INHOUSE_SLACK_APP_TOKEN", "SLACK_APP_TOKEN"),
        description="App-level token, xapp-..., with the scope connections:write, from the app's page under "
        "'Basic Information'. SLACK_APP_TOKEN is read too.",
    )
    slack_bot_token_file: Folder | None = Field(
        None, description="A file that holds the bot token, so that it need not stand in the environment."
    )
    slack_app_token_file: Folder | None = Field(
        None, description="A file that holds the app-level token, so that it need not stand in the environment."
    )
    slack_api_url: Annotated[str, AfterValidator(_checked_url)] = Field(
        "https://slack.com/api/", description="Address of Slack's Web API; another one only for a local workspace."
    )
    proxy: Proxy = Field(
        None,
        description="Proxy through which Slack is called, http://host:port, with user:password@ before the host where "
        "it wants them. Unset: Slack is called straight; HTTPS_PROXY is not looked at.",
    )
    ca_file: Annotated[Folder | None, AfterValidator(_checked_ca_file)] = Field(
        None,
        description="File with certificates of your own authority (PEM), trusted beside the usual ones where Slack is "
        "called; for a proxy that opens TLS. Unset: the usual ones only.",
    )

    # --- data
    data_dir: Folder = Field(
        default_factory=_default_data_dir,
        description="Folder of the database, the original files, the search index and converted models. "
        "Unset: the folder 'inhouse' in XDG_DATA_HOME, else in ~/.local/share.",
    )
    checkpoint_dir: Folder | None = Field(
        None, description="Folder of converted models. Unset: the folder 'checkpoints' in the data folder."
    )

    # --- the models
    model: str | None = Field(
        None,
        description="Language model: a Hugging Face id that was pulled before, a folder, or a GGUF file. "
        "Unset: the embedded trial model.",
    )
    allow_trial_model: bool = Field(
        False,
        description="true lets `inhouse run` answer in Slack with the embedded trial model, which is often wrong.",
    )
    embedding_model: str | None = Field(
        None, description="Embedding model: a folder or a pulled Hugging Face id. Unset: the embedded one."
    )
    device_map: str = Field(
        "auto", description="Where the language model lies: auto, cpu, cuda, cuda:0 and so on.", min_length=1
    )
    threads: PositiveInt | None = Field(
        None, description="Processor threads for the models (count). Unset: one for each core that may be used."
    )
    answers_at_once: int | None = Field(
        None,
        ge=1,
        le=128,
        description="Answers that the model writes at the same time (count); more wait for their turn. Unset: as many "
        "as this machine writes at a reader's pace; `inhouse doctor` shows all that is chosen.",
    )
    cache_memory_bytes: int | None = Field(
        None,
        ge=50_000_000,
        description="Memory for what the model has read, so that a thread's next question is answered sooner (bytes). "
        "Unset: enough for eight long threads, but at most a quarter of what is free (of a GPU: 60%).",
    )
    model_window_tokens: int | None = Field(
        None,
        ge=512,
        description="Longest prompt together with its answer (tokens). Unset: 8192, or what the model and the memory "
        "allow where that is less.",
    )
    prompt_step_tokens: int | None = Field(
        None,
        ge=32,
        le=8192,
        description="How much of a prompt is read in one step (tokens); an answer is stopped between two steps. "
        "Unset: 512 on a processor, less for large models, and 2048 on a GPU.",
    )
    draft_tokens: int | None = Field(
        None,
        ge=0,
        le=16,
        description="How many tokens are guessed ahead where an answer quotes a file; 0 guesses none (tokens). The "
        "text is the same. Unset: 3 on a processor, none on a GPU.",
    )
    quant_type: Literal["nf4", "fp4"] = Field("nf4", description="Kind of 4-bit weights: nf4 or fp4.")
    double_quant: bool = Field(
        True, description="true also quantises the scales of the 4-bit weights: 0.4 bits a weight less memory."
    )
    context_tokens: int = Field(
        4096, ge=256, description="Room for instructions, passages and history in one prompt (tokens)."
    )
    max_answer_tokens: int = Field(300, ge=16, le=4096, description="Longest answer (tokens).")
    history_turns: int = Field(
        100,
        ge=0,
        le=1000,
        description="Earlier questions and answers of a thread that are known when it goes on (count). A prompt holds "
        "the last ones as far as there is room, and of the others those that are meant.",
    )
    reranker_model: Folder | None = Field(
        None,
        description="A folder with a cross-encoder that puts the best twenty passages in order. Unset: none is used.",
    )
    grounding_model: Folder | None = Field(
        None,
        description="A folder with a sequence classifier that says whether a passage supports a sentence, asked where "
        "looking it up leaves a doubt. Unset: the language model is asked, but for the trial model.",
    )

    # --- limits
    max_question_chars: PositiveInt = Field(4000, description="Longest question that is read (characters).")
    max_file_bytes: PositiveInt = Field(50_000_000, description="Largest file that is read (bytes).")
    parse_timeout_s: PositiveFloat = Field(60.0, description="Longest time for reading one file (seconds).")
    parse_memory_bytes: int = Field(
        1_000_000_000, ge=100_000_000, description="Most memory that reading one file may take (bytes)."
    )
    workers: int | None = Field(
        None,
        ge=1,
        le=128,
        description="Questions and files worked on at the same time, of these files at most half (count). Unset: as "
        "many as there are answers at once, at least 2.",
    )
    queue_limit: PositiveInt = Field(
        100, description="Questions and files that may wait; beyond it the asker is told to try later (count)."
    )

    replies_a_minute: PositiveInt = Field(
        5, description="Answers in one thread within a minute; what is asked beyond that waits (count)."
    )

    # --- the log
    log_level: Level = Field(
        "INFO", description="How much is logged: DEBUG, INFO, WARNING or ERROR; never any text of files or questions."
    )

    @classmethod
    def load(cls, env_file: Path | None = ENV_FILE, **overrides: Any) -> Settings:
        """The settings in force: ``overrides`` before the environment before ``env_file``.

        Raises: SettingsError — unknown, malformed or out of range; the sentence names the variable.
        """
        _refuse_unknown(overrides, prefix="")
        _refuse_unknown(os.environ, prefix=PREFIX)
        _refuse_unknown(_read_env_file(env_file), prefix=PREFIX)
        try:
            return _with_tokens(cls(**{"_env_file": env_file, **overrides}))
        except ValidationError as error:
            raise SettingsError(_sentence(error)) from None  # the cause could show a token

    def proxy_url(self) -> str | None:
        """The proxy that Slack is called through; none for a local workspace, which no proxy can reach."""
        is_local = urlsplit(self.slack_api_url).hostname in LOOPBACK
        return None if is_local or self.proxy is None else self.proxy.get_secret_value()

    def tls(self) -> ssl.SSLContext | None:
        """What certificates are held against where Slack is called: the usual ones and one's own; None: the usual."""
        if self.ca_file is None:
            return None
        context = ssl.create_default_context()
        context.load_verify_locations(self.ca_file)
        return context


def _with_tokens(settings: Settings) -> Settings:
    """The same with the tokens that lie in files. Raises: SettingsError."""
    found: dict[str, SecretStr] = {}
    for name in ("slack_bot_token", "slack_app_token"):
        path: Path | None = getattr(settings, f"{name}_file")
        if path is not None:
            if getattr(settings, name) is not None:
                raise SettingsError(f"Set {variable(name)} or {variable(name)}_FILE, not both.")
            found[name] = _token_in(path, variable(name))
    return settings.model_copy(update=found) if found else settings


def _token_in(path: Path, name: str) -> SecretStr:
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The file that {name}_FILE names cannot be read.", detail=type(error).__name__) from error
    if not token:
        raise SettingsError(f"The file that {name}_FILE names is empty.")
    return SecretStr(token)


def variable(field_name: str) -> str:
    """The environment variable that sets a field."""
    return f"{PREFIX}{field_name.upper()}"


def example() -> str:
    """The text of `.env.example`: every setting with its meaning and its default, all commented out."""
    head = (
        "# Every setting of Inhouse. Copy this file to .env and take the # off the lines you want to change.\n"
        "# The same names in the environment come first. Written by `make env` from bot/settings.py.\n"
    )
    return head + "".join(map(_example_lines, Settings.model_fields))


def _example_lines(name: str) -> str:
    field = Settings.model_fields[name]
    default = None if field.default_factory else field.default  # a made default depends on the machine
    value = "" if default is None else str(default).lower() if isinstance(default, bool) else str(default)
    about = "\n# ".join(textwrap.wrap(field.description or "", width=100))
    return f"\n# {about}\n#{variable(name)}={value}\n"


def _read_env_file(env_file: Path | None) -> Mapping[str, str | None]:
    if env_file is None or not env_file.is_file():
        return {}
    try:
        return dotenv_values(env_file, encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The settings file {env_file.name} cannot be read; it must be plain UTF-8 text that this user may read.",
            detail=type(error).__name__,
        ) from error


def _refuse_unknown(names: Mapping[str, object], prefix: str) -> None:
    known = {variable(name) if prefix else name for name in Settings.model_fields} | _OTHERS_VARIABLES
    for name in sorted(names):
        spelled = name.upper() if prefix else name
        if spelled.startswith(prefix) and spelled not in known:
            close = difflib.get_close_matches(spelled, known, n=1)
            hint = f"did you mean {close[0]}?" if close else "see .env.example for all that there are."
            raise SettingsError(f"There is no setting {name}; {hint}")


def _sentence(error: ValidationError) -> str:
    """All that is wrong, one sentence for each setting, without the values, which may be secret."""
    return " ".join(_about_one(str(problem["loc"][0]), problem["msg"]) for problem in error.errors())


def _about_one(place: str, message: str) -> str:
    name = place.removeprefix(PREFIX).lower()
    field = Settings.model_fields.get(name)
    reason = message.removeprefix("Value error, ").replace("Input should", "it should")
    meaning = f" It means: {field.description}" if field else ""
    return f"The setting {variable(name)} cannot be used: {reason}.{meaning}"


def child_environment(changes: Mapping[str, str]) -> dict[str, str]:
    """The environment for a bot beside a local workspace: none of this process's settings, tokens or proxies.

    slack_sdk honours the proxy variables and ignores NO_PROXY, so a proxy would swallow loopback calls.
    """
    dropped = (PREFIX, "SLACK_", "HTTP_PROXY", "HTTPS_PROXY")
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(dropped)}
    return kept | dict(changes)
