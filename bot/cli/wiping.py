"""What the operator has forgotten: rows at once, the rest by the running bot, or here where none runs.

Knows who and where; what goes with a person, a conversation or a document is known to `bot.forgetting`.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot import audit
from bot.audit import Deed
from bot.channels import Channels
from bot.cli.kept import INDEX, MIGRATIONS, ORIGINALS, kept_database
from bot.cli.restoring import no_model, opened_index
from bot.commands import traces
from bot.erasures import Erasures
from bot.forgetting import Taken, forget_conversation, forget_file, forget_person, forget_who, receipt
from bot.ledger import FILE, Ledger
from bot.records import Records, Tables, add_job, rows
from bot.settings import Settings
from rag.database import Database, is_in_use
from rag.erase import Eraser
from rag.errors import SettingsError
from rag.originals import Originals
from rag.store import Store

WAIT_S = 120.0  # for the running bot, which looks every few seconds
LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Subject:
    """Exactly one of these is to be forgotten."""

    team: str
    person: str = ""
    channel: str = ""
    document: str = ""  # a file's id in Slack, or a document's number here


@dataclass(frozen=True, slots=True)
class Wiped:
    """What was, or with ``is_done`` False would be, forgotten. ``is_verified``: nothing of it is found any more."""

    conversations: int
    files: int
    questions: int
    votes: int
    private_answers: int
    is_done: bool
    is_verified: bool


class _OnlyLooked(Exception):
    """Rolls back what was only tried."""

    def __init__(self, found: Any) -> None:
        self.found = found


def wipe(settings: Settings, subject: Subject, *, is_dry_run: bool) -> Wiped:
    """Forget a subject, or only find out what that would take. Raises: SettingsError, StoreError."""
    path = kept_database(settings)
    is_running = is_in_use(path)
    with Database(path, MIGRATIONS) as database:
        work = partial(_take, subject=subject, is_dry_run=is_dry_run)
        try:
            counts, channels, job = database.write(work)
        except _OnlyLooked as looked:
            counts, _, _ = looked.found
            return Wiped(**counts, is_done=False, is_verified=False)
        if not is_running:
            is_verified = _sweep(settings, database, subject.team, channels)
            sql = "update jobs set state = 'done', payload = '{}' where key = ? and state = 'waiting'"
            database.write(lambda db: db.execute(sql, (job,)) and None)
        else:
            is_verified = _wait(database, job)
        return Wiped(**counts, is_done=True, is_verified=is_verified)


def _take(db: Tables, subject: Subject, is_dry_run: bool) -> tuple[dict[str, int], list[str], str]:
    """Counts, the conversations, and the key of the job that does the rest."""
    tables = {"questions": "turns", "votes": "feedback", "private_answers": "asides"}
    before = {name: _count(db, table) for name, table in tables.items()}
    taken = _forget(db, subject)
    if not taken and not subject.person:
        raise SettingsError("Nothing of this is known here; ids are those of Slack, such as U…, C… or F….")
    counts = {name: before[name] - _count(db, table) for name, table in tables.items()}
    counts |= {"conversations": len(taken), "files": sum(len(each.files) for each in taken)}
    receipts = {each.channel: receipt(db, each, "operator") for each in taken}
    job = f"erase/operator/{uuid.uuid4()}"
    payload = {
        **{"team": subject.team, "channels": [each.channel for each in taken], "replies": [], "taken_back": []},
        **{"given": [], "receipts": {channel: number for channel, number in receipts.items() if number is not None}},
    }
    add_job(db, "erase", job, f"erase/{subject.team}", "", payload)
    kind = "person" if subject.person else "channel" if subject.channel else "document"
    audit.note(db, Deed(subject.team, subject.channel, "", "forget", f"operator-{kind}", details=counts))
    if is_dry_run:
        raise _OnlyLooked((counts, [], ""))
    return counts, [each.channel for each in taken], job


def _forget(db: Tables, subject: Subject) -> list[Taken]:
    team = subject.team
    if subject.person:
        taken = [forget_person(db, team, channel, subject.person) for channel in traces(db, team, subject.person)]
        forget_who(db, team, subject.person)
        return taken
    if subject.channel:
        return [forget_conversation(db, team, subject.channel)] if _knows(db, team, subject.channel) else []
    return [forget_file(db, team, channel, file_id, None) for channel, file_id in _places(db, subject)]


def _knows(db: Tables, team: str, channel: str) -> bool:
    tables = ("shares", "turns", "threads", "feedback", "asides", "contexts")
    union = " union ".join(f"select 1 from {table} where team = ? and channel = ?" for table in tables)
    return bool(rows(db, union, (team, channel) * len(tables)))


def _places(db: Tables, subject: Subject) -> list[tuple[str, str]]:
    """(channel, file id) of a document, wherever the same bytes are shared."""
    sql = """select distinct channel, file_id from shares where team = ?1 and (file_id = ?2 or document_id in (
        select document_id from documents where sha256 in (
            select sha256 from documents where cast(document_id as text) = ?2)))"""
    return [(row["channel"], row["file_id"]) for row in rows(db, sql, (subject.team, subject.document))]


def _count(db: Tables, table: str) -> int:
    return int(rows(db, f"select count(*) as n from {table}", ())[0]["n"])


def _sweep(settings: Settings, database: Database, team: str, channels: list[str]) -> bool:
    """Where no bot runs: text, vectors and originals go here. Whether nothing of it is found any more."""
    store, folder = Store(database), settings.data_dir
    with opened_index(store, folder / INDEX) as (vectors, path):
        eraser = Eraser(store, vectors, Originals(folder / ORIGINALS), path, forget=no_model)
        records = Records(database)
        ledger = Ledger(folder / FILE, records)
        erasures = Erasures(AsyncWebClient(), records, store, eraser, Channels(records), ledger)  # asks Slack nothing
        return asyncio.run(_swept(erasures, team, channels)) and eraser.fold()


async def _swept(erasures: Erasures, team: str, channels: list[str]) -> bool:
    done = [await erasures.sweep(team, channel) for channel in channels]
    await erasures.sweep_everywhere()
    return all(each.is_verified for each in done)


def _wait(database: Database, job: str, sleep: Callable[[float], None] = time.sleep) -> bool:
    """Until the running bot has done a job, which it does only when nothing is found any more; False: not in time."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        found = database.read(lambda db: rows(db, "select state from jobs where key = ?", (job,)))
        if found and found[0]["state"] in {"done", "failed"}:
            return bool(found[0]["state"] == "done")
        sleep(LOOK_S)
    return False
