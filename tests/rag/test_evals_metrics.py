"""The figures' arithmetic, against values worked out by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.evals import metrics
from rag.evals.measured import MOST_SHOWN, Miss, in_half, spread_over, worst_of

spans = st.tuples(st.integers(0, 90), st.integers(1, 30)).map(lambda pair: (pair[0], pair[0] + pair[1]))


def test_ndcg_falls_with_the_rank_of_the_right_place() -> None:
    right = frozenset({"b"})
    assert metrics.ndcg(["b", "a"], right, 10) == 1.0
    assert metrics.ndcg(["a", "b"], right, 10) == pytest.approx(1 / math.log2(3))
    assert metrics.ndcg(["a", "c"], right, 10) == 0.0
    assert metrics.ndcg(["a", "b"], right, 1) == 0.0


def test_ndcg_of_two_right_places_is_one_only_where_both_come_first() -> None:
    right = frozenset({"a", "b"})
    assert metrics.ndcg(["b", "a", "c"], right, 5) == pytest.approx(1.0)
    ideal = 1 + 1 / math.log2(3)
    assert metrics.ndcg(["a", "c", "b"], right, 5) == pytest.approx((1 + 1 / 2) / ideal)


def test_recall_counts_all_right_places_and_a_hit_any() -> None:
    right = frozenset({1, 2})
    assert metrics.recall([1, 3, 2], right, 2) == 0.5
    assert metrics.hit([3, 1], right, 1) == 0.0
    assert metrics.hit([3, 1], right, 2) == 1.0
    assert metrics.reciprocal_rank([3, 1], right) == 0.5
    assert metrics.reciprocal_rank([3], right) == 0.0


def test_nothing_found_and_nothing_asked_are_no_errors() -> None:
    assert metrics.ndcg([], frozenset(), 10) == metrics.recall([], frozenset(), 5) == metrics.mean([]) == 0.0


def test_cover_counts_characters_as_the_original_does() -> None:
    found = metrics.cover([(10, 20), (30, 40)], [(0, 15), (35, 60)], retrieved_characters=60)
    assert found.recall == 10 / 20
    assert found.precision == 10 / 60
    assert found.iou == 10 / (60 + 10)


def test_passages_of_other_corpora_cost_precision_only() -> None:
    found = metrics.cover([(0, 10)], [(0, 10)], retrieved_characters=40)
    assert (found.recall, found.precision, found.iou) == (1.0, 0.25, 0.25)


def test_nothing_retrieved_covers_nothing() -> None:
    assert metrics.cover([(0, 10)], [], 0) == metrics.Cover(0.0, 0.0, 0.0)


@given(st.lists(spans, min_size=1, max_size=3), st.lists(spans, max_size=5))
def test_cover_agrees_with_counting_each_character(wanted: list[tuple[int, int]], found: list[tuple[int, int]]) -> None:
    wanted_characters = {place for start, end in wanted for place in range(start, end)}
    found_characters = {place for start, end in found for place in range(start, end)}
    covered = len(wanted_characters & found_characters)
    total = sum(end - start for start, end in found)
    got = metrics.cover(wanted, found, total)
    assert got.recall == pytest.approx(covered / sum(end - start for start, end in wanted))
    assert got.precision == pytest.approx(covered / total if total else 0.0)


def test_auc_of_equal_values_is_chance() -> None:
    assert metrics.auc([0.5], [0.5]) == 0.5
    assert metrics.auc([0.9], [0.1]) == 1.0
    assert metrics.auc([0.1], [0.9]) == 0.0
    assert metrics.auc([], [0.9]) == 0.5


def test_rates_count_what_a_threshold_gets_wrong() -> None:
    rates = metrics.gate_rates([0.2, 0.8], [0.1, 0.6], 0.5)
    assert (rates.false_refusals, rates.false_answers) == (0.5, 0.5)
    assert metrics.threshold_for([0.2, 0.8], 0.0) == pytest.approx(0.2)


def test_a_group_lies_in_one_half_and_always_in_the_same() -> None:
    groups = [f"conversation {number}" for number in range(200)]
    dev = {group for group in groups if in_half(group, "dev")}
    test = {group for group in groups if in_half(group, "test")}
    assert dev | test == set(groups)
    assert not dev & test
    assert 60 < len(dev) < 140
    assert all(in_half(group, "all") for group in groups)


def test_a_sample_is_spread_over_the_whole() -> None:
    assert spread_over(range(10), 5) == [0, 2, 4, 6, 8]
    assert spread_over(range(3), 5) == spread_over(range(3), None) == [0, 1, 2]


def test_the_worst_come_first_and_what_is_right_is_left_out() -> None:
    judged = [(score / 20, Miss(str(score), "", "")) for score in range(21)]
    worst = worst_of(judged)
    assert [miss.question for miss in worst] == [str(score) for score in range(MOST_SHOWN)]
    assert worst_of([(1.0, Miss("right", "", ""))]) == ()
