"""A summary, or what changed, ready to be shown: in a thread as an answer, or to one person alone.

A value only: who made it and where it goes are others' concern.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot import blocks

SUMMARY, CHANGES = "summary", "changes"  # outcomes


@dataclass(frozen=True, slots=True)
class Brief:
    """What is told in an answer's place."""

    parts: tuple[tuple[str, str], ...]  # (mrkdwn, Markdown), each on a line of its own
    tail: tuple[blocks.Block, ...] = ()
    leads: str = ""  # mrkdwn: the links that Markdown parts lack
    outcome: str = SUMMARY
    text: str = ""  # for the thread's history; "": none is kept, as of what people wrote
    files: tuple[str, ...] = ()  # that it rests on
    cited: tuple[int, ...] = ()  # chunks
    messages: tuple[str, ...] = ()  # that it quotes, as `bot.asides.mark` has them


def heading(text: str) -> tuple[str, str]:
    """A line in bold, as (mrkdwn, Markdown); ``text`` is safe in mrkdwn already."""
    return f"*{text}*", f"**{text}**"


def joined(briefs: Sequence[Brief]) -> Brief:
    """Several as one, below each other."""
    return Brief(
        tuple(part for brief in briefs for part in brief.parts),
        tuple(part for brief in briefs for part in brief.tail),
        outcome=briefs[0].outcome,
        text="\n\n".join(brief.text for brief in briefs),
        files=tuple(dict.fromkeys(file_id for brief in briefs for file_id in brief.files)),
        cited=tuple(dict.fromkeys(chunk_id for brief in briefs for chunk_id in brief.cited)),
    )
