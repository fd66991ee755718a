"""Plain text and code: paragraphs between empty lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.data_loaders.encoding import read_text
from rag.data_loaders.paragraphs import paragraphs
from rag.data_loaders.reading import Reading
from rag.types import Block


def blocks(reading: Reading) -> Iterator[Block]:
    """Code keeps its lines as they are; in prose wrapped lines are joined."""
    text = read_text(reading.path)
    if reading.kind == "code":
        for part in re.split(r"\n[ \t]*\n", text):
            yield Block(part, kind="code")
        return
    # In stretches: how long a full line is may differ from one part of a file to the next.
    lines = text.split("\n")
    for start in range(0, len(lines), 2_000):
        for paragraph in paragraphs(lines[start : start + 2_000]):
            yield Block(paragraph)
