"""What a model is told when it is to ask tables: their columns, a few rows, and the question. Runs nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.tables.cells import Kind, Value
from rag.tables.database import TYPES
from rag.tables.schema import Table
from rag.types import Message

SQL_TOKENS = 160  # that a statement may take
MAX_COLUMNS = 40  # that are described of a table

_SYSTEM = """You write SQLite. Answer the user's question with exactly one SELECT statement over the tables below.
Rules:
- Use only the tables and columns listed. Write nothing but the statement: no comments, no explanation.
- Use the values as they are written in the tables. Numbers are already numbers and dates are text like 2024-01-31.
- Select only what is asked for. Use ORDER BY with LIMIT for the highest, lowest, newest or oldest.
- Multiply by 1.0 before you divide counts."""


def messages(tables: Sequence[Table], question: str, failed: str = "", reason: str = "") -> list[Message]:
    """The prompt for one statement; ``failed`` is the one before, which did not work for ``reason``."""
    schema = "\n\n".join(described(table) for table in tables)
    asked = [Message("system", _SYSTEM), Message("user", f"{schema}\n\nQuestion: {question}\nSQL:")]
    if not failed:
        return asked
    wrong = f"That does not work: {reason}\nWrite the corrected statement for: {question}\nSQL:"
    return [*asked, Message("assistant", failed), Message("user", wrong)]


def statement_in(text: str) -> str:
    """The statement in what the model wrote, without fences, a closing semicolon and what follows it; "" for none."""
    fenced = re.search(r"```(?:\w+)?\s*(.*?)(?:```|$)", text, re.S)
    body = fenced.group(1) if fenced else text
    begin = re.search(r"\b(?:select|with)\b", body, re.I)
    if not begin:
        return ""
    plain = body[begin.start() :].split("\n\n")[0]
    return plain.strip().rstrip(";").strip()


def described(table: Table, examples: int = 3) -> str:
    """The table as a model is told of it: CREATE TABLE with a remark on each column, then some rows."""
    lines = [
        f"  {column.name} {TYPES[column.kind].partition(' ')[0]}{_remark(table, at)}"
        for at, column in enumerate(table.columns[:MAX_COLUMNS])
    ]
    rows = [" | ".join(shown(value) for value in row[:MAX_COLUMNS]) for row in table.rows[:examples]]
    return "\n".join([f"CREATE TABLE {table.name} (", *lines, ")", "First rows:", *rows])


def _remark(table: Table, at: int) -> str:
    column = table.columns[at]
    remarks = [f"“{column.title}”"] if column.title.lower() != column.name else []
    if column.unit:
        remarks.append(f"in {column.unit}")
    if column.kind is Kind.DATE:
        remarks.append("dates as YYYY-MM-DD")
    if column.kind is Kind.TEXT and (few := _few_values(table, at)):
        remarks.append("one of: " + ", ".join(few))
    return f"  -- {'; '.join(remarks)}" if remarks else ""


def _few_values(table: Table, at: int, most: int = 12) -> list[str]:
    values = dict.fromkeys(str(row[at]) for row in table.rows if row[at] is not None)
    is_set = len(values) <= min(most, max(2, len(table.rows) // 2)) and all(len(value) <= 40 for value in values)
    return sorted(values) if is_set else []


def shown(value: Value) -> str:
    """A value as a model reads it: whole numbers without a point."""
    if value is None:
        return "NULL"
    if isinstance(value, float):
        return f"{value:.15g}"
    return str(value)[:80]
