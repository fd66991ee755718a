"""A long conversation: what a question is about is found among everything that was said."""

from __future__ import annotations

import numpy as np
import pytest

from rag.memory import Memory
from rag.types import Utterance
from tests.rag.fakes import HashEmbedder

SMALL_TALK = ("Good morning.", "Thanks!", "See you at lunch.", "Sure.", "Let me look.", "Fine with me.")


def talk(*said: tuple[str, str]) -> list[Utterance]:
    """What was said, each behind twelve messages of small talk."""
    told = [(author, text) for line in said for author, text in [*(("ben", text) for text in SMALL_TALK * 2), line]]
    return [Utterance(str(number), author, text) for number, (author, text) in enumerate(told)]


def recalled(utterances: list[Utterance], question: str, limit: int = 3) -> list[str]:
    return [utterances[place].text for place in Memory(HashEmbedder()).recall(utterances, question, limit)]


def test_the_message_that_answers_comes_first_in_a_long_thread() -> None:
    said = talk(
        ("ana", "The rent is 1,450 euros."), ("ana", "The deposit goes to the bank."), ("ana", "Parking is free.")
    )
    assert recalled(said, "How much is the rent?")[0] == "The rent is 1,450 euros."
    assert recalled(said, "Where does the deposit go?")[0] == "The deposit goes to the bank."


def test_who_is_named_in_the_question_comes_before_who_is_not() -> None:
    said = talk(("ana", "I want the blue door."), ("cleo", "I want the blue door."))
    place = Memory(HashEmbedder()).recall(said, "Which door does Cleo want?", 1)[0]
    assert said[place].author == "cleo"


def test_a_named_month_tells_two_alike_apart() -> None:
    said = [
        Utterance("a", "ana", "The meeting went well.", 3, 1),
        Utterance("b", "ana", "The meeting went well.", 11, 2),
    ]
    assert Memory(HashEmbedder()).recall(said, "How was the meeting in November?", 1) == (1,)
    assert Memory(HashEmbedder()).recall(said, "Wie war das meeting im März?", 1) == (0,)


def test_may_the_verb_is_no_month() -> None:
    said = [
        Utterance("a", "ana", "You may leave.", 5, 1),
        Utterance("b", "ana", "You may leave early, says the boss.", 6, 2),
    ]
    assert Memory(HashEmbedder()).recall(said, "What may we do early?", 1) == (1,)


@pytest.mark.parametrize(("said", "question"), [([], "What?"), (talk(("ana", "Hello.")), "???"), (talk(), "What?")])
def test_nothing_to_recall_is_nothing(said: list[Utterance], question: str) -> None:
    assert Memory(HashEmbedder()).recall(said, question) == ()


def test_a_message_of_one_word_a_hundred_thousand_times_is_no_trouble() -> None:
    said = [Utterance("a", "ana", "rent " * 100_000), Utterance("b", "ben", "deposit")]
    assert len(Memory(HashEmbedder()).recall(said, "rent rent deposit rent", 5)) == 2


def test_only_new_messages_are_embedded_again() -> None:
    class Counting(HashEmbedder):
        count = 0

        def embed(self, texts: object) -> np.ndarray:
            Counting.count += len(texts)  # type: ignore[arg-type]
            return super().embed(texts)  # type: ignore[arg-type]

    memory, said = Memory(Counting()), talk(("ana", "The rent is due."))
    memory.recall(said, "When is the rent due?")
    first = Counting.count
    memory.recall([*said, Utterance("new", "ben", "Really?")], "When is the rent due?")
    assert 0 < Counting.count - first <= 4  # the new one, and what now has a new neighbour
    memory.forget()
    memory.recall(said, "When is the rent due?")
    assert Counting.count - first >= first
