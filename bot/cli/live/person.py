"""Asks a person in the channel to do what only a person can, and takes their word by a reaction."""

from __future__ import annotations

import asyncio
import time

from slack_sdk.errors import SlackApiError

from bot import blocks
from bot.cli.live.stage import Stage, refusal

YES, NO = "+1", "-1"


async def request(stage: Stage, text: str, *, below: list[blocks.Block] | None = None) -> str:
    """Ask for something, on the terminal and in the thread; the ts of the request. ``text`` is plain.

    Raises: SlackApiError.
    """
    minutes = stage.pace.person_s / 60
    stage.tell(f"Please, within {minutes:g} minutes, in #{stage.place.name}: {text}")
    words = f"*Please, within {minutes:g} minutes:* {blocks.escape(text)}"
    return await stage.post(f"Please: {text}", blocks=[blocks.section(words), *(below or [])])


async def offer_answers(stage: Stage, ts: str) -> None:
    """Put both thumbs under a message, so that one click answers."""
    for name in (YES, NO):
        await refusal(stage.client.reactions_add(channel=stage.place.channel, timestamp=ts, name=name))


async def answer(stage: Stage, ts: str) -> bool | None:
    """What a person says to a request: thumbs up or down; None where nobody answers in time."""
    until = time.monotonic() + stage.pace.person_s
    while time.monotonic() < until:
        said = await said_under(stage, ts)
        if said is not None:
            return said
        await asyncio.sleep(stage.pace.poll_s)
    return None


async def said_under(stage: Stage, ts: str) -> bool | None:
    """The thumb that somebody but the bot put under a message by now; None also where Slack did not answer."""
    try:
        reactions = (await stage.read(ts)).get("reactions") or ()
    except SlackApiError:
        return None
    for reaction in reactions:
        name = str(reaction.get("name")).partition("::")[0]
        if name in {YES, NO} and set(reaction.get("users") or ()) - {stage.place.identity.user_id}:
            return name == YES
    return None
