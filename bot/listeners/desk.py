"""What listeners may reach: one value, so that each of them stays a few lines."""

from __future__ import annotations

from dataclasses import dataclass

from bot.access import Access
from bot.commands import Commands
from bot.feedback import Feedback
from bot.home import Home
from bot.inbox import Inbox
from bot.jobs import Jobs
from bot.listeners.prompt import soon
from bot.people import People
from bot.revisions import Revisions
from bot.texts import Texts, texts_for
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

    async def texts(self, team: str, channel: str, user: str) -> Texts:
        """The language to acknowledge in: English where Slack does not say soon enough who somebody is."""
        return await soon(self.people.texts(team, channel, user), texts_for("en"))
