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
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.cite import Supported, check
from rag.claims import squash
from rag.sentences import split_sentences
from rag.types import Chunk, Hit

SEED = 20240517
DEV_ARTICLES = slice(0, 24)  # rules and thresholds were chosen on these
TEST_ARTICLES = slice(24, None)  # and never on these

_NUMBER = re.compile(r"(?<![\w.,])\d[\d,]*(?:\.\d+)?(?![\w,]*\d)")
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][a-zé]{2,}(?: [A-Z][a-zé]+)*\b")
_NOUN = re.compile(r"(?<=\b[Tt]he )[a-z]{4,}\b(?! [a-z]{4,}\b)")
_VERB = re.compile(r"\b(is|are|was|were|can|could|will|would|has been|have been|had been)\b(?! not)")
_NOT = re.compile(r"\b(not|never|no|without|neither|nor|none|cannot)\b|n't", re.IGNORECASE)
_CLAUSE = re.compile(
    r", (?:who|which|where|when|while|although|though|including|such as|because|since|as)\b[^,.;]+(?=[,.])"
)
_OPENING = re.compile(
    r"^((?:In|On|At|By|After|Before|During|When|While|Since|Although|As|From|Under|With)\b[^,]{8,}), ([^,]+)\.$"
)
_ASKS = re.compile(r"^(?:Who|What) (?P<rest>[a-z]+ed\b.+)\?$")


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


@dataclass(frozen=True, slots=True)
class _Spot:
    """A question with the sentence its answer stands in."""

    article: int
    paragraph: str
    question: str
    answer: str
    sentence: str
    hits: tuple[Hit, ...]


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
    makers = _TRUE if is_true else _FALSE
    spots = _spots(json.loads(squad_path.read_text(encoding="utf-8"))["data"][articles])
    cases: list[Case] = []
    for kind, make in makers.items():
        draw = random.Random(SEED)
        order = draw.sample(spots, len(spots))
        made = dict.fromkeys((text, spot.hits) for spot in order if (text := make(spot, spots, draw)))
        cases += [Case(kind, text, hits, is_true) for text, hits in list(made)[: count // len(makers)]]
    return cases


def _spots(data: list[dict]) -> list[_Spot]:
    spots: dict[str, _Spot] = {}
    for number, article in enumerate(data):
        hits = tuple(
            _hit(number * 100 + i, p["context"], article["title"]) for i, p in enumerate(article["paragraphs"])
        )
        for paragraph in article["paragraphs"]:
            for asked in paragraph["qas"]:
                answer = asked["answers"][0]["text"]
                sentence = next((s for s in split_sentences(paragraph["context"]) if answer in s), "")
                if sentence.endswith(".") and len(sentence.split()) >= 6:
                    spot = _Spot(number, paragraph["context"], asked["question"].strip(), answer, sentence, hits)
                    spots[asked["id"]] = spot
    return list(spots.values())


def _hit(chunk_id: int, text: str, title: str) -> Hit:
    return Hit(Chunk(chunk_id, chunk_id // 100, chunk_id % 100, text), title, f"{title}.txt", score=1.0, cosine=0.5)


_Maker = Callable[[_Spot, Sequence[_Spot], random.Random], str | None]


def _verbatim(spot: _Spot, _: Sequence[_Spot], __: random.Random) -> str | None:
    return spot.sentence


def _shorter(spot: _Spot, _: Sequence[_Spot], __: random.Random) -> str | None:
    shorter = _CLAUSE.sub("", spot.sentence, count=1).replace(",.", ".")
    return shorter if len(shorter.split()) >= 6 and shorter != spot.sentence else None


def _turned(spot: _Spot, _: Sequence[_Spot], __: random.Random) -> str | None:
    found = _OPENING.match(spot.sentence)
    return f"{_upper(found[2])} {_lower(found[1])}." if found else None


def _answered(spot: _Spot, _: Sequence[_Spot], __: random.Random) -> str | None:
    found = _ASKS.match(spot.question)
    return f"{_upper(spot.answer)} {found['rest']}." if found else None


def _other_answer(spot: _Spot, spots: Sequence[_Spot], draw: random.Random) -> str | None:
    found = _ASKS.match(spot.question)
    others = [
        other.answer
        for other in spots
        if other.paragraph == spot.paragraph
        and squash(other.answer) not in squash(spot.answer)
        and squash(spot.answer) not in squash(other.answer)
        and other.answer[:1].isdigit() == spot.answer[:1].isdigit()
    ]
    return f"{_upper(draw.choice(others))} {found['rest']}." if found and others else None


def _other_number(spot: _Spot, _: Sequence[_Spot], draw: random.Random) -> str | None:
    return _swapped(spot, _NUMBER, draw)


def _other_name(spot: _Spot, _: Sequence[_Spot], draw: random.Random) -> str | None:
    return _swapped(spot, _NAME, draw)


def _other_noun(spot: _Spot, _: Sequence[_Spot], draw: random.Random) -> str | None:
    return _swapped(spot, _NOUN, draw)


def _swapped(spot: _Spot, pattern: re.Pattern[str], draw: random.Random) -> str | None:
    here = list(pattern.finditer(spot.sentence))
    others = [text for text in dict.fromkeys(pattern.findall(spot.paragraph)) if text not in spot.sentence]
    if not here or not others:
        return None
    place = draw.choice(here)
    return spot.sentence[: place.start()] + draw.choice(others) + spot.sentence[place.end() :]


def _negated(spot: _Spot, _: Sequence[_Spot], __: random.Random) -> str | None:
    if _NOT.search(spot.sentence):
        return None
    text = _VERB.sub(r"\1 not", spot.sentence, count=1).replace("been not", "not been")
    return text if text != spot.sentence else None


def _from_elsewhere(spot: _Spot, spots: Sequence[_Spot], draw: random.Random) -> str | None:
    return draw.choice([other for other in spots if other.article != spot.article]).sentence


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


_TRUE: dict[str, _Maker] = {
    "verbatim": _verbatim,
    "clause dropped": _shorter,
    "order turned": _turned,
    "question answered": _answered,
}
_FALSE: dict[str, _Maker] = {
    "number swapped": _other_number,
    "name swapped": _other_name,
    "noun swapped": _other_noun,
    "answer swapped": _other_answer,
    "not inserted": _negated,
    "from elsewhere": _from_elsewhere,
}
