"""Removing everywhere, then looking whether it is gone.

    tombstone (one short transaction: nothing answers from it any more)
    → what the language model keeps of what it read
    → rows → full-text index merged → log folded in and emptied → vectors → original bytes → verify

SQLite 3.40 has no secure delete for full-text indexes, and a VACUUM leaves deleted terms in them;
merging the whole index drops them, and `secure_delete` overwrites the pages that were freed.
Knows nothing of why something is erased.
"""

from __future__ import annotations

import mmap
import re
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from rag.database import BUSY_TIMEOUT_S, Database, drop_old_copy
from rag.originals import Originals
from rag.passages import SEARCHED_TABLE
from rag.store import Store
from rag.types import Document
from rag.vectors import VectorIndex

MERGE_PAGES = 64  # of 4 kB, written in one step of cleaning the index
SAMPLE_CHUNKS = 16
SNIPPET_CHARS = 24
CHECKPOINT_TRIES = 50  # a tenth of a second apart: readers are done within milliseconds


@dataclass(frozen=True, slots=True)
class EraseReceipt:
    """What was removed. ``verified``: a sample of the removed text stands in none of our files any more."""

    documents: int = 0
    chunks: int = 0
    vectors: int = 0
    files: int = 0
    verified: bool = True


class Eraser:
    """Removes documents. Safe to share between threads; one erasure runs at a time.

    Raises: StoreError, DiskFull from every method; what was asked is then finished by `finish`.
    """

    def __init__(
        self,
        store: Store,
        vectors: VectorIndex,
        originals: Originals,
        index_path: Path | None = None,
        *,
        forget: Callable[[str], None],
    ) -> None:
        """``index_path``: where the vectors are written, None where they are kept in memory only.

        ``forget``: makes the language model drop what it keeps of what it read for a scope, see `BaseLLM.forget`.
        """
        self._store = store
        self._database = store.database
        self._vectors = vectors
        self._originals = originals
        self._index_path = index_path
        self._forget = forget
        self._lock = threading.Lock()
        self._unproved: set[str] = set()  # what an erasure still found afterwards

    def erase_source(self, scope_id: str, source_ref: str) -> EraseReceipt:
        """Forget a source, and its document unless another source in the scope shows it."""
        source = self._store.tombstone_source(scope_id, source_ref)
        if source is None:
            return EraseReceipt()
        if self._store.document(scope_id, source.document_id):
            self._store.renew_headers(source.document_id)  # its other name stays, this one goes
        return self._clear({source.document_id}, {scope_id}, [source.name])

    def erase_document(self, scope_id: str, document_id: int) -> EraseReceipt:
        """Forget a document of a scope with all its sources."""
        ids = self._store.tombstone(scope_id, document_id)
        return self._clear(set(ids), {scope_id}) if ids else EraseReceipt()

    def erase_scope(self, scope_id: str) -> EraseReceipt:
        """Forget every document of a scope."""
        ids = self._store.tombstone(scope_id)
        return self._clear(set(ids), {scope_id}) if ids else EraseReceipt()

    def finish(self) -> EraseReceipt:
        """At the start: clear away what a crash left half erased, and originals that nobody needs."""
        gone = self._store.tombstoned()
        ids, scopes = {document.document_id for document in gone}, {document.scope_id for document in gone}
        receipt = self._clear(ids, scopes) if gone else EraseReceipt()
        orphans = sum(self._originals.remove(sha256, self._store.is_kept) for sha256 in self._originals.all())
        return replace(receipt, files=receipt.files + orphans)

    def forget(self, scope_id: str) -> None:
        """For what is deleted elsewhere, questions and answers: nothing of it stays in the language model's memory."""
        self._forget(scope_id)
        self._store.forget()

    def recheck(self) -> bool:
        """Clean once more and look again for what an earlier erasure still found; whether all of it is gone now."""
        with self._lock:
            if self._unproved:
                self._scrub()
                self._unproved = self._found(self._unproved)
            return not self._unproved

    def fold(self) -> bool:
        """Empty the log, so that rows deleted elsewhere in the database leave no trace; False if a reader was in
        the way all the time."""
        with self._lock:
            return self._fold()

    def _clear(self, document_ids: set[int], scope_ids: set[str], names: Sequence[str] = ()) -> EraseReceipt:
        with self._lock:
            for scope_id in scope_ids:  # no prompt can be made of what is tombstoned, so it is read no more
                self._forget(scope_id)
            gone = [document for document in self._store.tombstoned() if document.document_id in document_ids]
            probes = {*names, *self._probes(gone)}
            counts = [self._clear_rows(document) for document in gone]
            self._scrub()
            for document in gone:  # only now: where a crash comes before, the next start finds what is to be scrubbed
                self._store.drop_tombstone(document.document_id)
            self._fold()
            files = sum(self._originals.remove(document.sha256, self._store.is_kept) for document in gone)
            return EraseReceipt(
                documents=len(gone),
                chunks=sum(chunks for chunks, _ in counts),
                vectors=sum(vectors for _, vectors in counts),
                files=files,
                verified=self._is_gone(gone, probes),
            )

    def _probes(self, documents: Sequence[Document]) -> Iterable[str]:
        """Stretches of text and long words by which what is removed would be recognised."""
        for document in documents:
            for text in self._sample(document.document_id):
                middle = max(0, (len(text) - SNIPPET_CHARS) // 2)
                yield text[middle : middle + SNIPPET_CHARS]
                yield from sorted(set(re.findall(r"\w{8,40}", text)), key=len)[-2:]

    def _sample(self, document_id: int) -> list[str]:
        query = """SELECT body FROM chunks WHERE document_id = :id
            AND ordinal % max(1, (SELECT count(*) FROM chunks WHERE document_id = :id) / :limit) = 0 LIMIT :limit"""
        values = {"id": document_id, "limit": SAMPLE_CHUNKS}
        return self._database.read(lambda db: [row[0] for row in db.execute(query, values).fetchall()])

    def _clear_rows(self, document: Document) -> tuple[int, int]:
        ids, vectors = self._store.clear_chunks(document.document_id)
        self._vectors.remove(np.array(ids, dtype=np.int64))
        return len(ids), vectors

    def _scrub(self) -> None:
        self._store.forget()  # the words that searches keep in memory
        merge_index(self._database)
        self._fold()
        if self._index_path:
            self._vectors.save(self._index_path, self._store)

    def _fold(self) -> bool:
        drop_old_copy(self._database.path)
        for _ in range(CHECKPOINT_TRIES):
            if fold_log(self._database):
                return True
            time.sleep(0.1)
        return False

    def _is_gone(self, documents: Sequence[Document], probes: Iterable[str]) -> bool:
        """No original is left, and no probe is in a file, unless a living row holds the same text."""
        for document in documents:
            if self._originals.path(document.sha256).exists() and not self._store.is_kept(document.sha256):
                return False
        found = self._found(probes)
        self._unproved |= found
        return not found

    def _found(self, probes: Iterable[str]) -> set[str]:
        """The probes that stand in a file of ours though no living row holds them."""
        held = {probe for path in self._files() for probe in _held(path, probes)}
        return {probe for probe in held if not self._database.read(partial(_is_live, text=probe))}

    def _files(self) -> Iterable[Path]:
        database = self._database.path
        yield from (database, database.with_name(database.name + "-wal"))
        if self._index_path:
            yield from self._index_path.parent.glob(self._index_path.name + "*")


def _held(path: Path, probes: Iterable[str]) -> list[str]:
    if not path.exists() or not path.stat().st_size:
        return []
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return [probe for probe in probes if probe.strip() and content.find(probe.encode()) >= 0]


def merge_index(database: Database) -> None:
    """Rewrite the full-text index without what was deleted, in steps that urgent writes can pass between.

    Source: sqlite.org/fts5.html, "The 'merge' Command": a negative number first, as 'optimize'
    does it, then positive ones until fewer than two rows change.
    """
    database.write(lambda db: _merge_step(db, -MERGE_PAGES))
    while database.write(lambda db: _merge_step(db, MERGE_PAGES)) >= 2:
        pass


def _merge_step(db: Any, pages: int) -> int:
    before = db.conn.total_changes
    db.execute(f"INSERT INTO {SEARCHED_TABLE}({SEARCHED_TABLE}, rank) VALUES ('merge', ?)", (pages,))
    return db.conn.total_changes - before


def fold_log(database: Database) -> bool:
    """Copy the write-ahead log into the file and empty it; False where a reader was in the way."""

    def work(db: Any) -> bool:
        db.execute("PRAGMA busy_timeout = 50").fetchall()  # urgent writes wait behind this
        try:
            return db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
        finally:
            db.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}").fetchall()

    return database.maintain(work)


def _is_live(db: Any, text: str) -> bool:
    """Whether a row that was not deleted holds ``text``, in whatever table of the database."""
    quoted = '"' + text.replace('"', '""') + '"'
    if db.execute(f"SELECT 1 FROM {SEARCHED_TABLE} WHERE {SEARCHED_TABLE} MATCH ?", (quoted,)).fetchone():
        return True
    return any(
        db.execute(
            f'SELECT 1 FROM "{table.name}" WHERE instr(lower("{column.name}"), lower(?)) LIMIT 1', (text,)
        ).fetchone()
        for table in db.tables
        if not table.name.startswith((SEARCHED_TABLE, "sqlite_"))
        for column in table.columns
        if column.type.upper() == "TEXT"
    )
