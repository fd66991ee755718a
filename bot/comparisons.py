"""What changed between two versions of a file: each passage as it was and as it is, numbers first.

Knows how changes are shown; how they are found is the library's concern. No model is asked.
"""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot import blocks, receipts
from bot.brief import CHANGES, Brief, heading
from bot.chosen import Pair
from bot.records import Share, scope_of
from bot.texts import Texts
from rag.changes import Change, Comparison, Kind, Passage, compare
from rag.digest import Digester

MOST_CHANGES = 12
PASSAGE_CHARS = 500
_MARKS = frozenset("*_~`")  # a word that holds one of them is not set in bold: it might end early


@dataclass(frozen=True, slots=True)
class Comparisons:
    """Everything a comparison needs; built once."""

    digester: Digester  # for its passages

    async def brief(self, pair: Pair, texts: Texts) -> Brief:
        """What changed from the older version to the newer. Raises: InhouseError."""
        found = await asyncio.to_thread(self._compared, pair)
        return brief_of(texts, pair, found)

    def _compared(self, pair: Pair) -> Comparison:
        old, new = (
            self.digester.hits(scope_of(share.team, share.channel), share.document_id or 0)
            for share in (pair.old, pair.new)
        )
        return compare(old, new)


def brief_of(texts: Texts, pair: Pair, found: Comparison) -> Brief:
    """The first `MOST_CHANGES`, and how many there are of each kind."""
    shown = found.changes[:MOST_CHANGES]
    title = _title(texts, pair)
    if found.is_equal:
        text = texts("changes-equal", name=blocks.code(pair.new.name))
        parts: tuple[tuple[str, str], ...] = ((text, text),)
    else:
        counts = texts("changes-counts", **{kind.value: found.count(kind) for kind in Kind})
        parts = (heading(title), (counts, counts), *(_part(texts, n, each) for n, each in enumerate(shown, 1)))
    notes = [texts("changes-versions", old=_named(texts, pair.old), new=_named(texts, pair.new))]
    if len(found.changes) > len(shown):
        notes.append(texts("changes-more", count=len(found.changes) - len(shown)))
    passages = [passage for each in shown for passage in (each.old, each.new) if passage]
    return Brief(
        parts=parts,
        tail=(blocks.context(" ".join(notes)),),
        outcome=CHANGES,
        text="\n".join([title, *(_plain(each) for each in shown)]),
        files=tuple(dict.fromkeys((pair.old.file_id, pair.new.file_id))),
        cited=tuple(dict.fromkeys(passage.chunk_id for passage in passages)),
    )


def _title(texts: Texts, pair: Pair) -> str:
    if pair.old.name.casefold() == pair.new.name.casefold():
        return texts("changes-heading", name=blocks.code(pair.new.name))
    return texts("changes-heading-two", old=blocks.code(pair.old.name), new=blocks.code(pair.new.name))


def _named(texts: Texts, share: Share) -> str:
    name = blocks.linked(share.name, share.permalink)
    return texts("changes-version", name=name, day=receipts.day(texts, share.message_ts))


def _part(texts: Texts, number: int, change: Change) -> tuple[str, str]:
    """``1. Changed, page 2`` and below it the passage as it was and as it is."""
    kind = texts(f"change-{change.kind.value}")
    places = [blocks.label(each.location.label()) for each in (change.old, change.new) if each]
    where = " → ".join(dict.fromkeys(filter(None, places)))
    top = f"{number}. {kind}" + (f", {where}" if where else "")
    streamed = f"{number}\\. {kind}" + (f", {blocks.markdown(where)}" if where else "")
    return (
        "\n>".join([f"*{top}*", *_said(texts, change, blocks.escape, "*")]),
        "\n>\n>".join([f"**{streamed}**", *_said(texts, change, blocks.markdown, "**")]),
    )


def _said(texts: Texts, change: Change, safe: Callable[[str], str], bold: str) -> list[str]:
    """The passage, or the old one and the new one."""
    if change.kind is Kind.CHANGED and change.old and change.new:
        was, now = _differing(_cut(change.old), _cut(change.new), safe, bold)
        return [texts("change-was", text=was), texts("change-now", text=now)]
    passage = change.new or change.old
    return [safe(_cut(passage))] if passage else []


def _differing(old: str, new: str, safe: Callable[[str], str], bold: str) -> tuple[str, str]:
    """Both with the words in bold that the other one lacks there."""
    before, after = old.split(), new.split()
    codes = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    gone = {n for kind, a, b, _, _ in codes if kind != "equal" for n in range(a, b)}
    come = {n for kind, _, _, c, d in codes if kind != "equal" for n in range(c, d)}
    return _emphasised(before, gone, safe, bold), _emphasised(after, come, safe, bold)


def _emphasised(words: Sequence[str], places: set[int], safe: Callable[[str], str], bold: str) -> str:
    """Runs of words in bold; what is made safe is each run whole, so that no address is put together of two."""
    found: list[tuple[bool, list[str]]] = []
    for number, word in enumerate(words):
        is_bold = number in places and _MARKS.isdisjoint(word)
        if found and found[-1][0] == is_bold:
            found[-1][1].append(word)
        else:
            found.append((is_bold, [word]))
    return " ".join(f"{bold}{safe(' '.join(run))}{bold}" if is_bold else safe(" ".join(run)) for is_bold, run in found)


def _cut(passage: Passage) -> str:
    return blocks.shorten(" ".join(passage.text.split()), PASSAGE_CHARS)


def _plain(change: Change) -> str:
    """A change for the thread's history."""
    return " → ".join(_cut(passage) for passage in (change.old, change.new) if passage)
