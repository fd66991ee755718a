"""The measuring itself, and the floor below which the search must not fall."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.evals.retrieval import (
    File,
    Question,
    Signal,
    auc,
    gate_rates,
    measure_ranking,
    measure_signals,
    open_library,
    read_mtrag,
    read_squad,
    threshold_for,
)
from tests.rag.fakes import HashEmbedder

FILES = [File("a.txt", ("Penguins live on ice.", "The fee is 100 euros.")), File("b.txt", ("Bread needs yeast.",))]
QUESTIONS = [
    Question("What is the fee in euros?", (), frozenset({("a.txt", 2)}), "one"),
    Question("What does bread need?", (), frozenset({("b.txt", 1)}), "two"),
]


def signal(is_answerable: bool, cosine: float, coverage: float = 0.0) -> Signal:
    return Signal(is_answerable, True, cosine, coverage)


def test_a_right_ranking_scores_one_and_a_missing_page_nothing(tmp_path: Path):
    with open_library(tmp_path, FILES, HashEmbedder()) as library:
        assert measure_ranking(library, QUESTIONS).ndcg_at_10 == pytest.approx(1.0)
        nowhere = Question("What is the fee in euros?", (), frozenset({("c.txt", 1)}), "one")
        assert measure_ranking(library, [nowhere]).recall_at_5 == 0.0


def test_hidden_files_make_a_question_unanswerable(tmp_path: Path):
    with open_library(tmp_path, FILES, HashEmbedder()) as library:
        signals = measure_signals(library, QUESTIONS, hide=True)
    assert [one.is_answerable for one in signals] == [True, False, True, False]
    assert auc(signals, lambda one: one.combined(0.5)) == 1.0


def test_auc_of_equal_values_is_chance():
    assert auc([signal(True, 0.5), signal(False, 0.5)], lambda one: one.top_cosine) == 0.5
    assert auc([signal(True, 0.9), signal(False, 0.1)], lambda one: one.top_cosine) == 1.0
    assert auc([signal(True, 0.1), signal(False, 0.9)], lambda one: one.top_cosine) == 0.0


def test_rates_count_what_a_threshold_gets_wrong():
    signals = [signal(True, 0.2), signal(True, 0.8), signal(False, 0.1), signal(False, 0.6)]
    rates = gate_rates(signals, lambda one: one.top_cosine, 0.5)
    assert (rates.false_refusals, rates.false_answers) == (0.5, 0.5)
    assert threshold_for(signals, lambda one: one.top_cosine, 0.0) == pytest.approx(0.2)


def test_the_sets_are_read_whole(shared_data: Path):
    files, questions = read_squad(shared_data / "xquad" / "xquad.en.json")
    assert (len(files), sum(len(file.pages) for file in files), len(questions)) == (48, 240, 1190)
    files, questions = read_mtrag(shared_data / "mtrag_un")
    assert sum(len(file.pages) for file in files) == 1152
    assert sum(not question.places for question in questions) == 40


@pytest.mark.slow
def test_the_search_stays_above_its_floor(tmp_path: Path, shared_data: Path):
    """MTEB's figure for the same embedder alone is .944; 1,190 questions gave .979 and .994 with this search."""
    from rag.embeddings import HuggingFaceEmbedding

    files, questions = read_squad(shared_data / "xquad" / "xquad.en.json")
    with open_library(tmp_path, files, HuggingFaceEmbedding()) as library:
        ranking = measure_ranking(library, questions[::4])
        signals = measure_signals(library, questions[::8], hide=True)
    assert ranking.ndcg_at_10 >= 0.97
    assert ranking.recall_at_5 >= 0.98
    assert auc(signals, lambda one: one.combined(0.5)) >= 0.97
