"""An app's mrkdwn as the rich_text block that Slack makes of it, and gives back with the message.

Apps rely on it: Bolt's Assistant keeps a thread's context by updating a message with its own blocks.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]
FENCE = re.compile(r"```\n?(.*?)\n?```", re.DOTALL)
TOKEN = re.compile(
    r"<(?P<angle>[^<>\n]+)>|`(?P<code>[^`\n]+)`|:(?P<emoji>[a-z0-9_+-]+):"
    r"|(?<![\w*])\*(?P<bold>(?=\S)[^*\n]+(?<=\S))\*(?![\w*])"
    r"|(?<!\w)_(?P<italic>(?=\S)[^_\n]+(?<=\S))_(?!\w)"
    r"|(?<![\w~])~(?P<strike>(?=\S)[^~\n]+(?<=\S))~(?![\w~])"
)
QUOTED = re.compile(r"(?m)^&gt; ?")


def rich_text(mrkdwn: str) -> list[Json]:
    """``*hi* <@U1>`` as one block of styled text and a mention; nothing for an empty text."""
    parts: list[Json] = []
    for place, piece in enumerate(FENCE.split(mrkdwn)):
        if place % 2:
            parts.append({"type": "rich_text_preformatted", "elements": [_text(piece, {})], "border": 0})
        else:
            parts += _sections(piece.strip("\n") if place else piece.rstrip("\n"))
    return [{"type": "rich_text", "block_id": "text", "elements": parts}] if parts else []


def _sections(text: str) -> Iterator[Json]:
    """Runs of quoted and of other lines."""
    for run in re.findall(r"(?:^&gt;.*\n?)+|(?:^(?!&gt;).*\n?)+", text, re.MULTILINE):
        is_quote = run.startswith("&gt;")
        elements = list(_inline(QUOTED.sub("", run).rstrip("\n") if is_quote else run, {}))
        if elements:
            yield {"type": "rich_text_quote" if is_quote else "rich_text_section", "elements": elements}


def _inline(text: str, style: Json) -> Iterator[Json]:
    end = 0
    for match in TOKEN.finditer(text):
        if match.start() > end:
            yield _text(text[end : match.start()], style)
        yield from _token(match, style)
        end = match.end()
    if text[end:]:
        yield _text(text[end:], style)


def _token(match: re.Match[str], style: Json) -> Iterator[Json]:
    kind, inner = next((name, value) for name, value in match.groupdict().items() if value is not None)
    if kind == "angle":
        yield _of_angle(inner, style)
    elif kind == "emoji":
        yield {"type": "emoji", "name": inner}
    elif kind == "code":
        yield _text(inner, style | {"code": True})
    else:
        yield from _inline(inner, style | {kind: True})


def _text(text: str, style: Json) -> Json:
    return {"type": "text", "text": html.unescape(text)} | ({"style": style} if style else {})


def _of_angle(inner: str, style: Json) -> Json:
    """``@U1``, ``#C1|general``, ``!here``, ``https://a.example|label``."""
    head, _, label = inner.partition("|")
    styled = {"style": style} if style else {}
    if head.startswith("@"):
        return {"type": "user", "user_id": head[1:]} | styled
    if head.startswith("#"):
        return {"type": "channel", "channel_id": head[1:]} | styled
    if head in ("!here", "!channel", "!everyone"):
        return {"type": "broadcast", "range": head[1:]}
    if head.startswith("!subteam^"):
        return {"type": "usergroup", "usergroup_id": head.removeprefix("!subteam^")}
    if head.startswith("!"):
        return _text(label or inner, style)
    return {"type": "link", "url": html.unescape(head)} | ({"text": html.unescape(label)} if label else {}) | styled
