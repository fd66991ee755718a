"""Which of several files of one name is searched: a later one takes the earlier one's place.

The rule: same conversation, same name whatever its capitals, same kind, other bytes, posted in a later
message by the same person or in the same thread. It is worked out anew from what is there, so that an
earlier version counts again once the later one is gone. Knows shares only, not what the files say.
"""

from __future__ import annotations

from bot.records import Records, Share, Tables, rows

KEPT = ""  # `Share.replaced_by` where people chose to search both


def settle(db: Tables, team: str, channel: str) -> None:
    """Bring the versions of a conversation into line with what is shared there. Part of the caller's transaction."""
    found = rows(db, "select * from shares where team = ? and channel = ?", (team, channel))
    versions: dict[str, list[dict[str, object]]] = {}
    for share in found:
        if share["state"] in {"read", "replaced"}:
            versions.setdefault(str(share["name"]).lower(), []).append(share)
    for same_name in versions.values():
        for share in same_name:
            _settle_one(db, share, same_name)


def keep_both(db: Tables, team: str, channel: str, file_id: str) -> int:
    """Search what ``file_id`` replaced beside it from now on; how many that were."""
    sql = (
        "update shares set state = 'read', replaced_by = ? where team = ? and channel = ? and replaced_by = ?"
        " and state = 'replaced'"
    )
    return db.execute(sql, (KEPT, team, channel, file_id)).rowcount


async def replaced_by(records: Records, share: Share) -> Share | None:
    """The newest version that ``share`` took the place of."""
    shares = await records.shares(share.team, share.channel)
    earlier = [s for s in shares if s.state == "replaced" and s.replaced_by == share.file_id]
    return max(earlier, key=lambda earlier_one: float(earlier_one.message_ts), default=None)


def _settle_one(db: Tables, share: dict[str, object], same_name: list[dict[str, object]]) -> None:
    newer = [other for other in same_name if _replaces(other, share)]
    newest = max(newer, key=lambda other: float(str(other["message_ts"])), default=None)
    by = newest["file_id"] if newest else None
    if share["replaced_by"] == KEPT and by is not None:
        by = KEPT
    state = "replaced" if by else "read"
    if (share["state"], share["replaced_by"]) != (state, by):
        db.execute(
            "update shares set state = ?, replaced_by = ?"
            " where team = ? and channel = ? and file_id = ? and message_ts = ?",
            (state, by, share["team"], share["channel"], share["file_id"], share["message_ts"]),
        )


def _replaces(newer: dict[str, object], older: dict[str, object]) -> bool:
    is_later = float(str(newer["message_ts"])) > float(str(older["message_ts"]))
    differs = newer["file_id"] != older["file_id"] and newer["document_id"] != older["document_id"]
    is_kin = newer["user"] == older["user"] or newer["thread_ts"] == older["thread_ts"]
    is_one_kind = newer["kind"] == older["kind"] or not (newer["kind"] and older["kind"])
    return is_later and differs and is_kin and is_one_kind
