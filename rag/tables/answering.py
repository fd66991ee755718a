"""Questions over the CSV and Excel files of one scope, answered by SQL with the rows that prove it.

`TableAnswerer.answer` gives None for every question that is not plainly for a table and plainly answered
by it; whoever asked then goes on with the rows as text. Which files may be asked, the caller says.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.data_loaders.limits import MIB, Limits
from rag.data_loaders.sheets import read_sheets
from rag.errors import FileError
from rag.llms.base import ANYONE, BaseLLM
from rag.originals import Originals
from rag.store import Store
from rag.tables.database import TableDatabase
from rag.tables.matching import Match, Vocabulary
from rag.tables.schema import Table, tables_of
from rag.tables.solving import Behind, Solved, solve
from rag.tables.wording import worded
from rag.types import Caller, Chunk, Citation, Document, Location

TABLE_KINDS = frozenset({"csv", "xlsx"})
MAX_FILES = 6  # that are looked at for one question, the first ones given
KEPT_FILES = 6  # whose tables stay in memory
MAX_QUOTE_CHARS = 400
LIMITS = Limits(
    size_bytes=50 * MIB, rows=200_000, columns=200, cells=2_000_000, output_bytes=120 * MIB, cpu_s=20, wall_s=30.0
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file that may be asked, under the name that it has where the question was asked."""

    document: Document
    source_ref: str
    name: str


@dataclass(frozen=True, slots=True)
class TableAnswer:
    """An answer that a rule made from a SELECT's result. ``rows`` are those of the result, at most fifty."""

    text: str  # Markdown; values stand in it as they stand in the file
    query: str
    citations: tuple[Citation, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[int | float | str | None, ...], ...]
    file_name: str


@dataclass(frozen=True, slots=True)
class _Opened:
    """A file's tables, ready to be asked; ``database`` is None where it holds none that can be."""

    database: TableDatabase | None
    vocabulary: Vocabulary


class TableAnswerer:
    """Asks tables by SQL. Safe to share between threads."""

    def __init__(self, llm: BaseLLM, originals: Originals, store: Store, *, may_ask: Callable[[], bool]) -> None:
        """``may_ask`` says whether the model has passed the test for it, see `rag.tables.exam`."""
        self._llm = llm
        self._originals = originals
        self._store = store
        self._may_ask = may_ask
        self._opened: OrderedDict[tuple[str, str], _Opened] = OrderedDict()
        self._lock = threading.Lock()

    def files(self, scope_id: str, document_ids: Sequence[int]) -> tuple[TableFile, ...]:
        """Those of some documents that are tables, in their order. Raises: StoreError."""
        known = {document.document_id: document for document in self._store.documents(scope_id)}
        names = {source.document_id: source for source in reversed(self._store.sources(scope_id))}
        return tuple(
            TableFile(known[each], names[each].source_ref, names[each].name)
            for each in dict.fromkeys(document_ids)
            if each in known and each in names and known[each].kind in TABLE_KINDS
        )

    def answer(
        self,
        question: str,
        files: Sequence[TableFile],
        language: str = "en",
        cancel: threading.Event | None = None,
        caller: Caller = ANYONE,
    ) -> TableAnswer | None:
        """The answer from the file that the question fits best; None where it fits none, or none that holds was found.

        ``files``: the likeliest first. Raises: ModelError, StoreError.
        """
        if not files or self._llm.is_trial or not self._may_ask():
            return None
        found = [(match, file, opened) for file in files[:MAX_FILES] for match, opened in self._matches(question, file)]
        if not found:
            return None
        match, file, opened = max(found, key=lambda each: each[0].score)  # of equal ones the first
        assert opened.database is not None
        titles = [file.name, *(table.title for table in match.tables)]
        solved = solve(self._llm, question, opened.database, match.tables, match.values, titles, cancel, caller)
        if solved is None:
            return None
        text = worded(solved, solved.behind[0].table if solved.shape and solved.behind else None, language)
        citations = self._citations(file, solved)
        result = solved.result
        return TableAnswer(text, solved.sql, citations, result.columns, result.rows, file.name) if citations else None

    def forget(self, scope_id: str = "") -> None:
        """Drop all tables from memory; they are read again when they are asked. Safe for any scope."""
        with self._lock:
            self._opened.clear()

    def _matches(self, question: str, file: TableFile) -> list[tuple[Match, _Opened]]:
        opened = self._open(file)
        match = opened.vocabulary.match(question) if opened.database is not None else None
        return [(match, opened)] if match else []

    def _open(self, file: TableFile) -> _Opened:
        """The file's tables, from memory or read anew; the original is looked for each time, it may be erased."""
        key = (file.document.sha256, file.name)
        path = self._originals.path(file.document.sha256)
        with self._lock:
            if not path.exists():
                self._opened.pop(key, None)
                return _opened((), file.name)
            if known := self._opened.get(key):
                self._opened.move_to_end(key)
                return known
        opened = _opened(self._read(file), file.name)
        with self._lock:
            self._opened[key] = opened
            while len(self._opened) > KEPT_FILES:
                self._opened.popitem(last=False)
        return opened

    def _read(self, file: TableFile) -> tuple[Table, ...]:
        try:
            return tables_of(read_sheets(self._originals.path(file.document.sha256), file.name, LIMITS), file.name)
        except (FileError, FileNotFoundError) as error:  # too large to count in, damaged, or erased just now
            log.info("table document=%d not counted in: %s", file.document.document_id, type(error).__name__)
            return ()

    def _citations(self, file: TableFile, solved: Solved) -> tuple[Citation, ...]:
        """The rows, or the stretch of rows, that the result rests on; none where the file is gone meanwhile."""
        chunks = self._chunks(file.document)
        places = [place for behind in solved.behind for place in _places(behind)]
        return tuple(
            Citation(number, file.name, file.source_ref, location, quote, _chunk_at(chunks, location).chunk_id)
            for number, (location, quote) in enumerate(places, start=1)
            if chunks
        )

    def _chunks(self, document: Document) -> list[Chunk]:
        """The document's chunks in their order, as far as they may be found now."""
        catalogue = self._store.catalogue(document.scope_id).only(frozenset({document.document_id}))
        known = self._store.chunks(document.scope_id, catalogue.chunk_ids.tolist())
        return sorted((chunk for chunk, _, _ in known.values()), key=lambda chunk: chunk.ordinal)


def _opened(tables: tuple[Table, ...], name: str) -> _Opened:
    return _Opened(TableDatabase(tables) if tables else None, Vocabulary(tables, name))


def _places(behind: Behind) -> list[tuple[Location, str]]:
    """Each row with its text, or the stretch of rows with the names of its columns."""
    table = behind.table
    if behind.span:
        first, last = behind.span
        quote = table.header or table.texts[table.row_numbers.index(first)]
        return [(Location(sheet=table.sheet, row=first, last_row=last), quote[:MAX_QUOTE_CHARS])]
    texts = dict(zip(table.row_numbers, table.texts, strict=True))
    rows = [(Location(sheet=table.sheet, row=row), texts[row]) for row in dict.fromkeys(behind.rows)]
    return [(location, quote[:MAX_QUOTE_CHARS]) for location, quote in rows]


def _chunk_at(chunks: Sequence[Chunk], place: Location) -> Chunk:
    """The chunk that a row stands in, or that its sheet begins with."""
    row = place.row or 0
    above = [chunk for chunk in chunks if chunk.location.sheet == place.sheet and (chunk.location.row or 0) <= row]
    return max(above, key=lambda chunk: chunk.location.row or 0, default=chunks[0])
