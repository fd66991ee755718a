"""Slack's dictionaries become typed events here, and nowhere else; whether to answer is decided here too.

A sample of what arrives (Socket Mode, `events_api`):

    {"team_id": "T1", "event_id": "Ev1", "event": {"type": "app_mention", "user": "U1", "text": "<@UBOT> hi",
     "ts": "1763851234.000100", "thread_ts": "1763851200.000100", "channel": "C1", "files": [{"id": "F1", ...}]}}

One mention with a file arrives as `app_mention`, as `message/file_share` and as one `file_shared`
per file, in any order; the turn is therefore keyed on (team, channel, ts), whichever comes first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")
_QUESTION_WORD = re.compile(
    r"^(?:and|but|so|ok(?:ay)?|und|aber|also|danke|thanks|please|bitte)?[\s,]*"
    r"(?:who|what|when|where|why|how|which|whose|show|tell|list|explain|summari[sz]e|summary|recap|tl;?dr"
    r"|catch me up|sum up|compare|give|find"
    # "Is it due" asks; "is fine", "will do" and "can confirm" do not
    r"|(?:is|are|was|were|do|does|did|can|could|may|must|should|will|would|has|have)"
    r" (?:i|you|we|they|he|she|there|the|this|that|these|those|any|an?|my|our|your|(?<!do )it)"
    r"|wer|was|wann|wo|warum|wieso|wie|welche\w*|gibt|zeig\w*|nenn\w*|erklär\w*|fass\w*|zusammenfass\w*|vergleich\w*"
    r"|(?:ist|sind|hat|kann|darf|muss|soll\w*) (?:ich|du|wir|sie|er|es|man|das|die|der|dies\w*|eine?))\b",
    re.IGNORECASE,
)
_TO_ALL = re.compile(r"<!(?:channel|here|everyone|subteam\^)")
_THANKS = frozenset(
    """thanks thank thx ty cheers you many very so much a lot great perfect nice cool super ok okay good got it
    that helps danke dank vielen schön sehr prima gut alles klar merci""".split()
)
READ_SUBTYPES = {None, "file_share", "thread_broadcast"}


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """A message a person wrote, with what is needed to decide whether it is for us."""

    team: str
    channel: str
    channel_type: str  # "channel" | "group" | "im" | "mpim"; "" where Slack did not say
    user: str
    ts: str
    thread_ts: str | None  # None: not in a thread
    text: str  # as Slack sent it: <@U1>, &amp; and all
    file_ids: tuple[str, ...]
    is_mention_event: bool = False
    user_team: str = ""  # the author's; another one than ``team`` in channels shared with other organisations
    is_shared_outside: bool = False

    @property
    def root_ts(self) -> str:
        """The thread this belongs to; its own ts where it would start one."""
        return self.thread_ts or self.ts

    @property
    def is_direct(self) -> bool:
        return self.channel_type == "im"


@dataclass(frozen=True, slots=True)
class Removal:
    """Something was deleted in Slack. Exactly one of the fields beside team and channel is set, or none: all of it."""

    team: str
    channel: str | None = None
    message_ts: str | None = None
    file_id: str | None = None


@dataclass(frozen=True, slots=True)
class ThreadFacts:
    """What our records know about a message's thread when it arrives."""

    author_asked_here: bool = False
    last_is_ours: bool = False
    is_quiet: bool = False  # somebody asked us to keep out until we are mentioned


@dataclass(frozen=True, slots=True)
class Respond:
    """The message is for us."""

    question: str  # without our mention; "" where only files were given
    follow_up: bool = False


@dataclass(frozen=True, slots=True)
class Hush:
    """Somebody asked us to keep out of the thread, or to take part in it again."""

    quiet: bool


@dataclass(frozen=True, slots=True)
class Ignore:
    """The message is left alone; the reason is kept with the event."""

    reason: str


def incoming_message(team: str, event: dict[str, Any], *, is_shared_outside: bool = False) -> IncomingMessage | Ignore:
    """A person's message, or why it is none. Accepts `app_mention` and `message` events."""
    if event.get("bot_id") or event.get("subtype") == "bot_message":
        return Ignore("written by a bot")
    if event.get("subtype") not in READ_SUBTYPES:
        return Ignore(f"subtype {event.get('subtype')}")
    if not event.get("user") or event.get("user") == "USLACKBOT":
        return Ignore("no author")
    thread_ts = event.get("thread_ts")
    return IncomingMessage(
        team=team,
        channel=event["channel"],
        channel_type=event.get("channel_type", ""),
        user=event["user"],
        ts=event["ts"],
        thread_ts=thread_ts if thread_ts != event["ts"] else None,
        text=event.get("text") or "",
        file_ids=tuple(file["id"] for file in event.get("files") or () if file.get("id")),
        is_mention_event=event["type"] == "app_mention",
        user_team=event.get("user_team") or event.get("team") or "",
        is_shared_outside=is_shared_outside,
    )


def edited_message(team: str, event: dict[str, Any]) -> IncomingMessage | None:
    """The message as it reads now, where its author changed its words; None for all other changes.

    Slack reports a change for unfurled links, reactions in threads and the like too; those leave the text alone.
    """
    if event.get("type") != "message" or event.get("subtype") != "message_changed":
        return None
    now, before = event["message"], event.get("previous_message") or {}
    if not now.get("edited") or now.get("text") == before.get("text"):
        return None
    place = {"channel": event["channel"], "channel_type": event.get("channel_type", ""), "type": "message"}
    message = incoming_message(team, now | place)
    return message if isinstance(message, IncomingMessage) else None


def is_echo(event: dict[str, Any], bot_user: str) -> bool:
    """Whether an event tells us only of what we posted or changed ourselves; that it was deleted is news."""
    if event.get("type") not in {"message", "app_mention", "file_shared"} or removal("", event, bot_user):
        return False
    about = event.get("message") or event.get("previous_message") or event
    return (about.get("user") or event.get("user_id")) == bot_user


def removal(team: str, event: dict[str, Any], bot_user: str = "") -> Removal | None:
    """What an event took away, or None. Our own leaving takes the whole conversation away."""
    kind, subtype = event.get("type"), event.get("subtype")
    if kind == "member_left_channel" and event.get("user") == bot_user:
        return Removal(team, channel=event["channel"])
    if kind in {"file_deleted", "file_unshared"}:
        return Removal(team, channel=event.get("channel_id"), file_id=event["file_id"])
    if kind in {"channel_deleted", "group_deleted", "channel_left", "group_left"}:
        return Removal(team, channel=event["channel"])
    if kind == "channel_id_changed":  # what is known under the old id could never be found again
        return Removal(team, channel=event["old_channel_id"])
    if kind in {"app_uninstalled", "tokens_revoked"}:
        return Removal(team)
    if kind == "message" and subtype == "message_deleted":
        return Removal(team, channel=event["channel"], message_ts=event["deleted_ts"])
    # The parent of a thread with replies is not deleted but replaced by a tombstone.
    if kind == "message" and subtype == "message_changed" and event["message"].get("subtype") == "tombstone":
        return Removal(team, channel=event["channel"], message_ts=event["message"]["ts"])
    return None


def classify(
    message: IncomingMessage, bot_user: str, facts: ThreadFacts, *, only_mentioned: bool = False
) -> Respond | Hush | Ignore:
    """Whether a message is for us: a mention, a direct message, or a follow-up by the thread rule.

    The rule: in a thread, without a mention, only somebody who already asked here is answered, only
    if they mention nobody else, and only if it is a question or directly follows our answer; and
    only where nobody asked us to be quiet and the conversation's settings allow it.
    """
    mentioned = mentions(message.text)
    question = without_mention(message.text, bot_user)
    if message.user == bot_user:
        return Ignore("our own")
    is_mention = message.is_mention_event or bot_user in mentioned
    if (is_mention or facts.last_is_ours or facts.author_asked_here) and (hush := hushed(question)):
        return hush
    if is_mention:
        return Respond(question)
    if message.is_direct:
        return Ignore("only thanks") if _only_thanks(message, question) else Respond(question)
    reason = _left_alone(message, question, facts, only_mentioned=only_mentioned)
    return Ignore(reason) if reason else Respond(question, follow_up=True)


def _left_alone(message: IncomingMessage, question: str, facts: ThreadFacts, *, only_mentioned: bool) -> str:
    """Why a message without a mention is not for us; "" where it is a follow-up."""
    is_others = mentions(message.text) or _TO_ALL.search(message.text)
    reasons = (
        (message.thread_ts is None, "not addressed to us"),
        (facts.is_quiet, "asked to be quiet here"),
        (only_mentioned, "only mentions are answered here"),
        (not facts.author_asked_here, "its author has not asked in this thread"),
        (bool(is_others), "addressed to somebody else"),
        (_only_thanks(message, question), "only thanks"),
        (not (looks_like_question(question) or facts.last_is_ours), "people talking to each other"),
    )
    return next((reason for holds, reason in reasons if holds), "")


_QUIET = re.compile(
    r"(?:quiet|silent|silence|ruhe|ruhig|leise|(?:sei|bleib)(?: \w+)* still|stop answering|hör auf zu antworten)",
    re.IGNORECASE,
)
_LISTEN = re.compile(r"(?:listen|take part|join in|hör(?: hier)? wieder zu|mach(?: hier)? wieder mit)", re.IGNORECASE)
_POLITE = frozenset(
    "please bitte be stay keep sei bleib here hier in this thread now jetzt again wieder inhouse the a bit".split()
)


def hushed(text: str) -> Hush | None:
    """Whether ``text`` is nothing but "quiet here" or "listen here", in English or German."""
    for pattern, quiet in ((_QUIET, True), (_LISTEN, False)):
        rest, found = pattern.subn(" ", text, count=1)
        if found and "?" not in text and _POLITE.issuperset(re.findall(r"\w+", rest.lower())):
            return Hush(quiet)
    return None


def _only_thanks(message: IncomingMessage, text: str) -> bool:
    """Whether a message says no more than "thanks", "ok" or an emoji, in English or German."""
    words = re.findall(r"\w+", re.sub(r":[\w+-]+:", " ", text.lower()))
    return not message.file_ids and "?" not in text and bool(text) and _THANKS.issuperset(words)


def mentions(text: str) -> tuple[str, ...]:
    """User ids mentioned in ``text``, in their order."""
    return tuple(_MENTION.findall(text))


def without_mention(text: str, bot_user: str) -> str:
    """``text`` without mentions of us, as the person typed it."""
    text = re.sub(rf"<@{re.escape(bot_user)}(?:\|[^>]*)?>", " ", text)
    return plain(text)


def plain(text: str) -> str:
    """Slack's escapes undone: links as their label or address, entities as characters; without halves of an emoji."""
    text = re.sub(r"<(?:[@#!][^|>]*|[^|>]*)\|([^>]+)>", r"\1", text)
    text = re.sub(r"<([^@#!][^>]*)>", r"\1", text)
    text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return re.sub("[ \t\ud800-\udfff]+", " ", text).strip()


def looks_like_question(text: str) -> bool:
    """Whether a person would take ``text`` for a question or a request, in English or German."""
    return "?" in text or bool(_QUESTION_WORD.match(text.strip()))
