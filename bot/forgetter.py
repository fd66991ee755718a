"""What somebody has us forget with a button under a command's answer.

A press is stored before it is acknowledged and done as a job, like whatever must not be lost when the process ends
a moment later.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from bot import blocks
from bot.asides import Asides
from bot.commands import Asker, Commands
from bot.events import IncomingMessage
from bot.jobs import Running, TryAgain
from bot.people import People
from rag.errors import InhouseError

HERE, EVERYWHERE = "here", "everywhere"  # else the id of a file


@dataclass(slots=True)
class Forgetter:
    """Does the jobs of kind "wish"."""

    commands: Commands
    people: People
    asides: Asides

    async def run(self, running: Running) -> None:
        """Forget what was asked for, and say so where the button was. Raises: TryAgain."""
        wish = running.job.payload
        message = IncomingMessage(**wish["message"])
        asker = Asker(message.team, message.channel, message.user)
        try:
            told = await self._forget(asker, wish["what"], wish["start"])
        except InhouseError as error:
            texts = await self.people.texts(asker.team, asker.channel, asker.user)
            await self.asides.replace(wish["response_url"], [blocks.section(texts.error(error))])
            raise TryAgain(type(error).__name__) from error
        await self.asides.replace(wish["response_url"], told)

    async def _forget(self, asker: Asker, what: str, start: int) -> list[blocks.Block]:
        if what == EVERYWHERE:
            return [blocks.section(await self.commands.forget_me(asker))]
        if what == HERE:
            return [blocks.section(await self.commands.forget(asker))]
        said = await self.commands.forget_file(asker, what)
        return [blocks.section(said), *await self.commands.files(asker, start)]


def wish(message: IncomingMessage, what: str, response_url: str, start: int = 0) -> dict[str, Any]:
    """The payload. ``what``: `HERE`, `EVERYWHERE` or a file's id; ``start``: where the list of files shown began."""
    return {"message": asdict(message), "what": what, "response_url": response_url, "start": start}
