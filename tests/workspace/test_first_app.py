"""A newcomer's first minute: `inhouse workspace`, the lines it prints, and the programs of the documentation."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from click.testing import CliRunner
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.cli.workspace import workspace
from bot.workspace.errors import WorkspaceError
from bot.workspace.manifest import options_of, read_manifest
from bot.workspace.server import Workspace
from tests.conftest import REPOSITORY
from tests.workspace.test_clients import PATIENCE_S, node_folder

DOCS = REPOSITORY / "docs" / "workspace.md"
ORDERS = Path(__file__).parent / "samples" / "orders" / "manifest.json"
Environment = dict[str, str]


def program(name: str) -> str:
    """The text of one program in the documentation."""
    found = re.search(rf"<!-- {re.escape(name)} -->\n```\w+\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


def surroundings() -> Environment:
    return {name: value for name, value in os.environ.items() if not re.search("proxy|SLACK", name, re.IGNORECASE)}


@asynccontextmanager
async def child(env: Environment, folder: Path, *command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that prints to a pipe, until it is not needed any more."""
    pipes: dict[str, Any] = {"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.STDOUT}
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, env=env, **pipes)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        print((await process.communicate())[0].decode())


@asynccontextmanager
async def started(*options: str) -> AsyncIterator[Environment]:
    """The command in a process of its own; what its export lines put into a shell."""
    command = [sys.executable, "-m", "bot.cli", "workspace", "--port", "0", *options]
    async with child(surroundings(), REPOSITORY, *command) as process:
        assert process.stdout
        said = ""
        async with asyncio.timeout(PATIENCE_S):
            while "SLACK_API_URL" not in said:
                line = await process.stdout.readline()
                assert line, f"it ended: {said}"
                said += line.decode()
        yield dict(line.removeprefix("export ").split("=", 1) for line in said.splitlines() if "export " in line)


class Browser:
    """The page without a browser: what Ana sees, and what she does."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, key: str) -> None:
        self.session, self.base_url, self.key = session, base_url, key

    @classmethod
    async def opened(cls, session: aiohttp.ClientSession, api_url: str) -> Browser:
        base_url = api_url.removesuffix("/api/")
        page = await (await session.get(base_url)).text()
        found = re.search(r'name="page-key" content="([^"]+)"', page)
        assert found
        return cls(session, base_url, found[1])

    async def see(self) -> dict[str, Any]:
        """Everything that stands on the page."""
        async with self.session.ws_connect(f"{self.base_url}/page/feed?key={self.key}&user=") as feed:
            seen: dict[str, Any] = await feed.receive_json()
            return seen

    async def do(self, action: str, **body: Any) -> dict[str, Any]:
        headers = {"X-Page-Key": self.key}
        answered = await self.session.post(f"{self.base_url}/page/do/{action}", json=body, headers=headers)
        done: dict[str, Any] = await answered.json()
        return done

    async def until(self, test: Any) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE_S):
            while not test(seen := await self.see()):
                await asyncio.sleep(0.1)
        return seen


async def greeted(env: Environment, folder: Path, command: Sequence[str]) -> str:
    """What the app answers to a mention on the page, when it was started with the exported lines alone."""
    async with (
        child(surroundings() | env, folder, *command),
        aiohttp.ClientSession() as session,
    ):
        page = await Browser.opened(session, env["SLACK_API_URL"])
        seen = await page.until(lambda seen: seen["connected"])
        channel = seen["channels"][0]
        asked = await page.do("post", user=seen["me"], channel=channel["id"], text="@inhouse are you there?")
        seen = await page.until(lambda seen: seen["channels"][0]["messages"][0].get("reply_count"))
        thread = await page.do("history", user=seen["me"], channel=channel["id"], thread_ts=asked["ts"])
        answer = thread["messages"][1]
        assert answer["thread_ts"] == asked["ts"] and answer["user"] == seen["bot"]
        return str(answer["text"]).replace(seen["me"], "ANA")


async def test_program_of_the_documentation_answers_within_the_first_minute(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(program("app.py"), encoding="utf-8")
    async with started() as env:
        assert list(env) == ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_API_URL"]
        assert await greeted(env, tmp_path, [sys.executable, "app.py"]) == "Hello <@ANA>!"


@pytest.mark.slow
@pytest.mark.timeout(420)
async def test_program_in_javascript_does_too() -> None:
    folder = node_folder()
    (folder / "app.js").write_text(program("app.js"), encoding="utf-8")
    async with started() as env:
        assert await greeted(env, folder, ["node", "app.js"]) == "Hello <@ANA>!"


async def test_manifest_names_the_app_and_what_the_page_offers() -> None:
    async with started("--manifest", str(ORDERS)) as env, aiohttp.ClientSession() as session:
        seen = await (await Browser.opened(session, env["SLACK_API_URL"])).see()
        headers = {"Authorization": f"Bearer {env['SLACK_BOT_TOKEN']}"}
        refused = await (await session.post(env["SLACK_API_URL"] + "users.list", headers=headers)).json()
    assert next(user["name"] for user in seen["users"] if user["is_bot"]) == "orders"
    assert seen["commands"] == [["/order", "Order a drink"]]
    assert seen["global_shortcuts"] == [["order_drink", "Order a drink"]]
    assert seen["shortcuts"] == [["order_for", "Order for them"]] and seen["has_chats"] is False
    assert (refused["error"], refused["needed"]) == ("missing_scope", "users:read")


def test_our_own_manifest_is_read_with_its_agent() -> None:
    options = read_manifest(REPOSITORY / "manifest.yml")
    assert options["bot_name"] == "inhouse" and "app_mention" in options["events"]
    assert len(options["shortcuts"]) == 3 and options["global_shortcuts"] == []
    assert options["hints"][1] == "Which dates and deadlines do the files name?"


def test_manifest_of_an_assistant_has_its_chats_and_prompts() -> None:
    options = options_of(
        {
            "display_information": {"name": "Helper"},
            "features": {"assistant_view": {"suggested_prompts": [{"title": "Count", "message": "To three"}]}},
            "settings": {"event_subscriptions": {"bot_events": ["assistant_thread_started"]}},
        }
    )
    assert (options["bot_name"], options["hints"]) == ("Helper", ["To three"])
    assert Workspace(**options).core.events.has_chats and options["scopes"] == []


@pytest.mark.parametrize("wrong", ["{", "[1]", "name: x"])
def test_file_that_is_no_manifest_is_refused_in_a_sentence(wrong: str, tmp_path: Path) -> None:
    path = tmp_path / "manifest.yml"
    path.write_text(wrong, encoding="utf-8")
    with pytest.raises(WorkspaceError, match="manifest"):
        read_manifest(path)


def test_manifest_that_is_not_there_is_refused() -> None:
    done = CliRunner().invoke(workspace, ["--manifest", "nowhere.json"])
    assert done.exit_code == 2 and "nowhere.json" in done.output


async def test_an_app_without_a_manifest_may_do_everything_and_with_one_what_it_says() -> None:
    for options, error in (((), ""), (("--manifest", str(ORDERS)), "missing_scope")):
        async with started(*options) as env:
            client = AsyncWebClient(token=env["SLACK_BOT_TOKEN"], base_url=env["SLACK_API_URL"])
            try:
                await client.conversations_create(name="launch")
                told = ""
            except SlackApiError as refused:
                told = refused.response["error"]
            assert told == error
