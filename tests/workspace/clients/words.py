"""What the Python apps show, and how they read a file."""

from __future__ import annotations

import hashlib
import urllib.request
from typing import Any

import aiohttp


def digest(file: dict[str, Any], token: str) -> str:
    """The SHA-256 of a file that lies at Slack."""
    asked = urllib.request.Request(file["url_private_download"], headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(asked) as got:
        return hashlib.sha256(got.read()).hexdigest()


async def digest_async(file: dict[str, Any], token: str) -> str:
    """As `digest`, without keeping others waiting."""
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
        got = await session.get(file["url_private_download"])
        return hashlib.sha256(await got.read()).hexdigest()


def button() -> dict[str, Any]:
    """A block with one button, ``press``."""
    text = {"type": "plain_text", "text": "Press me"}
    return {"type": "actions", "elements": [{"type": "button", "action_id": "press", "text": text, "value": "1"}]}


def modal(channel: str) -> dict[str, Any]:
    """A modal with one input, whose text is posted to ``channel``."""
    return {
        "type": "modal",
        "callback_id": "form",
        "private_metadata": channel,
        "title": {"type": "plain_text", "text": "A form"},
        "submit": {"type": "plain_text", "text": "Send"},
        "blocks": [
            {
                "type": "input",
                "block_id": "b",
                "label": {"type": "plain_text", "text": "Say something"},
                "element": {"type": "plain_text_input", "action_id": "a"},
            }
        ],
    }
