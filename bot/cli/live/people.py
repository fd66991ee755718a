"""What only a person can do or see: stop a stream, give a command in a thread, answer a form, look at a phone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from bot import blocks
from bot.cli.live.line import OUR_VIEW, Heard
from bot.cli.live.person import answer, offer_answers, request, said_under
from bot.cli.live.quiet import hostile
from bot.cli.live.stage import Stage
from bot.cli.live.verdicts import Check, Held, Skipped, Verdict, judged

OPEN_FORM = "inhouse_doctor_form"
STATUS = "is checking whether you see this …"
KEEP_STATUS_S = 60.0  # Slack takes a status away after two minutes
NOBODY = "Nobody did it."


async def stopped(stage: Stage) -> AsyncIterator[Verdict]:
    """A person presses Stop under a stream."""
    ts = await stage.stream(markdown_text="This answer is being written until you stop it. ")
    await request(stage, "press Stop below the message 'This answer is being written' in this thread.")
    told = await stage.line.wait(_is_stop, stage.pace.person_s)
    if told is None:
        yield Skipped("stop-event", f"{NOBODY} (Or no stop control is shown in channels, or no event was sent.)")
        yield Skipped("stop-refuses", NOBODY)
        await stage.stop(ts)
        return
    named = told.event.get("streaming_message_ts") or []
    complete = ts in named and bool(told.event.get("thread_ts")) and bool(told.event.get("user"))
    text = "agent_session_stopped came and named the thread, the stream and the person."
    yield judged("stop-event", complete, text, f"agent_session_stopped came with {sorted(told.event)} and {named}.")
    refused = await stage.append(ts, "One piece more. ")
    closed = await stage.stop(ts)
    text = f"After Stop an append was refused ({refused}), and chat.stopStream {closed or 'was accepted'}."
    yield judged("stop-refuses", bool(refused), text, "After Stop the stream still took an append.")


def _is_stop(heard: Heard) -> bool:
    return heard.event.get("type") == "agent_session_stopped"


async def commanded(stage: Stage) -> AsyncIterator[Verdict]:
    """A person gives a slash command in a thread; that nothing comes must be said by the person."""
    ts = await request(
        stage,
        "send the command /inhouse help in this thread (not in the channel). "
        "Thumbs up here if Slack refused it, thumbs down if it was sent without a word from the bot.",
    )
    await offer_answers(stage, ts)
    until = time.monotonic() + stage.pace.person_s
    told, said = None, None
    while told is None and said is None and time.monotonic() < until:
        told = await stage.line.wait(_is_command, stage.pace.poll_s)
        said = await said_under(stage, ts)
    if told is not None:
        where = f"with thread_ts {told.payload['thread_ts']}" if told.payload.get("thread_ts") else "without thread_ts"
        yield judged("slash-thread", False, f"If it was given in the thread, Slack delivered it {where}.")
    elif said is None:
        yield Skipped("slash-thread", NOBODY)
    else:
        yield judged("slash-thread", said, "Slack refuses commands in threads.", "The command vanished in a thread.")


def _is_command(heard: Heard) -> bool:
    return heard.type == "slash_commands"


async def answered(stage: Stage) -> AsyncIterator[Verdict]:
    """A person opens a form from a button and sends it."""
    button = blocks.actions(blocks.button("Open the form", OPEN_FORM))
    await request(stage, "press the button and send the form that opens.", below=[button])
    pressed = await stage.line.wait(_is_press, stage.pace.person_s)
    if pressed is None:
        yield Skipped("form-answer", NOBODY)
        return
    await stage.client.views_open(trigger_id=pressed.payload["trigger_id"], view=_form())
    sent = await stage.line.wait(_is_submission, stage.pace.person_s)
    if sent is None:
        yield Skipped("form-answer", "The form was opened and not sent.")
        return
    text = f"The form came with accepts_response_payload {sent.accepts_response}."
    yield judged("form-answer", sent.accepts_response, text)


def _is_press(heard: Heard) -> bool:
    actions = heard.payload.get("actions") or [{}]
    return heard.type == "interactive" and actions[0].get("action_id") == OPEN_FORM


def _is_submission(heard: Heard) -> bool:
    return heard.payload.get("type") == "view_submission"


def _form() -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": OUR_VIEW,
        "title": {"type": "plain_text", "text": "Check"},
        "submit": {"type": "plain_text", "text": "Send"},
        "blocks": [blocks.section("Please press Send.")],
    }


async def looked_at(stage: Stage) -> AsyncIterator[Verdict]:
    """A person looks: at the status line, at a text that must call nobody, at an answer on a phone."""
    keeping = asyncio.create_task(_keep_status(stage))
    try:
        status, quiet, phone = await asyncio.gather(_see_status(stage), _see_quiet(stage), _see_phone(stage))
    finally:
        keeping.cancel()
    await stage.status("")
    yield _said("seen-status", status, "The status line is seen under the thread.", "No status line is seen.")
    yield _said("seen-quiet", quiet, "Escaped text calls nobody.", "Escaped text was seen to call or to link.")
    yield _said(
        "seen-phone", phone, "A streamed answer is whole on a phone.", "A streamed answer is broken on a phone."
    )


def _said(assumption: str, said: bool | None, held: str, differs: str) -> Verdict:
    if said is None:
        return Skipped(assumption, "Nobody said what they saw.")
    return Held(assumption, held) if said else judged(assumption, False, differs)


async def _keep_status(stage: Stage) -> None:
    """Each message of the bot's takes the status away, and so does Slack after two minutes."""
    while True:
        await stage.status(STATUS)
        await asyncio.sleep(min(KEEP_STATUS_S, stage.pace.poll_s))


async def _see_status(stage: Stage) -> bool | None:
    return await _ask(stage, f"thumbs up if you see the line '{STATUS}' under this thread; thumbs down if not.")


async def _see_quiet(stage: Stage) -> bool | None:
    text = blocks.escape(hostile(stage.place.identity.user_id))
    await stage.post(text, blocks=[blocks.section(text)])
    stream = await stage.stream(markdown_text=blocks.markdown(hostile(stage.place.identity.user_id)))
    await stage.stop(stream)
    return await _ask(
        stage,
        "look at the two messages of this thread that begin with the word 'here' behind an at sign. Thumbs up if "
        "nothing in them is coloured, linked, or notified you; thumbs down otherwise.",
    )


async def _see_phone(stage: Stage) -> bool | None:
    stream = await stage.stream(markdown_text="An answer with **bold words**, a list and a source.\n\n- one\n- two\n")
    tail = [blocks.section("[1] *check.txt*, page 1"), blocks.actions(blocks.button("A button", "inhouse_doctor_seen"))]
    await stage.stop(stream, tail)
    return await _ask(
        stage,
        "look at the message 'An answer with bold words' on a phone. Thumbs up if text, list, source and button are "
        "all there; thumbs down otherwise.",
    )


async def _ask(stage: Stage, text: str) -> bool | None:
    ts = await request(stage, text)
    await offer_answers(stage, ts)
    return await answer(stage, ts)


CHECKS = (
    Check(("stop-event", "stop-refuses"), stopped, needs_person=True),
    Check(("slash-thread",), commanded, needs_person=True),
    Check(("form-answer",), answered, needs_person=True),
    Check(("seen-status", "seen-quiet", "seen-phone"), looked_at, needs_person=True),
)
