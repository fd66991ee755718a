"""One small app in each of Slack's clients, unmodified and in a process of its own, and what people do with it."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import pytest

from bot.workspace.server import Workspace
from bot.workspace.state import Message
from tests.conftest import REPOSITORY
from tests.workspace.conftest import Scene

HERE = Path(__file__).parent / "clients"
NODE_FILES = ("package.json", "package-lock.json", ".npmrc", "words.js", "bolt.js", "sdk.js")
PYTHON_APPS = ("sdk_sync", "sdk_async", "bolt_sync")  # beside bolt_async, the quick one
NODE_APPS = ("bolt", "sdk")
PATIENCE_S = 30.0  # on a busy machine


@cache
def node_folder() -> Path:
    """Slack's Node clients, installed once for each lock file, outside the repository. Skips where that cannot be."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("Node is not installed")
    lock = hashlib.sha256((HERE / "node" / "package-lock.json").read_bytes()).hexdigest()[:12]
    folder = REPOSITORY / ".venv" / f"node-clients-{lock}"
    folder.mkdir(exist_ok=True)
    for name in NODE_FILES:
        shutil.copy(HERE / "node" / name, folder / name)
    if not (folder / "installed").exists():
        done = subprocess.run(["npm", "ci"], cwd=folder, capture_output=True, text=True, timeout=300)
        if done.returncode and ("ENOTFOUND" in done.stderr or "ECONN" in done.stderr or "ETIMEDOUT" in done.stderr):
            pytest.skip("the npm registry is out of reach")
        assert done.returncode == 0, done.stderr[-2000:]
        (folder / "installed").touch()
    return folder


def python_app(name: str) -> tuple[Sequence[str], Path]:
    return [sys.executable, "-m", f"tests.workspace.clients.{name}"], REPOSITORY


def node_app(name: str) -> tuple[Sequence[str], Path]:
    return ["node", f"{name}.js"], node_folder()


async def started(place: Workspace, command: Sequence[str], folder: Path) -> asyncio.subprocess.Process:
    """An app as a process of its own, which knows nothing but what the workspace tells every app."""
    env = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()} | place.environment
    return await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )


@asynccontextmanager
async def running(scene: Scene, command: Sequence[str], folder: Path) -> AsyncIterator[None]:
    """The app, once it said that it is ready."""
    place = scene.workspace
    app = await started(place, command, folder)
    assert app.stdout
    try:
        async with asyncio.timeout(60):
            said = b""
            while f"ready {place.bot_user.id}".encode() not in said:
                line = await app.stdout.readline()
                said += line
                assert line, f"the app ended: {said.decode()}"
        await place.wait_for(lambda: place.is_connected, PATIENCE_S)
        yield
    finally:
        if app.returncode is None:
            app.kill()
        print((await app.communicate())[0].decode(), [(call.method, call.error, call.status) for call in place.calls])


async def reply(scene: Scene, root: Message, has: str = "") -> Message:
    """The first answer in a thread that holds ``has`` and is not being written any more."""
    place = scene.workspace

    def look() -> Message | None:
        said = place.messages(root.channel, root.ts)[1:]
        return next((m for m in said if has in m.text and not m.streaming), None)

    found: Message = await place.wait_for(look, PATIENCE_S)
    return found


async def everything(scene: Scene) -> list[str]:
    """Upload, stream, action, modal, reconnection, rate limit: what the app said to each."""
    return [str(await step(scene)) for step in (uploaded, streamed, pressed, filled_in, cut_off, made_to_wait)]


CONTENT = b"0123456789abcdef" * 20_000
EVERYTHING = [
    hashlib.sha256(CONTENT).hexdigest(),
    "one two three",
    "pressed by Ana",
    "wrote a few words",
    "heard after-the-cut",
    "heard once-more",
]


async def uploaded(scene: Scene) -> str:
    asked = await scene.workspace.post(scene.ana, scene.general, "@inhouse its digest?", files=[("a.bin", CONTENT)])
    (file,) = (await reply(scene, asked, "here it is")).files
    return file.content.decode()


async def streamed(scene: Scene) -> str:
    return (await reply(scene, await scene.workspace.post(scene.ana, scene.general, "@inhouse stream"))).text


async def pressed(scene: Scene) -> str:
    place, ana = scene.workspace, scene.ana
    offered = await reply(scene, await place.post(ana, scene.general, "@inhouse show a button"), "a button")
    clicked = await place.click(ana, scene.general, offered.ts, "press")
    await place.wait_for(lambda: offered.text != "a button" or "error" in clicked, PATIENCE_S)
    return offered.text.replace(f"<@{ana.id}>", "Ana")


async def filled_in(scene: Scene) -> str:
    place = scene.workspace
    await place.slash(scene.ana, scene.general, "/form")
    (view,) = await place.wait_for(lambda: list(place.core.state.modals.values()), PATIENCE_S)
    await place.submit_view(scene.ana, view.id, {"b": {"a": "a few words"}})
    said = await place.wait_for(lambda: [m for m in place.messages(scene.general) if "wrote" in m.text], PATIENCE_S)
    return " / ".join(message.text for message in said)


async def cut_off(scene: Scene) -> str:
    await scene.workspace.drop_sockets()
    return (await reply(scene, await scene.workspace.post(scene.ana, scene.general, "@inhouse after-the-cut"))).text


async def made_to_wait(scene: Scene) -> str:
    place = scene.workspace
    place.fault("chat.postMessage", status=429, retry_after_s=1)
    started = time.monotonic()
    asked = await place.post(scene.ana, scene.general, "@inhouse once-more")
    await reply(scene, asked)
    assert time.monotonic() - started >= 1
    assert [call.status for call in place.calls if call.method == "chat.postMessage"][-2:] == [429, 200]
    return " / ".join(message.text for message in place.messages(scene.general, asked.ts)[1:])  # once


@pytest.fixture
async def waiting(make_scene: Callable[..., Awaitable[Scene]]) -> Scene:
    """A workspace that gives an app as long as Slack does."""
    return await make_scene(ack_timeout_s=3.0)


async def test_an_app_in_python_does_everything(waiting: Scene) -> None:
    async with running(waiting, *python_app("bolt_async")):
        assert await everything(waiting) == EVERYTHING


@pytest.mark.slow
@pytest.mark.parametrize("name", PYTHON_APPS)
async def test_other_apps_in_python_do_everything(waiting: Scene, name: str) -> None:
    async with running(waiting, *python_app(name)):
        assert await everything(waiting) == EVERYTHING


@pytest.mark.slow
@pytest.mark.timeout(420)
@pytest.mark.parametrize("name", NODE_APPS)
async def test_an_app_in_node_does_everything(waiting: Scene, name: str) -> None:
    async with running(waiting, *node_app(name)):
        assert await everything(waiting) == EVERYTHING
