"""Whether anything that passed our escaping is live after all: a mention, a broadcast, a link, a preview.

A message is read back as Slack stores it. There a live mention is a rich_text element or `<@U…>` in mrkdwn;
the same signs in an element of plain text are only signs.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

from bot import blocks
from bot.cli.live.stage import Stage
from bot.cli.live.verdicts import Check, Verdict, judged

_SEQUENCE = re.compile(r"<(?:[@#!][^<>]+|https?:[^<>]+|mailto:[^<>]+)>", re.IGNORECASE)
_MARKDOWN_LINK = re.compile(r"\]\(\s*https?:[^)]*\)|(?<![(\w])https?://\S+")
_LIVE_ELEMENTS = {"user", "usergroup", "broadcast", "link", "channel", "team", "image"}
ADDRESS = "https://docs.slack.dev/"


def hostile(bot_user: str) -> str:
    """What a file might hold to call people or lead them away, before it is escaped."""
    return (
        f"@here @channel <!here> <!channel> <!everyone> <@{bot_user}> {ADDRESS} www.example.com example.com "
        "<https://example.com|label> [label](https://example.com) ![picture](https://example.com/a.png)"
    )


def live_parts(message: dict[str, Any]) -> list[str]:
    """What of a message, as Slack gives it back, is live."""
    text = str(message.get("text") or "")
    return [*_SEQUENCE.findall(text), *(part for block in message.get("blocks") or () for part in _of(block))]


def _of(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _of(item)
    if not isinstance(value, dict):
        return
    kind, text = value.get("type"), value.get("text")
    if kind in _LIVE_ELEMENTS:
        yield f"{kind} {value.get('url') or value.get('range') or value.get('user_id') or ''}".strip()
    elif kind == "mrkdwn":
        yield from _SEQUENCE.findall(str(text))
    elif kind == "markdown":
        yield from (*_SEQUENCE.findall(str(text)), *_MARKDOWN_LINK.findall(str(text)))
    else:
        for item in value.values():
            yield from _of(item)


async def mentions(stage: Stage) -> AsyncIterator[Verdict]:
    """The same hostile text in a stream, in a markdown block and in a section."""
    text = hostile(stage.place.identity.user_id)
    streamed = await stage.stream(markdown_text=blocks.markdown(text))
    await stage.stop(streamed)
    bare = await stage.stream(markdown_text=f"<@{stage.place.identity.user_id}>")
    await stage.stop(bare)
    in_block = await stage.post("Escaped text", blocks=[{"type": "markdown", "text": blocks.markdown(text)}])
    in_section = await stage.post(blocks.escape(text), blocks=[blocks.section(blocks.escape(text))])
    open_address = await stage.post("Link", blocks=[blocks.section(ADDRESS)])
    await asyncio.sleep(stage.pace.settle_s)
    would_be = "would" if live_parts(await stage.read(bare)) else "would not"
    found = live_parts(await stage.read(streamed))
    quiet = f"Nothing in a stream is live; without our escaping a mention {would_be} be."
    yield judged("quiet-stream", not found, quiet, f"Live in a stream: {', '.join(found)}.")
    found = live_parts(await stage.read(in_block))
    quiet = "Nothing in a markdown block is live."
    yield judged("quiet-markdown", not found, quiet, f"Live in a markdown block: {', '.join(found)}.")
    found = live_parts(await stage.read(in_section))
    quiet = "Nothing in a section is live."
    yield judged("quiet-section", not found, quiet, f"Live in a section: {', '.join(found)}.")
    found = live_parts(await stage.read(open_address))
    quiet = "With `verbatim: true` a bare address stays text."
    yield judged("verbatim", not found, quiet, f"With `verbatim: true` an address became {', '.join(found)}.")


async def previews(stage: Stage) -> AsyncIterator[Verdict]:
    """Links in a stream, below one, in a post and in an update; Slack makes previews a moment later."""
    linked = blocks.section(blocks.linked("check.txt", stage.place.permalink(stage.root_ts or "")))
    streamed = await stage.stream(markdown_text=f"[Slack]({ADDRESS})\n{ADDRESS}")
    await stage.stop(streamed)
    below = await stage.stream(markdown_text="Sources stand below.")
    await stage.stop(below, [linked])
    posted = await stage.post("Sources", blocks=[linked, blocks.section(f"<{ADDRESS}>")])
    updated = await stage.post("Sources")
    await stage.update(updated, "Sources", blocks=[linked, blocks.section(f"<{ADDRESS}>")])
    await asyncio.sleep(stage.pace.settle_s)
    for assumption, ts, where in (
        ("unfurl-stream", streamed, "in the text of a stream"),
        ("unfurl-below", below, "below a stream"),
        ("unfurl-post", posted, "in a post with unfurl_links and unfurl_media off"),
        ("unfurl-update", updated, "that chat.update brought into such a post"),
    ):
        shown = len((await stage.read(ts)).get("attachments") or ())
        held = f"A link {where} has no preview after {stage.pace.settle_s:g} s."
        yield judged(assumption, not shown, held, f"A link {where} got a preview.")


CHECKS = (
    Check(("quiet-stream", "quiet-markdown", "quiet-section", "verbatim"), mentions),
    Check(("unfurl-stream", "unfurl-below", "unfurl-post", "unfurl-update"), previews),
)
