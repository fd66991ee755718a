"""Whole answers are judged by what was said, what was refused and what the citations prove."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from rag.answering import Answerer
from rag.errors import SetUnreadable
from rag.evals import answers
from rag.evals.plan import Plan
from rag.types import Citation, Location, Message
from tests.rag.fakes import ScriptedModel
from tests.rag.shelf import Shelf

LEASE = """The monthly rent is 1,450 euros and is due on the third working day of each month.

Either party may end this lease with a notice of 90 days in writing.

The deposit amounts to 4,350 euros and is returned within 60 days after the keys are handed back."""
RENT = {"question": "How much is the monthly rent in euros?", "file": "lease.txt", "answer": ["1450", "1,450 euros"]}
NOTICE = {"question": "What is the notice to end this lease in writing?", "file": "lease.txt", "answer": "90 days"}
NOISE = {"question": "Who won the cup in Brazil?", "answer": None}
UNJUDGED = {"question": "How much is the deposit in euros?", "file": "lease.txt"}


def team(folder: Path, *lines: object) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "lease.txt").write_text(LEASE, encoding="utf-8")
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return folder


def says(messages: Sequence[Message]) -> str:
    asked = messages[-1].content
    return "The monthly rent is 1,450 euros." if "rent in euros" in asked else "The notice to end it is 30 days."


def measure(shelf: Shelf, folder: Path, **plan: object) -> answers.Measured:
    answerer = Answerer(shelf.retriever, ScriptedModel(says), shelf.embedder)
    return answers.measure(folder, shelf.ingester, answerer, Plan(**plan))  # type: ignore[arg-type]


def test_right_wrong_and_refused_are_told_apart(shelf: Shelf, tmp_path: Path) -> None:
    measured = measure(shelf, team(tmp_path / "team", RENT, NOISE, UNJUDGED))
    assert measured.n == 2  # a question without an answer is not judged
    assert measured.metrics["exact_fact_accuracy"] == measured.metrics["exact_fact_in_own_words"] == 1.0
    assert measured.metrics["refusals_on_noise"] == 1.0
    assert measured.metrics["false_refusals"] == 0.0
    assert measured.metrics["right_file_cited"] == measured.metrics["right_fact_cited"] == 1.0
    assert measured.metrics["first_text_s"] > 0
    assert measured.worst == ()


def test_a_wrong_fact_is_dropped_by_the_product_and_its_passage_judged(shelf: Shelf, tmp_path: Path) -> None:
    measured = measure(shelf, team(tmp_path / "team", NOTICE))
    assert measured.metrics["exact_fact_accuracy"] == 1.0  # the passage shown instead says it
    assert measured.metrics["exact_fact_in_own_words"] == 0.0


def test_the_worst_are_wrong_facts_then_false_answers_then_refusals(shelf: Shelf, tmp_path: Path) -> None:
    wrong = RENT | {"answer": "9 euros"}
    refused = {"question": "Who won the cup in Brazil?", "file": "lease.txt", "answer": "Peru"}
    measured = measure(shelf, team(tmp_path / "team", refused, wrong))
    assert [miss.question for miss in measured.worst] == [RENT["question"], NOISE["question"]]
    assert measured.metrics["false_refusals"] == 0.5
    assert measured.worst[0].wanted == "9 euros (lease.txt)"


@pytest.mark.parametrize(
    ("text", "accepted", "found"),
    [
        ("It costs 1,450 EUROS.", ["1,450 euros"], True),
        ("It costs 11,450 euros.", ["1,450 euros"], False),
        ("It takes three\nmonths", ["three months"], True),
        ("thirty-three months", ["three month"], False),
        ("Sie kündigt im März.", ["märz"], True),
        ("anything", [], False),
    ],
)
def test_a_fact_stands_in_a_text_as_whole_words(text: str, accepted: list[str], found: bool) -> None:
    assert answers.says(text, accepted) is found


def citation(number: int, quote: str) -> Citation:
    return Citation(number, f"{number}.txt", f"ref-{number}", Location(page=1), quote, chunk_id=number)


def test_a_citation_is_needed_where_the_others_do_not_prove_the_sentence() -> None:
    sentence = "The monthly rent is 1,450 euros."
    proof, same, other = (
        citation(1, "The monthly rent is 1,450 euros and is due on the third working day."),
        citation(2, "The monthly rent is 1,450 euros."),
        citation(3, "Either party may end this lease with a notice of 90 days in writing."),
    )
    assert answers.is_proved(sentence, [proof])
    assert not answers.is_proved(sentence, [other])
    assert answers.is_needed(sentence, [proof, other], proof)
    assert not answers.is_needed(sentence, [proof, other], other)
    assert not answers.is_needed(sentence, [proof, same], same)
    assert answers.is_needed(sentence, [proof], proof)


def test_questions_without_any_answer_are_refused_in_a_sentence(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(SetUnreadable, match='"answer"'):
        measure(shelf, team(tmp_path / "team", UNJUDGED))
