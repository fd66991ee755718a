"""`inhouse eval` as people run it: what it prints, where, and what it says when something is not right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from bot.cli.evals import LEFT_OUT
from rag.evals.measured import Measured, Miss
from rag.evals.plan import PARTS
from rag.evals.report import as_dict, as_markdown, as_text
from tests.rag.fakes import HashEmbedder
from tests.rag.made_files import pdf, put

ASKED = {"question": "Where do whales sing in the sea?", "file": "ice.pdf", "page": 2}
WRONG = {"question": "Do penguins live on ice?", "file": "ice.pdf", "page": 2}
MEASURED = Measured(
    "pages",
    1200,
    {"hit_at_1": 0.98765, "first_text_s": 1.5, "characters": 2800.4},
    (Miss("Q?", "w", "g", "d"),),
    ("n",),
)


@pytest.fixture(autouse=True)
def words_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No weights are needed: texts that share words are near."""
    monkeypatch.setattr("rag.embeddings.HuggingFaceEmbedding", lambda **_: HashEmbedder())
    monkeypatch.setenv("INHOUSE_DATA_DIR", str(tmp_path / "data"))


def team(folder: Path, *lines: object) -> Path:
    folder.mkdir(exist_ok=True)
    put(folder, "ice.pdf", pdf([["Penguins live on ice."], ["Whales live in the sea and sing."]]))
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["eval", *map(str, arguments)])


def found(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    (line,) = result.stdout.splitlines()
    return json.loads(line)


def test_json_is_one_object_with_the_set_its_size_and_its_figures(tmp_path: Path) -> None:
    value = found(run("pages", team(tmp_path / "team", ASKED, WRONG), "--json"))
    assert (value["set"], value["n"]) == ("pages", 2)
    assert value["metrics"]["hit_at_1"] == 0.5
    assert value["metrics"]["document_hit_at_1"] == 1.0
    assert value["seconds"] >= 0


def test_without_json_figures_and_the_worst_cases_are_shown_and_progress_stays_apart(tmp_path: Path) -> None:
    result = run("pages", team(tmp_path / "team", ASKED, WRONG))
    assert "hit_at_1" in result.stdout
    assert "1. Do penguins live on ice?" in result.stdout
    assert "wanted: ice.pdf, page 2" in result.stdout
    assert " of ice.pdf: " in result.stderr
    assert " of ice.pdf: " not in result.stdout


def test_the_cache_changes_no_figure_and_can_be_left_out(tmp_path: Path) -> None:
    folder = team(tmp_path / "team", ASKED, WRONG)
    without = found(run("pages", folder, "--json", "--no-cache"))
    assert not (tmp_path / "data" / "evaluation").exists()
    first, second = found(run("pages", folder, "--json")), found(run("pages", folder, "--json"))
    assert without["metrics"] == first["metrics"] == second["metrics"]
    assert list((tmp_path / "data" / "evaluation").iterdir())


def test_a_report_is_written_as_markdown(tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    run("pages", team(tmp_path / "team", WRONG), "--report", path)
    assert path.read_text().startswith("# pages: 1 questions")
    assert "## The worst cases" in path.read_text()


@pytest.mark.parametrize("as_json", [True, False])
def test_a_wrong_path_is_one_sentence_and_status_one(tmp_path: Path, as_json: bool) -> None:
    result = run("squad", tmp_path / "gone.json", *(["--json"] if as_json else []))
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "There is nothing at" in result.stderr
    assert "Traceback" not in result.output


def test_a_wrong_line_is_named(tmp_path: Path) -> None:
    result = run("pages", team(tmp_path / "team", ASKED, {"question": "Where?", "file": "gone.pdf"}))
    assert result.exit_code == 1
    assert "questions.jsonl, line 2: there is no file gone.pdf" in result.stderr


def test_what_means_nothing_for_a_set_cannot_be_left_out(tmp_path: Path) -> None:
    result = run("pages", team(tmp_path / "team", ASKED), "--without", "history")
    assert result.exit_code == 2
    assert "--without history means nothing for pages" in result.stderr


def test_a_part_can_be_left_out(tmp_path: Path) -> None:
    assert found(run("pages", team(tmp_path / "team", ASKED), "--without", "names", "--json"))["n"] == 1


def test_help_tells_every_set_and_the_form_of_a_question() -> None:
    result = run("--help")
    for name in ("squad", "chunking", "mtrag", "locomo", "pages", "grounding", "answers"):
        assert f"  {name} " in result.stdout
    assert '"page": 3' in result.stdout


def test_figures_keep_their_units() -> None:
    text = as_text(MEASURED, 12.3)
    assert "0.988" in text
    assert "1.50 s" in text
    assert "2,800" in text
    assert as_dict(MEASURED, 12.34)["seconds"] == 12.3
    assert "| hit_at_1 | 0.988 |" in as_markdown(MEASURED, 12.3)


def test_every_part_of_the_search_can_be_left_out_of_some_set() -> None:
    assert {part for parts in LEFT_OUT.values() for part in parts} == set(PARTS)
