"""The prompt is a transcript that grows at its end, keeps to its budget, and never shortens the question."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.prompts import (
    FOLLOW_UP_HITS,
    INSTRUCTIONS,
    LENGTHS,
    NOT_FOUND,
    TRIAL_SYSTEM,
    Prompt,
    build_prompt,
    passage_text,
    says_not_found,
)
from rag.types import Chunk, Hit, Location, Message, Turn
from tests.rag.fakes import ScriptedModel

MODEL = ScriptedModel()
RENT, DEPOSIT, NOTICE = "The rent is 1,450 euros.", "The deposit is 4,350 euros.", "The notice is 90 days."


def hit(text: str, chunk_id: int = 1, **where: object) -> Hit:
    location = Location(**where)  # type: ignore[arg-type]
    return Hit(Chunk(chunk_id, 1, chunk_id, text, location), "F1", "lease.pdf", score=1.0, cosine=0.5)


def tokens(messages: Sequence[Message]) -> int:
    return sum(MODEL.count_tokens(message.content) for message in messages)


def ids(hits: Sequence[Hit]) -> list[int]:
    return [each.chunk.chunk_id for each in hits]


def known(*hits: Hit) -> dict[int, Hit]:
    return {each.chunk.chunk_id: each for each in hits}


class Thread:
    """A conversation that goes on from prompt to prompt, as a bot would keep it."""

    def __init__(self, budget_tokens: int = 4000) -> None:
        self.budget_tokens = budget_tokens
        self.history: list[Turn] = []
        self.seen: dict[int, Hit] = {}

    def ask(self, question: str, hits: Sequence[Hit], answer: str = "It is so. [1]", length: str = "") -> Prompt:
        prompt = build_prompt(MODEL, question, hits, self.history, self.budget_tokens, length, self.seen)
        self.seen |= known(*prompt.added)
        self.history.append(Turn(question, answer, tuple(ids(prompt.added)), length))
        return prompt


# --- what it looks like --------------------------------------------------------------------------


def test_the_first_prompt_is_instructions_passages_question() -> None:
    prompt = build_prompt(MODEL, "When is it due?", [hit(RENT), hit(DEPOSIT, 2, page=2)], (), 1000)
    system, user = prompt.messages
    assert (system.role, system.content, user.role) == ("system", INSTRUCTIONS, "user")
    assert user.content == f"[1] lease.pdf:\n{RENT}\n\n[2] lease.pdf, page 2:\n{DEPOSIT}\n\nQuestion: When is it due?"
    assert (ids(prompt.added), prompt.kept) == ([1, 2], ())


def test_a_follow_up_adds_what_is_new_and_numbers_it_on() -> None:
    history = (Turn("How much?", f"{RENT} [1]", (1, 2)),)
    hits = [hit(NOTICE, 3), hit(RENT)]
    prompt = build_prompt(MODEL, "And the notice?", hits, history, 1000, known=known(hit(RENT), hit(DEPOSIT, 2)))
    assert [message.role for message in prompt.messages] == ["system", "user", "assistant", "user"]
    assert prompt.messages[2].content == RENT
    assert prompt.messages[3].content == f"[3] lease.pdf:\n{NOTICE}\n\nQuestion: And the notice?"
    assert (ids(prompt.added), ids(prompt.kept)) == ([3], [1, 2])


def test_a_follow_up_about_what_was_shown_already_adds_the_question_alone() -> None:
    history = (Turn("How much?", RENT, (1,)),)
    prompt = build_prompt(MODEL, "And when?", [hit(RENT)], history, 1000, known=known(hit(RENT)))
    assert prompt.messages[-1].content == "Question: And when?"
    assert (prompt.added, ids(prompt.kept)) == ((), [1])


def test_a_passage_that_may_not_be_shown_any_more_is_not_in_the_prompt() -> None:
    history = (Turn("How much?", "Something.", (1, 2)),)
    prompt = build_prompt(MODEL, "And?", [hit(NOTICE, 3)], history, 1000, known=known(hit(DEPOSIT, 2)))
    text = " ".join(message.content for message in prompt.messages)
    assert RENT not in text
    assert f"[1] lease.pdf:\n{DEPOSIT}" in text and f"[2] lease.pdf:\n{NOTICE}" in text


def test_a_passage_that_two_turns_added_is_shown_once() -> None:
    history = (Turn("a", "b", (1,)), Turn("c", "d", (1, 2)))  # the first was written anew later
    prompt = build_prompt(MODEL, "And?", [hit(RENT)], history, 1000, known=known(hit(RENT), hit(DEPOSIT, 2)))
    assert sum(message.content.count(RENT) for message in prompt.messages) == 1
    assert ids(prompt.kept) == [1, 2]


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (f"{RENT} [1][12]\n{NOTICE} [2]", f"{RENT}\n{NOTICE}"),
        ("```\nx[1]\n```\n[3]", "```\nx[1]\n```\n"),
        ("“The rent” [1]", "“The rent”"),
        ("See [1] there.", "See [1] there."),
    ],
)
def test_an_answers_own_citation_numbers_are_not_mistaken_for_passages(answer: str, shown: str) -> None:
    prompt = build_prompt(MODEL, "And?", [hit(RENT)], (Turn("a", answer),), 1000)
    assert prompt.messages[2].content == shown


def test_the_instructions_alone_are_public_and_the_same_for_every_question() -> None:
    prompts = [
        build_prompt(MODEL, question, [hit(RENT)], history, 1000, length)
        for question in ("What?", "Wer?")
        for history in ((), (Turn("a", "b"),))
        for length in LENGTHS
    ]
    assert {prompt.messages[0] for prompt in prompts} == {Message("system", INSTRUCTIONS, is_public=True)}
    assert not any(message.is_public for prompt in prompts for message in prompt.messages[1:])


@pytest.mark.parametrize("length", ["shorter", "longer"])
def test_a_wish_for_a_length_stands_at_the_very_end(length: str) -> None:
    plain = build_prompt(MODEL, "What?", [hit(RENT)], (), 1000).messages[-1].content
    assert build_prompt(MODEL, "What?", [hit(RENT)], (), 1000, length).messages[-1].content == (
        f"{plain}\n\n{LENGTHS[length]}"
    )


def test_a_passage_says_where_it_is_from() -> None:
    assert passage_text(hit("Text.", page=3), 2) == "[2] lease.pdf, page 3:\nText."
    assert passage_text(hit("Text."), 1) == "[1] lease.pdf:\nText."


# --- it grows at its end -------------------------------------------------------------------------


def test_what_was_said_once_is_said_again_word_for_word() -> None:
    thread = Thread()
    before: tuple[Message, ...] = ()
    for number in range(8):
        hits = [hit(f"Passage {chunk} says {chunk}.", chunk) for chunk in range(number // 2, number // 2 + 5)]
        length = ("", "shorter", "longer")[number % 3]
        now = thread.ask(f"Question {number}?", hits, f"Answer {number}. [1][2]", length).messages
        assert now[: len(before)] == before
        assert len(now) == 2 * number + 2
        before = now


@given(
    st.lists(
        st.tuples(st.lists(st.integers(1, 30), min_size=1, max_size=8, unique=True), st.integers(0, 200)), min_size=12
    ),
    st.integers(16, 64),
    st.integers(1000, 4000),
)
def test_the_prompt_begins_anew_at_most_every_other_question(
    turns: list[tuple[list[int], int]], passages: int, budget_tokens: int
) -> None:
    """Where many passages fit and an answer takes an eighth of the room at most, room is made for two questions."""
    room = budget_tokens - MODEL.count_tokens(INSTRUCTIONS) - 32
    words = room // passages
    thread, before, was_new = Thread(budget_tokens), (), False
    for number, (chunks, length) in enumerate(turns):
        hits = [hit("word " * words, chunk) for chunk in chunks]
        prompt = thread.ask(f"Question {number}?", hits, "word " * min(length, room // 12))
        is_new = bool(before) and prompt.messages[: len(before)] != before
        assert not (is_new and was_new), "what was read is read again at every question"
        was_new, before = is_new, prompt.messages


# --- the budget ----------------------------------------------------------------------------------


def test_passages_come_best_first_and_the_last_fall_away() -> None:
    hits = [hit(f"passage{number} " * 60, number) for number in range(1, 7)]
    prompt = build_prompt(MODEL, "What?", hits, (), 500)
    assert ids(prompt.added) == list(range(1, len(prompt.added) + 1))
    assert 0 < len(prompt.added) < len(hits)
    assert f"passage{len(prompt.added) + 1}" not in prompt.messages[-1].content


def test_a_follow_up_adds_only_what_is_among_the_best() -> None:
    hits = [hit(f"passage{number}", number) for number in range(1, 9)]
    assert len(build_prompt(MODEL, "What?", hits, (), 4000).added) == 8
    history, shown = (Turn("a", "b", (2,)),), known(hits[1])
    prompt = build_prompt(MODEL, "What?", hits, history, 4000, known=shown)
    assert ids(prompt.added) == [each for each in range(1, FOLLOW_UP_HITS + 1) if each != 2]


def test_the_oldest_turns_fall_away_first_and_half_of_the_room_with_them() -> None:
    history = tuple(Turn(f"question{number} " * 20, "answer " * 20) for number in range(9))
    prompt = build_prompt(MODEL, "What?", [hit("Text.")], history, 600)
    text = " ".join(message.content for message in prompt.messages)
    assert "question8" in text and "question0" not in text
    assert tokens(prompt.messages[1:]) < (600 - tokens(prompt.messages[:1])) * 0.75


def test_a_passage_of_a_turn_that_fell_away_is_new_again() -> None:
    old = hit("old " * 300, 1)
    history = (Turn("first", "answer", (1,)), Turn("second", "answer " * 20))
    prompt = build_prompt(MODEL, "What?", [old], history, 500, known=known(old))
    assert (ids(prompt.added), prompt.kept) == ([1], ())
    assert "old" in prompt.messages[-1].content


def test_a_question_longer_than_the_budget_is_kept_whole_with_one_passage() -> None:
    question = "why " * 400
    prompt = build_prompt(MODEL, question, [hit("Text."), hit("More.", 2)], (Turn("a", "b", (3,)),), 100)
    assert prompt.messages[-1].content.endswith(question)
    assert len(prompt.added) == 1


@given(
    st.lists(st.integers(min_value=1, max_value=120), min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(1, 200), st.integers(0, 3)), max_size=8),
    st.integers(200, 3000),
)
def test_the_budget_is_kept_wherever_one_passage_fits(
    lengths: list[int], turns: list[tuple[int, int]], budget: int
) -> None:
    hits = [hit("word " * length, number) for number, length in enumerate(lengths)]
    shown = {number: hit("seen " * 60, number) for number in range(100, 130)}
    history = [
        Turn("earlier " * length, "answer " * 30, tuple(range(100 + 3 * number, 100 + 3 * number + count)))
        for number, (length, count) in enumerate(turns)
    ]
    prompt = build_prompt(MODEL, "What is it?", hits, history, budget, known=shown)
    if len(prompt.added) > 1:
        assert tokens(prompt.messages) <= budget


# --- the trial model -----------------------------------------------------------------------------


def test_a_trial_model_is_asked_about_one_passage_in_its_own_way() -> None:
    trial = ScriptedModel(is_trial=True)
    hits, history = [hit("It is 5 euros."), hit("Other.", 2)], (Turn("a", "b", (2,)),)
    prompt = build_prompt(trial, "How much?", hits, history, 500, known=known(hits[1]))
    system, ask = prompt.messages
    assert system == Message("system", TRIAL_SYSTEM, is_public=True)
    assert "It is 5 euros." in ask.content and "How much?" in ask.content
    assert "Other." not in ask.content
    assert (ids(prompt.added), prompt.kept) == ([1], ())


@pytest.mark.parametrize(
    "sentence", [NOT_FOUND, "the files do not say.", "The files do not say", " The files do not say what it costs."]
)
def test_the_agreed_words_for_not_found_are_understood(sentence: str) -> None:
    assert says_not_found(sentence)


@pytest.mark.parametrize("sentence", ["The files say so.", "", "He says that the files do not say."])
def test_other_sentences_are_no_refusal(sentence: str) -> None:
    assert not says_not_found(sentence)
