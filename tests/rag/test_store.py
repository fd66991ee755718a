"""The tables: what a document, its names and its chunks are, scope by scope."""

from __future__ import annotations

import numpy as np
import pytest

from rag.errors import FileRemoved
from rag.store import Store, header_of
from rag.types import Block, DocumentStatus, Location, ParsedFile
from tests.rag.shelf import Shelf

READ = ParsedFile("text", (Block("x"),), page_count=1, notes=("1 of 2 pages holds no text.",))


def begin(store: Store, *, scope: str = "here", ref: str = "ref", name: str = "a.txt", sha256: str = "ab" * 32) -> int:
    return store.begin(scope, ref, name, sha256, 10).document.document_id


def add(store: Store, document_id: int, *texts: str, searchable: bool = True) -> None:
    store.add_chunks(document_id, 0, [(text, Location(page=n)) for n, text in enumerate(texts, 1)])
    if searchable:
        store.make_searchable(document_id, READ, len(texts))


def found(store: Store, word: str, scope: str = "here") -> list[int]:
    return [chunk_id for chunk_id, _ in store.ranked(f'"{word}"', scope, None, 10)]


def test_a_document_is_found_only_when_it_is_whole(shelf: Shelf):
    document = begin(shelf.store)
    add(shelf.store, document, "alpha", searchable=False)
    assert found(shelf.store, "alpha") == []
    assert len(shelf.store.catalogue("here")) == 0
    shelf.store.make_searchable(document, READ, 1)
    assert len(found(shelf.store, "alpha")) == 1
    assert len(shelf.store.catalogue("here")) == 1


def test_what_was_stored_comes_back_as_it_was(shelf: Shelf):
    document = begin(shelf.store)
    places = [
        Location(page=3),
        Location(slide=2, heading_path=("Terms", "Price › Fee")),
        Location(sheet="Prices „2024“", row=7, rows=(7, 8)),
        Location(),
    ]
    shelf.store.add_chunks(document, 0, [(f"text {n} – ünï", place) for n, place in enumerate(places)])
    shelf.store.make_searchable(document, READ, 4)
    ids = shelf.store.catalogue("here").chunk_ids.tolist()
    chunks = [chunk for chunk, _, _ in (shelf.store.chunks("here", ids)[i] for i in ids)]
    assert [chunk.location for chunk in chunks] == places
    assert chunks[0].text == "text 0 – ünï"
    stored = shelf.store.documents("here")[0]
    assert (stored.kind, stored.page_count, stored.chunk_count, stored.notes) == ("text", 1, 4, READ.notes)
    assert stored.status is DocumentStatus.SEARCHABLE


def test_the_same_bytes_in_two_scopes_are_two_documents_and_never_show_the_others_name(shelf: Shelf):
    for scope, name in (("here", "merger with northwind.txt"), ("there", "notes.txt")):
        add(shelf.store, begin(shelf.store, scope=scope, name=name), "same words")
    assert len(found(shelf.store, "northwind", "here")) == 1
    assert found(shelf.store, "northwind", "there") == []
    everything = shelf.store.catalogue("here").chunk_ids.tolist() + shelf.store.catalogue("there").chunk_ids.tolist()
    shown = shelf.store.chunks("there", everything)
    assert [(source.name, header) for _, source, header in shown.values()] == [("notes.txt", "notes.txt")]


def test_two_sources_share_a_document_and_the_last_one_takes_it_along(shelf: Shelf):
    first, second = begin(shelf.store, ref="one"), begin(shelf.store, ref="two", name="b.txt")
    assert first == second
    add(shelf.store, first, "alpha")
    shelf.store.tombstone_source("here", "one")
    assert len(found(shelf.store, "alpha")) == 1
    shelf.store.tombstone_source("here", "two")
    assert found(shelf.store, "alpha") == []
    assert shelf.store.documents("here") == []
    assert shelf.store.chunks("here", range(100)) == {}


def test_a_source_in_another_scope_is_not_ones_own(shelf: Shelf):
    add(shelf.store, begin(shelf.store), "alpha")
    assert shelf.store.tombstone_source("there", "ref") is None
    assert shelf.store.tombstone("there") == []
    document = shelf.store.documents("here")[0]
    assert shelf.store.document("there", document.document_id) is None
    assert shelf.store.tombstone("there", document.document_id) == []
    assert len(found(shelf.store, "alpha")) == 1


def test_the_same_bytes_can_come_back_while_the_old_ones_are_cleared_away(shelf: Shelf):
    old = begin(shelf.store)
    add(shelf.store, old, "alpha")
    shelf.store.tombstone("here")
    new = begin(shelf.store)
    assert new != old
    add(shelf.store, new, "alpha")
    shelf.store.clear_chunks(old)
    shelf.store.drop_tombstone(old)
    assert len(found(shelf.store, "alpha")) == 1


def test_ids_are_never_used_twice(shelf: Shelf):
    document = begin(shelf.store)
    add(shelf.store, document, "alpha", "beta")
    used = set(shelf.store.catalogue("here").chunk_ids.tolist())
    shelf.store.tombstone("here")
    shelf.store.clear_chunks(document)
    shelf.store.drop_tombstone(document)
    again = begin(shelf.store)
    add(shelf.store, again, "alpha", "beta")
    assert again != document
    assert used.isdisjoint(shelf.store.catalogue("here").chunk_ids.tolist())


def test_nothing_can_be_written_to_a_document_that_was_erased(shelf: Shelf):
    document = begin(shelf.store)
    shelf.store.tombstone("here")
    for write in (
        lambda: add(shelf.store, document, "late"),
        lambda: shelf.store.make_searchable(document, READ, 1),
        lambda: shelf.store.add_vectors(document, "f", np.array([1]), np.ones((1, 4), dtype=np.float32)),
        lambda: shelf.store.set_status(document, DocumentStatus.READY),
    ):
        with pytest.raises(FileRemoved):
            write()


def test_headings_and_names_are_found_and_weigh_more_than_text(shelf: Shelf):
    document = begin(shelf.store, name="Gehälter 2024.txt")
    shelf.store.add_chunks(
        document,
        0,
        [
            ("a long text that mentions pensions once among other things", Location()),
            ("a long text that does not mention it among other things", Location(heading_path=("Pensions",))),
        ],
    )
    shelf.store.make_searchable(document, READ, 2)
    by_rank = found(shelf.store, "pension")
    assert [shelf.store.chunks("here", by_rank)[i][0].ordinal for i in by_rank] == [1, 0]
    assert len(found(shelf.store, "gehalter")) == 2


def test_a_rename_is_found_under_the_new_name_only(shelf: Shelf):
    document = begin(shelf.store, name="old.txt")
    add(shelf.store, document, *(f"text {n}" for n in range(100)))
    begin(shelf.store, name="renamed.txt")
    assert shelf.store.stale_headers() == [document]
    shelf.store.renew_headers(document)
    assert shelf.store.stale_headers() == []
    assert len(shelf.store.ranked('"renamed"', "here", None, 1000)) == 100
    assert shelf.store.ranked('"old"', "here", None, 1000) == []


def test_the_generation_changes_with_every_change_of_vectors(shelf: Shelf):
    document = begin(shelf.store)
    add(shelf.store, document, "alpha", "beta")
    ids = shelf.store.catalogue("here").chunk_ids
    seen = [shelf.store.vector_ids("f")[0]]
    shelf.store.add_vectors(document, "f", ids, np.eye(2, 4, dtype=np.float32))
    seen.append(shelf.store.vector_ids("f")[0])
    shelf.store.add_vectors(document, "f", ids, np.eye(2, 4, dtype=np.float32))
    seen.append(shelf.store.vector_ids("f")[0])
    shelf.store.clear_chunks(document)
    seen.append(shelf.store.vector_ids("f")[0])
    assert len(set(seen)) == 4


def test_vectors_come_back_bit_by_bit_and_only_those_of_the_embedder(shelf: Shelf):
    document = begin(shelf.store)
    add(shelf.store, document, "alpha", "beta")
    ids = shelf.store.catalogue("here").chunk_ids
    rows = np.random.default_rng(0).normal(size=(2, 4)).astype(np.float32)
    shelf.store.add_vectors(document, "f", ids, rows)
    got_ids, got = shelf.store.vectors("f", ids)
    assert got_ids.tolist() == ids.tolist()
    assert got.tobytes() == rows.tobytes()
    assert len(shelf.store.vectors("other", ids)[0]) == 0
    assert len(shelf.store.without_vector(document, "f", 10)) == 0
    assert len(shelf.store.without_vector(document, "other", 10)) == 2


def test_the_catalogue_changes_with_the_commit(shelf: Shelf):
    first = begin(shelf.store)
    add(shelf.store, first, "alpha")
    assert len(shelf.store.catalogue("here")) == 1
    second = begin(shelf.store, ref="two", sha256="cd" * 32)
    add(shelf.store, second, "beta", "gamma")
    assert shelf.store.catalogue("here").document_ids.tolist() == [first, second, second]
    shelf.store.tombstone("here", first)
    assert shelf.store.catalogue("here").document_ids.tolist() == [second, second]


def test_a_header_is_names_and_headings():
    assert header_of(["a.txt", "b.txt"], ["Terms", "Price"]) == "a.txt, b.txt › Terms › Price"


def test_no_name_or_reference_is_too_odd(shelf: Shelf):
    for n, odd in enumerate(["", "'; DROP TABLE documents; --", "a\x00b", "🙂", "../../etc/passwd", "x" * 5000]):
        document = begin(shelf.store, scope=odd, ref=odd, name=odd, sha256=f"{n:064d}")
        add(shelf.store, document, "alpha")
        assert [source.name for source in shelf.store.sources(odd)] == [odd]
        assert len(found(shelf.store, "alpha", odd)) == 1
