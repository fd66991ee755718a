"""Which files a question names, with or without extension, whatever stands between the words.

"What does supply agreement v2 say?"   names   supply-agreement_v2.docx
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from rag.terms import words_of

MIN_LETTERS = 6  # of a name's words together; shorter ones are found by their words like any other text


def named_files(question: str, names: Iterable[str]) -> list[str]:
    """Those of ``names`` that stand in ``question``; of "plan" and "plan v2" only the longer, where it is named.

    A name of one word without its extension is no name: "report" is what people call any file.
    """
    asked = f" {' '.join(_name_words(question))} "
    joined = asked.replace(" ", "")
    candidates = [name for name in dict.fromkeys(names) if _letters(name) in joined]
    found = {name: text for name in candidates if (text := _part_named(name, asked, joined))}
    return [name for name, text in found.items() if not _stands_only_inside(text, found.values(), joined)]


def forget_names() -> None:
    """Drop what is kept of files' names."""
    _letters.cache_clear()


@lru_cache(maxsize=10_000)  # every question goes through the names of all files
def _letters(name: str) -> str:
    """Those of a name without its extension: where they are not in a question, it does not name the file."""
    return "".join(_name_words(re.sub(r"(?<=.)\.\w{1,5}$", "", name)))


def _part_named(name: str, asked: str, joined: str) -> str:
    """The letters of as much of ``name`` as the question holds: with extension, without, or nothing."""
    whole, stem = _name_words(name), _name_words(re.sub(r"(?<=.)\.\w{1,5}$", "", name))
    if whole != stem and f" {' '.join(whole)} " in asked:
        return "".join(whole)
    if len(stem) > 1 and len("".join(stem)) >= MIN_LETTERS and _stands_in(stem, asked, joined):
        return "".join(stem)
    return ""


def _stands_only_inside(text: str, texts: Iterable[str], joined: str) -> bool:
    return any(text != other and text in other and joined.count(text) <= joined.count(other) for other in texts)


def _stands_in(words: list[str], asked: str, joined: str) -> bool:
    return f" {' '.join(words)} " in asked or (len("".join(words)) >= 2 * MIN_LETTERS and "".join(words) in joined)


def _name_words(text: str) -> list[str]:
    """Words, with ``SupplyAgreement`` taken apart."""
    return words_of(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text))
