"""What Slack would make live of a message: mentions, broadcasts, links, images, and text that hides something.

An oracle for tests, independent of whatever wrote the message. Where Slack's behaviour is not documented it
takes the worse case: control sequences count in code too, and Markdown counts as if every extension were on.
Source: docs.slack.dev on formatting text, text objects (``verbatim``) and markdown blocks, read 2026-11-22.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.workspace.state import Message

Part = tuple[str, str]  # (field of LiveParts, what was found)

ANGLE = re.compile(r"<([^<>]+)>")
BARE_BROADCAST = re.compile(r"(?<![\w@/.])@(channel|here|everyone)\b", re.IGNORECASE)
BARE_LINK = re.compile(r"\b(?:https?|ftp)://[^\s<>|]+|\bmailto:[^\s<>|]+|(?<![\w.@/-])www\.[^\s<>|]+", re.IGNORECASE)
BARE_MAIL = re.compile(r"(?<![\w.+/:-])[\w.+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}\b", re.IGNORECASE)
HAS_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
IS_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)+(?:[/?#:]|$)")
# Characters that are not seen, or turn the reading direction, or spell text that nobody sees.
HIDING = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")
HTML_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)

# Code: only what no list item, quotation or paragraph's end can break up, so that nothing live is taken for code.
FENCE = re.compile(r"^(?:(`{3,})[^`\n]*|(~{3,}).*)$(?:.|\n)*?(?:^ {0,3}(?:\1`*|\2~*)[ \t]*$|\Z)", re.MULTILINE)
CODE_SPAN = re.compile(r"(?<![`\\])(`+)(?!`).+?(?<!`)\1(?!`)")
ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
LABEL = r"\[((?:[^\[\]]|\[[^\[\]]*\])*)\]"
TARGET = r"(?:<([^<>\n]*)>|([^\s()<>]+(?:\([^\s()]*\)[^\s()]*)*))"
TITLE = r"""(?:\s+(?:"[^"]*"|'[^']*'|\([^()]*\)))?"""
INLINE_LINK = re.compile(rf"(!?){LABEL}\(\s*{TARGET}{TITLE}\s*\)")
LOOSE_LINK = re.compile(rf"\]\(\s*{TARGET}{TITLE}\s*\)")
DEFINITION = re.compile(rf"^ {{0,3}}\[([^\[\]]+)\]:\s*(?:<([^<>\n]*)>|(\S+)){TITLE}[ \t]*$", re.MULTILINE)
REFERENCE = re.compile(rf"(!?){LABEL}(?:\[([^\[\]]*)\])?")
PLACEHOLDER = "\ue000"  # stands for an escaped character: part of no syntax


@dataclass(frozen=True, slots=True)
class LiveParts:
    """What was found, each as it stood in the message; ``hidden`` shows as something other than it says, or not."""

    mentions: tuple[str, ...]
    broadcasts: tuple[str, ...]
    links: tuple[str, ...]
    images: tuple[str, ...]
    hidden: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.mentions or self.broadcasts or self.links or self.images or self.hidden)


def live_parts(message: Message) -> LiveParts:
    """Everything of a message's text and blocks that Slack would make live."""
    found = [*_of_message_text(message), *(part for block in message.blocks for part in _of_json(block))]
    kinds: dict[str, dict[str, None]] = {name: {} for name in LiveParts.__slots__}
    for kind, what in found:
        kinds[kind][what] = None
    return LiveParts(**{name: tuple(entries) for name, entries in kinds.items()})


def _of_message_text(message: Message) -> Iterator[Part]:
    """``text`` is shown where there are no blocks, and read out in notifications where there are some."""
    if any(block.get("type") == "markdown" and block.get("text") == message.text for block in message.blocks):
        return
    finds_names = message.link_names or message.parse in ("full", "client")
    yield from _of_mrkdwn(message.text, finds_links=not message.blocks, finds_names=finds_names)


def _of_json(value: Any) -> Iterator[Part]:
    """Parts of a block, element or text object and of everything inside it."""
    if isinstance(value, list):
        for item in value:
            yield from _of_json(item)
    if not isinstance(value, dict):
        return
    yield from _of_one(value)
    for item in value.values():
        yield from _of_json(item)


def _of_one(value: dict[str, Any]) -> Iterator[Part]:
    kind, text = value.get("type"), value.get("text")
    if kind == "mrkdwn" and isinstance(text, str):
        is_loose = not value.get("verbatim")
        yield from _of_mrkdwn(text, finds_links=is_loose, finds_names=is_loose)
    elif kind == "markdown" and isinstance(text, str):
        yield from _of_markdown(text)
    elif isinstance(text, str):
        yield from _hiding(text)
    if kind in ("task_card", "plan"):
        for key in ("title", "details", "output"):
            yield from _of_markdown(value[key] if isinstance(value.get(key), str) else "")
    yield from _of_rich_element(value)
    for key in ("url", "title_url", "video_url", "author_link"):
        if isinstance(value.get(key), str) and value[key]:
            yield "links", value[key]
    for key in ("image_url", "thumbnail_url", "thumb_url"):
        if isinstance(value.get(key), str) and value[key]:
            yield "images", value[key]


def _of_rich_element(value: dict[str, Any]) -> Iterator[Part]:
    kind = value.get("type")
    if kind == "user" and "user_id" in value:
        yield "mentions", f"<@{value['user_id']}>"
    elif kind == "channel" and "channel_id" in value:
        yield "mentions", f"<#{value['channel_id']}>"
    elif kind == "usergroup" and "usergroup_id" in value:
        yield "broadcasts", f"<!subteam^{value['usergroup_id']}>"
    elif kind == "broadcast":
        yield "broadcasts", f"<!{value.get('range')}>"


def _hiding(text: str) -> Iterator[Part]:
    for match in HIDING.finditer(text):
        yield "hidden", f"U+{ord(match[0]):04X}"


# ---- mrkdwn ----


def _of_mrkdwn(text: str, *, finds_links: bool, finds_names: bool) -> Iterator[Part]:
    yield from _hiding(text)
    for match in ANGLE.finditer(text):
        yield from _of_angle(match[1])
    rest = _decoded(ANGLE.sub(" ", text))
    if finds_links:
        yield from _bare_links(rest)
    if finds_names:
        yield from _bare_broadcasts(rest)


def _decoded(text: str) -> str:
    """mrkdwn knows three entities and no others."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _of_angle(inner: str) -> Iterator[Part]:
    """A control sequence without its brackets: ``@U1``, ``!here``, ``https://a.example|label``."""
    head, _, label = inner.partition("|")
    if re.fullmatch(r"@[UWB][A-Z0-9]+", head) or re.fullmatch(r"#[CGD][A-Z0-9]+", head):
        yield "mentions", f"<{head}>"
    elif re.fullmatch(r"!(channel|here|everyone|group)", head) or head.startswith("!subteam^"):
        yield "broadcasts", f"<{head}>"
    elif head.startswith("!date^"):
        yield "hidden", f"<{head}>"
        yield from (("links", address) for address in head.split("^")[3:] if address)
    elif HAS_SCHEME.match(head) or IS_HOST.match(head) or BARE_MAIL.fullmatch(head):
        yield "links", html.unescape(head)
        yield from _disguised(head, label)


def _disguised(address: str, label: str) -> Iterator[Part]:
    """A label that is itself an address, but another one than it leads to."""
    shown = html.unescape(label).strip()
    if re.match(r"https?://", shown) and shown.rstrip("/") != html.unescape(address).rstrip("/"):
        yield "hidden", f"{shown} -> {address}"


def _bare_links(text: str) -> Iterator[Part]:
    for match in BARE_LINK.finditer(text):
        yield "links", match[0].rstrip(".,;:!?)'\"")
    for match in BARE_MAIL.finditer(BARE_LINK.sub(" ", text)):
        yield "links", f"mailto:{match[0]}"


def _bare_broadcasts(text: str) -> Iterator[Part]:
    for match in BARE_BROADCAST.finditer(text):
        yield "broadcasts", match[0]


# ---- Markdown ----


def _of_markdown(text: str) -> Iterator[Part]:
    yield from _hiding(text)
    masked = ESCAPED.sub(PLACEHOLDER, text)
    for match in ANGLE.finditer(masked):
        yield from (part for part in _of_angle(match[1]) if part[0] != "links")
    outside = ESCAPED.sub(PLACEHOLDER, CODE_SPAN.sub(" ", FENCE.sub("\n", text)))
    for match in HTML_COMMENT.finditer(outside):
        yield "hidden", match[0]
    outside = HTML_COMMENT.sub(" ", outside)
    yield from _markdown_links(outside)
    for match in ANGLE.finditer(outside):
        yield from (part for part in _of_angle(match[1]) if part[0] == "links")
    rest = html.unescape(ANGLE.sub(" ", INLINE_LINK.sub(" ", outside)))
    yield from _bare_links(rest)
    yield from _bare_broadcasts(rest)


def _markdown_links(text: str) -> Iterator[Part]:
    defined = {match[1].casefold(): match[2] or match[3] for match in DEFINITION.finditer(text)}
    for match in DEFINITION.finditer(text):
        yield "hidden", match[0].strip()
    for match in INLINE_LINK.finditer(text):
        address = html.unescape(match[3] if match[3] is not None else match[4])
        yield ("images" if match[1] else "links"), address
        yield from _disguised(address, match[2])
        yield from _markdown_links(match[2])
    for match in LOOSE_LINK.finditer(INLINE_LINK.sub(" ", text)):
        yield "links", html.unescape(match[1] if match[1] is not None else match[2])
    for match in REFERENCE.finditer(INLINE_LINK.sub(" ", DEFINITION.sub(" ", text))):
        target = defined.get((match[3] or match[2]).casefold())
        if target:
            yield ("images" if match[1] else "links"), target
