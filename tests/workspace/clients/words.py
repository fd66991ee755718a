"""What the Python apps show."""

from __future__ import annotations

from typing import Any


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
