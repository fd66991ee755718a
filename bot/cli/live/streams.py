"""Slack's native streams: when they end, what they refuse, and what may be done with them afterwards."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from slack_sdk.errors import SlackApiError

from bot import blocks, delivery
from bot.cli.live.stage import Stage, refusal
from bot.cli.live.verdicts import Check, Differs, Held, Skipped, Verdict, judged

PIECE = "This line belongs to a check of Inhouse and is deleted in a few minutes. "
FENCES = 10  # in one message at most
LATER = "Written anew after the stream."
LIMITED = {"ratelimited", "rate_limited"}


@dataclass(frozen=True, slots=True)
class Life:
    """How a stream fared. Seconds since its beginning; ``refused_s`` None where it took everything."""

    ts: str
    alive_s: float
    refused_s: float | None
    code: str = ""

    @property
    def is_over(self) -> bool:
        return self.refused_s is not None


async def expiry(stage: Stage) -> AsyncIterator[Verdict]:
    """Three streams: one appended to all the time, one left silent as long as we may be, one left silent for ever."""
    pace = stage.pace
    often = [pace.append_every_s * n for n in range(1, int(pace.beyond_s / pace.append_every_s) + 1)]
    steady, silent, idle = await asyncio.gather(
        _live(stage, sorted({*often, pace.lasts_s, pace.beyond_s})),
        _live(stage, [pace.lasts_s]),
        _live(stage, [pace.beyond_s]),
    )
    yield judged(
        "stream-lasts",
        steady.alive_s >= pace.lasts_s,
        f"A stream that was appended to every {pace.append_every_s:g} s was open after {steady.alive_s:.0f} s.",
        f"A stream was open after {steady.alive_s:.0f} s and was refused after {steady.refused_s or 0:.0f} s "
        f"({steady.code}).",
    )
    yield judged(
        "stream-silence",
        not silent.is_over,
        f"A stream took an append after {pace.lasts_s:.0f} s of silence.",
        f"After {pace.lasts_s:.0f} s of silence a stream refused an append ({silent.code}).",
    )
    is_early = steady.refused_s is not None and steady.alive_s < pace.stream_s * 0.8
    yield judged("stream-expiry", steady.is_over and idle.is_over and not is_early, _manner(steady, idle))
    yield await _completed(stage, [life for life in (steady, idle, silent) if life.is_over])


async def _live(stage: Stage, append_at_s: list[float]) -> Life:
    """Begin a stream and append at the times given, until it refuses."""
    ts = await stage.stream(markdown_text=PIECE)
    started = time.monotonic()
    life = Life(ts, 0.0, None)
    for due_s in append_at_s:
        await asyncio.sleep(max(0.0, started + due_s - time.monotonic()))
        now_s = time.monotonic() - started
        code = await stage.append(ts, PIECE)
        if code and code not in LIMITED:
            return Life(ts, life.alive_s, now_s, code)
        life = Life(ts, now_s, None)
    return life


def _manner(steady: Life, idle: Life) -> str:
    span = f"between {steady.alive_s:.0f} and {steady.refused_s or 0:.0f} s"
    if steady.is_over and idle.is_over:
        return f"Streams end by their age: one that was appended to all the time ended {span} ({steady.code})."
    if idle.is_over:
        return (
            f"Streams end by silence: one was open after {steady.alive_s:.0f} s of appends, a silent one was not "
            f"({idle.code})."
        )
    if steady.is_over:
        return f"A stream that was appended to ended {span} ({steady.code}), but a silent one did not."
    return f"No stream had ended after {steady.alive_s:.0f} s."


async def _completed(stage: Stage, ended: list[Life]) -> Verdict:
    if not ended:
        return Skipped("stream-completed", "No stream ended by itself, so none could be completed.")
    codes = [await stage.update(life.ts, LATER, blocks=[blocks.section(LATER)]) for life in ended]
    refused = next(filter(None, codes), "")
    held = f"chat.update completed all {len(ended)} streams that Slack had ended."
    return judged("stream-completed", not refused, held, f"chat.update on a stream that Slack ended: {refused}.")


async def manners(stage: Stage) -> AsyncIterator[Verdict]:
    """One stream from its beginning to its end, and what it refuses in between."""
    identity = stage.place.identity
    refused = await refusal(stage.stream(recipient_user_id=None, recipient_team_id=None))
    text = f"Without a recipient chat.startStream was refused ({refused})."
    is_wanted = refused.startswith("missing_recipient")
    yield judged("stream-recipient", is_wanted, text, f"Without a recipient: {refused or 'accepted'}.")
    try:
        ts = await stage.stream(markdown_text=PIECE)
    except SlackApiError as error:
        yield Differs("stream-start", f"chat.startStream was refused: {error.response.get('error')}.")
        raise
    yield Held("stream-start", "chat.startStream works in a thread of this channel.")
    shown = await stage.read(ts)
    ours = shown.get("user") == identity.user_id
    text = "An open stream is found in its thread, with the bot as its author."
    yield judged("stream-found", ours, text, f"An open stream is read back with the author {shown.get('user')}.")
    refused = await stage.update(ts, LATER)
    text = f"chat.update on an open stream: {refused or 'accepted'}."
    yield judged("stream-open-update", refused == "streaming_state_conflict", text)
    refused = await stage.stop(ts, _tail(stage.place.permalink(ts)), PIECE)
    text = f"chat.stopStream with text, sources and buttons: {refused or 'accepted'}."
    yield judged("stream-tail", not refused, text)
    yield await _rewritten(stage, ts)


def _tail(permalink: str) -> list[dict[str, Any]]:
    """What stands below an answer: sources, feedback, buttons, a menu, small print."""
    word = {"type": "plain_text", "text": "Good"}
    thumbs = {
        "type": "feedback_buttons",
        "action_id": "inhouse_doctor_feedback",
        "positive_button": {"text": word, "value": "up"},
        "negative_button": {"text": {"type": "plain_text", "text": "Bad"}, "value": "down"},
    }
    menu = {
        "type": "overflow",
        "action_id": "inhouse_doctor_menu",
        "options": [{"text": word, "value": "one"}, {"text": {"type": "plain_text", "text": "Other"}, "value": "two"}],
    }
    return [
        {"type": "divider"},
        blocks.section(f"[1] {blocks.linked('check.txt', permalink)}, page 1\n>quote"),
        {"type": "context_actions", "elements": [thumbs]},
        blocks.actions(blocks.button("Nothing", "inhouse_doctor_nothing"), menu),
        blocks.context("Small print."),
    ]


async def _rewritten(stage: Stage, ts: str) -> Verdict:
    refused = await stage.update(ts, LATER, blocks=[blocks.section(LATER)])
    is_shown = LATER in str((await stage.read(ts)).get("blocks"))
    text = f"chat.update on a finished stream: {refused or ('accepted' if is_shown else 'accepted, but not shown')}."
    return judged("stream-update", not refused and is_shown, text)


async def growth(stage: Stage) -> AsyncIterator[Verdict]:
    """Appends once a second, up to the length at which a reply goes on in another message."""
    ts = await stage.stream()
    piece = (PIECE * 20)[:999] + "\n"
    count = delivery.TEXT.size // len(piece)
    codes: list[str] = []
    every_s = stage.pace.between_appends_s
    for _ in range(count):
        await asyncio.sleep(every_s)
        codes.append(await stage.append(ts, piece))
    limited = sum(code in LIMITED for code in codes)
    rate = f"{len(codes)} appends, one every {every_s:g} s"
    yield judged("append-rate", not limited, f"{rate}: none was put off.", f"{rate}: {limited} were rate limited.")
    refused = next((code for code in codes if code and code not in LIMITED), "")
    below = delivery.MESSAGE_CHARS - delivery.TEXT.size
    refused = await stage.stop(ts, [blocks.section(PIECE * (below // len(PIECE)))]) or refused
    text = f"{delivery.TEXT.size} characters in one stream and {below} below it: {refused or 'accepted'}."
    yield judged("stream-length", not refused, text)


async def fences(stage: Stage) -> AsyncIterator[Verdict]:
    """As much code as one message of ours may hold; Slack makes several blocks of each fence."""
    ts = await stage.stream()
    refused = await stage.append(ts, "Text.\n```\ncode\n```\n" * FENCES)
    refused = await stage.stop(ts, _tail(stage.place.permalink(ts))) or refused
    text = f"A stream with {FENCES} code fences, and sources and buttons below: {refused or 'accepted'}."
    yield judged("stream-fences", not refused, text)


CHECKS = (
    Check(("stream-lasts", "stream-silence", "stream-expiry", "stream-completed"), expiry),
    Check(
        (
            "stream-recipient",
            "stream-start",
            "stream-found",
            "stream-open-update",
            "stream-tail",
            "stream-update",
        ),
        manners,
    ),
    Check(("append-rate", "stream-length"), growth),
    Check(("stream-fences",), fences),
)
