"""What speaks against a statement that ran: it answers another question than the one that was asked.

Values must come from the question, and what the question names must be used; a result must be there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain, pairwise

from rag.tables.database import Result
from rag.tables.shape import Token, tokens_of
from rag.terms import words_of

_PLAIN_NUMBERS = frozenset({0.0, 1.0, 100.0})  # that any statement may hold
_TOOLS = re.compile(r"%[a-zA-Z%-].*|now|start of \w+|[+-]?\d+ (?:day|month|year)s?|[\s,;:./-]*", re.I)
_PLACES = frozenset("round substr substring".split())  # functions whose numbers are no values
_NUMBER_WORDS = {
    word: number
    for number, words in enumerate(
        "one|two zwei beide|three drei|four vier|five fünf|six sechs|seven sieben|eight acht|nine neun|ten zehn".split(
            "|"
        ),
        1,
    )
    for word in words.split()
}
_NEEDED = (
    (re.compile(r"\b(?:average|mean|durchschnitt\w*|mittelwert)\b", re.I), r"\bavg\s*\(|/", "an average (AVG)"),
    (
        re.compile(
            r"\b(?:highest|lowest|largest|smallest|biggest|cheapest|most expensive|newest|oldest|latest|earliest|"
            r"höchste\w*|niedrigste\w*|größte\w*|kleinste\w*|teuerste\w*|billigste\w*|neueste\w*|älteste\w*)\b",
            re.I,
        ),
        r"\b(?:max|min)\s*\(|\border\s+by\b",
        "the first by some order (ORDER BY with LIMIT, or MAX or MIN)",
    ),
)


def objection(question: str, sql: str, result: Result, values: Sequence[str], titles: Sequence[str] = ()) -> str:
    """Why the result must not be shown, for whoever wrote ``sql``; "" where nothing speaks against it.

    ``values``: of the table, that the question names. ``titles``: names that may hold numbers of the question.
    """
    if not any(value not in (None, 0, "") for row in result.rows for value in row):
        return "The result is empty; compare the values with those of the first rows."
    tokens = tokens_of(sql)
    texts = [token.text for token in tokens if token.kind == "text"]
    said = " ".join([question, *values])
    invented = (
        _invented_text(texts, said) or _invented_number(tokens, question) or _invented_limit(tokens, question, result)
    )
    return invented or _forgotten(question, tokens, result, values, titles) or _wrong_kind(question, sql)


def _invented_text(texts: Sequence[str], said: str) -> str:
    known = words_of(said)
    for text in texts:
        if _TOOLS.fullmatch(text):
            continue
        words = words_of(text)
        if words and not any(_alike(word, other) for word in words for other in known):
            return f"The question does not mention '{text}'."
    return ""


def _alike(word: str, other: str) -> bool:
    return word == other or (min(len(word), len(other)) >= 4 and word[:4] == other[:4])


def _invented_number(tokens: Sequence[Token], question: str) -> str:
    known = _PLAIN_NUMBERS | set(_numbers_in(question))
    inside = ""
    for before, token in zip((None, *tokens), tokens, strict=False):
        if token.says("(") and before is not None:
            inside = before.text.lower()
        elif token.says(")"):
            inside = ""
        if token.kind != "number" or inside in _PLACES or float(token.text) in known:
            continue
        is_place = before is not None and before.says("by", ",") and len(token.text) == 1  # ORDER BY 2, 3
        if not is_place and not (before and before.says("limit", "offset")):
            return f"The question does not mention {token.text}."
    return ""


def _invented_limit(tokens: Sequence[Token], question: str, result: Result) -> str:
    known = {1.0, *_numbers_in(question)}
    for before, token in pairwise(tokens):
        is_limit = before.says("limit") and token.kind == "number" and float(token.text) not in known
        if is_limit and len(result.rows) >= float(token.text):
            return f"The question does not ask for {token.text} rows only; leave LIMIT out."
    return ""


def _forgotten(
    question: str,
    tokens: Sequence[Token],
    result: Result,
    values: Sequence[str],
    titles: Sequence[str],
) -> str:
    shown = chain.from_iterable((*result.columns, *row) for row in result.rows)
    texts = (token.text for token in tokens if token.kind == "text")
    there = set(words_of(" ".join([*texts, *map(str, shown)])))
    for value in values:
        if not any(_alike(word, other) for word in words_of(value) for other in there):
            return f"The question asks about '{value}', which the statement does not use."
    used = " ".join(token.text for token in tokens)
    elsewhere = " ".join([*titles, *values, used])
    named = [number for number in re.findall(r"\d+(?:[.,]\d+)*", question) if number not in elsewhere]
    missing = [number for number in named if not {f"{each:g}" for each in _numbers_in(number)} & set(used.split())]
    return f"The question mentions {missing[0]}, which the statement does not use." if missing else ""


def _wrong_kind(question: str, sql: str) -> str:
    for asked, needed, name in _NEEDED:
        if asked.search(question) and not re.search(needed, sql, re.I):
            return f"The question asks for {name}."
    return ""


def _numbers_in(question: str) -> list[float]:
    """Numbers in any notation, each in all readings: "1.200" is 1.2 as well as 1200."""
    found = [float(_NUMBER_WORDS[word]) for word in re.findall(r"[^\W\d_]+", question.lower()) if word in _NUMBER_WORDS]
    for text in re.findall(r"\d+(?:[.,]\d+)*", question):
        plain = {text.replace(",", ""), text.replace(".", "").replace(",", "."), text.replace(",", ".")}
        found += [float(each) for each in plain if each.count(".") <= 1]
    return found
