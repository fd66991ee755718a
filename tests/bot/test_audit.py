"""The audit: what was decided is in it, no text is, and nobody changes it unnoticed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import audit
from bot.audit import Deed, Head, Verdict
from bot.schema import MIGRATIONS
from rag.database import Database
from rag.errors import StoreError

Rows = list[dict[str, Any]]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "inhouse.db", [MIGRATIONS]) as database:
        yield database


def deed(user: str = "U1", channel: str = "C1", outcome: str = "answered", **more: Any) -> Deed:
    return Deed("T1", channel, user, **{"action": "turn", "outcome": outcome, "chunks": (3, 1)} | more)


def note(database: Database, *deeds: Deed) -> Head:
    return [database.write(lambda db, one=one: audit.note(db, one)) for one in deeds][-1]


def verified(database: Database, expected: Head | None = None) -> Verdict:
    return database.read(lambda db: audit.verify(db, expected))


def shown(database: Database, **by: Any) -> Rows:
    return database.read(lambda db: audit.shown(db, **by))


def tamper(database: Database, *statements: str) -> None:
    """What somebody does who may write to the file: the triggers do not stop them."""
    with sqlite3.connect(database.path) as connection:
        names = connection.execute("select name from sqlite_master where type = 'trigger' and name like 'audit%'")
        for (name,) in names.fetchall():
            connection.execute(f"drop trigger {name}")
        for statement in statements:
            connection.execute(statement)
    connection.close()


def test_an_untouched_chain_holds(database: Database) -> None:
    head = note(database, *(deed(f"U{number}") for number in range(20)))
    found = verified(database, head)
    assert (found.rows, found.head, found.faults) == (20, head, ())


def test_an_empty_chain_holds(database: Database) -> None:
    assert verified(database) == Verdict(0, Head(0, ""), ())


@pytest.mark.parametrize(
    "statement",
    [
        "update audit set outcome = 'refused' where number = 2",
        "delete from audit where number = 2",
        "delete from audit",
        "insert into audit select 9, at, team, channel, person, ref, action, outcome, chunks, details, before, hash"
        " from audit where number = 2",
        "insert or replace into audit select * from audit where number = 2",
        "update audit_head set number = 2",
        "update audit_head set number = 4, hash = 'x'",
        "delete from audit_head",
        "insert into audit_head values (0, '')",
    ],
)
def test_the_database_refuses_any_change_of_the_chain(database: Database, statement: str) -> None:
    note(database, deed(), deed(), deed())
    with pytest.raises(sqlite3.IntegrityError):
        database.write(lambda db: db.execute(statement))
    assert verified(database).faults == () and verified(database).rows == 3


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("update audit set outcome = 'refused' where number = 4", "row 4: changed"),
        ("update audit set at = at + 1 where number = 4", "row 4: changed"),
        ("update audit set chunks = '[1]' where number = 1", "row 1: changed"),
        ("delete from audit where number = 4", "row 4: missing"),
        ("delete from audit where number between 3 and 5", "rows 3 to 5: missing"),
        ("delete from audit where number = 1", "row 1: missing"),
        ("delete from audit where number > 5", "after row 5: the end is missing"),
        ("delete from audit", "after row 0: the end is missing"),
        ("delete from audit_head", "after row 7: the end is missing"),
    ],
)
def test_a_row_that_was_tampered_with_is_named(database: Database, statement: str, fault: str) -> None:
    note(database, *(deed(f"U{number}") for number in range(7)))
    tamper(database, statement)
    faults = verified(database).faults
    assert any(each.startswith(fault) for each in faults), faults


def test_a_chain_that_was_cut_off_with_its_head_is_found_by_a_head_noted_elsewhere(database: Database) -> None:
    head = note(database, *(deed() for _ in range(5)))
    tamper(
        database,
        "delete from audit where number > 3",
        "update audit_head set number = 3, hash = (select hash from audit where number = 3)",
    )
    assert verified(database).faults == (), "from within the file nobody can tell"
    assert verified(database, head).faults == ("row 5: not the row whose head was noted",)


def test_a_chain_that_was_written_anew_is_found_by_a_head_noted_elsewhere(database: Database, tmp_path: Path) -> None:
    head = note(database, *(deed(f"U{number}") for number in range(5)))
    with Database(tmp_path / "other.db", [MIGRATIONS]) as other:
        note(other, *(deed("U9") for _ in range(5)))
        assert verified(other).faults == ()
        assert verified(other, head).faults == ("row 5: not the row whose head was noted",)


def test_a_row_that_was_changed_with_its_hash_is_found_by_the_row_after_it(database: Database) -> None:
    note(database, *(deed(f"U{number}") for number in range(7)))
    with sqlite3.connect(database.path) as connection:
        connection.row_factory = sqlite3.Row
        row = dict(connection.execute("select * from audit where number = 4").fetchone()) | {"outcome": "refused"}
    connection.close()
    tamper(database, f"update audit set outcome = 'refused', hash = '{audit._hash(row)}' where number = 4")
    assert verified(database).faults == ("row 5: does not follow the row before it",)


# --- any tampering at all -------------------------------------------------------------------------

COLUMNS = ("at", "team", "channel", "person", "ref", "action", "outcome", "chunks", "details", "before", "hash")


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> sqlite3.Connection:
    """A chain of 12 rows in memory, and without triggers."""
    path = tmp_path_factory.mktemp("chain") / "inhouse.db"
    with Database(path, [MIGRATIONS]) as database:
        note(database, *(deed(f"U{n % 3}", f"C{n % 2}", ref=str(n), chunks=(n,)) for n in range(12)))
        tamper(database)
    memory, disk = sqlite3.connect(":memory:"), sqlite3.connect(path)
    disk.backup(memory)
    disk.close()
    return memory


def _changed(connection: sqlite3.Connection, number: int, column: str, other: int) -> None:
    value = connection.execute(f"select {column} from audit where number = ?", (number,)).fetchone()[0]
    new = value + 1 + other if isinstance(value, int) else f"{value}{other}"
    connection.execute(f"update audit set {column} = ? where number = ?", (new, number))


def _removed(connection: sqlite3.Connection, number: int, _column: str, _other: int) -> None:
    connection.execute("delete from audit where number = ?", (number,))


def _removed_and_closed_up(connection: sqlite3.Connection, number: int, _column: str, _other: int) -> None:
    connection.execute("delete from audit where number = ?", (number,))
    connection.execute("update audit set number = number - 1 where number > ?", (number,))


def _inserted(connection: sqlite3.Connection, number: int, _column: str, other: int) -> None:
    connection.execute("update audit set number = -number - 1 where number > ?", (number,))
    connection.execute("update audit set number = -number where number < 0")
    rows = ", ".join(COLUMNS)
    connection.execute(
        f"insert into audit (number, {rows}) select ?, {rows} from audit where number = ?", (number + 1, number)
    )


def _swapped(connection: sqlite3.Connection, number: int, _column: str, other: int) -> None:
    other = 1 + other % 12
    other = other if other != number else 1 + number % 12
    connection.execute("update audit set number = -1 where number = ?", (number,))
    connection.execute("update audit set number = ? where number = ?", (number, other))
    connection.execute("update audit set number = ? where number = -1", (other,))


TAMPERINGS = (_changed, _removed, _removed_and_closed_up, _inserted, _swapped)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    how=st.sampled_from(TAMPERINGS),
    number=st.integers(1, 12),
    column=st.sampled_from(COLUMNS),
    other=st.integers(0, 99),
)
def test_any_row_changed_removed_inserted_or_moved_is_found(
    chain: sqlite3.Connection, how: Callable[..., None], number: int, column: str, other: int
) -> None:
    import sqlite_utils

    chain.execute("begin")
    try:
        how(chain, number, column, other)
        found = audit.verify(sqlite_utils.Database(chain, execute_plugins=False))
    finally:
        chain.rollback()
    assert found.faults
    named = [int(word) for fault in found.faults for word in fault.replace(":", " ").split() if word.isdecimal()]
    # What is closed up or pushed in shows at the row, or at the one behind it.
    assert min(named) <= number + 1


# --- who ------------------------------------------------------------------------------------------


def test_rows_are_found_by_day_conversation_and_person(database: Database) -> None:
    note(database, deed("U1", "C1"), deed("U2", "C1"), deed("U1", "C2"), deed("U1", "D1"))
    assert [row["number"] for row in shown(database, person=("T1", "U1"))] == [1, 3, 4]
    assert [row["number"] for row in shown(database, channel="C1")] == [1, 2]
    assert [row["number"] for row in shown(database, channel="D1")] == [4]
    today = datetime.now(UTC).date()
    assert len(shown(database, day=today)) == 4
    assert not shown(database, day=today.replace(year=2020))
    assert shown(database, person=("T1", "U1"), channel="C2")[0]["chunks"] == [1, 3]
    assert not shown(database, person=("T1", "U3")), "nobody's rows are everybody's"


def test_no_person_message_or_direct_conversation_can_be_read_from_a_row(database: Database) -> None:
    note(database, deed("U0EVELYN", "D0DIRECT", ref="1700000000.000100"))
    with sqlite3.connect(database.path) as connection:
        stored = str(connection.execute("select * from audit").fetchall())
    connection.close()
    assert not any(secret in stored for secret in ("EVELYN", "DIRECT", "1700000000.000100"))


def test_a_forgotten_persons_rows_stay_and_nobody_finds_whose_they_were(database: Database) -> None:
    note(database, deed("U1"), deed("U2"), deed("U1", "D1"))
    assert database.write(lambda db: audit.forget_person(db, "T1", "U1"))
    assert verified(database).faults == () and verified(database).rows == 3
    assert not shown(database, person=("T1", "U1")) and not shown(database, channel="D1")
    assert [row["number"] for row in shown(database, person=("T1", "U2"))] == [2]
    note(database, deed("U1"))
    assert [row["number"] for row in shown(database, person=("T1", "U1"))] == [4], "under another name from then on"


def test_what_is_tried_again_is_noted_once(database: Database) -> None:
    for _ in range(3):
        database.write(lambda db: audit.note_once(db, deed(ref="9.5")))
    database.write(lambda db: audit.note_once(db, deed(ref="9.6")))
    assert verified(database).rows == 2


def test_a_row_and_what_it_is_about_come_together_or_not_at_all(database: Database) -> None:
    def half(db: Any) -> None:
        audit.note(db, deed())
        raise StoreError

    with pytest.raises(StoreError):
        database.write(half)
    note(database, deed())
    assert verified(database).rows == 1 and verified(database).faults == ()
