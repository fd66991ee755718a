"""Pure builders of what is posted: text made safe, and Block Kit.

Whatever comes from a model, a file or a file's name passes `escape` (mrkdwn) or `markdown` (native
streams) before it is posted: nothing of it may become a mention, a link, an image or formatting
that hides something. Limits: facts of Slack's documentation, section text 3,000, 50 blocks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rag.types import Citation

Block = dict[str, Any]

SECTION_CHARS = 2900
MESSAGE_CHARS = 13_000  # of all blocks together
BUTTON_VALUE_CHARS = 2000
NAME_CHARS = 100
MAX_SOURCES = 10

WIDEN, FORGET_ALL, CANCEL = "widen", "forget_all", "cancel"  # action ids

_GAP = "\u200b"  # breaks a bare @channel or web address without showing
# Control characters, text direction overrides and tag characters: they disguise names, or hide text in them.
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")


def escape(text: str) -> str:
    """Text for mrkdwn: no control sequence, no broadcast, no address that becomes a link, nothing hidden."""
    return _disarmed(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _disarmed(text: str) -> str:
    text = re.sub(r"@(?=channel|here|everyone)", f"@{_GAP}", _HIDDEN.sub("", text), flags=re.IGNORECASE)
    return re.sub(r"(?<=:)(?=//)|(?<=\bwww)(?=\.)|(?<=\bmailto)(?=:)", _GAP, text, flags=re.IGNORECASE)


def markdown(text: str) -> str:
    """Text for a native stream, which is standard Markdown: also no link, image or heading."""
    text = escape(text)
    text = re.sub(r"\](?=[(:\[])", f"]{_GAP}", text)
    text = re.sub(r"(?m)^(\s*)([#>])", r"\1" + _GAP + r"\2", text)
    return re.sub(r"([*_~`])", r"\\\1", text)


def code(text: str) -> str:
    """A name in backticks, whatever it holds."""
    return f"`{label(text).replace('`', 'ˋ') or '…'}`"


def label(name: str) -> str:
    """A file's name on one line, of bearable length."""
    return escape(shorten(" ".join(name.split()), NAME_CHARS))


def status_name(name: str) -> str:
    """A file's name for a status line, which is plain text and short."""
    return shorten(re.sub(r"[<>]", "", _disarmed(" ".join(name.split()))), 60)


def section(text: str) -> Block:
    """A mrkdwn section; what is too long is cut at a word, visibly."""
    return {"type": "section", "text": _mrkdwn(text)}


def sections(parts: Sequence[str]) -> list[Block]:
    """Parts, each on a line of its own, in as few sections as their limit allows."""
    found: list[Block] = []
    text = ""
    for part in parts:
        if text and len(text) + len(part) > SECTION_CHARS:
            found.append(section(text))
            text = ""
        text = f"{text}\n{part}" if text else part
    return [*found, section(text)] if text else found


def fitting(text: Sequence[Block], tail: Sequence[Block]) -> list[Block]:
    """Sections and what stands below them, within what one message may hold; what is left out is said."""
    room = MESSAGE_CHARS - len(str(list(tail)))
    kept: list[Block] = []
    for part in text:
        room -= len(part["text"]["text"])
        if room < 0:
            return [*kept, section("_The rest did not fit into one message; ask about less at once._"), *tail]
        kept.append(part)
    return [*kept, *tail]


def context(text: str) -> Block:
    """Small print."""
    return {"type": "context", "elements": [_mrkdwn(text)]}


def _mrkdwn(text: str) -> Block:
    """``verbatim``: Slack makes no links and no mentions out of what is not written as one."""
    return {"type": "mrkdwn", "text": shorten(text, SECTION_CHARS), "verbatim": True}


def button(text: str, action_id: str, value: str = "", *, danger: bool = False) -> Block:
    """A button element for `actions`."""
    element = {"type": "button", "text": {"type": "plain_text", "text": text[:75]}, "action_id": action_id}
    if value:
        element["value"] = value[:BUTTON_VALUE_CHARS]
    return element | ({"style": "danger"} if danger else {})


def actions(*elements: Block) -> Block:
    """A row of buttons."""
    return {"type": "actions", "elements": list(elements)}


def shorten(text: str, limit: int) -> str:
    """``text``, or its beginning, up to a word's end where one is near, and an ellipsis."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    word_end = cut.rfind(" ")
    cut = cut[:word_end] if word_end > limit // 2 else cut
    return re.sub(r"(?:&\w{0,4}|<[^<>]*)$", "", cut) + "…"  # no half of an escape or of a link


def quote(text: str) -> str:
    """A verbatim passage as a mrkdwn quotation."""
    return "\n".join(f">{escape(line)}" for line in text.splitlines() if line.strip())


def sources(citations: Sequence[Citation], permalinks: dict[str, str], shown: frozenset[int]) -> list[Block]:
    """The sources block: number, file (linked to Slack, which checks access), place, quote unless ``shown`` above."""
    if not citations:
        return []
    lines = [
        source_line(citation, permalinks.get(citation.source_ref, ""), with_quote=citation.number not in shown)
        for citation in citations[:MAX_SOURCES]
    ]
    return [{"type": "divider"}, *(section(line) for line in lines)]


def source_line(citation: Citation, permalink: str, *, with_quote: bool) -> str:
    """``[1] contract.pdf, page 3`` and the quote, as mrkdwn."""
    name = linked(citation.file_name, permalink)
    place = citation.location.label()
    where = f", {label(place)}" if place else ""
    quoted = f"\n>{escape(' '.join(citation.quote.split()))}" if with_quote else ""
    return f"[{citation.number}] {name}{where}{quoted}"


def linked(name: str, permalink: str) -> str:
    """A file's name, linked to Slack where it is known to lie there."""
    shown = label(name).replace("|", "¦") or "…"
    is_slacks = permalink.startswith(("https://", "http://127.0.0.1")) and not re.search(r"[\s|<>]", permalink)
    return f"<{permalink}|{shown}>" if is_slacks else f"*{shown}*"


def names(file_names: Sequence[str], limit: int = 6) -> str:
    """File names for a sentence: the first few, then how many more."""
    shown = ", ".join(map(code, file_names[:limit]))
    more = len(file_names) - limit
    return f"{shown} and {more} more" if more > 0 else shown
