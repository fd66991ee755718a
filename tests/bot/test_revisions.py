"""What a click below an answer leads to."""

from __future__ import annotations

from typing import Any, cast

from bot import answers
from bot.history import History
from bot.people import People
from bot.records import Records
from bot.revisions import Declined, Revisions, Work
from bot.texts import Texts, texts_for


class English:
    """People who all read English, of whom U9 is an administrator."""

    async def texts(self, *_: str) -> Texts:
        return texts_for("en-US")

    async def is_admin(self, user: str) -> bool:
        return user == "U9"


async def asked(records: Records) -> Revisions:
    row: dict[str, Any] = {
        **{"team": "T1", "channel": "C1", "thread_ts": "1.0", "message_ts": "1.0", "user": "U1", "reply_ts": "2.0"},
        **{"question": "What is the price?", "answer": "Which do you mean: a.pdf or b.pdf?", "outcome": "asked"},
    }
    await records.write(lambda db: db.table("turns").insert(row))
    return Revisions(records, History(records), cast(People, English()))


async def test_a_file_that_was_chosen_is_asked_of_alone(records: Records) -> None:
    work = await (await asked(records)).wish("T1", "C1", "2.0", "U1", f"{answers.ONLY}b: (final).pdf")
    assert isinstance(work, Work)
    assert work.kind == "redo"
    assert work.payload["only"] == "b: (final).pdf"
    assert work.payload["question"] == "What is the price?"
    assert work.payload["manner"]["length"] == "", "a file's name is no length"


async def test_two_choices_are_two_pieces_of_work_and_one_choice_twice_is_one(records: Records) -> None:
    revisions = await asked(records)
    choices = [f"{answers.ONLY}{name}" for name in ("a.pdf", "b.pdf", "a.pdf")]
    first, second, third = [cast(Work, await revisions.wish("T1", "C1", "2.0", "U1", each)) for each in choices]
    assert first.key == third.key != second.key


async def test_only_who_asked_may_choose(records: Records) -> None:
    revisions = await asked(records)
    assert isinstance(await revisions.wish("T1", "C1", "2.0", "U2", f"{answers.ONLY}a.pdf"), Declined)
    assert isinstance(await revisions.wish("T1", "C1", "2.0", "U9", f"{answers.ONLY}a.pdf"), Work)


async def test_another_wish_holds_to_no_file(records: Records) -> None:
    work = await (await asked(records)).wish("T1", "C1", "2.0", "U1", answers.REGENERATE)
    assert isinstance(work, Work)
    assert "only" not in work.payload
