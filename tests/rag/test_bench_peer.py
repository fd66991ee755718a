"""The bench's random models, and other software beside it, in processes of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from click.testing import CliRunner

from bot.cli.bench import bench
from rag.bench.random_gguf import write_gguf
from rag.bench.shapes import SHAPES
from rag.bench.sizes import Sizes
from tests.test_commands import inhouse, one_json_object


def test_a_random_gguf_is_read_back_with_its_shape_and_sensible_numbers(tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    write_gguf(SHAPES["tiny"], path)
    reader = gguf.GGUFReader(path)
    tensors = {tensor.name: tensor for tensor in reader.tensors}
    assert len(tensors) == 3 + 9 * SHAPES["tiny"].num_hidden_layers
    assert list(tensors["blk.1.ffn_down.weight"].shape) == [256, 128]
    for name in ("blk.0.attn_q.weight", "output.weight"):
        numbers = gguf.dequantize(tensors[name].data, tensors[name].tensor_type)
        assert np.isfinite(numbers).all()
        assert 0.01 < numbers.std() < 0.04, name
    assert reader.fields["llama.vocab_size"].contents() == SHAPES["tiny"].vocab_size


def test_an_unknown_measurement_is_refused_with_those_that_there_are() -> None:
    done = CliRunner().invoke(bench, ["engine", "--only", "speed"])
    assert done.exit_code == 2
    assert "there is no measurement speed; there are ceilings, prefill" in " ".join(done.output.split())


@pytest.mark.slow
def test_the_ceilings_alone_are_one_json_object(tmp_path: Path) -> None:
    found = one_json_object(inhouse("bench", "engine", "--json", "--only", "ceilings", data_dir=tmp_path))
    assert found["bench"] == "engine"
    assert found["ceilings"]["read_bytes_s"] > 1e8
    assert found["ceilings"]["bf16_flop_s"] > 1e8
    assert found["measures"] == {}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("streams", ["0", "a", "1,-4"])
def test_numbers_of_streams_are_numbers(streams: str) -> None:
    done = CliRunner().invoke(bench, ["engine", "--streams", streams])
    assert done.exit_code == 2
    assert "such as 1,4,8,16" in done.output


def test_a_picture_that_cannot_be_written_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    done = CliRunner().invoke(bench, ["engine", "--plot", str(tmp_path / "nowhere" / "a.svg")])
    assert done.exit_code == 2
    assert "nowhere" in done.output


def small() -> Sizes:
    return Sizes(
        long_prompt=200,
        long_answer=12,
        short_answer=12,
        known=128,
        new=16,
        stream_prompt=30,
        stream_answer=8,
        quoted=60,
        quoting_answer=12,
        beside_answer=8,
        request_answer=2,
    )


@pytest.mark.slow
def test_a_random_model_is_measured_beside_plain_transformers(
    tmp_path: Path, checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.cli.bench.DEFAULTS", small())
    monkeypatch.setenv("INHOUSE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("INHOUSE_CHECKPOINT_DIR", str(checkpoints))
    picture = tmp_path / "bench.svg"
    options = ["--model", "random:tiny", "--baseline", "--repeats", "1", "--streams", "1,3", "--requests", "10"]
    options += ["--chunks", "16", "--plot", str(picture), "--json"]
    done = CliRunner().invoke(bench, ["engine", *options], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["model"] == "random:tiny"
    assert set(found["measures"]["answer"]["figures"]) == {"inhouse", "inhouse_no_lookup", "transformers"}
    assert found["measures"]["answer"]["tokens_written"] == small().long_answer
    assert found["measures"]["first_token"]["reused_tokens"] >= 64
    assert found["measures"]["lookup"]["equal_text"] is True
    assert all(figure["median"] > 0 for figure in found["measures"]["decode_long"]["figures"].values())
    assert picture.read_text().startswith("<svg")
