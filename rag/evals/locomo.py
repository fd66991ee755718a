"""LoCoMo: long chats, questions about them, and the turns that hold the evidence.

A file of one chat, or of a list of them, or a folder of such files: session_1, session_2 … with speaker, dia_id and
text (perhaps under "conversation"), and qa with question, evidence and category. A turn's month and sitting are those
of its session. A turn's picture is told by its caption, as a person would describe what was posted.
Source: snap-research/locomo (CC BY-NC 4.0: for measuring only).
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rag.errors import SetUnreadable
from rag.evals import metrics
from rag.evals.measured import Measured, Miss, shortened, worst_of
from rag.evals.plan import Plan
from rag.evals.reading import json_of
from rag.types import Utterance

RETURNED = 10  # turns, neighbours of a found one included
ADVERSARIAL = 5
CATEGORIES = {1: "multi_hop", 2: "temporal", 3: "open_domain", 4: "single_hop", ADVERSARIAL: "adversarial"}

_TURN = re.compile(r"\d+")
_SESSION = re.compile(r"session_\d+")


class Recall(Protocol):
    """The product's memory of a conversation."""

    def recall(self, utterances: Sequence[Utterance], question: str, limit: int = 10) -> tuple[int, ...]:
        """Places in ``utterances``, best first."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question about a chat, and the turns that hold its evidence."""

    text: str
    evidence: frozenset[str]
    category: int
    chat: str


def read_locomo(path: Path) -> tuple[dict[str, tuple[Utterance, ...]], list[Question], int]:
    """The chats by name, questions that have evidence, and how many have none. Raises: SetUnreadable."""
    paths = sorted(path.glob("*.json")) if path.is_dir() else [path]
    chats: dict[str, tuple[Utterance, ...]] = {}
    questions: list[Question] = []
    for file in paths:
        try:
            for name, data in _samples(file):
                chats[name] = _utterances(data.get("conversation", data))
                known = {utterance.ref for utterance in chats[name]}
                questions += [_question(asked, known, name) for asked in data["qa"]]
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise SetUnreadable(f"{file.name} is not a chat in LoCoMo's format.") from error
    with_evidence = [question for question in questions if question.evidence]
    if not with_evidence:
        raise SetUnreadable(f"There is no question with evidence in {path.name or path}.")
    return chats, with_evidence, len(questions) - len(with_evidence)


def _samples(file: Path) -> list[tuple[str, dict[str, Any]]]:
    """The chats of a file with their names: the file's own, where it holds one."""
    data = json_of(file)
    return [(str(one["sample_id"]), one) for one in data] if isinstance(data, list) else [(file.stem, data)]


def _utterances(data: dict[str, Any]) -> tuple[Utterance, ...]:
    """The turns in their order; a session is one sitting, and its date tells the month."""
    numbers = sorted(int(key[8:]) for key, value in data.items() if _SESSION.fullmatch(key) and isinstance(value, list))
    return tuple(
        Utterance(turn["dia_id"], turn["speaker"], _said(turn), _month(data, number), number)
        for number in numbers
        for turn in data[f"session_{number}"]
    )


def _month(data: dict[str, Any], number: int) -> int:
    """The month of a date such as "1:56 pm on 8 May, 2023"; 0 where there is none."""
    words = re.findall(r"[A-Za-z]+", data.get(f"session_{number}_date_time", ""))
    return next((month for month, name in enumerate(calendar.month_name) if month and name in words), 0)


def _said(turn: dict[str, Any]) -> str:
    caption = turn.get("blip_caption")
    return f"{turn['text']} [picture: {caption}]" if caption else turn["text"]


def _question(asked: dict[str, Any], known: set[str], chat: str) -> Question:
    return Question(asked["question"], evidence_of(asked.get("evidence") or [], known), asked["category"], chat)


def evidence_of(given: Sequence[str], known: set[str]) -> frozenset[str]:
    """The turns that exist, of ids as people wrote them: "D1:3", "D8:6; D9:17", "D:11:26", "D"."""
    found = set()
    for part in re.split(r"[;,\s]+", " ".join(given)):
        numbers = _TURN.findall(part)
        if len(numbers) == 2:
            found.add(f"D{int(numbers[0])}:{int(numbers[1])}")
    return frozenset(found & known)


def measure(path: Path, memory: Recall, plan: Plan) -> Measured:
    """The share of the evidence that is among the ten turns returned, also by category. Raises: SetUnreadable."""
    chats, questions, without = read_locomo(path)
    asked = plan.chosen(questions, [question.chat for question in questions])
    judged: list[tuple[Question, float, Miss]] = []
    plan.progress("questions", 0, len(asked))  # the first one of a chat waits for its vectors
    for number, question in enumerate(asked, 1):
        chat = chats[question.chat]
        places = memory.recall(chat, question.text, limit=RETURNED)
        refs = [chat[place].ref for place in places]
        judged.append((question, metrics.recall(refs, question.evidence, RETURNED), _miss(question, chat, places)))
        plan.progress("questions", number, len(asked))
    figures = {
        "recall_at_10": metrics.mean(score for _, score, _ in judged),
        "recall_at_10_without_adversarial": metrics.mean(
            score for question, score, _ in judged if question.category != ADVERSARIAL
        ),
        **{
            f"recall_at_10_{name}": metrics.mean(score for one, score, _ in judged if one.category == category)
            for category, name in CATEGORIES.items()
            if any(one.category == category for one, _, _ in judged)
        },
    }
    notes = (
        f"{sum(map(len, chats.values()))} turns in {len(chats)} chats; {without} questions name no turn that exists",
        "a picture's caption stands in brackets behind the turn that posted it",
    )
    worst = worst_of((score, miss) for _, score, miss in judged)
    return Measured("locomo", len(judged), figures, worst, notes)


def _miss(question: Question, chat: Sequence[Utterance], places: Sequence[int]) -> Miss:
    wanted = " … ".join(f"{one.ref} {shortened(one.text)}" for one in chat if one.ref in question.evidence)
    got = f"{chat[places[0]].ref} {shortened(chat[places[0]].text)}" if places else "nothing"
    return Miss(question.text, wanted, got, f"chat {question.chat}, {CATEGORIES.get(question.category, 'other')}")
