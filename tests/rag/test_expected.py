"""What kind of thing a question asks for, and whether a passage holds one."""

from __future__ import annotations

import pytest

from rag.claims import claims_of
from rag.expected import Kind, holds, kind_of
from rag.types import Chunk, Hit, Location
from rag.windows import window_at


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("When is the bonus paid?", Kind.TIME),
        ("What is the notice period?", Kind.TIME),
        ("How long is the warranty?", Kind.TIME),
        ("In which year was it built?", Kind.TIME),
        ("Kündigungsfrist?", Kind.TIME),
        ("Seit wann gilt das?", Kind.TIME),
        ("How deep may it go?", Kind.AMOUNT),
        ("What does the clean room cost?", Kind.AMOUNT),
        ("Wie viele Tage bekomme ich?", Kind.AMOUNT),
        ("Who runs the laboratory?", Kind.PERSON),
        ("Wer zahlt?", Kind.PERSON),
        ("Are pets allowed?", Kind.ANYTHING),
        ("What is a whenever?", Kind.ANYTHING),  # "when" within a word asks for nothing
        ("", Kind.ANYTHING),
    ],
)
def test_kind_is_told_by_the_wording(question: str, kind: Kind) -> None:
    assert kind_of(question) is kind


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        ("When is the bonus paid?", "It is paid in May.", True),
        ("When is the bonus paid?", "It may be paid in part.", False),
        ("When do they lapse?", "They lapse on 31 March.", True),
        ("When was it founded?", "It was founded in 1898.", True),
        ("How long is the notice?", "Either side may leave with thirty days' notice.", True),
        ("How long is the notice?", "Either side may leave.", False),
        ("How deep may the Aquila 7 go?", "The Aquila 7 is a probe.", False),  # the number is the question's own
        ("How deep may the Aquila 7 go?", "Tested at 100 m depth.", True),
        ("Who runs the laboratory?", "Since June the laboratory is run by Mehmet Yildiz.", True),
        ("Who is Mehmet Yildiz?", "One of us is Mehmet Yildiz.", False),
        ("Are pets allowed?", "Dogs from 2 kg are.", False),  # nothing is expected
    ],
)
def test_passage_holds_what_is_asked_for(question: str, text: str, expected: bool) -> None:
    hit = Hit(Chunk(1, 1, 0, text, Location()), "ref", "a.txt", 1.0, 1.0)
    assert holds(window_at(hit, text), kind_of(question), claims_of(question)) is expected
