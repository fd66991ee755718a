"""Lines with a place on the page -> which of them belong together, and which are headings.

Knows points, not PDF. A line goes on when the next line's first word would not have fitted behind it:
that is what made the line break there. Where no places are known, `paragraphs` guesses by length.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from rag.data_loaders.paragraphs import STARTS_ITEM, join_lines, paragraphs

_NEAR = 8  # lines above and below that show where the column ends
_SENTENCE_END = re.compile(r"[.!?:;…][\"'”’»)]*$")
_LEADERS = re.compile(r"\.{4,}| … ")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text. Units: points, y grows upwards; ``height`` is 0 where nothing is known."""

    text: str
    left: float = 0.0  # of its first character
    top: float = 0.0  # of its first character's box, as ``height``
    right: float = 0.0  # of its last character
    bottom: float = 0.0  # of its last character's box
    height: float = 0.0
    is_row: bool = False  # wide gaps inside, as between the cells of a table


def group_lines(lines: Sequence[Line]) -> Iterator[str]:
    """The paragraphs that the lines form."""
    if any(line.height <= 0 for line in lines):
        yield from paragraphs([line.text for line in lines])
        return
    pitch = _pitch(lines)
    current = ""
    for index, line in enumerate(lines):
        if current and not _goes_on(lines, index, pitch):
            yield current
            current = ""
        current = join_lines(current, line.text.strip())
    if current:
        yield current


def heading_levels(pages: Sequence[Sequence[Line]]) -> dict[float, int]:
    """Line height -> heading level, largest first, for a file whose headings are set in larger type.

    Empty where large type is too common to mean headings, as on slides.
    """
    lines = [line for page in pages for line in page if line.height > 0]
    if not lines:
        return {}
    characters: Counter[float] = Counter()
    for line in lines:
        characters[_size(line)] += len(line.text)
    body = characters.most_common(1)[0][0]
    large = [line for line in lines if _size(line) >= 1.15 * body]
    if len(large) > 0.2 * len(lines):
        return {}
    sizes = sorted({_size(line) for line in large if _may_head(line)}, reverse=True)
    return {size: min(level, 6) for level, size in enumerate(sizes, start=1)}


def join_headings(lines: Sequence[Line], levels: dict[float, int]) -> list[Line]:
    """The lines, with headings of several lines made one."""
    joined: list[Line] = []
    for line in lines:
        level = heading_level(line, levels)
        above = joined[-1] if joined else None
        close = above is not None and 0 < above.bottom - _floor(line) < 1.5 * line.height
        if above is not None and close and level is not None and heading_level(above, levels) == level:
            text = join_lines(above.text, line.text)
            joined[-1] = replace(above, text=text, right=line.right, bottom=line.bottom)
        else:
            joined.append(line)
    return joined


def heading_level(line: Line, levels: dict[float, int]) -> int | None:
    """The line's level as a heading; None for other text."""
    return levels.get(_size(line)) if _may_head(line) else None


def _may_head(line: Line) -> bool:
    text = line.text.strip()
    return (
        2 < len(text) <= 120 and not line.is_row and any(map(str.isalpha, text)) and not text.endswith((".", ",", ";"))
    )


def _size(line: Line) -> float:
    return round(line.height * 2) / 2


def _pitch(lines: Sequence[Line]) -> float:
    """From one line to the next inside a paragraph: the lower quartile of what the page shows."""
    steps = sorted(
        step for above, line in pairwise(lines) if 0 < (step := above.bottom - _floor(line)) < 4 * line.height
    )
    return steps[len(steps) // 4] if len(steps) >= 3 else 1.4 * max((line.height for line in lines), default=0)


def _floor(line: Line) -> float:
    return line.top - line.height


def _goes_on(lines: Sequence[Line], index: int, pitch: float) -> bool:
    above, line = lines[index - 1], lines[index]
    if STARTS_ITEM.match(line.text) or line.is_row or _LEADERS.search(above.text) or _LEADERS.search(line.text):
        return False
    step = above.bottom - _floor(line)
    if abs(step) < 0.6 * min(above.height, line.height):
        return line.left > above.right - line.height  # the same line: a raised or lowered figure
    if step > 1.3 * pitch or abs(above.height - line.height) > 0.12 * max(above.height, line.height):
        return False
    ended = _SENTENCE_END.search(above.text.rstrip()) is not None
    mid_sentence = line.text.lstrip()[:1].islower() and not ended
    if mid_sentence or step < 0:  # a negative step leads to the top of the next column
        return mid_sentence
    if above.is_row or (ended and line.left > above.left + 0.8 * line.height):
        return False  # a table's row, or an indented first line
    return _was_full(lines, index)


def _was_full(lines: Sequence[Line], index: int) -> bool:
    """Whether the first word of line ``index`` would not have fitted at the end of the line above."""
    above, line = lines[index - 1], lines[index]
    near = lines[max(0, index - _NEAR) : index + _NEAR]
    column = [other.right for other in near if above.left - 3 * above.height <= other.left <= above.right]
    words = line.text.split()
    if not words:
        return False
    per_character = max(line.right - line.left, 0.0) / max(len(line.text.strip()), 1)
    needed = (len(words[0]) + 1) * per_character
    return above.right + needed > max(column, default=0.0) - 0.5
