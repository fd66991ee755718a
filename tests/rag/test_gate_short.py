"""Questions of one or two words, in words that the file does not use, over made contracts, a handbook and a manual.

`tests/short` holds them; half of it had a part in the calibration (`rag.evals.measured.in_half`), the samples none.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.evals.library import Library, open_library
from rag.evals.pages import add_all
from rag.evals.plan import Plan
from rag.evals.questions import read_questions, sources_in
from rag.gate import Decision, Gate, Verdict
from rag.types import Embedder
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.slow

SHORT = REPOSITORY / "tests" / "short"
SAMPLES = REPOSITORY / "bot" / "samples"

# In the words of people who have not read the file.
SAMPLES_ANSWER = (
    """What is the notice period?|Delivery time?|Governing law?|Cash discount?|Volume discounts?
Shipping costs?|Who are the parties?|Late payment interest?|Payment deadline?|Support phone number?|Maximum speed?
Power consumption?|Age limit?|Box contents?|How do I change the language?|Which fuse is used?|Room temperature?
Warranty period?|Factory PIN?|What does E-03 mean?|Filter cleaning?|Is e-mail enough?|Price of nitrile gloves?
Cost of the incubator?|pH meter price?|Liability limit?|Insurance?|Emergency stop?|Weight?|Confidentiality period?
""".replace("\n", "|")
    .strip("|")
    .split("|")
)


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    from rag.embeddings import HuggingFaceEmbedding

    return HuggingFaceEmbedding()


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Library]:
    with open_library(tmp_path_factory.mktemp("short"), embedder) as library:
        add_all(library, sources_in(SHORT), Plan())
        yield library


def decided(library: Library, gate: Gate, question: str) -> Decision:
    return gate.decide(library.search(question, limit=8), question)


def refused(library: Library, gate: Gate, questions: list[str]) -> list[str]:
    return [one for one in questions if decided(library, gate, one).verdict is Verdict.REFUSE]


def test_few_short_questions_that_the_files_answer_are_refused(short: Library, embedder: Embedder) -> None:
    asked = [one.text for one in read_questions(SHORT) if one.files]
    assert len(asked) >= 50
    wrongly = refused(short, Gate.of(embedder), asked)
    assert len(wrongly) <= len(asked) * 0.15, wrongly


def test_more_of_those_that_nothing_answers_are(short: Library, embedder: Embedder) -> None:
    gate = Gate.of(embedder)
    asked = [one.text for one in read_questions(SHORT) if one.is_unanswerable]
    assert len(refused(short, gate, asked)) >= len(asked) * 0.4
    sure = [one for one in asked if decided(short, gate, one).verdict is Verdict.ANSWER]
    assert len(sure) <= len(asked) * 0.25, sure


def test_thirty_short_questions_about_the_sample_files_are_not_refused(tmp_path: Path, embedder: Embedder) -> None:
    assert len(SAMPLES_ANSWER) == 30
    with open_library(tmp_path, embedder) as library:
        add_all(library, [path for path in sources_in(SAMPLES) if path.suffix in {".pdf", ".docx", ".xlsx"}], Plan())
        assert refused(library, Gate.of(embedder), SAMPLES_ANSWER) == []
        assert decided(library, Gate.of(embedder), "Who won the football world cup in 1990?").verdict is Verdict.REFUSE
