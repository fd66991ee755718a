"""`inhouse calibrate` keeps what is better, says what it lacks, and learns from votes only what they say."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.cli.calibrate import FILE, fit_own
from bot.cli.judged import collect, judged_in
from bot.schema import MIGRATIONS
from bot.settings import Settings
from rag.calibrations import read_own
from rag.database import Database
from rag.errors import SetUnreadable
from rag.evals.library import SCOPE, Library
from rag.gate import Gate
from rag.store import MIGRATIONS as STORE_MIGRATIONS
from tests.rag.fakes import HashEmbedder

ANIMALS = "badger otter heron falcon salmon lynx beaver marten weasel osprey lizard cricket".split()
PLACES = "harbour quarry orchard meadow tunnel cellar attic garden bridge tower market chapel".split()


def settings(tmp_path: Path) -> Settings:
    return Settings.load(None, data_dir=tmp_path / "data")


def write_set(folder: Path, *, count: int = 24) -> Path:
    """A file that tells where each animal lives; half of the questions are about something else."""
    folder.mkdir()
    pairs = [(animal, place) for animal in ANIMALS for place in PLACES][:count]
    text = "\n\n".join(f"Number {n}: the {animal} sleeps in the {place}." for n, (animal, place) in enumerate(pairs))
    (folder / "animals.txt").write_text(text)
    lines = [
        {"question": f"Where does {animal} number {n} sleep, in the {place}?", "file": "animals.txt"}
        for n, (animal, place) in enumerate(pairs)
    ]
    lines += [{"question": f"Quarterly turnover forecast item {n}?", "answer": None} for n in range(count)]
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return folder


def test_what_is_better_is_kept_for_its_embedder_alone(tmp_path: Path) -> None:
    embedder = HashEmbedder()
    result = fit_own(settings(tmp_path), embedder, write_set(tmp_path / "set"), tmp_path / "work")
    assert (result.n, result.answerable) == (48, 24)
    assert result.is_kept
    assert result.after.log_loss < result.before.log_loss
    kept = read_own(tmp_path / "data" / FILE, embedder.fingerprint)
    assert kept is not None
    assert (kept.embedder, kept.source, kept.n) == (embedder.fingerprint, "set", 48)
    assert read_own(tmp_path / "data" / FILE, "another") is None
    assert "better" in result.as_text()
    assert json.loads(json.dumps(result.as_dict()))["is_kept"] is True


def test_what_is_not_better_changes_nothing(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set")
    once = fit_own(settings(tmp_path), HashEmbedder(), folder, tmp_path / "work")
    assert once.is_kept
    before = (tmp_path / "data" / FILE).read_bytes()
    again = fit_own(settings(tmp_path), HashEmbedder(), folder, tmp_path / "again")
    assert not again.is_kept, "on questions that it has not seen it cannot beat one that has seen them"
    assert (tmp_path / "data" / FILE).read_bytes() == before
    assert "not better" in again.as_text()


def test_too_few_cases_are_said_in_numbers(tmp_path: Path) -> None:
    with pytest.raises(SetUnreadable, match=r"There are 10 cases .* 5 that the files answer and 5 that they do not"):
        fit_own(settings(tmp_path), HashEmbedder(), write_set(tmp_path / "set", count=5), tmp_path / "work")
    assert not (tmp_path / "data" / FILE).exists()


def test_without_a_bot_there_are_no_votes(tmp_path: Path) -> None:
    with pytest.raises(SetUnreadable, match="No bot has kept anything"):
        fit_own(settings(tmp_path), HashEmbedder(), None, tmp_path / "work")


# --- votes ---------------------------------------------------------------------------------------


def put(database: Database, table: str, **row: Any) -> None:
    place = {"team": "T1", "channel": "C1"}
    database.write(lambda db: db.table(table).insert(place | row, pk=None))


def vote(
    database: Database, ts: str, verdict: str, outcome: str, *, reason: str = "", files: tuple[str, ...] = ()
) -> None:
    put(database, "turns", message_ts=ts, thread_ts="1.0", question=f"question {ts}", outcome=outcome)
    feedback = {"message_ts": ts, "user": "U1", "verdict": verdict, "reason": reason, "question": f"question {ts}"}
    put(database, "feedback", **feedback, files=json.dumps(list(files)), created_at=float(ts))


@pytest.fixture
def database(tmp_path: Path) -> Any:
    with Database(tmp_path / "inhouse.db", [STORE_MIGRATIONS, MIGRATIONS]) as opened:
        for number, name in enumerate(("F1", "F2"), 1):
            put(opened, "shares", file_id=name, message_ts=f"{number}.0", document_id=number, state="read", name=name)
        yield opened


def test_only_votes_that_say_whether_the_files_answer_count(database: Database) -> None:
    vote(database, "1.1", "up", "answered", files=("F1",))
    vote(database, "1.2", "up", "refused")
    vote(database, "1.3", "down", "refused", reason="missed")
    vote(database, "1.4", "down", "answered", reason="made-up", files=("F1",))
    vote(database, "1.5", "down", "answered", reason="style", files=("F1",))
    vote(database, "1.6", "down", "answered")
    found = database.read(judged_in)
    assert [(one.question, one.is_answerable) for one in found] == [
        ("question 1.1", True),
        ("question 1.2", False),
        ("question 1.3", True),
        ("question 1.4", False),
    ]
    assert found[2].history == ("question 1.1", "question 1.2")
    assert found[0].within == {1, 2} and found[0].rested_on == {1}


def test_a_vote_on_a_file_that_was_deleted_is_of_no_use(database: Database) -> None:
    vote(database, "1.1", "up", "answered", files=("F9",))
    assert database.read(judged_in) == []


def test_a_good_answer_is_asked_again_without_its_file(tmp_path: Path, database: Database) -> None:
    embedder = HashEmbedder()
    library = Library(database, tmp_path, embedder)
    ids = [
        library.add(name, text.encode()).document_id
        for name, text in (("a.txt", "The rent is due."), ("b.txt", "Keys."))
    ]
    judged = database.read(judged_in)
    assert judged == []
    vote(database, "1.1", "up", "answered", files=("F1",))
    (one,) = database.read(judged_in)
    one = replace(one, scope_id=SCOPE, within=frozenset(ids), rested_on=frozenset(ids[:1]), question="the rent is due")
    cases = collect([one], library.retriever, Gate.of(embedder), lambda *_: None)
    assert cases.answerable.tolist() == [True, False]
    assert cases.groups[0] == cases.groups[1], "both forms must lie on one side of a split"
    assert cases.signals[0, 0] > cases.signals[1, 0]
