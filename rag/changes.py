"""What changed between two versions of a file: sentence by sentence, without a model.

    sentences and headings of both → aligned → what moved is set aside → what is left is paired or stands alone

The same in any layout: white space, line breaks and page numbers change nothing. Numbers come first, since a changed
amount or date is what people look for. Knows passages, and nothing of which version is whose.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import pairwise

from rag.claims import numbers_in
from rag.salience import sentences_of
from rag.types import Hit, Location

ALIKE, ALIKE_THERE = 0.5, 0.3  # share of words from which one is another's new wording: anywhere, in its place
MOST_PAIRED = 1500  # sentences on either side that are compared with each other; beyond it only neighbours are
LONG_RUN = 3  # so many sentences that stand elsewhere have moved, or a heading; fewer may be a phrase used twice


class Kind(StrEnum):
    """What happened to a passage."""

    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of one version, as it stands there."""

    text: str
    location: Location
    chunk_id: int


@dataclass(frozen=True, slots=True)
class Change:
    """``old`` is None where something was added, ``new`` where it was removed."""

    kind: Kind
    old: Passage | None
    new: Passage | None
    has_numbers: bool  # a number, an amount or a date differs, came or went


@dataclass(frozen=True, slots=True)
class Comparison:
    """``changes``: those with numbers first, what moved last, else in the newer version's order."""

    changes: tuple[Change, ...]

    @property
    def is_equal(self) -> bool:
        """Whether both say the same, word for word."""
        return not self.changes

    def count(self, kind: Kind) -> int:
        """How many changes are of a kind."""
        return sum(change.kind is kind for change in self.changes)


@dataclass(frozen=True, slots=True)
class _Unit:
    """One sentence, line of a table, or heading; ``key`` is what is compared."""

    key: str
    passage: Passage
    place: int
    is_heading: bool = False


def compare(old: Sequence[Hit], new: Sequence[Hit]) -> Comparison:
    """What ``new`` says otherwise than ``old``; each all passages of one version in their order."""
    before, after = list(_units(old)), list(_units(new))
    removed, added, paired = _aligned(before, after)
    moved, removed, added = _moved(removed, added)
    more, removed, added = _paired(removed, added)
    changes = [
        *(_change(Kind.CHANGED, a, b) for a, b in (*paired, *more)),
        *(_change(Kind.REMOVED, unit, None) for unit in removed),
        *(_change(Kind.ADDED, None, unit) for unit in added),
        *(_change(Kind.MOVED, a, b) for a, b in moved),
    ]
    order = sorted(changes, key=lambda each: (each[0].kind is Kind.MOVED, not each[0].has_numbers, each[1]))
    return Comparison(tuple(change for change, _ in order))


def _units(hits: Sequence[Hit]) -> Iterator[_Unit]:
    """What is compared, in order. A heading counts once, where it begins to hold."""
    headings: tuple[str, ...] = ()
    place = 0
    for hit in hits:
        where = hit.chunk.location
        for depth, heading in enumerate(where.heading_path):
            if where.heading_path[: depth + 1] != headings[: depth + 1]:
                yield _Unit(_key(heading), Passage(heading, where, hit.chunk.chunk_id), place, is_heading=True)
                place += 1
        headings = where.heading_path
        for text, location in _texts(hit):
            if key := _key(text):
                yield _Unit(key, Passage(text, location, hit.chunk.chunk_id), place)
                place += 1


def _texts(hit: Hit) -> Iterator[tuple[str, Location]]:
    """The sentences of a passage; of table rows its lines, each with its row."""
    where = hit.chunk.location
    if not where.rows:
        yield from ((text, where) for text in sentences_of(hit.chunk.text))
        return
    for number, line in enumerate(hit.chunk.text.splitlines()):
        row = where.rows[number] if number < len(where.rows) else where.row
        yield line, replace(where, row=row, rows=())


def _key(text: str) -> str:
    """The same for every layout of the same words; "" where there are none, or only a page's number."""
    joined = re.sub(r"(?<=\w)[-\u00ad]\s*\n\s*(?=[a-zäöüß])", "", text)
    if re.fullmatch(r"\W*(?:(?:page|seite|slide|folie)\W*)?\d{1,4}\W*(?:(?:of|von|/)\W*\d{1,4}\W*)?", joined.lower()):
        return ""
    key = re.sub(r"[\s\u00ad\u200b]+", "", joined).translate(_SAME_SIGNS)
    return key if re.search(r"\w", key) else ""


_SAME_SIGNS = str.maketrans("“”„«»‘’‚–—‑\u2212", '"""""\'\'\'----')

_Pairs = list[tuple[_Unit, _Unit]]


def _aligned(before: list[_Unit], after: list[_Unit]) -> tuple[list[_Unit], list[_Unit], _Pairs]:
    """What is only in one of them, and the pairs of what stands in the same place with other words."""
    removed: list[_Unit] = []
    added: list[_Unit] = []
    pairs: _Pairs = []
    known: set[_Unit] = set()
    for gone, come in _differing(before, after):
        if _joined(gone) == _joined(come):  # only cut into sentences elsewhere
            continue
        if len(gone) == len(come):  # one for one, as where a date was changed in each row
            rewritten = [(x, y) for x, y in zip(gone, come, strict=True) if _likeness(x, y) >= ALIKE_THERE]
            pairs += rewritten
            known |= {unit for pair in rewritten for unit in pair}
        removed += (unit for unit in gone if unit not in known)
        added += (unit for unit in come if unit not in known)
    return removed, added, pairs


def _differing(before: list[_Unit], after: list[_Unit]) -> Iterator[tuple[list[_Unit], list[_Unit]]]:
    """The stretches between what is the same in both, of each version; either may be empty."""
    edges = [(-1, -1), *_anchors(before, after), (len(before), len(after))]
    for (a, b), (c, d) in pairwise(edges):
        old, new = before[a + 1 : c], after[b + 1 : d]
        if old and new:
            matcher = SequenceMatcher(None, [unit.key for unit in old], [unit.key for unit in new])
            found = (each for each in matcher.get_opcodes() if each[0] != "equal")
            yield from ((old[first:last], new[start:end]) for _, first, last, start, end in found)
        elif old or new:
            yield old, new


def _anchors(before: list[_Unit], after: list[_Unit]) -> list[tuple[int, int]]:
    """Places of what stands once in either version, as far as it stands in the same order: the longest such chain.

    Source: patience diff, Bram Cohen; by itself difflib takes time that grows with the square of a file's length.
    """
    once = [Counter(unit.key for unit in units) for units in (before, after)]
    places = {unit.key: place for place, unit in enumerate(after) if once[1][unit.key] == 1}
    common = [(n, places[u.key]) for n, u in enumerate(before) if once[0][u.key] == 1 and u.key in places]
    ends: list[int] = []  # the smallest end of a chain of each length
    chains: list[tuple[tuple[int, int], int]] = []  # a pair, and the number of the one before it; -1: none
    last: list[int] = []  # the number of the pair that ends the chain of each length
    for pair in common:
        length = bisect_left(ends, pair[1])
        chains.append((pair, last[length - 1] if length else -1))
        ends[length : length + 1] = [pair[1]]
        last[length : length + 1] = [len(chains) - 1]
    chain, number = [], last[-1] if last else -1
    while number >= 0:
        pair, number = chains[number]
        chain.append(pair)
    return chain[::-1]


def _joined(units: Sequence[_Unit]) -> str:
    return "".join(unit.key for unit in units)


def _moved(removed: list[_Unit], added: list[_Unit]) -> tuple[_Pairs, list[_Unit], list[_Unit]]:
    """Where what went away stands elsewhere word for word: the beginnings of such stretches, and what is left.

    A stretch too short to have moved is dropped all the same: nothing of it came or went.
    """
    both = Counter(unit.key for unit in removed) & Counter(unit.key for unit in added)
    gone, come = _taken(removed, both), _taken(added, both)
    waiting: dict[str, list[_Unit]] = defaultdict(list)
    for unit in come:
        waiting[unit.key].append(unit)
    pairs = [(unit, waiting[unit.key].pop(0)) for unit in gone]
    runs: list[_Pairs] = []
    for pair in pairs:
        last = runs[-1][-1] if runs else None
        if last and pair[0].place == last[0].place + 1 and pair[1].place == last[1].place + 1:
            runs[-1].append(pair)
        else:
            runs.append([pair])
    known = {unit for pair in pairs for unit in pair}
    left = [unit for unit in removed if unit not in known], [unit for unit in added if unit not in known]
    moved = [run[0] for run in runs if len(run) >= LONG_RUN or run[0][0].is_heading]
    return moved, *left


def _taken(units: Sequence[_Unit], keys: Counter[str]) -> list[_Unit]:
    left = Counter(keys)
    found = []
    for unit in units:
        if left[unit.key] > 0:
            left[unit.key] -= 1
            found.append(unit)
    return found


def _paired(removed: list[_Unit], added: list[_Unit]) -> tuple[_Pairs, list[_Unit], list[_Unit]]:
    """Sentences whose new wording stands anywhere in the other version, the likest first."""
    holding: dict[str, set[int]] = defaultdict(set)
    for number, unit in enumerate(added[:MOST_PAIRED]):
        for word in _words(unit):
            holding[word].add(number)
    rare = {word: places for word, places in holding.items() if len(places) <= 40}
    found = []
    for number, unit in enumerate(removed[:MOST_PAIRED]):
        others = set().union(*(rare[word] for word in _words(unit) if word in rare))
        found += [(_likeness(unit, added[other]), number, other) for other in others]
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for alike, number, other in sorted(found, key=lambda each: (-each[0], each[1:])):
        if alike >= ALIKE and number not in pairs and other not in taken:
            pairs[number] = other
            taken.add(other)
    return (
        [(removed[number], added[other]) for number, other in pairs.items()],
        [unit for number, unit in enumerate(removed) if number not in pairs],
        [unit for number, unit in enumerate(added) if number not in taken],
    )


def _likeness(old: _Unit, new: _Unit) -> float:
    """Share of words that both have, numbers apart: a changed amount makes no other sentence. From 0 to 1."""
    a, b = _words(old), _words(new)
    return len(a & b) / len(a | b) if a or b else 1.0


def _words(unit: _Unit) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W\d_]+", unit.passage.text.lower()))


def _change(kind: Kind, old: _Unit | None, new: _Unit | None) -> tuple[Change, int]:
    """The change, and its place: in the newer version, else in the older."""
    gone = numbers_in(old.passage.text) if old else frozenset[str]()
    come = numbers_in(new.passage.text) if new else frozenset[str]()
    unit = new or old
    assert unit is not None
    change = Change(kind, old.passage if old else None, new.passage if new else None, gone != come)
    return change, unit.place
