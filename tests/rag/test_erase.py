"""Deleting: gone for every question at once, and gone from every file soon after."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from rag import erase
from rag.erase import Eraser, EraseReceipt, fold_log
from rag.errors import ModelFailed
from rag.types import Document
from tests.rag.bf16 import kept
from tests.rag.shelf import Shelf

CANARY = "zqxcanary7731"
SECRET = f"# Plan {CANARY}head\n\nThe {CANARY}one launch is secret, {CANARY}two.\n\nMore of {CANARY}three follows here."


def fill(shelf: Shelf, count: int = 30) -> None:
    for number in range(count):
        shelf.put(f"Report {number} speaks of harvest{number} and weather.", name=f"report-{number}.txt")


def traces(shelf: Shelf) -> list[str]:
    """Files that hold the canary, or its end: a full-text index leaves out what a word shares with the one before."""
    ends = (b"canary7731", b"nary7731", b"y7731one", b"7731two", b"7731three", b"7731head", b"7731name")
    files = [path for path in shelf.folder.rglob("*") if path.is_file()]
    return [path.name for path in files if any(end in path.read_bytes().lower() for end in ends)]


def test_an_erased_canary_is_in_no_file(shelf: Shelf):
    fill(shelf)
    shelf.put(SECRET, name=f"{CANARY}name.txt", ref="secret")
    fill(shelf, 40)
    shelf.vectors.save(shelf.index_path, shelf.store)
    assert len(traces(shelf)) >= 2  # the search does find it
    receipt = shelf.eraser.erase_source("here", "secret")
    assert receipt == EraseReceipt(documents=1, chunks=2, vectors=2, files=1, verified=True)
    assert traces(shelf) == []
    shelf.close()
    assert traces(shelf) == []


def test_what_was_erased_is_found_by_no_search_and_the_rest_is(shelf: Shelf):
    fill(shelf)
    shelf.put(SECRET, ref="secret")
    shelf.eraser.erase_source("here", "secret")
    assert not any(CANARY in text for text in shelf.texts(f"{CANARY}one launch secret", limit=50))
    assert "harvest7" in shelf.texts("harvest7")[0]
    assert shelf.vectors.refresh(shelf.store) is not None
    assert len(shelf.vectors) == 30


def test_nothing_answers_between_the_tombstone_and_the_cleaning(shelf: Shelf):
    shelf.put(SECRET, ref="secret")
    shelf.store.tombstone_source("here", "secret")
    assert shelf.texts("launch secret") == []
    assert shelf.store.documents("here") == []
    shelf.close()
    again = Shelf(shelf.folder)  # a crash before the cleaning
    assert again.texts("launch secret") == []
    assert again.eraser.finish().documents == 1
    assert traces(again) == []
    again.close()


def test_a_scope_is_erased_whole_and_no_other(shelf: Shelf):
    shelf.put(SECRET, ref="one")
    shelf.put("another file of this scope", ref="two")
    shelf.put("The other scope's own words.", scope="there")
    receipt = shelf.eraser.erase_scope("here")
    assert (receipt.documents, receipt.chunks, receipt.files, receipt.verified) == (2, 3, 2, True)
    assert shelf.store.sources("here") == []
    assert shelf.texts("own words", scope="there") == ["The other scope's own words."]
    assert traces(shelf) == []


def test_the_same_bytes_in_another_scope_stay(shelf: Shelf):
    shelf.put(SECRET, ref="a", scope="here")
    shelf.put(SECRET, ref="a", scope="there")
    receipt = shelf.eraser.erase_source("here", "a")
    assert (receipt.documents, receipt.files, receipt.verified) == (1, 0, True)
    assert shelf.texts("launch secret", scope="here") == []
    assert len(shelf.texts("launch secret", scope="there")) == 2
    shelf.eraser.erase_source("there", "a")
    assert traces(shelf) == []


def test_a_document_with_another_source_stays_without_the_name_that_went(shelf: Shelf):
    shelf.put(SECRET.replace(CANARY, "plain"), name=f"{CANARY}name.txt", ref="one")
    shelf.put(SECRET.replace(CANARY, "plain"), name="kept.txt", ref="two")
    receipt = shelf.eraser.erase_source("here", "one")
    assert (receipt.documents, receipt.verified) == (0, True)
    assert traces(shelf) == []
    assert shelf.texts("kept") != []


def test_erasing_what_is_not_there_is_nothing(shelf: Shelf):
    assert shelf.eraser.erase_source("here", "never") == EraseReceipt()
    assert shelf.eraser.erase_document("here", 99) == EraseReceipt()
    assert shelf.eraser.erase_scope("never") == EraseReceipt()
    assert shelf.eraser.finish() == EraseReceipt()


def test_a_document_of_another_scope_cannot_be_erased(shelf: Shelf):
    document = shelf.put(SECRET).document
    assert shelf.eraser.erase_document("there", document.document_id) == EraseReceipt()
    assert shelf.texts("launch secret")
    assert shelf.eraser.erase_document("here", document.document_id).documents == 1


def test_the_model_forgets_a_scope_before_its_erasure_is_reported(shelf: Shelf):
    for ref, scope in (("one", "here"), ("two", "here"), ("one", "there"), ("one", "elsewhere")):
        shelf.put(f"{SECRET} {ref}", ref=ref, name=f"{ref}.txt", scope=scope)
    assert shelf.forgotten == []
    shelf.eraser.erase_source("here", "one")
    assert shelf.forgotten == ["here"]
    (document,) = shelf.store.documents("there")
    shelf.eraser.erase_document("there", document.document_id)
    shelf.eraser.erase_scope("here")
    assert shelf.forgotten == ["here", "there", "here"]
    shelf.eraser.erase_source("here", "one")
    shelf.eraser.erase_scope("nowhere")
    assert shelf.forgotten == ["here", "there", "here"], "nothing was erased"


def test_the_model_forgets_also_a_name_that_went_and_what_a_crash_left_half_erased(shelf: Shelf):
    shelf.put(SECRET, name="one.txt", ref="one")
    shelf.put(SECRET, name="two.txt", ref="two")
    shelf.eraser.erase_source("here", "one")
    assert shelf.forgotten == ["here"]
    shelf.put(SECRET, ref="a", scope="there")
    shelf.store.tombstone("there")
    shelf.eraser.finish()
    assert shelf.forgotten == ["here", "there"]


def test_an_erasure_that_the_model_does_not_follow_is_not_reported_as_done(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
):
    def broken(scope_id: str) -> None:
        raise ModelFailed

    shelf.put(SECRET, ref="secret")
    monkeypatch.setattr(shelf.eraser, "_forget", broken)
    with pytest.raises(ModelFailed):
        shelf.eraser.erase_source("here", "secret")
    monkeypatch.undo()
    assert shelf.texts("launch secret") == []
    assert shelf.eraser.finish().documents == 1
    assert (shelf.forgotten, traces(shelf)) == (["here"], [])


def test_what_was_not_removed_is_not_called_verified(shelf: Shelf):
    """The check would be worth nothing if it could not fail."""
    shelf.put(SECRET)
    copy = shelf.index_path.with_name(shelf.index_path.name + ".old")
    copy.write_text(SECRET)  # a forgotten backup beside the index
    assert shelf.eraser.erase_source("here", "file.txt").verified is False


def test_a_log_that_could_not_be_emptied_is_not_called_verified(shelf: Shelf, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("rag.erase.fold_log", lambda database: True)
    shelf.put(SECRET)
    assert shelf.eraser.erase_source("here", "file.txt").verified is False


def test_an_original_that_nobody_owns_is_swept_at_the_start(shelf: Shelf):
    shelf.originals.keep(shelf.originals.stage(b"left by a crash"))
    assert shelf.eraser.finish().files == 1
    assert b"left by a crash" not in shelf.bytes_on_disk()


def test_a_reader_in_the_way_only_delays_the_emptying_of_the_log(shelf: Shelf):
    reading, go_on = threading.Event(), threading.Event()

    def read(db) -> None:
        db.execute("SELECT count(*) FROM chunks").fetchone()
        reading.set()
        go_on.wait(10)

    shelf.put("something")
    reader = threading.Thread(target=shelf.database.read, args=(read,))
    reader.start()
    reading.wait(10)
    shelf.put(SECRET, ref="secret")
    assert fold_log(shelf.database) is False
    threading.Timer(0.3, go_on.set).start()
    assert shelf.eraser.erase_source("here", "secret").verified is True
    reader.join()
    assert traces(shelf) == []


def test_ingesting_searching_and_erasing_at_once(tmp_path: Path):
    shelf = Shelf(tmp_path)
    wrong: list[object] = []
    stop = threading.Event()

    def search() -> None:
        while not stop.is_set():
            before = {document.document_id for document in shelf.store.documents("here")}
            found = shelf.retriever.search("here", "harvest weather report")
            after = {document.document_id for document in shelf.store.documents("here")}
            newest = max(before | after, default=0)
            wrong.extend(
                hit
                for hit in found.hits
                if hit.chunk.document_id <= newest and hit.chunk.document_id not in before | after
            )

    def guarded(work) -> None:
        try:
            work()
        except Exception as error:
            wrong.append(error)

    def churn(name: str) -> None:
        for round_number in range(8):
            shelf.put(f"Report of {name} {round_number}: harvest and weather.\n\nMore weather.", name=name)
            shelf.eraser.erase_source("here", name)

    searching = [threading.Thread(target=guarded, args=(search,)) for _ in range(2)]
    churning = [threading.Thread(target=guarded, args=(lambda n=n: churn(f"r{n}.txt"),)) for n in range(2)]
    for thread in searching + churning:
        thread.start()
    for thread in churning:
        thread.join()
    stop.set()
    for thread in searching:
        thread.join()
    assert wrong == []
    assert shelf.store.documents("here") == []
    shelf.eraser.finish()
    assert len(shelf.vectors) == 0
    assert [path for path in shelf.originals.folder.rglob("*") if path.is_file()] == []
    assert isinstance(shelf.put("weather again").document, Document)
    shelf.close()


def test_what_a_reader_kept_from_being_cleared_is_not_called_gone_and_is_gone_after_the_recheck(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(erase, "CHECKPOINT_TRIES", 2)
    shelf.put(SECRET, name="a.txt", ref="secret")
    reader = sqlite3.connect(shelf.database.path)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM chunks").fetchone() == (2,)
    assert not shelf.eraser.erase_source("here", "secret").verified
    assert not shelf.eraser.recheck(), "the reader still holds what was there"
    reader.close()
    assert shelf.eraser.recheck()
    assert traces(shelf) == []


def test_rows_deleted_elsewhere_leave_the_log_when_it_is_folded(shelf: Shelf):
    shelf.database.write(lambda db: db.table("others").insert({"text": CANARY}))
    shelf.database.write(lambda db: db.execute("DELETE FROM others") and None)
    assert traces(shelf)
    assert shelf.eraser.fold()
    assert traces(shelf) == []


def test_crash_between_removing_rows_and_scrubbing_is_made_good_by_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The document's row was gone by then, and the deleted words stayed in the full-text index for good."""
    shelf = Shelf(tmp_path)
    shelf.put("The password of the safe is quetzalcoatl.\n\nIt stands in the cellar.", ref="F1")
    shelf.put("Nothing of this is secret.", name="other.txt", ref="F2")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Eraser, "_scrub", killed)
        with pytest.raises(KeyboardInterrupt):
            shelf.eraser.erase_source("here", "F1")
    shelf.close()
    again = Shelf(tmp_path)
    again.eraser.finish()
    assert b"quetzalcoatl" not in again.bytes_on_disk().lower()
    again.close()


def test_vectors_of_what_was_erased_leave_the_index_in_use(shelf: Shelf) -> None:
    """Also where it is kept in memory only, and so is never brought up to date by being written."""
    eraser = Eraser(shelf.store, shelf.vectors, shelf.originals, forget=shelf.forgotten.append)
    shelf.put(SECRET, ref="secret")
    shelf.put("Nothing of this is secret.", name="other.txt")
    assert eraser.erase_source("here", "secret").vectors == 2
    assert len(shelf.vectors) == 1


def test_the_index_on_disk_is_without_the_vectors_of_what_was_erased(shelf: Shelf) -> None:
    shelf.put(SECRET, ref="secret")
    ids = shelf.store.vector_ids(shelf.embedder.fingerprint)[1]
    rows = [kept(row) for row in shelf.store.vectors(shelf.embedder.fingerprint, ids)[1]]
    shelf.put("Nothing of this is secret.", name="other.txt")
    shelf.vectors.save(shelf.index_path, shelf.store)
    assert len(rows) == 2 and all(row in shelf.index_path.read_bytes() for row in rows)
    shelf.eraser.erase_source("here", "secret")
    assert not any(row in shelf.bytes_on_disk() for row in rows)
