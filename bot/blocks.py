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
BUTTON_VALUE_CHARS = 2000
NAME_CHARS = 100
MAX_SOURCES = 10

# Action ids.
WIDEN, FORGET_ALL, CANCEL = "widen", "forget_all", "cancel"
STOP, SHARE, FEEDBACK, MENU = "stop", "share", "feedback", "menu"
FORGET_FILE, KEEP_BOTH = "forget_file", "keep_both"
CHOICE = "choice"  # and a number: a file below a question back
SUMMARISE_FILE, COMPARE_FILE = "summarise_file", "compare_file"

_GAP = "\u200b"  # breaks what Slack would take for a mention or an address without showing
# Control characters, signs that turn the reading direction or are not seen: they disguise names, or hide text in them.
# (U+E000 and U+E001 mark places in `bot.texts`.)
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ud800-\udfff\ue000\ue001\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)
_JOINED = "\u0600-\u1fff\u2190-\U000dffff"  # scripts that need joiners, and emoji
_IDLE = re.compile(f"[\u200c\u200d](?![{_JOINED}])|(?<![{_JOINED}])[\u200c\u200d]|(?<=[\ufe0e\ufe0f])[\ufe0e\ufe0f]")
_LINES = re.compile("[\u2028\u2029]")
_SLACKS = re.compile(r"(?:https://[\w.-]+\.slack(?:-gov)?\.com|http://127\.0\.0\.1(?::\d+)?)/[^\s|<>]*")
_LIVE = re.compile(
    r"(?<=@)(?=channel|here|everyone)|(?<=:)(?=//)|(?<=www)(?=\.)|(?<=mailto)(?=:)|(?<=[^\s@]@)(?=[^\s@]+\.)",
    re.IGNORECASE,
)
_PATH = re.compile(r"(?<=\w)(?=\.[a-z][\w-]+[/?#]\S)", re.IGNORECASE)  # evil.example/x; in code it may be anything
# What makes a line a heading, a rule or the second of a table, also in a list.
_BEGINS = re.compile(r"(?m)^((?:[^\S\n]|[-+](?=[ \t])|\d{1,9}[.)](?=[ \t]))*)(?=#|[-=:|][-=:| \t]*$)")


def escape(text: str) -> str:
    """Text for mrkdwn: no control sequence, broadcast, fence, quotation or address, and nothing hidden."""
    text = _PATH.sub(_GAP, unfenced(_disarmed(text)))
    return _encoded(re.sub(r"(?m)^([^\S\n]*)(?=>)", rf"\1{_GAP}", text))


def _disarmed(text: str) -> str:
    return _LIVE.sub(_GAP, _IDLE.sub("", _HIDDEN.sub("", _LINES.sub("\n", text))))


def _encoded(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def markdown(text: str) -> str:
    """Text for a native stream, which is standard Markdown: also no link, image, heading, rule or table."""
    text = re.sub(r"\](?=[(:\[])", f"]{_GAP}", escape(text))
    text = _BEGINS.sub(rf"\1{_GAP}", text)
    return re.sub(r"([\\*_~`])", r"\\\1", text)


def preformatted(text: str) -> str:
    """Text for a fence in mrkdwn: as it is, with nothing live in it."""
    return unfenced(_encoded(_disarmed(text)))


def unfenced(text: str) -> str:
    """Text whose backticks neither open nor close a fence."""
    return re.sub(r"(?<=`)`(?=`)|`(?=``)", f"`{_GAP}", text)


def verbatim(text: str) -> str:
    """Text for a fence in Markdown, where nothing is decoded: shown as it is, with nothing live in it."""
    return unfenced(re.sub(r"<(?=[!@#]|[a-z][\w+.-]*:)", f"<{_GAP}", _disarmed(text), flags=re.IGNORECASE))


def code(text: str) -> str:
    """A name in backticks, whatever it holds."""
    return f"`{label(text).replace('`', 'ˋ') or '…'}`"


def label(name: str) -> str:
    """A file's name on one line, of bearable length."""
    return shorten(escape(shorten(" ".join(name.split()), NAME_CHARS)), 2 * NAME_CHARS)


def status_name(name: str) -> str:
    """A file's name for a status line, which is plain text and short."""
    return shorten(re.sub(r"[<>]", "", _PATH.sub(_GAP, _disarmed(" ".join(name.split())))), 60).strip() or "…"


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


def context(text: str) -> Block:
    """Small print."""
    return {"type": "context", "elements": [_mrkdwn(text)]}


def _mrkdwn(text: str) -> Block:
    """``verbatim``: Slack makes no links and no mentions out of what is not written as one."""
    return {"type": "mrkdwn", "text": shorten(text, SECTION_CHARS), "verbatim": True}


def button(text: str, action_id: str, value: str = "", *, danger: bool = False) -> Block:
    """A button element for `actions`."""
    element = {"type": "button", "text": {"type": "plain_text", "text": shorten(text, 75)}, "action_id": action_id}
    if value:
        element["value"] = value[:BUTTON_VALUE_CHARS]
    return element | ({"style": "danger"} if danger else {})


def actions(*elements: Block) -> Block:
    """A row of buttons and menus."""
    return {"type": "actions", "elements": list(elements)}


def overflow(action_id: str, *options: tuple[str, str]) -> Block:
    """A menu behind three dots, of (text, value); Slack shows five at most."""
    return {"type": "overflow", "action_id": action_id, "options": [option(*each) for each in options[:5]]}


def option(text: str, value: str) -> Block:
    """One choice of a menu."""
    return {"text": plain_text(text, 75), "value": value[:150]}


def plain_text(text: str, limit: int = 3000) -> Block:
    """Text that is shown as it is."""
    return {"type": "plain_text", "text": shorten(text, limit), "emoji": True}


def feedback(good: str, bad: str) -> Block:
    """Thumbs up and down."""
    buttons = {
        name: {"text": plain_text(text, 75), "accessibility_label": text[:75], "value": value}
        for name, text, value in (("positive_button", good, "up"), ("negative_button", bad, "down"))
    }
    return {"type": "context_actions", "elements": [{"type": "feedback_buttons", "action_id": FEEDBACK, **buttons}]}


def with_accessory(block: Block, element: Block) -> Block:
    """A section with a button or a menu at its side."""
    return block | {"accessory": element}


def header(text: str) -> Block:
    """A heading."""
    return {"type": "header", "text": plain_text(text, 150)}


def divider() -> Block:
    """A line across."""
    return {"type": "divider"}


def shorten(text: str, limit: int) -> str:
    """``text``, or its beginning, up to a word's end where one is near, and an ellipsis. Units: UTF-16, as Slack's."""
    if len(text) <= limit and _size(text) <= limit:
        return text
    cut = text[: limit - 1]
    while (excess := _size(cut) - limit + 1) > 0:
        cut = cut[: -((excess + 1) // 2)]
    word_end = cut.rfind(" ")
    cut = cut[:word_end] if word_end > limit // 2 else cut
    return re.sub("(?:&\\w{0,4}|<[^<>]*|[\u200c\u200d])$", "", cut) + "…"  # no half of an escape, a link or an emoji


def _size(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def quote(text: str) -> str:
    """A verbatim passage as a mrkdwn quotation."""
    return "\n".join(f">{escape(line)}" for line in text.splitlines() if line.strip())


def sources(
    citations: Sequence[Citation], permalinks: dict[str, str], shown: frozenset[int], more: str = ""
) -> list[Block]:
    """The sources block: number, file (linked to Slack, which checks access), place, quote unless ``shown`` above.

    ``more`` stands below them where there are more than `MAX_SOURCES`.
    """
    if not citations:
        return []
    lines = [
        source_line(citation, permalinks.get(citation.source_ref, ""), with_quote=citation.number not in shown)
        for citation in citations[:MAX_SOURCES]
    ]
    if more and len(citations) > MAX_SOURCES:
        lines.append(more)
    return [divider(), *(section(line) for line in lines)]


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
    return f"<{permalink}|{shown}>" if _SLACKS.fullmatch(permalink) else f"*{shown}*"
