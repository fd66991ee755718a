"""Where the lines of a listing (commands, code, settings) stand in a document: verbatim, whole and in their order.

A line is compared as it is written, case included; only white space, quotation marks and a prompt in
front of it may differ. A command of which the document says "never run", or whose end was left off,
is not found. Knows chunks of text, and nothing of what a citation is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.types import Hit

MAX_LINES = 200
MAX_LINE_CHARS = 1000

_PROMPT = re.compile(r"(?:\$|>|PS>|>>>|\.\.\.)\s+")
_COMMENT = re.compile(r"\s*(?:#|//|--\s|;|REM\s)\s*(?P<text>.*)$", re.IGNORECASE)
_FENCE_LINE = re.compile(r"^[ \t]*(?:```|~~~).*$", re.MULTILINE)
_FORBIDS = re.compile(
    r"\b(?:never|do not|don'?t|must not|should not|avoid|nie|niemals|nicht|kein\w*)\b[^.!?,;]{0,60}$", re.IGNORECASE
)
_FORBIDDEN = re.compile(
    r"[`'\"]*\s+(?:(?:must|should|may|can|darf|dürfen|soll|sollte)\s?(?:not|never|nicht)"
    r"|(?:is|are|ist|sind) (?:forbidden|prohibited|not allowed|verboten|untersagt))",
    re.IGNORECASE,
)
_ENDS = re.compile(r"[ \t]*(?:$|[`'\").,;:!?]|#|//)", re.MULTILINE)
_SAME = str.maketrans("’‘“”„«»–—\u00a0", '\'\'"""""-- ')


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of a hit's text that holds lines of a listing."""

    hit: Hit
    start: int
    end: int


def lines_of(code: str) -> tuple[str, ...]:
    """The lines of ``code`` that say something, without prompts."""
    lines = (_PROMPT.sub("", line.strip(), count=1) for line in code.splitlines())
    return tuple(line for line in lines if re.search(r"\w", line))


def comment_in(line: str) -> str | None:
    """The words of a line that is a comment; None for any other line."""
    comment = _COMMENT.match(line)
    return comment["text"] if comment else None


def places_of(lines: Sequence[str], hits: Sequence[Hit]) -> tuple[Place, ...] | None:
    """Where all ``lines`` stand, in this order, in the chunks of one document; None where they do not.

    At most one place for each chunk.
    """
    if len(lines) > MAX_LINES or any(len(line) > MAX_LINE_CHARS for line in lines):
        return None
    patterns = [_pattern(line) for line in lines]
    documents = dict.fromkeys(hit.chunk.document_id for hit in hits)
    for document in documents:
        chunks = sorted((hit for hit in hits if hit.chunk.document_id == document), key=lambda h: h.chunk.ordinal)
        found = _in_order(patterns, chunks)
        if found is not None:
            return found
    return None


def _in_order(patterns: Sequence[re.Pattern[str]], chunks: Sequence[Hit]) -> tuple[Place, ...] | None:
    places: dict[int, Place] = {}
    number = at = 0
    for pattern in patterns:
        while (span := _find(pattern, chunks[number].chunk.text, at)) is None:
            number, at = number + 1, 0
            if number == len(chunks):
                return None
        first = places.get(number)
        places[number] = Place(chunks[number], first.start if first else span[0], span[1])
        at = span[1]
    return tuple(places.values())


def _find(pattern: re.Pattern[str], text: str, at: int) -> tuple[int, int] | None:
    same = text.translate(_SAME)
    for match in pattern.finditer(same, at):
        if not _is_forbidden(same, match) and not _is_cut(same, match):
            return match.span()
    return None


def _pattern(line: str) -> re.Pattern[str]:
    """``line`` as a whole: "foo" is not found in "foo-bar", nor "5" in "5.5"."""
    words = r"\s+".join(map(re.escape, line.translate(_SAME).split()))
    return re.compile(rf"(?<![\w\-./\\$@:=+%~]){words}(?![\w\-/\\=@+%~]|[.:,]\w)")


def _is_forbidden(text: str, match: re.Match[str]) -> bool:
    lines = _FENCE_LINE.sub("", text[max(0, match.start() - 160) : match.start()]).split("\n")
    above = next((line for line in reversed(lines[:-1]) if line.strip()), "")
    before = f"{above.strip()} {lines[-1]}".strip("` :\"'")
    return bool(_FORBIDS.search(before) or _FORBIDDEN.match(text, match.end()))


def _is_cut(text: str, match: re.Match[str]) -> bool:
    """Whether the command begins a line of the document and goes on there: an option may have been left off."""
    line_start = text.rfind("\n", 0, match.start()) + 1
    begins = _PROMPT.sub("", text[line_start : match.start()], count=1).strip() == ""
    return begins and not _ENDS.match(text, match.end())
