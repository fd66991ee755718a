"""A file becomes searchable: keep → parse → split → store (found by words) → embed → index.

Every step can be repeated: a crash leaves a document that nobody finds half of, and the next
`ingest` of the same file, or `catch_up` at the next start, completes it. `rag.indexing` makes the vectors so
that whoever waits for an answer has the processor.
Knows nothing of where files come from or who may see them.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np

from rag.data_loaders import parse_file
from rag.errors import DiskFull, EmptyFile, FileError, FileRemoved, StoreError
from rag.indexing import Indexers
from rag.llms.machine import thread_count
from rag.originals import Originals, Staged
from rag.splitter import split_blocks
from rag.store import BATCH, Store
from rag.types import Chunk, Document, DocumentStatus, Embedder, ParsedFile
from rag.vectors import VectorIndex

PARSING_SHARE = 0.1  # of the time that a file takes; making vectors takes the rest
_UNITS = {"pdf": "page", "pptx": "slide"}


class Parser(Protocol):
    """Reads a file. ``progress`` is told how many units of how many are read, and the kind of file."""

    def __call__(self, path: Path, name: str, *, progress: Callable[[int, int, str], None]) -> ParsedFile:
        """Raises: FileError."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a file has come, reading and making vectors together."""

    done: int
    total: int
    unit: str  # "page" | "slide" | "passage"


Tell = Callable[[Progress], None]


class IngestOutcome(StrEnum):
    """What became of a file."""

    NEW = "new"  # read now
    ALREADY_KNOWN = "already known"  # the same bytes were here: nothing was computed again
    REPLACED = "replaced"  # read now; its source showed other bytes before, which are gone


@dataclass(frozen=True, slots=True)
class IngestResult:
    """A file that can be searched."""

    document: Document
    outcome: IngestOutcome

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the receipt."""
        return self.document.notes


class Ingester:
    """Reads files into a store. Safe to share between threads; one file is never read twice at once."""

    def __init__(
        self,
        store: Store,
        vectors: VectorIndex,
        embedder: Embedder,
        originals: Originals,
        *,
        parse: Parser = parse_file,
        pause: Callable[[], None] = lambda: None,
    ) -> None:
        """``pause`` is called before each batch of vectors and may wait while somebody is answered."""
        self._store = store
        self._vectors = vectors
        self._embedder = embedder
        self._originals = originals
        self._parse = parse
        self._pause = pause
        self._indexers = Indexers(embedder.embed, thread_count())
        self._turns = [threading.Lock() for _ in range(64)]  # two files rarely share one

    def ingest(
        self, scope_id: str, source_ref: str, name: str, data: bytes | Path, on_progress: Tell | None = None
    ) -> IngestResult:
        """Read a file for a scope; returns when it is searchable by words and meaning.

        ``on_progress`` is told on this thread, often, how far the file has come; it never goes back.

        Raises: FileError, and the document is then kept as failed, without text; FileRemoved, where
        it was erased meanwhile; ModelError, DiskFull, StoreError, and what was done until then stays.
        """
        staged = self._staged(data)
        try:
            with self._turn(scope_id, staged.sha256):
                begun = self._store.begin(scope_id, source_ref, name, staged.sha256, staged.size_bytes)
                path = self._originals.keep(staged)
                document = self._complete(begun.document, name, path, on_progress or _untold)
        except FileRemoved:
            self._originals.remove(staged.sha256, self._store.is_kept)
            raise
        finally:
            staged.discard()
        known = begun.document.status is not DocumentStatus.READING
        outcome = IngestOutcome.ALREADY_KNOWN if known else IngestOutcome.NEW
        return IngestResult(document, IngestOutcome.REPLACED if begun.replaced else outcome)

    def catch_up(self) -> int:
        """Complete what a crash or another embedder left undone; returns how many documents that were.

        A document that can no longer be read is kept as failed. Raises: ModelError, DiskFull, StoreError.
        """
        for document_id in self._store.stale_headers():
            self._store.renew_headers(document_id)
        unfinished = self._store.unfinished(self._embedder.fingerprint)
        for document in unfinished:
            with self._turn(document.scope_id, document.sha256), suppress(FileError):  # kept as `user_message`
                self._resume(self._now(document))
        return len(unfinished)

    def _resume(self, document: Document) -> None:
        path = self._originals.path(document.sha256)
        if document.status is DocumentStatus.READING and not path.exists():
            self._fail(document, EmptyFile("This file was not received whole; upload it again."))
        else:
            self._complete(document, self._store.names(document.document_id)[0], path, _untold)

    def _complete(self, document: Document, name: str, path: Path, on_progress: Tell) -> Document:
        if document.status is DocumentStatus.READING:
            self._read_text(document, name, path, on_progress)
        self._store.renew_headers(document.document_id)
        self._make_vectors(document, on_progress)
        return self._now(document)

    def _staged(self, data: bytes | Path) -> Staged:
        try:
            return self._originals.stage(data)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise DiskFull(detail=str(error)) from error
            raise StoreError(detail=str(error)) from error

    def _read_text(self, document: Document, name: str, path: Path, on_progress: Tell) -> None:
        self._store.clear_chunks(document.document_id)  # of an attempt that was cut short
        try:
            parsed = self._parse(path, name, progress=partial(_tell_parsed, on_progress))
            drafts = split_blocks(parsed.blocks, self._embedder.count_pieces)
            if not drafts:
                raise EmptyFile()
        except FileError as error:
            self._fail(document, error)
            raise
        for first in range(0, len(drafts), BATCH):
            batch = [(draft.text, draft.location) for draft in drafts[first : first + BATCH]]
            self._store.add_chunks(document.document_id, first, batch)
        self._store.make_searchable(document.document_id, parsed, len(drafts))

    def _make_vectors(self, document: Document, on_progress: Tell) -> None:
        fingerprint = self._embedder.fingerprint
        document = self._now(document)
        count = document.chunk_count
        missing = self._store.without_vector(document.document_id, fingerprint, count)
        on_progress(_embedded(document, count - len(missing)))
        done = count - len(missing)
        for ids, rows in self._embedded_batches(missing):
            self._store.add_vectors(document.document_id, fingerprint, ids, rows)
            self._vectors.add(ids, rows)
            done += len(ids)
            on_progress(_embedded(document, done))
        self._store.set_status(document.document_id, DocumentStatus.READY)

    def _embedded_batches(self, chunks: Sequence[tuple[Chunk, str]]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Ids and vectors, batch by batch; the next is begun before one is handed out, so no core waits."""
        ahead: tuple[np.ndarray, Callable[[], np.ndarray]] | None = None
        for start in range(0, len(chunks), self._indexers.batch):
            self._pause()
            batch = chunks[start : start + self._indexers.batch]
            ids = np.array([chunk.chunk_id for chunk, _ in batch], dtype=np.int64)
            begun = ids, self._indexers.begin([f"{header}\n{chunk.text}" for chunk, header in batch])
            if ahead:
                yield ahead[0], ahead[1]()
            ahead = begun
        if ahead:
            yield ahead[0], ahead[1]()

    def _fail(self, document: Document, error: FileError) -> None:
        self._store.set_status(document.document_id, DocumentStatus.FAILED, error.user_message)
        self._originals.remove(document.sha256, self._store.is_kept)

    def _now(self, document: Document) -> Document:
        now = self._store.document(document.scope_id, document.document_id)
        if now is None:
            raise FileRemoved()
        return now

    def _turn(self, scope_id: str, sha256: str) -> threading.Lock:
        return self._turns[hash((scope_id, sha256)) % len(self._turns)]


def _untold(_progress: Progress) -> None:
    """Nobody waits for the file."""


def _tell_parsed(on_progress: Tell, done: int, total: int, kind: str) -> None:
    """Where a file has pages, those that were read count for a small share of the work; passages follow later."""
    if kind in _UNITS and total:
        on_progress(Progress(int(total * PARSING_SHARE * done / total), total, _UNITS[kind]))


def _embedded(document: Document, vectors: int) -> Progress:
    """How far a file has come whose text is read and that has so many vectors."""
    share = vectors / document.chunk_count if document.chunk_count else 1.0
    pages = document.page_count if document.kind in _UNITS else None
    if not pages:
        return Progress(vectors, document.chunk_count, "passage")
    return Progress(int(pages * (PARSING_SHARE + (1 - PARSING_SHARE) * share)), pages, _UNITS[document.kind])
