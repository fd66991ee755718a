"""Prompts to measure with: English made by rule from a seed, as token ids. Never from an evaluation set."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

Encode = Callable[[str], Sequence[int]]

_WHO = """the pump station|the night shift|our supplier in Bremen|the west wing|the control cabinet|the service team
the older turbine|the project office|the second warehouse|the safety officer|the delivery van|the cooling circuit
the test bench|the board of the cooperative|the new filter unit|the harbour crane""".replace("\n", "|").split("|")
_DOES = """was inspected by|has been replaced with|is connected to|reported a fault in|will be moved next to
was billed together with|depends on|has been tested against|is stored behind|was delivered before""".split("\n")
_WHEN = """in the first week of March|before the audit|after the flood of 2019|on request of the customer
during the summer break|at the end of each quarter|under the terms of the agreement|without further notice""".split(
    "\n"
)
_ALSO = """the cost was {n} euros|it took {n} minutes|{n} parts were left over|the pressure fell to {n} kilopascals
page {n} of the manual describes the steps|the order number ends in {n}|{n} people had to be informed
the meter showed {n} litres""".split("\n")

QUOTE_ASK = "\n\nNow the same text again, word for word:\n\n"


class Prompts:
    """Makes prompts of a given number of tokens; the same seed gives the same prompt."""

    def __init__(self, encode: Encode) -> None:
        self._encode = encode

    def prompt(self, tokens: int, seed: int) -> tuple[int, ...]:
        """Exactly ``tokens`` ids of running text."""
        sentences = tokens // 8 + 2
        while True:
            ids = tuple(self._encode(passage(sentences, seed)))
            if len(ids) >= tokens:
                return ids[:tokens]
            sentences *= 2

    def follow_up(self, known: Sequence[int], tokens: int, seed: int) -> tuple[int, ...]:
        """``known`` and ``tokens`` ids of something new behind it."""
        return (*known, *self.prompt(tokens, seed))

    def quoting(self, tokens: int, seed: int) -> tuple[int, ...]:
        """A text, the wish to read it again, and its beginning: what most models answer is in the prompt."""
        ask = tuple(self._encode(QUOTE_ASK))
        text = self.prompt(tokens, seed)
        return (*text, *ask, *text[:16])


def passage(sentences: int, seed: int) -> str:
    """That many sentences, each different."""
    draw = random.Random(seed)
    return " ".join(_sentence(draw) for _ in range(sentences))


def _sentence(draw: random.Random) -> str:
    first, second = draw.sample(_WHO, 2)
    also = draw.choice(_ALSO).format(n=draw.randint(11, 989))
    sentence = f"{first} {draw.choice(_DOES)} {second} {draw.choice(_WHEN)}; {also}."
    return sentence[0].upper() + sentence[1:]
