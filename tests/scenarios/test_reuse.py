"""What a follow-up costs: the engine under the real bot, over a file of thirty pages. With -s it prints the figures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from rag.answering import Answerer, AnswerEvent
from rag.llms.base import BaseLLM
from rag.llms.checkpoints import default_dir
from rag.llms.embedded import load_embedded_model
from rag.types import Answer
from tests.rag.made_files import pdf
from tests.scenarios.conftest import House

PARTS = ("pump", "valve", "rotor", "filter", "heater", "sensor", "hinge", "drawer", "fan", "lamp")
TASKS = ("cleaning", "replacing", "testing")


def page(number: int) -> list[str]:
    """Some 300 words about one part and one task, unlike those of any other page."""
    part, task = PARTS[number % len(PARTS)], TASKS[number // len(PARTS)]
    head = [f"Chapter {number + 1}. {task.capitalize()} the {part}", ""]
    steps = [
        f"Step {step} of {task} the {part}: hold it with {step + number} newton metres for {step * 3 + number} seconds,"
        f" then note the reading of gauge {number}-{step} before going on."
        for step in range(1, 13)
    ]
    return [*head, f"The interval for {task} the {part} is {number + 20} days.", *steps]


@dataclass
class Asked:
    """What the model was asked, and what it cost."""

    reused: float  # share of the prompt's tokens that were not read again
    first_token_s: float
    first_text_s: float


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Asked]:
    """Filled as the bot answers."""
    seen: list[Asked] = []
    answer = Answerer.answer

    def watch(self: Answerer, *arguments: Any) -> Iterator[AnswerEvent]:
        for event in answer(self, *arguments):
            if isinstance(event, Answer):
                times = event.timing
                share = times["reused_tokens"] / times["prompt_tokens"]
                seen.append(Asked(share, times["first_token_s"], times["first_text_s"]))
            yield event

    monkeypatch.setattr(Answerer, "answer", watch)
    return seen


@pytest.mark.slow
async def test_a_follow_up_reads_only_what_is_new(empty_house: House, asked: list[Asked]) -> None:
    model = load_embedded_model(default_dir())
    model.is_trial, model.languages = False, None  # prompted as a model for work is, with many passages
    house = empty_house
    house.model = model  # type: ignore[assignment]
    try:
        await house.start_bot()
        await _ask_in_turn(house)
    finally:
        await house.stop_bot()
        model.close()
    print(json.dumps([vars(each) for each in asked], indent=1))
    cold, follow_up, third = asked[0], asked[1], asked[2]
    assert cold.reused < 0.1
    assert follow_up.reused > 0.5 and third.reused > 0.5


async def _ask_in_turn(house: House) -> None:
    manual = pdf([page(number) for number in range(30)])
    assert isinstance(house.model, BaseLLM)
    questions = ("testing the rotor", "cleaning the valve", "replacing the lamp")
    root = await house.post("ana", "lab", _question(questions[0]), files=[("manual.pdf", manual)])
    await house.answer_to(root, timeout_s=120)
    for task in questions[1:]:
        await house.ask("ana", "lab", _question(task), thread_ts=root.ts)


def _question(task: str) -> str:
    return f"@inhouse What is the interval in days for {task}, and what does step 4 of it say?"
