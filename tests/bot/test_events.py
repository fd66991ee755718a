"""Slack's dictionaries become typed events, and each message is answered or left alone for a reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.events import (
    Ignore,
    IncomingMessage,
    Removal,
    Respond,
    ThreadFacts,
    classify,
    incoming_message,
    looks_like_question,
    mentions,
    plain,
    removal,
    without_mention,
)

BOT = "UBOT"
ASKED = ThreadFacts(author_asked_here=True)
ASKED_LAST = ThreadFacts(author_asked_here=True, last_is_ours=True)


def event(text: str = "hello", **more: Any) -> dict[str, Any]:
    return {"type": "message", "user": "U1", "text": text, "ts": "10.5", "channel": "C1", **more}


def message(text: str = "hello", **more: Any) -> IncomingMessage:
    made = incoming_message("T1", event(text, **more))
    assert isinstance(made, IncomingMessage)
    return made


# --- what arrived --------------------------------------------------------------------------------


def test_a_message_keeps_what_is_needed() -> None:
    made = message(thread_ts="9.5", channel_type="channel", files=[{"id": "F1"}, {"name": "no id"}])
    assert (made.team, made.channel, made.user, made.ts) == ("T1", "C1", "U1", "10.5")
    assert (made.thread_ts, made.root_ts, made.file_ids) == ("9.5", "9.5", ("F1",))


def test_the_first_message_of_a_thread_is_its_root() -> None:
    assert message(thread_ts="10.5").thread_ts is None
    assert message(thread_ts="10.5").root_ts == "10.5"
    assert message().root_ts == "10.5"


@pytest.mark.parametrize("missing", [{"text": None}, {"files": None}, {"channel_type": ""}])
def test_fields_that_slack_leaves_out_are_empty(missing: dict[str, Any]) -> None:
    made = message(**missing)
    assert made.text in {"hello", ""}
    assert made.file_ids == ()


@pytest.mark.parametrize(
    "more",
    [
        {"bot_id": "B1"},
        {"subtype": "bot_message"},
        {"subtype": "message_changed", "message": {"ts": "1"}},
        {"subtype": "message_deleted"},
        {"subtype": "channel_join"},
        {"subtype": "assistant_app_thread"},
        {"user": None},
        {"user": "USLACKBOT"},
    ],
)
def test_what_no_person_wrote_is_ignored_for_a_reason(more: dict[str, Any]) -> None:
    made = incoming_message("T1", event(**more))
    assert isinstance(made, Ignore)
    assert made.reason


@pytest.mark.parametrize("subtype", [None, "file_share", "thread_broadcast"])
def test_what_a_person_wrote_is_read(subtype: str | None) -> None:
    assert isinstance(incoming_message("T1", event(subtype=subtype)), IncomingMessage)


# --- what was taken away -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arrived", "gone"),
    [
        ({"type": "file_deleted", "file_id": "F1"}, Removal("T1", file_id="F1")),
        ({"type": "file_unshared", "file_id": "F1", "channel_id": "C1"}, Removal("T1", "C1", file_id="F1")),
        ({"type": "file_unshared", "file_id": "F1"}, Removal("T1", file_id="F1")),
        ({"type": "channel_deleted", "channel": "C1"}, Removal("T1", "C1")),
        ({"type": "group_left", "channel": "G1"}, Removal("T1", "G1")),
        ({"type": "app_uninstalled"}, Removal("T1")),
        ({"type": "tokens_revoked"}, Removal("T1")),
        (
            {"type": "message", "subtype": "message_deleted", "channel": "C1", "deleted_ts": "9.5"},
            Removal("T1", "C1", message_ts="9.5"),
        ),
        (
            {
                "type": "message",
                "subtype": "message_changed",
                "channel": "C1",
                "message": {"subtype": "tombstone", "ts": "9"},
            },
            Removal("T1", "C1", message_ts="9"),
        ),
        (
            {"type": "message", "subtype": "message_changed", "channel": "C1", "message": {"ts": "9", "text": "edit"}},
            None,
        ),
        ({"type": "message", "channel": "C1"}, None),
        ({"type": "app_mention", "channel": "C1"}, None),
        ({"type": "file_shared", "file_id": "F1"}, None),
    ],
)
def test_a_removal_names_what_is_gone(arrived: dict[str, Any], gone: Removal | None) -> None:
    assert removal("T1", arrived) == gone


# --- whether it is for us ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "question"),
    [
        (message(f"<@{BOT}> What is the rent?"), "What is the rent?"),
        (message(f"What is the rent, <@{BOT}>?"), "What is the rent, ?"),
        (message(f"<@{BOT}|inhouse> hi"), "hi"),
        (message(f"<@{BOT}>"), ""),
        (message("What is the rent?", channel_type="im"), "What is the rent?"),
        (message("What is the rent?", type="app_mention"), "What is the rent?"),
        (message(f"<@{BOT}> ask <@U2> too", thread_ts="9.5"), "ask <@U2> too"),
    ],
)
def test_who_addresses_us_is_answered(asked: IncomingMessage, question: str) -> None:
    assert classify(asked, BOT, ThreadFacts()) == Respond(question)


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("And the deposit?", ASKED),
        ("What about the garden", ASKED),
        ("und die Kaution", ASKED_LAST),
        ("thanks, show me the second one", ASKED),
        ("the second one", ASKED_LAST),
        ("hm, in euros", ASKED_LAST),
    ],
)
def test_a_follow_up_in_a_thread_needs_no_mention(text: str, facts: ThreadFacts) -> None:
    assert classify(message(text, thread_ts="9.5"), BOT, facts) == Respond(plain(text), follow_up=True)


@pytest.mark.parametrize(
    ("left_alone", "facts"),
    [
        (message("What is the rent?"), ASKED_LAST),  # not in a thread
        (message("What is the rent?", thread_ts="9.5"), ThreadFacts()),  # asked nothing here before
        (message("What is the rent?", thread_ts="9.5"), ThreadFacts(last_is_ours=True)),
        (message("<@U2> what do you think?", thread_ts="9.5"), ASKED_LAST),
        (message("ok, see you at lunch", thread_ts="9.5"), ASKED),
        (message("hi", user=BOT, channel_type="im"), ASKED_LAST),
        (message(f"<@{BOT}> hi", user=BOT), ASKED_LAST),
        (message("hi all", channel_type="mpim"), ASKED_LAST),
    ],
)
def test_people_talking_to_each_other_are_left_alone(left_alone: IncomingMessage, facts: ThreadFacts) -> None:
    decision = classify(left_alone, BOT, facts)
    assert isinstance(decision, Ignore)
    assert decision.reason


@given(
    st.text(max_size=60),
    st.sampled_from(["", "channel", "group", "im", "mpim"]),
    st.sampled_from([None, "9.5"]),
    st.booleans(),
    st.booleans(),
)
def test_nothing_unaddressed_is_answered_outside_a_thread_of_its_author(
    text: str, kind: str, thread_ts: str | None, asked: bool, ours: bool
) -> None:
    made = message(text, channel_type=kind, thread_ts=thread_ts)
    decision = classify(made, BOT, ThreadFacts(asked, ours))
    if isinstance(decision, Respond) and kind != "im" and BOT not in mentions(text):
        assert decision.follow_up
        assert thread_ts
        assert asked
        assert not mentions(text)


# --- text ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a &lt;b&gt; &amp; c", "a <b> & c"),
        ("&amp;lt;", "&lt;"),
        ("see <https://x.org/a|the page>", "see the page"),
        ("see <https://x.org/a>", "see https://x.org/a"),
        ("in <#C1|lab>", "in lab"),
        ("ask <@U2>", "ask <@U2>"),
        ("ask <@U2|ben>", "ask ben"),
        ("  two   spaces\t ", "two spaces"),
        ("line\nbreak", "line\nbreak"),
        ("", ""),
    ],
)
def test_text_is_read_as_the_person_typed_it(text: str, shown: str) -> None:
    assert plain(text) == shown


@given(st.text(max_size=80))
def test_what_a_person_typed_survives_slacks_escapes(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert "".join(plain(escaped).split()) == "".join(text.split())


def test_only_our_own_mention_is_taken_out() -> None:
    assert without_mention(f"<@{BOT}> ask <@U2> and <@{BOT}|inhouse>", BOT) == "ask <@U2> and"
    assert mentions(f"<@{BOT}> <@W9|wanda> <#C1>") == (BOT, "W9")


@pytest.mark.parametrize(
    "text",
    [
        "Who?",
        "what about it",
        "Und wie lange",
        "gibt es das",
        "please list them",
        "so why",
        "is the rent due",
        "Kann man kündigen",
        "does it leak",
    ],
)
def test_questions_are_recognised(text: str) -> None:
    assert looks_like_question(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ok",
        "thanks!",
        "I think so",
        "whatever works",
        "Danke dir",
        "will do",
        "Is fine.",
        "can confirm",
        "do it",
        "kann sein",
        "I see",
    ],
)
def test_remarks_are_no_questions(text: str) -> None:
    assert not looks_like_question(text)


# --- Slack's own payloads ------------------------------------------------------------------------


def test_every_recorded_event_is_read_or_left_without_an_error(shared_data: Path) -> None:
    read = 0
    for path in sorted((shared_data / "slack" / "events").glob("*Payload.json")):
        body = json.loads(path.read_text(encoding="utf-8"))
        arrived = body.get("event") if isinstance(body, dict) else None
        if not isinstance(arrived, dict) or not arrived.get("type"):
            continue
        read += 1
        removal("T1", arrived)
        if arrived["type"] in {"message", "app_mention"}:
            incoming_message("T1", arrived)
    assert read > 40
