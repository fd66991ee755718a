"""Documents, sources, chunks and vectors in SQLite: the single source of truth.

A document is keyed by (scope, sha256); a source gives it a name in its scope, so the same bytes
in two scopes never show one's name in the other. Nothing is found before it is whole: a document
is `reading` until its last chunk is in, then `searchable` by words, then `ready` with vectors.
Every change is a transaction of a few dozen rows, so that urgent writes wait for none of them.
Knows nothing of parsing, models, ranking, or of where scopes come from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import sqlite_utils
from sqlite_utils.migrations import Migrations

from rag.errors import FileRemoved
from rag.passages import VISIBLE, Passages, chunk_of, location_of
from rag.types import Chunk, Document, DocumentStatus, Location, ParsedFile, Source

MIGRATIONS = Migrations("rag")
BATCH = 64  # rows in a transaction: about 10 ms with full-text indexing


@MIGRATIONS()
def m001_documents(database: sqlite_utils.Database) -> None:
    """Tables, stamps and full-text index as of 0.1."""
    _m001_tables(database)
    _m001_stamps(database)
    database.table("chunks").enable_fts(
        ["header", "body"], tokenize="porter unicode61 remove_diacritics 2", create_triggers=True
    )


def _m001_tables(database: sqlite_utils.Database) -> None:
    """AUTOINCREMENT: ids are never used twice, so no stale index entry can point to another's text."""
    for statement in (
        """CREATE TABLE documents (
            document_id INTEGER PRIMARY KEY AUTOINCREMENT,
            scope_id TEXT NOT NULL,
            sha256 TEXT NOT NULL,
            status TEXT NOT NULL,
            kind TEXT NOT NULL DEFAULT '',
            size_bytes INTEGER NOT NULL,
            page_count INTEGER,
            chunk_count INTEGER NOT NULL DEFAULT 0,
            notes TEXT NOT NULL DEFAULT '[]',
            user_message TEXT NOT NULL DEFAULT '',
            header_names TEXT NOT NULL DEFAULT '[]')""",
        "CREATE UNIQUE INDEX documents_key ON documents(scope_id, sha256) WHERE status != 'erasing'",
        "CREATE INDEX documents_sha256 ON documents(sha256)",
        """CREATE TABLE sources (
            scope_id TEXT NOT NULL,
            source_ref TEXT NOT NULL,
            document_id INTEGER NOT NULL REFERENCES documents(document_id),
            name TEXT NOT NULL,
            PRIMARY KEY (scope_id, source_ref))""",
        "CREATE INDEX sources_document ON sources(document_id)",
        """CREATE TABLE chunks (
            chunk_id INTEGER PRIMARY KEY AUTOINCREMENT,
            document_id INTEGER NOT NULL REFERENCES documents(document_id),
            ordinal INTEGER NOT NULL,
            header TEXT NOT NULL,
            body TEXT NOT NULL,
            location TEXT NOT NULL,
            UNIQUE (document_id, ordinal))""",
        """CREATE TABLE embeddings (
            chunk_id INTEGER PRIMARY KEY REFERENCES chunks(chunk_id),
            fingerprint TEXT NOT NULL,
            vector BLOB NOT NULL)""",
    ):
        database.execute(statement)


def _m001_stamps(database: sqlite_utils.Database) -> None:
    """Two stamps, random so that a restored backup never repeats one: of the vectors, and of what may be found."""
    for statement in (
        "CREATE TABLE generation (value INTEGER NOT NULL, visible INTEGER NOT NULL)",
        "INSERT INTO generation VALUES (0, 0)",
        """CREATE TRIGGER documents_status AFTER UPDATE OF status ON documents WHEN old.status IS NOT new.status
        BEGIN UPDATE generation SET visible = random(); END""",
        *(
            f"""CREATE TRIGGER embeddings_{verb.lower()} AFTER {verb} ON embeddings
            BEGIN UPDATE generation SET value = random(); END"""
            for verb in ("INSERT", "UPDATE", "DELETE")
        ),
    ):
        database.execute(statement)


@dataclass(frozen=True, slots=True)
class Begun:
    """What `Store.begin` found. ``replaced``: the source showed other bytes before, now tombstoned."""

    document: Document
    is_new_source: bool
    replaced: bool


def header_of(names: Sequence[str], heading_path: Sequence[str]) -> str:
    """What is indexed in front of a chunk: ``plan.docx › Terms › Price``."""
    return " › ".join((", ".join(names), *heading_path))


class Store(Passages):
    """The tables behind ingest and search. Safe to share between threads.

    Raises: StoreError from every method.
    """

    # --- writing a document ------------------------------------------------------------------

    def begin(self, scope_id: str, source_ref: str, name: str, sha256: str, size_bytes: int) -> Begun:
        """Register a source and its document; a document that is new or had failed is `reading` after it."""

        def work(db: sqlite_utils.Database) -> Begun:
            key = (scope_id, source_ref)
            before = db.execute("SELECT document_id FROM sources WHERE (scope_id, source_ref) = (?, ?)", key).fetchone()
            db.execute(
                """INSERT INTO documents (scope_id, sha256, status, size_bytes) VALUES (?, ?, 'reading', ?)
                ON CONFLICT (scope_id, sha256) WHERE status != 'erasing' DO UPDATE
                SET user_message = '', status = CASE status WHEN 'failed' THEN 'reading' ELSE status END""",
                (scope_id, sha256, size_bytes),
            )
            document = _documents(db, "scope_id = ? AND sha256 = ? AND status != 'erasing'", (scope_id, sha256))[0]
            db.execute(
                """INSERT INTO sources (scope_id, source_ref, document_id, name) VALUES (?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET document_id = excluded.document_id, name = excluded.name""",
                (*key, document.document_id, name),
            )
            replaced = before is not None and before[0] != document.document_id
            if replaced:
                _tombstone_unnamed(db, before[0])
            return Begun(document, before is None, replaced)

        return self.database.write(work)

    def add_chunks(self, document_id: int, first: int, drafts: Sequence[tuple[str, Location]]) -> None:
        """Append up to `BATCH` pieces to a document that is being read. Raises: FileRemoved."""

        def work(db: sqlite_utils.Database) -> None:
            _require(db, document_id, DocumentStatus.READING)
            if not first:
                _record_names(db, document_id, _names(db, document_id))
            names = _recorded_names(db, document_id)
            db.table("chunks").insert_all(
                {
                    "document_id": document_id,
                    "ordinal": ordinal,
                    "header": header_of(names, location.heading_path),
                    "body": text,
                    "location": json.dumps(asdict(location), ensure_ascii=False),
                }
                for ordinal, (text, location) in enumerate(drafts, first)
            )

        self.database.write(work)

    def make_searchable(self, document_id: int, parsed: ParsedFile, chunk_count: int) -> None:
        """All chunks are in: from now on the document is found by its words. Raises: FileRemoved."""

        def work(db: sqlite_utils.Database) -> None:
            _require(db, document_id, DocumentStatus.READING)
            db.execute(
                """UPDATE documents SET status = 'searchable', kind = ?, page_count = ?, chunk_count = ?, notes = ?
                WHERE document_id = ?""",
                (parsed.kind, parsed.page_count, chunk_count, json.dumps(parsed.notes), document_id),
            )

        self.database.write(work)

    def without_vector(self, document_id: int, fingerprint: str, limit: int) -> list[tuple[Chunk, str]]:
        """Chunks that have no vector of this embedder, with their headers, in order."""
        return self.database.read(
            lambda db: [
                (chunk_of(row), row["header"])
                for row in db.query(
                    """SELECT chunks.* FROM chunks LEFT JOIN embeddings
                    ON embeddings.chunk_id = chunks.chunk_id AND fingerprint = :fingerprint
                    WHERE document_id = :document_id AND fingerprint IS NULL ORDER BY ordinal LIMIT :limit""",
                    {"fingerprint": fingerprint, "document_id": document_id, "limit": limit},
                )
            ]
        )

    def add_vectors(self, document_id: int, fingerprint: str, ids: np.ndarray, rows: np.ndarray) -> None:
        """Keep vectors, (n, d) float32, of chunks of a visible document. Raises: FileRemoved."""

        def work(db: sqlite_utils.Database) -> None:
            _require(db, document_id, *VISIBLE)
            db.table("embeddings").insert_all(
                (
                    {"chunk_id": int(chunk_id), "fingerprint": fingerprint, "vector": row.astype("<f4").tobytes()}
                    for chunk_id, row in zip(ids, rows, strict=True)
                ),
                replace=True,
            )

        self.database.write(work)

    def set_status(self, document_id: int, status: DocumentStatus, user_message: str = "") -> None:
        """Move a document on. Raises: FileRemoved, where it was erased meanwhile."""

        def work(db: sqlite_utils.Database) -> None:
            _require(db, document_id, *(set(DocumentStatus) - {DocumentStatus.ERASING}))
            db.execute(
                "UPDATE documents SET status = ?, user_message = ? WHERE document_id = ?",
                (status, user_message, document_id),
            )

        self.database.write(work)

    def renew_headers(self, document_id: int) -> None:
        """Where a document's names have changed, put the new ones into the index and take the old ones out."""
        names = self.names(document_id)
        stale = self.database.read(lambda db: _stale_header_ids(db, document_id, names))

        def renew(db: sqlite_utils.Database, ids: list[int]) -> None:
            query = "SELECT chunk_id, location FROM chunks WHERE chunk_id IN (SELECT value FROM json_each(?))"
            for chunk_id, location in db.execute(query, (json.dumps(ids),)).fetchall():
                header = header_of(names, location_of(location).heading_path)
                db.execute("UPDATE chunks SET header = ? WHERE chunk_id = ?", (header, chunk_id))

        for batch in _batches(stale):
            self.database.write(partial(renew, ids=batch))
        if stale:
            self.database.write(lambda db: _record_names(db, document_id, names))

    # --- removing ----------------------------------------------------------------------------

    def tombstone_source(self, scope_id: str, source_ref: str) -> Source | None:
        """Forget a source and return it; with its last source a document is gone at once."""

        def work(db: sqlite_utils.Database) -> Source | None:
            row = db.execute(
                """DELETE FROM sources WHERE (scope_id, source_ref) = (?, ?)
                RETURNING source_ref, scope_id, document_id, name""",
                (scope_id, source_ref),
            ).fetchone()
            if row is None:
                return None
            _tombstone_unnamed(db, row[2])
            return Source(*row)

        return self.database.write(work)

    def tombstone(self, scope_id: str, document_id: int | None = None) -> list[int]:
        """One document of a scope, or all of them, are gone at once. Returns their ids."""

        def work(db: sqlite_utils.Database) -> list[int]:
            ids = [
                row[0]
                for row in db.execute(
                    "SELECT document_id FROM documents WHERE scope_id = ? AND ifnull(document_id = ?, 1)",
                    (scope_id, document_id),
                ).fetchall()
            ]
            for gone in ids:
                db.execute("DELETE FROM sources WHERE document_id = ?", (gone,))
                _tombstone_unnamed(db, gone)
            return ids

        return self.database.write(work)

    def tombstoned(self) -> list[Document]:
        """Documents whose rows are still to be cleared away."""
        return self.database.read(lambda db: _documents(db, "status = 'erasing'", ()))

    def clear_chunks(self, document_id: int) -> tuple[list[int], int]:
        """Delete all chunks of a document. Returns their ids, and how many vectors they had."""
        cleared: list[int] = []
        vectors = 0

        def work(db: sqlite_utils.Database) -> tuple[list[int], int]:
            query = "SELECT chunk_id FROM chunks WHERE document_id = ? LIMIT ?"
            ids = [row[0] for row in db.execute(query, (document_id, BATCH)).fetchall()]
            chosen = (json.dumps(ids),)
            kept = db.execute("DELETE FROM embeddings WHERE chunk_id IN (SELECT value FROM json_each(?))", chosen)
            db.execute("DELETE FROM chunks WHERE chunk_id IN (SELECT value FROM json_each(?))", chosen)
            return ids, kept.rowcount

        while True:
            ids, count = self.database.write(work)
            if not ids:
                return cleared, vectors
            cleared += ids
            vectors += count

    def drop_tombstone(self, document_id: int) -> None:
        """The last trace of an erased document."""
        statement = "DELETE FROM documents WHERE document_id = ? AND status = 'erasing'"
        self.database.write(lambda db: db.execute(statement, (document_id,)) and None)

    # --- reading -----------------------------------------------------------------------------

    def document(self, scope_id: str, document_id: int) -> Document | None:
        """A document of this scope, whatever its status but erased."""
        where = "scope_id = ? AND document_id = ? AND status != 'erasing'"
        return next(iter(self.database.read(lambda db: _documents(db, where, (scope_id, document_id)))), None)

    def documents(self, scope_id: str) -> list[Document]:
        """Every document of a scope, the oldest first, failed and unfinished ones too."""
        return self.database.read(lambda db: _documents(db, "scope_id = ? AND status != 'erasing'", (scope_id,)))

    def unfinished(self, fingerprint: str) -> list[Document]:
        """Documents of all scopes that are half read, or lack vectors of this embedder."""
        where = """status = 'reading' OR status = 'searchable' OR (status = 'ready' AND EXISTS (
            SELECT 1 FROM chunks LEFT JOIN embeddings ON embeddings.chunk_id = chunks.chunk_id AND fingerprint = ?
            WHERE chunks.document_id = documents.document_id AND fingerprint IS NULL))"""
        return self.database.read(lambda db: _documents(db, where, (fingerprint,)))

    def stale_headers(self) -> list[int]:
        """Documents that are indexed under names which they no longer have."""
        query = "SELECT document_id, header_names FROM documents WHERE status != 'erasing' AND header_names != '[]'"
        return self.database.read(
            lambda db: [row[0] for row in db.execute(query).fetchall() if json.loads(row[1]) != _names(db, row[0])]
        )

    def sources(self, scope_id: str) -> list[Source]:
        """Every source of a scope, the oldest first."""
        query = "SELECT source_ref, scope_id, document_id, name FROM sources WHERE scope_id = ? ORDER BY rowid"
        return self.database.read(lambda db: [Source(*row) for row in db.execute(query, (scope_id,)).fetchall()])

    def scopes(self) -> list[str]:
        """Every scope that holds a source."""
        query = "SELECT DISTINCT scope_id FROM sources"
        return self.database.read(lambda db: [row[0] for row in db.execute(query).fetchall()])

    def names(self, document_id: int) -> list[str]:
        """What a document is called in its scope, the oldest name first."""
        return self.database.read(lambda db: _names(db, document_id))

    def is_kept(self, sha256: str) -> bool:
        """Whether any scope still has use for these original bytes."""
        query = "SELECT 1 FROM documents WHERE sha256 = ? AND status NOT IN ('erasing', 'failed')"
        return self.database.read(lambda db: db.execute(query, (sha256,)).fetchone()) is not None


def _documents(db: sqlite_utils.Database, where: str, values: Sequence[Any]) -> list[Document]:
    query = f"""SELECT document_id, scope_id, sha256, kind, size_bytes, page_count, chunk_count, notes, status,
        user_message FROM documents WHERE {where} ORDER BY document_id"""
    return [
        Document(**{**row, "notes": tuple(json.loads(row["notes"])), "status": DocumentStatus(row["status"])})
        for row in db.query(query, values)
    ]


def _names(db: sqlite_utils.Database, document_id: int) -> list[str]:
    query = "SELECT name FROM sources WHERE document_id = ? ORDER BY rowid"
    return list(dict.fromkeys(row[0] for row in db.execute(query, (document_id,)).fetchall()))


def _recorded_names(db: sqlite_utils.Database, document_id: int) -> list[str]:
    row = db.execute("SELECT header_names FROM documents WHERE document_id = ?", (document_id,)).fetchone()
    return json.loads(row[0]) if row else []


def _record_names(db: sqlite_utils.Database, document_id: int, names: list[str]) -> None:
    db.execute("UPDATE documents SET header_names = ? WHERE document_id = ?", (json.dumps(names), document_id))


def _stale_header_ids(db: sqlite_utils.Database, document_id: int, names: list[str]) -> list[int]:
    if _recorded_names(db, document_id) == names:
        return []
    query = "SELECT chunk_id FROM chunks WHERE document_id = ? ORDER BY chunk_id"
    return [chunk[0] for chunk in db.execute(query, (document_id,)).fetchall()]


def _require(db: sqlite_utils.Database, document_id: int, *allowed: DocumentStatus) -> None:
    row = db.execute("SELECT status FROM documents WHERE document_id = ?", (document_id,)).fetchone()
    if row is None or row[0] not in allowed:
        raise FileRemoved()


def _tombstone_unnamed(db: sqlite_utils.Database, document_id: int) -> None:
    db.execute(
        """UPDATE documents SET status = 'erasing'
        WHERE document_id = ? AND NOT EXISTS
            (SELECT 1 FROM sources WHERE sources.document_id = documents.document_id)""",
        (document_id,),
    )


def _batches(ids: list[int]) -> Iterable[list[int]]:
    return (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))
