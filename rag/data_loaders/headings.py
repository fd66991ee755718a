"""The headings above the place that is being read."""

from __future__ import annotations

from dataclasses import dataclass, field

from rag.types import Block, Location


@dataclass(slots=True)
class Headings:
    """The heading path while a document is read from top to bottom."""

    _open: list[tuple[int, str]] = field(default_factory=list)

    @property
    def path(self) -> tuple[str, ...]:
        return tuple(title for _, title in self._open)

    def enter(self, level: int, title: str) -> Block:
        """Begin a section; a heading closes those of its own level and below. Gives the heading's block."""
        title = " ".join(title.split())
        while self._open and self._open[-1][0] >= level:
            self._open.pop()
        if title:
            self._open.append((level, title[:200]))
        return Block(title, Location(heading_path=self.path), "heading")
