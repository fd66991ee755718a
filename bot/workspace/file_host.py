"""The file host: uploads in, downloads out with the app's token.

Without a good token, or without the scope files:read, a download is answered as Slack does: status 200 and
the HTML of a login page.
"""

from __future__ import annotations

import asyncio

from aiohttp import web

from bot.workspace.core import Core
from bot.workspace.errors import ApiError
from bot.workspace.state import File

SLOW_S = 5.0
LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Sign in | Slack</title></head><body>Sign in</body></html>"


class FileHost:
    """Serves url_private, url_private_download and upload URLs."""

    def __init__(self, core: Core, bot_token: str) -> None:
        self.core = core
        self.bot_token = bot_token

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get("/files-pri/{key}/{name}", self.download)
        app.router.add_get("/files-pri/{key}/download/{name}", self.download)
        app.router.add_post("/upload/v1/{ticket}", self.upload)

    async def download(self, request: web.Request) -> web.StreamResponse:
        file = self.core.state.files.get(request.match_info["key"].rpartition("-")[2])
        if not self._may_read(request, file):
            headers = {"x-slack-meta": "?;acl_fail"}
            return web.Response(text=LOGIN_PAGE, content_type="text/html", headers=headers)
        if file is None or file.deleted:
            return web.Response(status=404, text="file deleted")
        if "slow_downloads" in self.core.faults.standing:
            await asyncio.sleep(SLOW_S)
        if "cut_downloads" in self.core.faults.standing:
            return await _cut_short(request, file)
        return file_response(file)

    def _may_read(self, request: web.Request, file: File | None) -> bool:
        """A good token, the scope, and a file that the app sees; what is gone nobody need be kept from."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        if token != self.bot_token or not self.core.is_installed or "files:read" not in self.core.scopes:
            return False
        return file is None or file.deleted or self.core.state.is_file_visible(file, self.core.state.bot.id)

    async def upload(self, request: web.Request) -> web.Response:
        """Raw bytes under any label, or multipart with one part, as the various clients send them."""
        file = self.core.uploads.pop(request.match_info["ticket"], None)
        if file is None:
            return web.Response(status=404, text="unknown upload")
        file.content = await _read_upload(request)
        return web.Response(text=f"OK - {file.size_bytes}")


async def _cut_short(request: web.Request, file: File) -> web.StreamResponse:
    """Promise a file's whole length, send half of it, and hang up."""
    response = web.StreamResponse(headers={"Content-Type": file.mimetype, "Content-Length": str(file.size_bytes)})
    await response.prepare(request)
    await response.write(file.content[: file.size_bytes // 2])
    if request.transport:
        request.transport.abort()
    return response


async def _read_upload(request: web.Request) -> bytes:
    if request.content_type != "multipart/form-data":
        return await request.read()
    for value in (await request.post()).values():
        if isinstance(value, web.FileField):
            return value.file.read()
    raise ApiError("no_file_data")


def file_response(file: File, *, inline: bool = False) -> web.Response:
    """A file's bytes; never shown by the browser as a page of ours, unless of a kind that cannot run."""
    safe = "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else "_" for c in file.name)
    return web.Response(
        body=file.content,
        headers={
            "Content-Type": file.mimetype,
            "Content-Disposition": f'{"inline" if inline else "attachment"}; filename="{safe}"',
            "X-Content-Type-Options": "nosniff",
        },
    )
