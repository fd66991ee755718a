"""Erasing once more what was erased after a backup was made, in the database that was restored from it.

Each entry of the ledger is done by the function that did it the first time. Knows rows only: text, vectors and
originals go with the sweep that follows. Also here: what else a database must be told that comes from the past.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from bot import audit, ledger
from bot.audit import Deed
from bot.events import Removal
from bot.forgetting import (
    Taken,
    forget_answer,
    forget_conversation,
    forget_file,
    forget_older,
    forget_person,
    forget_who,
    receipt,
    take_away,
)
from bot.ledger import Erased
from bot.records import Tables, rows

CAUSE = "restored"  # of what is erased once more
_WITH_PEOPLE = ("shares", "turns", "feedback", "asides", "contexts", "audit_people")


def replay(db: Tables, entries: Iterable[Erased]) -> int:
    """Do what a database does not know of yet; how many entries that were. Part of the caller's transaction."""
    known = {each.entry for each in ledger.entries_in(db)}
    new = sorted((each for each in entries if each.entry not in known), key=lambda each: each.at)
    for each in new:
        _do(db, each)
    ledger.add(db, new)
    # Doing it once more noted it once more; one entry for each removal is enough.
    kept = known | {each.entry for each in new}
    for each in ledger.entries_in(db):
        if each.entry not in kept:
            db.execute("delete from erased where entry = ?", (each.entry,))
    return len(new)


def _do(db: Tables, each: Erased) -> None:
    ids = {name: value for name, value in each.ids.items() if name not in {"person", "salt"}}
    if each.kind in {ledger.REMOVAL, ledger.EDITED}:  # an edited file is read anew when it is needed
        take_away(db, Removal(**ids), CAUSE)
    elif each.kind == ledger.ANSWER:
        forget_answer(db, **ids)
    elif each.kind == ledger.KEY:
        for user in _people(db, each):
            forget_who(db, ids["team"], user)
    else:
        for taken in _taken(db, each, ids):
            receipt(db, taken, CAUSE)


def _taken(db: Tables, each: Erased, ids: dict[str, Any]) -> list[Taken]:
    if each.kind == ledger.CONVERSATION:
        return [forget_conversation(db, **ids)]
    if each.kind == ledger.OLDER:
        return [forget_older(db, **ids)]
    people: Sequence[str | None] = _people(db, each) if "person" in each.ids else [None]
    if each.kind == ledger.ONE_FILE:
        return [forget_file(db, **ids, user=user) for user in people]
    if each.kind == ledger.PERSON:
        return [forget_person(db, **ids, user=user) for user in people if user]
    return []  # of a newer version, which would have been refused


def _people(db: Tables, each: Erased) -> list[str]:
    """Who the hash of an entry stands for, among those of whom anything is known."""
    team = each.ids["team"]
    union = " union ".join(f"select user from {table} where team = ?" for table in _WITH_PEOPLE)
    known = [row["user"] for row in rows(db, union, (team,) * len(_WITH_PEOPLE)) if row["user"]]
    return [user for user in known if each.is_about(team, user)]


def settle_jobs(db: Tables) -> None:
    """Work that waited when the backup was made. Part of the caller's transaction.

    A question was answered since, most likely: as one that is tried again it finds its answer in the thread and
    completes that one. What was to be seen by one person at once is of no use any more.
    """
    db.execute(
        "update jobs set state = 'waiting', attempts = max(attempts, 1), not_before = 0"
        " where state in ('waiting', 'running') and kind in ('turn', 'upload', 'reread', 'erase')"
    )
    db.execute("update jobs set state = 'done', payload = '{}' where state = 'running'")
    db.execute(
        "update jobs set state = 'done', payload = '{}'"
        " where state = 'waiting' and kind not in ('turn', 'upload', 'reread', 'erase')"
    )


def carry_on_audit(db: Tables, later: Sequence[dict[str, Any]], people: Sequence[dict[str, Any]]) -> int:
    """Add the rows that another copy of the same chain has behind this one's last; how many.

    ``later``: that copy's rows from this one's last on. ``people``: its keys.
    Where the two are not the same chain, nothing is added.
    """
    head = audit.head(db)
    if head.number and (not later or (later[0]["number"], later[0]["hash"]) != (head.number, head.hash)):
        return 0
    new = [row for row in later if row["number"] > head.number]
    for row in new:
        db.table("audit").insert(row)
    for person in people:
        db.execute("insert or ignore into audit_people (team, user, key) values (:team, :user, :key)", person)
    return len(new)


def note_restored(db: Tables, made_at: float, replayed: int) -> None:
    """That the data is of another time. Part of the caller's transaction."""
    audit.note(db, Deed("", "", "", "restore", CAUSE, details={"made_at": int(made_at), "replayed": replayed}))
