"""A file's bytes from Slack, without ever showing our token to anybody else.

An external file's address points at a third party, a redirect may lead anywhere, and a missing
scope is answered with a login page and status 200: each is refused here.
"""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from yarl import URL

from bot.jobs import TryAgain
from bot.settings import SLACK_DOMAINS
from rag.errors import BrokenFile, DiskFull, FileError, FileRemoved, FileTooLarge, StoreError, UnsupportedFile
from rag.originals import abandoned, part_prefix
from rag.terms import clean

TIMEOUT_S = 300
PIECE_BYTES = 1 << 16


class Downloads:
    """Fetches files with the bot's token. ``folder`` holds them while they are read."""

    def __init__(self, client: AsyncWebClient, folder: Path, max_bytes: int) -> None:
        self._client = client
        self._folder = folder
        self._max_bytes = max_bytes
        for left in abandoned(folder):
            shutil.rmtree(left, ignore_errors=True)

    async def info(self, file_id: str) -> dict[str, Any]:
        """What Slack says of a file now. Raises: FileError where it is gone or its bytes are not at Slack."""
        try:
            file = (await self._client.files_info(file=file_id))["file"]
        except SlackApiError as error:
            if error.response.get("error") in {"file_not_found", "file_deleted", "not_visible", "access_denied"}:
                raise FileRemoved(detail=str(error.response.get("error"))) from error
            raise TryAgain("files.info") from error
        self._refuse(file)
        return file | ({"name": clean(file["name"])} if file.get("name") else {})

    async def fetch(self, file: dict[str, Any], target: Path) -> None:
        """Write a file's bytes to ``target``. Raises: FileError; TryAgain where Slack did not answer."""
        url = file.get("url_private_download") or file.get("url_private") or ""
        if not self._is_slacks(url):
            raise UnsupportedFile("This file does not lie at Slack but elsewhere, where I do not go; upload it here.")
        headers = {"Authorization": f"Bearer {self._client.token}"}
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(
                    url,
                    headers=headers,
                    allow_redirects=False,
                    proxy=self._client.proxy,
                    ssl=self._client.ssl or True,
                ) as response,
            ):
                self._check(response, file)
                size = await self._save(response, target)
        except (TimeoutError, aiohttp.ClientError) as error:
            raise TryAgain("the download broke off") from error
        if file.get("size") not in {None, 0, size}:
            raise TryAgain("the download was incomplete")

    @contextmanager
    def place(self) -> Iterator[Path]:
        """A place for one file; gone, with the file, at the end."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(prefix=part_prefix(), dir=self._folder) as folder:
            yield Path(folder) / "file"

    def _refuse(self, file: dict[str, Any]) -> None:
        mode = file.get("mode")
        if mode in {"tombstone", "hidden_by_limit"}:
            raise FileRemoved(detail=str(mode))
        if file.get("is_external") or mode == "external":
            raise UnsupportedFile("This file does not lie at Slack but elsewhere, where I do not go; upload it here.")
        if (file.get("size") or 0) > self._max_bytes:
            limit = self._max_bytes // 1_000_000
            raise FileTooLarge(f"This file is larger than the {limit} MB that I read; upload the part you need.")

    def _is_slacks(self, url: str) -> bool:
        """Slack's own file hosts over TLS; with a local workspace, exactly the workspace."""
        try:
            there, api = URL(url), URL(self._client.base_url)  # read as aiohttp reads it, so that both mean one host
        except ValueError:
            return False
        host = there.host or ""
        if api.host in {"127.0.0.1", "localhost", "::1"}:
            return (there.scheme, host, there.port) == (api.scheme, api.host, api.port)
        return there.scheme == "https" and any(host == name or host.endswith(f".{name}") for name in SLACK_DOMAINS)

    def _check(self, response: aiohttp.ClientResponse, file: dict[str, Any]) -> None:
        is_page = response.content_type == "text/html" and file.get("mimetype") != "text/html"
        if response.status in {301, 302, 303, 307, 308, 401, 403} or (response.status == 200 and is_page):
            raise FileError(
                "Slack did not hand out this file; the administrator should check the scope `files:read`.",
                detail=f"status {response.status}, {response.headers.get('x-slack-meta', '')}",
            )
        if response.status == 404:
            raise FileRemoved(detail="404")
        if response.status != 200:
            raise TryAgain(f"the download was answered with {response.status}")

    async def _save(self, response: aiohttp.ClientResponse, target: Path) -> int:
        size = 0
        try:
            with target.open("wb") as out:
                async for piece in response.content.iter_chunked(PIECE_BYTES):
                    size += len(piece)
                    if size > self._max_bytes:
                        raise BrokenFile("This file is larger than Slack said; it was not read.")
                    out.write(piece)
        except OSError as error:
            if isinstance(error, aiohttp.ClientError):  # some of them are
                raise
            if error.errno == errno.ENOSPC:
                raise DiskFull(detail=str(error)) from error
            raise StoreError(detail=str(error)) from error
        return size
