"""Lines -> paragraphs: undoes the line wrapping of PDFs and of hard-wrapped text files.

Knows lines only, no geometry: a line is taken to go on when it is about as long as its page's long
lines, or when the next begins in lower case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

STARTS_ITEM = re.compile(
    r"\s*(?:[-–—•●▪◦‣*·o]\s|\(?[0-9]{1,3}[.)]\s|\(?[a-zA-Z][.)]\s|\(?[ivx]{1,4}[.)]\s|[0-9]+(?:\.[0-9]+)+\s)"
)
_LEADERS = re.compile(r"\.{4,}|(?:\. ){4,}|\s{3,}|\t|[-=_]{4,}|\|")  # contents lists, columns, rules
_ENDS = (".", "!", "?", ":", ";", "。", "…")


def paragraphs(lines: Sequence[str]) -> Iterator[str]:
    """Paragraphs of consecutive lines; an empty line always ends one."""
    full = _full_length(lines)
    current = ""
    previous = ""
    for line in lines:
        if current and not _goes_on(previous, line, full):
            yield current
            current = ""
        current = join_lines(current, line.strip() if current else line.rstrip())
        previous = line.rstrip()
    if current:
        yield current


def _full_length(lines: Sequence[str]) -> int:
    """Characters of a line that was filled: the upper decile."""
    lengths = sorted(len(line.rstrip()) for line in lines if line.strip())
    return lengths[int(0.9 * (len(lengths) - 1))] if lengths else 0


def _goes_on(previous: str, line: str, full: int) -> bool:
    following = line.strip()
    if not previous.strip() or not following or STARTS_ITEM.match(line):
        return False
    if _LEADERS.search(previous.strip()) or _LEADERS.search(following):
        return False
    if previous.endswith("-") and following[0].islower():
        return True
    if following[0].islower() and not previous.endswith(_ENDS):
        return len(previous) > 0.4 * full
    return full >= 30 and len(previous) > (0.9 if previous.endswith(_ENDS) else 0.75) * full


def join_lines(current: str, line: str) -> str:
    """Two lines of one paragraph; a word broken by a hyphen is put together again."""
    if not current:
        return line
    if current.endswith("-") and line[:1].isalnum():
        word = current.rsplit(None, 1)[-1]
        broken = len(word) > 2 and word[:-1].isalpha() and line[0].islower()
        return current[:-1] + line if broken else current + line
    return f"{current} {line}"
