"""The prompt keeps to its budget, puts things in one order, and never shortens the question."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.prompts import INSTRUCTIONS, LENGTHS, NOT_FOUND, build_prompt, passage_text, says_not_found
from rag.types import Chunk, Hit, Location, Message, Turn
from tests.rag.fakes import ScriptedModel

MODEL = ScriptedModel()


def hit(text: str, chunk_id: int = 1, **where: object) -> Hit:
    location = Location(**where)  # type: ignore[arg-type]
    return Hit(Chunk(chunk_id, 1, chunk_id, text, location), "F1", "lease.pdf", score=1.0, cosine=0.5)


def tokens(messages: list[Message]) -> int:
    return sum(MODEL.count_tokens(message.content) for message in messages)


def test_the_order_is_instructions_passages_earlier_turns_question() -> None:
    history = (Turn("How much is the rent?", "1,450 euros."), Turn("And the deposit?", "4,350 euros."))
    messages, _ = build_prompt(MODEL, "When is it due?", [hit("It is due on Friday.")], history, 500)
    assert [message.role for message in messages] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert messages[0].content == INSTRUCTIONS.format(length=LENGTHS[""])
    assert [message.content for message in messages[1:5]] == [
        "How much is the rent?",
        "1,450 euros.",
        "And the deposit?",
        "4,350 euros.",
    ]
    assert messages[-1].content.index("It is due on Friday.") < messages[-1].content.index("When is it due?")


def test_a_passage_says_where_it_is_from() -> None:
    assert passage_text(hit("Text.", page=3), 2) == "[2] lease.pdf, page 3:\nText."
    assert passage_text(hit("Text."), 1) == "[1] lease.pdf:\nText."


def test_passages_come_best_first_and_the_last_fall_away() -> None:
    hits = [hit(f"passage{number} " * 60, number) for number in range(1, 7)]
    messages, used = build_prompt(MODEL, "What?", hits, (), 350)
    assert [h.chunk.chunk_id for h in used] == list(range(1, len(used) + 1))
    assert 0 < len(used) < len(hits)
    assert f"passage{len(used) + 1}" not in messages[-1].content


def test_the_oldest_turns_fall_away_first() -> None:
    history = tuple(Turn(f"question{number} " * 20, "answer " * 20) for number in range(6))
    messages, _ = build_prompt(MODEL, "What?", [hit("Text.")], history, 500)
    text = " ".join(message.content for message in messages)
    assert "question5" in text
    assert "question0" not in text


def test_a_question_longer_than_the_budget_is_kept_whole_with_one_passage() -> None:
    question = "why " * 400
    messages, used = build_prompt(MODEL, question, [hit("Text."), hit("More.", 2)], (), 100)
    assert messages[-1].content.endswith(question)
    assert len(used) == 1


@given(st.lists(st.integers(min_value=1, max_value=120), min_size=1, max_size=8), st.integers(200, 1500))
def test_the_budget_is_kept_wherever_one_passage_fits(lengths: list[int], budget: int) -> None:
    hits = [hit("word " * length, number) for number, length in enumerate(lengths)]
    history = (Turn("earlier " * 30, "answer " * 30),)
    messages, used = build_prompt(MODEL, "What is it?", hits, history, budget)
    if len(used) > 1:
        assert tokens(messages) <= budget


def test_a_trial_model_is_asked_about_one_passage_in_its_own_way() -> None:
    trial = ScriptedModel(is_trial=True)
    messages, used = build_prompt(trial, "How much?", [hit("It is 5 euros."), hit("Other.", 2)], (Turn("a", "b"),), 500)
    assert len(used) == 1
    assert "It is 5 euros." in messages[-1].content
    assert "How much?" in messages[-1].content
    assert "Other." not in messages[-1].content


@pytest.mark.parametrize(
    "sentence", [NOT_FOUND, "the files do not say.", "The files do not say", " The files do not say what it costs."]
)
def test_the_agreed_words_for_not_found_are_understood(sentence: str) -> None:
    assert says_not_found(sentence)


@pytest.mark.parametrize("sentence", ["The files say so.", "", "He says that the files do not say."])
def test_other_sentences_are_no_refusal(sentence: str) -> None:
    assert not says_not_found(sentence)
