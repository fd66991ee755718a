"""Turns, redos, edits and removals that cross each other: what a stranger tried to break."""

from __future__ import annotations

from bot.workspace.state import Message
from tests.scenarios.conftest import DEPOSIT, LEASE, RENT, House, lease, whole_text


async def asked_about_rent(house: House) -> tuple[Message, Message]:
    asked = await house.post("ana", "lab", RENT, files=[lease])
    await house.answer_to(asked)
    (reply,) = house.replies(asked)
    return asked, reply


def changes(house: House) -> list[str]:
    """Event ids of all edits."""
    return [e for e, s in house.place.core.events.sent.items() if s["event"].get("subtype") == "message_changed"]


async def test_an_edit_delivered_again_while_it_is_answered_does_not_cut_the_answer_off(house: House) -> None:
    asked, _ = await asked_about_rent(house)
    house.model.delay_s = 0.1
    await house.place.edit(asked, DEPOSIT)
    edit = changes(house)[-1]
    await house.place.wait_for(lambda: len(house.model.seen) == 2)
    house.place.redeliver(edit)
    await house.quiet()
    (now,) = house.replies(asked)
    assert "4,350" in whole_text(now) and "topped" not in whole_text(now)
    assert (await house.rows("select outcome from turns"))[0]["outcome"] == "answered"


async def test_ten_edits_in_a_row_are_not_ten_answers(house: House) -> None:
    asked, _ = await asked_about_rent(house)
    house.model.delay_s = 0.02
    for number in range(9):
        await house.place.edit(asked, f"{RENT} {number}")
    await house.place.edit(asked, DEPOSIT)
    await house.quiet()
    (now,) = house.replies(asked)
    assert "4,350" in whole_text(now) and "1,450" not in whole_text(now)
    assert len(house.model.seen) <= 5


async def test_a_message_that_only_brought_files_is_answered_once_it_is_edited_into_a_question(house: House) -> None:
    asked = await house.asked_and_read("ana", "lab", "@inhouse", [lease])
    assert not house.replies(asked)
    await house.place.edit(asked, RENT)
    await house.quiet()
    (now,) = house.replies(asked)
    assert "1,450" in whole_text(now)


async def test_a_message_that_only_brought_files_and_is_edited_into_no_question_is_left_alone(house: House) -> None:
    asked = await house.asked_and_read("ana", "lab", "@inhouse", [lease])
    told = len(house.ours(asked))
    await house.place.edit(asked, "@inhouse here is the contract")
    await house.quiet()
    assert len(house.ours(asked)) == told and not house.place.core.state.statuses


async def test_an_answer_deleted_while_another_one_waits_stays_deleted(house: House) -> None:
    await house.restart_bot(workers=1)
    asked, reply = await asked_about_rent(house)
    house.model.delay_s = 0.1
    other = await house.post("ben", "lab", DEPOSIT)
    await house.place.wait_for(lambda: len(house.model.seen) == 2)
    for choice in ("regenerate", "delete"):
        await house.place.click(house.users["ana"], house.channels["lab"], reply.ts, "menu", choice)
    await house.done(other)
    await house.quiet()
    assert not house.replies(asked)


async def test_edited_twice_before_a_word_was_written_the_last_is_answered(house: House) -> None:
    asked, _ = await asked_about_rent(house)
    house.model.delay_s = 0.3
    for text in (DEPOSIT, RENT, DEPOSIT):
        seen = len(house.model.seen)
        await house.place.edit(asked, text)
        await house.place.wait_for(lambda seen=seen: len(house.model.seen) > seen)
    house.model.delay_s = 0.0
    await house.quiet()
    (now,) = house.replies(asked)
    assert "4,350" in whole_text(now)


# --- the status is gone in the end ---------------------------------------------------------------


async def test_the_status_is_gone_after_an_answer_anew_was_withdrawn(house: House) -> None:
    asked, _ = await asked_about_rent(house)
    house.model.delay_s = 0.1
    await house.place.edit(asked, DEPOSIT)
    await house.place.wait_for(lambda: len(house.model.seen) == 2)
    await house.place.delete_file(asked.files[0])
    await house.quiet()
    assert not house.place.core.state.statuses


async def test_the_status_is_gone_where_a_channel_was_opened_to_others_unnoticed(house: House) -> None:
    house.place.hold()
    asked = await house.post("ana", "lab", RENT)
    await house.place.share_outside(house.channels["lab"])
    house.place.release()
    await house.quiet()
    assert not house.ours(asked) and not house.place.core.state.statuses


async def test_the_status_is_gone_after_a_question_deleted_in_its_thread(house: House) -> None:
    root, _ = await asked_about_rent(house)
    house.model.delay_s = 0.1
    asked = await house.post("ana", "lab", DEPOSIT, thread_ts=root.ts)
    await house.place.wait_for(lambda: len(house.model.seen) == 2)
    await house.place.delete_message(asked)
    await house.quiet()
    assert not house.ours(asked) and not house.place.core.state.statuses


# --- files ---------------------------------------------------------------------------------------


async def test_an_edited_file_that_slack_does_not_hand_out_is_not_lost_without_a_word(house: House) -> None:
    asked, _ = await asked_about_rent(house)
    house.place.fault("files.info", error="internal_error", times=40)
    await house.place.change_file(asked.files[0], LEASE.replace("1,450", "1,900").encode())
    await house.quiet()
    house.place.clear_faults()
    states = [row["state"] for row in await house.rows("select state from shares")]
    assert states != ["reading"]


async def test_versions_with_the_middle_one_deleted(house: House) -> None:
    root = await house.asked_and_read("ana", "lab", "@inhouse", [lease])
    second = await house.post(
        "ana", "lab", "@inhouse", thread_ts=root.ts, files=[("lease.txt", LEASE.replace("1,450", "1,500").encode())]
    )
    await house.quiet()
    await house.post(
        "ana", "lab", "@inhouse", thread_ts=root.ts, files=[("Lease.txt", LEASE.replace("1,450", "1,600").encode())]
    )
    await house.quiet()
    await house.place.delete_file(second.files[0])
    await house.quiet()
    states = await house.rows("select state from shares order by message_ts")
    assert [row["state"] for row in states] == ["replaced", "read"]
