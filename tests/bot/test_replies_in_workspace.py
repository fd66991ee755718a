"""Replies against the local workspace while Slack misbehaves: what people see in the end is whole, once, in order."""

from __future__ import annotations

import random
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot import blocks, pacing
from bot import replies as room
from bot.app import build_client
from bot.events import IncomingMessage
from bot.jobs import TryAgain
from bot.rendering import rendered
from bot.replies import Reply
from bot.workspace.state import Message
from tests.workspace.conftest import PROXIES, Scene, build_scene

METHODS = ("chat.startStream", "chat.appendStream", "chat.stopStream", "chat.update", "chat.postMessage")
FAULTS: tuple[dict[str, Any], ...] = (
    {"error": "invalid_blocks"},
    {"error": "msg_too_long"},
    {"error": "internal_error"},
    {"error": "message_not_in_streaming_state"},
    {"error": "some_new_error"},
    {"status": 503},
    {"status": 503, "then_work": True},
)
CODE = "```sh\n" + "\n".join(f"word{number} --flag < in > out && next" for number in range(3000, 3060)) + "\n```"
TABLE = "| Item | Price |\n|---|---|\n" + "\n".join(f"| word{number} | 5 |" for number in range(4000, 4060))
TAIL = [blocks.divider(), *(blocks.section(f"[{n}] source{n} {'x' * 300}") for n in range(12)), blocks.context("end")]


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pacing, "SECONDS_BETWEEN", 0.0)
    made = await build_scene()
    yield made
    await made.workspace.stop()


class Asked:
    """A question in the workspace, and the reply to it over as many attempts as it takes."""

    def __init__(self, scene: Scene, ts: str) -> None:
        self.client = build_client(scene.workspace.bot_token, scene.workspace.api_url)
        self.client.retry_handlers.clear()  # each fault is felt
        self.channel = scene.workspace.core.state.channels[scene.general.id]
        self.message = IncomingMessage("T1", scene.general.id, "channel", scene.ana.id, ts, None, "How much?", ())
        self.known: list[str] = []

    async def _begun(self, ts: str, number: int) -> None:
        self.known[number:] = [ts]

    def ours(self) -> list[Message]:
        found = (m for m in self.channel.messages.values() if m.is_bot and m.thread_ts == self.message.ts)
        return sorted(found, key=lambda message: message.ts)

    def attempt(self) -> Reply:
        existing = [*self.known, *(m.ts for m in self.ours() if m.ts not in self.known)]
        return Reply(self.client, self.message, self._begun, existing)

    async def tell(self, parts: list[tuple[str, str]]) -> int:
        """Tell it all, again where need be; how many attempts it took."""
        for number in range(1, 30):
            reply = self.attempt()
            try:
                for part in parts:
                    await reply.show(*part)
                await reply.finish(TAIL)
            except TryAgain:
                continue
            assert list(reply.messages) == [message.ts for message in self.ours()]
            return number
        raise AssertionError("never told")

    def text(self) -> str:
        """What is shown, top to bottom, as a reader sees it."""
        return "\n".join(_shown(message) for message in self.ours())


async def ask(scene: Scene) -> Asked:
    question = await scene.workspace.post(scene.ana, scene.general, "How much?")
    return Asked(scene, question.ts)


def _shown(message: Message) -> str:
    if not message.blocks:
        return message.text
    return "\n".join(str(block.get("text", block.get("elements", ""))) for block in message.blocks)


def answer() -> list[tuple[str, str]]:
    sentences = [f"word{number} is {'so ' * 40}." for number in range(2000, 2120)]
    return [rendered(unit, "[1]") for unit in (*sentences[:60], CODE, *sentences[60:], TABLE)]


WORDS = [str(n) for n in (*range(2000, 2060), *range(3000, 3060), *range(2060, 2120), *range(4000, 4060))]


def check(asked: Asked) -> None:
    text = asked.text()
    assert re.findall(r"word(\d+)", text) == WORDS
    assert re.findall(r"source(\d+)", text) == [str(n) for n in range(12)] and "end" in text
    assert not any(message.streaming for message in asked.ours())
    assert blocks.STOP not in str([message.blocks for message in asked.ours()])
    assert all(_shown(message).count("```") % 2 == 0 for message in asked.ours())


async def test_a_long_answer_with_code_and_a_table_is_whole_in_its_thread(scene: Scene) -> None:
    asked = await ask(scene)
    assert await asked.tell(answer()) == 1
    check(asked)
    assert len(asked.ours()) >= 3
    assert not [call for call in scene.workspace.calls if call.error]


async def test_without_streams_it_is_as_whole(scene: Scene) -> None:
    scene.workspace.fault("chat.startStream", error="unknown_method", times=99)
    asked = await ask(scene)
    assert await asked.tell(answer()) == 1
    check(asked)


async def test_streams_that_end_early_are_completed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.workspace.core.stream_lasts_s = 0.05
    monkeypatch.setattr(room, "STREAM_LASTS_S", 99.0)
    asked = await ask(scene)
    await asked.tell(answer())
    check(asked)


@pytest.mark.parametrize("seed", range(25))
async def test_whatever_goes_wrong_the_answer_is_told_whole_once_and_in_order(scene: Scene, seed: int) -> None:
    chance = random.Random(seed)
    asked = await ask(scene)
    for _ in range(chance.randint(1, 6)):
        scene.workspace.fault(chance.choice(METHODS), times=chance.randint(1, 3), **chance.choice(FAULTS))
    await asked.tell(answer())
    check(asked)


async def test_an_answer_written_anew_leaves_nothing_of_the_old_one(scene: Scene) -> None:
    asked = await ask(scene)
    await asked.tell(answer())
    reply = asked.attempt()
    await reply.show("Short and new.", "Short and new.")
    await reply.finish(TAIL)
    assert "word" not in asked.text() and "Short and new." in asked.text() and len(asked.ours()) == 1
