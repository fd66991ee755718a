"""The stretches of a file that are summed up one by one: along its headings, and of bearable number.

Knows chunks in their order and nothing of what is done with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from rag.types import Hit

Section = tuple[Hit, ...]


def sections_of(hits: Sequence[Hit], *, size: int, most: int) -> list[Section]:
    """``hits`` in their order, cut where headings change into about ``most`` stretches of at least ``size``.

    A heading with little below it shares its stretch with its neighbours; one with much is cut evenly.
    """
    size = max(size, -(-len(hits) // most))
    found: list[Section] = []
    for _, unit in groupby(hits, key=lambda hit: hit.chunk.location.heading_path):
        for part in _evenly(tuple(unit), size):
            if found and _belong_together(found[-1], part, size):
                found[-1] += part
            else:
                found.append(part)
    return found


def _evenly(unit: Section, size: int) -> Iterator[Section]:
    parts = -(-len(unit) // size)
    edges = [len(unit) * number // parts for number in range(parts + 1)]
    return (unit[a:b] for a, b in pairwise(edges))


def _belong_together(section: Section, part: Section, size: int) -> bool:
    """Whether there is room; a new chapter begins a new section unless the one before is hardly begun."""
    if len(section) + len(part) > size:
        return False
    is_same_chapter = section[-1].chunk.location.heading_path[:1] == part[0].chunk.location.heading_path[:1]
    return is_same_chapter or 2 * len(section) < size
