"""Both languages say the same, completely; and every sentence of the library's is known in German."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from fluent.syntax import FluentParser
from fluent.syntax import ast as fluent
from fluent.syntax.visitor import Visitor

from bot.texts import LANGUAGES, sources, texts_for
from rag import errors
from rag.data_loaders.archive import _REFUSED_MIME
from rag.types import Location
from tests.conftest import REPOSITORY

PLACES = ("", ", up to page 3", ", up to slide 2", ", up to row 7", ", up to Prices, row 7", ", up to Terms › Price")
# What the holes of the library's sentences are filled with, by the expression in them; anything else is a number.
FILLED = {
    "files": ("1 file embedded in this one was", "3 files embedded in this one were"),
    "cells": ("1 formula holds", "2,000 formulas hold"),
    "verb": ("hold",),
    "what": ("a web page", "plain text"),
    "suffix": (".pdf",),
    "kind": ("pdf",),
    "found": ("docx",),
    "sheet.title": ("Prices",),
    "_up_to(block)": PLACES,
    "_up_to(blocks[-1])": PLACES,
    "_REFUSED_MIME[mime]": tuple(_REFUSED_MIME.values()),
}
SPEAKING = (
    "rag/data_loaders/*.py",
    "rag/ingest.py",
    "rag/llms/decoding.py",
    "rag/llms/prompting.py",
    "bot/downloads.py",
)
SAME_IN_BOTH = re.compile(r"^month-\d+$")  # April, August, September, November


def messages(language: str) -> dict[str, fluent.Message]:
    parser = FluentParser()
    found = [entry for text in sources(language).values() for entry in parser.parse(text).body]
    assert not [entry for entry in found if isinstance(entry, fluent.Junk)], "a line that Fluent cannot read"
    return {entry.id.name: entry for entry in found if isinstance(entry, fluent.Message)}


class Variables(Visitor):
    """Names of the variables in a message, and which of them decide between forms."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.choosing: set[str] = set()

    def visit_VariableReference(self, node: fluent.VariableReference) -> None:
        self.names.add(node.id.name)

    def visit_SelectExpression(self, node: fluent.SelectExpression) -> None:
        if isinstance(node.selector, fluent.VariableReference):
            self.choosing.add(node.selector.id.name)
        self.generic_visit(node)


def variables(message: fluent.Message) -> Variables:
    found = Variables()
    found.visit(message)
    return found


def spoken(path: Path) -> Iterator[str]:
    """Whole sentences in a file's code, with their holes filled."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    inner |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
    for node in ast.walk(tree):
        if id(node) in inner:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from filter(is_sentence, [node.value])
        elif isinstance(node, ast.JoinedStr):
            yield from filter(is_sentence, filled(node))


def filled(node: ast.JoinedStr) -> list[str]:
    parts = [
        (part.value,) if isinstance(part, ast.Constant) else FILLED.get(ast.unparse(part.value), ("2,000",))
        for part in node.values
    ]
    return ["".join(map(str, chosen)) for chosen in product(*parts)]


def is_sentence(text: str) -> bool:
    return bool(re.fullmatch(r"[A-Z\d].*\w.*\.", text)) and text.count(" ") > 2


def library_sentences() -> list[str]:
    defaults = [kind.default_message for kind in vars(errors).values() if isinstance(kind, type)]
    said = [text for pattern in SPEAKING for path in REPOSITORY.glob(pattern) for text in spoken(path)]
    counted = [f"{n} {unit}{'s' if n > 1 else ''}" for n in (1, 12) for unit in ("page", "slide", "sheet")]
    return sorted({*defaults, *said, *counted})


def test_both_languages_hold_the_same_messages_with_the_same_variables() -> None:
    english, german = messages("en"), messages("de")
    assert english.keys() == german.keys()
    differing = [name for name in english if variables(english[name]).names != variables(german[name]).names]
    assert not differing


def test_no_id_stands_twice_and_both_languages_have_the_same_files() -> None:
    assert sources("en").keys() == sources("de").keys()
    for language in LANGUAGES:
        ids = re.findall(r"(?m)^([\w-]+) =", "\n".join(sources(language).values()))
        assert len(ids) == len(set(ids)), sorted({name for name in ids if ids.count(name) > 1})


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("count", [0, 1, 2, 21])
def test_every_message_can_be_said_with_any_count(language: str, count: int) -> None:
    texts = texts_for(language)
    for name, message in messages(language).items():
        found = variables(message)
        values = {each: count if each in found.choosing else "x" for each in found.names}
        said = texts(name, **values)
        assert said.strip() and "{" not in said and "$" not in said, name


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_message_has_a_slip_of_the_pen(language: str) -> None:
    slip = re.compile(r"  (?! *[*\[}])|\.\.(?!\.)|\.\.\.|,,| [,.;:!?](?:\s|$)|[\t\u00a0]|\bein(?:e|en)? {2}")
    bad = []
    for name, message in messages(language).items():
        found = variables(message)
        said = texts_for(language)(name, **{each: 2 if each in found.choosing else "x" for each in found.names})
        bad += [(name, said) for line in said.splitlines() if slip.search(line.lstrip())]
    assert not bad


def test_no_german_message_was_left_in_english() -> None:
    english, german = texts_for("en"), texts_for("de")
    same = []
    for name, message in messages("en").items():
        found = variables(message)
        values = {each: 2 if each in found.choosing else "x" for each in found.names}
        said = english(name, **values)
        has_words = re.search(r"[^\W\d_]{3,}", said)
        if said == german(name, **values) and has_words and not SAME_IN_BOTH.match(name):
            same.append(name)
    assert not same


def test_the_collection_finds_the_librarys_sentences() -> None:
    found = library_sentences()
    assert len(found) > 70
    assert "This file is an OpenDocument text; save it as .docx and upload that." in found
    assert "Only the first 2,000 of 2,000 pages were read: the file took too long." in found


@pytest.mark.parametrize("sentence", library_sentences())
def test_every_sentence_of_the_library_is_known_in_german(sentence: str) -> None:
    german = texts_for("de").sentence(sentence)
    assert german != sentence, "no line of library.ftl fits"
    assert german.endswith(".") == sentence.endswith(".")
    assert texts_for("en").sentence(sentence) == sentence


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (Location(page=3), "bis Seite 3"),
        (Location(slide=2), "bis Folie 2"),
        (Location(row=7), "bis Zeile 7"),
        (Location(sheet="Prices", row=7), "bis Prices, Zeile 7"),
        (Location(heading_path=("Terms", "Price")), "bis Terms › Price"),
    ],
)
def test_the_place_in_a_note_is_said_in_german(place: Location, said: str) -> None:
    english = f"The file is damaged; it was read only in part, up to {place.label()}."
    assert said in texts_for("de").sentence(english)


def test_numbers_in_german_sentences_are_grouped_as_germans_do() -> None:
    english = "Only the first 2,000 of 3,500 pages were read; split the file to have the rest read."
    assert "2.000 von 3.500 Seiten" in texts_for("de").sentence(english)


def test_an_unknown_sentence_is_said_as_it_is() -> None:
    assert texts_for("de").sentence("Nobody wrote this down.") == "Nobody wrote this down."
