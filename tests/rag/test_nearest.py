"""Which passage of the best hits is quoted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from rag.nearest import nearest
from rag.types import Chunk, Hit, Location
from tests.rag.fakes import HashEmbedder

MANUAL = "The Aquila 7 is a probe for rivers. The Aquila 7 was tested at a depth of 100 m. The Aquila 7 weighs little."
PAY = "Salaries are paid in full on request. A bonus depends on the year. The bonus is paid on 31 May."


class Blind(HashEmbedder):
    """Sees no likeness, so that words alone decide."""

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        return np.zeros((len(texts), self.dimension), dtype=np.float32)


def _quoted(question: str, *texts: str) -> str:
    hits = [Hit(Chunk(n, 1, n, text, Location()), "ref", "a.txt", 1.0, 1.0) for n, text in enumerate(texts)]
    return nearest(Blind(), question, hits).text


@pytest.mark.parametrize(
    ("question", "text", "held"),
    [
        ("What depth was the Aquila 7 tested at?", MANUAL, "100 m"),
        ("When is the bonus paid?", PAY, "31 May"),
        ("What is the notice period?", "Notice is given in writing. The notice takes ninety days.", "ninety days"),
    ],
)
def test_the_sentence_that_answers_is_quoted(question: str, text: str, held: str) -> None:
    assert held in _quoted(question, text)


def test_a_date_is_preferred_where_a_date_is_asked_for() -> None:
    plain, dated = "The fair opens early in the hall.", "The fair opens on 10 March 2026."
    assert _quoted("When does the fair open?", plain, dated) == dated
    assert _quoted("Where does the fair open, early in the hall?", plain, dated) == plain


def test_words_that_every_sentence_holds_tell_nothing() -> None:
    names = "Nordhafen Aquila Kiel makes probes."
    rest = ["Nordhafen Aquila Kiel has a quay.", "Nordhafen Aquila Kiel is open.", "The chimney is swept in Nordhafen."]
    assert "chimney" in _quoted("Nordhafen Aquila Kiel: is there a chimney?", names, *rest)
