"""A checked sentence, fence or table as Slack shows it: mrkdwn for messages, Markdown for native streams.

Knows how Slack reads both, and nothing of where the text came from or whether it is true. Nothing of it
can become a mention, a link or formatting that hides something, nor leave the fence that it stands in.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from bot import blocks
from bot.splitting import FENCE, TABLE_RULE
from rag.sentences import Table, fence_of, table_of

TABLE_WIDTH = 80  # columns of a monospaced font; a wider table is shown as lines
COLUMN_GAP = "  "
TAB_COLUMNS = 4


def rendered(text: str, marks: str) -> tuple[str, str]:
    """``text`` with its citation ``marks`` such as ``[1][2]``, as (mrkdwn, Markdown)."""
    if fence := fence_of(text):
        return _fenced(fence.code.expandtabs(TAB_COLUMNS), fence.language, marks)
    if table := table_of(text):
        return _table(table, marks)
    return _marked(text, marks)


def _marked(text: str, marks: str) -> tuple[str, str]:
    mrkdwn, markdown = blocks.escape(text), blocks.markdown(text)
    return (f"{mrkdwn} {marks}", f"{markdown} {marks}") if marks else (mrkdwn, markdown)


def _fenced(code: str, language: str, marks: str) -> tuple[str, str]:
    """A fence, its marks below it. Slack shows the language of a fence in mrkdwn as if it were code."""
    below = [FENCE, marks] if marks else [FENCE]
    mrkdwn = "\n".join([FENCE, blocks.preformatted(code), *below])
    return mrkdwn, "\n".join([FENCE + language, blocks.verbatim(code), *below])


# --- tables --------------------------------------------------------------------------------------


def _table(table: Table, marks: str) -> tuple[str, str]:
    rows = [[_plain(cell) for cell in row] for row in (table.header, *table.rows)]
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    if sum(widths) + len(COLUMN_GAP) * (len(widths) - 1) > TABLE_WIDTH:
        text = "\n".join(_as_lines(rows[0], row) for row in rows[1:])
        return _marked(text, marks)
    rule = COLUMN_GAP.join(TABLE_RULE * size for size in widths)
    grid = "\n".join([_aligned(rows[0], widths), rule, *(_aligned(row, widths) for row in rows[1:])])
    return _fenced(grid, "", marks)


def _plain(cell: str) -> str:
    """A cell's words without Markdown's own signs, which a monospaced cell would show."""
    cell = re.sub(r"\*\*|__|`", "", cell)
    return " ".join(re.sub(r"<br\s*/?>", " ", cell, flags=re.IGNORECASE).split())


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (size - width(cell)) for cell, size in zip(cells, widths, strict=True))
    return COLUMN_GAP.join(padded).rstrip() or " "


def _as_lines(header: Sequence[str], row: Sequence[str]) -> str:
    cells = [f"{name}: {cell}" if name else cell for name, cell in zip(header, row, strict=True) if cell]
    return "\n  ".join(("• " + cells[0], *cells[1:])) if cells else "•"


def width(text: str) -> int:
    """How many columns ``text`` takes in a monospaced font."""
    return sum(_columns(char) for char in text)


def _columns(char: str) -> int:
    if unicodedata.category(char) in {"Mn", "Me", "Cf", "Cc"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
