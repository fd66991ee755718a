"""A statement's result in words, made by rule: the model's numbers come from SQLite, and so does the sentence.

Knows English and German, no model and no file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.tables.cells import Kind, Value
from rag.tables.schema import Column, Table
from rag.tables.shape import Item, Shape, Token
from rag.tables.solving import Solved

SHOWN_ROWS = 10
_MONEY = frozenset("€ $ £ ¥ US$ EUR USD CHF GBP".split())


@dataclass(frozen=True, slots=True)
class _Phrases:
    """The words of one language. ``{}`` takes a column's title."""

    functions: dict[str, str]
    rows: str
    different: str
    signs: dict[str, str]
    contains: str
    quotes: tuple[str, str]
    more: str
    further: str
    highest: str
    lowest: str
    by: str
    where: str
    not_counted: str
    total_row: str
    total_rows: str
    empty: str


@dataclass(frozen=True, slots=True)
class _Way:
    """How a value is shown: with the unit of its column, and with thousands apart where it was computed."""

    column: Column | None
    is_computed: bool


_ENGLISH = _Phrases(
    functions={
        "sum": "Sum of {}",
        "total": "Sum of {}",
        "avg": "Average of {}",
        "min": "Lowest {}",
        "max": "Highest {}",
        "count": "Number of {}",
    },
    rows="Number of rows",
    different="Different values of {}",
    signs={
        "=": "is",
        "==": "is",
        "<>": "is not",
        "!=": "is not",
        "and": "and",
        "or": "or",
        "not": "not",
        "in": "is one of",
    },
    contains="contains",
    quotes=("“", "”"),
    more="… and {} more.",
    further="… and more.",
    highest="{} highest",
    lowest="{} lowest",
    by="by {}",
    where="where {}",
    not_counted="Cells of {title} that hold no number and are not counted: {count}.",
    total_row="Row {} holds a total and is not counted.",
    total_rows="Rows {} hold totals and are not counted.",
    empty="none",
)
_GERMAN = _Phrases(
    functions={
        "sum": "Summe von {}",
        "total": "Summe von {}",
        "avg": "Durchschnitt von {}",
        "min": "Kleinster Wert von {}",
        "max": "Größter Wert von {}",
        "count": "Anzahl von {}",
    },
    rows="Anzahl der Zeilen",
    different="Anzahl verschiedener Werte von {}",
    signs={
        **{"=": "ist", "==": "ist", "<>": "ist nicht", "!=": "ist nicht"},
        **{"and": "und", "or": "oder", "not": "nicht", "in": "ist eins von"},
    },
    contains="enthält",
    quotes=("„", "“"),
    more="… und {} weitere.",
    further="… und weitere.",
    highest="{} am höchsten",
    lowest="{} am niedrigsten",
    by="nach {}",
    where="mit: {}",
    not_counted="Zellen von {title}, die keine Zahl enthalten und nicht mitzählen: {count}.",
    total_row="Zeile {} enthält eine Summe und zählt nicht mit.",
    total_rows="Die Zeilen {} enthalten Summen und zählen nicht mit.",
    empty="keine Angabe",
)


def worded(solved: Solved, table: Table | None, language: str) -> str:
    """The result for people: a line where it is one row, else a Markdown table of at most ten.

    ``table``: that of ``solved.shape``. ``language``: "de" is German, anything else English.
    """
    phrases = _GERMAN if language == "de" else _ENGLISH
    shape = solved.shape if table is not None else None
    headings = _headings(solved, shape, table, phrases)
    rows = solved.result.rows[:SHOWN_ROWS]
    ways = _ways(shape, table, len(headings))
    cells = [[_shown(*pair, language) or phrases.empty for pair in zip(row, ways, strict=True)] for row in rows]
    about = _about(shape, table, phrases) if shape and table else ""
    lines = _one_row(headings, cells[0], about) if len(cells) == 1 else _many_rows(headings, cells, about)
    if rest := _rest(solved, len(cells), phrases):
        lines += ["", rest]
    remarks = _remarks(solved, table, phrases) if table else []
    return "\n".join([*lines, *([""] if remarks else []), *remarks])


def _one_row(headings: Sequence[str], cells: Sequence[str], about: str) -> list[str]:
    if len(cells) == 1:
        return [f"{headings[0]}{f' ({about})' if about else ''}: {cells[0]}"]
    said = ", ".join(f"{heading}: {cell}" for heading, cell in zip(headings, cells, strict=True))
    return [f"{said} ({about})" if about else said]


def _many_rows(headings: Sequence[str], rows: Sequence[Sequence[str]], about: str) -> list[str]:
    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cell.replace('|', '¦') for cell in cells)} |"

    table = [line(headings), line(["---"] * len(headings)), *map(line, rows)]
    return [f"{about[0].upper()}{about[1:]}:", "", *table] if about else table


def _rest(solved: Solved, shown: int, phrases: _Phrases) -> str:
    if solved.total < 0:
        return phrases.further
    return phrases.more.format(solved.total - shown) if solved.total > shown else ""


def _remarks(solved: Solved, table: Table, phrases: _Phrases) -> list[str]:
    """What a reader must know before trusting a count: cells and rows that were left out."""
    used = [column for column in table.columns if column.left_out and (table.name, column.name) in solved.result.read]
    said = [phrases.not_counted.format(count=column.left_out, title=_name(column)) for column in used]
    if table.totals and solved.shape and (solved.shape.is_aggregate or solved.shape.group):
        many = len(table.totals) > 1
        numbers = ", ".join(map(str, table.totals[:SHOWN_ROWS]))
        said.append((phrases.total_rows if many else phrases.total_row).format(numbers))
    return said


def _headings(solved: Solved, shape: Shape | None, table: Table | None, phrases: _Phrases) -> list[str]:
    names = [name.replace("_", " ").strip() for name in solved.result.columns]
    if shape is None or table is None:
        return names
    if len(shape.items) != len(names):  # SELECT *
        return [_name(column) if (column := table.column(name)) else name for name in solved.result.columns]
    return [_heading(item, table, phrases) or name for item, name in zip(shape.items, names, strict=True)]


def _heading(item: Item, table: Table, phrases: _Phrases) -> str:
    """What a thing selected is called; "" where only its name in SQL says it."""
    if item.column == "*" and item.function == "count":
        return phrases.rows
    column = table.column(item.column)
    if column is None:
        return ""
    if not item.function:
        return _name(column)
    phrase = (
        phrases.different if item.function == "count" and item.is_distinct else phrases.functions.get(item.function)
    )
    return phrase.format(_name(column)) if phrase else ""


def _name(column: Column) -> str:
    """The column's title; its unit stands behind the values."""
    return column.title.replace(f"({column.unit})", "").strip() or column.title if column.unit else column.title


def _ways(shape: Shape | None, table: Table | None, width: int) -> list[_Way]:
    """How the values of each column selected are shown."""
    if shape is None or table is None or len(shape.items) != width:
        return [_Way(None, False)] * width
    units = [table.column(item.column) if item.function not in ("count", "round") else None for item in shape.items]
    return [_Way(column, item.is_aggregate) for column, item in zip(units, shape.items, strict=True)]


def _about(shape: Shape, table: Table, phrases: _Phrases) -> str:
    """The filter and the order in words: ``where Region is “North”, Price highest``."""
    parts = [phrases.where.format(_said(shape.where, table, phrases))] if shape.where else []
    ordered = [
        token for token in shape.order if token.kind == "word" and not token.says("asc", "desc", "nulls", "last")
    ]
    column = table.column(ordered[0].text) if len(ordered) == 1 and len(shape.order) <= 2 else None
    if column is not None:
        is_down = shape.order[-1].says("desc")
        extreme = phrases.highest if is_down else phrases.lowest
        parts.append((extreme if shape.limit == 1 else phrases.by).format(_name(column)))
    return ", ".join(parts)


def _said(tokens: Sequence[Token], table: Table, phrases: _Phrases) -> str:
    words: list[str] = []
    opening, closing = phrases.quotes
    for token in tokens:
        column = table.column(token.text) if token.kind == "word" else None
        if column is not None:
            words.append(_name(column))
        elif token.kind == "text":
            words.append(f"{opening}{token.text.strip('%')}{closing}")
        elif token.says("like"):
            words.append(phrases.contains)
        elif token.kind == "number":
            words.append(_number(float(token.text), False, "de" if phrases is _GERMAN else "en", 6))
        elif not token.says("lower", "upper", "trim"):
            words.append(phrases.signs.get(token.text.lower(), token.text))
    return _joined(words)


def _joined(words: Sequence[str]) -> str:
    """Words with spaces, but none inside brackets or before a comma; brackets around one word are dropped."""
    text = " ".join(words).replace("( ", "(").replace(" )", ")").replace(" ,", ",")
    for word in words:
        text = text.replace(f"({word}) ", f"{word} ") if word not in "()," else text
    return text


def _shown(value: Value, way: _Way, language: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return " ".join(value.split())
    unit = way.column.unit if way.column and way.column.kind is Kind.NUMBER else ""
    is_money = unit in _MONEY
    places = 2 if (is_money and abs(value) >= 1) or (way.is_computed and abs(value) >= 100) else 4
    text = _number(float(value), way.is_computed or bool(unit), language, places, fixed=is_money and places == 2)
    glue = "" if unit == "%" and language != "de" else " "
    return f"{text}{glue}{unit}" if unit else text


def _number(value: float, is_grouped: bool, language: str, places: int, *, fixed: bool = False) -> str:
    """12345.5 as 12,345.5 or 12.345,5; a plain number (a year, a code) is not grouped."""
    text = f"{value:,.{places}f}" if is_grouped else f"{value:.{places}f}"
    if not fixed and "." in text:
        text = text.rstrip("0").rstrip(".")
    if float(text.replace(",", "")) == 0 and value != 0:
        text = f"{value:.3g}"
    return text.translate(str.maketrans(",.", ".,")) if language == "de" else text
