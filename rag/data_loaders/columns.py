"""Boxes of text on a page -> lines in reading order: columns one after the other, a table's cells side by side.

Knows pixels, y growing downwards; no recognition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from rag.data_loaders.layout import Line

_MIN_SIDE = 4  # boxes that make a column
_MIN_WIDTH = 0.25  # of the page, that a column's lines have: what is narrower is a table's cells


@dataclass(frozen=True, slots=True)
class Box:
    """A text and its place. Units: pixels."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        return self.bottom - self.top


def lines_in_order(boxes: Sequence[Box], width: float, height: float) -> list[Line]:
    """The lines of a page of this size, as `rag.data_loaders.layout` wants them."""
    if not boxes:
        return []
    usual = median(box.height for box in boxes)
    return [_line(row, height, usual) for group in _columns(boxes, width) for row in _rows(group)]


def _columns(boxes: Sequence[Box], width: float) -> list[list[Box]]:
    """Groups to be read one after the other: of two columns the left one first, between lines that cross both."""
    ordered = sorted(boxes, key=lambda box: box.top)
    middle = _gutter(boxes, width)
    if middle is None:
        return [ordered]
    groups: list[list[Box]] = []
    left: list[Box] = []
    right: list[Box] = []
    for box in ordered:
        if box.left < middle < box.right:
            groups += [left, right, [box]]
            left, right = [], []
        else:
            (left if box.right <= middle else right).append(box)
    return [group for group in (*groups, left, right) if group]


def _gutter(boxes: Sequence[Box], width: float) -> float | None:
    """Where a page of two columns is parted; None where it has one."""
    best: tuple[int, float] | None = None
    for share in range(35, 66):
        middle = width * share / 100
        left = [box for box in boxes if box.right <= middle]
        right = [box for box in boxes if box.left >= middle]
        crossing = len(boxes) - len(left) - len(right)
        if min(len(left), len(right)) < _MIN_SIDE or crossing > 0.2 * len(boxes):
            continue
        if min(median(box.right - box.left for box in side) for side in (left, right)) < _MIN_WIDTH * width:
            continue
        if best is None or crossing < best[0]:
            best = (crossing, middle)
    return None if best is None else best[1]


def _rows(boxes: Sequence[Box]) -> list[list[Box]]:
    """Boxes that stand beside each other, from left to right."""
    rows: list[list[Box]] = []
    for box in sorted(boxes, key=lambda box: (box.top + box.bottom) / 2):
        middle = (box.top + box.bottom) / 2
        if rows and rows[-1][0].top < middle < rows[-1][0].bottom:
            rows[-1].append(box)
        else:
            rows.append([box])
    return [sorted(row, key=lambda box: box.left) for row in rows]


def _line(row: Sequence[Box], page_height: float, usual: float) -> Line:
    """One line. Heights that differ by the letters in them only count as the page's usual one."""
    top, bottom = min(box.top for box in row), max(box.bottom for box in row)
    middle = (top + bottom) / 2
    height = usual if 0.7 * usual < bottom - top < 1.4 * usual else bottom - top
    text = " | ".join(box.text for box in row) if len(row) > 1 else row[0].text
    return Line(
        text,
        left=row[0].left,
        top=page_height - middle + height / 2,
        right=row[-1].right,
        bottom=page_height - middle - height / 2,
        height=height,
        is_row=len(row) > 1,
    )
