"""files.*: information, lists, deletion and the two-step upload."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from bot.workspace.arguments import Arguments
from bot.workspace.core import Core
from bot.workspace.errors import ApiError
from bot.workspace.methods.chat import new_bot_message, read_thread
from bot.workspace.methods.places import joined_channel
from bot.workspace.methods.registry import method
from bot.workspace.state import File

# What files.list can be asked for; posts, Google's documents and snippets are never made here.
TYPES: dict[str, Callable[[File], bool]] = {
    "all": lambda file: True,
    "images": lambda file: file.mimetype.startswith("image/"),
    "pdfs": lambda file: file.filetype == "pdf",
    "zips": lambda file: file.filetype == "zip",
    **dict.fromkeys(("gdocs", "snippets", "spaces"), lambda file: False),
}


@method("files.info", "files:read")
async def info(core: Core, args: Arguments) -> dict[str, Any]:
    """One file with the places it is shared in. Raises: ApiError file_not_found, file_deleted."""
    file = core.state.file_for_bot(args.needed("file", "file_not_found"))
    return {"file": core.shapes.file_with_shares(file), "comments": []}


@method("files.list", "files:read")
async def list_files(core: Core, args: Arguments) -> dict[str, Any]:
    """A page of the files that the app may see, newest first, of one channel, user, time or type where asked.

    Raises: ApiError unknown_type, user_not_found.
    """
    if args.text("user") and args.text("user") not in core.state.users:
        raise ApiError("user_not_found")
    seen = [f for f in core.state.files.values() if not f.deleted and core.state.is_file_visible(f, core.state.bot.id)]
    wanted = _filter(args)
    seen = [file for file in seen if wanted(file)]
    count, page = max(1, args.number("count", 100)), max(1, args.number("page", 1))
    shown = seen[::-1][(page - 1) * count : page * count]
    paging = {"count": count, "total": len(seen), "page": page, "pages": -(-len(seen) // count)}
    return {"files": [core.shapes.file_with_shares(f) for f in shown], "paging": paging}


def _filter(args: Arguments) -> Callable[[File], bool]:
    """Whether a file is one of those asked for. Raises: ApiError unknown_type, invalid_arguments."""
    types = args.text("types", "all").replace(" ", "").split(",")
    if not set(types) <= set(TYPES):
        raise ApiError("unknown_type")
    oldest, latest = args.number("ts_from", 0), args.number("ts_to", 2**62)
    channel, user = args.text("channel"), args.text("user")

    def is_wanted(file: File) -> bool:
        is_there = not channel or any(share.channel == channel for share in file.shares)
        is_of_type = any(TYPES[name](file) for name in types)
        return is_there and is_of_type and user in ("", file.user) and oldest <= file.created <= latest

    return is_wanted


@method("files.delete", "files:write")
async def delete(core: Core, args: Arguments) -> dict[str, Any]:
    """Delete one of the app's own files. Raises: ApiError cant_delete_file for anybody else's."""
    file = core.state.file_for_bot(args.needed("file", "file_not_found"))
    if file.user != core.state.bot.id:
        raise ApiError("cant_delete_file")
    core.delete_file(file)
    return {}


@method("files.getUploadURLExternal", "files:write")
async def get_upload_url(core: Core, args: Arguments) -> dict[str, Any]:
    """Step one of an upload: an address for the bytes, and the id of the file they will be. Raises: ApiError."""
    name = args.needed("filename")
    if args.number("length", 0) <= 0:
        raise ApiError("invalid_arguments")
    file = core.state.add_file(name, b"", core.state.bot.id)
    ticket = secrets.token_urlsafe(16)
    core.uploads[ticket] = file
    return {"upload_url": f"{core.shapes.base_url}/upload/v1/{ticket}", "file_id": file.id}


@method("files.completeUploadExternal", "files:write")
async def complete_upload(core: Core, args: Arguments) -> dict[str, Any]:
    """Step two of an upload: name the files and share them in the channels given. Raises: ApiError."""
    wanted = args.json("files")
    if not isinstance(wanted, list) or not wanted:
        raise ApiError("invalid_arguments")
    files = [_uploaded(core, entry) for entry in wanted]
    channels = [c for c in args.text("channels").split(",") if c] or [args.text("channel_id")]
    for channel_id in filter(None, channels):
        _share(core, Arguments(args.values | {"channel": channel_id}), files)
    return {"files": [core.shapes.file_with_shares(file) for file in files]}


def _uploaded(core: Core, entry: dict[str, Any]) -> File:
    file = core.state.files.get(str(entry.get("id")))
    if file is None or file.user != core.state.bot.id:
        raise ApiError("file_not_found")
    file.title = str(entry.get("title") or file.name)
    return file


def _share(core: Core, args: Arguments, files: list[File]) -> None:
    channel = joined_channel(core, args)
    message = new_bot_message(core, channel, (args.text("initial_comment"), []), read_thread(channel, args))
    message.files = files
    core.add_message(message)


@method("files.upload", "files:write")
async def upload(core: Core, args: Arguments) -> dict[str, Any]:
    """The older way to upload, which Slack has closed. Raises: ApiError method_deprecated, always."""
    raise ApiError("method_deprecated")
