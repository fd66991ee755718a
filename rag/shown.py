"""What has been shown of an answer so far: passages word for word, and sentences that were proved, each once.

Takes sentences as a model writes them and lets through what holds. Knows no search and asks no model but the one
that its grounder may ask.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rag.cite import Supported, Window, cite, number_citations
from rag.claims import squash, visible
from rag.grounding import Grounder
from rag.sentences import fence_of, table_of
from rag.tables.answering import TableAnswer
from rag.types import Citation, Hit


@dataclass(frozen=True, slots=True)
class PassageReady:
    """A verbatim passage that stands near the question."""

    citation: Citation


@dataclass(frozen=True, slots=True)
class SentenceReady:
    """A sentence of the model's whose every claim stands in its citations, or what a table was found to say."""

    text: str
    citations: tuple[Citation, ...]


Part = PassageReady | SentenceReady


@dataclass(slots=True)
class Shown:
    """One answer on its way."""

    grounder: Grounder  # remembers what it was told of this answer alone
    parts: list[str] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    sentences: int = 0
    seen: set[str] = field(default_factory=set)
    quoted: dict[int, str] = field(default_factory=dict)  # passages shown verbatim, by citation number
    is_refused: bool = False  # the model said that the passages hold no answer
    is_confirmed: bool = False  # the model answered with the very words of the passage shown
    query: str = ""  # the SELECT that answered
    dropped: list[str] = field(default_factory=list)  # why each sentence that was not shown failed
    passages: tuple[int, ...] = ()  # chunks that the prompt added to the conversation's
    timing: dict[str, float] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """All of it, as the history keeps it."""
        return "\n".join(self.parts)

    def sentence(self, sentence: str, hits: Sequence[Hit]) -> Iterator[SentenceReady]:
        """The sentence with its citations, if it is new and every claim in it holds."""
        sentence = _tidy(sentence)
        key = squash(sentence)
        is_quoted = any(key.rstrip(".") in quoted for quoted in self.quoted.values())
        if not sentence or sentence.endswith("?") or key in self.seen or is_quoted:
            self.is_confirmed |= bool(key) and is_quoted
            return
        self.seen.add(key)
        verdict = self.grounder.prove(sentence, hits)
        if not isinstance(verdict, Supported):
            self.dropped.append(verdict.reason)
            return
        citations = number_citations(verdict.windows, self.citations)
        self.citations.extend(citation for citation in citations if citation not in self.citations)
        self.sentences += 1
        marks = "".join(f"[{citation.number}]" for citation in citations)
        gap = "\n" if fence_of(sentence) or table_of(sentence) else " "
        self.parts.append(f"{sentence}{gap}{marks}")
        yield SentenceReady(sentence, citations)

    def passage(self, window: Window) -> PassageReady:
        """A passage word for word."""
        citation = cite(window.hit, window.text, len(self.citations) + 1)
        self.citations.append(citation)
        self.parts.append(f"“{citation.quote}” [{citation.number}]")
        self.quoted[citation.number] = squash(window.text)
        return PassageReady(citation)

    def table(self, answer: TableAnswer) -> SentenceReady:
        """What a table was found to say."""
        self.query = answer.query
        self.citations.extend(answer.citations)
        self.sentences += 1
        self.parts.append(answer.text)
        return SentenceReady(answer.text, answer.citations)


_MARKS = re.compile(r"^(?:[-*•>#]+\s+|\d{1,2}[.)]\s+|(?:Answer|A|Context):\s*)+")
_OWN_CITATIONS = re.compile(r"\s*(?:\[\d{1,2}\])+(?=[.!?]?$)")


def _tidy(sentence: str) -> str:
    """A model's sentence without list marks, bold type, citation marks of its own, or an "Answer:" in front."""
    if fence_of(sentence) or table_of(sentence):
        return sentence.strip("\n")
    sentence = visible(sentence).strip().replace("**", "").replace("__", "")
    return _OWN_CITATIONS.sub("", _MARKS.sub("", sentence)).strip()
