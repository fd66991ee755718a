"""How often `rag.cite.check` lets true sentences through, and how often false ones, over XQuAD.

Sentences are made by rule from a SQuAD-format file, no model involved: true ones stand in a paragraph,
whole or shortened or turned round, or answer a question about it; false ones differ from such a
sentence in one number, name, answer or "not", or come from elsewhere. The hits are the paragraphs of
one article, as a search would find them. A few "false" sentences are true by chance, and a few short
forms lose their sense, so no row can be expected to reach 0 or 1.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.cite import Supported, check
from rag.evals.sentences import FALSE, TRUE, Spot
from rag.sentences import split_sentences
from rag.types import Chunk, Hit

SEED = 20240517
DEV_ARTICLES = slice(0, 24)  # rules and thresholds were chosen on these
TEST_ARTICLES = slice(24, None)  # and never on these


@dataclass(frozen=True, slots=True)
class Case:
    """One sentence, the hits to prove it from, and whether they say so. ``kind`` says how it was made."""

    kind: str
    sentence: str
    hits: tuple[Hit, ...]
    is_true: bool


@dataclass(frozen=True, slots=True)
class Rate:
    """Of ``count`` sentences of one kind, how many `check` accepted."""

    kind: str
    is_true: bool
    count: int
    accepted: int
    reasons: dict[str, int]  # why the others were not

    @property
    def share(self) -> float:
        """Accepted, 0 to 1: near 1 is good for true sentences, near 0 for false ones."""
        return self.accepted / self.count if self.count else 0.0


def measure(squad_path: Path, *, articles: slice = DEV_ARTICLES, count: int = 300) -> list[Rate]:
    """Acceptance by kind, over about ``count`` true and as many false sentences, spread evenly over the kinds."""
    cases = [*cases_of(squad_path, articles, count, True), *cases_of(squad_path, articles, count, False)]
    return rates(cases)


def rates(cases: Sequence[Case]) -> list[Rate]:
    """The table: one row for each kind, in the order in which they come."""
    table = []
    for kind, is_true in dict.fromkeys((case.kind, case.is_true) for case in cases):
        verdicts = [check(case.sentence, case.hits) for case in cases if case.kind == kind]
        reasons = [verdict.reason for verdict in verdicts if not isinstance(verdict, Supported)]
        counted = {reason: reasons.count(reason) for reason in dict.fromkeys(reasons)}
        table.append(Rate(kind, is_true, len(verdicts), len(verdicts) - len(reasons), counted))
    return table


def cases_of(squad_path: Path, articles: slice, count: int, is_true: bool) -> list[Case]:
    """About ``count`` sentences, as evenly from each kind as it has them; the same ones at every call."""
    makers = TRUE if is_true else FALSE
    spots = spots_of(json.loads(squad_path.read_text(encoding="utf-8"))["data"][articles])
    cases: list[Case] = []
    for kind, make in makers.items():
        draw = random.Random(SEED)
        order = draw.sample(spots, len(spots))
        made = dict.fromkeys((text, spot.hits) for spot in order if (text := make(spot, spots, draw)))
        cases += [Case(kind, text, hits, is_true) for text, hits in list(made)[: count // len(makers)]]
    return cases


def spots_of(data: Sequence[dict]) -> list[Spot]:
    """Each answered question of SQuAD-format articles, with the sentence its answer stands in."""
    spots: dict[str, Spot] = {}
    for number, article in enumerate(data):
        hits = tuple(
            _hit(number * 100 + i, p["context"], article["title"]) for i, p in enumerate(article["paragraphs"])
        )
        for paragraph in article["paragraphs"]:
            for asked in paragraph["qas"]:
                answer = asked["answers"][0]["text"]
                sentence = next((s for s in split_sentences(paragraph["context"]) if answer in s), "")
                if sentence.endswith(".") and len(sentence.split()) >= 6:
                    spot = Spot(number, paragraph["context"], asked["question"].strip(), answer, sentence, hits)
                    spots[asked["id"]] = spot
    return list(spots.values())


def _hit(chunk_id: int, text: str, title: str) -> Hit:
    return Hit(Chunk(chunk_id, chunk_id // 100, chunk_id % 100, text), title, f"{title}.txt", score=1.0, cosine=0.5)
