"""A reply that asks before each of its parts whether its asker may still be answered here.

Between a question and the last word of its answer lie files to be read and a model's minutes: somebody may have
left, or another organisation come in. What was found out serves for a minute, so a check seldom costs a call.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot import blocks
from bot.scope import Allowed, Denied
from bot.writing import Surface

Look = Callable[[], Awaitable[Allowed | Denied]]


class Withheld(Exception):
    """Its asker may not be answered here any more, though an answer was begun."""

    def __init__(self, denied: Denied) -> None:
        super().__init__(denied.reason)
        self.denied = denied


@dataclass(frozen=True, slots=True)
class Guarded:
    """A surface on which nothing appears after a denial. Raises: Withheld."""

    surface: Surface
    look: Look

    async def status(self, text: str) -> None:
        """Say what is being done."""
        await self.surface.status(text)

    async def show(self, mrkdwn: str, markdown: str) -> None:
        """Append a part."""
        await self._check()
        await self.surface.show(mrkdwn, markdown)

    async def finish(self, tail: list[blocks.Block]) -> None:
        """Show the rest, and ``tail`` below it."""
        await self._check()
        await self.surface.finish(tail)

    async def withdraw(self, text: str) -> None:
        """Show ``text`` in place of everything."""
        await self.surface.withdraw(text)

    async def _check(self) -> None:
        verdict = await self.look()
        if isinstance(verdict, Denied):
            raise Withheld(verdict)
