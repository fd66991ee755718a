"""Markdown: blocks under their headings; code fences and tables stay whole lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.data_loaders.encoding import read_text
from rag.data_loaders.headings import Headings
from rag.data_loaders.reading import Reading
from rag.data_loaders.tables import row_blocks
from rag.types import Block, Location

_HEADING = re.compile(r" {0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_UNDERLINE = re.compile(r" {0,3}(=+|-{2,})\s*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_TABLE_RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$")
_FRONT_MATTER = re.compile(r"---\n.*?\n(?:---|\.\.\.)\n", re.S)
_CELL_BAR = re.compile(r"(?<!\\)\|")


def blocks(reading: Reading) -> Iterator[Block]:
    """Front matter, then each paragraph, fence and table row under its headings. Raises: UnsupportedFile."""
    text = read_text(reading.path)
    if front := _FRONT_MATTER.match(text):
        yield Block(front.group(0).strip("-.\n"))
        text = text[front.end() :]
    headings = Headings()
    for group in _groups(text.split("\n")):
        yield from _group_blocks(group, headings)


def _groups(lines: list[str]) -> Iterator[list[str]]:
    """Runs of lines that belong together: a heading, a fenced block, or what lies between empty lines."""
    group: list[str] = []
    fence = ""
    for line in lines:
        opened = _FENCE.match(line)
        if fence:
            group.append(line)
            if opened and opened.group(1).startswith(fence):
                fence = ""
                yield group
                group = []
        elif opened or not line.strip() or _HEADING.match(line):
            yield group
            group = [line] if opened else []
            fence = opened.group(1) if opened else ""
            if not opened and line.strip():
                yield [line]
        else:
            group.append(line)
    yield group


def _group_blocks(group: list[str], headings: Headings) -> Iterator[Block]:
    if not group:
        return
    if match := _HEADING.match(group[0]):
        yield headings.enter(len(match.group(1)), match.group(2))
    elif _FENCE.match(group[0]):
        yield Block("\n".join(group), Location(heading_path=headings.path), "code")
    elif len(group) > 1 and (rule := _UNDERLINE.match(group[1])) and "|" not in group[0]:
        yield headings.enter(1 if rule.group(1).startswith("=") else 2, group[0].strip())
        yield from _group_blocks(group[2:], headings)
    elif len(group) > 2 and "|" in group[0] and _TABLE_RULE.match(group[1]):
        rows = ((None, _cells(line)) for line in [group[0], *group[2:]])
        yield from row_blocks(rows, Location(heading_path=headings.path), header=True)
    else:
        yield Block("\n".join(group), Location(heading_path=headings.path))


def _cells(line: str) -> list[str]:
    return [cell.replace("\\|", "|") for cell in _CELL_BAR.split(line.strip().strip("|"))]
