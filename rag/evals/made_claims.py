"""Claims with evidence, made by rule from the paragraphs of a SQuAD-format file: a development set that costs nothing.

The evidence is one paragraph, sentence by sentence. True claims are its sentences shortened, turned round, merged, or
with some plain words replaced as a paraphrase would; false ones are bent in one place, come from a neighbouring
paragraph, or are true in one half only.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from rag.evals.citing import SEED, spots_of
from rag.evals.sentences import FALSE, TRUE, Maker, Spot
from rag.sentences import split_sentences

REWORDED = 0.2  # of the plain words of a sentence
_PLAIN = re.compile(r"(?<=[a-z,] )[a-z]{5,}\b(?!['’])")

Made = tuple[str, tuple[str, ...], bool, str]  # claim, evidence, is supported, kind


def made_claims(articles: Sequence[dict], count: int) -> list[Made]:
    """About ``count`` claims, half of them true, as evenly from each kind as it has them; the same at every call."""
    spots = spots_of(articles)
    made: list[Made] = []
    for is_true, makers in ((True, _TRUE), (False, _FALSE)):
        for kind, make in makers.items():
            draw = random.Random(SEED)
            order = draw.sample(spots, len(spots))
            claims = dict.fromkeys((text, spot.paragraph) for spot in order if (text := make(spot, spots, draw)))
            few = list(claims)[: count // 2 // len(makers)]
            made += [(text, tuple(split_sentences(paragraph)), is_true, kind) for text, paragraph in few]
    return made


def _reworded(spot: Spot, spots: Sequence[Spot], draw: random.Random) -> str | None:
    """The sentence with some plain words replaced by words from elsewhere: as far as its source as a paraphrase is."""
    return _with_other_words(spot.sentence, spots, draw)


def _with_other_words(sentence: str, spots: Sequence[Spot], draw: random.Random) -> str | None:
    others = [word for spot in draw.sample(spots, 5) for word in _PLAIN.findall(spot.paragraph)]
    if len(_PLAIN.findall(sentence)) < 4 or not others:
        return None
    return _PLAIN.sub(lambda found: draw.choice(others) if draw.random() < REWORDED else found.group(), sentence)


def _merged(spot: Spot, _: Sequence[Spot], draw: random.Random) -> str | None:
    """Two sentences of the paragraph as one."""
    others = [text for text in split_sentences(spot.paragraph) if text != spot.sentence and len(text.split()) > 4]
    return _joined(spot.sentence, draw.choice(others)) if others else None


def _half_true(spot: Spot, spots: Sequence[Spot], draw: random.Random) -> str | None:
    """A sentence of the paragraph and one of its neighbours' in the article."""
    other = _neighbour(spot, spots, draw)
    return _joined(spot.sentence, other) if other else None


def _neighbour(spot: Spot, spots: Sequence[Spot], draw: random.Random) -> str | None:
    """A sentence of another paragraph of the article: about the same things."""
    others = [other for other in spots if other.article == spot.article and other.paragraph != spot.paragraph]
    return draw.choice(others).sentence if others else None


def _joined(first: str, second: str) -> str:
    return f"{first.rstrip('.')}, and {second}"


def _bent_and_reworded(make: Maker) -> Maker:
    def bent(spot: Spot, spots: Sequence[Spot], draw: random.Random) -> str | None:
        text = make(spot, spots, draw)
        return _with_other_words(text, spots, draw) if text else None

    return bent


_Makers = dict[str, Callable[[Spot, Sequence[Spot], random.Random], str | None]]
_TRUE: _Makers = {
    **{kind: TRUE[kind] for kind in ("clause dropped", "order turned", "question answered", "amount respelt")},
    "reworded": _reworded,
    "reworded and shortened": _bent_and_reworded(TRUE["clause dropped"]),
    "merged": _merged,
}
_FALSE: _Makers = {
    **{kind: FALSE[kind] for kind in ("number swapped", "name swapped", "noun swapped", "numbers exchanged")},
    **{kind: FALSE[kind] for kind in ("names exchanged", "not inserted", "answer swapped")},
    "number swapped, reworded": _bent_and_reworded(FALSE["number swapped"]),
    "name swapped, reworded": _bent_and_reworded(FALSE["name swapped"]),
    "neighbouring paragraph": _neighbour,
    "neighbouring paragraph, reworded": _bent_and_reworded(_neighbour),
    "half true": _half_true,
}
