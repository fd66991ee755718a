"""What listeners may reach: one value, so that each of them stays a few lines."""

from __future__ import annotations

from dataclasses import dataclass

from bot.commands import Commands
from bot.inbox import Inbox
from bot.jobs import Jobs


@dataclass(frozen=True, slots=True)
class Desk:
    """Where listeners put what came in."""

    inbox: Inbox
    jobs: Jobs
    commands: Commands
