"""Text -> pieces small enough to embed and to quote. Knows places, but no format and no model.

`split_blocks` is what the product uses: pieces of 100 to 200 word pieces at sentence ends, without
overlap (Source: research.trychroma.com/evaluating-chunking, and our own measurement on the same sets).
`RecursiveCharacterTextSplitter` cuts plain text by characters, for programs that know no places.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from rag.types import Block, Location

CountPieces = Callable[[Sequence[str]], list[int]]
Span = tuple[int, int]

_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’»)\]]*\s+|(?<=[。！？])|\n+")
_CHARACTERS_PER_PIECE = 8  # at most: a tokenizer counts a long word that it does not know as one piece
_SEPARATORS = ("\n\n", "\n", ". ", "? ", "! ", " ", "")


@dataclass(frozen=True, slots=True)
class ChunkDraft:
    """A piece before it is stored: verbatim text, and where its first words stand."""

    text: str
    location: Location
    pieces: int  # word pieces, as counted by the embedding model's tokenizer, or an eighth of the characters


@dataclass(frozen=True, slots=True)
class RecursiveCharacterTextSplitter:
    """Cuts at the first separator that gives small enough parts, then joins parts up to the size.

    ``chunk_overlap`` characters of a chunk's end are repeated at the next one's start, cut to whole
    words where there are any. Units: characters. Raises: ValueError for sizes that cannot work.
    """

    chunk_size: int = 400
    chunk_overlap: int = 50
    separators: Sequence[str] | None = None

    def __post_init__(self) -> None:
        if self.chunk_size < 1:
            raise ValueError(f"chunk_size must be at least 1, not {self.chunk_size}")
        if not 0 <= self.chunk_overlap < self.chunk_size:
            raise ValueError(f"chunk_overlap must lie between 0 and chunk_size - 1, not {self.chunk_overlap}")

    def split_text(self, text: str) -> list[str]:
        """The chunks in order; together they hold all of ``text`` but white space at their edges."""
        separators = _SEPARATORS if self.separators is None else (*self.separators, "")
        parts = _cut(text, (0, len(text)), separators, self.chunk_size - self.chunk_overlap)
        return [chunk for start, end in self._merged(text, parts) if (chunk := text[start:end].strip())]

    def _merged(self, text: str, parts: Iterator[Span]) -> Iterator[Span]:
        start = end = 0
        for part_start, part_end in parts:
            if part_end - start > self.chunk_size and end > start:
                yield start, end
                start = self._overlap_start(text, start, part_start)
            end = part_end
        if end > start:
            yield start, end

    def _overlap_start(self, text: str, start: int, end: int) -> int:
        """Where the next chunk begins so that it repeats the end of this one."""
        earliest = max(start + 1, end - self.chunk_overlap)
        if earliest >= end or text[earliest - 1].isspace():
            return min(earliest, end)
        word = re.compile(r"\s+(?=\S)").search(text, earliest, end)
        return word.end() if word else earliest


def _cut(text: str, span: Span, separators: Sequence[str], size: int) -> Iterator[Span]:
    """Parts of at most ``size`` characters that touch; each separator stays at its part's end."""
    start, end = span
    if end - start <= size:
        yield span
        return
    separator, *finer = separators
    if not separator:
        yield from ((at, min(at + size, end)) for at in range(start, end, size))
        return
    while start < end:
        found = text.find(separator, start, end)
        stop = end if found < 0 else found + len(separator)
        yield from _cut(text, (start, stop), finer, size)
        start = stop


# --- blocks -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Unit:
    """A block, or a sentence of one that is too big."""

    order: int  # of the block among all
    block: Block
    start: int
    end: int
    pieces: int

    @property
    def text(self) -> str:
        return self.block.text[self.start : self.end]


@dataclass(slots=True)
class _Draft:
    """The chunk that is being filled."""

    units: list[_Unit] = field(default_factory=list)
    pieces: int = 0

    def add(self, unit: _Unit) -> None:
        self.units.append(unit)
        self.pieces += unit.pieces

    def holds_headings_only(self) -> bool:
        return all(unit.block.kind == "heading" for unit in self.units)

    def finished(self) -> ChunkDraft:
        """Sentences of one block keep what stood between them; blocks stand on lines of their own."""
        text = ""
        rows: list[int | None] = []
        last: _Unit | None = None
        for unit in self.units:
            if last is not None:
                text += last.block.text[last.end : unit.start] if last.order == unit.order else "\n"
            text += unit.text
            rows += [unit.block.location.row] * (text.count("\n") + 1 - len(rows))
            last = unit
        first = next((unit for unit in self.units if unit.block.kind != "heading"), self.units[0])
        location = first.block.location
        if location.row is not None:
            location = replace(location, rows=tuple(row or location.row for row in rows))
        return ChunkDraft(text, location, self.pieces)


def split_blocks(
    blocks: Sequence[Block], count_pieces: CountPieces, target_pieces: int = 150, max_pieces: int = 200
) -> list[ChunkDraft]:
    """Chunks of about ``target_pieces`` and never more than ``max_pieces`` word pieces.

    A chunk never reaches over pages, slides, sheets or headings; small neighbours are joined, and big
    blocks are cut at sentences. ``count_pieces`` is called once per round of cutting, with many texts.
    """
    units = _units(blocks, count_pieces, max_pieces)
    drafts: list[ChunkDraft] = []
    draft = _Draft()
    for group in _by_block(units):
        whole = sum(unit.pieces for unit in group)
        fits = draft.pieces + whole <= max_pieces and draft.pieces < target_pieces
        if draft.units and not (_same_place(draft, group[0]) and (fits or draft.holds_headings_only())):
            drafts.append(draft.finished())
            draft = _Draft()
        goal = _even(draft.pieces + whole, target_pieces, max_pieces)
        for unit in group:
            if draft.units and (draft.pieces + unit.pieces > max_pieces or draft.pieces >= goal):
                drafts.append(draft.finished())
                draft = _Draft()
            draft.add(unit)
    if draft.units:
        drafts.append(draft.finished())
    return drafts


def _even(whole: int, target_pieces: int, max_pieces: int) -> float:
    """How full each part of a big block should be, so that no crumb is left at its end."""
    return max_pieces if whole <= max_pieces else whole / -(-whole // target_pieces)


def _same_place(draft: _Draft, unit: _Unit) -> bool:
    """Same page, slide, sheet and heading; a heading without text goes with the sections below it."""
    here, there = draft.units[-1].block.location, unit.block.location
    if (here.page, here.slide, here.sheet) != (there.page, there.slide, there.sheet):
        return False
    above = there.heading_path[: len(here.heading_path)]
    return here.heading_path == (above if draft.holds_headings_only() else there.heading_path)


def _by_block(units: Sequence[_Unit]) -> Iterator[list[_Unit]]:
    group: list[_Unit] = []
    for unit in units:
        if group and group[-1].order != unit.order:
            yield group
            group = []
        group.append(unit)
    if group:
        yield group


def _units(blocks: Sequence[Block], count_pieces: CountPieces, max_pieces: int) -> list[_Unit]:
    """Every block, whole or cut until no unit is too big. Rounds: whole blocks, sentences, then halves."""
    longest = 4 * max_pieces * _CHARACTERS_PER_PIECE
    done: list[_Unit] = []
    spans = [(order, span) for order, block in enumerate(blocks) for span in _initial(block, longest)]
    cut: Callable[[str, Span], list[Span]] = _sentences
    while spans:
        counts = count_pieces([blocks[order].text[start:end] for order, (start, end) in spans])
        too_big: list[tuple[int, Span]] = []
        for (order, span), pieces in zip(spans, counts, strict=True):
            characters = span[1] - span[0]
            weight = max(pieces, characters // _CHARACTERS_PER_PIECE)
            if weight > max_pieces and characters > 1:
                too_big.append((order, span))
            else:
                done.append(_Unit(order, blocks[order], *span, weight))
        spans = [(order, part) for order, span in too_big for part in cut(blocks[order].text, span)]
        cut = _halves
    return sorted(done, key=lambda unit: (unit.order, unit.start))


def _initial(block: Block, longest: int) -> list[Span]:
    """The whole block; one of many chunks' length goes straight to sentences, which saves counting it twice."""
    whole = (0, len(block.text))
    return _sentences(block.text, whole) if len(block.text) > longest else [whole]


def _sentences(text: str, span: Span) -> list[Span]:
    spans: list[Span] = []
    start, end = span
    for match in _SENTENCE_END.finditer(text, start, end):
        spans.append((start, match.end()))
        start = match.end()
    spans.append((start, end))
    return [trimmed for part in spans if (trimmed := _trim(text, part))]


def _halves(text: str, span: Span) -> list[Span]:
    """Two parts, cut at the white space nearest to the middle where there is any."""
    start, end = span
    middle = (start + end) // 2
    before = max(text.rfind(" ", start + 1, middle), text.rfind("\n", start + 1, middle))
    cut = before if before > start else middle
    return [trimmed for part in ((start, cut), (cut, end)) if (trimmed := _trim(text, part))]


def _trim(text: str, span: Span) -> Span | None:
    start, end = span
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if end > start else None
