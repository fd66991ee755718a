"""All that is known of a person or a conversation, as values that JSON can hold."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from bot import audit
from bot.records import Tables, rows

# Tables with rows of people, and what of each is exported. Lists are kept as JSON in some columns.
_COLUMNS = {
    "questions": ("turns", "channel thread_ts message_ts user question answer outcome files created_at answered_at"),
    "votes": ("feedback", "channel message_ts user verdict reason comment question answer files created_at"),
    "files": ("shares", "channel thread_ts message_ts user file_id name kind state note document_id shared_at"),
    "private_answers": ("asides", "channel thread_ts user question parts outcome files created_at"),
    "looks_at": ("contexts", "channel user at"),
    "settings_made": ("channels", "channel changed_by changed_at"),
}
_LISTS = {"files", "parts"}
_TIMES = {"created_at", "answered_at", "shared_at", "at", "changed_at"}


def exported(db: Tables, team: str, *, person: str = "", channel: str = "") -> dict[str, Any]:
    """Everything of a person, or of a conversation, oldest first."""
    found: dict[str, Any] = {"team": team, "person": person, "channel": channel}
    for name, (table, columns) in _COLUMNS.items():
        who = "changed_by" if table == "channels" else "user"
        where, value = (who, person) if person else ("channel", channel)
        sql = f"select {columns.replace(' ', ', ')} from {table} where team = ? and {where} = ? order by rowid"
        if table in {"contexts", "channels", "feedback", "shares"}:
            sql = sql.replace("order by rowid", "order by 1")
        found[name] = [_readable(row) for row in rows(db, sql, (team, value))]
    who_asked = (team, person) if person else None
    found["audit"] = audit.shown(db, person=who_asked, channel=channel, limit=1_000_000)
    return found


def originals_of(db: Tables, found: dict[str, Any]) -> dict[str, str]:
    """File id → sha256 of the bytes that were shared, as far as they are kept."""
    ids = {each["file_id"]: each["document_id"] for each in found["files"] if each["document_id"] is not None}
    sql = "select document_id, sha256 from documents where document_id in (select value from json_each(?))"
    sha256 = {row["document_id"]: row["sha256"] for row in rows(db, sql, (json.dumps(list(ids.values())),))}
    return {file_id: sha256[document] for file_id, document in ids.items() if document in sha256}


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(name, value) for name, value in row.items()}


def _value(name: str, value: Any) -> Any:
    if name in _LISTS and isinstance(value, str):
        return json.loads(value or "[]")
    if name in _TIMES and value is not None:
        return datetime.fromtimestamp(float(value), UTC).isoformat(timespec="seconds")
    return value
