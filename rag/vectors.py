"""A flat index of unit vectors by chunk id: every one compared, filtered before ranking, and always rebuildable.

Rows are bfloat16, as the default embedder computes them where the processor can: half the memory and half the time of
float32, for cosines that are off by less than 0.001. SQLite keeps what the embedder said. The index on disk is a
cache. Its header names the generation of the data it was made from, the number of rows, the embedder and a checksum;
whatever does not fit is thrown away and built again.
The only room that knows FAISS. It knows no scopes: callers say which ids may be found.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import faiss
import numpy as np

from rag.llms.products import fill, workers

MAGIC = b"inhouse-vectors-2\n"
REBUILD_BATCH = 4096
THREADS = 2  # read many rows in less time than one; more would only wait for the memory's bus
FEW = 20_000  # rows: in their time a second thread is hardly awake
_NOWHERE = -1

# Two spinning OpenMP threads beside a busy process are many times slower than one that works.
faiss.omp_set_num_threads(1)


class StaleIndex(Exception):
    """The file on disk is missing, damaged, or belongs to other data: build it again."""


class VectorSource(Protocol):
    """Where the vectors really live."""

    def vector_ids(self, fingerprint: str) -> tuple[int, np.ndarray]:
        """The generation, and the (n,) int64 ids that have a vector of this embedder at that moment."""

    def vectors(self, fingerprint: str, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Those of ``ids`` that still exist, (m,) int64, and their rows, (m, dimension) float32."""


@dataclass(frozen=True, slots=True)
class Header:
    """What an index file was made from."""

    generation: int
    rows: int
    fingerprint: str
    dimension: int


class VectorIndex:
    """Cosines between a question and chunks. Safe to share between threads."""

    def __init__(self, dimension: int, fingerprint: str) -> None:
        self.dimension = dimension
        self.fingerprint = fingerprint
        self._lock = threading.RLock()
        self._index: Any = faiss.IndexIDMap2(
            faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_bf16, faiss.METRIC_INNER_PRODUCT)
        )
        self._places = _Places()
        self._threads = workers(THREADS)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def __contains__(self, chunk_id: int) -> bool:
        return bool(self._places.of(np.array([chunk_id]))[0] != _NOWHERE)

    def add(self, ids: np.ndarray, rows: np.ndarray) -> None:
        """Add unit rows, (n, dimension) float32; an id that is there already is left as it is."""
        with self._lock:
            ids = np.asarray(ids, dtype=np.int64)
            new = self._places.of(ids) == _NOWHERE
            if not new.any():
                return
            ids = np.ascontiguousarray(ids[new])
            first = len(self)
            self._index.add_with_ids(np.ascontiguousarray(np.asarray(rows, dtype=np.float32)[new]), ids)
            self._places.put(ids, first)

    def remove(self, ids: np.ndarray) -> int:
        """Forget these ids; returns how many were there."""
        with self._lock:
            ids = np.unique(np.asarray(ids, dtype=np.int64))
            gone = ids[self._places.of(ids) != _NOWHERE]
            if len(gone):
                self._index.remove_ids(gone)
                self._places = _Places(self._stored_ids())
            return len(gone)

    def cosines(self, queries: np.ndarray, ids: np.ndarray) -> np.ndarray:
        """Every query with every one of ``ids``: (q, d) float32 and (n,) int64 -> (q, n) float32, NaN without a vector.

        In one pass over the rows for all queries, where FAISS keeps them.
        """
        queries = np.ascontiguousarray(queries, dtype=np.float32)
        with self._lock:  # a row that is added may move all others
            places, rows = self._places.of(ids), self._rows()
            found = np.empty((len(queries), len(places)), dtype=np.float32)
            share = -(-len(places) // THREADS) if len(places) > FEW else max(len(places), 1)
            parts = [slice(start, start + share) for start in range(0, len(places), share)]
            list(self._threads.map(lambda part: fill(queries, rows, places[part], found[:, part]), parts))
        return found

    def _rows(self) -> np.ndarray:
        """All of them where they lie, as the bits of bfloat16: (n, dimension) uint16."""
        if not len(self):
            return np.empty((0, self.dimension), dtype=np.uint16)
        flat: Any = faiss.downcast_index(self._index.index)
        return faiss.rev_swig_ptr(flat.codes.data(), flat.codes.size()).view(np.uint16).reshape(-1, self.dimension)

    def _stored_ids(self) -> np.ndarray:
        return faiss.vector_to_array(self._index.id_map)

    def search(self, query: np.ndarray, allowed: np.ndarray, limit: int) -> tuple[np.ndarray, np.ndarray]:
        """The best of ``allowed``: ids (m,) int64 and cosines (m,) float32, best first, m ≤ limit.

        Ids without a vector are left out. The filter comes before the ranking, so that what may
        not be seen never takes the place of what may.
        """
        limit = min(limit, len(allowed), len(self))
        if limit < 1:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        allowed = np.ascontiguousarray(allowed, dtype=np.int64)
        allowed_only: Any = faiss.SearchParameters(sel=faiss.IDSelectorBatch(allowed))  # type: ignore[call-arg]
        row = np.ascontiguousarray(query, dtype=np.float32).reshape(1, -1)
        with self._lock:
            cosines, ids = self._index.search(row, limit, params=allowed_only)
        found = ids[0] >= 0
        return ids[0][found], cosines[0][found]

    def refresh(self, source: VectorSource) -> int:
        """Make this index equal to ``source``; returns the generation that it now shows."""
        with self._lock:
            generation, ids = source.vector_ids(self.fingerprint)
            known = self._stored_ids()
            self.remove(np.setdiff1d(known, ids))
            missing = np.setdiff1d(ids, known)
            for start in range(0, len(missing), REBUILD_BATCH):
                self.add(*source.vectors(self.fingerprint, missing[start : start + REBUILD_BATCH]))
            return generation

    def save(self, path: Path, source: VectorSource) -> None:
        """Bring the index up to date and write it whole, or leave the old file as it was."""
        with self._lock:
            self.write(path, self.refresh(source))

    def write(self, path: Path, generation: int) -> None:
        """Write the index under ``path``: a crash leaves the old file or the new one, never a mixture."""
        with self._lock:
            header = Header(generation, len(self), self.fingerprint, self.dimension)
            body = faiss.serialize_index(self._index).tobytes()
        head = json.dumps(asdict(header)).encode() + b"\n"
        checksum = hashlib.sha256(head + body).hexdigest().encode() + b"\n"
        replace_file(path, MAGIC + checksum + head + body)

    @classmethod
    def read(cls, path: Path, expected: Header) -> VectorIndex:
        """The index under ``path``. Raises: StaleIndex, where it is not exactly what is expected."""
        try:
            magic, checksum, rest = _split(path.read_bytes())
        except OSError as error:
            raise StaleIndex(str(error)) from error
        if magic != MAGIC or hashlib.sha256(rest).hexdigest().encode() + b"\n" != checksum:
            raise StaleIndex("damaged")
        head, _, body = rest.partition(b"\n")
        if json.loads(head) != asdict(expected):
            raise StaleIndex("made from other data")
        index = cls(expected.dimension, expected.fingerprint)
        index._index = faiss.deserialize_index(np.frombuffer(body, dtype=np.uint8))
        index._places = _Places(index._stored_ids())
        return index

    @classmethod
    def open(cls, path: Path, source: VectorSource, dimension: int, fingerprint: str) -> VectorIndex:
        """The index as ``source`` has it now: read from ``path`` where that fits, else built again."""
        for part in path.parent.glob(f"{path.name}.*.part"):  # of a process that was killed
            part.unlink(missing_ok=True)
        generation, ids = source.vector_ids(fingerprint)
        with suppress(StaleIndex):
            return cls.read(path, Header(generation, len(ids), fingerprint, dimension))
        index = cls(dimension, fingerprint)
        index.refresh(source)
        return index


class _Places:
    """Where each id's row stands: one entry for every number up to the highest id, 4 MB for a million."""

    def __init__(self, ids: np.ndarray | None = None) -> None:
        self._rows = np.full(1024, _NOWHERE, dtype=np.int32)
        if ids is not None:
            self.put(ids, 0)

    def put(self, ids: np.ndarray, first: int) -> None:
        """These ids have the rows from ``first`` on."""
        if not len(ids):
            return
        if (needed := int(ids.max()) + 1) > len(self._rows):
            more = np.full(max(needed, 2 * len(self._rows)) - len(self._rows), _NOWHERE, dtype=np.int32)
            self._rows = np.concatenate([self._rows, more])
        self._rows[ids] = np.arange(first, first + len(ids), dtype=np.int32)

    def of(self, ids: np.ndarray) -> np.ndarray:
        """The rows, (n,) int64; `_NOWHERE` where an id has none."""
        ids = np.asarray(ids, dtype=np.int64)
        is_known = (ids >= 0) & (ids < len(self._rows))
        return np.where(is_known, self._rows[np.where(is_known, ids, 0)], np.int64(_NOWHERE))


def _split(raw: bytes) -> tuple[bytes, bytes, bytes]:
    start, end = len(MAGIC), len(MAGIC) + 65  # a sha256 in hex, and a line end
    return raw[:start], raw[start:end], raw[end:]


def replace_file(path: Path, content: bytes) -> None:
    """Put ``content`` under ``path`` so that any crash leaves either the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        with os.fdopen(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames and removals in ``folder`` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
