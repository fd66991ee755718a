"""Questions whose answers stand on known pages: how far up the search brings those pages.

XQuAD, mtRAG and a team's own pages differ in how they are read, not in how they are judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.evals.library import Library
from rag.evals.measured import Miss, Progress, shortened
from rag.types import Hit

Place = tuple[str, int]  # file name, and page, slide or row from 1


@dataclass(frozen=True, slots=True)
class Question:
    """A question, those before it, and the places that answer it: none, if none does."""

    text: str
    history: tuple[str, ...]
    places: frozenset[Place]
    group: str  # what must not lie on both sides of a split: an article, a conversation


@dataclass(frozen=True, slots=True)
class Ranked:
    """A question with the places that were found for it, best first, each once, and the hits themselves."""

    question: Question
    places: tuple[Place, ...]
    hits: tuple[Hit, ...]

    def miss(self) -> Miss:
        """For a person to look at."""
        wanted = "; ".join(f"{name}, page {page}" for name, page in sorted(self.question.places))
        best = self.hits[0] if self.hits else None
        got = f"{best.file_name}, page {best.chunk.location.page}: {shortened(best.chunk.text)}" if best else "nothing"
        ranks = [rank for rank, place in enumerate(self.places, 1) if place in self.question.places]
        detail = f"found at rank {ranks[0]}" if ranks else "not found"
        return Miss(self.question.text, wanted, got, detail)


def rank(library: Library, questions: Sequence[Question], progress: Progress) -> list[Ranked]:
    """Each question asked of the library."""
    found = []
    for number, question in enumerate(questions, 1):
        hits = library.search(question.text, question.history).hits
        places = dict.fromkeys((hit.file_name, hit.chunk.location.page or 0) for hit in hits)
        found.append(Ranked(question, tuple(places), hits))
        progress("questions", number, len(questions))
    return found
