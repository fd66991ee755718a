"""What `inhouse bench search` and `index` make of a small store; the embedder in it is a stand-in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from rag.bench import index, search
from rag.bench.ceilings import Ceilings
from rag.bench.corpus import CHUNKS_PER_DOCUMENT, Corpus
from rag.bench.written import OURS
from rag.retrieve import Retriever
from rag.terms import content_terms
from tests.rag.fakes import HashEmbedder
from tests.rag.shelf import Shelf

CEILINGS = Ceilings("cpu", 2, 20e9, 300e9, 150e9)


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return Corpus()


def test_the_same_seed_makes_the_same_documents(corpus: Corpus):
    first, again = (next(Corpus(3).documents(60)) for _ in range(2))
    assert first == again != next(Corpus(4).documents(60))
    assert [len(made.texts) for made in corpus.documents(150)] == [60, 60, 30]


def test_words_are_as_frequent_as_in_a_language(corpus: Corpus):
    texts = [text for made in corpus.documents(1200) for text in made.texts]
    holding = [sum(f" {word} " in text for text in texts) for word in ("the", "between")]
    assert holding[0] > 0.85 * len(texts) and 0.03 < holding[1] / len(texts) < 0.5
    words = [word for text in texts for word in set(text.lower().replace(".", "").split())]
    _, counts = np.unique(words, return_counts=True)
    assert np.mean(counts == 1) > 0.2  # many stand in one place alone


def test_questions_are_about_words_that_are_there(corpus: Corpus):
    made = corpus.document(CHUNKS_PER_DOCUMENT)
    everything = " ".join(made.texts).lower()
    for question in made.questions:
        terms = content_terms(question)
        assert 3 <= len(terms) <= 9 and sum(term in everything for term in terms) >= 3


def test_every_kind_of_question_is_measured_with_its_parts(shelf: Shelf):
    large = search.Shelf(shelf.store, shelf.vectors, shelf.embedder, lambda _: None).fill(150)
    assert len(shelf.store.catalogue(search.LARGE)) == 150 and len(shelf.store.catalogue("small-0")) == 60
    clock = search.Clock()
    retriever = Retriever(*search.timed_rooms(shelf.store, shelf.vectors, shelf.embedder, clock))
    asked = list(search.questions(large, 25))
    assert len({question.text for question in asked if question.scope_id == search.LARGE}) >= 12
    found = {
        measure.name: measure for measure in search.measure_search(retriever, clock, asked, CEILINGS, 150 * 384 * 4)
    }
    assert set(found) == {"search", "alone", "history", "within", "small"}
    assert found["search"].spreads["whole"].count == 20 and found["history"].spreads["whole"].count == 10
    for measure in found.values():
        assert measure.spreads["whole"].median >= max(measure.spreads[part].low for part in search.PARTS)
        assert all(measure.spreads[part].high > 0 for part in search.PARTS), measure.name
        assert measure.facts["p50_s"] <= measure.facts["p95_s"] <= measure.facts["p99_s"]
    assert found["alone"].facts["meaning_share_of_read_bandwidth"] > 0
    [goal] = search.judge(found)
    assert goal.held == (found["search"].facts["p95_s"] <= search.MOST_S)


def test_the_vectors_are_unit_rows_and_differ(shelf: Shelf):
    search.Shelf(shelf.store, shelf.vectors, shelf.embedder, lambda _: None).fill(60)
    _, rows = shelf.store.vectors(shelf.embedder.fingerprint, shelf.store.catalogue(search.LARGE).chunk_ids)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)
    assert len(np.unique(rows, axis=0)) == 60


def test_indexing_is_measured_beside_plain_encoding_of_the_same_texts(shelf: Shelf):
    seen: list[list[str]] = []

    def encode(texts: Sequence[str]) -> tuple[np.ndarray, float, int]:
        seen.append(list(texts))
        return HashEmbedder().embed(texts) * 3, 1e9, 5_000_000  # not of unit length

    said: list[str] = []
    [measure] = index.IndexBench(shelf.ingester, shelf.store, shelf.embedder, encode, said.append).run(8, 2)
    embedded = [text for texts in seen for text in texts]
    assert sorted(shelf.embedder.embedded[-len(embedded) :]) == sorted(embedded)
    assert len(seen) == 2 and seen[0] != seen[1]
    assert measure.facts["chunks"] == len(embedded)
    assert measure.facts["cosine_min"] == pytest.approx(1.0)
    assert [goal.held for goal in index.judge(measure)] == [True, True]
    assert measure.spreads[OURS].count == measure.spreads[index.PLAIN].count == 2
    assert any("round 1:" in line and "passages" in line for line in said)
