"""What may be found: the reading half of the store, always filtered by scope.

Every method asks SQLite as it is now, so what was erased a moment ago is not there. Nothing here
writes, ranks beyond BM25, or knows a model.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rag.database import Database
from rag.types import Chunk, DocumentStatus, Location, Source

SEARCHED_TABLE = "chunks_fts"
CATALOGUES = 64  # scopes that are remembered, at 24 bytes a chunk
VISIBLE = (DocumentStatus.SEARCHABLE, DocumentStatus.READY)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All chunks that may be found, in reading order of each document: three arrays, (n,) int64."""

    chunk_ids: np.ndarray
    document_ids: np.ndarray
    ordinals: np.ndarray

    def __len__(self) -> int:
        return len(self.chunk_ids)

    def places(self, chunk_ids: Sequence[int] | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where those of ``chunk_ids`` that are in here stand, and which of them that are, (n,) bool."""
        sorter = np.argsort(self.chunk_ids, kind="stable")
        wanted = np.asarray(chunk_ids, dtype=np.int64)
        found = np.searchsorted(self.chunk_ids, wanted, sorter=sorter).clip(max=max(len(self) - 1, 0))
        places = sorter[found]
        known = self.chunk_ids[places] == wanted
        return places[known], known

    def only(self, document_ids: frozenset[int]) -> Catalogue:
        """The part of it that belongs to some documents."""
        kept = np.isin(self.document_ids, np.fromiter(document_ids, dtype=np.int64))
        return Catalogue(self.chunk_ids[kept], self.document_ids[kept], self.ordinals[kept])


class Passages:
    """Chunks, words and vectors of visible documents. Safe to share between threads.

    Raises: StoreError from every method.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._catalogues: OrderedDict[str, tuple[int, Catalogue]] = OrderedDict()
        self._lock = threading.Lock()

    def catalogue(self, scope_id: str) -> Catalogue:
        """The chunks of a scope that may be found now; remembered until any document's status changes."""
        stamp = self.database.read(_visible_stamp)
        with self._lock:
            known = self._catalogues.get(scope_id)
            if known and known[0] == stamp:
                self._catalogues.move_to_end(scope_id)
                return known[1]
        stamp, rows = self.database.read(lambda db: (_visible_stamp(db), _catalogue_rows(db, scope_id)))
        table = np.array(rows, dtype=np.int64).reshape(-1, 3)
        catalogue = Catalogue(*(np.ascontiguousarray(column) for column in table.T))
        with self._lock:
            self._catalogues[scope_id] = (stamp, catalogue)
            while len(self._catalogues) > CATALOGUES:
                self._catalogues.popitem(last=False)
        return catalogue

    def ranked(self, match: str, scope_id: str, within: frozenset[int] | None, limit: int) -> list[tuple[int, float]]:
        """Chunk ids with their BM25 (higher is better), best first, of what may be found in a scope."""
        condition, values = _may_be_found(scope_id, within)
        query = f"""SELECT chunk_id, -bm25({SEARCHED_TABLE}, 3.0, 1.0) AS score
            FROM {SEARCHED_TABLE} JOIN chunks ON chunk_id = {SEARCHED_TABLE}.rowid JOIN documents USING (document_id)
            WHERE {SEARCHED_TABLE} MATCH ? AND {condition} ORDER BY score DESC, chunk_id LIMIT ?"""
        return self.database.read(lambda db: db.execute(query, (match, *values, limit)).fetchall())

    def holding(self, match: str) -> np.ndarray:
        """Ids, ascending, of chunks that a full-text query matches in *any* scope: to be intersected, not shown."""
        query = f"SELECT rowid FROM {SEARCHED_TABLE} WHERE {SEARCHED_TABLE} MATCH ? ORDER BY rowid"
        rows = self.database.read(lambda db: db.execute(query, (match,)).fetchall())
        return np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))

    def chunks(self, scope_id: str, ids: Iterable[int]) -> dict[int, tuple[Chunk, Source, str]]:
        """Those of ``ids`` that may be found in this scope *now*, each with its oldest source and its header."""
        condition, values = _may_be_found(scope_id, None)
        query = f"""SELECT chunks.*, source_ref, name FROM chunks JOIN documents USING (document_id)
            JOIN sources ON sources.rowid = (SELECT min(rowid) FROM sources WHERE document_id = chunks.document_id)
            WHERE chunk_id IN (SELECT value FROM json_each(?)) AND {condition}"""
        wanted = json.dumps([int(i) for i in ids])
        rows = self.database.read(lambda db: list(db.query(query, (wanted, *values))))
        return {
            row["chunk_id"]: (
                chunk_of(row),
                Source(row["source_ref"], scope_id, row["document_id"], row["name"]),
                row["header"],
            )
            for row in rows
        }

    def vector_ids(self, fingerprint: str) -> tuple[int, np.ndarray]:
        """See `rag.vectors.VectorSource`."""

        def work(db: Any) -> tuple[int, list[Any]]:
            rows = db.execute("SELECT chunk_id FROM embeddings WHERE fingerprint = ?", (fingerprint,)).fetchall()
            return db.execute("SELECT value FROM generation").fetchone()[0], rows

        generation, rows = self.database.read(work)
        return generation, np.array(rows, dtype=np.int64).reshape(-1)

    def vectors(self, fingerprint: str, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `rag.vectors.VectorSource`."""
        query = """SELECT chunk_id, vector FROM embeddings
            WHERE chunk_id IN (SELECT value FROM json_each(?)) AND fingerprint = ? ORDER BY chunk_id"""
        wanted = json.dumps([int(i) for i in ids])
        rows = self.database.read(lambda db: db.execute(query, (wanted, fingerprint)).fetchall())
        found = np.array([row[0] for row in rows], dtype=np.int64)
        return found, np.frombuffer(b"".join(row[1] for row in rows), dtype="<f4").reshape(len(rows), -1 if rows else 0)


def _may_be_found(scope_id: str, within: frozenset[int] | None) -> tuple[str, list[Any]]:
    condition = "documents.scope_id = ? AND documents.status IN ('searchable', 'ready')"
    if within is None:
        return condition, [scope_id]
    return f"{condition} AND documents.document_id IN (SELECT value FROM json_each(?))", [
        scope_id,
        json.dumps(sorted(within)),
    ]


def _visible_stamp(db: Any) -> int:
    return db.execute("SELECT visible FROM generation").fetchone()[0]


def _catalogue_rows(db: Any, scope_id: str) -> list[Any]:
    condition, values = _may_be_found(scope_id, None)
    query = f"""SELECT chunk_id, document_id, ordinal FROM chunks JOIN documents USING (document_id)
        WHERE {condition} ORDER BY document_id, ordinal"""
    return db.execute(query, values).fetchall()


def chunk_of(row: dict[str, Any]) -> Chunk:
    """The chunk that a row of the table holds."""
    return Chunk(row["chunk_id"], row["document_id"], row["ordinal"], row["body"], location_of(row["location"]))


def location_of(text: str) -> Location:
    """The place that a chunk's column ``location`` holds, as JSON."""
    fields = json.loads(text)
    lists = {name: tuple(fields.get(name, ())) for name in ("heading_path", "rows")}
    return Location(**{**fields, **lists})
