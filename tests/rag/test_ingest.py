"""A file's way into the store, also when it is cut short, repeated, or deleted under way."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rag.errors import BrokenFile, DiskFull, EmptyFile, FileRemoved, ModelError
from rag.ingest import IngestOutcome, Progress
from rag.llms import machine
from rag.types import DocumentStatus, ParsedFile
from tests.rag.fakes import HashEmbedder
from tests.rag.shelf import Shelf, parse_paragraphs

TEXT = "# Terms\n\nThe monthly fee is 4,200 euros.\n\nNotice is three months."


def long_text(paragraphs: int = 120) -> str:
    return "\n\n".join(f"Paragraph {n} about item{n} and " + "words " * 110 for n in range(paragraphs))


def test_the_next_vectors_are_begun_before_those_before_them_are_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Whoever waits for the disk leaves no core without work."""
    begun: list[str] = []
    changed = threading.Condition()

    class Watched(HashEmbedder):
        def embed(self, texts: Sequence[str]) -> np.ndarray:
            with changed:
                begun.extend(texts)
                changed.notify_all()
            return super().embed(texts)

    shelf = Shelf(tmp_path, embedder=Watched())
    stored: list[int] = []
    add_vectors = shelf.store.add_vectors

    def add(document_id: int, fingerprint: str, ids: np.ndarray, rows: np.ndarray) -> None:
        stored.extend(ids.tolist())
        with changed:
            assert changed.wait_for(lambda: len(begun) > len(stored) or len(stored) == 60, timeout=30)
        add_vectors(document_id, fingerprint, ids, rows)

    monkeypatch.setattr(shelf.store, "add_vectors", add)
    shelf.put(long_text(60))
    assert len(stored) == len(begun) == 60 and len(set(stored)) == 60
    shelf.close()


def test_a_file_is_found_by_its_words_its_name_and_its_headings(shelf: Shelf):
    result = shelf.put(TEXT, name="supply agreement.txt")
    assert result.outcome is IngestOutcome.NEW
    assert result.document.status is DocumentStatus.READY
    assert "4,200" in shelf.texts("monthly fee")[0]
    for word in ("supply", "terms", "notice"):
        assert shelf.store.ranked(f'"{word}"', "here", None, 10)


def test_what_is_embedded_starts_with_name_and_heading_path(shelf: Shelf):
    shelf.put(TEXT, name="a.txt")
    assert shelf.embedder.embedded[0].startswith("a.txt › Terms\nThe monthly fee")


def test_the_same_file_twice_is_computed_once_and_said_so(shelf: Shelf):
    shelf.put(TEXT, name="a.txt", ref="one")
    embedded = len(shelf.embedder.embedded)
    result = shelf.put(TEXT, name="a.txt", ref="two")
    assert result.outcome is IngestOutcome.ALREADY_KNOWN
    assert shelf.put(TEXT, name="a.txt", ref="two").outcome is IngestOutcome.ALREADY_KNOWN
    assert len(shelf.embedder.embedded) == embedded
    assert len(shelf.store.documents("here")) == 1
    assert len(shelf.texts("monthly fee")) == len(set(shelf.texts("monthly fee")))


def test_two_files_with_one_name_are_both_kept(shelf: Shelf):
    shelf.put("The fee is 100 dollars.", name="a.txt", ref="one")
    shelf.put("The fee is 200 dollars.", name="a.txt", ref="two")
    assert len(shelf.texts("fee dollars")) == 2
    shelf.eraser.erase_source("here", "one")
    assert shelf.texts("fee dollars") == ["The fee is 200 dollars."]


def test_a_second_name_is_found_too_and_one_ref_with_a_new_name_is_a_rename(shelf: Shelf):
    shelf.put(TEXT, name="alpha.txt", ref="one")
    shelf.put(TEXT, name="beta.txt", ref="two")
    assert shelf.store.ranked('"alpha"', "here", None, 10)
    assert shelf.store.ranked('"beta"', "here", None, 10)
    shelf.put(TEXT, name="gamma.txt", ref="two")
    assert shelf.store.ranked('"gamma"', "here", None, 10)
    assert not shelf.store.ranked('"beta"', "here", None, 10)


def test_other_bytes_under_one_source_take_the_place_of_the_first(shelf: Shelf):
    shelf.put("The fee is 100 dollars.", name="a.txt")
    assert shelf.put("The fee is 200 dollars.", name="a.txt").outcome is IngestOutcome.REPLACED
    assert shelf.texts("fee dollars") == ["The fee is 200 dollars."]
    assert shelf.eraser.finish().documents == 1
    assert b"fee is 100" not in shelf.bytes_on_disk()


def test_bytes_and_a_path_are_the_same_file(shelf: Shelf, tmp_path: Path):
    path = tmp_path / "upload"
    path.write_text(TEXT)
    shelf.put(TEXT, name="a.txt")
    assert shelf.ingester.ingest("here", "other", "a.txt", path).outcome is IngestOutcome.ALREADY_KNOWN
    assert path.exists()


def test_originals_are_kept_once_under_their_checksum_for_the_owner_only(shelf: Shelf):
    shelf.put(TEXT, name="../../escape.txt", scope="here")
    shelf.put(TEXT, name="b.txt", scope="there")
    files = [path for path in shelf.originals.folder.rglob("*") if path.is_file()]
    sha256 = shelf.store.documents("here")[0].sha256
    assert files == [shelf.originals.folder / sha256[:2] / sha256]
    assert files[0].read_text() == TEXT
    assert files[0].stat().st_mode & 0o177 == 0
    for folder in (shelf.originals.folder, files[0].parent):
        assert folder.stat().st_mode & 0o077 == 0


def test_words_are_found_before_there_is_any_vector(tmp_path: Path):
    seen: list[list[str]] = []
    shelf = Shelf(tmp_path, pause=lambda: seen.append(shelf.texts("item7")))
    shelf.put(long_text(20))
    assert seen[0][0].startswith("Paragraph 7 ")
    shelf.close()


def test_progress_of_a_file_without_pages_counts_its_passages(shelf: Shelf):
    steps: list[Progress] = []
    shelf.ingester.ingest("here", "a", "a.txt", long_text(20).encode(), steps.append)
    assert steps[0] == Progress(0, 20, "passage")
    assert steps[-1] == Progress(20, 20, "passage")
    assert [step.done for step in steps] == sorted(step.done for step in steps)


def test_progress_of_a_file_with_pages_is_one_figure_that_never_goes_back(tmp_path: Path):
    def parse(path: Path, name: str, *, progress: Callable[[int, int, str], None]) -> ParsedFile:
        parsed = parse_paragraphs(path, name)
        for page in range(1, 41):
            progress(page, 40, "pdf")
        return replace(parsed, kind="pdf")

    shelf = Shelf(tmp_path, parse=parse)
    steps: list[Progress] = []
    shelf.ingester.ingest("here", "a", "a.pdf", long_text(40).encode(), steps.append)
    shelf.close()
    assert {(step.total, step.unit) for step in steps} == {(40, "page")}
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert 0 < steps[39].done < 10, "reading is quick; vectors take the time"
    assert len({step.done for step in steps}) > 5 and steps[-1].done == 40


def test_a_file_that_cannot_be_read_is_kept_as_failed_without_text(tmp_path: Path):
    def parse(path: Path, name: str, **_: object) -> ParsedFile:
        raise BrokenFile()

    shelf = Shelf(tmp_path, parse=parse)
    with pytest.raises(BrokenFile):
        shelf.put("unreadable bytes")
    failed = shelf.store.documents("here")[0]
    assert (failed.status, failed.user_message) == (DocumentStatus.FAILED, BrokenFile.default_message)
    assert b"unreadable bytes" not in shelf.bytes_on_disk()
    shelf.close()
    again = Shelf(tmp_path)  # with a reader that can
    assert again.put("unreadable bytes").outcome is IngestOutcome.NEW
    assert again.texts("unreadable") == ["unreadable bytes"]
    again.close()


def test_a_file_without_text_is_an_empty_file(tmp_path: Path):
    shelf = Shelf(tmp_path, parse=lambda path, name, progress: ParsedFile("text", ()))
    with pytest.raises(EmptyFile):
        shelf.put("x")
    shelf.close()


def test_without_the_embedding_model_a_file_is_found_by_words_and_completed_later(tmp_path: Path):
    class Broken(HashEmbedder):
        works = False

        def embed(self, texts):
            if not self.works and any("\n" in text for text in texts):
                raise ModelError()
            return super().embed(texts)

    embedder = Broken()
    shelf = Shelf(tmp_path, embedder=embedder)
    with pytest.raises(ModelError):
        shelf.put(TEXT)
    assert shelf.store.documents("here")[0].status is DocumentStatus.SEARCHABLE
    assert shelf.texts("monthly fee")
    embedder.works = True
    assert shelf.ingester.catch_up() == 1
    assert shelf.store.documents("here")[0].status is DocumentStatus.READY
    assert len(shelf.vectors) == 2
    assert shelf.ingester.catch_up() == 0
    shelf.close()


def test_another_embedder_makes_all_vectors_again(tmp_path: Path):
    shelf = Shelf(tmp_path)
    shelf.put(TEXT)
    shelf.close()

    class Other(HashEmbedder):
        fingerprint = "hash-2"

    other = Shelf(tmp_path, embedder=Other())
    assert len(other.vectors) == 0
    assert other.texts("monthly fee")  # by words, meanwhile
    assert other.ingester.catch_up() == 1
    assert len(other.vectors) == 2
    other.close()


def test_a_full_disk_is_named_and_the_file_can_be_read_when_there_is_room(shelf: Shelf):
    shelf.put("something small")
    pages = shelf.database.read(lambda db: db.execute("PRAGMA page_count").fetchone()[0])
    shelf.database.maintain(lambda db: db.execute(f"PRAGMA max_page_count = {pages + 10}").fetchall())
    with pytest.raises(DiskFull):
        shelf.put(long_text(), name="big.txt")
    assert not any("item7" in text for text in shelf.texts("item7"))
    shelf.database.maintain(lambda db: db.execute("PRAGMA max_page_count = 1000000").fetchall())
    shelf.put(long_text(), name="big.txt")
    assert shelf.texts("item7")[0].startswith("Paragraph 7 ")
    assert len(shelf.store.documents("here")) == 2


@pytest.mark.parametrize("moment", ["parsing", "embedding"])
def test_a_file_deleted_while_it_is_read_leaves_nothing(tmp_path: Path, moment: str):
    def erase(when: str) -> None:
        if when == moment:
            shelf.eraser.erase_source("here", "file.txt")

    def parse(path: Path, name: str, **_: object) -> ParsedFile:
        parsed = parse_paragraphs(path, name)
        erase("parsing")
        return parsed

    shelf = Shelf(tmp_path, parse=parse, pause=lambda: erase("embedding"))
    with pytest.raises(FileRemoved):
        shelf.put("canary7731 " + long_text(80))
    shelf.eraser.finish()
    assert shelf.texts("canary7731") == []
    assert b"canary7731" not in shelf.bytes_on_disk()
    assert [path for path in shelf.originals.folder.rglob("*") if path.is_file()] == []
    shelf.close()


def test_one_file_from_two_threads_is_read_once(tmp_path: Path):
    parsed: list[str] = []

    def parse(path: Path, name: str, **_: object) -> ParsedFile:
        parsed.append(name)
        return parse_paragraphs(path, name)

    shelf = Shelf(tmp_path, parse=parse)
    results = []
    threads = [threading.Thread(target=lambda n=n: results.append(shelf.put(TEXT, ref=f"{n}"))) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(parsed) == 1
    assert sorted(result.outcome for result in results) == [IngestOutcome.ALREADY_KNOWN] * 5 + [IngestOutcome.NEW]
    assert len(shelf.store.sources("here")) == 6
    shelf.close()


def test_a_document_cut_short_between_its_chunks_is_never_cited_and_is_begun_again(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
):
    add_chunks = shelf.store.add_chunks

    def die_at_the_second_batch(document_id: int, first: int, drafts) -> None:
        if first:
            raise KeyboardInterrupt
        add_chunks(document_id, first, drafts)

    monkeypatch.setattr(shelf.store, "add_chunks", die_at_the_second_batch)
    with pytest.raises(KeyboardInterrupt):
        shelf.put(long_text())
    assert shelf.texts("item7") == []
    monkeypatch.undo()
    assert shelf.ingester.catch_up() == 1
    assert shelf.texts("item7")[0].startswith("Paragraph 7 ")
    assert len(shelf.store.catalogue("here")) == 120


KILLED = """
import sys, time
from pathlib import Path
from tests.rag.shelf import Shelf
from tests.rag.test_ingest import long_text
shelf = Shelf(Path(sys.argv[1]), pause=lambda: time.sleep(0.01))
print("open", flush=True)
shelf.put(long_text(), name="big.txt")
print("done", flush=True)
"""


@pytest.mark.parametrize("delay_s", [0.0, 0.02, 0.05, 0.1, 0.2, 0.3])
def test_a_kill_in_mid_ingest_shows_no_half_and_is_completed(tmp_path: Path, delay_s: float):
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert process.stdout is not None
    process.stdout.readline()
    threading.Event().wait(delay_s)
    process.kill()
    process.wait()
    process.stdout.close()

    shelf = Shelf(tmp_path)
    shelf.eraser.finish()
    assert len(shelf.store.catalogue("here")) in (0, 120)  # nothing, or all of it
    shelf.ingester.catch_up()
    shelf.put(long_text(), name="big.txt")  # what whoever queued the upload does after a restart
    [document] = shelf.store.documents("here")
    assert (document.status, document.chunk_count) == (DocumentStatus.READY, 120)
    assert len(shelf.store.catalogue("here")) == len(shelf.vectors) == 120
    assert shelf.texts("item77")[0].startswith("Paragraph 77 ")
    shelf.close()


def test_vectors_are_made_by_threads_that_give_way_and_come_in_their_order(tmp_path: Path):
    class Watched(HashEmbedder):
        def embed(self, texts):
            gave_way.append(machine.gives_way())
            return super().embed(texts)

    gave_way: list[bool] = []
    shelf = Shelf(tmp_path, embedder=Watched())
    shelf.put(long_text(40))
    chunks = shelf.store.without_vector(1, "another model", 40)
    ids = np.array([chunk.chunk_id for chunk, _ in chunks])
    for chunk, header in chunks:
        found, _ = shelf.vectors.search(HashEmbedder().embed_query(f"{header}\n{chunk.text}"), ids, 1)
        assert found[0] == chunk.chunk_id
    shelf.close()
    assert len(chunks) == 40 and len(gave_way) == 5 and all(gave_way) and not machine.gives_way()
