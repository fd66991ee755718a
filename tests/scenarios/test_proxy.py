"""The bot behind a proxy that opens TLS with the house's own certificate: all goes through, the token nowhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.preflight import preflight
from bot.settings import Settings
from rag.errors import SettingsError
from tests.scenarios.conftest import House, lease
from tests.scenarios.proxied import Tunnel

API = "https://slack.com/api/"


@pytest.fixture
async def tunnel(empty_house: House, tmp_path: Path) -> AsyncIterator[Tunnel]:
    """The workspace under Slack's names, which only the proxy leads to."""
    place = empty_house.place
    there = Tunnel(tmp_path, place.port)
    await there.start()
    place.core.shapes.base_url = "https://files.slack.com"
    place.core.socket_url = "wss://wss-primary.slack.com/link/"
    yield there
    await empty_house.stop_bot()
    await there.stop()


def behind(tunnel: Tunnel, **more: Any) -> dict[str, Any]:
    url = f"http://inhouse:pass%20word@127.0.0.1:{tunnel.port}"
    return {"slack_api_url": API, "proxy": url, "ca_file": tunnel.ca_file} | more


async def test_calls_the_socket_and_files_go_through_the_proxy_and_trust_the_houses_own_authority(
    empty_house: House, tunnel: Tunnel
) -> None:
    house = empty_house
    await house.start_bot(**behind(tunnel))
    answer = await house.ask("ana", "lab", "@inhouse What is the monthly rent?", files=[lease])
    assert "1,450" in answer.text and answer.citations
    assert {"slack.com", "files.slack.com", "wss-primary.slack.com"} == set(tunnel.names)
    assert set(tunnel.credentials) == {"Basic aW5ob3VzZTpwYXNzIHdvcmQ="}
    downloads = [(name, token) for name, line, token in tunnel.heard if "/files-pri/" in line]
    assert downloads and set(downloads) == {("files.slack.com", house.place.bot_token)}
    assert {name for name, _, token in tunnel.heard if token} == {"slack.com", "files.slack.com"}


async def test_private_answers_go_through_the_proxy_too(empty_house: House, tunnel: Tunnel) -> None:
    house = empty_house
    await house.start_bot(**behind(tunnel))
    await house.asked_and_read("ana", "lab", "@inhouse", [lease])
    before = len(tunnel.names)
    await house.place.slash(house.users["ben"], house.channels["lab"], "/ask", "What is the monthly rent?")
    await house.quiet(60)
    assert any("1,450" in str((m.text, m.blocks)) for m in house.place.ephemerals(house.users["ben"]))
    assert len(tunnel.names) >= before


async def test_a_redirect_to_another_host_takes_no_token_there(empty_house: House, tunnel: Tunnel) -> None:
    house = empty_house
    moved = b"HTTP/1.1 302 Found\r\nLocation: https://evil.example/x\r\nContent-Length: 0\r\n\r\n"
    tunnel.answer = lambda name, line: moved if "/files-pri/" in line else None
    await house.start_bot(**behind(tunnel))
    asked = await house.post("ana", "lab", "@inhouse", files=[lease])
    await house.quiet(60)
    (receipt,) = house.notices(asked)
    assert "files:read" in receipt.text
    assert "evil.example" not in tunnel.names


async def test_without_the_houses_authority_its_certificate_is_refused(empty_house: House, tunnel: Tunnel) -> None:
    settings = Settings.load(
        env_file=None,
        slack_bot_token=empty_house.place.bot_token,
        slack_app_token=empty_house.place.app_token,
        **behind(tunnel, ca_file=None),
    )
    with pytest.raises(SettingsError, match=r"cannot be reached at slack.com through the proxy 127.0.0.1:\d+"):
        await preflight(settings)
    assert not tunnel.heard, "no request, and so no token, was sent to somebody it does not know"


async def test_a_local_workspace_is_reached_without_the_proxy(empty_house: House, tunnel: Tunnel) -> None:
    house = empty_house
    house.place.core.shapes.base_url = house.place.base_url
    house.place.core.socket_url = f"ws://127.0.0.1:{house.place.port}/link/"
    await house.start_bot(**behind(tunnel, slack_api_url=house.place.api_url))
    answer = await house.ask("ana", "lab", "@inhouse What is the monthly rent?", files=[lease])
    assert "1,450" in answer.text and not tunnel.names


async def test_a_proxy_that_the_environment_names_is_not_used(
    empty_house: House, tunnel: Tunnel, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    await empty_house.start_bot(**behind(tunnel))
    answer = await empty_house.ask("ana", "lab", "@inhouse What is the monthly rent?", files=[lease])
    assert "1,450" in answer.text and tunnel.names
