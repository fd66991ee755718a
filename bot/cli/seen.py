"""An answer as a person sees it in the thread, read back from the message's text and blocks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from bot.conversations import NOTICE
from bot.workspace.server import Workspace
from bot.workspace.state import Message

_SOURCE = re.compile(r"^\[(\d+)\] (?:<([^|>]+)\|([^>]+)>|\*(.+?)\*)(?:, ([^\n]*))?(?:\n>(.*))?$", re.DOTALL)
_QUOTED = re.compile(r"^> ?(.*) \[(\d+)\]$", re.MULTILINE)
_REFUSAL = ("I did not find this", "I know no files here")


@dataclass(frozen=True, slots=True)
class SeenAnswer:
    """What the message says."""

    question: str
    text: str
    citations: tuple[dict[str, Any], ...]
    refused: bool
    is_whole: bool  # the sources stand below it, or it is a refusal
    first_text_s: float
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """For the demo's JSON."""
        return {
            "question": self.question,
            "answer": self.text,
            "refused": self.refused,
            "citations": list(self.citations),
            "first_text_s": round(self.first_text_s, 2),
            "answered_s": round(self.seconds, 2),
        }


def bot_messages(place: Workspace, thread: Message, after: Message | None = None) -> list[Message]:
    """The bot's messages in a thread, oldest first, receipts included, those ``after`` a message only."""
    since = float(after.ts) if after else 0.0
    messages = place.messages(thread.channel, thread.ts)
    return [m for m in messages if m.user == place.bot_user.id and float(m.ts) > since]


def is_notice(message: Message) -> bool:
    """Whether a message is a receipt or the like rather than an answer."""
    return any(str(block.get("block_id", "")).startswith(NOTICE) for block in message.blocks)


def read_answer(message: Message, question: str, first_text_s: float, seconds: float) -> SeenAnswer:
    """What a message of the bot's shows."""
    sections = [block["text"]["text"] for block in message.blocks if block["type"] == "section"]
    sources = [match for text in sections if (match := _SOURCE.match(text))]
    refused = any(word in text for word in _REFUSAL for text in [message.text, *sections])
    has_small_print = any(block["type"] == "context" for block in message.blocks)
    text = "\n".join(text for text in sections if not _SOURCE.match(text)) or message.text.strip()
    quotes = {number: quote for quote, number in _QUOTED.findall(text)}
    return SeenAnswer(
        question,
        text,
        tuple(_citation(match, quotes) for match in sources),
        refused,
        refused or has_small_print or is_notice(message),
        first_text_s,
        seconds,
    )


def _citation(match: re.Match[str], quotes: dict[str, str]) -> dict[str, Any]:
    number, permalink, linked, bold, place, quote = match.groups()
    page = re.search(r"(?:page|slide|row) (\d+)", place or "")
    return {
        "file": linked or bold,
        "page": int(page.group(1)) if page else None,
        "place": place or "",
        "quote": quote or quotes.get(number, ""),
        "permalink": permalink,
    }
