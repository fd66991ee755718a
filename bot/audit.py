"""Who asked where, on which passages the answer rests, and what was decided: rows that are only ever added to.

Each row holds the hash of the one before it, so that a changed, removed, inserted or reordered row is found
by its number. There is no text in it. People stand in it under a hash with a random key of their own; when
the key is destroyed (`forget_person`), their rows stay and nobody can tell any more whose they were. For the
same reason a message is named by such a hash only, and so is a direct conversation, which has one person.

Every writing function is part of the caller's transaction: what happened and its row come together or not at all.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bot.records import Job, Tables, rows

DENIED = "denied"  # how every outcome begins that denies a question
_HASHED = ("number", "at", "team", "channel", "person", "ref", "action", "outcome", "chunks", "details", "before")
COLUMNS = (*_HASHED, "hash")


@dataclass(frozen=True, slots=True)
class Deed:
    """What is to be noted. ``user`` "": nobody in particular, such as a term that ran out."""

    team: str
    channel: str
    user: str
    action: str  # "turn" | "redo" | "ask" | "brief" | "share" | "erase" | "forget" | "settings" | ...
    outcome: str
    ref: str = ""  # the ts of the message, or what else names it within its conversation
    chunks: Sequence[int] = ()
    details: Mapping[str, int | str | None] = field(default_factory=dict)  # numbers, ids and settings, never text


@dataclass(frozen=True, slots=True)
class Head:
    """The last row, by which a chain that lost its end is recognised. ``str`` of it is what people keep."""

    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What checking came to. ``faults``: a sentence for each row that is not as it was written."""

    rows: int
    head: Head
    faults: tuple[str, ...]


# --- writing -----------------------------------------------------------------------------------------


def note(db: Tables, deed: Deed) -> Head:
    """Add a row; the chain's new head."""
    key = _key(db, deed.team, deed.user, is_new=True)
    row = {
        **{"number": 0, "at": int(time.time()), "team": deed.team, "channel": _place(key, deed.channel)},
        **{"person": _hashed(key, deed.user), "ref": _ref(key, deed)},
        **{"action": deed.action, "outcome": deed.outcome, "chunks": json.dumps(sorted(set(map(int, deed.chunks))))},
        "details": json.dumps(dict(deed.details), sort_keys=True),
    }
    return _append(db, row)


def note_once(db: Tables, deed: Deed) -> None:
    """Add a row unless its message has one: for work that is tried again as a whole."""
    key = _key(db, deed.team, deed.user, is_new=True)
    if not rows(db, "select 1 from audit where ref = ? limit 1", (_ref(key, deed),)):
        note(db, deed)


def note_failed(db: Tables, job: Job) -> None:
    """A question that got no answer, though it was tried again and again."""
    message = job.payload.get("message") or {}
    team, channel, ts = (str(message.get(name) or "") for name in ("team", "channel", "ts"))
    if job.kind in {"turn", "redo", "ask", "brief", "summarise"}:
        note(db, Deed(team, channel, job.user, job.kind, "failed", ts))


def forget_person(db: Tables, team: str, user: str) -> bool:
    """Destroy a person's key; whether there was one. What they do afterwards stands under another one."""
    return db.execute("delete from audit_people where team = ? and user = ?", (team, user)).rowcount > 0


def _append(db: Tables, row: dict[str, Any]) -> Head:
    before = head(db)
    row = {**row, "number": before.number + 1, "before": before.hash}
    row["hash"] = _hash(row)
    places = ", ".join("?" for _ in COLUMNS)
    db.execute(f"insert into audit ({', '.join(COLUMNS)}) values ({places})", [row[name] for name in COLUMNS])
    return Head(row["number"], row["hash"])


def _hash(row: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps([row[name] for name in _HASHED]).encode()).hexdigest()


# --- people ------------------------------------------------------------------------------------------


def _key(db: Tables, team: str, user: str, *, is_new: bool = False) -> bytes | None:
    """A person's key; with ``is_new`` it is drawn where there is none."""
    if not user:
        return None
    found = rows(db, "select key from audit_people where team = ? and user = ?", (team, user))
    if found or not is_new:
        return found[0]["key"] if found else None
    key = secrets.token_bytes(32)
    db.execute("insert into audit_people (team, user, key) values (?, ?, ?)", (team, user, key))
    return key


def _hashed(key: bytes | None, value: str) -> str:
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()[:32] if key and value else ""


def _place(key: bytes | None, channel: str) -> str:
    """A direct conversation has one person, who could be told by its id."""
    return f"D-{_hashed(key, channel)}" if channel.startswith("D") else channel


def _ref(key: bytes | None, deed: Deed) -> str:
    return _hashed(key, f"{deed.channel}/{deed.ref}") if deed.ref else ""


# --- reading -----------------------------------------------------------------------------------------


def head(db: Tables) -> Head:
    """The last row; number 0 where there is none. Two heads, or none, count as none."""
    found = rows(db, "select number, hash from audit_head", ())
    return Head(**found[0]) if len(found) == 1 else Head(0, "")


def shown(
    db: Tables, *, day: date | None = None, channel: str = "", person: tuple[str, str] | None = None, limit: int = 1000
) -> list[dict[str, Any]]:
    """The newest rows of a day (UTC), a conversation, and a (team, user), oldest first."""
    where: list[str] = ["1"]
    values: list[object] = []
    if day is not None:
        begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
        where.append("at >= ? and at < ?")
        values += [begin.timestamp(), (begin + timedelta(days=1)).timestamp()]
    if person is not None:
        where.append("person = ? and person != ''")
        values.append(_hashed(_key(db, *person), person[1]))
    if channel:
        names = [channel, *(_place(row["key"], channel) for row in rows(db, "select key from audit_people", ()))]
        where.append("channel in (select value from json_each(?))")
        values.append(json.dumps(names))
    sql = f"select {', '.join(COLUMNS)} from audit where {' and '.join(where)} order by number desc limit ?"
    return [_readable(row) for row in reversed(rows(db, sql, (*values, limit)))]


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    lists = {name: json.loads(row[name]) for name in ("chunks", "details")}
    return row | lists | {"at": datetime.fromtimestamp(row["at"], UTC).isoformat()}


def verify(db: Tables, expected: Head | None = None) -> Verdict:
    """Check every row. ``expected``: a head that was noted earlier, or its beginning; that row must still be there."""
    faults: list[str] = []
    count, before, number, hash_there = 0, "", 0, ""
    for row in db.query(f"select {', '.join(COLUMNS)} from audit order by number"):
        faults += _faults(row, number, before)
        count, number, before = count + 1, row["number"], row["hash"]
        if expected is not None and number == expected.number:
            hash_there = row["hash"]
    found = head(db)
    if (found.number, found.hash) != (number, before):
        faults.append(f"after row {number}: the end is missing, or its head was changed; it was row {found.number}")
    if expected is not None and expected.number and not hash_there.startswith(expected.hash):
        faults.append(f"row {expected.number}: not the row whose head was noted")
    return Verdict(count, found, tuple(faults))


def _faults(row: Mapping[str, Any], number: int, before: str) -> Iterator[str]:
    """What is wrong with a row that follows row ``number`` with the hash ``before``."""
    if row["number"] == number + 2:
        yield f"row {number + 1}: missing"
    elif row["number"] != number + 1:
        yield f"rows {number + 1} to {row['number'] - 1}: missing"
    if row["hash"] != _hash(row):
        yield f"row {row['number']}: changed"
    elif row["number"] == number + 1 and row["before"] != before:
        yield f"row {row['number']}: does not follow the row before it"
