"""chat.*: post, change, delete, ephemeral, permalink."""

from __future__ import annotations

import json
from typing import Any

from bot.workspace.arguments import Arguments
from bot.workspace.core import Core
from bot.workspace.errors import ApiError
from bot.workspace.limits import POST_CHARS, UPDATE_CHARS, check_blocks, check_markdown
from bot.workspace.methods.places import addressed_channel, joined_channel, message_at
from bot.workspace.methods.registry import method
from bot.workspace.state import Channel, Message

MOST_ATTACHMENTS = 100
CUSTOMIZE = "chat:write.customize"
Content = tuple[str, list[dict[str, Any]]]


def read_content(args: Arguments) -> Content:
    """(text, blocks) of a message to be written. Raises: ApiError."""
    markdown, blocks = args.text("markdown_text"), args.json("blocks", "invalid_blocks_format")
    if markdown:
        if args.text("text") or blocks:
            raise ApiError("markdown_text_conflict")
        check_markdown(markdown)
        blocks = [{"type": "markdown", "text": markdown}]
    if blocks:
        check_blocks(blocks)
    text = args.text("text") or markdown
    if not text and not blocks and not args.json("attachments"):
        raise ApiError("no_text")
    return text[:POST_CHARS], number_blocks(blocks or [])


def read_attachments(args: Arguments) -> list[dict[str, Any]]:
    """A message's attachments, each with the id and the fallback that Slack gives. Raises: ApiError."""
    attachments = args.json("attachments", "invalid_attachments") or []
    if not isinstance(attachments, list) or not all(isinstance(one, dict) for one in attachments):
        raise ApiError("invalid_attachments")
    if len(attachments) > MOST_ATTACHMENTS:
        raise ApiError("too_many_attachments")
    return [{"id": place, "fallback": _fallback(one)} | one for place, one in enumerate(attachments, 1)]


def _fallback(attachment: dict[str, Any]) -> str:
    return str(attachment.get("title") or attachment.get("text") or "[no preview available]")


def number_blocks(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Blocks and their buttons and menus with the ids that Slack gives where the app gave none."""
    return [_with_action_ids({"block_id": f"b{place}"} | block) for place, block in enumerate(blocks)]


def _with_action_ids(block: dict[str, Any]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for key in ("accessory", "element"):
        if isinstance(block.get(key), dict):
            named[key] = _with_action_id(block[key], f"{block['block_id']}-0")
    if block.get("type") in ("actions", "context_actions") and isinstance(block.get("elements"), list):
        given = enumerate(block["elements"])
        named["elements"] = [_with_action_id(element, f"{block['block_id']}-{place}") for place, element in given]
    return block | named


def _with_action_id(element: Any, action_id: str) -> Any:
    is_used = isinstance(element, dict) and element.get("type") != "image"
    return {"action_id": action_id} | element if is_used else element


def read_metadata(args: Arguments) -> dict[str, Any] | None:
    """A message's metadata, ``{"event_type": "answer", "event_payload": {"turn": 7}}``, or None where there is none.

    Raises: ApiError invalid_metadata_format, metadata_too_large.
    """
    metadata = args.json("metadata", "invalid_metadata_format")
    if metadata is not None and len(json.dumps(metadata)) > 16_000:
        raise ApiError("metadata_too_large")
    return metadata if isinstance(metadata, dict) else None


def read_thread(channel: Channel, args: Arguments) -> str | None:
    """The root's ts; a reply's ts is taken for its root's, and an unknown one refused. Raises: ApiError."""
    thread_ts = args.text("thread_ts")
    if not thread_ts:
        return None
    root = channel.messages.get(thread_ts)
    if root is None:
        raise ApiError("cannot_reply_to_message")
    return root.thread_ts or root.ts


def new_bot_message(core: Core, channel: Channel, content: Content, thread_ts: str | None) -> Message:
    """A message by the app with a fresh ts, not yet in its channel."""
    text, blocks = content
    ts = core.state.next_ts()
    return Message(channel.id, ts, core.state.bot.id, text, blocks, thread_ts, is_bot=True)


def composed(core: Core, channel: Channel, args: Arguments) -> Message:
    """What chat.postMessage and chat.scheduleMessage would post, not yet in its channel. Raises: ApiError."""
    if args.flag("as_user"):
        raise ApiError("as_user_not_supported")
    message = new_bot_message(core, channel, read_content(args), read_thread(channel, args))
    message.metadata, message.attachments = read_metadata(args), read_attachments(args)
    message.parse, message.link_names = args.text("parse"), args.flag("link_names")
    message.may_unfurl = args.flag("unfurl_links", True) or args.flag("unfurl_media", True)
    give_name(core, message, args)
    if message.thread_ts and args.flag("reply_broadcast"):
        message.subtype = "thread_broadcast"
    return message


def give_name(core: Core, message: Message, args: Arguments) -> None:
    """Let a message appear under a name and picture of its own; without the scope for it Slack ignores them."""
    emoji, picture = args.text("icon_emoji").strip(":"), args.text("icon_url")
    icons = {"emoji": f":{emoji}:"} if emoji else {"image_48": picture} if picture else {}
    if CUSTOMIZE not in core.scopes or not (args.text("username") or icons):
        return
    message.subtype = "bot_message"
    message.details = {"username": args.text("username") or core.state.bot.real_name}
    message.details |= {"icons": icons} if icons else {}


@method("chat.postMessage", "chat:write")
async def post_message(core: Core, args: Arguments) -> dict[str, Any]:
    """Post as the app, in a channel or a thread. Raises: ApiError."""
    channel = addressed_channel(core, args)
    message = core.add_message(composed(core, channel, args))
    return {"channel": channel.id, "ts": message.ts, "message": core.shapes.message(message)}


@method("chat.update", "chat:write")
async def update(core: Core, args: Arguments) -> dict[str, Any]:
    """Replace what one of the app's messages says. Raises: ApiError, also for a stream that is still open."""
    channel = joined_channel(core, args)
    message = message_at(channel, args.needed("ts", "message_not_found"))
    if not message.is_bot:
        raise ApiError("cant_update_message")
    if message.streaming:
        raise ApiError("streaming_state_conflict")
    if len(args.text("text")) > UPDATE_CHARS:
        raise ApiError("msg_too_long")
    previous = core.shapes.message(message)
    attachments = read_attachments(args) if "attachments" in args.values else message.attachments
    (message.text, message.blocks), message.attachments = _updated(message, args), attachments
    message.metadata = read_metadata(args) or message.metadata
    message.parse, message.link_names = args.text("parse", "client"), args.flag("link_names")
    message.edited_ts = core.state.next_ts()
    core.change_message(message, previous)
    body = core.shapes.message(message)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": body}


def _updated(message: Message, args: Arguments) -> Content:
    """Text alone takes the blocks away; blocks alone keep the text."""
    text, blocks = read_content(args)
    return (text, blocks) if "text" in args.values or text else (message.text, blocks)


@method("chat.delete", "chat:write")
async def delete(core: Core, args: Arguments) -> dict[str, Any]:
    """Delete one of the app's own messages. Raises: ApiError cant_delete_message for anybody else's."""
    channel = joined_channel(core, args)
    message = message_at(channel, args.needed("ts", "message_not_found"))
    if not message.is_bot:
        raise ApiError("cant_delete_message")
    core.delete_message(message)
    return {"channel": channel.id, "ts": message.ts}


@method("chat.postEphemeral", "chat:write")
async def post_ephemeral(core: Core, args: Arguments) -> dict[str, Any]:
    """Show one member something that nobody else sees; in a thread only if somebody has replied there already.

    Raises: ApiError user_not_in_channel.
    """
    channel = joined_channel(core, args)
    reader = args.needed("user", "user_not_in_channel")
    if reader not in channel.members:
        raise ApiError("user_not_in_channel")
    message = new_bot_message(core, channel, read_content(args), read_thread(channel, args))
    message.ephemeral_to = reader
    give_name(core, message, args)
    message.parse, message.link_names = args.text("parse"), args.flag("link_names")
    core.add_ephemeral(message)
    return {"message_ts": message.ts}


@method("chat.getPermalink")
async def get_permalink(core: Core, args: Arguments) -> dict[str, Any]:
    """The address of a message that the app may see. Raises: ApiError."""
    channel = core.state.visible_to_bot(args.needed("channel", "channel_not_found"))
    message = message_at(channel, args.needed("message_ts", "message_not_found"))
    return {"channel": channel.id, "permalink": core.shapes.permalink(message)}


@method("chat.meMessage", "chat:write")
async def me_message(core: Core, args: Arguments) -> dict[str, Any]:
    """Post a line of the kind that ``/me`` makes. Raises: ApiError no_text."""
    channel = joined_channel(core, args)
    message = new_bot_message(core, channel, (args.needed("text", "no_text"), []), None)
    message.subtype = "me_message"
    core.add_message(message)
    return {"channel": channel.id, "ts": message.ts}
