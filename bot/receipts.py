"""What is told of files that were read, replaced, or could not be read. Pure: words and blocks, no Slack calls."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence

from bot import blocks
from bot.records import Share
from bot.texts import Texts
from rag.types import Document

OTHER = "other"  # `Share.kind` of what is no document at all: a picture, a film, a program
NOTE_BREAK = "\n"  # between the sentences of `Share.note`; they hold semicolons themselves
MAX_BUTTONS = 5
NOTE_CHARS = 300  # of what is said of one file

DIGEST_BYTES = 6
Earlier = Mapping[str, Share | None]  # file id -> the newest version that it took the place of


def mark(shares: Sequence[Share]) -> str:
    """The same for the same files, so that a receipt that stands already is known again after a crash."""
    told = json.dumps(sorted((share.message_ts, share.file_id) for share in shares))
    digest = hashlib.blake2s(told.encode(), digest_size=DIGEST_BYTES).hexdigest()
    return f"receipt-{shares[0].message_ts}-{digest}"


def text(texts: Texts, shares: Sequence[Share], earlier: Earlier, left_out: int) -> str:
    """What came of each file, one line each."""
    lines = [_line(texts, share, earlier.get(share.file_id)) for share in shares]
    if left_out:
        lines.append(texts("receipt-left-out", count=left_out))
    elif all(share.state == "read" for share in shares):
        lines.append(texts("receipt-ask", count=len(shares)))
    return "\n".join(lines)


def parts(texts: Texts, shares: Sequence[Share], earlier: Earlier, left_out: int) -> list[blocks.Block]:
    """The same as blocks, with a button for each file that took another's place."""
    found = blocks.sections(text(texts, shares, earlier, left_out).splitlines())
    newer = [share for share in shares if share.state == "read" and earlier.get(share.file_id)][:MAX_BUTTONS]
    buttons = [build(texts, share, is_only=len(newer) == 1) for share in newer for build in (_what_changed, _both)]
    return [*found, blocks.actions(*buttons)] if buttons else found


def noted(texts: Texts, share_note: str) -> str:
    """A share's note, which is kept in English, in the language of ``texts``."""
    return "; ".join(texts.sentence(part) for part in share_note.split(NOTE_BREAK))


def note(document: Document) -> str:
    """What is kept of how a file was read: "2 sheets", and what of it was not read."""
    unit = {"pdf": "page", "pptx": "slide", "xlsx": "sheet"}.get(document.kind, "")
    count = document.page_count
    counted = [f"{count} {unit}{'s' if count != 1 else ''}"] if count and unit else []
    return NOTE_BREAK.join([*counted, *(said.rstrip(".") for said in document.notes)])


def day(texts: Texts, ts: str) -> str:
    """The day of a message, "12 November"; with its year where that is another than this one."""
    then, now = time.localtime(float(ts)), time.localtime()
    month = texts(f"month-{then.tm_mon}")
    if then.tm_year == now.tm_year:
        return texts("day", day=then.tm_mday, month=month)
    return texts("day-year", day=then.tm_mday, month=month, year=str(then.tm_year))


def _line(texts: Texts, share: Share, earlier: Share | None) -> str:
    name, said = blocks.code(share.name), blocks.escape(blocks.shorten(noted(texts, share.note), NOTE_CHARS))
    if share.state == "failed":
        return texts("receipt-failed", name=name, note=said)
    line = texts("receipt-read-note", name=name, note=said) if said else texts("receipt-read", name=name)
    if share.state == "replaced":
        return f"{line} {texts('receipt-older')}"
    return f"{line} {_replacing(texts, earlier)}" if earlier else line


def _replacing(texts: Texts, earlier: Share) -> str:
    if time.localtime(float(earlier.message_ts))[:3] == time.localtime()[:3]:
        return texts("receipt-replaces-today")
    return texts("receipt-replaces", day=day(texts, earlier.message_ts))


def _what_changed(texts: Texts, share: Share, *, is_only: bool) -> blocks.Block:
    words = texts("what-changed") if is_only else texts("what-changed-in", name=blocks.status_name(share.name))
    return blocks.button(words, blocks.COMPARE_FILE, share.file_id)


def _both(texts: Texts, share: Share, *, is_only: bool) -> blocks.Block:
    words = texts("search-both") if is_only else texts("search-both-of", name=blocks.status_name(share.name))
    return blocks.button(words, blocks.KEEP_BOTH, json.dumps({"file_id": share.file_id}))
