"""How much Slack takes in one message, and with which word it refuses more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from bot import blocks, delivery
from bot.cli.live.stage import Stage, refusal
from bot.cli.live.verdicts import Check, Verdict, judged
from bot.conversations import NOTICE
from bot.delivery import MESSAGE_BLOCKS, MESSAGE_CHARS, PLAIN_CHARS

UPDATE_CHARS = 4000
TOO_MANY_CHARS = 13_800  # of all blocks; the ceiling was measured near 13,200
POST_CHARS = 40_000
MARKDOWN_CHARS = 12_000
MOST_BLOCKS = 50
READS = 5
OTHERWISE_MEANT = delivery.GONE | delivery.REPLACED | delivery.PASSING  # these make no reply go on as plain text


def _text(chars: int) -> str:
    return ("Inhouse checks a limit of Slack's. " * (chars // 35 + 1))[:chars]


def _sections(chars: int) -> list[dict[str, Any]]:
    """Sections of ``chars`` characters together."""
    whole, rest = divmod(chars, blocks.SECTION_CHARS)
    return [blocks.section(_text(size)) for size in [blocks.SECTION_CHARS] * whole + [rest] * bool(rest)]


def _is_refused(code: str) -> bool:
    """Whether a reply would be sent again as plain text."""
    return bool(code) and code not in OTHERWISE_MEANT


async def updates(stage: Stage) -> AsyncIterator[Verdict]:
    """`chat.update`: as much as we send, and more than it takes."""
    ts = await stage.post(_text(100))
    sent = await stage.update(ts, _text(PLAIN_CHARS), blocks=_sections(MESSAGE_CHARS))
    text = f"chat.update with {PLAIN_CHARS} characters of text and {MESSAGE_CHARS} in blocks"
    yield judged("update-whole", not sent, f"{text}: {sent or 'accepted'}.")
    longer = await stage.update(ts, _text(UPDATE_CHARS + 100), blocks=[])
    text = f"chat.update with {UPDATE_CHARS + 100} characters of text: {longer or 'accepted'}."
    yield judged("update-4000", _is_refused(longer), text)


async def totals(stage: Stage) -> AsyncIterator[Verdict]:
    """All blocks of one message together."""
    sent = await refusal(stage.post("Limits", blocks=_sections(MESSAGE_CHARS)))
    text = f"{MESSAGE_CHARS} characters in one message's blocks: {sent or 'accepted'}."
    yield judged("total-fits", not sent, text)
    more = await refusal(stage.post("Limits", blocks=_sections(TOO_MANY_CHARS)))
    text = f"{TOO_MANY_CHARS} characters in one message's blocks: {more or 'accepted'}."
    yield judged("total-13200", _is_refused(more), text)


async def counts(stage: Stage) -> AsyncIterator[Verdict]:
    """Blocks by number, also those that Slack makes of one markdown block."""
    rows = [blocks.context(f"{number}") for number in range(MOST_BLOCKS + 1)]
    fits = await refusal(stage.post("Limits", blocks=rows[:MESSAGE_BLOCKS]))
    more = await refusal(stage.post("Limits", blocks=rows))
    text = f"{MESSAGE_BLOCKS} blocks: {fits or 'accepted'}; {MOST_BLOCKS + 1}: {more or 'accepted'}."
    yield judged("blocks-50", not fits and _is_refused(more), text)
    headings = "\n\n".join(f"# Heading {number}\n\nText." for number in range(MOST_BLOCKS + 10))
    refused = await refusal(stage.post("Limits", blocks=[{"type": "markdown", "text": headings}]))
    text = f"A markdown block with {MOST_BLOCKS + 10} headings: {refused or 'accepted'}."
    yield judged("markdown-expanded", _is_refused(refused), text)
    longer = await refusal(stage.post("Limits", blocks=[{"type": "markdown", "text": _text(MARKDOWN_CHARS + 100)}]))
    text = f"A markdown block of {MARKDOWN_CHARS + 100} characters: {longer or 'accepted'}."
    yield judged("markdown-12000", _is_refused(longer), text)


async def posts(stage: Stage) -> AsyncIterator[Verdict]:
    """`chat.postMessage` with more text than it takes, and what is left of a block's id."""
    ts = await stage.post(_text(POST_CHARS + 500))
    kept = len(str((await stage.read(ts)).get("text") or ""))
    yield judged("post-40000", 0 < kept <= POST_CHARS, f"Of {POST_CHARS + 500} characters of text Slack kept {kept}.")
    notice = f"{NOTICE}-0"
    ts = await stage.post("Notice", blocks=[blocks.section("Notice") | {"block_id": notice}])
    found = [block.get("block_id") for block in (await stage.read(ts)).get("blocks") or ()]
    text = "The block_id that we give is the one that Slack gives back."
    yield judged("block-id", found == [notice], text, f"We gave the block_id {notice}, and Slack gave back {found}.")


async def reads(stage: Stage) -> AsyncIterator[Verdict]:
    """Reading threads as often as the bot does: apps of another kind may do so once a minute."""
    read, channel, ts = stage.strict.conversations_replies, stage.place.channel, stage.root_ts or ""
    codes = [await refusal(read(channel=channel, ts=ts, limit=100)) for _ in range(READS)]
    refused = next(filter(None, codes), "")
    text = f"conversations.replies, {READS} times in a row: {refused or 'answered each time'}."
    yield judged("history-rate", not refused, text)


CHECKS = (
    Check(("update-whole", "update-4000"), updates),
    Check(("total-fits", "total-13200"), totals),
    Check(("blocks-50", "markdown-expanded", "markdown-12000"), counts),
    Check(("post-40000", "block-id"), posts),
    Check(("history-rate",), reads),
)
