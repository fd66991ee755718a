"""Files come from Slack and nowhere else, whole, and the token is shown to nobody."""

from __future__ import annotations

import errno
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.downloads import Downloads
from bot.jobs import TryAgain
from rag.errors import BrokenFile, DiskFull, FileError, FileRemoved, FileTooLarge, UnsupportedFile
from tests.bot.scripted_slack import ScriptedSlack

TOKEN = "xoxb-secret"
BYTES = b"%PDF-1.7 and so on" * 1000


class Place:
    """Two file hosts: Slack's, and somebody else's, who writes down what headers came along."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stranger_saw: list[str] = []
        self.slack_saw: list[str] = []
        self.answer: Callable[[web.Request], Awaitable[web.StreamResponse]] = self._bytes
        self.slack = TestServer(_app(self._at_slack))
        self.stranger = TestServer(_app(self._at_stranger))

    async def start(self) -> Downloads:
        await self.slack.start_server()
        await self.stranger.start_server()
        client = ScriptedSlack(TOKEN, str(self.slack.make_url("/api/")))
        return Downloads(client, self.folder, max_bytes=100_000)

    def file(self, **more: Any) -> dict[str, Any]:
        return {"id": "F1", "url_private_download": str(self.slack.make_url("/files/F1")), **more}

    async def _at_slack(self, request: web.Request) -> web.StreamResponse:
        self.slack_saw.append(request.headers.get("Authorization", ""))
        return await self.answer(request)

    async def _at_stranger(self, request: web.Request) -> web.StreamResponse:
        self.stranger_saw.append(request.headers.get("Authorization", ""))
        return web.Response(body=b"mine")

    async def _bytes(self, _: web.Request) -> web.StreamResponse:
        return web.Response(body=BYTES, content_type="application/pdf")


def _app(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.Application:
    app = web.Application()
    app.router.add_get("/{path:.*}", handler)
    return app


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[tuple[Place, Downloads]]:
    made = Place(tmp_path / "downloads")
    downloads = await made.start()
    yield made, downloads
    await made.slack.close()
    await made.stranger.close()


Both = tuple[Place, Downloads]


async def test_a_file_arrives_whole_and_is_asked_for_with_the_token(place: Both, tmp_path: Path) -> None:
    there, downloads = place
    await downloads.fetch(there.file(size=len(BYTES)), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == BYTES
    assert there.slack_saw == [f"Bearer {TOKEN}"]


async def test_the_place_of_a_file_is_gone_afterwards(place: Both) -> None:
    there, downloads = place
    with downloads.place() as target:
        await downloads.fetch(there.file(), target)
        assert target.exists()
    assert list(there.folder.iterdir()) == []
    assert there.folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_never_followed(place: Both, tmp_path: Path, status: int) -> None:
    there, downloads = place

    async def elsewhere(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers={"Location": str(there.stranger.make_url("/steal"))})

    there.answer = elsewhere
    with pytest.raises(FileError) as caught:
        await downloads.fetch(there.file(), tmp_path / "file")
    assert there.stranger_saw == []
    assert "files:read" in caught.value.user_message
    assert not (tmp_path / "file").exists()


async def test_another_hosts_address_is_never_asked(place: Both, tmp_path: Path) -> None:
    there, downloads = place
    with pytest.raises(UnsupportedFile):
        await downloads.fetch({"id": "F1", "url_private": str(there.stranger.make_url("/steal"))}, tmp_path / "file")
    assert there.stranger_saw == []


HOSTILE = [
    "",
    "no address",
    "https://evil.example/x",
    "http://files.slack.com/x",
    "ftp://files.slack.com/x",
    "file:///etc/passwd",
    "https:files.slack.com/x",
    "https://files.slack.com@evil.example/x",
    "https://evil.example\\@files.slack.com/x",
    "https://files.slack.com\\.evil.example/x",
    "https://files.slack.com.evil.example/x",
    "https://xslack.com/x",
    "https://evil.example/?.slack.com",
    "https://evil.example#.slack.com",
    "https://evil.example／.slack.com/x",
    "https://[::1]/x",
    "https://[bad/x",
    "//files.slack.com/x",
    "https://127.0.0.1/x",
]


@pytest.mark.parametrize("url", HOSTILE)
async def test_only_slacks_own_hosts_over_tls_are_taken_for_slack(tmp_path: Path, url: str) -> None:
    downloads = Downloads(ScriptedSlack(TOKEN, "https://slack.com/api/"), tmp_path, 1000)
    with pytest.raises(UnsupportedFile) as caught:
        await downloads.fetch({"url_private_download": url}, tmp_path / "file")
    assert "upload it here" in caught.value.user_message


@pytest.mark.parametrize("url", ["https://files.slack.com/files-pri/T1-F1/a.pdf", "https://FILES.slack.com/x"])
def test_slacks_own_hosts_are_taken_for_slack(tmp_path: Path, url: str) -> None:
    downloads = Downloads(ScriptedSlack(TOKEN, "https://slack.com/api/"), tmp_path, 1000)
    assert downloads._is_slacks(url)


@pytest.mark.parametrize("url", ["https://files.slack.com/x", "http://127.0.0.1:1/x", "http://localhost:9/x"])
async def test_with_a_local_workspace_only_that_workspace_is_asked(tmp_path: Path, url: str) -> None:
    downloads = Downloads(ScriptedSlack(TOKEN, "http://127.0.0.1:9/api/"), tmp_path, 1000)
    with pytest.raises(UnsupportedFile):
        await downloads.fetch({"url_private_download": url}, tmp_path / "file")


async def test_a_login_page_is_not_the_file(place: Both, tmp_path: Path) -> None:
    there, downloads = place

    async def login(_: web.Request) -> web.StreamResponse:
        return web.Response(text="<html>Sign in</html>", content_type="text/html")

    there.answer = login
    with pytest.raises(FileError) as caught:
        await downloads.fetch(there.file(mimetype="application/pdf"), tmp_path / "file")
    assert "files:read" in caught.value.user_message
    assert not (tmp_path / "file").exists()


async def test_a_web_page_that_was_uploaded_is_the_file(place: Both, tmp_path: Path) -> None:
    there, downloads = place

    async def page(_: web.Request) -> web.StreamResponse:
        return web.Response(text="<html>Ours</html>", content_type="text/html")

    there.answer = page
    await downloads.fetch(there.file(mimetype="text/html", size=17), tmp_path / "file")
    assert (tmp_path / "file").read_text() == "<html>Ours</html>"


async def test_a_login_page_in_place_of_a_web_page_is_seen_by_its_size(place: Both, tmp_path: Path) -> None:
    there, downloads = place

    async def login(_: web.Request) -> web.StreamResponse:
        return web.Response(text="<html>Sign in</html>", content_type="text/html")

    there.answer = login
    with pytest.raises(TryAgain):
        await downloads.fetch(there.file(mimetype="text/html", size=17), tmp_path / "file")


async def test_more_bytes_than_allowed_are_not_kept(place: Both, tmp_path: Path) -> None:
    there, downloads = place

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(50):
            await response.write(b"x" * 10_000)
        return response

    there.answer = endless
    with pytest.raises(BrokenFile):
        await downloads.fetch(there.file(size=10), tmp_path / "file")
    assert (tmp_path / "file").stat().st_size <= 100_000


async def test_a_broken_off_download_is_tried_again(place: Both, tmp_path: Path) -> None:
    there, downloads = place

    async def broken(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "5000"})
        await response.prepare(request)
        await response.write(b"x" * 100)
        assert request.transport is not None
        request.transport.close()
        return response

    there.answer = broken
    with pytest.raises(TryAgain):
        await downloads.fetch(there.file(), tmp_path / "file")


async def test_fewer_bytes_than_slack_said_are_tried_again(place: Both, tmp_path: Path) -> None:
    there, downloads = place
    with pytest.raises(TryAgain):
        await downloads.fetch(there.file(size=len(BYTES) + 1), tmp_path / "file")


@pytest.mark.parametrize(
    ("status", "error"),
    [(404, FileRemoved), (401, FileError), (403, FileError), (429, TryAgain), (500, TryAgain), (503, TryAgain)],
)
async def test_each_status_has_its_meaning(place: Both, tmp_path: Path, status: int, error: type[Exception]) -> None:
    there, downloads = place

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status)

    there.answer = answer
    with pytest.raises(error):
        await downloads.fetch(there.file(), tmp_path / "file")


async def test_a_host_that_does_not_answer_is_tried_again(place: Both, tmp_path: Path) -> None:
    there, downloads = place
    file = there.file()
    await there.slack.close()
    with pytest.raises(TryAgain):
        await downloads.fetch(file, tmp_path / "file")


async def test_a_full_disk_has_its_own_error(place: Both, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there, downloads = place

    def full(*_: Any, **__: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(DiskFull):
        await downloads.fetch(there.file(), tmp_path / "file")


# --- what Slack says of a file -------------------------------------------------------------------


def saying(tmp_path: Path, *answers: Any) -> Downloads:
    return Downloads(ScriptedSlack().script("files.info", *answers), tmp_path, max_bytes=5_000_000)


async def test_what_slack_says_of_a_file_is_given_on(tmp_path: Path) -> None:
    file = {"id": "F1", "name": "a.pdf", "size": 10}
    assert await saying(tmp_path, {"ok": True, "file": file}).info("F1") == file


@pytest.mark.parametrize(
    ("file", "error"),
    [
        ({"mode": "tombstone"}, FileRemoved),
        ({"mode": "hidden_by_limit"}, FileRemoved),
        ({"is_external": True}, UnsupportedFile),
        ({"mode": "external"}, UnsupportedFile),
        ({"size": 5_000_001}, FileTooLarge),
    ],
)
async def test_files_that_are_not_read_are_refused_before_any_download(
    tmp_path: Path, file: dict[str, Any], error: type[FileError]
) -> None:
    with pytest.raises(error) as caught:
        await saying(tmp_path, {"ok": True, "file": {"id": "F1", **file}}).info("F1")
    assert caught.value.user_message.endswith(".")


@pytest.mark.parametrize("gone", ["file_not_found", "file_deleted", "not_visible", "access_denied"])
async def test_a_file_that_is_gone_or_hidden_is_gone(tmp_path: Path, gone: str) -> None:
    with pytest.raises(FileRemoved):
        await saying(tmp_path, gone).info("F1")


async def test_slack_in_trouble_is_asked_again(tmp_path: Path) -> None:
    with pytest.raises(TryAgain):
        await saying(tmp_path, "internal_error").info("F1")
