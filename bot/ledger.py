"""What was erased, by id: a restored backup forgets it again.

Each removal leaves one entry in the table `erased`, in the transaction that removes, and is copied from
there to a file beside the database, which a restore leaves alone. An entry names conversations, messages and
files by Slack's ids; a person by a hash with a salt of the entry's own, so that it can be told for a known
person only. It says what was wished, not what was found: replaying an entry is doing the same once more.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bot.records import Records, Tables, rows

FILE = "erasures.jsonl"
# Kinds of entries, each the function of `bot.forgetting` that does it.
REMOVAL, CONVERSATION, PERSON, ONE_FILE, OLDER, ANSWER, EDITED, KEY = (
    *("removal", "conversation", "person", "file", "older", "answer", "edited", "key"),
)


@dataclass(frozen=True, slots=True)
class Erased:
    """One entry."""

    entry: str  # a random name
    at: int  # seconds since the epoch
    kind: str
    ids: dict[str, Any]

    def is_about(self, team: str, user: str) -> bool:
        """Whether the person that an entry names is this one."""
        return hmac.compare_digest(self.ids["person"], _hashed(self.ids["salt"], team, user))


def note(db: Tables, kind: str, **ids: Any) -> None:
    """Add an entry. Part of the caller's transaction. A ``user`` is kept as a hash."""
    user = ids.pop("user", None)
    if user:
        salt = secrets.token_hex(16)
        ids |= {"person": _hashed(salt, ids["team"], user), "salt": salt}
    add(db, [Erased(secrets.token_hex(12), int(time.time()), kind, ids)])


def add(db: Tables, entries: Iterable[Erased]) -> None:
    """Put entries into the table; those that it has stay as they are."""
    for each in entries:
        values = (each.entry, each.at, each.kind, json.dumps(each.ids, sort_keys=True))
        db.execute("insert or ignore into erased (entry, at, kind, ids) values (?, ?, ?, ?)", values)


def entries_in(db: Tables) -> list[Erased]:
    """Every entry of the table, the oldest first."""
    found = rows(db, "select entry, at, kind, ids from erased order by rowid", ())
    return [Erased(row["entry"], row["at"], row["kind"], json.loads(row["ids"])) for row in found]


def read(path: Path) -> list[Erased]:
    """Every entry of a file, the oldest first; a line that a crash cut off is left out. Raises: OSError."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            found.append(Erased(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return found


class Ledger:
    """The file beside the database."""

    def __init__(self, path: Path, records: Records) -> None:
        self._path = path
        self._records = records
        self._written: set[str] | None = None  # None: not looked yet

    async def copy(self) -> None:
        """Bring the file up to date with the table. Raises: OSError."""
        entries = await self._records.read(entries_in)
        if self._written is None:
            self._written = {each.entry for each in read(self._path)}
        new = [each for each in entries if each.entry not in self._written]
        if new:
            append(self._path, new)
            self._written |= {each.entry for each in new}


def append(path: Path, entries: Iterable[Erased]) -> None:
    """Write entries behind those that a file has; returns when they are on disk. Raises: OSError."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "ab+") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 1))
        cut_off = b"\n" if size and file.read(1) != b"\n" else b""
        lines = "".join(json.dumps(asdict(each), sort_keys=True) + "\n" for each in entries)
        file.write(cut_off + lines.encode())
        file.flush()
        os.fsync(file.fileno())


def _hashed(salt: str, team: str, user: str) -> str:
    return hmac.new(bytes.fromhex(salt), f"{team}/{user}".encode(), hashlib.sha256).hexdigest()
