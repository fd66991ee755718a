"""`inhouse bench index` and `search`, with a tiny store: one JSON object, as the contract has it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli.bench import bench


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "measures"),
    [
        (["search", "--chunks", "120", "--questions", "20"], {"search", "alone", "history", "within", "small"}),
        (["index", "--chunks", "4", "--repeats", "1"], {"index"}),
    ],
)
def test_a_bench_prints_one_json_object(
    arguments: list[str], measures: set[str], tmp_path: Path, checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INHOUSE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("INHOUSE_CHECKPOINT_DIR", str(checkpoints))
    done = CliRunner().invoke(bench, [*arguments, "--json"], catch_exceptions=False)
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert found["bench"] == arguments[0]
    assert set(found["measures"]) == measures
    assert found["goals"] and {"text", "wanted", "got", "held"} <= set(found["goals"][0])
    assert found["model"] == "all-MiniLM-L6-v2" and found["ceilings"]["read_bytes_s"] > 0
    assert any("made by rule" in remark for remark in found["remarks"])
    assert list(tmp_path.iterdir()) == []  # what was made for it is gone
