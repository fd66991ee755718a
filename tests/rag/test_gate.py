"""The gate answers what stands there, refuses what does not, and asks back where a question means several things."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rag.calibration import SIGNALS, Calibration
from rag.gate import Decision, Gate, Verdict
from rag.retrieve import Retrieval
from rag.types import Chunk, Hit
from tests.rag.fakes import HashEmbedder

# Only the nearest sentence counts: a probability of one half at a cosine of one half.
BY_SENTENCE = Calibration(tuple(10.0 if name == "sentence" else 0.0 for name in SIGNALS), -5.0, 0.3, 0.7)
GATE = Gate(HashEmbedder(), BY_SENTENCE)


def hit(text: str, name: str = "lease.pdf", *, cosine: float = 0.4, score: float = 1.0) -> Hit:
    return Hit(Chunk(1, 1, 0, text), name, name, score, cosine)


def found(*hits: Hit, **more: object) -> Retrieval:
    return replace(Retrieval(hits=hits, top_cosine=0.4, coverage=0.5), **more)  # type: ignore[arg-type]


def test_nothing_found_is_refused() -> None:
    assert GATE.decide(found(), "What is the rent?") == Decision(Verdict.REFUSE, 0.0)


def test_one_sentence_among_many_is_enough() -> None:
    text = "The flat lies by the harbour. Pets are welcome here. Keys are handed over on Monday."
    sure = GATE.decide(found(hit(text)), "Pets are welcome here.")
    assert sure.verdict is Verdict.ANSWER and sure.probability > 0.9
    assert GATE.decide(found(hit(text)), "Quarterly turnover figures?").verdict is Verdict.REFUSE


def test_between_the_thresholds_it_is_unsure() -> None:
    wide = Gate(HashEmbedder(), replace(BY_SENTENCE, refuse_below=0.0, answer_from=1.0))
    assert wide.decide(found(hit("Pets are welcome.")), "Pets are welcome.").verdict is Verdict.UNSURE


def test_a_follow_up_is_near_where_it_is_near_together_with_the_question_before() -> None:
    passage = found(hit("The notice period of the lease is thirty days."))
    alone = GATE.decide(passage, "How long?")
    together = GATE.decide(passage, "How long?", ("What is the notice period of the lease?",))
    assert together.probability > alone.probability


def test_a_refusal_knows_whether_something_came_near() -> None:
    close = Gate(None, Calibration((0.0,) * len(SIGNALS), -1.0, 0.3, 0.7))  # always .27
    assert close.decide(found(hit("The rent.")), "What is the fee?").is_near
    far = Gate(None, Calibration((0.0,) * len(SIGNALS), -5.0, 0.3, 0.7))
    assert not far.decide(found(hit("The rent.")), "What is the fee?").is_near


def test_several_files_that_say_the_same_thing_differently_are_asked_back() -> None:
    prices = [hit(f"The price is {number} euros.", f"prices-{number}.pdf") for number in (10, 20)]
    decision = GATE.decide(found(*prices), "What is the price?")
    assert decision.verdict is Verdict.ASK
    assert decision.choices == ("prices-10.pdf", "prices-20.pdf")


def test_a_question_that_names_its_files_is_not_asked_back() -> None:
    prices = [hit(f"The price is {number} euros.", f"prices-{number}.pdf") for number in (10, 20)]
    named = found(*prices, named=("prices-10.pdf", "prices-20.pdf"))
    assert GATE.decide(named, "What is the price?").verdict is not Verdict.ASK


def test_what_would_be_refused_is_not_asked_back_either() -> None:
    prices = [hit(f"The price is {number} euros.", f"prices-{number}.pdf") for number in (10, 20)]
    strict = Gate(HashEmbedder(), replace(BY_SENTENCE, refuse_below=1.0, answer_from=1.0))
    assert strict.decide(found(*prices), "What is the price?").verdict is Verdict.REFUSE
    assert strict.decide(found(*prices), "and the second one?").verdict is Verdict.ASK, "it says nothing to search for"


@pytest.mark.parametrize("question", ["", "?", "\ud800", "\x00", "💥", "a " * 5000, "(" * 300, "\u202e"])
@pytest.mark.parametrize("text", ["", "?", "x", "1.\n2.\n3.", "a " * 5000])
def test_any_text_gives_a_probability(question: str, text: str) -> None:
    decision = GATE.decide(found(hit(text)), question, ("", "before"))
    assert 0 <= decision.probability <= 1


def test_signals_are_as_many_as_the_weights_and_all_numbers() -> None:
    signals = GATE.signals(found(hit("The rent."), absent=("fee",)), "What is the fee?")
    assert signals.shape == (len(SIGNALS),)
    assert np.isfinite(signals).all()
    assert dict(zip(SIGNALS, signals.tolist(), strict=True))["absent"] == 1.0
