"""One file's tables in SQLite's memory, and what a foreign SELECT may do there: read them, for two seconds.

What is allowed is listed, everything else is refused by SQLite itself (its authorizer is asked about each
table, column and function). The hidden `rowid` of every table is the row's number in the file. Knows no model.
"""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from rag.tables.cells import Kind, Value
from rag.tables.schema import Table

DEADLINE_S = 2.0
MAX_ROWS = 50
MAX_CHARS = 20_000  # of a result
MAX_SQL_CHARS = 2_000
_STEPS = 1_000  # of SQLite's machine between two looks at the clock

_FUNCTIONS = frozenset(
    """abs avg coalesce count date ifnull iif instr julianday length like lower ltrim max min nullif replace round
    rtrim strftime substr substring sum total trim typeof upper row_number rank dense_rank lag lead first_value
    last_value ntile""".split()
)
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 100_000,  # bytes of any one value: nothing can be blown up
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: MAX_SQL_CHARS,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 50,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 4,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 25_000,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 10,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 100,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 0,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
_OPENS = re.compile(r"\s*(?:select|with)\b", re.I)
TYPES = {Kind.NUMBER: "REAL", Kind.DATE: "TEXT", Kind.TEXT: "TEXT COLLATE NOCASE"}


class BadQuery(Exception):
    """A statement that is not allowed or fails. The text is SQLite's own, for whoever wrote the statement."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a SELECT gave. ``read`` holds (table, column) of everything that it looked at, by SQL names."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    is_cut: bool  # there are more rows
    read: frozenset[tuple[str, str]]


class TableDatabase:
    """The tables of one file. Safe to share between threads, one statement at a time."""

    def __init__(self, tables: tuple[Table, ...]) -> None:
        self.tables = tables
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        for table in tables:
            _fill(self._connection, table)
        self._connection.execute("PRAGMA query_only = ON")
        self._connection.execute("PRAGMA trusted_schema = OFF")
        for limit, value in _LIMITS.items():
            self._connection.setlimit(limit, value)

    def table(self, name: str) -> Table | None:
        """The table with this SQL name, in any case."""
        return next((table for table in self.tables if table.name == name.lower()), None)

    def select(self, sql: str, *, max_rows: int = MAX_ROWS, deadline_s: float = DEADLINE_S) -> Result:
        """Run one SELECT. Raises: BadQuery."""
        if not _OPENS.match(sql) or len(sql) > MAX_SQL_CHARS:
            raise BadQuery("Only one SELECT statement is allowed.")
        with self._lock, self._guarded(deadline_s) as read:
            try:
                with closing(self._connection.execute(sql)) as cursor:
                    columns = tuple(column[0] for column in cursor.description or ())
                    rows, is_cut = _fetched(cursor, max_rows)
            except (sqlite3.Error, sqlite3.Warning, UnicodeError, ValueError, OverflowError) as error:
                raise BadQuery(str(error)) from error
        return Result(columns, rows, is_cut, frozenset(read))

    def close(self) -> None:
        """Forget the tables."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _guarded(self, deadline_s: float) -> Iterator[set[tuple[str, str]]]:
        """Everything refused but reading the tables, until the deadline; gives what is read."""
        read: set[tuple[str, str]] = set()
        end = time.monotonic() + deadline_s
        self._connection.set_authorizer(_authorizer({table.name for table in self.tables}, read))
        self._connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
        try:
            yield read
        finally:
            self._connection.set_authorizer(None)
            self._connection.set_progress_handler(None, 0)


def _authorizer(tables: set[str], read: set[tuple[str, str]]) -> Callable[..., int]:
    def decide(action: int, first: str | None, second: str | None, database: str | None, _trigger: str | None) -> int:
        if action == sqlite3.SQLITE_SELECT:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in _FUNCTIONS:
            return sqlite3.SQLITE_OK
        name = (first or "").lower()
        if action == sqlite3.SQLITE_READ and name in tables and database in ("main", None):
            read.add((name, (second or "").lower()))
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_READ and not second and not database:  # a query within the query, by its name
            return sqlite3.SQLITE_OK
        return sqlite3.SQLITE_DENY

    return decide


def _fetched(cursor: sqlite3.Cursor, max_rows: int) -> tuple[tuple[tuple[Value, ...], ...], bool]:
    rows: list[tuple[Value, ...]] = []
    room = MAX_CHARS
    for row in cursor:
        room -= sum(len(str(value)) for value in row)
        if len(rows) == max_rows or room < 0:
            return tuple(rows), True
        rows.append(row)
    return tuple(rows), False


def _fill(connection: sqlite3.Connection, table: Table) -> None:
    columns = ", ".join(f'"{column.name}" {TYPES[column.kind]}' for column in table.columns)
    connection.execute(f'CREATE TABLE "{table.name}" ({columns})')
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    marks = ", ".join("?" * (len(table.columns) + 1))
    numbered = ((number, *row) for number, row in zip(table.row_numbers, table.rows, strict=True))
    connection.execute("BEGIN")
    connection.executemany(f'INSERT INTO "{table.name}" (rowid, {names}) VALUES ({marks})', numbered)
    connection.execute("COMMIT")
