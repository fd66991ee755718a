"""Where sentences begin and end, in finished text and in text that is still being written.

Rules, not a model: a sentence ends at . ! ? … or a line break, unless the full stop belongs to an
abbreviation, an initial, a number or a list item. Knows English and German abbreviations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_ABBREVIATIONS = frozenset(
    """mr mrs ms dr prof st vs etc e.g i.e eg ie cf no nos art sec fig p pp vol approx inc ltd co corp jr sr u.s jan
    feb mar apr jun jul aug sep sept oct nov dec z.b d.h bzw ca nr abs s u.a usw ggf evtl inkl max min tel str
    bspw sog vgl hr fr""".split()
)
_END = re.compile(r"[.!?…。！？]+[\"'”’»)\]*_]*(?=\s|$)|\n+")
_LAST_WORD = re.compile(r"([\w.]+)$")


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each sentence of ``text``, white space around it left out."""
    start = 0
    for match in _END.finditer(text):
        if _is_boundary(text, match):
            yield from _trimmed(text, start, match.end())
            start = match.end()
    yield from _trimmed(text, start, len(text))


def split_sentences(text: str) -> list[str]:
    """The sentences of ``text``, verbatim."""
    return [text[start:end] for start, end in spans(text)]


class SentenceBuffer:
    """Collects pieces of text and gives back whole sentences, each once and in order."""

    def __init__(self) -> None:
        self._text = ""

    def push(self, piece: str) -> list[str]:
        """Sentences that ``piece`` completed: the next one has visibly begun, or the line ended."""
        self._text += piece
        done: list[str] = []
        start = 0
        for match in _END.finditer(self._text):
            followed = match.end() < len(self._text)
            if followed and _is_boundary(self._text, match):
                done.extend(self._text[a:b] for a, b in _trimmed(self._text, start, match.end()))
                start = match.end()
        self._text = self._text[start:]
        return done

    def flush(self) -> str:
        """What is left: the last sentence, perhaps unfinished."""
        rest, self._text = self._text.strip(), ""
        return rest


def is_finished(sentence: str) -> bool:
    """Whether ``sentence`` ends as a sentence does, rather than where a token limit cut it."""
    return bool(re.search(r"[.!?…。！？:][\"'”’»)\]*_]*$", sentence.strip()))


def _is_boundary(text: str, match: re.Match[str]) -> bool:
    mark = match.group()
    if mark == "\n" and _is_wrapped(text, match):
        return False
    if "\n" in mark or not mark.startswith(".") or len(mark.rstrip("\"'”’»)]*_")) > 1:
        return True
    word = _LAST_WORD.search(text[max(0, match.start() - 20) : match.start()])
    if word is None:
        return True
    last = word.group(1)
    initial = len(last) == 1 and last.isalpha() and last.isupper()
    list_item = re.fullmatch(r"[\d.]+", last) is not None and text[: match.start()].rsplit("\n", 1)[-1].strip() == last
    return not (last.lower() in _ABBREVIATIONS or initial or list_item)


def _is_wrapped(text: str, match: re.Match[str]) -> bool:
    """Whether a line break only wraps a line, as in text from a PDF: the sentence goes on in small letters."""
    before, after = text[: match.start()].rstrip()[-1:], text[match.end() : match.end() + 1]
    return after.islower() and (before.isalnum() or before in {",", "-", ")"})


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end
