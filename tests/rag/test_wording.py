"""How a question's words stand in a text."""

from __future__ import annotations

import pytest

from rag.wording import Wording, follows, nearness


def test_words_side_by_side_are_nearer_than_strewn_ones() -> None:
    texts = ["the notice period is long", "a notice hangs on the wall, and after a while the lunch break is a period"]
    near = Wording("What is the notice period?", {"notice": 1.0, "period": 1.0}, texts).match().near
    assert near[0] > near[1]


def test_other_endings_are_the_same_word_in_english_and_german() -> None:
    counted = Wording("Welche Kündigungen?", {"kündigungen": 1.0}, ["eine Kündigung", "ein Vertrag"]).match().counted
    assert counted[0] > 0 and counted[1] == 0


def test_the_order_of_the_question_counts() -> None:
    phrases = (
        Wording("court order", {"court": 1.0, "order": 1.0}, ["a court order", "an order of the court"]).match().phrases
    )
    assert (phrases[0], phrases[1]) == (1.0, 0.0)


def test_a_rare_word_says_more_than_one_that_all_texts_hold() -> None:
    held = Wording("x", {"pump": 1.0, "seal": 1.0}, ["pump seal", "pump", "pump", "seal", "pump"]).match().held
    assert held[3] > held[1]


def test_no_texts_and_no_terms_are_no_trouble() -> None:
    assert len(Wording("What?", {}, []).match().near) == 0
    assert Wording("???", {}, ["text"]).match().counted.tolist() == [0.0]


@pytest.mark.parametrize(
    ("here", "there", "expected"), [((1,), (2,), 1.0), ((1, 50), (40, 54), 0.5), ((1,), (10,), 0.0), ((), (1,), 0.0)]
)
def test_nearness_falls_with_the_distance(here: tuple[int, ...], there: tuple[int, ...], expected: float) -> None:
    assert nearness(here, there) == nearness(there, here) == expected


def test_follows_is_about_the_next_word_only() -> None:
    assert follows((3, 9), (4,)) == 1.0
    assert follows((4,), (3, 9)) == 0.0
