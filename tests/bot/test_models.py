"""What fits is listed; fetching is refused before anything large comes, and never happens by itself."""

from __future__ import annotations

import json
from types import SimpleNamespace

import huggingface_hub
import pytest
from click.testing import CliRunner
from huggingface_hub import constants, errors

from bot.cli import models as models_module
from bot.cli.models import models
from bot.cli.outlook import Outlook
from rag.errors import DiskFull, InhouseError, ModelNotFound, ModelRefused

SMALL = Outlook(6 * 10**9, 2, "", 0, 0, True)
WITH_GPU = Outlook(64 * 10**9, 16, "NVIDIA L4", 23 * 10**9, 24 * 10**9, True)


def listing(monkeypatch: pytest.MonkeyPatch, outlook: Outlook) -> dict:
    monkeypatch.setattr(Outlook, "of_this_machine", classmethod(lambda _cls: outlook))
    return json.loads(CliRunner().invoke(models, ["--json"]).stdout)


def hub_with(monkeypatch: pytest.MonkeyPatch, files: dict[str, int]) -> list[str]:
    """A hub that holds one model; returns the list of what is fetched from it."""
    fetched: list[str] = []
    siblings = [SimpleNamespace(rfilename=name, size=size) for name, size in files.items()]
    api = SimpleNamespace(model_info=lambda *_args, **_options: SimpleNamespace(siblings=siblings))
    monkeypatch.setattr(huggingface_hub, "HfApi", lambda: api)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda name, **_options: fetched.append(name) or "folder")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    return fetched


def hub_that_fails(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_args: object, **_options: object) -> None:
        raise error

    monkeypatch.setattr(huggingface_hub, "HfApi", lambda: SimpleNamespace(model_info=fail))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)


def test_one_model_is_in_use_and_at_most_one_is_recommended(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = listing(monkeypatch, SMALL)["models"]
    assert [row["name"] for row in rows if row["in_use"]] == ["SmolLM2-135M-Instruct"]
    assert [row["name"] for row in rows if row["recommended"]] == ["Qwen3-1.7B"]


def test_what_fits_grows_with_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    small = {row["name"] for row in listing(monkeypatch, SMALL)["models"] if row["fits"]}
    large = {row["name"] for row in listing(monkeypatch, WITH_GPU)["models"] if row["fits"]}
    assert "Qwen3-14B" in large - small
    assert "Qwen3-32B" not in large


def test_every_model_is_listed_with_memory_and_licence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Outlook, "of_this_machine", classmethod(lambda _cls: SMALL))
    printed = CliRunner().invoke(models, []).output
    for row in listing(monkeypatch, SMALL)["models"]:
        assert any(row["name"] in line and " GB" in line and row["licence"] in line for line in printed.splitlines())


def test_only_safetensors_and_descriptions_are_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched = hub_with(monkeypatch, {"model.safetensors": 10, "pytorch_model.bin": 999, "modeling.py": 5, "c.json": 1})
    assert models_module._fetch("a/b") == ("folder", 11)
    assert fetched == ["a/b"]


def test_a_model_of_pickled_weights_is_refused_with_the_way_to_convert_it(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched = hub_with(monkeypatch, {"pytorch_model.bin": 10})
    with pytest.raises(ModelRefused, match="save_pretrained"):
        models_module._fetch("a/b")
    assert fetched == []


def test_a_model_larger_than_the_disk_is_refused_before_it_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched = hub_with(monkeypatch, {"model.safetensors": 10**18})
    with pytest.raises(DiskFull, match="HF_HOME"):
        models_module._fetch("a/b")
    assert fetched == []


def test_where_fetching_is_forbidden_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched = hub_with(monkeypatch, {"model.safetensors": 1})
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelNotFound, match="HF_HUB_OFFLINE=0"):
        models_module._fetch("a/b")
    assert fetched == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (errors.HTTPError("no route"), "cannot be reached"),
        (ConnectionError(), "cannot be reached"),
        (errors.HFValidationError(), "not a model's id"),
        (OSError(28, "No space left on device"), "disk is full"),
    ],
)
def test_each_failure_of_fetching_is_a_sentence(monkeypatch: pytest.MonkeyPatch, error: Exception, words: str) -> None:
    hub_that_fails(monkeypatch, error)
    with pytest.raises(InhouseError, match=words):
        models_module._fetch("a/b")
