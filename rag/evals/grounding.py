"""How well a model tells supported answers and useful documents from others: balanced accuracy over XQuAD.

Pairs are built from a SQuAD-format file, no model involved. Paragraphs are split by a hash of their text into
``dev``, on which prompts and thresholds were chosen, and ``test``, on which they never were.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rag.llms.base import BaseLLM

SEED = 20240517


@dataclass(frozen=True, slots=True)
class Pair:
    """One decision with its right outcome. ``kind`` says how the pair was made."""

    context: str
    text: str  # a question for `grade_docs`, an answer for `check_hallucination`
    expected: bool
    kind: str


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of decisions and what follows from them. Always "yes" and always "no" both score 0.5."""

    true_yes: int
    false_yes: int
    true_no: int
    false_no: int
    wrong_by_kind: dict[str, str]  # "3 of 13"

    @property
    def balanced_accuracy(self) -> float:
        sensitivity = self.true_yes / max(1, self.true_yes + self.false_no)
        specificity = self.true_no / max(1, self.true_no + self.false_yes)
        return (sensitivity + specificity) / 2


@dataclass(frozen=True, slots=True)
class _Asked:
    article: str
    paragraph: str
    question: str
    answer: str

    @property
    def is_number(self) -> bool:
        return any(character.isdigit() for character in self.answer)


def measure(model: BaseLLM, squad_path: Path, *, split: str = "test", count: int = 50) -> dict[str, Score]:
    """Scores of ``check_hallucination`` and ``grade_docs``, each over ``count`` pairs, half of them yes."""
    support, grading = support_pairs(squad_path, split, count), grading_pairs(squad_path, split, count)
    return {
        "check_hallucination": score(
            support, [model.check_hallucination(pair.context, pair.text) == "yes" for pair in support]
        ),
        "grade_docs": score(grading, [bool(model.grade_docs([pair.context], pair.text)) for pair in grading]),
    }


def support_pairs(squad_path: Path, split: str, count: int) -> list[Pair]:
    """Answers with a context. Yes: the gold paragraph. No: another paragraph, or the answer swapped for another.

    An answer is a whole sentence of the paragraph, or the question with its short answer, in turn. It is swapped
    for an answer of the same kind (number or not), from the same paragraph where there is one.
    """
    asked = _asked(squad_path, split)
    draw = random.Random(SEED)
    chosen = draw.sample(asked, count)
    pairs = []
    for place, one in enumerate(chosen):
        form = _sentence_with if place % 4 < 2 else _question_with
        if place % 2 == 0:
            pairs.append(Pair(one.paragraph, form(one, one.answer), True, f"supported, {form.__name__[1:]}"))
        elif place % 8 in (1, 3):
            other = draw.choice([other for other in asked if other.paragraph != one.paragraph])
            pairs.append(Pair(other.paragraph, form(one, one.answer), False, "another paragraph"))
        else:
            near, swapped = _swapped_answer(one, asked, draw)
            kind = "swapped, from the same paragraph" if near else "swapped, from elsewhere"
            pairs.append(Pair(one.paragraph, form(one, swapped), False, kind))
    return pairs


def grading_pairs(squad_path: Path, split: str, count: int) -> list[Pair]:
    """Questions with a document. Yes: the gold paragraph. No: one of the same article, or of another, in turn."""
    asked = _asked(squad_path, split)
    draw = random.Random(SEED + 1)
    pairs = []
    for place, one in enumerate(draw.sample(asked, count)):
        if place % 2 == 0:
            pairs.append(Pair(one.paragraph, one.question, True, "gold paragraph"))
            continue
        near = [other for other in asked if other.article == one.article and other.paragraph != one.paragraph]
        far = [other for other in asked if other.article != one.article]
        kind, pool = ("same article", near) if place % 4 == 1 and near else ("other article", far)
        pairs.append(Pair(draw.choice(pool).paragraph, one.question, False, kind))
    return pairs


def score(pairs: Iterable[Pair], decisions: Iterable[bool]) -> Score:
    """Counts from decisions."""
    counts: Counter[tuple[bool, bool]] = Counter()
    seen: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for pair, decided in zip(pairs, decisions, strict=True):
        counts[pair.expected, decided] += 1
        seen[pair.kind] += 1
        wrong[pair.kind] += decided != pair.expected
    return Score(
        true_yes=counts[True, True],
        false_yes=counts[False, True],
        true_no=counts[False, False],
        false_no=counts[True, False],
        wrong_by_kind={kind: f"{wrong[kind]} of {seen[kind]}" for kind in sorted(seen)},
    )


def _asked(squad_path: Path, split: str) -> list[_Asked]:
    """Every question of one half of the paragraphs."""
    articles = json.loads(squad_path.read_text(encoding="utf-8"))["data"]
    return [
        _Asked(str(number), paragraph["context"], qa["question"], qa["answers"][0]["text"])
        for number, article in enumerate(articles)
        for paragraph in article["paragraphs"]
        if _split_of(paragraph["context"]) == split
        for qa in paragraph["qas"]
    ]


def _split_of(paragraph: str) -> str:
    return "dev" if hashlib.sha256(paragraph.encode()).digest()[0] % 2 else "test"


def _swapped_answer(one: _Asked, asked: list[_Asked], draw: random.Random) -> tuple[bool, str]:
    """A wrong answer of the same kind, and whether it stands in the same paragraph."""
    alike = [
        other
        for other in asked
        if other.is_number == one.is_number
        and other.answer.lower() not in one.answer.lower()
        and one.answer.lower() not in other.answer.lower()
    ]
    near = [other.answer for other in alike if other.paragraph == one.paragraph]
    return (True, draw.choice(near)) if near else (False, draw.choice(alike).answer)


def _sentence_with(one: _Asked, answer: str) -> str:
    """The paragraph's sentence that holds the right answer, with ``answer`` in its place."""
    sentences = re.split(r"(?<=[.!?])\s+", one.paragraph)
    found = next((sentence for sentence in sentences if one.answer in sentence), one.answer)
    return found.replace(one.answer, answer)


def _question_with(one: _Asked, answer: str) -> str:
    return f"{one.question} {answer}"
