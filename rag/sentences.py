"""Where sentences begin and end, in finished text and in text that is still being written.

Rules, not a model: a sentence ends at . ! ? … or a line break, unless the full stop belongs to an
abbreviation, an initial, a number or a list item. Knows English and German abbreviations. In text that is
being written a fenced piece of code and a table are one unit each, and stand for one sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_ABBREVIATIONS = frozenset(
    """mr mrs ms dr prof st vs etc e.g i.e eg ie cf no nos art sec fig p pp vol approx inc ltd co corp jr sr u.s jan
    feb mar apr jun jul aug sep sept oct nov dec z.b d.h bzw ca nr abs s u.a usw ggf evtl inkl max min tel str
    bspw sog vgl hr fr""".split()
)
# From a run's first mark on: looking anew from each mark of a run takes time that grows with its square.
_END = re.compile(r"(?<![.!?…。！？])[.!?…。！？]++[\"'”’»)\]*_]*+(?=\s|$)|\n+")
# After a number and a full stop these go on: "zum 12. September", "am 31.12. und".
_AFTER_ORDINAL = re.compile(
    r"[.]\s+(?:[a-zäöü]|(?:Jan|Feb|Mär|Apr|Mai|Juni|Juli|Aug|Sept|Okt|Nov|Dez|Stock|Etage|Quartal|Absatz)\w*)"
)
_OPENING = re.compile(r"[ \t]*(?P<fence>`{3,}|~{3,})[ \t]*(?P<language>[^\s`]*)[^\n`]*$")
_RULE = re.compile(r"\|:?-+:?(?:\|:?-+:?)*\|?$")  # without its spaces
_MAYBE_RULE = re.compile(r"[ \t|:-]*$")
_BAR = re.compile(r"(?<!\\)\|")
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
    """Collects pieces of text and gives back whole sentences, fences and tables, each once and in order."""

    def __init__(self) -> None:
        self._text = ""

    def push(self, piece: str) -> list[str]:
        """What ``piece`` completed: the next sentence has visibly begun, or the line, the fence or the table ended."""
        self._text += piece
        done: list[str] = []
        while (block := _first_block(self._text)) is not None:
            done += split_sentences(self._text[: block.start])
            if not block.is_complete:
                self._text = self._text[block.start :]
                return done
            done.append(_unit(self._text[block.start : block.end]))
            self._text = self._text[block.end :]
        return done + self._sentences()

    def flush(self) -> str:
        """What is left: the last sentence, perhaps unfinished; a fence that was left open is closed."""
        rest, self._text = self._text, ""
        opened = _OPENING.match(rest.split("\n", 1)[0])
        if opened and "\n" in rest.strip() and not _is_closed(rest):
            rest = f"{rest.rstrip()}\n{opened['fence']}"
        return _unit(rest) if opened else rest.strip()

    def _sentences(self) -> list[str]:
        done: list[str] = []
        start = 0
        for match in _END.finditer(self._text, 0, _held_from(self._text)):
            followed = match.end() < len(self._text)
            if followed and _is_boundary(self._text, match):
                done.extend(self._text[a:b] for a, b in _trimmed(self._text, start, match.end()))
                start = match.end()
        self._text = self._text[start:]
        return done


def is_finished(sentence: str) -> bool:
    """Whether ``sentence`` ends as a sentence does, rather than where a token limit cut it."""
    if fence_of(sentence) or table_of(sentence):
        return True
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
    is_number = re.fullmatch(r"[\d.]+", last) is not None
    list_item = is_number and text[: match.start()].rsplit("\n", 1)[-1].strip() == last
    ordinal = is_number and _AFTER_ORDINAL.match(text[match.start() : match.start() + 20]) is not None
    return not (last.lower() in _ABBREVIATIONS or initial or list_item or ordinal)


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


# --- fences and tables -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fence:
    """A closed piece of code; ``language`` is one word, or empty."""

    language: str
    code: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table in Markdown; every row has as many cells as the header."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def fence_of(text: str) -> Fence | None:
    """The fence that ``text`` is, if it is one and nothing else."""
    lines = text.strip("\n").split("\n")
    opened = _OPENING.match(lines[0])
    if opened is None or len(lines) < 2 or _closing(lines, opened["fence"]) != len(lines) - 1:
        return None
    indent = len(lines[-1]) - len(lines[-1].lstrip())
    code = "\n".join(line[indent:] if not line[:indent].strip() else line for line in lines[1:-1])
    language = re.sub(r"[^\w+#.-]", "", opened["language"])[:20]
    return Fence(language, code.strip("\n")) if code.strip() else None


def table_of(text: str) -> Table | None:
    """The table that ``text`` is, if it is one and nothing else: a header, a rule, and at least one row."""
    lines = text.strip().split("\n")
    if len(lines) < 3 or not _is_head(lines[0], lines[1]) or not all(map(_is_row, lines)):
        return None
    header = _cells(lines[0])
    rows = [(*_cells(line), *[""] * len(header))[: len(header)] for line in lines[2:]]
    return Table(header, tuple(rows))


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    is_complete: bool


def _first_block(text: str) -> _Span | None:
    """The first fence or table of ``text``, perhaps still being written."""
    lines = text.split("\n")
    at = 0
    for number, line in enumerate(lines):
        if opened := _OPENING.match(line):
            last = _closing(lines[number:], opened["fence"])
            return _span(lines, at, number, None if last is None else number + last + 1)
        if number + 2 < len(lines) and _is_head(line, lines[number + 1]):
            return _span(lines, at, number, _after_rows(lines, number + 2))
        at += len(line) + 1
    return None


def _after_rows(lines: Sequence[str], first: int) -> int | None:
    """The line after a table's last row; the last line of all tells only once there is something in it."""
    others = (number for number in range(first, len(lines)) if not _is_row(lines[number]))
    found = next(others, None)
    return None if found == len(lines) - 1 and not lines[found].strip() else found


def _span(lines: Sequence[str], start: int, first: int, after: int | None) -> _Span:
    """The lines from ``first`` to before ``after``, a number that is None while the last line is not known."""
    end = start + sum(len(line) + 1 for line in lines[first:after])
    return _Span(start, end, after is not None and after < len(lines))


def _closing(lines: Sequence[str], fence: str) -> int | None:
    """The line that closes the fence which the first one opens."""
    closing = re.compile(rf"[ \t]*{re.escape(fence[0])}{{{len(fence)},}}[ \t]*$")
    return next((number for number, line in enumerate(lines) if number and closing.match(line)), None)


def _is_closed(text: str) -> bool:
    lines = text.rstrip().split("\n")
    opened = _OPENING.match(lines[0])
    return opened is not None and _closing(lines, opened["fence"]) is not None


def _is_head(header: str, rule: str) -> bool:
    is_rule = _is_row(header) and bool(_RULE.match(re.sub(r"[ \t]", "", rule)))
    return is_rule and len(_cells(header)) == len(_cells(rule))


def _is_row(line: str) -> bool:
    """Whether a table goes on with ``line``; rows without a bar in front could not be told from text in time."""
    return line.lstrip().startswith("|")


def _cells(line: str) -> tuple[str, ...]:
    line = line.strip().removeprefix("|")
    line = line[:-1] if line.endswith("|") and not line.endswith("\\|") else line
    return tuple(cell.strip().replace("\\|", "|") for cell in _BAR.split(line))


def _held_from(text: str) -> int:
    """Where the last line or two begin that may turn out to be a table's header and rule."""
    before, _, last = text.rpartition("\n")
    header = before.rpartition("\n")[2]
    if _is_row(header) and _MAYBE_RULE.match(last):
        return len(before) - len(header)
    return len(text) - len(last) if _is_row(last) else len(text)


def _unit(text: str) -> str:
    """``text`` without empty lines around it; a fence's first line keeps its indentation."""
    return text.strip("\n").rstrip() if text.strip() else ""
