"""No conversation's secret is heard in another; 10,000 attempts in fifty of them: `canaries`' own command."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.records import Records, Share
from tests.scenarios.canaries import hunt


async def test_no_canary_is_heard_outside_its_conversation(tmp_path: Path) -> None:
    found = await hunt(tmp_path / "data", 6, 24)
    assert not found.leaks, found.leaks[:5]
    assert min(found.counts[name] for name in ("heard", "prompts", "rows")) > 10, found.counts


@pytest.mark.slow
async def test_no_canary_is_heard_outside_its_conversation_in_more_attempts(tmp_path: Path) -> None:
    found = await hunt(tmp_path / "data", 16, 120)
    assert not found.leaks, found.leaks[:5]


@pytest.mark.slow
async def test_a_canary_outside_its_conversation_would_be_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every file of the team known in every conversation, and searched in the scope where it lies."""
    real = Records.shares

    async def of_all(self: Records, team: str, _channel: str) -> tuple[Share, ...]:
        found = await self.read(lambda db: [row["channel"] for row in db.query("select distinct channel from shares")])
        return tuple([share for channel in found for share in await real(self, team, channel)])

    monkeypatch.setattr(Records, "shares", of_all)
    assert (await hunt(tmp_path / "data", 4, 24)).leaks
