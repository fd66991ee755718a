"""How Slack delivers events: again where nobody acknowledged, our own ones marked as ours, deletions told."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

from bot.cli.live.line import NEVER, Heard
from bot.cli.live.stage import Stage
from bot.cli.live.verdicts import Check, Unseen, Verdict, judged
from bot.events import Ignore, edited_message, incoming_message, removal

STATUS = "is checking what Slack does …"


def marker() -> str:
    """A word that stands in one message only."""
    return f"check-{uuid.uuid4().hex[:12]}"


async def redelivery(stage: Stage) -> AsyncIterator[Verdict]:
    """An event that nobody acknowledges."""
    sign, pace = marker(), stage.pace
    stage.line.acknowledge_after(sign, NEVER)
    ts = await stage.post(f"This message is left unacknowledged: {sign}")
    first = await stage.line.wait(lambda heard: heard.is_message(ts), stage.pace.event_s)
    if first is None:
        yield Unseen("redelivery", "The event of our own message never came, so it could not be left unacknowledged.")
        yield Unseen("redelivery-schedule", "The event of our own message never came.")
        return
    await asyncio.sleep(pace.retry_s)
    stage.line.acknowledge_after(sign, 0.0)  # its deletion names it once more
    again = [heard for heard in stage.line.heard if heard.is_message(ts)][1:]
    same = bool(again) and all(heard.event_id == first.event_id for heard in again)
    seen = "It came again under its event_id" if same else "It came again under another event_id"
    never = f"An event that was not acknowledged did not come again within {pace.retry_s:g} s."
    yield judged("redelivery", same, f"{seen}, {len(again)} times.", f"{seen}." if again else never)
    in_time = bool(again) and again[0].at - first.at <= pace.first_retry_s
    yield judged("redelivery-schedule", in_time, _schedule(first, again) if again else never)


def _schedule(first: Heard, again: Sequence[Heard]) -> str:
    """``+4.0 s (attempt 1, timeout), +19.1 s (attempt 0)``."""
    times = [
        f"+{heard.at - first.at:.1f} s (attempt {heard.attempt}{f', {heard.reason}' if heard.reason else ''})"
        for heard in again
    ]
    return f"Unacknowledged, it came again after {', '.join(times)}."


async def lateness(stage: Stage) -> AsyncIterator[Verdict]:
    """An event that is acknowledged late, but in time."""
    sign, pace = marker(), stage.pace
    stage.line.acknowledge_after(sign, pace.ack_s)
    ts = await stage.post(f"This message is acknowledged late: {sign}")
    if await stage.line.wait(lambda heard: heard.is_message(ts), stage.pace.event_s) is None:
        yield Unseen("ack-late", "The event of our own message never came.")
        return
    await asyncio.sleep(pace.ack_s + pace.first_retry_s)
    count = sum(heard.is_message(ts) for heard in stage.line.heard)
    text = f"Acknowledged after {pace.ack_s:g} s, an event did not come again."
    yield judged("ack-late", count == 1, text, f"Acknowledged after {pace.ack_s:g} s, it came {count} times.")


async def own_events(stage: Stage) -> AsyncIterator[Verdict]:
    """Whatever we post, stream or change comes back as an event; none of it may pass for a person's message."""
    posted = await stage.post("A post")
    streamed = await stage.stream(markdown_text="A stream")
    await stage.stop(streamed)
    await stage.update(posted, "A changed post")
    await asyncio.sleep(stage.pace.settle_s)
    ours = [heard for heard in stage.line.heard if heard.event.get("type") == "message"]
    ours = [heard for heard in ours if _author(heard) == stage.place.identity.user_id]
    taken = [heard for heard in ours if _passes_for_a_persons(heard.event)]
    if not ours:
        yield Unseen("own-events", "No event came of what the bot posted itself.")
    else:
        text = f"{len(ours)} events of our own messages came, and each is known for one."
        yield judged("own-events", not taken, text, f"{len(taken)} events of our own messages look like a person's.")
    code = await stage.status(STATUS)
    yield judged("status-channel", not code, f"setStatus in a channel's thread: {code or 'accepted'}.")
    await stage.status("")


def _passes_for_a_persons(event: dict[str, Any]) -> bool:
    return edited_message("", event) is not None or not isinstance(incoming_message("", event), Ignore)


def _author(heard: Heard) -> str:
    message = heard.event.get("message") or heard.event
    return str(message.get("user") or "")


async def removals(stage: Stage) -> AsyncIterator[Verdict]:
    """A message deleted, and the root of a thread deleted while a reply stays."""
    lone = await stage.post("Deleted at once")
    await stage.remove(lone)
    root = await stage.post("The root of a thread, deleted before its reply", thread_ts=None)
    await stage.post("A reply that stays a moment longer", thread_ts=root)
    await stage.remove(root)
    for assumption, ts, what in (("delete-event", lone, "a message"), ("tombstone", root, "a thread's root")):
        told = await stage.line.wait(partial(_takes_away, ts), stage.pace.event_s)
        text = f"The deletion of {what} was told as {told.event.get('subtype')}." if told else ""
        yield judged(
            assumption, told is not None, text, f"The deletion of {what} was not told within {stage.pace.event_s:g} s."
        )


def _takes_away(ts: str, heard: Heard) -> bool:
    gone = removal("", heard.event)
    return gone is not None and gone.message_ts == ts


CHECKS = (
    Check(("redelivery", "redelivery-schedule"), redelivery),
    Check(("ack-late",), lateness),
    Check(("own-events", "status-channel"), own_events),
    Check(("delete-event", "tombstone"), removals),
)
