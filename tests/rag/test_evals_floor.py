"""The floor below which the search must not fall: our own set, XQuAD, and a hundred questions of the chunking set.

A little under what was measured (docs/quality.md). Under three minutes together on two cores.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.evals import chunking, pages, squad
from rag.evals.plan import Plan
from rag.types import Embedder

pytestmark = pytest.mark.slow

OURS = Path(__file__).parent.parent / "pages"
SMALL = ("chatlogs", "state_of_the_union", "wikitexts")  # the two others take minutes to read


@pytest.fixture(scope="module")
def embedder() -> Iterator[Embedder]:
    from rag.embeddings import HuggingFaceEmbedding

    yield HuggingFaceEmbedding()


def test_the_right_page_of_our_own_files_is_found(embedder: Embedder, tmp_path: Path) -> None:
    measured = pages.measure(OURS, embedder, tmp_path, Plan())
    assert measured.n == 82
    assert measured.metrics["hit_at_5"] >= 0.95
    assert measured.metrics["hit_at_1"] >= 0.84
    assert measured.metrics["document_hit_at_5"] >= 0.98


def test_the_right_paragraph_of_xquad_is_found(embedder: Embedder, tmp_path: Path, shared_data: Path) -> None:
    """MTEB's figure for the same embedder alone is .944."""
    measured = squad.measure(shared_data / "xquad" / "xquad.en.json", embedder, tmp_path, Plan(limit=240))
    assert measured.metrics["ndcg_at_10"] >= 0.972
    assert measured.metrics["recall_at_5"] >= 0.98


def test_the_right_characters_of_the_chunking_set_are_found(
    embedder: Embedder, tmp_path: Path, shared_data: Path
) -> None:
    folder = _smaller(shared_data / "chunking", tmp_path / "set")
    measured = chunking.measure(folder, embedder, tmp_path / "store", Plan(limit=100))
    assert measured.n == 100
    assert measured.metrics["recall_at_5"] >= 0.92
    assert measured.metrics["precision_at_5"] >= 0.062


def _smaller(whole: Path, folder: Path) -> Path:
    """The set with three of its corpora, and the questions about them."""
    (folder / "corpora").mkdir(parents=True)
    for name in SMALL:
        (folder / "corpora" / f"{name}.md").symlink_to(whole / "corpora" / f"{name}.md")
    with (whole / "questions_df.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["corpus_id"] in SMALL]
    with (folder / "questions_df.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder
