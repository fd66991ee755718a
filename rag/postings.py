"""Which chunks hold a word and how much that says of them: BM25 as SQLite computes it, ten times as quickly.

SQLite's full-text index keeps for each word where it stands. Read from there once, a word's list serves all that a
search wants of it; `bm25()` would read it twice for every query, and look up each chunk's row besides. Lists that
were asked for are remembered, since the longest are those of common words. Knows no scope: a caller says which
chunks count.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rag.database import Database, in_memory

REMEMBERED = 2_000_000  # entries of lists, at 12 bytes
MOST_SHARP = 3
K1, B = 1.2, 0.75  # SQLite's own

_QUERY = re.compile(r'("[^"]*"( OR (?=")|$))*')
_PART = re.compile(r'"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Posting:
    """Where a word or phrase stands: chunks, (n,) int64 ascending, and how often, by weight of column, (n,) float32."""

    chunk_ids: np.ndarray
    counts: np.ndarray


@dataclass(frozen=True, slots=True)
class State:
    """Of the whole index: what changes whenever it does, its rows, and the mean of their lengths in words."""

    stamp: bytes
    rows: int
    mean_length: float


@dataclass(frozen=True, slots=True)
class Found:
    """The lists of a query's parts, in its order, and what they are to be measured by."""

    postings: tuple[Posting, ...]
    state: State

    def weights(self, posting: Posting, lengths: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        """What the posting adds to the BM25 of its ``chosen`` (n,) bool chunks, whose ``lengths`` are in words."""
        rows, holding = self.state.rows, len(posting.chunk_ids)
        rarity = max(float(np.log((rows - holding + 0.5) / (holding + 0.5))), 1e-6)
        counts = posting.counts[chosen]
        return rarity * counts * (K1 + 1) / (counts + K1 * (1 - B + B * lengths / self.state.mean_length))


class Postings:
    """One full-text table's lists of words. Safe to share between threads. Raises: StoreError."""

    def __init__(self, database: Database, table: str, weights: Mapping[str, float], tokenizer: str) -> None:
        """``weights`` by column, in the table's order; ``tokenizer`` as the table was made with."""
        self._database = database
        self._table = table
        self._weights = weights
        self._terms = _Terms(tokenizer)
        self._known: OrderedDict[tuple[str, ...], Posting] = OrderedDict()
        self._stamp = b""
        self._entries = 0
        self._lock = threading.Lock()

    def find(self, match: str) -> Found:
        """The lists of a query of quoted words and phrases with OR between them, as they are now."""
        if not _QUERY.fullmatch(match):
            raise ValueError("a query is quoted words with OR between them")
        parts = self._terms.of(_PART.findall(match))
        return self._database.read(lambda db: self._found(db, parts))

    def lengths(self, database: Any, chunk_ids: Sequence[int]) -> np.ndarray:
        """Words of each chunk in all its columns, (n,) float32, within a read; every chunk must be there."""
        if not chunk_ids:
            return np.empty(0, dtype=np.float32)
        query = f"SELECT id, sz FROM {self._table}_docsize WHERE id BETWEEN ? AND ? ORDER BY id"
        rows = database.execute(query, (min(chunk_ids), max(chunk_ids))).fetchall()
        ids, sizes = zip(*rows, strict=True)
        words = varints(b"".join(sizes)).reshape(-1, len(self._weights)).sum(axis=1)
        return words[np.searchsorted(np.array(ids, dtype=np.int64), chunk_ids)].astype(np.float32)

    def forget(self) -> None:
        """Drop every word: it was asked for by somebody, or stood in a file."""
        with self._lock:
            self._known.clear()
            self._entries = 0

    def _found(self, db: Any, parts: Sequence[tuple[str, ...]]) -> Found:
        state = self._state(db)
        known = self._recall(state.stamp, parts)
        known |= {part: self._read(db, part) for part in dict.fromkeys(parts) if part not in known}
        self._remember(state.stamp, known)
        return Found(tuple(known[part] for part in parts), state)

    def _recall(self, stamp: bytes, parts: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], Posting]:
        with self._lock:
            if stamp != self._stamp:
                self._known.clear()
                self._stamp, self._entries = stamp, 0
            for part in parts:
                if part in self._known:
                    self._known.move_to_end(part)
            return {part: self._known[part] for part in parts if part in self._known}

    def _remember(self, stamp: bytes, postings: Mapping[tuple[str, ...], Posting]) -> None:
        with self._lock:
            if stamp != self._stamp:
                return
            for part, posting in postings.items():
                if part not in self._known:
                    self._known[part] = posting
                    self._entries += len(posting.chunk_ids)
            while self._entries > REMEMBERED:
                self._entries -= len(self._known.popitem(last=False)[1].chunk_ids)

    def _state(self, db: Any) -> State:
        """From two records that SQLite writes with every change: the totals, and which parts the index is made of."""
        query = f"SELECT ifnull(block, x'') FROM {self._table}_data WHERE id IN (1, 10) ORDER BY id"
        totals, parts = (row[0] for row in db.execute(query).fetchall())
        rows, *words = varints(totals).tolist() or [0]
        return State(parts, rows, sum(words) / max(rows, 1))

    def _read(self, db: Any, part: tuple[str, ...]) -> Posting:
        words = f"temp.{self._table}_words USING fts5vocab(main, {self._table}, instance)"
        db.execute(f"CREATE VIRTUAL TABLE IF NOT EXISTS {words}")
        places = [self._places(db, term) for term in part] if len(part) > 1 else []
        columns = _phrase(places, len(self._weights)) if places else self._columns(db, part)
        weights = np.array(list(self._weights.values()), dtype=np.float32)
        amounts = np.repeat(weights, [len(column) for column in columns])
        return _posting(np.concatenate(columns), amounts)

    def _columns(self, db: Any, part: tuple[str, ...]) -> list[np.ndarray]:
        """For each column the chunks that hold a word there, each as often as it does.

        As text: that is made and read without an object for each number, in half the time.
        """
        wanted = ", ".join(f"group_concat(CASE col WHEN '{column}' THEN doc END)" for column in self._weights)
        terms = spellings(*part) if part else [""]
        among = ", ".join("?" * len(terms))
        row = db.execute(f"SELECT {wanted} FROM temp.{self._table}_words WHERE term IN ({among})", terms).fetchone()
        return [np.fromstring(text, dtype=np.int64, sep=",") if text else np.empty(0, dtype=np.int64) for text in row]

    def _places(self, db: Any, term: str) -> np.ndarray:
        """Every place where a word stands: (n, 3) int64 of chunk, column, offset."""
        names = list(self._weights)
        terms = spellings(term)
        among = ", ".join("?" * len(terms))
        query = f"SELECT doc, col, offset FROM temp.{self._table}_words WHERE term IN ({among})"
        rows = [(doc, names.index(column), offset) for doc, column, offset in db.execute(query, terms).fetchall()]
        return np.array(rows, dtype=np.int64).reshape(-1, 3)


class _Terms:
    """What the index calls a word: without its case, accents and ending. Kept in memory alone, and only while asked."""

    def __init__(self, tokenizer: str) -> None:
        self._database = in_memory()
        self._lock = threading.Lock()
        self._database.execute(f"CREATE VIRTUAL TABLE asked USING fts5(words, tokenize='{tokenizer}')")
        self._database.execute("CREATE VIRTUAL TABLE asked_terms USING fts5vocab(asked, instance)")

    def of(self, parts: Sequence[str]) -> list[tuple[str, ...]]:
        """The index's words for each part, in order; none, where it has no letter and no digit."""
        found: list[list[tuple[int, str]]] = [[] for _ in parts]
        with self._lock:
            self._database.conn.execute("BEGIN")
            try:
                self._database.conn.executemany("INSERT INTO asked (rowid, words) VALUES (?, ?)", enumerate(parts))
                for place, offset, term in self._database.conn.execute("SELECT doc, offset, term FROM asked_terms"):
                    found[place].append((offset, term))
            finally:
                self._database.conn.execute("ROLLBACK")
        return [tuple(term for _, term in sorted(terms)) for terms in found]


def spellings(term: str) -> list[str]:
    """``term`` as the index may hold it: it keeps the German ß, which a question has as ss, as in "grösste Strasse".

    At most `MOST_SHARP` of its ss are varied: each doubles the number.
    """
    first, *rest = term.split("ss")
    found = [first]
    for number, part in enumerate(rest):
        found = [before + sound + part for before in found for sound in ("ss", "ß")[: 1 + (number < MOST_SHARP)]]
    return found


def _posting(places: np.ndarray, amounts: np.ndarray) -> Posting:
    """From the chunk of each place where a word stands, in a few ascending rows, and what each place counts."""
    order = np.argsort(places, kind="stable")
    places = places[order]
    starts = np.flatnonzero(np.diff(places, prepend=-1))
    return Posting(places[starts], np.add.reduceat(amounts[order], starts) if len(starts) else amounts)


def _phrase(places: Sequence[np.ndarray], columns: int) -> list[np.ndarray]:
    """For each column the chunks in which the words stand one behind the other, each as often as they do."""
    starts = [_keys(found, offset) for offset, found in enumerate(places)]
    together = starts[0]
    for following in starts[1:]:
        together = np.intersect1d(together, following, assume_unique=True)
    chunk_ids, column = together >> 28, (together >> 24) & 15
    return [chunk_ids[column == number] for number in range(columns)]


def _keys(places: np.ndarray, offset: int) -> np.ndarray:
    """One number for each place of a phrase's beginning whose word number ``offset`` stands at ``places``."""
    places = places[places[:, 2] >= offset]
    return (places[:, 0] << 28) | (places[:, 1] << 24) | (places[:, 2] - offset)


def varints(data: bytes) -> np.ndarray:
    """SQLite's numbers of seven bits a byte, the highest first, of which all bytes but the last are 128 or more."""
    raw = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(raw < 128)
    if not len(ends):
        return np.empty(0, dtype=np.int64)
    starts = np.concatenate([[0], ends[:-1] + 1])
    to_come = np.repeat(ends, ends - starts + 1) - np.arange(len(raw))
    return np.add.reduceat((raw & 127).astype(np.int64) << (7 * to_come), starts)
