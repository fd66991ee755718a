"""The ledger: what was erased, by id, in the database and in a file beside it."""

from __future__ import annotations

from pathlib import Path

from bot import ledger
from bot.ledger import Ledger
from bot.records import Records
from bot.replaying import replay


async def test_the_file_gets_each_entry_once_also_after_a_line_that_a_crash_cut_off(
    records: Records, tmp_path: Path
) -> None:
    path = tmp_path / ledger.FILE
    await records.write(lambda db: db.execute("delete from erased"))
    await records.write(lambda db: ledger.note(db, ledger.CONVERSATION, team="T1", channel="C1"))
    book = Ledger(path, records)
    await book.copy()
    await book.copy()
    assert len(ledger.read(path)) == 1
    with path.open("a") as file:
        file.write('{"entry": "cut')
    await records.write(lambda db: ledger.note(db, ledger.CONVERSATION, team="T1", channel="C2"))
    await Ledger(path, records).copy()
    assert [each.ids["channel"] for each in ledger.read(path)] == ["C1", "C2"]


async def test_a_person_is_told_only_by_who_knows_their_id(records: Records) -> None:
    await records.write(lambda db: db.execute("delete from erased"))
    await records.write(lambda db: ledger.note(db, ledger.KEY, team="T1", user="U0EVELYN"))
    (entry,) = await records.read(ledger.entries_in)
    assert "EVELYN" not in str(entry)
    assert entry.is_about("T1", "U0EVELYN") and not entry.is_about("T1", "U2") and not entry.is_about("T2", "U0EVELYN")


async def test_what_is_known_to_be_erased_is_not_done_again(records: Records) -> None:
    await records.write(lambda db: db.execute("delete from erased"))
    await records.write(lambda db: ledger.note(db, ledger.CONVERSATION, team="T1", channel="C1"))
    known = await records.read(ledger.entries_in)
    assert await records.write(lambda db: replay(db, known)) == 0
    assert await records.read(ledger.entries_in) == known
