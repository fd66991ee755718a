"""Thumbs-down answers become questions that `inhouse eval` reads, once people have completed them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot import schema
from bot.cli import main
from bot.feedback import Feedback
from bot.history import History
from bot.records import Records
from rag import store
from rag.database import Database
from rag.evals.questions import read_questions
from tests.bot.test_records import finish, message, share


@pytest.fixture(autouse=True)
def data_dir(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("INHOUSE_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


async def vote(data_dir: Path, verdict: str) -> None:
    with Database(data_dir / "inhouse.db", [store.MIGRATIONS, schema.MIGRATIONS]) as database:
        records = Records(database)
        shares = [share("F1"), share("F2")]
        for one in shares:
            await records.add_share(one, 0.0)
        await finish(records, message(), files=("F1", "F2"))
        votes = Feedback(records, History(records))
        await votes.vote("T1", "C1", "10.59", "U2", verdict)
        await records.drop_share(shares[1])
        await votes.explain("T1", "C1", "10.5", "U2", "missed", "It stands on page 3.")


def test_a_case_is_written_as_a_question_to_be_completed(data_dir: Path, tmp_path: Path) -> None:
    asyncio.run(vote(data_dir, "down"))
    out = tmp_path / "team" / "questions.jsonl"
    out.parent.mkdir()
    result = CliRunner().invoke(main, ["cases", "--out", str(out)])
    assert (result.exit_code, result.stdout) == (0, "")
    assert "1 answers got a thumbs-down; written to questions.jsonl" in result.stderr
    line = json.loads(out.read_text())
    assert line == {
        "question": "How much?",
        "file": ["F1.txt", "F2"],  # the second is in no conversation any more
        "answered": "It is 5.",
        "reason": "missed",
        "comment": "It stands on page 3.",
    }
    completed = line | {"file": "F1.txt", "answer": "7 euros"}
    out.write_text(json.dumps(completed))
    (out.parent / "F1.txt").write_text("It is 7 euros.")
    (asked,) = read_questions(out.parent)
    assert (asked.text, asked.files, asked.answers) == ("How much?", ("F1.txt",), ("7 euros",))


def test_a_thumbs_up_is_no_case(data_dir: Path) -> None:
    asyncio.run(vote(data_dir, "up"))
    result = CliRunner().invoke(main, ["cases", "--json"])
    assert json.loads(result.stdout) == {"ok": True, "n": 0, "cases": []}


def test_before_any_bot_ran_there_is_a_sentence() -> None:
    result = CliRunner().invoke(main, ["cases"])
    assert result.exit_code == 1
    assert "No bot has kept anything" in result.stderr


def test_a_folder_that_is_not_there_is_a_sentence(data_dir: Path, tmp_path: Path) -> None:
    asyncio.run(vote(data_dir, "down"))
    result = CliRunner().invoke(main, ["cases", "--out", str(tmp_path / "gone" / "x.jsonl")])
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr
    assert "Traceback" not in result.output
