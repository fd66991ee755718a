"""Every sentence for people, in English and German, from one catalogue of Project Fluent files.

`en/` and `de/` hold the same message ids with the same variables; `texts_for` picks one by a Slack
locale. What is inserted is inserted as it is: the caller makes it safe first (`bot.blocks`). The
library's own sentences (errors, notes on a file) are English; `Texts.sentence` finds them in
`library.ftl` and says them in the language wanted.
"""

from __future__ import annotations

import functools
import re
from importlib.resources import files

from fluent.runtime import FluentBundle, FluentResource

from rag.errors import InhouseError

LONG_CHARS = 500
_MARK = re.compile("\ue000(\\w+)\ue001")
LANGUAGES = {"en": "English", "de": "Deutsch"}


class Texts:
    """The catalogue in one language. Build it with `texts_for`."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._bundle = FluentBundle([{"en": "en-GB", "de": "de-DE"}[language]], use_isolating=False)
        for source in sources(language).values():
            self._bundle.add_resource(FluentResource(source))

    def __call__(self, message_id: str, **values: str | int | float) -> str:
        """The sentence with its values. Raises: KeyError — there is no such id; ValueError — a value is missing."""
        # Fluent takes no value beyond 1,000 characters (names of many files are longer), so those go in afterwards.
        long = {name: value for name, value in values.items() if isinstance(value, str) and _is_long(value)}
        marks = {name: f"\ue000{name}\ue001" for name in long}
        text, problems = self._bundle.format_pattern(_pattern(self._bundle, message_id), values | marks)
        if problems:
            raise ValueError(f"{message_id}: {problems[0]}")
        return _MARK.sub(lambda mark: long.get(mark.group(1), mark.group()), str(text)) if long else str(text)

    def has(self, message_id: str) -> bool:
        """Whether the catalogue holds an id."""
        return self._bundle.has_message(message_id)

    def error(self, error: InhouseError) -> str:
        """What went wrong, for the person who can act."""
        return self.sentence(error.user_message)

    def sentence(self, english: str) -> str:
        """A sentence of the library's in this language; as it is, where the catalogue does not know it."""
        if self.language == "en":
            return english
        said = english.strip().rstrip(".")
        for message_id, pattern in _library_patterns():
            if found := pattern.fullmatch(said):
                values = {name: _grouped(value) for name, value in found.groupdict().items()}
                words = self(message_id, **values).rstrip(".")
                return f"{words}." if english.endswith(".") else words
        return english


def _grouped(value: str) -> str:
    """A number as Germans group it: 2.000 for 2,000."""
    return value.replace(",", ".") if re.fullmatch(r"\d{1,3}(?:,\d{3})+", value) else value


@functools.cache
def texts_for(locale: str) -> Texts:
    """The catalogue for a Slack locale such as "de-DE"; English for every language that there is none of."""
    language = locale.partition("-")[0].lower()
    return Texts(language if language in LANGUAGES else "en")


def sources(language: str) -> dict[str, str]:
    """File name → text of every Fluent file of a language."""
    folder = files(__package__) / language
    return {
        entry.name: entry.read_text(encoding="utf-8")
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".ftl")
    }


def _is_long(value: str) -> bool:
    return len(value) > LONG_CHARS or "\ue000" in value  # what looks like our own mark must not be taken for one


def _pattern(bundle: FluentBundle, message_id: str):
    pattern = bundle.get_message(message_id).value if bundle.has_message(message_id) else None
    if pattern is None:
        raise KeyError(message_id)
    return pattern


@functools.cache
def _library_patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Each English sentence of `library.ftl` as a pattern whose groups are its variables."""
    found = []
    for message_id, text in re.findall(r"(?m)^([\w-]+) = (.+)$", sources("en").get("library.ftl", "")):
        parts = re.split(r"\{ \$(\w+) \}", text.rstrip("."))
        names = iter(parts[1::2])
        regex = "".join(
            re.escape(part) + (f"(?P<{next(names)}>.+?)" if n < len(parts) // 2 else "")
            for n, part in enumerate(parts[::2])
        )
        found.append((message_id, re.compile(regex)))
    return tuple(found)
