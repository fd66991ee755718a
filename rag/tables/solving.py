"""A question and a file's tables -> the statement that a model wrote for it, and what it gave.

The model may correct its statement once. Whatever is wrong after that is not shown.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rag.llms.base import ANYONE, BaseLLM
from rag.tables.cells import Value
from rag.tables.database import BadQuery, Result, TableDatabase
from rag.tables.objections import objection
from rag.tables.prompts import SQL_TOKENS, messages, statement_in
from rag.tables.schema import Table
from rag.tables.shape import Shape, shape_of
from rag.types import Caller, Message, TextDelta

ATTEMPTS = 2
CITED_ROWS = 5

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Behind:
    """The rows that a result rests on: all of them where they are few, else from which to which."""

    table: Table
    rows: tuple[int, ...]  # numbers in the file
    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Solved:
    """A statement, what it gave, and what that rests on. ``shape`` is None for anything but a plain SELECT."""

    sql: str
    result: Result
    shape: Shape | None
    behind: tuple[Behind, ...]
    total: int  # rows, also those beyond the result's limit; -1 where they were not counted


def solve(
    llm: BaseLLM,
    question: str,
    database: TableDatabase,
    tables: Sequence[Table],
    values: Sequence[str] = (),
    titles: Sequence[str] = (),
    cancel: threading.Event | None = None,
    caller: Caller = ANYONE,
) -> Solved | None:
    """The answer to ``question``; None where the model finds none that holds. Raises: ModelError."""
    sql, reason = "", ""
    for _ in range(ATTEMPTS):
        prompt = messages(tables, question, sql, reason)
        sql = statement_in(_written(llm, prompt, cancel, caller))
        if not sql or (cancel and cancel.is_set()):
            return None
        try:
            result = database.select(sql)
            reason = objection(question, sql, result, values, titles)
            if not reason:
                return _solved(database, sql, result)
        except (BadQuery, ValueError) as error:
            reason = str(error)
    log.info("table question unsolved")  # the reason may hold words of the question
    return None


def _written(llm: BaseLLM, prompt: Sequence[Message], cancel: threading.Event | None, caller: Caller) -> str:
    events = llm.stream(prompt, max_tokens=SQL_TOKENS, cancel=cancel, caller=caller)
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def _solved(database: TableDatabase, sql: str, result: Result) -> Solved:
    shape = shape_of(sql)
    table = database.table(shape.table) if shape else None
    behind = (_behind(database, sql, shape, table),) if shape and table else _all_read(database, result)
    total = _total(database, sql) if result.is_cut else len(result.rows)
    return Solved(sql, result, shape, behind, total)


def _behind(database: TableDatabase, sql: str, shape: Shape, table: Table) -> Behind:
    """The rows of a plain SELECT, by their numbers."""
    try:
        if not shape.group and not shape.is_distinct and (not shape.is_aggregate or _is_extreme(shape)):
            rows = database.select(f"{sql[: shape.from_at]}, {shape.table}.rowid {sql[shape.from_at :]}").rows
            numbers = _numbers(row[-1] for row in rows)
            if len(numbers) <= CITED_ROWS:
                return Behind(table, numbers)
        rows = database.select(f"SELECT rowid {shape.source} LIMIT {CITED_ROWS + 1}").rows
        if len(rows) <= CITED_ROWS:
            return Behind(table, _numbers(row[0] for row in rows))
        first, last = _numbers(database.select(f"SELECT min(rowid), max(rowid) {shape.source}").rows[0])
        return Behind(table, (), (first, last))
    except BadQuery:  # an alias, or a column of another name: then it is not so plain
        return _whole(table)


def _numbers(values: Iterable[Value]) -> tuple[int, ...]:
    return tuple(value for value in values if isinstance(value, int))


def _is_extreme(shape: Shape) -> bool:
    """One MIN or MAX: SQLite then takes the other columns from the row that holds it."""
    return [item.function for item in shape.items if item.is_aggregate] in (["min"], ["max"])


def _all_read(database: TableDatabase, result: Result) -> tuple[Behind, ...]:
    names = {name for name, _ in result.read}
    return tuple(_whole(table) for table in database.tables if table.name in names)


def _whole(table: Table) -> Behind:
    if len(table.row_numbers) <= CITED_ROWS:
        return Behind(table, table.row_numbers)
    return Behind(table, (), (table.row_numbers[0], table.row_numbers[-1]))


def _total(database: TableDatabase, sql: str) -> int:
    try:
        count = database.select(f"SELECT count(*) FROM ({sql})").rows[0][0]
    except BadQuery:
        return -1
    return int(count) if isinstance(count, int) else -1
