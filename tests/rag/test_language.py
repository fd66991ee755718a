"""A guess at the language of a question, which keeps silent rather than err."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.language import guess_language


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("What is the notice period?", "en"),
        ("How do I reset the pump?", "en"),
        ("Wie lang ist die Kündigungsfrist?", "de"),
        ("Was kostet der Filter und wo ist er?", "de"),
        ("Quelle est la durée du contrat ?", "fr"),
        ("¿Cuál es el plazo de entrega?", "es"),
        ("Qual è il prezzo della pompa?", "it"),
        ("Wat is de opzegtermijn van het contract?", "nl"),
        ("Qual é o prazo do contrato?", "pt"),
        ("Каков срок уведомления?", "other"),
        ("通知期間はどれくらいですか", "other"),
        ("كم هي مدة الإشعار؟", "other"),
    ],
)
def test_the_language_of_a_question_is_recognised(question: str, language: str) -> None:
    assert guess_language(question) == language


@pytest.mark.parametrize("question", ["", "E07?", "deposit", "12 + 5", "🙂", "Kündigungsfrist?"])
def test_where_nothing_tells_nothing_is_guessed(question: str) -> None:
    assert guess_language(question) is None


@given(st.text(max_size=80))
def test_any_text_gets_a_code_or_none(text: str) -> None:
    assert guess_language(text) in {None, "en", "de", "fr", "es", "it", "nl", "pt", "other"}


@pytest.mark.parametrize(("language", "wrong"), [("en", 0.01), ("de", 0.01)])
def test_questions_are_hardly_ever_taken_for_another_language(shared_data: Path, language: str, wrong: float) -> None:
    data = json.loads((shared_data / "xquad" / f"xquad.{language}.json").read_text(encoding="utf-8"))["data"]
    questions = [asked["question"] for article in data for p in article["paragraphs"] for asked in p["qas"]]
    guesses = [guess_language(question) for question in questions]
    assert sum(guess not in {None, language} for guess in guesses) <= wrong * len(questions)
    assert sum(guess == language for guess in guesses) >= 0.8 * len(questions)
