"""How much of a question stands in a text, exactly or nearly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.pieces import held

# Four pieces: 0 and 1 lie near each other, 2 and 3 are far from all.
ROWS = np.array([[1, 0, 0, 0], [0.8, 0.6, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], dtype=np.float32)
FEW = st.lists(st.integers(0, 3), max_size=6)


def shares(question: list[int], *texts: list[int]) -> list[float]:
    return held(question, texts, lambda ids: ROWS[ids]).tolist()


def test_a_text_that_holds_all_is_whole_and_one_that_holds_nothing_near_is_nothing() -> None:
    assert shares([0, 2], [2, 3, 0, 0], [3, 3]) == pytest.approx([1.0, 0.0])


def test_a_near_piece_counts_less_than_the_piece_itself_and_more_than_another() -> None:
    exact, near, other = shares([0], [0, 3], [1, 3], [2, 3])
    assert exact == pytest.approx(1.0) and near == pytest.approx(0.8) and other == pytest.approx(0.0)


def test_what_few_texts_hold_weighs_more_than_what_all_hold() -> None:
    with_rare, with_common, *_ = shares([2, 3], [2], [3], [3], [3], [3])
    assert with_rare > 0.6 > 0.4 > with_common


def test_a_repeated_piece_counts_once() -> None:
    assert shares([0, 0, 0, 2], [0, 0, 2], [0], [2]) == shares([0, 2], [2, 0], [0], [2])


@pytest.mark.parametrize(("question", "texts"), [([], [[0]]), ([0], []), ([0], [[], []])])
def test_nothing_is_held_where_there_is_nothing(question: list[int], texts: list[list[int]]) -> None:
    assert shares(question, *texts) == [0.0] * len(texts)


@given(FEW, st.lists(FEW, min_size=1, max_size=5))
def test_each_text_has_a_share_that_grows_with_the_text(question: list[int], texts: list[list[int]]) -> None:
    found = shares(question, *texts)
    assert all(-1e-6 <= share <= 1 + 1e-6 for share in found)
    whole, *_ = shares(question, question, *texts)
    assert whole == pytest.approx(1.0) if question else whole == 0
