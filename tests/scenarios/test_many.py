"""Many people at once: each is answered, once, in their own thread, in their own order."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from tests.scenarios.conftest import DEPOSIT, RENT, House, best_line, lease, until, whole_text

NOTICE = "@inhouse What is the notice to end the lease in writing?"
FACTS = {RENT: "1,450", DEPOSIT: "4,350", NOTICE: "90 days"}


def _slow_about_the_rent(messages: Any) -> str:
    """Later questions would overtake this one."""
    time.sleep(0.3 if "rent?" in messages[-1].content else 0.0)
    return best_line(messages)


async def _people(house: House, count: int) -> list[str]:
    names = [f"person{n}" for n in range(count)]
    for name in names:
        house.users[name] = await house.place.add_user(name)
        await house.place.invite(house.channels["lab"], house.users[name])
    return names


async def test_five_people_at_once_are_each_answered_in_their_own_thread(house: House) -> None:
    await house.asked_and_read("ana", "lab", "@inhouse", [lease])
    house.model.delay_s = 0.02
    texts = [RENT, DEPOSIT, NOTICE, RENT, DEPOSIT]
    people = await _people(house, 5)
    questions = await asyncio.gather(*(house.post(p, "lab", t) for p, t in zip(people, texts, strict=True)))
    answers = await asyncio.gather(*(house.answer_to(question) for question in questions))
    for text, answer in zip(texts, answers, strict=True):
        assert FACTS[text] in answer.text
        assert not any(fact in answer.text for asked, fact in FACTS.items() if asked != text)


async def test_questions_of_one_thread_are_answered_in_their_order(house: House) -> None:
    root = await house.asked_and_read("ana", "lab", "@inhouse", [lease])
    house.model._script = _slow_about_the_rent
    texts = [RENT, DEPOSIT, NOTICE] * 2
    for n, text in enumerate(texts):
        await house.post(("ana", "ben")[n % 2], "lab", text, thread_ts=root.ts)
    await house.quiet()
    replies = [m for m in house.replies(root) if m.text]
    assert [next(f for f in FACTS.values() if f in m.text) for m in replies] == [FACTS[text] for text in texts]


async def test_question_whose_events_come_last_is_answered_first_all_the_same(house: House) -> None:
    """The thread itself says what was asked before."""
    root = await house.asked_and_read("ana", "lab", "@inhouse", [lease])
    house.place.hold()
    first = await house.post("ana", "lab", DEPOSIT, thread_ts=root.ts)
    hub, late = house.place.core.hub, list(house.place.core.hub._waiting)
    hub._waiting.clear()
    await house.post("ben", "lab", RENT, thread_ts=root.ts)
    house.place.release()
    await until(lambda: asyncio.to_thread(lambda: len([m for m in house.replies(root) if m.text]) > 1))
    hub._waiting.extend(late)
    hub.release()
    await house.done(first)
    await house.quiet()
    texts = [m.text for m in house.replies(root) if m.text]
    assert [next(f for f in FACTS.values() if f in text) for text in texts] == ["4,350", "1,450"]


async def test_those_beyond_the_queue_are_told_at_once(house: House) -> None:
    await house.asked_and_read("ana", "lab", "@inhouse", [lease])
    await house.restart_bot(workers=1, queue_limit=2)
    house.model.delay_s = 0.3
    people = await _people(house, 6)  # the queue takes two, and one from each other person up to twice as many
    questions = []
    for person in people:
        questions.append(await house.post(person, "lab", RENT))
        await until(lambda: house.rows("select 1 from jobs where key like ?", f"%{questions[-1].ts}"))
    for question in questions[4:]:
        told = await house.place.wait_for(lambda question=question: house.ours(question))
        assert "More questions are waiting than I can take on" in whole_text(told[0])
    assert not house.replies(questions[3]), "they were told before the queue had moved on"
    house.model.delay_s = 0.0
    for question in questions[:4]:
        assert "1,450 euros" in (await house.answer_to(question)).text
    await house.quiet()
    assert [len(house.ours(question)) for question in questions] == [1] * 6


async def test_one_person_with_ten_questions_does_not_starve_another(house: House) -> None:
    await house.asked_and_read("ana", "lab", "@inhouse", [lease])
    await house.restart_bot(workers=1)
    house.model.delay_s = 0.01
    greedy = [await house.post("ana", "lab", RENT) for _ in range(10)]
    modest = await house.post("ben", "lab", DEPOSIT)
    assert "4,350" in (await house.answer_to(modest)).text
    assert sum(bool(house.replies(question)) for question in greedy) <= 3
    for question in greedy:
        assert "1,450 euros" in (await house.answer_to(question)).text


async def test_who_waits_is_told_how_many_are_ahead(house: House) -> None:
    await house.asked_and_read("ana", "lab", "@inhouse", [lease])
    await house.restart_bot(workers=1)
    house.model.delay_s = 0.1
    for person in await _people(house, 3):
        await house.post(person, "lab", RENT)
    assert await house.place.wait_for(
        lambda: any("2 ahead of you" in str(c.arguments) for c in house.calls("assistant.threads.setStatus"))
    )
    house.model.delay_s = 0.0
    await house.quiet()
