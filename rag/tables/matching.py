"""Whether a question can be meant for a table, by its words alone; asks no model.

It must name a column or a value, want something computed or looked up, and leave few words over
that the table does not know: "How many days of leave do we have?" is not for a price list with days.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from rag.tables.cells import Kind
from rag.tables.schema import Column, Table
from rag.terms import content_terms, words_of

MIN_COVERAGE = 0.5  # of the question's own words, without those that ask for counting or comparing
MAX_VALUES = 20_000  # different texts of a column that are known
MAX_VALUE_WORDS = 6

_COMPUTING = re.compile(
    r"\b(?:how (?:many|much)|number of|count\w*|totals?|sum|altogether|average|mean|median|highest|lowest|largest|"
    r"smallest|biggest|most|least|fewest|max\w*|min\w*|cheapest|newest|oldest|latest|earliest|longest|shortest|top|"
    r"(?:more|less|fewer|higher|lower|greater|older|newer|longer|later|earlier|cheaper) than|over|under|above|below|"
    r"between|at (?:least|most)|before|after|since|per|each|compare|difference|rank\w*|sort\w*|"
    r"wie ?viele?|anzahl|summe|insgesamt|gesamt\w*|zusammen|durchschnitt\w*|mittelwert|höchste\w*|niedrigste\w*|"
    r"größte\w*|kleinste\w*|meisten?|wenigsten?|teuerste\w*|billigste\w*|günstigste\w*|neueste\w*|älteste\w*|"
    r"späteste\w*|früheste\w*|längste\w*|kürzeste\w*|maxim\w*|minim\w*|"
    r"(?:mehr|weniger|höher|niedriger|größer|kleiner|älter|länger|teurer|billiger) als|über|unter|zwischen|mindestens|"
    r"höchstens|vor|nach|seit|pro|je|jede\w*|vergleich\w*|unterschied|rang\w*|sortier\w*)\b",
    re.I,
)
_ASKING = frozenset(
    """many much number total give list show tell find get name names please entries rows items file table sheet
    spreadsheet csv excel xlsx viele viel gib nenne zeige liste finde name namen bitte einträge zeilen datei tabelle
    blatt gibt there highest lowest values value wert werte""".split()
)
_ALIKE = tuple(
    frozenset(words.split())
    for words in (
        "price prices cost costs amount expensive cheap cheapest cheaper paid pay preis preise kosten kostet betrag "
        "teuer teuerste teurer billig billigste billiger gunstigste euro dollar",
        "when date day year month latest newest oldest earliest wann datum tag jahr monat neueste alteste since seit",
        "who person name employee people wer mitarbeiter kunde customer",
        "sales sold revenue turnover umsatz verkauft verkaufe erlos",
        "quantity pieces units count stock menge stuck stuckzahl anzahl bestand",
    )
)


@dataclass(frozen=True, slots=True)
class Match:
    """A question and the tables of a file. ``values`` are those it names whole, and a statement must use them."""

    score: float
    tables: tuple[Table, ...]  # those that it matches, best first
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Hits:
    columns: frozenset[str]
    values: dict[str, str]  # folded -> as in the table
    words: frozenset[str]  # of the question, that the table knows
    codes: frozenset[str]  # numbers of the question that stand in a cell


class Vocabulary:
    """The words of a file's tables. Safe to share between threads."""

    def __init__(self, tables: Sequence[Table], file_name: str) -> None:
        self._tables = tables
        self._file_words = frozenset(words_of(file_name))

    def match(self, question: str) -> Match | None:
        """How well a question fits; None where it is not for these tables."""
        computes = _COMPUTING.search(question) is not None
        asked = words_of(question)
        own = self._own_words(question)
        found = [(self._score(hits, computes, own), table, hits) for table, hits in self._hits(asked)]
        fitting = sorted(((score, table, hits) for score, table, hits in found if score), key=lambda each: -each[0])
        if not fitting:
            return None
        values = {folded: value for _, _, hits in fitting for folded, value in hits.values.items()}
        longest = [value for folded, value in values.items() if not _is_within(folded, values)]
        return Match(fitting[0][0], tuple(table for _, table, _ in fitting[:4]), tuple(longest))

    def _own_words(self, question: str) -> set[str]:
        """The words that the table should know: without those that only ask."""
        plain = _COMPUTING.sub(" ", question)
        words = {word for term in content_terms(plain) for word in words_of(term)} if plain.strip() else set()
        return {word for word in words if word not in _ASKING and word not in self._file_words and not word.isdigit()}

    def _score(self, hits: _Hits, computes: bool, own: set[str]) -> float:
        covered = len(own & hits.words) / len(own) if own else 1.0
        named = len(hits.columns) + 2 * len(hits.values) + len(hits.codes)
        enough = (computes and named) or (hits.columns and (hits.values or hits.codes))
        if not enough or covered < MIN_COVERAGE:
            return 0.0
        return named + covered

    def _hits(self, asked: Sequence[str]) -> Iterator[tuple[Table, _Hits]]:
        phrases = {phrase: set(phrase.split()) for phrase in _phrases(asked)}
        for table, (values, value_words) in zip(self._tables, self._known, strict=True):
            columns = {column.name: _named_by(column, asked) for column in table.columns}
            found = {phrase: values[form] for phrase in phrases for form in _forms(phrase) if form in values}
            found = {
                phrase: value
                for phrase, value in found.items()
                if not any(map(phrases[phrase].__le__, columns.values()))
            }
            known = {word for word in asked if any(form in value_words for form in _forms(word))}
            title = {word for word in asked if any(_same(word, other) for other in words_of(table.title))}
            words = known.union(title, *columns.values())
            codes = {number for number in asked if number.isdigit() and number in value_words}
            named = frozenset(name for name, by in columns.items() if by)
            yield table, _Hits(named, found, frozenset(words), frozenset(codes))

    @cached_property
    def _known(self) -> list[tuple[dict[str, str], frozenset[str]]]:
        """Of each table: its short texts, folded; and the words in them."""
        return [_values_of(table) for table in self._tables]


def _values_of(table: Table) -> tuple[dict[str, str], frozenset[str]]:
    values: dict[str, str] = {}
    numbers: set[str] = set()
    for at, column in enumerate(table.columns):
        if column.kind is Kind.NUMBER:
            numbers.update(f"{row[at]:.0f}" for row in table.rows[:MAX_VALUES] if isinstance(row[at], float))
        if column.kind is not Kind.TEXT:
            continue
        different = dict.fromkeys(row[at] for row in table.rows if isinstance(row[at], str) and len(str(row[at])) <= 80)
        for value in list(different)[:MAX_VALUES]:
            words = words_of(str(value))
            if 0 < len(words) <= MAX_VALUE_WORDS and len("".join(words)) > 1:
                values.setdefault(" ".join(words), str(value))
    return values, frozenset(word for phrase in values for word in phrase.split() if len(word) > 2) | numbers


def _named_by(column: Column, asked: Sequence[str]) -> set[str]:
    """The words of the question that name a column."""
    title = words_of(column.title)
    direct = {word for word in asked if any(_same(word, other) for other in title)}
    kind = {form for word in title for form in _forms(word)} | ({"date"} if column.kind is Kind.DATE else set())
    alike = {word for word in asked for words in _ALIKE if words & kind and words.intersection(_forms(word))}
    return {word for word in direct | alike if len(word) > 1}


def _same(word: str, other: str) -> bool:
    """Whether two folded words are forms of one, or one is a compound that holds the other."""
    if len(word) <= 2 or len(other) <= 2:
        return word == other
    if set(_forms(word)) & set(_forms(other)):
        return True
    return (len(other) >= 5 and other in word) or (len(word) >= 5 and word in other)


def _forms(word: str) -> Iterator[str]:
    """The word and what it may be the plural or another case of; English and German."""
    yield word
    for ending in ("s", "es", "e", "n", "en", "er", "em", "ern"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            yield word[: -len(ending)]


def _phrases(words: Sequence[str]) -> Iterable[str]:
    for length in range(1, MAX_VALUE_WORDS + 1):
        for start in range(len(words) - length + 1):
            yield " ".join(words[start : start + length])


def _is_within(phrase: str, others: Iterable[str]) -> bool:
    return any(phrase != other and f" {phrase} " in f" {other} " for other in others)
