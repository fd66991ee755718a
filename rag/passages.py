"""What may be found: the reading half of the store, always filtered by scope.

Every method asks SQLite as it is now, so what was erased a moment ago is not there. Nothing here
writes, ranks beyond BM25, or knows a model.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rag.database import Database
from rag.postings import Postings
from rag.types import Chunk, DocumentStatus, Location, Source

SEARCHED_TABLE = "chunks_fts"
TOKENIZER = "porter unicode61 remove_diacritics 2"
WEIGHTS = {"header": 3.0, "body": 1.0}  # of its columns, in their order
CATALOGUES = 64  # scopes that are remembered, at 52 bytes a chunk
_NO_IDS = np.empty(0, dtype=np.int64)
VISIBLE = (DocumentStatus.SEARCHABLE, DocumentStatus.READY)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All chunks that may be found, in reading order of each document: arrays, (n,)."""

    chunk_ids: np.ndarray  # int64
    document_ids: np.ndarray  # int64, ascending
    ordinals: np.ndarray  # int64
    lengths: np.ndarray  # float32, in words, with what is indexed in front of the text
    by_id: np.ndarray = field(init=False, repr=False)  # int64: the places in the order of the ids
    sorted_ids: np.ndarray = field(init=False, repr=False)
    documents: np.ndarray = field(init=False, repr=False)  # (m,) int64: each document once, ascending
    by_document: np.ndarray = field(init=False, repr=False)  # int64: the place in ``documents`` of each chunk's

    def __post_init__(self) -> None:
        begins = np.diff(self.document_ids, prepend=-1) != 0
        object.__setattr__(self, "documents", self.document_ids[begins])
        object.__setattr__(self, "by_document", np.cumsum(begins) - 1)
        object.__setattr__(self, "by_id", np.argsort(self.chunk_ids, kind="stable"))
        object.__setattr__(self, "sorted_ids", self.chunk_ids[self.by_id])

    def __len__(self) -> int:
        return len(self.chunk_ids)

    def places(self, chunk_ids: Sequence[int] | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where those of ``chunk_ids`` that are in here stand, and which of them that are, (n,) bool."""
        wanted = np.asarray(chunk_ids, dtype=np.int64)
        if not len(self):
            return np.empty(0, dtype=np.int64), np.zeros(len(wanted), dtype=bool)
        found = np.searchsorted(self.sorted_ids, wanted).clip(max=len(self) - 1)
        known = self.sorted_ids[found] == wanted
        return self.by_id[found[known]], known

    def only(self, document_ids: frozenset[int]) -> Catalogue:
        """The part of it that belongs to some documents."""
        kept = np.isin(self.document_ids, np.fromiter(document_ids, dtype=np.int64))
        return Catalogue(self.chunk_ids[kept], self.document_ids[kept], self.ordinals[kept], self.lengths[kept])

    def and_also(self, other: Catalogue) -> Catalogue:
        """Both together."""
        columns = ("chunk_ids", "document_ids", "ordinals", "lengths")
        both = [np.concatenate([getattr(self, name), getattr(other, name)]) for name in columns]
        order = np.argsort(both[1], kind="stable")
        return Catalogue(*(column[order] for column in both))


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a word stands in a catalogue: places (k,) int64, and what it adds to the BM25 of each, (k,) float32."""

    places: np.ndarray
    weights: np.ndarray


class Passages:
    """Chunks, words and vectors of visible documents. Safe to share between threads.

    Raises: StoreError from every method.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._postings = Postings(database, SEARCHED_TABLE, WEIGHTS, TOKENIZER)
        self._catalogues: OrderedDict[str, tuple[int, Catalogue]] = OrderedDict()
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Drop the words that are kept of questions and files; they are read again when they are asked for."""
        self._postings.forget()

    def catalogue(self, scope_id: str) -> Catalogue:
        """The chunks of a scope that may be found now; remembered until any document's status changes.

        Then only documents that are new in the scope are read: the chunks of one that may be found never change.
        """
        stamp = self.database.read(_visible_stamp)
        with self._lock:
            known = self._catalogues.get(scope_id)
            if known and known[0] == stamp:
                self._catalogues.move_to_end(scope_id)
                return known[1]
        before = known[1] if known else _catalogue([], np.empty(0, dtype=np.float32))
        stamp, catalogue = self.database.read(lambda db: (_visible_stamp(db), self._renewed(db, scope_id, before)))
        with self._lock:
            self._catalogues[scope_id] = (stamp, catalogue)
            self._catalogues.move_to_end(scope_id)
            while len(self._catalogues) > CATALOGUES:
                self._catalogues.popitem(last=False)
        return catalogue

    def ranked(self, match: str, scope_id: str, within: frozenset[int] | None, limit: int) -> list[tuple[int, float]]:
        """Chunk ids with their BM25 (higher is better), best first, of what may be found in a scope.

        ``match``: quoted words and phrases with OR between them.
        """
        catalogue = self.catalogue(scope_id)
        catalogue = catalogue if within is None else catalogue.only(within)
        scores = bm25(self.standing(match, catalogue), len(catalogue))
        return [(int(catalogue.chunk_ids[place]), float(scores[place])) for place in best(scores, limit)]

    def standing(self, match: str, catalogue: Catalogue) -> list[Standing]:
        """Where each word or phrase of a query stands in a catalogue, in its order. ``match``: as in `ranked`."""
        found = self._postings.find(match)
        standing = []
        for posting in found.postings:
            places, known = catalogue.places(posting.chunk_ids)
            standing.append(Standing(places, found.weights(posting, catalogue.lengths[places], known)))
        return standing

    def holding(self, match: str) -> np.ndarray:
        """Ids, ascending, of chunks that a full-text query matches in *any* scope: to be intersected, not shown."""
        postings = self._postings.find(match).postings
        return np.unique(np.concatenate([posting.chunk_ids for posting in postings])) if postings else _NO_IDS

    def _renewed(self, db: Any, scope_id: str, before: Catalogue) -> Catalogue:
        condition, values = _may_be_found(scope_id, None)
        query = f"SELECT document_id, chunk_count FROM documents WHERE {condition}"
        there = dict(db.execute(query, values).fetchall())
        known, counts = np.unique(before.document_ids, return_counts=True)
        kept = frozenset(key for key, n in zip(known.tolist(), counts.tolist(), strict=True) if there.get(key) == n)
        rows = _chunk_rows(db, sorted(there.keys() - kept))
        new = _catalogue(rows, self._postings.lengths(db, [row[0] for row in rows]))
        return before.only(kept).and_also(new)

    def named(self, scope_id: str) -> list[tuple[int, str]]:
        """Documents and what they are called, one for each source of a scope, the oldest first."""
        query = "SELECT document_id, name FROM sources WHERE scope_id = ? ORDER BY rowid"
        return self.database.read(lambda db: db.execute(query, (scope_id,)).fetchall())

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

    def places(self, ids: Iterable[int]) -> dict[int, str]:
        """Where each of ``ids`` stands in its document, as stored: equal where two chunks stand in one place."""
        query = "SELECT chunk_id, location FROM chunks WHERE chunk_id IN (SELECT value FROM json_each(?))"
        wanted = json.dumps([int(i) for i in ids])
        return dict(self.database.read(lambda db: db.execute(query, (wanted,)).fetchall()))

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


def _chunk_rows(db: Any, document_ids: Sequence[int]) -> list[tuple[int, int, int]]:
    query = """SELECT chunk_id, document_id, ordinal FROM chunks
        WHERE document_id IN (SELECT value FROM json_each(?)) ORDER BY document_id, ordinal"""
    return db.execute(query, (json.dumps(document_ids),)).fetchall()


def _catalogue(rows: Sequence[tuple[int, int, int]], lengths: np.ndarray) -> Catalogue:
    chunk_ids, document_ids, ordinals = np.array(rows, dtype=np.int64).reshape(-1, 3).T.copy()
    return Catalogue(chunk_ids, document_ids, ordinals, lengths)


def bm25(standing: Iterable[Standing], chunks: int) -> np.ndarray:
    """The BM25 of each of so many chunks, (n,) float64, 0 where none of the words stands."""
    scores = np.zeros(chunks)
    for word in standing:
        scores[word.places] += word.weights
    return scores


def best(scores: np.ndarray, limit: int) -> np.ndarray:
    """The places of the highest scores above 0, best first; of equal ones the first."""
    places = np.flatnonzero(scores > 0)
    if len(places) > limit > 0:
        least = np.partition(scores[places], len(places) - limit)[len(places) - limit]
        places = places[scores[places] >= least]
    return places[np.argsort(-scores[places], kind="stable")][:limit]


def chunk_of(row: dict[str, Any]) -> Chunk:
    """The chunk that a row of the table holds."""
    return Chunk(row["chunk_id"], row["document_id"], row["ordinal"], row["body"], location_of(row["location"]))


def location_of(text: str) -> Location:
    """The place that a chunk's column ``location`` holds, as JSON."""
    fields = json.loads(text)
    lists = {name: tuple(fields.get(name, ())) for name in ("heading_path", "rows")}
    return Location(**{**fields, **lists})
