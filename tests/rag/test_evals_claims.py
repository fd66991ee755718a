"""Claims are read in every form they come in, and both judges are measured on them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.errors import SetUnreadable
from rag.evals.claims import auc, balanced_accuracy, best_threshold, measure, read_claims
from rag.support import support_score

EVIDENCE = ["The monthly rent is 1,450 euros.", "Peter Novak signed the lease on 3 May 2024.", "The cellar is dry."]
ROWS = [
    {"claim": "The monthly rent is €1,450.", "evidence": EVIDENCE, "label": "supported"},
    {"claim": "Peter Novak signed the lease on 2024-05-03.", "evidence": EVIDENCE, "label": True},
    {"claim": "The monthly rent is 1,540 euros.", "evidence": EVIDENCE, "label": "not_supported"},
    {"claim": "Maria Lopez signed the lease on 3 May 2024.", "evidence": " ".join(EVIDENCE), "label": 0},
    {
        "claim": "The cellar is dry. It was painted by Rembrandt.",
        "evidence": EVIDENCE,
        "label": "partially_supported",
        "supporting_sentences": [[2]],
        "meta": {"id": "dev1"},
    },
]


def written(folder: Path, rows: list[dict]) -> Path:
    path = folder / "claims.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_every_form_of_a_label_and_of_evidence_is_read(tmp_path: Path) -> None:
    claims = read_claims(written(tmp_path, ROWS))
    assert [claim.is_supported for claim in claims] == [True, True, False, False, False]
    assert len(claims[0].evidence) == 3
    listed = tmp_path / "claims.json"
    listed.write_text(json.dumps(ROWS), encoding="utf-8")
    assert read_claims(listed) == claims


@pytest.mark.parametrize(
    "row",
    [
        {"evidence": EVIDENCE, "label": 1},
        {"claim": "x", "label": 1},
        {"claim": "x", "evidence": [1], "label": 1},
        {"claim": "x", "evidence": "y", "label": "perhaps"},
    ],
)
def test_what_is_missing_is_said_with_its_line(tmp_path: Path, row: dict) -> None:
    with pytest.raises(SetUnreadable, match=r"claims\.jsonl, line 2"):
        read_claims(written(tmp_path, [ROWS[0], row]))


def test_an_empty_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetUnreadable):
        measure(written(tmp_path, []))


def test_both_judges_tell_true_claims_from_false_ones(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    measured = measure(written(tmp_path, ROWS), progress=lambda *step: seen.append(step))
    assert (measured.set, measured.n, len(seen)) == ("grounding", 5, 5)
    assert measured.metrics["check_balanced_accuracy"] == 1.0
    assert measured.metrics["auc"] == 1.0


def test_halves_share_no_evidence_and_are_the_whole(tmp_path: Path) -> None:
    rows = [ROWS[0] | {"evidence": f"Text {number // 2}."} for number in range(40)]
    path = written(tmp_path, rows)
    dev, test = read_claims(path, "dev"), read_claims(path, "test")
    assert len(dev) + len(test) == 40
    assert not {claim.evidence for claim in dev} & {claim.evidence for claim in test}
    assert dev


def test_figures_are_what_they_are_called() -> None:
    assert balanced_accuracy([True, True, False, False], [True, False, False, False]) == 0.75
    assert auc([True, False, True, False], [0.9, 0.1, 0.5, 0.5]) == 0.875
    assert auc([True, True], [0.1, 0.2]) == 0.5
    assert best_threshold([False, False, True], [0.1, 0.4, 0.7]) == 0.7


def test_the_score_lies_between_none_and_all() -> None:
    for claim in ("", "?", "The monthly rent is 1,450 euros.", "x " * 500):
        assert 0 <= support_score(claim, EVIDENCE) <= 1
        assert 0 <= support_score(claim, []) <= 1


@pytest.mark.slow
def test_made_claims_are_told_apart_better_than_by_chance(shared_data: Path) -> None:
    """On the dev articles, on which the weights were fitted; the bars leave room for a changed case or two."""
    measured = measure(shared_data / "xquad" / "xquad.en.json", half="dev", limit=300)
    assert measured.n == 300
    assert measured.metrics["balanced_accuracy"] > 0.70  # .719 on these 300, .762 on all 946
    assert measured.metrics["check_false_accepted"] < 0.15
