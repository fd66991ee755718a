"""Dates and times of day in one spelling: "3 May 2024", "May 3rd, 2024", "3.5.2024" and 2024-05-03 are the same.

A spelling that can be read in two ways, such as 03/05/2024, keeps both readings. Knows no sentences.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_MONTHS = {
    spelling: number
    for number, spellings in enumerate(
        (
            "January Jan Januar Jän Jänner",
            "February Feb Februar",
            "March Mar März Mär Mrz",
            "April Apr",
            "May Mai",
            "June Jun Juni",
            "July Jul Juli",
            "August Aug",
            "September Sept Sep",
            "October Oct Oktober Okt",
            "November Nov",
            "December Dec Dezember Dez",
        ),
        1,
    )
    for spelling in spellings.split()
}
_MONTH = rf"(?P<month>{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\b\.?"  # as written: "may" is a verb
_YEAR = r"(?P<year>[12]\d{3})(?![\d.,]?\d)"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?"
_BEFORE, _AFTER = r"(?<![\w.,:/-])", r"(?![\w/-]|[.,:]\d)"
_DATES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_BEFORE}(?P<year>\d{{4}})([-/.])(?P<month>\d{{1,2}})\2(?P<day>\d{{1,2}}){_AFTER}",
        rf"{_BEFORE}(?P<day>\d{{1,2}})\.\s?(?P<month>\d{{1,2}})\.\s?(?P<year>\d{{4}}|\d{{2}}){_AFTER}",
        rf"{_BEFORE}(?P<day>\d{{1,2}})\.(?P<month>\d{{1,2}})\.(?=\s|[,;)]|$)",
        rf"{_BEFORE}(?P<first>\d{{1,2}})([-/])(?P<second>\d{{1,2}})\2(?P<year>\d{{4}}|\d{{2}}){_AFTER}",
        rf"{_BEFORE}{_DAY}\s+(?:of\s+)?{_MONTH}(?:,?\s+{_YEAR})?",
        rf"\b{_MONTH}\s+{_DAY}(?![\d.,]?\d|\s?[%€$£])(?:,?\s+{_YEAR})?",
        rf"\b{_MONTH},?\s+(?:of\s+)?{_YEAR}",
    )
)
_TIME = re.compile(
    rf"{_BEFORE}(?P<hour>\d{{1,2}})(?:(?P<colon>[:.])(?P<minute>[0-5]\d)(?::[0-5]\d)?)?"
    r"(?:\s?(?P<half>[ap])\.?\s?m\b\.?|\s(?P<clock>Uhr)\b)?(?!\w|[:]\d)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Moment:
    """A date or a time where it stands. A claim holds where one of its ``readings`` is among a source's ``implied``.

    Spelt "2024-05-03", "2024-05", "--05-03" and "14:30"; "2:30~" is half past two on either half of the day.
    """

    start: int
    end: int
    readings: frozenset[str]
    implied: frozenset[str]  # the readings and what follows from them: of a whole date its month, its day, its year


def moments_in(text: str) -> tuple[Moment, ...]:
    """The dates and times of ``text`` in their order; none overlaps another."""
    found: list[Moment] = []
    for moment in _candidates(text):
        if all(moment.end <= other.start or moment.start >= other.end for other in found):
            found.append(moment)
    return tuple(sorted(found, key=lambda moment: moment.start))


def _candidates(text: str) -> Iterator[Moment]:
    for pattern in _DATES:
        for match in pattern.finditer(text):
            readings = frozenset(_dates(match.groupdict()))
            if readings:
                implied = readings.union(*(_parts(reading) for reading in readings))
                yield Moment(match.start(), match.end(), readings, implied)
    for match in _TIME.finditer(text):
        if match["half"] or match["clock"] or match["colon"] == ":":
            yield from _time(match)


def _dates(parts: dict[str, str | None]) -> Iterator[str]:
    year = _year(parts.get("year") or "")
    orders = [(parts.get("day"), parts.get("month"))]
    if "first" in parts:
        orders = [(parts["first"], parts["second"]), (parts["second"], parts["first"])]
    for day, month in orders:
        number = _MONTHS.get(month or "") or int(month or 0)
        if not 1 <= number <= 12 or not 1 <= int(day or 1) <= 31:
            continue
        yield f"{year or '-'}-{number:02d}" + (f"-{int(day):02d}" if day else "")


def _year(digits: str) -> str:
    if len(digits) != 2:
        return digits
    return f"20{digits}" if int(digits) < 70 else f"19{digits}"


def _parts(date: str) -> Iterator[str]:
    if re.fullmatch(r"\d{4}-\d\d-\d\d", date):
        yield from (date[:7], f"-{date[4:]}", date[:4])
    elif re.fullmatch(r"\d{4}-\d\d", date):
        yield date[:4]


def _time(match: re.Match[str]) -> Iterator[Moment]:
    hour, minute = int(match["hour"]), match["minute"] or "00"
    if hour > 24 or (match["half"] and not 1 <= hour <= 12):
        return
    either = f"{hour % 12}:{minute}~"
    if match["half"]:
        hour = hour % 12 + (12 if match["half"].lower() == "p" else 0)
    exact = f"{hour:02d}:{minute}"
    is_open = not match["half"] and not match["clock"] and hour <= 12
    readings = {exact, either} if is_open else {exact}
    yield Moment(match.start(), match.end(), frozenset(readings), frozenset({exact, either}))
