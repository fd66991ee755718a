"""The table: what we assume about Slack, who says so, where our code rests on it, and what to change if it is not so.

One row for each verdict of a check. docs/live.md shows the same rows; a test holds them together.
"""

from __future__ import annotations

from bot.cli.live.incoming import INCOMING
from bot.cli.live.outgoing import OUTGOING

ASSUMPTIONS = {row.id: row for row in (*OUTGOING, *INCOMING)}
