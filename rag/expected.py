"""What kind of thing a question asks for, as its wording tells, and whether a passage holds such a thing.

"When" wants a time, "how many" a number, "who" a name. Told for English and German; of other questions nothing is
expected.
"""

from __future__ import annotations

import re
from enum import StrEnum

from rag.claims import Claims, stem
from rag.windows import Window

_TIME_UNITS = frozenset("second minute hour day week month year".split())
_NAMED = frozenset(
    map(
        stem,
        """january february march april may june july august september october november december monday tuesday
        wednesday thursday friday saturday sunday januar februar märz mai juni juli oktober dezember montag dienstag
        mittwoch donnerstag freitag samstag sonntag""".split(),
    )
)
_YEAR = re.compile(r"1\d{3}|20\d\d")


class Kind(StrEnum):
    """What is expected."""

    TIME = "time"  # a date, a time of day, a length of time
    AMOUNT = "amount"
    PERSON = "person"  # or a company: a name
    ANYTHING = "anything"


_ASKS = (
    (
        Kind.TIME,
        r"when|until when|how (?:long|late|early)|(?:what|which) (?:year|date|day|month|time|century)|period|term|"
        r"deadline|wann|seit|wie lange|welche[mnrs]? (?:jahr|datum|tag|monat)|\w*frist|dauer",
    ),
    (
        Kind.AMOUNT,
        r"how (?:many|much|old|far|often|deep|high|tall|fast|large|big|wide|heavy)|what (?:percentage|number|share)|"
        r"price|costs?|fees?|deposit|rent|wie (?:viele?|oft|hoch|weit|alt|groß|tief|schwer)|preis|kosten|kostet|miete",
    ),
    (Kind.PERSON, r"who|whom|whose|wer|wem|wen"),
)
_PATTERNS = tuple((kind, re.compile(rf"\b(?:{words})\b", re.IGNORECASE)) for kind, words in _ASKS)


def kind_of(question: str) -> Kind:
    """The first kind whose words stand in ``question``."""
    return next((kind for kind, pattern in _PATTERNS if pattern.search(question)), Kind.ANYTHING)


def holds(window: Window, kind: Kind, asked: Claims) -> bool:
    """Whether ``window`` says something of ``kind`` that the question itself, as ``asked``, does not."""
    claims = [piece.claims for piece in window.pieces]
    if kind is Kind.TIME:
        return any(one.moments or _tells_a_time(one) for one in claims)
    if kind is Kind.AMOUNT:
        return any(one.numbers - asked.numbers for one in claims)
    if kind is Kind.PERSON:
        return any(not one.names.issubset(asked.tokens) for one in claims)
    return False


def _tells_a_time(claims: Claims) -> bool:
    has_length = any(unit in _TIME_UNITS for _, unit in claims.measures)
    is_named = not claims.names.isdisjoint(_NAMED)  # with a capital: "may" is no month
    return has_length or is_named or any(_YEAR.fullmatch(number) for number in claims.numbers)
