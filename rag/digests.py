"""Digests in SQLite, kept as long as the document that they were made of, and no longer.

A row goes with its document's row in the same transaction. Knows nothing of how a digest is made.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import sqlite_utils
from sqlite_utils.migrations import Migrations

from rag.database import Database
from rag.digest import Digest, DigestLine, Proof
from rag.passages import location_of

MIGRATIONS = Migrations("digests")  # after those of `rag.store`, whose documents these rows belong to
FORM = 1  # of what is kept: raised with it, what was kept before is made anew


@MIGRATIONS()
def m001_digests(database: sqlite_utils.Database) -> None:
    """One row for each document, writer and language."""
    database.execute(
        """CREATE TABLE digests (
            document_id INTEGER NOT NULL REFERENCES documents(document_id) ON DELETE CASCADE,
            writer TEXT NOT NULL,
            language TEXT NOT NULL,
            form INTEGER NOT NULL,
            body TEXT NOT NULL,
            PRIMARY KEY (document_id, writer, language))"""
    )
    # Whatever tombstones a document takes its digests along, however long clearing its chunks may take.
    database.execute(
        """CREATE TRIGGER digests_erased AFTER UPDATE OF status ON documents WHEN new.status = 'erasing'
        BEGIN DELETE FROM digests WHERE document_id = new.document_id; END"""
    )


class Digests:
    """A `rag.digest.DigestCache`. Safe to share between threads. Raises: StoreError from every method."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, document_id: int, writer: str, language: str) -> Digest | None:
        """See `DigestCache`."""
        query = "SELECT body FROM digests WHERE (document_id, writer, language, form) = (?, ?, ?, ?)"
        values = (document_id, writer, language, FORM)
        found = self._database.read(lambda db: db.execute(query, values).fetchone())
        return _digest(json.loads(found[0])) if found else None

    def put(self, document_id: int, writer: str, language: str, digest: Digest) -> None:
        """See `DigestCache`."""
        statement = """INSERT OR REPLACE INTO digests (document_id, writer, language, form, body)
            SELECT document_id, ?, ?, ?, ? FROM documents
            WHERE document_id = ? AND status IN ('searchable', 'ready')"""
        body = json.dumps(asdict(digest), ensure_ascii=False)
        values = (writer, language, FORM, body, document_id)
        self._database.write(lambda db: db.execute(statement, values) and None)


def _digest(body: dict[str, Any]) -> Digest:
    return Digest(**{**body, "lines": tuple(map(_line, body["lines"]))})


def _line(body: dict[str, Any]) -> DigestLine:
    return DigestLine(**{**body, "proofs": tuple(map(_proof, body["proofs"]))})


def _proof(body: dict[str, Any]) -> Proof:
    return Proof(**{**body, "location": location_of(json.dumps(body["location"]))})
