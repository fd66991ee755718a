"""Slack's limits on text and blocks, as errors.

Source: slack_sdk's models and live measurements (total text near 13,200 characters, 12,000 in a markdown
block, 4,000 in chat.update, 50 blocks after a markdown block is taken apart), read 2026-11-22.
"""

from __future__ import annotations

import re
from typing import Any

from bot.workspace.errors import ApiError

MARKDOWN_CHARS = 12_000
UPDATE_CHARS = 4_000
POST_CHARS = 40_000
ALL_BLOCKS_CHARS = 13_200
BLOCK_TYPES = frozenset(
    "actions alert call card carousel context context_actions divider file header image input markdown plan "
    "rich_text section table task_card video".split()
)
# Pieces of Markdown that become blocks of their own on Slack's side.
OWN_BLOCK = re.compile(r"^(#{1,6} |---+\s*$|```|!\[)", re.MULTILINE)

Block = dict[str, Any]


def check_markdown(text: str) -> None:
    """Refuse text that is longer than one markdown block may be. Raises: ApiError msg_too_long."""
    if len(text) > MARKDOWN_CHARS:
        raise ApiError("msg_too_long")


def check_blocks(blocks: Any, most: int = 50) -> None:
    """Refuse what Slack would refuse. Raises: ApiError invalid_blocks(_format), msg_blocks_too_long."""
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise ApiError("invalid_blocks_format")
    if sum(_expanded(block) for block in blocks) > most:
        _refuse(f"no more than {most} items allowed [json-pointer:/blocks]")
    for place, block in enumerate(blocks):
        _check_block(block, f"/blocks/{place}")
    if sum(_text_length(block) for block in blocks) > ALL_BLOCKS_CHARS:
        raise ApiError("msg_blocks_too_long")


def _refuse(reason: str) -> None:
    raise ApiError("invalid_blocks", response_metadata={"messages": [f"[ERROR] {reason}"]})


def _expanded(block: Block) -> int:
    """How many blocks Slack makes of one: a markdown block falls apart at headings, rules and code."""
    if block.get("type") != "markdown":
        return 1
    return 1 + 2 * len(OWN_BLOCK.findall(str(block.get("text", ""))))


def _text_length(value: Any) -> int:
    if isinstance(value, dict):
        return sum(len(v) if k == "text" and isinstance(v, str) else _text_length(v) for k, v in value.items())
    return sum(_text_length(item) for item in value) if isinstance(value, list) else 0


def _check_block(block: Block, at: str) -> None:
    kind = block.get("type")
    if kind not in BLOCK_TYPES:
        _refuse(f"unsupported type: {kind} [json-pointer:{at}/type]")
    if len(str(block.get("block_id", ""))) > 255:
        _refuse(f"must be less than 256 characters [json-pointer:{at}/block_id]")
    check = {
        "section": _check_section,
        "header": _check_header,
        "context": _check_elements,
        "actions": _check_elements,
        "markdown": _check_markdown_block,
        "table": _check_table,
        "image": _check_image,
    }.get(str(kind))
    if check:
        check(block, at)


def _check_text(text: Any, most: int, at: str) -> None:
    body = text.get("text") if isinstance(text, dict) else None
    if not isinstance(body, str) or not body:
        _refuse(f"missing required field: text [json-pointer:{at}]")
    elif len(body) > most:
        _refuse(f"must be less than {most + 1} characters [json-pointer:{at}/text]")


def _check_section(block: Block, at: str) -> None:
    if "text" not in block and "fields" not in block:
        _refuse(f"missing required field: text [json-pointer:{at}]")
    if "text" in block:
        _check_text(block["text"], 3000, f"{at}/text")
    fields = block.get("fields", [])
    if len(fields) > 10:
        _refuse(f"no more than 10 items allowed [json-pointer:{at}/fields]")
    for place, item in enumerate(fields):
        _check_text(item, 2000, f"{at}/fields/{place}")


def _check_header(block: Block, at: str) -> None:
    _check_text(block.get("text"), 150, f"{at}/text")
    if block["text"].get("type") != "plain_text":
        _refuse(f"must be plain_text [json-pointer:{at}/text/type]")


def _check_elements(block: Block, at: str) -> None:
    most = 10 if block["type"] == "context" else 25
    elements = block.get("elements")
    if not isinstance(elements, list) or not 1 <= len(elements) <= most:
        _refuse(f"must have 1 to {most} items [json-pointer:{at}/elements]")
        return
    for place, element in enumerate(elements):
        if element.get("type") == "button":
            _check_button(element, f"{at}/elements/{place}")


def _check_button(button: Block, at: str) -> None:
    _check_text(button.get("text"), 75, f"{at}/text")
    if len(str(button.get("value", ""))) > 2000 or len(str(button.get("action_id", ""))) > 255:
        _refuse(f"value or action_id is too long [json-pointer:{at}]")


def _check_markdown_block(block: Block, at: str) -> None:
    text = block.get("text")
    if not isinstance(text, str) or not text:
        _refuse(f"missing required field: text [json-pointer:{at}]")
    elif len(text) > MARKDOWN_CHARS:
        raise ApiError("msg_too_long")


def _check_table(block: Block, at: str) -> None:
    rows = block.get("rows", [])
    if not 1 <= len(rows) <= 100 or any(len(row) > 20 for row in rows):
        _refuse(f"must have 1 to 100 rows of at most 20 cells [json-pointer:{at}/rows]")


def _check_image(block: Block, at: str) -> None:
    if not block.get("alt_text"):
        _refuse(f"missing required field: alt_text [json-pointer:{at}]")
