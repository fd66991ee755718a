"""Text that is longer than Slack takes becomes several texts: pure, and nothing is lost.

Parts are whole where they fit. One that alone is too long is cut at a line, else at a word, never within
an escape, a link or a character. A fence that is cut is closed and opened again, with the header of the
table in it. Knows mrkdwn and Markdown as Slack reads them, and nothing of messages or blocks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

FENCE = "```"
TABLE_RULE = "─"  # below the header of a table in a fence, where a program's own output has hyphens
LONGEST_HEAD = 0.25  # of the limit: a longer header is not repeated

_WHOLE = re.compile(r"<[^<>\n]*>|&#?\w{1,8};|\\.|`{2,}|\[\d+\]")  # what is never cut in half
_OPENING = re.compile(rf"{FENCE}[\w+#.-]{{0,20}}$")
_RULE_LINE = re.compile(f"{TABLE_RULE}+(?: +{TABLE_RULE}+)*$")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one text may hold. Units: UTF-16 units, the largest of the ways to count a character; fences."""

    size: int
    fences: int = 10  # each falls apart into several blocks on Slack's side


def size(text: str) -> int:
    """The length of ``text`` in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def split(parts: Sequence[str], limits: Limits) -> list[list[str]]:
    """``parts``, in as few groups as keep the limits when each group is joined with line breaks."""
    groups: list[list[str]] = []
    used = fences = 0
    for part in parts:
        for piece in pieces(part, limits.size):
            length, opened = size(piece), piece.count(FENCE) // 2
            if not groups or used + 1 + length > limits.size or fences + opened > limits.fences:
                groups.append([])
                used, fences = -1, 0
            groups[-1].append(piece)
            used, fences = used + 1 + length, fences + opened
    return groups


def pieces(part: str, limit: int) -> list[str]:
    """``part`` whole, or cut into pieces of at most ``limit``; every fence in each of them is closed."""
    found = _Pieces(limit)
    for line in part.split("\n"):
        found.add(line)
    return found.finished()


class _Pieces:
    """The pieces of one part while they are being filled, line by line."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._done: list[str] = []
        self._lines: list[str] = []
        self._used = 0
        self._head: list[str] = []  # what opens the current fence again in the next piece; empty outside of fences
        self._repeated = 0  # how many of the current piece's lines only repeat the head

    def add(self, line: str) -> None:
        fixed = [*(self._head or [FENCE]), FENCE] if self._head or FENCE in line else []
        room = self._limit - sum(size(each) + 1 for each in fixed)
        for bit in bits(line, max(room, self._limit // 2)):
            self._make_room(bit)
            self._put(bit)
        self._note_table(line)

    def finished(self) -> list[str]:
        self._close()
        return self._done or [""]

    def _make_room(self, bit: str) -> None:
        closing = len(FENCE) + 1 if self._is_open_after(bit) else 0
        if len(self._lines) > self._repeated and self._used + size(bit) + closing > self._limit:
            self._close()
            for head in self._head:
                self._append(head)
            self._repeated = len(self._lines)

    def _put(self, bit: str) -> None:
        self._append(bit)
        if bit.count(FENCE) % 2:
            self._head = [] if self._head else [bit if _OPENING.match(bit) else FENCE]

    def _append(self, line: str) -> None:
        self._lines.append(line)
        self._used += size(line) + 1

    def _close(self) -> None:
        if len(self._lines) > self._repeated:
            self._done.append("\n".join([*self._lines, *([FENCE] if self._head else [])]))
        self._lines, self._used, self._repeated = [], 0, 0

    def _is_open_after(self, bit: str) -> bool:
        return bool(self._head) != bool(bit.count(FENCE) % 2)

    def _note_table(self, line: str) -> None:
        """The two first lines of a table in a fence are part of its head."""
        is_rule = len(self._head) == 1 and len(self._lines) == 3 and bool(_RULE_LINE.match(line))
        if is_rule and size("\n".join(self._lines)) <= LONGEST_HEAD * self._limit:
            self._head = list(self._lines)


def bits(line: str, limit: int) -> Iterator[str]:
    """``line`` in bits of at most ``limit`` that joined are the line again."""
    start = 0
    while start < len(line):
        end = _cut(line, start, limit)
        yield line[start:end]
        start = end
    if not line:
        yield line


def _cut(line: str, start: int, limit: int) -> int:
    """Where to end a bit that begins at ``start``: at the line's end, a word's, or at least a character's."""
    window = line[start : start + limit]
    while (excess := size(window) - limit) > 0:
        window = window[: -((excess + 1) // 2)]
    if start + len(window) == len(line):
        return len(line)
    word = max(window.rfind(" "), window.rfind("\t")) + 1
    at = start + (word if word > len(window) // 2 else len(window))
    whole = _before_whole(line, start, at)
    safe = next((i for i in range(whole, max(start, whole - 64), -1) if is_boundary(line, i)), whole)
    return safe if safe > start else start + len(window)


def _before_whole(line: str, start: int, at: int) -> int:
    """``at``, or the start of the escape, link or mark that it lies in."""
    reach = line[start : at + 2000]
    for match in _WHOLE.finditer(reach):
        if start + match.start() >= at:
            break
        if at < start + match.end():
            return start + match.start()
    return at


def is_boundary(text: str, at: int) -> bool:
    """Whether a new character, as a reader sees it, begins at ``at``."""
    if at <= 0 or at >= len(text):
        return True
    before, after = text[at - 1], text[at]
    if unicodedata.category(after).startswith("M") or unicodedata.category(after) == "Cf" or _joins(before):
        return False
    if _is_flag(before) and _is_flag(after):
        run = re.search("[\U0001f1e6-\U0001f1ff]+$", text[max(0, at - 1000) : at])
        return run is None or len(run.group()) % 2 == 0
    is_surrogate_pair = "\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff"
    is_syllable = "\u1160" <= after <= "\u11ff" or "\ud7b0" <= after <= "\ud7ff"  # of Korean, letter by letter
    is_shade = "\U0001f3fb" <= after <= "\U0001f3ff"
    return not (is_surrogate_pair or is_syllable or is_shade)


def _joins(char: str) -> bool:
    """A joiner, or the sign that binds two Indian consonants."""
    return char == "\u200d" or unicodedata.combining(char) == 9


def _is_flag(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"
