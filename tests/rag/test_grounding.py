"""What can be looked up decides; a model is asked only where that is unsure, and about the cited passage alone."""

from __future__ import annotations

import gc
import weakref

from rag.cite import Supported, Unsupported, check
from rag.grounding import Grounder
from rag.types import Caller, Chunk, Hit, Location
from rag.windows import _read, windows_of
from tests.rag.fakes import ScriptedModel

TEXT = "The monthly rent of the flat is due on the third working day. The cellar of the house is dry."
HITS = [Hit(Chunk(1, 1, 0, TEXT), "F1", "lease.txt", 1.0, 0.5)]
PROVED = "The monthly rent is due on the third working day."
DOUBTFUL = "The monthly rent of the flat arrives punctually each spring."


class Oracle:
    """A grounding model that says what it is told to, and remembers what it was asked."""

    def __init__(self, says: bool) -> None:
        self.says = says
        self.asked: list[tuple[str, str]] = []

    def supports(self, passage: str, sentence: str) -> bool:
        self.asked.append((passage, sentence))
        return self.says


def test_a_sentence_that_can_be_looked_up_needs_no_model() -> None:
    model = ScriptedModel()
    assert isinstance(Grounder(model).prove(PROVED, HITS), Supported)
    assert model.seen == []


def test_a_doubtful_sentence_stands_where_the_model_says_yes_and_falls_where_it_says_no() -> None:
    assert isinstance(Grounder(ScriptedModel(["Yes."])).prove(DOUBTFUL, HITS), Supported)
    assert Grounder(ScriptedModel(["No."])).prove(DOUBTFUL, HITS) == Unsupported("words")


def test_a_doubtful_sentence_falls_without_a_model_and_with_the_trial_one() -> None:
    trial = ScriptedModel(["Yes."], is_trial=True)
    assert Grounder().prove(DOUBTFUL, HITS) == Unsupported("words")
    assert Grounder(trial).prove(DOUBTFUL, HITS) == Unsupported("words")
    assert trial.seen == []


def test_no_model_is_asked_about_what_can_be_looked_up_and_is_not_there() -> None:
    oracle = Oracle(says=True)
    for sentence in (
        "The monthly rent of the flat arrives punctually on 4 May 2024.",
        "The monthly rent of the flat arrives punctually for 99 euros.",
        "The monthly rent of the flat arrives punctually with Peter.",
        "The monthly rent of the flat never arrives punctually each spring.",
        "The monthly rent of the flat “arrives punctually” each spring.",
        "The monthly rent of the flat arrives at https://evil.example each spring.",
        "Elephants sleep in the garden behind the flat.",
    ):
        assert isinstance(Grounder(checker=oracle).prove(sentence, HITS), Unsupported), sentence
    assert oracle.asked == []


def test_only_the_cited_passage_is_shown_and_each_is_asked_about_once() -> None:
    oracle = Oracle(says=True)
    grounder = Grounder(ScriptedModel(), oracle)
    first, again = grounder.prove(DOUBTFUL, HITS), grounder.prove(DOUBTFUL, HITS)
    assert first == again
    ((passage, sentence),) = oracle.asked
    assert sentence == DOUBTFUL
    assert passage == "The monthly rent of the flat is due on the third working day."


def test_what_the_model_reads_is_read_for_the_one_who_asked() -> None:
    model, caller = ScriptedModel(["Yes"]), Caller("C1", "U1")
    Grounder(model, caller=caller).prove(DOUBTFUL, HITS)
    assert model.callers == [caller]


def test_a_heading_is_shown_with_the_passage() -> None:
    oracle = Oracle(says=True)
    chunk = Chunk(1, 1, 0, "It is due on the third working day of each month.", Location(heading_path=("Rent",)))
    hits = [Hit(chunk, "F1", "lease.txt", 1.0, 0.5)]
    Grounder(checker=oracle).prove("The rent arrives on the third working day punctually, oddly.", hits)
    assert [passage for passage, _ in oracle.asked] == ["Rent\nIt is due on the third working day of each month."]


def test_nothing_of_a_text_is_kept_when_its_hit_is_gone() -> None:
    """Windows were kept for 256 hits, also of documents that had been erased since."""
    hit = Hit(Chunk(99, 1, 0, "The erased flat costs 77 euros a month."), "F9", "gone.txt", 1.0, 0.5)
    assert isinstance(check("The erased flat costs 77 euros a month.", [hit]), Supported)
    kept, place = len(_read), weakref.ref(hit)
    assert windows_of(hit)
    del hit
    gc.collect()
    assert place() is None
    assert len(_read) < kept


def test_no_model_is_asked_whether_one_things_number_is_anothers() -> None:
    text = "The monthly rent is 1,450 euros and is due early. The deposit amounts to 4,350 euros."
    oracle = Oracle(says=True)
    hits = [Hit(Chunk(1, 1, 0, text), "F1", "lease.txt", 1.0, 0.5)]
    assert isinstance(Grounder(checker=oracle).prove("The deposit is 1,450 euros.", hits), Unsupported)
    assert oracle.asked == []
