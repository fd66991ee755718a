"""The cells of one column, as people write them -> numbers, dates or text.

Numbers may be German or English and carry a currency, a percent sign or a unit; which mark is the
decimal one is decided for the whole column. Knows no table and no SQL.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

MIN_SHARE = 0.8  # of a column's filled cells that must be numbers; the rest are then left out, and that is said
SAMPLE = 2_000  # cells of a column that are looked at first
MAX_DIGITS = 15  # more are a code, and a float would change them

_NOTHING = frozenset("|-|–|—|/|.|?|n/a|#n/a|na|n.a.|null|none|nil|tbd|k.a.|k. a.|keine angabe|entfällt".split("|"))
_NUMBER = re.compile(
    r"(?P<minus>[-+−(]?)\s*(?P<before>[€$£¥]|US\$|EUR|USD|CHF|GBP)?\s*(?P<sign>[-+−]?)\s*"
    r"(?P<body>\d[\d.,'’\u00a0\u202f ]*?)\s*(?P<after>%|‰|°[CF]?|[^\W\d_][^\W\d_./²³]{0,11}[²³]?|[€$£¥])?\s*\)?"
)
_SPACES = re.compile(r"[\s'’]")
_GROUPED = re.compile(r"\d{1,3}(?:[\s'’]\d{3})+(?:[.,]\d+)?")
_COMMA_DECIMAL = re.compile(r"\d{1,3}(?:\.\d{3})+,\d+|\d+,(?:\d{1,2}|\d{4,})|\d{4,},\d+|0,\d+|\d{1,3}(?:\.\d{3}){2,}")
_POINT_DECIMAL = re.compile(r"\d{1,3}(?:,\d{3})+\.\d+|\d+\.(?:\d{1,2}|\d{4,})|\d{4,}\.\d+|0\.\d+|\d{1,3}(?:,\d{3}){2,}")
_SHAPES = {
    ",": re.compile(r"(?:\d+|\d{1,3}(?:\.\d{3})+)(?:,\d+)?"),
    ".": re.compile(r"(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?"),
}
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})([ T]\d{2}:\d{2}(?::\d{2})?)?")
_POINTED = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4}|\d{2})")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_NAMED = re.compile(r"(\d{1,2})\.?\s+([^\W\d_]{3,9})\.?,?\s+(\d{4})|([^\W\d_]{3,9})\.?\s+(\d{1,2}),?\s+(\d{4})")
_MONTHS = {
    name[:3]: number
    for names in (
        "january february march april may june july august september october november december",
        "januar februar märz april mai juni juli august september oktober november dezember",
    )
    for number, name in enumerate(names.split(), start=1)
}

Value = int | float | str | None


class Kind(StrEnum):
    """What a column holds."""

    NUMBER = "number"
    DATE = "date"  # as ISO 8601 text
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class TypedCells:
    """A column's cells, typed. ``left_out`` counts the filled cells that hold no number in a column of numbers."""

    kind: Kind
    values: tuple[Value, ...]
    unit: str = ""
    left_out: int = 0


def typed(cells: Sequence[str], exact: Mapping[int, float], decimal: str) -> TypedCells:
    """The cells as numbers or dates where they are, else as text.

    ``exact``: by index, numbers known from the file itself. ``decimal``: the mark where the column leaves it open.
    """
    found = _as_numbers(cells, exact, decimal) or _as_dates(cells)
    return found or TypedCells(Kind.TEXT, tuple(cell or None for cell in cells))


def decimal_of(columns: Sequence[Sequence[str]], otherwise: str) -> str:
    """The decimal mark that most of a table's columns show by their cells."""
    votes = Counter(mark for cells in columns for mark in _marks(_parts(cells[:SAMPLE])))
    if votes[","] == votes["."]:
        return otherwise
    return max(votes, key=lambda mark: votes[mark])


def _as_numbers(cells: Sequence[str], exact: Mapping[int, float], decimal: str) -> TypedCells | None:
    first = [cell for cell in cells[:SAMPLE] if not _is_nothing(cell)]
    if len(_parts(first)) < MIN_SHARE * len(first) / 2 and len(exact) < MIN_SHARE * len(cells) / 2:
        return None  # plainly text: no need to look at all of it
    parts = _parts(cells)
    filled = sum(not _is_nothing(cell) for cell in cells)
    marks = _marks({at: part for at, part in parts.items() if at not in exact})
    units = {unit[:4].casefold(): unit for part in parts.values() if (unit := _unit(part))}  # "1 month", "2 months"
    is_code = any(_is_code(_SPACES.sub("", part["body"])) for at, part in parts.items() if at not in exact)
    if len(marks) > 1 or len(units) > 1 or is_code or not filled:
        return None
    mark = next(iter(marks), decimal)
    values = [exact.get(at, _number(parts[at], mark) if at in parts else None) for at in range(len(cells))]
    numbers = sum(value is not None for value in values)
    if numbers < MIN_SHARE * filled:
        return None
    return TypedCells(Kind.NUMBER, tuple(values), next(iter(units.values()), ""), filled - numbers)


def _parts(cells: Sequence[str]) -> dict[int, re.Match[str]]:
    found = ((at, _NUMBER.fullmatch(cell)) for at, cell in enumerate(cells))
    return {at: part for at, part in found if part and _is_one_number(part["body"])}


def _is_one_number(body: str) -> bool:
    """Spaces group thousands; otherwise they part a telephone's numbers."""
    return not _SPACES.search(body) or bool(_GROUPED.fullmatch(body))


def _marks(parts: Mapping[int, re.Match[str]]) -> set[str]:
    """The decimal marks that some cell gives away: "1.234,5" and "3,14" do, "1.234" does not."""
    bodies = {_SPACES.sub("", part["body"]) for part in parts.values()}
    shown = (
        ("," if _COMMA_DECIMAL.fullmatch(body) else "." if _POINT_DECIMAL.fullmatch(body) else "") for body in bodies
    )
    return set(shown) - {""}


def _unit(part: re.Match[str]) -> str:
    return part["before"] or part["after"] or ""


def _is_code(body: str) -> bool:
    """Leading noughts mean something, and so do more digits than a float holds."""
    return bool(re.fullmatch(r"0\d+", body)) or sum(map(str.isdigit, body)) > MAX_DIGITS


def _number(part: re.Match[str], mark: str) -> float | None:
    body = _SPACES.sub("", part["body"])
    if not _SHAPES[mark].fullmatch(body):
        return None
    plain = body.replace("." if mark == "," else ",", "").replace(mark, ".")
    is_negative = part["minus"] in ("-", "−", "(") or part["sign"] in ("-", "−")
    return -float(plain) if is_negative else float(plain)


def _as_dates(cells: Sequence[str]) -> TypedCells | None:
    filled = [cell for cell in cells if not _is_nothing(cell)]
    order = _slash_order(filled)
    days = {cell: _iso(cell, order) for cell in set(filled)}
    if not filled or None in days.values():
        return None
    return TypedCells(Kind.DATE, tuple(days.get(cell) for cell in cells))


def _slash_order(cells: Sequence[str]) -> str:
    """Whether 3/4/2024 is in March or in April; "" where no cell of the column tells."""
    pairs = [(int(match[1]), int(match[2])) for cell in cells if (match := _SLASHED.fullmatch(cell))]
    day_first, month_first = any(first > 12 for first, _ in pairs), any(second > 12 for _, second in pairs)
    return "" if day_first == month_first else "dmy" if day_first else "mdy"


def _iso(cell: str, order: str) -> str | None:
    if match := _ISO.fullmatch(cell):
        return _day(match[1], match[2], match[3], (match[4] or "").replace("T", " "))
    if match := _POINTED.fullmatch(cell):
        return _day(match[3] if len(match[3]) == 4 else f"20{match[3]}", match[2], match[1])
    if order and (match := _SLASHED.fullmatch(cell)):
        return _day(match[3], match[2], match[1]) if order == "dmy" else _day(match[3], match[1], match[2])
    if match := _NAMED.fullmatch(cell):
        day, name, year = (match[1], match[2], match[3]) if match[1] else (match[5], match[4], match[6])
        return _day(year, str(_MONTHS.get(name.lower()[:3], 0)), day)
    return None


def _day(year: str, month: str, day: str, time: str = "") -> str | None:
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return None
    return f"{int(year):04}-{int(month):02}-{int(day):02}{time}"


def _is_nothing(cell: str) -> bool:
    return cell.casefold() in _NOTHING
