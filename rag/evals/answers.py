"""Whole answers over a team's own files: right, refused, and proved by what they cite.

A folder as for `rag.evals.pages` whose questions have an "answer": the strings of which one must stand in the text,
or null where the files do not say. Everything is deterministic: no model judges another.
Source for the two figures of citations: ALCE, arXiv 2305.14627, with `rag.cite.check` in the place of its model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rag.answering import Answerer, PassageReady, Request, SentenceReady
from rag.cite import Supported, check
from rag.errors import FileError, SetUnreadable
from rag.evals import metrics
from rag.evals.measured import Measured, Miss, shortened, worst_of
from rag.evals.plan import Plan
from rag.evals.questions import Asked, read_questions, sources_in
from rag.evals.reading import folder_of
from rag.ingest import Ingester
from rag.types import Answer, Chunk, Citation, Hit, Outcome

SCOPE = "evaluation"


@dataclass(frozen=True, slots=True)
class Given:
    """A question with what was answered: the model's own sentences, passages shown word for word, and the whole."""

    asked: Asked
    answer: Answer
    sentences: tuple[SentenceReady, ...]
    passages: tuple[Citation, ...]

    @property
    def is_right(self) -> bool:
        """Whether an accepted answer stands in the text; where the files do not say, whether that was said."""
        if self.asked.is_unanswerable:
            return self.answer.refused
        return not self.answer.refused and says(self.answer.text, self.asked.answers or ())

    @property
    def is_right_in_own_words(self) -> bool:
        """Whether an accepted answer stands in what the model wrote, passages left out."""
        return says(" ".join(one.text for one in self.sentences), self.asked.answers or ())

    @property
    def cites_right_file(self) -> bool:
        """Whether a file that answers is among those cited."""
        return any(citation.file_name in self.asked.files for citation in self.answer.citations)

    @property
    def quotes_the_fact(self) -> bool:
        """Whether an accepted answer stands in a quote that people can open."""
        return says(" … ".join(citation.quote for citation in self.answer.citations), self.asked.answers or ())


def measure(path: Path, ingester: Ingester, answerer: Answerer, plan: Plan) -> Measured:
    """Exact facts, refusals, citations and the time to the first text. Files that cannot be read are named.

    Raises: SetUnreadable, ModelError.
    """
    questions = [one for one in read_questions(path) if one.answers is not None]
    if not questions:
        raise SetUnreadable('No question here has an "answer": a text, a list of texts, or null.')
    unread = _read(ingester, sources_in(folder_of(path)), plan)
    asked = plan.chosen(questions, [one.text for one in questions])
    given = []
    for number, one in enumerate(asked, 1):
        given.append(_answered(answerer, one))
        plan.progress("questions", number, len(asked))
    worst = worst_of((_score(one), _miss(one)) for one in given)
    notes = (f"written by {answerer.llm.name}", *_outcomes(given), *unread)
    return Measured("answers", len(given), _figures(given), worst, notes)


def says(text: str, accepted: Sequence[str]) -> bool:
    """Whether one of ``accepted`` stands in ``text`` as whole words, whatever the case and the punctuation."""
    words = _words(text)
    return any(f" {_words(one).strip()} " in words for one in accepted)


def _words(text: str) -> str:
    return " " + " ".join(re.findall(r"\w+", text.casefold())) + " "


def _read(ingester: Ingester, files: Sequence[Path], plan: Plan) -> list[str]:
    unread = []
    for number, file in enumerate(files, 1):
        try:
            ingester.ingest(SCOPE, file.name, file.name, file)
        except FileError as error:
            unread.append(f"not read: {file.name}. {error.user_message}")
        plan.progress("files", number, len(files))
    return unread


def _answered(answerer: Answerer, asked: Asked) -> Given:
    sentences: list[SentenceReady] = []
    passages: list[Citation] = []
    answer = Answer("", Outcome.REFUSED)
    for event in answerer.answer(Request(SCOPE, asked.text)):
        if isinstance(event, SentenceReady):
            sentences.append(event)
        elif isinstance(event, PassageReady):
            passages.append(event.citation)
        elif isinstance(event, Answer):
            answer = event
    return Given(asked, answer, tuple(sentences), tuple(passages))


def _figures(given: Sequence[Given]) -> dict[str, float]:
    yes = [one for one in given if not one.asked.is_unanswerable]
    no = [one for one in given if one.asked.is_unanswerable]
    wrote = [one for one in yes if one.sentences]
    sentences = [sentence for one in given for sentence in one.sentences]
    first_texts = [one.answer.timing["first_text_s"] for one in given if "first_text_s" in one.answer.timing]
    return {
        "exact_fact_accuracy": metrics.mean(one.is_right for one in yes),
        "exact_fact_in_own_words": metrics.mean(one.is_right_in_own_words for one in wrote),
        "false_refusals": metrics.mean(one.answer.refused for one in yes),
        "asked_back": metrics.mean(one.answer.outcome is Outcome.ASKED for one in yes),
        "refusals_on_noise": metrics.mean(one.answer.refused for one in no),
        "right_file_cited": metrics.mean(one.cites_right_file for one in yes if one.answer.citations),
        "right_fact_cited": metrics.mean(one.quotes_the_fact for one in yes if one.is_right),
        "citation_recall": metrics.mean(is_proved(one.text, one.citations) for one in sentences),
        "citation_precision": metrics.mean(
            is_needed(one.text, one.citations, citation) for one in sentences for citation in one.citations
        ),
        "first_text_s": median(first_texts) if first_texts else 0.0,
    }


def is_proved(sentence: str, citations: Sequence[Citation]) -> bool:
    """Whether the quotes of its citations together prove a sentence."""
    return isinstance(check(sentence, [_as_hit(citation) for citation in citations]), Supported)


def is_needed(sentence: str, citations: Sequence[Citation], citation: Citation) -> bool:
    """Whether a sentence is proved with a citation, but not by the others alone."""
    others = [other for other in citations if other != citation]
    return is_proved(sentence, citations) and not (others and is_proved(sentence, others))


def _as_hit(citation: Citation) -> Hit:
    chunk = Chunk(citation.chunk_id, 0, citation.chunk_id, citation.quote, citation.location)
    return Hit(chunk, citation.source_ref, citation.file_name, score=1.0, cosine=1.0)


def _outcomes(given: Sequence[Given]) -> tuple[str, ...]:
    counts = {outcome: sum(one.answer.outcome is outcome for one in given) for outcome in Outcome}
    unanswerable = sum(one.asked.is_unanswerable for one in given)
    return (
        f"{len(given) - unanswerable} questions that the files answer, {unanswerable} that they do not",
        ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count),
        f"{sum(len(one.sentences) for one in given)} sentences of the model's own",
    )


def _score(one: Given) -> float:
    """A wrong fact is worse than an answer to what nothing answers, and that than a refusal."""
    if one.is_right:
        return 1.0
    if one.answer.refused:
        return 0.3
    return 0.2 if one.asked.is_unanswerable else 0.1


def _miss(one: Given) -> Miss:
    wanted = "a refusal" if one.asked.is_unanswerable else f"{' or '.join(one.asked.answers or ())}"
    where = f" ({', '.join(one.asked.files)})" if one.asked.files else ""
    got = shortened(one.answer.text, 300) or f"{one.answer.outcome}"
    cited = "; ".join(f"{c.file_name}, {c.location.label()}" for c in one.answer.citations)
    return Miss(one.asked.text, wanted + where, got, cited)
