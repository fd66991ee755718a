"""How likely it is that the files answer a question: a logistic regression over a few signals, and how it is fitted.

Knows numbers only: what the signals mean is the business of `rag.gate`. Nothing here reads a file or a model.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

SIGNALS = ("top", "first", "sentence", "coverage", "absent", "brevity", "margin")  # `rag.gate` says what they are
ROUNDS = 50  # of Newton's method, which has long settled by then
MOST_FALSE_REFUSALS = 0.04  # that `refuse_below` may cost
SURE_SHARE = 0.10  # of what is answered at once, the share that may be false
FOLDS = 5


@dataclass(frozen=True, slots=True)
class Calibration:
    """Weights for the signals, in the order of `SIGNALS`, and the two ends of the grey band between them."""

    weights: tuple[float, ...]
    bias: float
    refuse_below: float = 0.2  # a probability: what lies under it is refused
    answer_from: float = 0.6  # what reaches it is answered at once; between the two the gate is unsure
    embedder: str = ""  # the fingerprint it was fitted for; "": any
    source: str = ""  # on what it was fitted
    n: int = 0  # cases

    def probability(self, signals: Sequence[float] | np.ndarray) -> float:
        """Of an answer in the files, 0 to 1. ``signals``: (len(SIGNALS),)."""
        return float(_logistic(np.dot(np.asarray(signals, dtype=np.float64), self.weights) + self.bias))


def as_known(calibration: Calibration) -> dict[str, Any]:
    """For a JSON file, readable."""
    return asdict(calibration) | {"weights": dict(zip(SIGNALS, calibration.weights, strict=True))}


def from_known(known: object) -> Calibration:
    """What `as_known` made. Raises: ValueError where it is something else, or of other signals."""
    if not isinstance(known, dict) or not isinstance(weights := known.get("weights"), dict):
        raise ValueError("it is not a calibration")
    if tuple(weights) != SIGNALS:
        raise ValueError("it is of another version: its signals differ")
    numbers = [*weights.values(), *(known.get(name) for name in ("bias", "refuse_below", "answer_from"))]
    if not all(isinstance(number, int | float) and math.isfinite(number) for number in numbers):
        raise ValueError("not all of its numbers are numbers")
    found = Calibration(
        weights=tuple(map(float, weights.values())),
        bias=float(known["bias"]),
        refuse_below=float(known["refuse_below"]),
        answer_from=float(known["answer_from"]),
        embedder=str(known.get("embedder", "")),
        source=str(known.get("source", "")),
        n=int(known.get("n", 0)),
    )
    if not 0 <= found.refuse_below <= found.answer_from <= 1:
        raise ValueError("its thresholds are not in order")
    return found


# --- fitting ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cases:
    """Questions of which it is known whether the files answer them."""

    signals: np.ndarray  # (n, len(SIGNALS)) float64
    answerable: np.ndarray  # (n,) bool
    weights: np.ndarray  # (n,) float64: how much each counts
    groups: np.ndarray  # (n,) int: what must not lie on both sides of a split

    def __len__(self) -> int:
        return len(self.answerable)

    def only(self, chosen: np.ndarray) -> Cases:
        """Some of them; ``chosen``: (n,) bool."""
        return Cases(self.signals[chosen], self.answerable[chosen], self.weights[chosen], self.groups[chosen])


def fitted(cases: Cases, *, near: Calibration | None = None, strength: float = 2.0) -> Calibration:
    """The weights that explain ``cases`` best, without thresholds.

    They stay near those of ``near`` (without it: near 0), the nearer the greater ``strength`` and the fewer cases
    there are: a few dozen votes may shift a calibration and not overturn it.
    """
    scale = cases.signals.std(axis=0) + 1e-9
    middle = cases.signals.mean(axis=0)
    inputs = np.column_stack([(cases.signals - middle) / scale, np.ones(len(cases))])
    start = np.zeros(len(SIGNALS) + 1)
    if near is not None:
        start = np.append(np.asarray(near.weights) * scale, near.bias + float(np.dot(near.weights, middle)))
    pull = np.append(np.full(len(SIGNALS), strength), strength if near is not None else 1e-6)
    found = _newton(inputs, cases, start, pull)
    weights = found[:-1] / scale
    return Calibration(tuple(weights.tolist()), float(found[-1] - np.dot(weights, middle)), n=len(cases))


def _newton(inputs: np.ndarray, cases: Cases, start: np.ndarray, pull: np.ndarray) -> np.ndarray:
    """The lowest point of the log loss and the pull towards ``start``, which is the only one; (k,)."""

    def loss(at: np.ndarray) -> float:
        scores = inputs @ at
        fit = np.logaddexp(0, np.where(cases.answerable, -scores, scores))
        return float(cases.weights @ fit + (pull * (at - start) ** 2).sum() / 2)

    found = np.zeros_like(start)
    for _ in range(ROUNDS):
        guessed = _logistic(inputs @ found)
        slope = inputs.T @ (cases.weights * (guessed - cases.answerable)) + pull * (found - start)
        bend = (inputs * (cases.weights * guessed * (1 - guessed))[:, None]).T @ inputs + np.diag(pull)
        step = np.linalg.solve(bend, slope)
        while loss(found - step) > loss(found) and np.abs(step).max() > 1e-9:  # too far: the curve is flat out there
            step = step / 2
        found = found - step
    return found


def probabilities(calibration: Calibration, signals: np.ndarray) -> np.ndarray:
    """Of many questions at once: (n, len(SIGNALS)) becomes (n,)."""
    found: np.ndarray = _logistic(signals @ np.asarray(calibration.weights) + calibration.bias)
    return found


def thresholds(guessed: np.ndarray, cases: Cases) -> tuple[float, float]:
    """``refuse_below`` and ``answer_from`` that keep to the two shares allowed above, on ``cases``."""
    refuse_below = float(np.quantile(guessed[cases.answerable], MOST_FALSE_REFUSALS))
    order = np.argsort(-guessed)
    false = np.cumsum((cases.weights * ~cases.answerable)[order]) / np.cumsum(cases.weights[order])
    sure = np.flatnonzero(false <= SURE_SHARE)
    answer_from = float(guessed[order[sure[-1]]]) if len(sure) else 1.0
    return refuse_below, max(answer_from, refuse_below)


# --- how good it is ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rates:
    """What a calibration gets wrong: shares of the answerable and of the others, and how honest its numbers are."""

    false_refusals: float
    false_answers: float  # not refused, though nothing answers: sure and unsure ones together
    auc: float
    log_loss: float
    calibration_error: float  # mean distance of the probability from what came true, over ten bins of equal width


def rates(guessed: np.ndarray, cases: Cases, refuse_below: np.ndarray | float) -> Rates:
    """``refuse_below``: one threshold, or one for each case."""
    is_refused, yes = guessed < refuse_below, cases.answerable
    likelihood = np.clip(np.where(yes, guessed, 1 - guessed), 1e-6, 1)
    return Rates(
        float(is_refused[yes].mean()) if yes.any() else 0.0,
        float((~is_refused[~yes]).mean()) if (~yes).any() else 0.0,
        _auc(guessed[yes], guessed[~yes]),
        float(np.average(-np.log(likelihood), weights=cases.weights)),
        _calibration_error(guessed, cases),
    )


def cross_validated(cases: Cases, *, near: Calibration) -> Rates:
    """The rates of calibrations fitted on four fifths of the groups each and measured on the rest."""
    guessed, limits = np.zeros(len(cases)), np.zeros(len(cases))
    places = np.unique(cases.groups, return_inverse=True)[1] % FOLDS
    for fold in np.unique(places):
        known, held_out = cases.only(places != fold), places == fold
        if not 0 < known.answerable.sum() < len(known):  # nothing to learn from: what was there stays
            guessed[held_out], limits[held_out] = probabilities(near, cases.signals[held_out]), near.refuse_below
            continue
        found = fitted(known, near=near)
        guessed[held_out] = probabilities(found, cases.signals[held_out])
        limits[held_out] = thresholds(probabilities(found, known.signals), known)[0]
    return rates(guessed, cases, limits)


def _logistic(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(values, -30, 30)))


def _auc(yes: np.ndarray, no: np.ndarray) -> float:
    if not len(yes) or not len(no):
        return 0.5
    ordered = np.sort(no)
    below = np.searchsorted(ordered, yes, side="left") + np.searchsorted(ordered, yes, side="right")
    return float(below.sum() / (2 * len(yes) * len(no)))


def _calibration_error(guessed: np.ndarray, cases: Cases) -> float:
    bins = np.minimum((guessed * 10).astype(int), 9)
    total = 0.0
    for number in np.unique(bins):
        inside = bins == number
        weights = cases.weights[inside]
        gap = np.average(guessed[inside], weights=weights) - np.average(cases.answerable[inside], weights=weights)
        total += weights.sum() * abs(float(gap))
    return float(total / cases.weights.sum())
