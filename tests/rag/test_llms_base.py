"""What every model gets from `BaseLLM`; each flaw of the reference implementation is a test."""

import pytest

from rag.errors import OutOfMemory
from rag.llms import wording
from rag.types import Message
from tests.rag.fakes import ScriptedModel


def test_grade_docs_accepts_yes_with_a_full_stop() -> None:
    model = ScriptedModel(["yes.", "No.", "YES, because it names the date"])
    assert model.grade_docs(["a", "b", "c"], "When?") == ["a", "c"]


def test_check_hallucination_follows_the_model_and_not_the_prompt() -> None:
    """The reference answered "yes" always, because its own prompt holds the word."""
    model = ScriptedModel(["NO", "Yes"])
    assert model.check_hallucination("The sky is blue.", "The sky is green.") == "no"
    assert model.check_hallucination("The sky is blue.", "The sky is blue.") == "yes"


def test_an_error_is_raised_and_never_returned_as_an_answer() -> None:
    model = ScriptedModel([OutOfMemory("no room")])
    with pytest.raises(OutOfMemory):
        model.answer_question("context", "question")


def test_max_tokens_is_honoured() -> None:
    model = ScriptedModel(["one two three four five"])
    assert model.answer_question("c", "q", max_tokens=2) == "one two"


def test_one_callers_template_does_not_reach_the_next() -> None:
    model = ScriptedModel(lambda messages: messages[-1].content)
    assert model.answer_question("C", "Q", prompt_template="MINE {question} {context}") == "MINE Q C"
    assert model.answer_question("C", "Q") == "C\n\nQuestion: Q"


def test_an_answer_marker_within_a_document_changes_nothing() -> None:
    """The reference cut at the first "Answer:", so that an FAQ leaked into the reply."""
    model = ScriptedModel(["Thirty days."])
    faq = "Q: What is the notice period?\nAnswer: see below\nLast Answer: none"
    assert model.answer_question(faq, "What is the notice period?") == "Thirty days."


def test_braces_in_a_document_are_text() -> None:
    filled = wording.fill_template("{context}|{question}", context="{question} {0} {", question="{context}")
    assert filled == "{question} {0} {|{context}"


def test_a_long_document_is_summarised_in_pieces_and_then_as_a_whole() -> None:
    words = " ".join(f"word{number}" for number in range(3000))
    model = ScriptedModel(lambda messages: f"summary of {len(messages[-1].content.split())}", context_tokens=1000)
    summary = model.get_summary(words)
    assert summary.startswith("summary of") and len(model.seen) > 3
    seen = " ".join(call[-1].content for call in model.seen[:-1])
    assert all(f"word{number}" in seen for number in (0, 1500, 2999))


def test_a_summary_that_does_not_get_shorter_still_ends() -> None:
    model = ScriptedModel(lambda messages: messages[-1].content, context_tokens=300)
    assert model.get_summary(" ".join(["word"] * 3000))


def test_chat_passes_both_prompts() -> None:
    model = ScriptedModel(["hi"])
    assert model.chat("hello", system_prompt="Be brief") == "hi"
    assert model.seen == [(Message("system", "Be brief"), Message("user", "hello"))]
