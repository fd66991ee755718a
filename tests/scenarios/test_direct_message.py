"""Direct messages: no mention is needed, and nobody else is there."""

from __future__ import annotations

from tests.scenarios.conftest import LEASE, House, lease, whole_text


async def test_file_without_text_gets_a_receipt_in_words(house: House) -> None:
    dm = await house.open_dm("ana")
    sent = await house.post("ana", dm, files=[lease])
    await house.quiet()
    assert len(house.ours(sent)) == 1
    assert "I read `lease.txt`" in whole_text(house.notices(sent)[0])


async def test_file_with_a_question_is_answered(house: House) -> None:
    dm = await house.open_dm("ana")
    answer = await house.ask("ana", dm, "What is the monthly rent?", files=[lease])
    assert "1,450 euros" in answer.text


async def test_question_beside_an_earlier_file_is_answered(house: House) -> None:
    dm = await house.open_dm("ana")
    await house.post("ana", dm, files=[lease])
    answer = await house.ask("ana", dm, "What is the monthly rent?")
    assert "1,450 euros" in answer.text


async def test_follow_up_in_the_thread_and_beside_it_has_history(house: House) -> None:
    dm = await house.open_dm("ana")
    root = await house.post("ana", dm, "What is the monthly rent?", files=[lease])
    await house.answer_to(root)
    inside = await house.ask("ana", dm, "And what does the deposit amount to?", thread_ts=root.ts)
    assert "4,350" in inside.text
    beside = await house.ask("ana", dm, "And what is the notice to end the lease?")
    assert "90 days" in beside.text
    assert "monthly rent" in " ".join(message.content for message in house.model.seen[-1])


async def test_one_persons_direct_message_never_answers_another(house: House) -> None:
    ana, ben = await house.open_dm("ana"), await house.open_dm("ben")
    await house.ask("ana", ana, "What is the monthly rent?", files=[lease])
    answer = await house.ask("ben", ben, "What is the monthly rent?")
    assert answer.refused and "1,450" not in answer.text


async def test_greeting_before_any_file_says_what_to_do(house: House) -> None:
    dm = await house.open_dm("ana")
    answer = await house.ask("ana", dm, "hello")
    assert "Drop one" in answer.text


async def test_group_direct_message_needs_a_mention(house: House) -> None:
    house.channels["group"] = await house.place.open_group_dm([house.users["ana"], house.users["ben"]])
    said = await house.post("ana", "group", "What is the monthly rent?", files=[("lease.txt", LEASE.encode())])
    assert await house.ignored(said) == "not addressed to us"
    asked = await house.post("ana", "group", "@inhouse What is the monthly rent?")
    assert "1,450 euros" in (await house.answer_to(asked)).text
