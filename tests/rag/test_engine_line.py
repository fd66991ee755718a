"""Who comes when: fair between users, people before what nobody waits for, and nobody's answer stands still."""

from __future__ import annotations

import threading
import time
from functools import cache
from itertools import pairwise

import pytest

from rag.engine.engine import SHORTEST_PIECE
from rag.engine.sequence import Prompt
from rag.errors import ModelBusy
from rag.types import Caller
from tests.rag.engine_models import expected, generated, tiny, tokens_of
from tests.rag.engine_stage import PATIENCE_S, check_at_rest, prompt, staged

MODEL = "llama"


@cache
def text_of(ids: tuple[int, ...], most: int) -> list[int]:
    return expected(generated(tiny(MODEL), ids, most), most)[0]


def test_one_question_of_one_user_comes_before_the_rest_of_anothers_twenty() -> None:
    with staged(tiny(MODEL), streams=1, chunk_tokens=64) as (engine, stage):
        stage.hold()
        first = engine.submit(prompt(tokens_of(0, 300), 5, user="many"))
        assert stage.has_entered.wait(PATIENCE_S)
        rest = [engine.submit(prompt(tokens_of(number, 300), 5, user="many")) for number in range(1, 20)]
        one = engine.submit(prompt(tokens_of(30, 40), 5, user="one"))
        stage.go()
        for writing in [first, *rest, one]:
            writing.wait()
        assert stage.order().index(21) == 1


def test_users_take_turns_by_tokens_and_a_users_threads_do_too() -> None:
    with staged(tiny(MODEL), streams=1) as (engine, stage):
        stage.hold()
        writings = [engine.submit(prompt(tokens_of(0, 20), 2, user="z"))]
        assert stage.has_entered.wait(PATIENCE_S)
        asked = [("x", "1", 200), ("x", "1", 20), ("x", "2", 20), ("y", "1", 50), ("y", "1", 50), ("y", "1", 50)]
        for number, (user, thread, length) in enumerate(asked):
            writings.append(engine.submit(prompt(tokens_of(number, length), 2, user=user, thread=thread)))
        stage.go()
        for writing in writings:
            writing.wait()
        # x's first costs 201 tokens, each of y's 51: all of them come before x's second, which is of another thread.
        assert stage.order() == [1, 2, 5, 6, 7, 4, 3]


def test_who_was_away_has_saved_nothing_up() -> None:
    """A user who came back after an hour was served alone until they had had as much as those who had stayed."""
    with staged(tiny(MODEL), streams=1) as (engine, stage):
        stage.hold()
        asked = [("steady", 300), ("away", 10), ("steady", 300), ("steady", 300), ("steady", 30)]
        first = [
            engine.submit(prompt(tokens_of(number, length), 1, user=user))
            for number, (user, length) in enumerate(asked)
        ]
        last_is_read = threading.Event()

        def before(_: int) -> None:
            if stage.calls[-1].owners == (5,):
                stage.hold()
                last_is_read.set()

        stage.before = before
        stage.go()
        assert last_is_read.wait(PATIENCE_S)
        later = [engine.submit(prompt(tokens_of(number, 30), 1, user="steady")) for number in range(4)]
        later += [engine.submit(prompt(tokens_of(number, 30), 1, user="away")) for number in range(4)]
        stage.go()
        for writing in [*first, *later]:
            writing.wait()
        assert 6 in stage.order()[5:8]  # and not behind all four of the one who was away


@pytest.mark.parametrize("call", [1, 3, 9])
def test_a_background_prompt_is_set_back_for_a_person_and_says_the_same_later(call: int) -> None:
    """While it is read, and while it is written."""
    slow, quick = tokens_of(1, 200), tokens_of(2, 30)
    with staged(tiny(MODEL), streams=1, chunk_tokens=50) as (engine, stage):
        people: list[Prompt] = [prompt(quick, 5, scope_id="b", user="p")]
        writings = []
        stage.before = lambda number: writings.append(engine.submit(people.pop())) if number == call else None
        behind = engine.submit(prompt(slow, 20, scope_id="a", is_background=True))
        assert list(behind) == text_of(slow, 20)
        assert list(writings[0]) == text_of(quick, 5)
        owners = [owner for seen in stage.calls for owner in seen.owners]
        assert owners[call + 1 : call + 6] == [2] * 5 and owners[-1] == 1
        assert behind.reused_tokens == 0  # that it knew its own beginning again is nobody's saving
        assert engine.stats().reused_tokens == 0
        check_at_rest(engine, stage)


def test_a_background_prompt_that_is_set_back_keeps_its_scores_right() -> None:
    ids = tokens_of(3, 200)
    with staged(tiny(MODEL), streams=1, chunk_tokens=40) as (engine, stage):
        asked = Prompt(ids, caller=Caller("a", is_background=True), scored=120)
        undisturbed = engine.submit(asked).wait().likelihoods
        calls = len(stage.calls)
        person = prompt(tokens_of(4, 30), 3, user="p")
        stage.before = lambda number: engine.submit(person) if number == calls + 3 else None
        disturbed = engine.submit(asked).wait().likelihoods
        assert undisturbed is not None and disturbed is not None
        assert (undisturbed - disturbed).abs().max() < 1e-4


def test_a_person_waits_for_no_background_prompt_however_little_memory_there_is() -> None:
    """A place was free, but the pool was taken up by a summary: the person waited for its end, 401 steps."""
    with staged(tiny(MODEL), streams=4, context_tokens=256, cache_bytes=1) as (engine, stage):
        writings = []
        person = prompt(tokens_of(2, 30), 3, user="p")
        stage.before = lambda number: writings.append(engine.submit(person)) if number == 5 else None
        behind = engine.submit(prompt(tokens_of(1, 100), 150, is_background=True))
        assert list(behind) == text_of(tokens_of(1, 100), 150)
        writings[0].wait()
        assert stage.calls[6].owners == (2,)
        check_at_rest(engine, stage)


def test_a_background_prompt_is_not_set_back_for_another_one() -> None:
    with staged(tiny(MODEL), streams=1) as (engine, stage):
        writings = []
        other = prompt(tokens_of(2, 30), 3, is_background=True)
        stage.before = lambda number: writings.append(engine.submit(other)) if number == 2 else None
        engine.submit(prompt(tokens_of(1, 30), 10, is_background=True)).wait()
        writings[0].wait()
        assert [call.owners for call in stage.calls] == sorted(call.owners for call in stage.calls)


def test_place_and_wait_are_said_and_shrink() -> None:
    with staged(tiny(MODEL), streams=1) as (engine, stage):
        stage.hold()
        first = engine.submit(prompt(tokens_of(0, 20), 5))
        assert stage.has_entered.wait(PATIENCE_S)
        waiting = [engine.submit(prompt(tokens_of(number, 20), 5)) for number in (1, 2, 3)]
        assert [writing.place for writing in (first, *waiting)] == [0, 1, 2, 3]
        assert first.wait_s == 0.0 and waiting[0].wait_s is None
        stage.go()
        for writing in (first, *waiting):
            writing.wait()
        assert [writing.place for writing in waiting] == [0, 0, 0]
        stage.hold()
        engine.submit(prompt(tokens_of(4, 20), 5))
        assert stage.has_entered.wait(PATIENCE_S)
        later = [engine.submit(prompt(tokens_of(number, 20), 5)) for number in (5, 6)]
        waits = [writing.wait_s for writing in later]
        assert waits[0] is not None and waits[1] is not None and 0 < waits[0] < waits[1]


def test_more_than_may_wait_is_refused_at_once_and_taken_again_later() -> None:
    with staged(tiny(MODEL), streams=1, waiting=2) as (engine, stage):
        stage.hold()
        writings = [engine.submit(prompt(tokens_of(0, 20), 3))]
        assert stage.has_entered.wait(PATIENCE_S)
        writings += [engine.submit(prompt(tokens_of(number, 20), 3)) for number in (1, 2)]
        with pytest.raises(ModelBusy) as refusal:
            engine.submit(prompt(tokens_of(3, 20), 3))
        assert refusal.value.user_message.endswith("Please ask again in a minute.")
        stage.go()
        for writing in writings:
            writing.wait()
        assert list(engine.submit(prompt(tokens_of(3, 20), 3))) == text_of(tokens_of(3, 20), 3)


def test_while_a_long_prompt_is_read_everybody_else_gets_a_token_between_two_pieces() -> None:
    with staged(tiny(MODEL), context_tokens=2560, stall_s=0.0, streams=3) as (engine, stage):
        writers = [engine.submit(prompt(tokens_of(number, 20), 120, user=str(number))) for number in (1, 2)]
        reader: list[object] = []
        long = prompt(tokens_of(3, 2000), 2, user="3")
        stage.before = lambda number: reader.append(engine.submit(long)) if number == 20 else None
        texts = [list(writing) for writing in writers]
        assert texts == [text_of(tokens_of(number, 20), 120) for number in (1, 2)]
        pieces = [place for place, call in enumerate(stage.calls) if call.kind == "read" and call.owners == (3,)]
        assert len(pieces) > 60
        while_both = [place for place in pieces if place < pieces[0] + 150]
        assert all(stage.calls[place].tokens == SHORTEST_PIECE for place in while_both[:70])
        for before, after in pairwise(while_both):
            between = [call for call in stage.calls[before + 1 : after] if call.kind == "write"]
            assert {owner for call in between for owner in call.owners} >= {1, 2}


def test_a_cancelled_prompt_ends_within_one_step_wherever_it_is() -> None:
    with staged(tiny(MODEL), streams=1, chunk_tokens=50) as (engine, stage):
        event = threading.Event()
        stage.before = lambda number: event.set() if number == 2 else None
        reading = engine.submit(prompt(tokens_of(1, 400), 5), event).wait()
        assert (reading.reason, len(stage.calls)) == ("cancelled", 3)
        stage.before = lambda number: writing.cancel() if number == 8 else None
        writing = engine.submit(prompt(tokens_of(2, 20), 50))
        assert len(list(writing)) == 6 and writing.reason == "cancelled" and len(stage.calls) == 9
        check_at_rest(engine, stage)


def test_after_its_deadline_the_text_so_far_stands() -> None:
    ids = tokens_of(2, 20)
    with staged(tiny(MODEL), streams=1) as (engine, stage):
        stage.before = lambda number: time.sleep(1.1) if number == 6 else None
        writing = engine.submit(prompt(ids, 50, deadline_s=1.0))
        written = list(writing)
        assert writing.reason == "deadline" and 0 < len(written) <= 7
        assert written == text_of(ids, 50)[: len(written)]
        late = engine.submit(prompt(ids, 50, deadline_s=0.0))
        assert (list(late), late.reason) == ([], "deadline")


def test_an_answer_that_has_ended_says_so_again() -> None:
    """Whoever waited a second time waited for ever."""
    with staged(tiny(MODEL)) as (engine, _):
        writing = engine.submit(prompt(tokens_of(1, 20), 5)).wait()
        assert writing.wait().reason == "length" and list(writing) == []
