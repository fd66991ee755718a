"""Which models are refused before anything is loaded, and what people are told."""

import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import SafetensorError
from safetensors.numpy import save_file

from rag.errors import ModelNotFound, ModelRefused, ModelTooLarge, VersionMismatch
from rag.llms import catalogue, preflight
from rag.llms.checkpoints import Checkpoint
from rag.llms.model_files import find_model
from rag.llms.weights import Footprint, kv_bytes_per_token, measure

LLAMA = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}


def model_folder(folder: Path, config: dict[str, Any] | None = None, *, weights: bool = True) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(LLAMA if config is None else config))
    if weights:
        linear, embedding = np.zeros((64, 128), np.float32), np.zeros((100, 64), np.float32)
        tensors = {"model.layers.0.mlp.up_proj.weight": linear, "model.embed_tokens.weight": embedding}
        save_file(tensors, folder / "model.safetensors")
    return folder


def test_a_model_that_is_not_here_is_named_with_the_way_to_fetch_it() -> None:
    with pytest.raises(ModelNotFound, match="nobody/nothing") as raised:
        find_model("nobody/nothing")
    assert "inhouse models pull" in raised.value.user_message


def test_a_hub_id_is_found_in_the_local_cache(tmp_path: Path) -> None:
    cached = tmp_path / "models--team--tiny"
    (cached / "snapshots").mkdir(parents=True)
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("abc")
    model_folder(cached / "snapshots" / "abc")
    code = "from rag.llms.model_files import find_model; m = find_model('team/tiny'); print(m.name, m.folder.name)"
    variables = {**os.environ, "HF_HUB_CACHE": str(tmp_path)}
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=variables, check=True)
    assert found.stdout.split() == ["tiny", "abc"]


@pytest.mark.parametrize("name", ["/no/such/secret/folder", "not a valid id!", "a/b/c/d", "../x", "~nosuchuser/x"])
def test_a_name_that_is_no_model_is_a_sentence_without_a_path(name: str) -> None:
    with pytest.raises(ModelNotFound) as raised:
        find_model(name)
    assert "secret" not in raised.value.user_message


def test_a_folder_without_config_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match=r"config\.json is missing"):
        find_model(str(tmp_path))


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match="holds no weights"):
        find_model(str(model_folder(tmp_path / "m", weights=False)))


@pytest.mark.parametrize("file", ["pytorch_model.bin", "model.pt", "consolidated.00.pth"])
def test_pickled_weights_are_refused_with_the_way_to_convert(tmp_path: Path, file: str) -> None:
    folder = model_folder(tmp_path / "m", weights=False)
    (folder / file).write_bytes(b"\x80\x04")
    with pytest.raises(ModelRefused, match="pickled") as raised:
        find_model(str(folder))
    assert "save_pretrained" in raised.value.user_message


def test_a_model_with_code_of_its_own_is_refused(tmp_path: Path) -> None:
    config = {**LLAMA, "model_type": "mystery", "auto_map": {"AutoModelForCausalLM": "modeling.Mystery"}}
    with pytest.raises(ModelRefused, match="auto_map"):
        find_model(str(model_folder(tmp_path / "m", config)))


def test_a_known_model_with_spare_code_beside_it_is_taken_without_the_code(tmp_path: Path) -> None:
    config = {**LLAMA, "auto_map": {"AutoModelForCausalLM": "modeling.Own"}}
    assert find_model(str(model_folder(tmp_path / "m", config))).name == "m"


def test_an_embedder_is_no_language_model(tmp_path: Path) -> None:
    config = {"model_type": "bert", "architectures": ["BertModel"]}
    with pytest.raises(ModelRefused, match="does not write text"):
        find_model(str(model_folder(tmp_path / "m", config)))


def test_weights_quantised_by_another_method_are_refused(tmp_path: Path) -> None:
    config = {**LLAMA, "quantization_config": {"quant_method": "gptq", "bits": 4}}
    with pytest.raises(ModelRefused, match="gptq"):
        find_model(str(model_folder(tmp_path / "m", config)))


def test_a_missing_shard_is_seen(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m")
    index = {"weight_map": {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ModelNotFound, match=r"model-00002-of-00002.safetensors is missing \(1 of 2"):
        find_model(str(folder))


def test_a_shard_named_outside_the_folder_is_not_followed(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m")
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "../../etc/passwd"}}))
    with pytest.raises(ModelNotFound, match="passwd is missing"):
        find_model(str(folder))


@pytest.mark.parametrize("keep", [4, 40, 5000])
def test_a_weight_file_that_is_cut_off_is_seen(tmp_path: Path, keep: int) -> None:
    folder = model_folder(tmp_path / "m")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:keep])
    with pytest.raises(ModelRefused, match="damaged or cut off"):
        measure(find_model(str(folder)))


@pytest.mark.parametrize("text", ["{", "[]", "\x00"])
def test_a_damaged_config_is_a_sentence(tmp_path: Path, text: str) -> None:
    folder = model_folder(tmp_path / "m")
    (folder / "config.json").write_text(text)
    with pytest.raises(ModelRefused, match=r"config\.json"):
        find_model(str(folder))


def test_a_file_that_only_ends_in_gguf_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"PK\x03\x04")
    with pytest.raises(ModelRefused, match="not a GGUF file"):
        find_model(str(path))


def test_a_gguf_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF\x03\x00\x00\x00" + b"\x05" * 20)
    with pytest.raises(ModelRefused, match="damaged or cut off"):
        measure(find_model(str(path)))


def test_identity_follows_the_content(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m")
    before = find_model(str(folder)).identity()
    assert find_model(str(folder)).identity() == before
    content = bytearray((folder / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "model.safetensors").write_bytes(content)
    assert find_model(str(folder)).identity() != before


def test_the_footprint_counts_linear_layers_in_4_bits_and_embeddings_in_16(tmp_path: Path) -> None:
    footprint = measure(find_model(str(model_folder(tmp_path / "m"))))
    assert footprint.loaded_bytes == int(64 * 128 * 0.531 + 100 * 64 * 2)
    assert footprint.kv_bytes_per_token == kv_bytes_per_token(LLAMA) == 2 * 2 * 2 * 16 * 2


def test_an_unknown_quantisation_type_is_refused() -> None:
    with pytest.raises(ModelRefused, match="int3") as raised:
        preflight.check_quant_type("int3")
    assert "nf4" in raised.value.user_message


def test_too_little_memory_names_what_would_fit() -> None:
    footprint = Footprint(40_000_000_000, 41_000_000_000, 262_144)
    with pytest.raises(ModelTooLarge, match="Big needs about") as raised:
        preflight.check_fits("Big", footprint, context_tokens=4096, memory_bytes=16_000_000_000, on_gpu=False)
    assert "Qwen3-4B-Instruct-2507 would fit" in raised.value.user_message


def test_versions_that_do_not_fit_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "4.40.0" if name == "transformers" else real(name))
    with pytest.raises(VersionMismatch, match=r"transformers is 4\.40\.0, >=5"):
        preflight.check_versions()


def test_a_package_that_fetches_compiled_code_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object() if name == "kernels" else real(name))
    with pytest.raises(VersionMismatch, match="pip uninstall kernels"):
        preflight.check_versions()


def test_the_installed_versions_fit() -> None:
    preflight.check_versions()


def test_what_fits_comes_best_first_and_the_gpu_counts_first() -> None:
    names = [entry.name for entry in catalogue.fitting(16_000_000_000, 0)]
    assert names == ["Qwen3-4B-Instruct-2507", "Qwen3-1.7B", "Qwen3-0.6B", "SmolLM2-135M-Instruct"]
    assert catalogue.fitting(16_000_000_000, 0, cores=2)[0].name == "Qwen3-1.7B"
    assert catalogue.fitting(64_000_000_000, 8_000_000_000)[0].name == "Qwen3-4B-Instruct-2507"
    assert catalogue.fitting(64_000_000_000, 24_000_000_000)[0].name == "Qwen3-14B"
    assert catalogue.fitting(100_000_000, 0) == []


def test_every_entry_says_its_licence_and_memory() -> None:
    assert all(entry.licence and entry.memory_bytes > entry.weights_bytes for entry in catalogue.MODELS)


@pytest.mark.parametrize("error", [SafetensorError("Error while serializing: No space left"), OSError(28, "No space")])
def test_a_disk_that_fills_up_while_a_model_is_kept_is_a_warning(
    tmp_path: Path, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """What safetensors raises is no OSError, and it ended the start."""

    def fills_up(folder: Path) -> None:
        folder.mkdir()
        (folder / "half.safetensors").write_bytes(b"half")
        raise error

    checkpoint = Checkpoint(tmp_path / "kept", find_model(str(model_folder(tmp_path / "m"))), {})
    assert not checkpoint.write(fills_up, 1000)
    assert "No space" in caplog.text
    assert not checkpoint.exists() and not list((tmp_path / "kept").iterdir())
