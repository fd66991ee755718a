"""A calibration finds what tells questions apart, keeps to what it knows where cases are few, and survives its file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rag.calibration import (
    SIGNALS,
    Calibration,
    Cases,
    as_known,
    cross_validated,
    fitted,
    from_known,
    probabilities,
    rates,
    thresholds,
)
from rag.calibrations import MINILM, NEUTRAL, read_own, shipped_for, write_own
from rag.errors import StoreError


def made(count: int, *, noise: float = 0.1, seed: int = 1) -> Cases:
    """Cases that the third signal tells apart, and the others do not."""
    draw = np.random.default_rng(seed)
    answerable = np.arange(count) % 2 == 0
    signals = draw.uniform(0, 1, (count, len(SIGNALS)))
    signals[:, 2] = 0.3 + 0.4 * answerable + draw.normal(0, noise, count)
    return Cases(signals, answerable, np.ones(count), np.arange(count))


def test_fitting_finds_the_signal_that_tells() -> None:
    found = fitted(made(400))
    assert int(np.argmax(np.abs(found.weights))) == 2
    held_out = made(400, seed=2)
    measured = rates(probabilities(found, held_out.signals), held_out, 0.5)
    assert measured.auc > 0.97
    assert measured.false_refusals < 0.1 and measured.false_answers < 0.1
    assert measured.calibration_error < 0.08


def test_few_cases_hardly_move_a_calibration_and_many_do() -> None:
    # The shipped weights say nothing of these cases, whose second signal is the one that counts.
    few, many = fitted(made(20), near=NEUTRAL, strength=50.0), fitted(made(2000), near=NEUTRAL, strength=50.0)

    def moved(found: Calibration) -> float:
        return float(np.linalg.norm(np.subtract(found.weights, NEUTRAL.weights)))

    assert moved(few) < moved(many) / 2


@pytest.mark.parametrize("seed", [46, 118, 124, 140, 200, 217, 218, 300, 301, 363])
def test_fitting_settles_near_a_calibration_that_is_far_off(seed: int) -> None:
    """Without shorter steps where the curve is flat these fly off, to a loss of 1.5 to 3.5."""
    draw = np.random.default_rng(seed)
    answerable = np.arange(count := int(draw.integers(12, 60))) % 2 == 0
    signals = draw.uniform(0, 1, (count, len(SIGNALS)))
    signals[:, 2] += answerable * draw.choice([0.5, 2, 10])
    cases = Cases(signals, answerable, np.full(count, draw.choice([1, 5, 50.0])), np.arange(count))
    far_off = Calibration(tuple(draw.normal(0, 30, len(SIGNALS)).tolist()), float(draw.normal(0, 20)))
    assert rates(probabilities(fitted(cases, near=far_off), signals), cases, 0.5).log_loss < 0.2


def test_thresholds_keep_to_their_shares() -> None:
    cases = made(1000)
    found = fitted(cases)
    guessed = probabilities(found, cases.signals)
    refuse_below, answer_from = thresholds(guessed, cases)
    assert (guessed[cases.answerable] < refuse_below).mean() == pytest.approx(0.04, abs=0.01)
    sure = guessed >= answer_from
    assert (~cases.answerable[sure]).mean() <= 0.11
    assert 0 < refuse_below <= answer_from <= 1


def test_cross_validation_is_not_taken_in_by_noise() -> None:
    cases = made(300)
    draw = np.random.default_rng(5)
    nothing = replace(cases, answerable=draw.permutation(cases.answerable))
    assert cross_validated(nothing, near=NEUTRAL).auc < 0.7
    assert cross_validated(cases, near=NEUTRAL).auc > 0.9


def test_cross_validation_keeps_a_group_on_one_side() -> None:
    cases = made(40)
    one_group = replace(cases, groups=np.zeros(40, dtype=int))
    assert cross_validated(one_group, near=NEUTRAL).log_loss == pytest.approx(
        rates(probabilities(NEUTRAL, cases.signals), cases, NEUTRAL.refuse_below).log_loss
    ), "there is nothing to learn from, so what was there is measured"


def test_rates_count_what_is_wrong() -> None:
    cases = Cases(np.zeros((4, len(SIGNALS))), np.array([True, True, False, False]), np.ones(4), np.arange(4))
    found = rates(np.array([0.1, 0.9, 0.2, 0.8]), cases, 0.5)
    assert (found.false_refusals, found.false_answers, found.auc) == (0.5, 0.5, 0.5)


def test_a_calibration_is_the_same_after_its_file(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    first, second = replace(MINILM, embedder="a" * 16), replace(NEUTRAL, embedder="b" * 16)
    write_own(path, first)
    write_own(path, second)
    assert read_own(path, first.embedder) == first
    assert read_own(path, second.embedder) == second
    assert read_own(path, "c" * 16) is None
    assert read_own(tmp_path / "none.json", first.embedder) is None
    assert set(json.loads(path.read_text())["a" * 16]["weights"]) == set(SIGNALS), "it can be read by a person"


def broken(**more: object) -> str:
    return json.dumps({"x": as_known(MINILM) | more})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"x": 3}',
        '{"x": {}}',
        broken(bias="high"),
        broken(bias=float("nan")),
        broken(refuse_below=0.9, answer_from=0.1),
        broken(weights={"top": 1.0}),
        broken(weights=[1, 2, 3]),
        broken(weights=dict.fromkeys(SIGNALS, None)),
    ],
)
def test_a_broken_file_is_one_sentence_with_a_way_out(text: str, tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(text)
    with pytest.raises(StoreError) as caught:
        read_own(path, "x")
    assert "Delete it" in caught.value.user_message
    assert str(tmp_path) not in caught.value.user_message


def test_what_is_no_calibration_is_refused() -> None:
    assert from_known(as_known(MINILM)) == MINILM
    with pytest.raises(ValueError, match="signals"):
        from_known(as_known(MINILM) | {"weights": {"top": 1.0}})


def test_another_embedder_has_a_wider_grey_band() -> None:
    assert shipped_for("all-MiniLM-L6-v2") is MINILM
    other = shipped_for("some-other-embedder")
    assert other is NEUTRAL
    assert other.answer_from - other.refuse_below > MINILM.answer_from - MINILM.refuse_below
