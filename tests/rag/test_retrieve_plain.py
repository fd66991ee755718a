"""The search over all chunks finds what a plain reading of its definition finds, with the same scores."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.fusion import MIN_RANGE
from rag.retrieve import STANDS_OUT, Retrieval, Retriever, Weights
from rag.terms import _WORD, VECTOR_DECAY, content_terms, match_any, weighted_terms, words_of
from tests.rag.bf16 import rounded
from tests.rag.shelf import Shelf

# Without the second look at the best, a hit's score is that of the search over all chunks.
WEIGHTS = Weights(words=0.4, stems=0.0, near=0.0, phrases=0.0, pieces=0.0, neighbours=0.0, alike=2.0)
VOCABULARY = [f"{first}{second}" for first in ("bor", "kel", "mun", "tas") for second in ("ado", "elk", "ist", "ure")]
SEEDS = range(4)


@dataclass(frozen=True, slots=True)
class Plain:
    """What is expected of a search: scores by chunk, and what it tells of all."""

    scores: dict[int, float]
    coverage: dict[int, float]
    absent: tuple[str, ...]
    top_cosine: float
    margin: float


def some_text(draw: random.Random, paragraphs: int) -> str:
    weights = [1 / (place + 1) for place in range(len(VOCABULARY))]
    written = [" ".join(draw.choices(VOCABULARY, weights, k=draw.randint(4, 30))) for _ in range(paragraphs)]
    return "\n\n".join(f"# {draw.choice(VOCABULARY)}\n\n{text} {number}" for number, text in enumerate(written))


def filled(shelf: Shelf, seed: int) -> random.Random:
    """A scope with documents of many sizes, some chunks without a vector, and another scope beside it."""
    draw = random.Random(seed)
    for number in range(6):
        for scope in ("here", "there"):
            shelf.put(some_text(draw, draw.randint(1, 30)), name=f"{number}.txt", scope=scope)
    ids = shelf.store.catalogue("here").chunk_ids
    if seed % 2:
        shelf.vectors.remove(ids[:: draw.randint(3, 9)])
    return draw


def expected(shelf: Shelf, turns: Sequence[str], within: frozenset[int] | None) -> Plain:
    """One chunk, one word, one vector at a time."""
    rows = shelf.database.read(
        lambda db: db.execute(
            """SELECT chunk_id, document_id, header, body FROM chunks JOIN documents USING (document_id)
            WHERE scope_id = 'here' ORDER BY chunk_id"""
        ).fetchall()
    )
    documents = {row[0]: row[1] for row in rows if within is None or row[1] in within}
    texts = {row[0]: f"{row[2]}\n{row[3]}" for row in rows if row[0] in documents}
    terms = weighted_terms(turns)
    holding = {term: set(matching(shelf, [term])) & set(documents) for term in terms}
    affinity = plain_affinity(terms, holding, documents)
    words = plain_words(shelf, (content_terms(turns[-1]), list(terms)), documents)
    cosines = plain_cosines(shelf, turns, texts)
    known = [together for together, _ in cosines.values()]
    high, low = max(known), min(known)
    scores = {}
    for key, document in documents.items():
        meaning = words[key]
        if key in cosines:
            meaning = 1 - (high - cosines[key][0]) / max(high - low, MIN_RANGE)
        mixed = WEIGHTS.dense * meaning + WEIGHTS.words * words[key]
        scores[key] = mixed + WEIGHTS.document * affinity[document]
    rarity = {term: weight * np.log1p(len(documents) / (len(holding[term]) + 0.5)) for term, weight in terms.items()}
    coverage = {key: sum(rarity[t] for t in terms if key in holding[t]) / sum(rarity.values()) for key in documents}
    best = sorted(known, reverse=True)[:STANDS_OUT]
    absent = tuple(term for term in content_terms(turns[-1]) if not holding[term])
    return Plain(scores, coverage, absent, max(max(pair) for pair in cosines.values()), best[0] - best[-1])


def matching(shelf: Shelf, terms: Sequence[str]) -> dict[int, float]:
    """SQLite's own BM25 of the chunks that hold one of the terms."""
    query = "SELECT rowid, -bm25(chunks_fts, 3.0, 1.0) FROM chunks_fts WHERE chunks_fts MATCH ?"
    return dict(shelf.database.read(lambda db: db.execute(query, (match_any(terms),)).fetchall()))


def plain_words(shelf: Shelf, queries: Sequence[list[str]], documents: dict[int, int]) -> dict[int, float]:
    different = list(dict.fromkeys(tuple(query) for query in queries))
    total = dict.fromkeys(documents, 0.0)
    for query in different:
        found = {key: score for key, score in matching(shelf, query).items() if key in documents}
        for key, score in found.items():
            total[key] += score / max(found.values()) / len(different)
    return total


def plain_affinity(
    terms: dict[str, float], holding: dict[str, set[int]], documents: dict[int, int]
) -> dict[int, float]:
    held = {term: {documents[key] for key in keys} for term, keys in holding.items()}
    count = len(set(documents.values()))
    weights = {
        term: weight * max(np.log((count + 1) / (len(held[term]) + 0.5)), 0.0) if held[term] else 0.0
        for term, weight in terms.items()
    }
    total = sum(weights.values()) or 1.0
    return {
        document: sum(weights[term] for term in terms if document in held[term]) / total
        for document in documents.values()
    }


def plain_cosines(shelf: Shelf, turns: Sequence[str], texts: dict[int, str]) -> dict[int, tuple[float, float]]:
    """With the earlier questions, and without, of every chunk that has a vector."""
    vectors = [shelf.embedder.embed_query(turn).astype(np.float64) for turn in turns]
    mean = sum(VECTOR_DECAY**age * vector for age, vector in enumerate(reversed(vectors)))
    mean = mean / np.linalg.norm(mean)
    rows = {key: rounded(shelf.embedder.embed([text])[0]) for key, text in texts.items() if key in shelf.vectors}
    return {key: (float(mean @ row), float(vectors[-1] @ row)) for key, row in rows.items()}


def compare(found: Retrieval, plain: Plain) -> None:
    best = sorted(plain.scores, key=lambda key: (-round(plain.scores[key], 6), key))
    near = pytest.approx
    assert [hit.score for hit in found.hits] == near([plain.scores[key] for key in best[:8]], abs=1e-5)
    assert all(hit.score == near(plain.scores[hit.chunk.chunk_id], abs=1e-5) for hit in found.hits)
    assert found.coverage == near(plain.coverage[found.hits[0].chunk.chunk_id], abs=1e-6)
    assert found.absent == plain.absent
    assert found.top_cosine == near(plain.top_cosine, abs=1e-5)
    assert found.margin == near(plain.margin, abs=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_scores_and_signals_are_those_of_the_plain_reading(shelf: Shelf, seed: int):
    draw = filled(shelf, seed)
    retriever = Retriever(shelf.store, shelf.vectors, shelf.embedder, weights=WEIGHTS)
    documents = sorted(set(shelf.store.catalogue("here").document_ids.tolist()))
    for number in range(6):
        turns = [" ".join(draw.sample([*VOCABULARY, "nowhere", "unheard"], draw.randint(1, 5))) for _ in range(3)]
        turns = turns[: 1 + number % 3]
        within = frozenset(draw.sample(documents, 3)) if number > 3 else None
        found = retriever.search("here", turns[-1], history=turns[:-1], within=within)
        compare(found, expected(shelf, turns, within))


@given(st.text())
def test_words_are_folded_as_by_the_plain_definition(text: str):
    folded = unicodedata.normalize("NFKD", text.casefold())
    assert words_of(text) == _WORD.findall("".join(c for c in folded if not unicodedata.combining(c)))
