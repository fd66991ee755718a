"""What listeners may reach: one value, so that each of them stays a few lines."""

from __future__ import annotations

from dataclasses import dataclass

from bot.access import Access
from bot.commands import Commands
from bot.feedback import Feedback
from bot.home import Home
from bot.inbox import Inbox
from bot.jobs import Jobs
from bot.people import People
from bot.revisions import Revisions
from bot.uploads import Uploads


@dataclass(frozen=True, slots=True)
class Desk:
    """Where listeners put what came in."""

    inbox: Inbox
    jobs: Jobs
    access: Access
    people: People
    commands: Commands
    revisions: Revisions
    feedback: Feedback
    uploads: Uploads
    home: Home
