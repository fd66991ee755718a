"""Words: the same ranking as SQLite's own, of what may be found and nothing else, as it is now."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from rag.passages import Catalogue, bm25
from rag.postings import varints
from rag.terms import match_any
from rag.types import DocumentStatus
from tests.rag.shelf import Shelf

WORDS = [f"word{number}" for number in range(60)]


def written(seed: int, paragraphs: int = 12) -> str:
    """Common and rare words, under headings that hold some of them."""
    draw = random.Random(seed)
    weights = [1 / (place + 1) for place in range(len(WORDS))]
    parts = []
    for _ in range(paragraphs):
        if draw.random() < 0.3:
            parts.append(f"# {draw.choice(WORDS)} {draw.choice(WORDS)}")
        parts.append(" ".join(draw.choices(WORDS, weights, k=draw.randint(3, 40))))
    return "\n\n".join([*parts, "the end"])


@pytest.fixture
def library(shelf: Shelf) -> Shelf:
    for number in range(5):
        shelf.put(written(number), name=f"{WORDS[number]}-{number}.txt")
    shelf.put(written(99), name="other.txt", scope="there")
    return shelf


def plainly(shelf: Shelf, match: str, scope: str = "here", limit: int = 1000) -> list[tuple[int, float]]:
    """As SQLite ranks it."""
    query = """SELECT chunk_id, -bm25(chunks_fts, 3.0, 1.0) AS score
        FROM chunks_fts JOIN chunks ON chunk_id = chunks_fts.rowid JOIN documents USING (document_id)
        WHERE chunks_fts MATCH ? AND scope_id = ? ORDER BY score DESC, chunk_id LIMIT ?"""
    return shelf.database.read(lambda db: db.execute(query, (match, scope, limit)).fetchall())


def same(found: list[tuple[int, float]], expected: list[tuple[int, float]]) -> bool:
    return [key for key, _ in found] == [key for key, _ in expected] and np.allclose(
        [score for _, score in found], [score for _, score in expected], rtol=1e-5
    )


@pytest.mark.parametrize("limit", [1, 7, 1000])
@pytest.mark.parametrize("seed", range(6))
def test_the_ranking_is_that_of_the_plain_query(library: Shelf, seed: int, limit: int):
    match = match_any(random.Random(seed).sample(WORDS, 1 + seed))
    expected = plainly(library, match, limit=limit)
    assert expected or seed == 0
    assert same(library.store.ranked(match, "here", None, limit), expected)


def test_words_are_found_in_each_of_their_forms_and_without_accents(shelf: Shelf):
    shelf.put("The suppliers were billing Müller twice.", name="a.txt")
    for match in ('"supplier"', '"BILLED"', '"muller"', '"MÜLLERS"'):
        assert same(shelf.store.ranked(match, "here", None, 9), plainly(shelf, match)), match


@pytest.mark.parametrize(
    "match", ['"word1 word2"', '"word1 word1"', '"word0 word1 word0" OR "word3"', '"nowhere word1"']
)
def test_a_phrase_is_its_words_one_behind_the_other(library: Shelf, match: str):
    found = library.store.ranked(match, "here", None, 1000)
    expected = plainly(library, match)
    assert {key for key, _ in found} == {key for key, _ in expected}
    assert same(sorted(found), sorted(expected))


def test_what_matches_nothing_is_empty(library: Shelf):
    for match in ("", '"nowhere"', '"🙂"', '""', '"nowhere" OR "🙂"'):
        assert library.store.ranked(match, "here", None, 10) == []
        assert library.store.holding(match).tolist() == []
    assert library.store.ranked('"word0"', "nobody", None, 10) == []


@pytest.mark.parametrize("match", ["word1", '"a" AND "b"', '"a', 'body : "a"', '"a" OR '])
def test_a_query_of_another_kind_is_refused(library: Shelf, match: str):
    with pytest.raises(ValueError, match="quoted words"):
        library.store.ranked(match, "here", None, 10)


def test_nothing_of_another_scope_or_document_is_ranked(library: Shelf):
    here = library.store.catalogue("here")
    ranked = [key for key, _ in library.store.ranked('"word0" OR "word1"', "here", None, 1000)]
    assert set(ranked) <= set(here.chunk_ids.tolist())
    first = frozenset({int(here.document_ids[0])})
    within = [key for key, _ in library.store.ranked('"word0" OR "word1"', "here", first, 1000)]
    assert within == [key for key in ranked if key in set(here.only(first).chunk_ids.tolist())]
    assert library.store.ranked('"word0"', "here", frozenset(), 10) == []


def test_what_is_remembered_of_a_word_ends_with_the_next_change(library: Shelf):
    before = library.store.holding('"word3"').tolist()
    assert library.store.holding('"word3"').tolist() == before
    library.put("word3 once more", name="new.txt")
    assert len(library.store.holding('"word3"')) == len(before) + 1
    assert same(library.store.ranked('"word3"', "here", None, 1000), plainly(library, '"word3"'))
    library.eraser.erase_scope("here")
    assert set(library.store.holding('"word3"').tolist()) <= set(library.store.catalogue("there").chunk_ids.tolist())


def test_many_lists_are_not_all_remembered(library: Shelf, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("rag.postings.REMEMBERED", 40)
    for word in WORDS:
        assert same(library.store.ranked(f'"{word}"', "here", None, 1000), plainly(library, f'"{word}"'))
    postings: Any = library.store._postings
    assert sum(len(posting.chunk_ids) for posting in postings._known.values()) <= 40


def test_the_words_of_a_question_are_not_kept(library: Shelf):
    library.store.ranked('"verysecretword"', "here", None, 10)
    postings: Any = library.store._postings
    terms = postings._terms._database
    assert terms.execute("SELECT count(*) FROM asked_terms").fetchone() == (0,)
    assert b"verysecretword" not in library.bytes_on_disk()


def test_where_words_stand_agrees_with_the_ranking(library: Shelf):
    here = library.store.catalogue("here")
    first, nowhere, last = library.store.standing('"word0" OR "nowhere" OR "word7"', here)
    holding = set(library.store.holding('"word7"').tolist())
    assert here.chunk_ids[np.sort(last.places)].tolist() == [key for key in here.chunk_ids.tolist() if key in holding]
    assert not len(nowhere.places) and not len(nowhere.weights)
    scores = bm25([first, last], len(here))
    ranked = library.store.ranked('"word0" OR "word7"', "here", None, 1000)
    assert {int(i): s for i, s in zip(here.chunk_ids, scores, strict=True) if s > 0} == pytest.approx(dict(ranked))
    assert library.store.standing("", here) == []


def test_each_chunk_of_a_catalogue_knows_its_document(library: Shelf):
    everywhere = library.store.catalogue("here")
    for catalogue in (everywhere, everywhere.only(frozenset({2, 4})), everywhere.only(frozenset())):
        assert catalogue.documents.tolist() == sorted(set(catalogue.document_ids.tolist()))
        assert catalogue.documents[catalogue.by_document].tolist() == catalogue.document_ids.tolist()


def columns(catalogue: Catalogue) -> list[list[float]]:
    return [getattr(catalogue, name).tolist() for name in ("chunk_ids", "document_ids", "ordinals", "lengths")]


def test_a_catalogue_that_was_renewed_is_that_of_a_fresh_start(library: Shelf):
    """Documents come, go, fail and come back between two looks."""
    library.store.catalogue("here")
    documents = library.store.documents("here")
    library.store.tombstone_source("here", "word1-1.txt")
    library.store.set_status(documents[3].document_id, DocumentStatus.FAILED)
    library.put(written(50), name="new.txt")
    renewed = columns(library.store.catalogue("here"))
    library.store._catalogues.clear()
    assert renewed == columns(library.store.catalogue("here"))
    assert documents[1].document_id not in renewed[1] and documents[3].document_id not in renewed[1]
    library.store.set_status(documents[3].document_id, DocumentStatus.READY)
    renewed = columns(library.store.catalogue("here"))
    library.store._catalogues.clear()
    assert renewed == columns(library.store.catalogue("here"))
    assert renewed[1] == sorted(renewed[1]) and documents[3].document_id in renewed[1]


def test_lengths_are_the_words_of_header_and_text(shelf: Shelf):
    shelf.put("# Some terms\n\none two three\n\n" + "four " * 150, name="a b.txt")
    catalogue = shelf.store.catalogue("here")
    assert sorted(catalogue.lengths.tolist()) == [5 + 3, 5 + 150]  # a b txt › Some terms


def test_numbers_of_seven_bits_a_byte_are_read():
    assert varints(bytes([0, 127, 0x81, 0, 0x81, 0x80, 1, 5])).tolist() == [0, 127, 128, 16385, 5]
    assert varints(b"").tolist() == []
