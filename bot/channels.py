"""What an administrator decided for a conversation: how far the bot goes there, and how long it remembers."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

from bot import audit
from bot.audit import Deed
from bot.records import Records, Tables, rows


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """The settings of one conversation; the defaults hold where nobody decided."""

    only_mentioned: bool = False  # no follow-ups without a mention
    is_library: bool = False  # every file that is posted there is read
    language: str = ""  # of our own sentences there: "" (each person's own) | "en" | "de"
    retention_days: int = 0  # what is older is forgotten; 0: kept until it is deleted in Slack
    is_connect_allowed: bool = False  # answer though another organisation is in it


class Channels:
    """The settings of all conversations."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def settings(self, team: str, channel: str) -> ChannelSettings:
        """Those of one conversation."""
        return await self._records.read(lambda db: settings_in(db, team, channel))

    async def all(self, team: str) -> dict[str, ChannelSettings]:
        """Channel id → settings, wherever somebody decided something."""
        sql = "select * from channels where team = ? order by channel"
        found = await self._records.read(lambda db: rows(db, sql, (team,)))
        return {row["channel"]: _settings(row) for row in found}

    async def save(self, team: str, channel: str, settings: ChannelSettings, by: str) -> None:
        """Keep what ``by`` decided."""
        row = {"team": team, "channel": channel, **asdict(settings), "changed_by": by, "changed_at": time.time()}

        def work(db: Tables) -> None:
            before, after = asdict(settings_in(db, team, channel)), asdict(settings)
            db.table("channels").upsert(row, pk=("team", "channel"))
            changed = {name: value for name, value in after.items() if value != before[name]}
            audit.note(db, Deed(team, channel, by, "settings", "changed", details=changed))

        await self._records.write(work)


def settings_in(db: Tables, team: str, channel: str) -> ChannelSettings:
    """The settings of a conversation. Part of the caller's transaction."""
    found = rows(db, "select * from channels where team = ? and channel = ?", (team, channel))
    return _settings(found[0]) if found else ChannelSettings()


def _settings(row: dict[str, Any]) -> ChannelSettings:
    return ChannelSettings(
        bool(row["only_mentioned"]),
        bool(row["is_library"]),
        row["language"] or "",
        row["retention_days"] or 0,
        bool(row["is_connect_allowed"]),
    )
