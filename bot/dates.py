"""A day that somebody names, in English or German: "since Monday", "letzte Woche", "2026-11-01", "vor 3 Tagen".

Knows the calendar and words for it. A day without a year is the last one that was; weeks begin on Monday.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

_WEEKDAYS = (
    "monday|mon|montags?",
    "tuesday|tue|tues|dienstags?",
    "wednesday|wed|mittwochs?",
    "thursday|thu|thurs|donnerstags?",
    "friday|fri|freitags?",
    "saturday|samstags?|sonnabends?",
    "sunday|sonntags?",
)
_MONTHS = (
    "jan|january|jän|januar|jänner",
    "feb|february|februar",
    "mar|march|mär|märz",
    "apr|april",
    "may|mai",
    "jun|june|juni",
    "jul|july|juli",
    "aug|august",
    "sep|sept|september",
    "oct|october|okt|oktober",
    "nov|november",
    "dec|december|dez|dezember",
)
_NUMBERS = (
    "a|an|one|ein|eine|einer|einem|einen",
    "two|zwei",
    "three|drei",
    "four|vier",
    "five|fünf",
    "six|sechs",
    "seven|sieben",
    "eight|acht",
    "nine|neun",
    "ten|zehn",
)
_UNITS = {"hour": "hours?|stunden?", "day": "days?|tage?n?", "week": "weeks?|wochen?", "month": "months?|monate?n?"}
_LEAD = r"(?:\b(?:since|from|after|of|for|over|in|on|as of|seit|ab|nach|vom|von|für|am|in)\s+)?"
_THE = r"(?:(?:the|der|dem|den|die|das)\s+)?"
_LAST = r"(?:last|past|previous|letzte[nmrs]?|vergangene[nmrs]?|vorige[nmrs]?)"
_THIS = r"(?:this|diese[nmrs]?)"
_NUMBER = rf"(\d{{1,3}}|{'|'.join(_NUMBERS)})"
_UNIT = rf"({'|'.join(_UNITS.values())})"
_MONTH = rf"({'|'.join(_MONTHS)})\.?"
_WEEKDAY = rf"({'|'.join(_WEEKDAYS)})\b"


@dataclass(frozen=True, slots=True)
class Since:
    """The beginning of a span of time, and the text without the words that named it."""

    at_s: float  # since the epoch
    rest: str


def since(text: str, now: datetime) -> Since | None:
    """What span of time ``text`` names, as seen from ``now`` (with its time zone); None where it names none."""
    for pattern, begin in _FORMS:
        for found in pattern.finditer(text):
            at = begin(found, now)
            if at is not None:
                return Since(at.timestamp(), f"{text[: found.start()]} {text[found.end() :]}".strip())
    return None


def start_of_day(now: datetime, days_ago: int = 0) -> datetime:
    """Midnight, so many days ago."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days_ago)


def _iso(found: re.Match[str], now: datetime) -> datetime | None:
    return _day(now, int(found[1]), int(found[2]), int(found[3]))


def _dotted(found: re.Match[str], now: datetime) -> datetime | None:
    return _named_day(now, int(found[1]), int(found[2]), found[3])


def _day_month(found: re.Match[str], now: datetime) -> datetime | None:
    return _named_day(now, int(found[1]), _place(_MONTHS, found[2]), found[3])


def _month_day(found: re.Match[str], now: datetime) -> datetime | None:
    return _named_day(now, int(found[2]), _place(_MONTHS, found[1]), found[3])


def _ago(found: re.Match[str], now: datetime) -> datetime | None:
    count = int(found[1]) if found[1].isdigit() else _place(_NUMBERS, found[1])
    unit = next(name for name, words in _UNITS.items() if re.fullmatch(words, found[2], re.I))
    if unit == "hour":
        return now - timedelta(hours=count)
    return start_of_day(now, count * {"day": 1, "week": 7, "month": 30}[unit])


def _weekday(found: re.Match[str], now: datetime) -> datetime | None:
    ago = (now.weekday() - (_place(_WEEKDAYS, found[2]) - 1)) % 7
    return start_of_day(now, ago or (7 if found[1] else 0))


def _calendar(found: re.Match[str], now: datetime) -> datetime | None:
    is_last = not re.fullmatch(_THIS, found[1], re.I)
    if re.match("w", found[2], re.I):
        return start_of_day(now, now.weekday() + 7 * is_last)
    first = start_of_day(now).replace(day=1)
    return (first - timedelta(days=1)).replace(day=1) if is_last else first


def _month(found: re.Match[str], now: datetime) -> datetime | None:
    return _named_day(now, 1, _place(_MONTHS, found[1]), found[2])


def _hour(_found: re.Match[str], now: datetime) -> datetime | None:
    return now - timedelta(hours=1)


def _word(days_ago: int) -> Callable[[re.Match[str], datetime], datetime | None]:
    return lambda found, now: start_of_day(now, days_ago)


def _named_day(now: datetime, day: int, month: int, year: str | None) -> datetime | None:
    """A day of a year that may be left out, or written with two figures."""
    if year:
        return _day(now, int(year) + (2000 if len(year) == 2 else 0), month, day)
    this_year = _day(now, now.year, month, day)
    return _day(now, now.year - 1, month, day) if this_year is None or this_year > now else this_year


def _day(now: datetime, year: int, month: int, day: int) -> datetime | None:
    try:
        return start_of_day(now).replace(year=year, month=month, day=day)
    except ValueError:  # the 31st of February is no day
        return None


def _place(names: tuple[str, ...], word: str) -> int:
    """Which of ``names`` a word is, from 1."""
    return next(n for n, each in enumerate(names, 1) if re.fullmatch(each, word, re.I))


def _form(
    pattern: str, begin: Callable[[re.Match[str], datetime], datetime | None]
) -> tuple[re.Pattern[str], Callable[[re.Match[str], datetime], datetime | None]]:
    return re.compile(rf"{_LEAD}(?<![\w.-]){pattern}(?!\w)", re.I), begin


_FORMS = (
    _form(r"(\d{4})-(\d{1,2})-(\d{1,2})", _iso),
    _form(rf"{_THE}(\d{{1,2}})\.\s?(\d{{1,2}})\.(?:\s?(\d{{4}}|\d{{2}}))?", _dotted),
    _form(rf"{_THE}(\d{{1,2}})(?:\.|st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}(?:,?\s+(\d{{4}}))?", _day_month),
    _form(rf"{_MONTH}\s+(\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(\d{{4}}))?", _month_day),
    _form(rf"(?:{_THE}day before yesterday|vorgestern)", _word(2)),
    _form("(?:yesterday|gestern)", _word(1)),
    _form(r"(?:today|this morning|heute(?:\s+(?:früh|morgen))?)", _word(0)),
    _form(rf"(?:vor\s+)?{_THE}(?:{_LAST}\s+)?{_NUMBER}\s+{_UNIT}(?:\s+ago)?", _ago),
    _form(rf"{_THE}({_LAST}|{_THIS})\s+(week|woche|month|monats?)", _calendar),
    _form(rf"{_THE}({_LAST}\s+)?{_WEEKDAY}", _weekday),
    _form(rf"{_THE}(?:{_LAST})\s+(?:hour|stunde)", _hour),
    _form(rf"(?:since|from|seit|ab)\s+{_MONTH}(?:\s+(\d{{4}}))?", _month),
)
