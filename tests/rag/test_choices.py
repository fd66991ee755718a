"""A question is asked back only where nothing tells its meanings apart."""

from __future__ import annotations

import pytest

from rag.choices import MOST, choices_of, is_vague, points_nowhere
from rag.types import Chunk, Hit


def hit(name: str, text: str, *, cosine: float = 0.5, score: float = 1.0) -> Hit:
    return Hit(Chunk(abs(hash(name)) % 1000, 1, 0, text), name, name, score, cosine)


PRICES = [hit(f"prices-{year}.pdf", f"The price is {year - 1900} euros.") for year in range(2020, 2026)]


def test_a_bare_noun_that_several_files_hold_is_asked_back_with_four_choices_at_most() -> None:
    assert choices_of(PRICES, "What is the price?") == tuple(one.file_name for one in PRICES[:MOST])


def test_a_question_that_says_more_is_answered() -> None:
    assert choices_of(PRICES, "What is the price of the spare rotor key?") == ()


def test_one_file_is_no_choice() -> None:
    assert choices_of([PRICES[0], PRICES[0]], "What is the price?") == ()
    assert choices_of([], "What is the price?") == ()


def test_a_file_that_stands_further_off_is_no_choice() -> None:
    far = hit("lease.pdf", "The price is settled.", cosine=0.3)
    behind = hit("notes.pdf", "The price is settled.", score=0.5)
    assert choices_of([PRICES[0], far, behind], "What is the price?") == ()


def test_a_file_that_does_not_hold_the_word_is_no_choice() -> None:
    assert choices_of([PRICES[0], hit("lease.pdf", "The rent is due.")], "What is the price?") == ()


def test_what_a_thread_spoke_of_is_not_asked_back() -> None:
    assert choices_of(PRICES, "And the price?", ("What does the catalogue of 2024 hold?",)) == ()


@pytest.mark.parametrize(
    "question", ["and the second one?", "The other one?", "Und der zweite?", "Show me the last one"]
)
def test_nothing_but_a_pointing_word_is_asked_back(question: str) -> None:
    assert is_vague(question)
    assert len(choices_of(PRICES, question)) == MOST
    assert choices_of(PRICES, question, ("Which price lists are there?",)) == ()


@pytest.mark.parametrize("question", ["What is the second paragraph about?", "When was the last update?", "Who?", ""])
def test_a_question_with_a_thing_in_it_is_not_vague(question: str) -> None:
    assert not is_vague(question)


@pytest.mark.parametrize(
    ("question", "history"),
    [
        ("What is the population of this city?", ()),
        ("Was kostet dieses Gerät?", ()),
        ("Did the gift tax apply in this case?", ("How does a gift tax work?",)),
    ],
)
def test_a_thing_pointed_at_that_was_never_mentioned_leads_nowhere(question: str, history: tuple[str, ...]) -> None:
    assert points_nowhere(question, history)


@pytest.mark.parametrize(
    ("question", "history"),
    [
        ("What is the population of this city?", ("Which cities lie on the river?",)),
        ("A centrifuge has a rotor; how is this rotor fixed?", ()),
        ("Is this different from the other?", ()),
        ("What is this?", ()),
        ("How does it work?", ()),
    ],
)
def test_a_thing_that_was_mentioned_is_known(question: str, history: tuple[str, ...]) -> None:
    assert not points_nowhere(question, history)
