"""From a question to checked sentences: what is shown, what is dropped, and how an answer ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest

from rag.answering import (
    Answerer,
    AnswerEvent,
    PassageReady,
    Request,
    Searched,
    SentenceReady,
)
from rag.calibration import SIGNALS, Calibration
from rag.claims import stem
from rag.errors import OutOfMemory
from rag.gate import Gate
from rag.prompts import NOT_FOUND
from rag.tables.answering import TableAnswer
from rag.types import Answer, Caller, Finished, Message, ModelEvent, Outcome, TextDelta, Turn
from tests.rag.fakes import ScriptedModel
from tests.rag.shelf import Shelf

LEASE = """The monthly rent is 1,450 euros and is due on the third working day of each month.

Either party may end this lease with a notice of 90 days in writing.

The deposit amounts to 4,350 euros and is returned within 60 days after the keys are handed back."""
RENT = "The monthly rent is 1,450 euros."
ASKED = "How much is the monthly rent?"
OPEN = Gate(
    None, Calibration((0.0,) * len(SIGNALS), 9.0, 0.0, 0.0)
)  # the gate has its own tests; here everything passes


@pytest.fixture
def lease(shelf: Shelf) -> Shelf:
    shelf.put(LEASE, name="lease.txt")
    return shelf


def answerer(shelf: Shelf, *said: str | Exception, gate: Gate = OPEN, **model: object) -> Answerer:
    return Answerer(shelf.retriever, ScriptedModel(said, **model), shelf.embedder, gate=gate)  # type: ignore[arg-type]


def run(answers: Answerer, question: str = ASKED, **more: object) -> list[AnswerEvent]:
    return list(answers.answer(Request("here", question, **more)))  # type: ignore[arg-type]


def last(events: Sequence[AnswerEvent]) -> Answer:
    assert isinstance(events[-1], Answer)
    return events[-1]


def sentences(events: Sequence[AnswerEvent]) -> list[str]:
    return [event.text for event in events if isinstance(event, SentenceReady)]


def test_the_files_are_named_before_the_model_is_asked(lease: Shelf) -> None:
    answers = answerer(lease, RENT)
    first = next(answers.answer(Request("here", ASKED)))
    assert isinstance(first, Searched)
    assert first.names == ("lease.txt",)
    assert first.hits
    assert answers.llm.seen == []  # type: ignore[attr-defined]


def test_a_sentence_that_holds_is_shown_with_its_proof(lease: Shelf) -> None:
    events = run(answerer(lease, RENT))
    assert sentences(events) == [RENT]
    answer = last(events)
    assert answer.outcome is Outcome.ANSWERED
    assert answer.text == f"{RENT} [1]"
    (citation,) = answer.citations
    assert citation.file_name == "lease.txt"
    assert citation.quote in LEASE
    assert answer.searched == ("lease.txt",)


def test_a_sentence_that_does_not_hold_never_appears(lease: Shelf) -> None:
    events = run(answerer(lease, f"The deposit is 1,450 euros. {RENT} It is $99 for pets."))
    assert sentences(events) == [RENT]
    assert "deposit is" not in last(events).text
    assert "99" not in last(events).text


def test_sentences_come_as_soon_as_they_are_whole(lease: Shelf) -> None:
    model = ScriptedModel([f"{RENT} Either party may end this lease with a notice of 90 days in writing."])
    events = Answerer(lease.retriever, model, lease.embedder, gate=OPEN).answer(Request("here", ASKED))
    assert isinstance(next(events), Searched)
    assert next(events) == SentenceReady(RENT, last([*events]).citations[:1])


def test_the_same_sentence_is_shown_once(lease: Shelf) -> None:
    assert sentences(run(answerer(lease, f"{RENT} {RENT} {RENT.upper()}"))) == [RENT]


def test_a_question_echoed_by_the_model_is_not_an_answer(lease: Shelf) -> None:
    assert sentences(run(answerer(lease, f"How much is the monthly rent? {RENT}"))) == [RENT]


@pytest.mark.parametrize("said", [f"Answer: {RENT}", f"- {RENT}", f"1. {RENT}", f"{RENT} [1]", f"**{RENT}**"])
def test_marks_that_models_put_around_sentences_are_taken_off(lease: Shelf, said: str) -> None:
    assert sentences(run(answerer(lease, said))) == [RENT]


def test_a_sentence_that_the_token_limit_cut_is_left_out(lease: Shelf) -> None:
    events = run(answerer(lease, f"{RENT} The deposit amounts to"))
    assert sentences(events) == [RENT]


def test_two_sentences_from_one_place_share_its_number(lease: Shelf) -> None:
    said = "The monthly rent is 1,450 euros. The rent is due on the third working day of each month."
    answer = last(run(answerer(lease, said)))
    assert answer.text.count("[1]") == 2
    assert len(answer.citations) == 1


# --- where the model's sentences do not do -------------------------------------------------------


def test_where_no_sentence_holds_the_nearest_passage_is_shown_and_labelled(lease: Shelf) -> None:
    events = run(answerer(lease, "The rent is a million. It depends on the moon."))
    answer = last(events)
    assert answer.outcome is Outcome.PASSAGE
    (passage,) = [event for event in events if isinstance(event, PassageReady)]
    assert passage.citation.quote in LEASE
    assert "1,450 euros" in passage.citation.quote
    assert passage.citation.quote in answer.text


def test_a_model_that_finds_nothing_is_believed(lease: Shelf) -> None:
    events = run(answerer(lease, NOT_FOUND))
    answer = last(events)
    assert answer.outcome is Outcome.REFUSED
    assert answer.refused
    assert (answer.text, answer.citations) == ("", ())
    assert answer.searched == ("lease.txt",)


def test_not_found_after_an_answer_does_not_take_the_answer_back(lease: Shelf) -> None:
    answer = last(run(answerer(lease, f"{RENT} {NOT_FOUND}")))
    assert answer.outcome is Outcome.ANSWERED
    assert RENT in answer.text


def test_what_the_gate_holds_back_never_reaches_the_model(lease: Shelf) -> None:
    answers = answerer(lease, gate=Gate(None, Calibration((0.0,) * len(SIGNALS), -9.0, 0.5, 0.5)))
    answer = last(run(answers, "Who won the race?"))
    assert answer.outcome is Outcome.REFUSED
    assert answer.searched == ("lease.txt",)
    assert answers.llm.seen == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("question", ["", "?!", "🙂"])
def test_a_question_without_words_is_refused_and_costs_nothing(lease: Shelf, question: str) -> None:
    answers = answerer(lease, gate=Gate())
    assert last(run(answers, question)).outcome is Outcome.REFUSED
    assert answers.llm.seen == []  # type: ignore[attr-defined]


def test_an_empty_scope_refuses(shelf: Shelf) -> None:
    assert last(run(answerer(shelf))).outcome is Outcome.REFUSED


def test_another_scope_is_never_answered_from(lease: Shelf) -> None:
    answers = answerer(lease)
    assert last(list(answers.answer(Request("there", ASKED)))).outcome is Outcome.REFUSED


# --- the trial model -----------------------------------------------------------------------------


def test_a_trial_model_is_quoted_for_first(lease: Shelf) -> None:
    events = run(answerer(lease, "The monthly rent amounts to 1,450 euros.", is_trial=True))
    kinds = [type(event) for event in events]
    assert kinds == [Searched, PassageReady, SentenceReady, Answer]
    assert last(events).outcome is Outcome.ANSWERED
    assert last(events).text.startswith("“The monthly rent is 1,450 euros")


def test_a_trial_models_passage_comes_before_the_model_is_asked(lease: Shelf) -> None:
    answers = answerer(lease, RENT, is_trial=True)
    events = answers.answer(Request("here", ASKED))
    assert [type(next(events)), type(next(events))] == [Searched, PassageReady]
    assert answers.llm.seen == []  # type: ignore[attr-defined]
    events.close()


def test_a_trial_model_is_held_to_the_passage_it_was_shown(lease: Shelf) -> None:
    said = "Either party may end this lease with a notice of 90 days in writing."
    answer = last(run(answerer(lease, said, is_trial=True)))
    assert answer.outcome is Outcome.PASSAGE
    assert said not in answer.text


def test_a_trial_model_that_says_the_passage_again_confirms_it(lease: Shelf) -> None:
    said = "The monthly rent is 1,450 euros and is due on the third working day of each month."
    events = run(answerer(lease, said, is_trial=True))
    assert sentences(events) == []
    assert last(events).outcome is Outcome.ANSWERED


def test_a_trial_model_stops_after_its_first_sentence_that_holds(lease: Shelf) -> None:
    said = "The monthly rent amounts to 1,450 euros. The rent is due on each third working day of the month."
    assert len(sentences(run(answerer(lease, said, is_trial=True)))) == 1


def test_a_trial_model_is_not_asked_in_a_language_it_does_not_know(lease: Shelf) -> None:
    answers = answerer(lease, is_trial=True, languages=frozenset({"en"}))
    events = run(answers, "Wie hoch ist die monthly rent und wann ist sie fällig?")
    assert [type(event) for event in events] == [Searched, PassageReady, Answer]
    assert last(events).outcome is Outcome.PASSAGE
    assert last(events).is_foreign
    assert answers.llm.seen == []  # type: ignore[attr-defined]


# --- ends that nobody planned --------------------------------------------------------------------


class Watched(ScriptedModel):
    """A scripted model that knows whether its stream was closed, and at which word to be cancelled."""

    def __init__(self, text: str, *, cancel_at: int | None = None) -> None:
        super().__init__([text])
        self.closed = False
        self.cancel_at = cancel_at

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int = 200, cancel: threading.Event | None = None, **_: object
    ) -> Iterator[ModelEvent]:
        try:
            for number, event in enumerate(super().stream(messages, max_tokens=max_tokens, cancel=cancel)):
                yield event
                if number == self.cancel_at and cancel is not None:
                    cancel.set()
        finally:
            self.closed = True


def test_a_cancelled_answer_keeps_what_it_has_shown(lease: Shelf) -> None:
    model = Watched(f"{RENT} The deposit amounts to 4,350 euros.", cancel_at=6)
    events = list(
        Answerer(lease.retriever, model, lease.embedder, gate=OPEN).answer(Request("here", ASKED), threading.Event())
    )
    answer = last(events)
    assert answer.outcome is Outcome.STOPPED
    assert answer.text == f"{RENT} [1]"
    assert model.closed


def test_an_answer_cancelled_before_its_first_sentence_shows_no_passage(lease: Shelf) -> None:
    model = Watched("It depends. Nothing holds here at all.", cancel_at=1)
    events = list(Answerer(lease.retriever, model, lease.embedder, gate=OPEN).answer(Request("here", ASKED)))
    assert [type(event) for event in events] == [Searched, Answer]
    assert last(events).outcome is Outcome.STOPPED


def test_nobody_listening_any_more_closes_the_models_stream(lease: Shelf) -> None:
    model = Watched(f"{RENT} {RENT} {RENT}")
    events = Answerer(lease.retriever, model, lease.embedder, gate=OPEN).answer(Request("here", ASKED))
    assert isinstance(next(events), Searched)
    assert isinstance(next(events), SentenceReady)
    events.close()  # type: ignore[attr-defined]
    assert model.closed


def test_a_model_error_reaches_the_caller(lease: Shelf) -> None:
    with pytest.raises(OutOfMemory):
        run(answerer(lease, OutOfMemory("Lower the setting INHOUSE_BUDGET.")))


def test_a_model_error_after_a_trial_passage_reaches_the_caller_too(lease: Shelf) -> None:
    events = answerer(lease, OutOfMemory(), is_trial=True).answer(Request("here", ASKED))
    assert [type(next(events)), type(next(events))] == [Searched, PassageReady]
    with pytest.raises(OutOfMemory):
        next(events)


def test_a_model_that_says_nothing_leads_to_a_passage(lease: Shelf) -> None:
    class Mute(ScriptedModel):
        def stream(self, messages: object, **_: object) -> Iterator[ModelEvent]:
            yield TextDelta("")
            yield Finished("stop", 1, 0, 0.0, 0.0)

    events = list(Answerer(lease.retriever, Mute(), lease.embedder, gate=OPEN).answer(Request("here", ASKED)))
    assert last(events).outcome is Outcome.PASSAGE


# --- history -------------------------------------------------------------------------------------


def test_a_follow_up_finds_what_the_question_before_was_about(lease: Shelf) -> None:
    lease.put("The garden closes at nine in the evening.", name="garden.txt")
    history = (Turn("How much is the monthly rent?", RENT),)
    events = run(answerer(lease, RENT), "And in euros, when is it due?", history=history)
    assert sentences(events) == [RENT]


def test_a_thread_that_changes_its_subject_is_not_held_to_the_old_one(lease: Shelf) -> None:
    lease.put("The garden closes at nine in the evening.", name="garden.txt")
    history = tuple(Turn(f"How much is the monthly rent and the deposit? {n}", RENT) for n in range(4))
    said = "The garden closes at nine in the evening."
    answer = last(run(answerer(lease, said), "When does the garden close in the evening?", history=history))
    assert said in answer.text
    assert answer.citations[0].file_name == "garden.txt"


def test_earlier_turns_are_shown_to_the_model(lease: Shelf) -> None:
    answers = answerer(lease, RENT)
    run(answers, history=(Turn("Who owns it?", "Ana."),))
    (messages,) = answers.llm.seen  # type: ignore[attr-defined]
    assert [message.role for message in messages] == ["system", "user", "assistant", "user"]


def goes_on(answers: Answerer, *questions: str, **more: object) -> list[Answer]:
    """Answers to the questions of one conversation, each with the history of those before."""
    told: list[Answer] = []
    for question in questions:
        history = tuple(Turn(asked, was.text, was.passages) for asked, was in zip(questions, told, strict=False))
        told.append(last(run(answers, question, history=history, **more)))
    return told


def test_the_prompt_of_a_follow_up_begins_with_the_one_before(lease: Shelf) -> None:
    lease.put("The deposit of the garage is 80 euros.", name="garage.txt")
    deposit = "The deposit amounts to 4,350 euros."
    answers = answerer(lease, RENT, deposit, RENT)
    told = goes_on(answers, ASKED, "What is the deposit?", "And when is the rent due?")
    first, second, third = answers.llm.seen  # type: ignore[attr-defined]
    assert second[: len(first)] == first and third[: len(second)] == second
    assert (len(first), len(second), len(third)) == (2, 4, 6)
    chunk_ids = [chunk_id for answer in told for chunk_id in answer.passages]
    assert len(chunk_ids) == len(set(chunk_ids)) > 1, "each passage is added once"


def test_short_files_are_shown_whole_and_may_be_read_before_anybody_asks(lease: Shelf) -> None:
    documents = frozenset(document.document_id for document in lease.store.documents("here"))
    answers = answerer(lease, RENT)
    answers.preload("here", documents)
    run(answers, within=documents)
    model = answers.llm
    assert isinstance(model, ScriptedModel)
    ahead, asked = (messages[-1].content for messages in (model.preloaded[0], model.seen[0]))
    assert model.preloaded[0][0] == model.seen[0][0]
    assert asked.startswith(ahead.removesuffix("Question: ")) and "\n\nQuestion: " in ahead
    texts = [hit.chunk.text for hit in lease.retriever.whole("here")]
    assert len(texts) > 1 and [asked.index(text) for text in texts] == sorted(asked.index(text) for text in texts)
    assert model.callers[0].is_background and model.callers[0].scope_id == "here"


def test_long_files_and_the_trial_model_are_not_read_ahead(shelf: Shelf, lease: Shelf) -> None:
    trial = answerer(lease, is_trial=True)
    trial.preload("here", frozenset({1}))
    lease.put("\n\n".join(f"Paragraph {number} says {number}. " * 12 for number in range(60)), name="long.txt")
    long = answerer(lease)
    long.preload("here", frozenset(document.document_id for document in lease.store.documents("here")))
    for answers in (trial, long):
        assert isinstance(answers.llm, ScriptedModel) and answers.llm.preloaded == []


def test_a_sentence_may_rest_on_a_passage_of_an_earlier_turn(lease: Shelf) -> None:
    for number in range(12):
        lease.put(f"The garden closes at nine in the evening of day {number}.", name=f"garden{number}.txt")
    question = "When does the garden close in the evening?"
    assert RENT not in [hit.chunk.text for hit in lease.retriever.search("here", question).hits]
    first, second = goes_on(answerer(lease, RENT, RENT), ASKED, question)
    assert RENT in second.text
    assert second.citations == first.citations


def test_a_sentence_that_rests_on_a_passage_erased_meanwhile_never_appears(lease: Shelf) -> None:
    lease.put("The garden closes at nine in the evening.", name="garden.txt")
    answers = answerer(lease, RENT, RENT)
    told = last(run(answers))
    lease.eraser.erase_source("here", "lease.txt")
    history = (Turn(ASKED, told.text, told.passages),)
    now = last(run(answers, "When does the garden close?", history=history))
    assert RENT not in now.text
    assert "1,450 euros and is due" not in str(answers.llm.seen[-1])  # type: ignore[attr-defined]


@pytest.mark.parametrize("where", [{"scope_id": "there"}, {"within": True}])
def test_passages_that_may_not_be_used_now_are_not_shown_again(lease: Shelf, where: dict[str, object]) -> None:
    text = "The garden closes at nine in the evening."
    lease.put(text, name="garden.txt", scope="there")
    garden = lease.put(text, name="garden.txt").document.document_id
    answers = answerer(lease, RENT, text)
    told = last(run(answers))
    assert told.passages
    limits = {"within": frozenset({garden})} if "within" in where else {}
    scope = str(where.get("scope_id", "here"))
    history = (Turn(ASKED, "It is so.", told.passages),)
    list(answers.answer(Request(scope, "When does the garden close?", history, **limits)))  # type: ignore[arg-type]
    assert "1,450" not in str(answers.llm.seen[-1])  # type: ignore[attr-defined]
    assert text in str(answers.llm.seen[-1])  # type: ignore[attr-defined]


def test_the_model_works_for_the_scope_of_the_request_whatever_the_caller_says(lease: Shelf) -> None:
    answers = answerer(lease, RENT)
    run(answers, caller=Caller("another", "U1", "T1", deadline_s=9.0))
    assert answers.llm.callers == [Caller("here", "U1", "T1", deadline_s=9.0)]  # type: ignore[attr-defined]


@pytest.mark.parametrize("is_trial", [False, True])
def test_text_erased_while_the_model_reads_it_is_forgotten_by_the_model(lease: Shelf, is_trial: bool) -> None:
    def erasing(_: object) -> str:
        lease.eraser.erase_source("here", "lease.txt")
        return RENT

    model = ScriptedModel(erasing, is_trial=is_trial)
    list(Answerer(lease.retriever, model, lease.embedder, gate=OPEN).answer(Request("here", ASKED)))
    assert model.forgotten == ["here"]


def test_an_answer_whose_passages_stand_makes_the_model_forget_nothing(lease: Shelf) -> None:
    answers = answerer(lease, RENT, RENT)
    goes_on(answers, ASKED, "And when is it due?")
    assert answers.llm.forgotten == []  # type: ignore[attr-defined]


def test_the_prompt_leaves_the_window_of_the_model_room_for_the_answer(lease: Shelf) -> None:
    for number in range(20):
        lease.put(f"The monthly rent of house {number} is high. " + "word " * 60, name=f"{number}.txt")
    model = ScriptedModel([RENT], context_tokens=700)
    answers = Answerer(lease.retriever, model, lease.embedder, gate=OPEN, budget_tokens=4000, max_tokens=300)
    run(answers)
    assert sum(model.count_tokens(message.content) for message in model.seen[0]) <= 400


def test_only_the_given_documents_are_searched(lease: Shelf) -> None:
    other = lease.put("The monthly rent of the garage is 80 euros.", name="garage.txt").document.document_id
    said = "The monthly rent of the garage is 80 euros."
    answer = last(run(answerer(lease, said), within=frozenset({other})))
    assert answer.searched == ("garage.txt",)
    assert {citation.file_name for citation in answer.citations} == {"garage.txt"}


def test_times_are_told_by_stage(lease: Shelf) -> None:
    timing = last(run(answerer(lease, RENT))).timing
    assert {"search_s", "first_text_s", "total_s", "prompt_tokens", "new_tokens", "reused_tokens"} <= timing.keys()


def test_logs_never_hold_what_was_asked_or_answered(lease: Shelf, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        run(answerer(lease, f"{RENT} Nonsense about 99 llamas."))
    assert caplog.records
    assert "rent" not in caplog.text.lower()
    assert "llamas" not in caplog.text


# --- asked back, restated, recalled, computed -----------------------------------------------------


UNSURE = Gate(None, Calibration((0.0,) * len(SIGNALS), 0.0, 0.2, 0.9))  # always one half


def test_what_two_files_answer_alike_is_asked_back_and_once_only(shelf: Shelf) -> None:
    for name in ("berlin.txt", "hamburg.txt"):
        shelf.put(f"The rent in {name} is due.\n\nA tenant of {name} lives there.", name=name)
    answer = last(run(answerer(shelf, RENT), "Rent?"))
    assert answer.outcome is Outcome.ASKED
    assert sorted(answer.choices) == ["berlin.txt", "hamburg.txt"]
    assert answer.text == "" and not answer.refused
    assert last(run(answerer(shelf, RENT), "Rent?", may_ask=False)).outcome is not Outcome.ASKED


def test_an_unsure_follow_up_is_restated_by_the_model_and_searched_again(lease: Shelf) -> None:
    answers = answerer(lease, "How much is the monthly rent?", RENT, gate=UNSURE)
    history = (Turn("Is there a deposit?", "Yes."),)
    events = list(answers.answer(Request("here", "and how much is that?", history)))
    asked, answered = answers.llm.seen  # type: ignore[attr-defined]
    assert "Is there a deposit?" in asked[-1].content and "and how much is that?" in asked[-1].content
    assert "and how much is that?" in answered[-1].content  # the question stays as it was asked
    assert sentences(events) == [RENT]


def test_a_trial_model_is_never_asked_to_restate_and_refuses_what_is_unlikely(lease: Shelf) -> None:
    unlikely = Gate(None, Calibration((0.0,) * len(SIGNALS), -0.2, 0.2, 0.9))
    answers = answerer(lease, gate=unlikely, is_trial=True)
    answer = last(list(answers.answer(Request("here", ASKED, (Turn("Is there a deposit?", "Yes."),)))))
    assert answers.llm.seen == []  # type: ignore[attr-defined]
    assert answer.refused
    (nearest,) = answer.citations
    assert "1,450 euros" in nearest.quote


def test_a_turn_long_past_is_quoted_to_the_model_with_the_passage_it_rested_on(lease: Shelf) -> None:
    (deposit,) = [
        hit.chunk.chunk_id for hit in lease.retriever.search("here", "deposit").hits if "deposit" in hit.chunk.text
    ]
    past = Turn("What about the deposit and the keys?", "It comes back after the keys.", (deposit,))
    filler = tuple(Turn(f"Is number {n} done?", "Yes, " + "it is done " * 40) for n in range(40))
    said = "The deposit amounts to 4,350 euros."
    answers = answerer(lease, said)
    events = list(answers.answer(Request("here", "What was it with the deposit and the keys?", (past, *filler))))
    prompt = "\n".join(message.content for message in answers.llm.seen[-1])  # type: ignore[attr-defined]
    assert 'The answer was: "It comes back after the keys."' in prompt
    assert sentences(events) == [said]


def test_a_tables_result_is_the_answer_with_its_query(lease: Shelf) -> None:
    class Tables:
        """Stands for `rag.tables.answering.TableAnswerer`, which has its own tests."""

        def files(self, scope_id: str, document_ids: Sequence[int]) -> tuple[int, ...]:
            return tuple(dict.fromkeys(document_ids))

        def answer(self, question: str, files: Sequence[int], *_: object) -> TableAnswer:
            assert files
            return TableAnswer(
                "Sum of amount: 12", "SELECT sum(amount) FROM prices", (), ("sum",), ((12,),), "prices.csv"
            )

    model = ScriptedModel([])
    answers = Answerer(lease.retriever, model, lease.embedder, gate=OPEN, tables=Tables())  # type: ignore[arg-type]
    events = run(answers)
    answer = last(events)
    assert (answer.text, answer.query) == ("Sum of amount: 12", "SELECT sum(amount) FROM prices")
    assert answer.outcome is Outcome.ANSWERED
    assert sentences(events) == ["Sum of amount: 12"]
    assert model.seen == []


def test_forgetting_a_scope_empties_every_memory_of_texts(lease: Shelf) -> None:
    turns = tuple(Turn(f"Is the deposit number {n} paid?", "Yes.") for n in range(9))
    answers = answerer(lease, RENT)
    run(answers, "What of the deposit?", history=turns)
    assert answers._memory._vectors and stem.cache_info().currsize
    before = lease.embedder.forgotten
    answers.forget("here")
    assert not answers._memory._vectors and not stem.cache_info().currsize
    assert lease.embedder.forgotten == before + 1
    assert answers.llm.forgotten == ["here"]  # type: ignore[attr-defined]


def test_a_thread_that_asked_of_other_things_does_not_drown_a_new_one(shelf: Shelf) -> None:
    shelf.put("\n\n".join(f"Room {n} has {n + 1000} seats." for n in range(101, 160)), name="rooms.txt")
    history = tuple(Turn(f"How many seats has room {n}?", "Many.") for n in (110, 120, 130, 140, 150, 158))
    said = "Room 133 has 1133 seats."
    answers = answerer(shelf, said)
    events = list(answers.answer(Request("here", "How many seats has room 133?", history)))
    assert sentences(events) == [said]
    shown = [message.content for message in answers.llm.seen[-1]][-1]  # type: ignore[attr-defined]
    assert shown.count("Room 133 has") == 1
