"""What a person typed, as Slack stores it: escaped text and a rich_text block.

``@name`` of somebody in the workspace becomes a mention, web addresses become links, and of ``<`` ``>``
``&`` nothing is left bare, so that nobody can type control sequences. ``<@U…>`` of a known user, which
Slack's own mention picker produces, is a mention too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Element = dict[str, Any]
TOKEN = re.compile(
    r"<@(?P<id>[UW][A-Z0-9]+)>"
    r"|(?<![\w@])@(?P<name>[A-Za-z][\w.-]*\w|[A-Za-z])"
    r"|(?P<url>https?://[^\s<>|]+[^\s<>|.,;:!?)\]'\"])"
)


def escape(text: str) -> str:
    """Text in which ``&``, ``<`` and ``>`` stand as Slack's entities: ``a<b`` becomes ``a&lt;b``."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def to_slack(typed: str, find_user: Callable[[str], str | None]) -> tuple[str, list[Element]]:
    """Typed text to (text, blocks); ``find_user`` gives the id for a name or an id, or None."""
    parts: list[str] = []
    elements: list[Element] = []
    end = 0
    for match in TOKEN.finditer(typed):
        found = _token(match, find_user)
        if found is None:
            continue
        _plain(typed[end : match.start()], parts, elements)
        parts.append(found[0])
        elements.append(found[1])
        end = match.end()
    _plain(typed[end:], parts, elements)
    section = {"type": "rich_text_section", "elements": elements}
    return "".join(parts), [{"type": "rich_text", "block_id": "typed", "elements": [section]}] if elements else []


def _plain(text: str, parts: list[str], elements: list[Element]) -> None:
    if text:
        parts.append(escape(text))
        elements.append({"type": "text", "text": text})


def _token(match: re.Match[str], find_user: Callable[[str], str | None]) -> tuple[str, Element] | None:
    if match["url"]:
        return f"<{escape(match['url'])}>", {"type": "link", "url": match["url"]}
    if match["name"] in ("channel", "here", "everyone"):
        return f"<!{match['name']}>", {"type": "broadcast", "range": match["name"]}
    user_id = find_user(match["id"] or match["name"])
    return (f"<@{user_id}>", {"type": "user", "user_id": user_id}) if user_id else None
