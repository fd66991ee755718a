"""Weighing evidence, and the pairs that it is measured on."""

import json
from pathlib import Path

import pytest

from rag.evals import grounding
from rag.llms import judging
from rag.llms.judging import Calibration, Evidence
from tests.rag.fakes import ScriptedModel


def test_coverage_counts_content_words_within_two_neighbouring_sentences() -> None:
    text = "The cat sat on the mat. It was grey.\nDogs bark at night. Rain fell."
    assert judging.coverage("Did cats sit on a mat?", text) == pytest.approx(2 / 3)
    assert judging.coverage("Was the mat grey?", text) == 1.0
    assert judging.coverage("mat rain", text) == 0.5
    assert judging.coverage("Who is it?", text) == 0.0
    assert judging.coverage("cat", "") == 0.0


def test_a_number_from_nowhere_does_not_hold() -> None:
    assert judging.numbers_hold("It cost 1,000.50 in 2016.", "In 2016 the price was 1000.50, no more.")
    assert not judging.numbers_hold("It cost 12 dollars.", "It cost 120 dollars.")
    assert judging.numbers_hold("It was cheap.", "")


def test_the_sum_of_the_evidence_decides() -> None:
    calibration = Calibration(bias=-1.0, odds=0.5, gain=2.0, weakest=0.1, coverage=1.0)
    assert calibration.says_yes(Evidence(odds=1.0, gain=0.2, weakest=0.0, coverage=0.2))
    assert not calibration.says_yes(Evidence(odds=1.0, gain=0.2, weakest=-3.0, coverage=0.2))
    assert not calibration.says_yes(Evidence(odds=1.0, gain=0.0, weakest=0.0, coverage=0.5))


def squad(path: Path) -> Path:
    """Eight articles of four paragraphs with two questions each."""
    articles = [
        {
            "paragraphs": [
                {
                    "context": f"Town {a}{p} has {a}{p}7 people. Its river is the Flow{a}{p}.",
                    "qas": [
                        {"question": f"How many people has {a}{p}?", "answers": [{"text": f"{a}{p}7"}]},
                        {"question": f"Which river has {a}{p}?", "answers": [{"text": f"Flow{a}{p}"}]},
                    ],
                }
                for p in range(4)
            ]
        }
        for a in range(8)
    ]
    path.write_text(json.dumps({"data": articles}))
    return path


def test_pairs_are_half_yes_and_the_splits_share_no_paragraph(tmp_path: Path) -> None:
    path = squad(tmp_path / "squad.json")
    for build in (grounding.support_pairs, grounding.grading_pairs):
        dev, test = build(path, "dev", 16), build(path, "test", 16)
        assert sum(pair.expected for pair in dev) == sum(pair.expected for pair in test) == 8
        assert not {pair.context for pair in dev} & {pair.context for pair in test}
        assert build(path, "test", 16) == test


def test_only_a_supported_sentence_stands_in_its_context(tmp_path: Path) -> None:
    pairs = grounding.support_pairs(squad(tmp_path / "squad.json"), "test", 16)
    sentences = [pair for pair in pairs if "?" not in pair.text]
    assert sentences
    assert all((pair.text in pair.context) == pair.expected for pair in sentences)


def test_always_yes_scores_one_half(tmp_path: Path) -> None:
    scores = grounding.measure(ScriptedModel(lambda _: "Yes"), squad(tmp_path / "squad.json"), count=16)
    for score in scores.values():
        assert score.balanced_accuracy == 0.5
        assert (score.true_yes, score.false_yes, score.true_no, score.false_no) == (8, 8, 0, 0)


def test_the_real_set_gives_fifty_pairs_each(shared_data: Path) -> None:
    path = shared_data / "xquad" / "xquad.en.json"
    for build in (grounding.support_pairs, grounding.grading_pairs):
        pairs = build(path, "test", 50)
        assert len(pairs) == 50 and sum(pair.expected for pair in pairs) == 25
