"""What Slack says becomes the facts of the rule; it is asked seldom, and what it does not say allows nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from bot import access, membership
from bot.access import FRESH_S, Access
from bot.channels import Channels, ChannelSettings
from bot.membership import MOST_PAGES, Membership
from bot.people import People
from bot.records import Records
from bot.scope import LEFT, NOT_A_MEMBER, SHARED_OUTSIDE, STRANGER, UNKNOWN, Allowed, Denied, Fact
from bot.texts import texts_for
from tests.bot.scripted_slack import ScriptedSlack

IN = {"ok": True, "members": ["UBOT", "UANA"]}
OUT = {"ok": True, "members": ["UBOT"]}
COLLEAGUE = {"ok": True, "user": {"id": "UANA", "team_id": "T1"}}


@pytest.fixture
def channels(records: Records) -> Channels:
    return Channels(records)


Answering = Callable[..., tuple[Access, ScriptedSlack]]


@pytest.fixture
def answering(channels: Channels) -> Answering:
    """The rule's asker, over a Slack that gives ``infos`` of conversations, and of everybody that they are members."""

    def build(*infos: Any) -> tuple[Access, ScriptedSlack]:
        slack = ScriptedSlack().script("conversations.info", *infos)
        slack.script("conversations.members", IN).script("users.info", COLLEAGUE)
        people = People(slack, channels, "T1")
        return Access(slack, channels, people, Membership(slack)), slack

    return build


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds; changing the first one moves the time."""
    now = [1000.0]
    monkeypatch.setattr(access.time, "monotonic", lambda: now[0])
    return now


def channel(**facts: Any) -> dict[str, Any]:
    return {"ok": True, "channel": {"id": "C1", **facts}}


@pytest.mark.parametrize("facts", [{"is_member": True}, {"is_im": True, "user": "UANA"}, {"is_mpim": True}])
async def test_where_we_belong_the_conversations_own_files_may_be_read(
    answering: Answering, facts: dict[str, Any]
) -> None:
    rule, _ = answering(channel(**facts))
    assert await rule.check("T1", "C1", "UANA") == Allowed("T1/C1")


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({}, NOT_A_MEMBER),
        ({"is_member": False}, NOT_A_MEMBER),
        ({"is_member": True, "is_ext_shared": True}, SHARED_OUTSIDE),
        ({"is_member": True, "is_pending_ext_shared": True}, SHARED_OUTSIDE),
        ({"is_im": True, "is_ext_shared": True}, SHARED_OUTSIDE),
    ],
)
async def test_where_we_do_not_belong_or_strangers_read_along_nothing_is_read(
    answering: Answering, facts: dict[str, bool], reason: str
) -> None:
    rule, slack = answering(channel(**facts))
    assert await rule.barred("T1", "C1", "UANA") == reason
    assert slack.methods == ["conversations.info"], "more was asked than was needed"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("channel_not_found", NOT_A_MEMBER),
        ("not_in_channel", NOT_A_MEMBER),
        ("internal_error", UNKNOWN),
        ("ratelimited", UNKNOWN),
        ("token_revoked", UNKNOWN),
        ("an_error_of_next_year", UNKNOWN),
    ],
)
async def test_what_cannot_be_found_out_is_denied(answering: Answering, error: str, reason: str) -> None:
    rule, _ = answering(error)
    assert await rule.check("T1", "C1", "UANA") == Denied(reason)


@pytest.mark.parametrize("method", ["conversations.members", "users.info"])
async def test_an_asker_of_whom_slack_says_nothing_is_denied(channels: Channels, method: str) -> None:
    slack = ScriptedSlack().script("conversations.info", channel(is_member=True)).script(method, "internal_error")
    slack.script("conversations.members", IN).script("users.info", COLLEAGUE)
    rule = Access(slack, channels, People(slack, channels, "T1"), Membership(slack))
    assert await rule.check("T1", "C1", "UANA") == Denied(UNKNOWN)


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({"team_id": "T2"}, Denied(STRANGER, is_silent=True)),
        ({"is_stranger": True}, Denied(STRANGER, is_silent=True)),
        ({"is_bot": True}, Denied(LEFT, is_silent=True)),
        ({"deleted": True}, Denied(LEFT, is_silent=True)),
        ({"is_restricted": True}, Allowed("T1/C1")),
        ({"is_ultra_restricted": True}, Allowed("T1/C1")),
    ],
)
async def test_who_somebody_is_decides(channels: Channels, facts: dict[str, Any], verdict: Allowed | Denied) -> None:
    slack = ScriptedSlack().script("conversations.info", channel(is_member=True)).script("conversations.members", IN)
    slack.script("users.info", {"ok": True, "user": {"id": "UANA", "team_id": "T1"} | facts})
    rule = Access(slack, channels, People(slack, channels, "T1"), Membership(slack))
    assert await rule.check("T1", "C1", "UANA") == verdict


async def test_a_direct_conversation_is_its_partners_and_costs_no_call_for_members(answering: Answering) -> None:
    rule, slack = answering(channel(is_im=True, user="UANA"))
    slack.script("conversations.members")
    assert await rule.check("T1", "C1", "UANA") == Allowed("T1/C1")
    assert "conversations.members" not in slack.methods


async def test_a_lost_connection_allows_nothing(answering: Answering) -> None:
    rule, _ = answering(aiohttp.ClientConnectionError())
    with pytest.raises(aiohttp.ClientError):  # the job is tried again
        await rule.check("T1", "C1", "UANA")


async def test_permission_is_remembered_for_a_minute_and_no_longer(answering: Answering, clock: list[float]) -> None:
    rule, slack = answering(channel(is_member=True), channel(is_member=False))
    assert isinstance(await rule.check("T1", "C1", "UANA"), Allowed)
    clock[0] += FRESH_S - 1
    assert isinstance(await rule.check("T1", "C1", "UANA"), Allowed)
    assert sorted(slack.methods) == ["conversations.info", "conversations.members", "users.info"]
    clock[0] += 2
    assert isinstance(await rule.check("T1", "C1", "UANA"), Denied)


async def test_membership_is_remembered_for_a_minute_and_no_longer(answering: Answering, clock: list[float]) -> None:
    rule, slack = answering(channel(is_member=True))
    slack._script["conversations.members"].clear()
    slack.script("conversations.members", IN, OUT)
    assert await rule.barred("T1", "C1", "UANA") == ""
    clock[0] += FRESH_S - 1
    assert await rule.barred("T1", "C1", "UANA") == ""
    clock[0] += 2
    assert await rule.barred("T1", "C1", "UANA") == LEFT


async def test_all_askers_of_a_conversation_cost_one_call_for_its_members(answering: Answering) -> None:
    rule, slack = answering(channel(is_member=True))
    slack._script["conversations.members"].clear()
    slack.script("conversations.members", {"ok": True, "members": [f"U{n}" for n in range(50)]})
    for number in range(50):
        assert await rule.barred("T1", "C1", f"U{number}") == ""
    assert slack.methods.count("conversations.members") == slack.methods.count("conversations.info") == 1


async def test_a_denial_is_never_remembered(answering: Answering) -> None:
    rule, slack = answering("internal_error", channel(is_member=True))
    slack._script["conversations.members"].clear()
    slack.script("conversations.members", OUT, IN)
    verdicts = [await rule.barred("T1", "C1", "UANA") for _ in range(3)]
    assert verdicts == [UNKNOWN, LEFT, ""]


async def test_permission_for_one_conversation_is_none_for_another(answering: Answering) -> None:
    rule, _ = answering(channel(is_member=True), channel(is_member=False))
    assert await rule.check("T1", "C1") == Allowed("T1/C1")
    assert isinstance(await rule.check("T1", "C2"), Denied)


async def test_permission_in_one_team_is_none_in_another(answering: Answering) -> None:
    rule, _ = answering(channel(is_member=True), channel(is_member=False))
    assert await rule.check("T1", "C1") == Allowed("T1/C1")
    assert isinstance(await rule.check("T2", "C1"), Denied)


async def test_an_administrator_may_allow_strangers_to_read_along(answering: Answering, channels: Channels) -> None:
    rule, _ = answering(channel(is_member=True, is_ext_shared=True), channel(is_member=True, is_ext_shared=True))
    await channels.save("T1", "C1", ChannelSettings(is_connect_allowed=True), "U1")
    assert isinstance(await rule.check("T1", "C1"), Allowed)
    assert isinstance(await rule.check("T1", "C2"), Denied)


async def test_what_was_found_out_is_asked_anew_once_it_changed(answering: Answering) -> None:
    rule, slack = answering(channel(is_member=True), channel(is_member=True), channel(is_ext_shared=True, is_im=True))
    slack._script["conversations.members"].clear()
    slack.script("conversations.members", IN, OUT)
    assert await rule.barred("T1", "C1", "UANA") == ""
    rule.forget("T1", "C1")
    assert await rule.barred("T1", "C1", "UANA") == LEFT
    rule.forget("T1", "C1")
    assert await rule.check("T1", "C1", "UANA") == Denied(SHARED_OUTSIDE, is_silent=True)


async def test_what_changed_while_slack_answered_is_not_remembered(answering: Answering) -> None:
    """The answer may be older than the change that the event told of."""
    rule, slack = answering(channel(is_member=True), channel(is_member=False))
    members, real = slack.conversations_members, slack.conversations_info

    async def overtaken(**arguments: Any) -> Any:
        found = await real(**arguments)
        rule.forget("T1", "C1")
        return found

    slack.conversations_info = overtaken  # type: ignore[method-assign]
    await rule.check("T1", "C1")
    slack.conversations_info = real  # type: ignore[method-assign]
    assert isinstance(await rule.check("T1", "C1"), Denied)

    async def left(**arguments: Any) -> Any:
        found = await members(**arguments)
        inside.forget("C1")
        return found

    inside = Membership(slack)
    slack._script["conversations.members"].clear()
    slack.script("conversations.members", IN, OUT)
    slack.conversations_members = left  # type: ignore[method-assign]
    assert await inside.includes("C1", "UANA") is Fact.YES
    slack.conversations_members = members  # type: ignore[method-assign]
    assert await inside.includes("C1", "UANA") is Fact.NO


# --- members, page by page -----------------------------------------------------------------------


def pages(count: int) -> list[dict[str, Any]]:
    cursors = [*(f"c{n}" for n in range(1, count)), ""]
    return [
        {"ok": True, "members": [f"U{n}"], "response_metadata": {"next_cursor": cursor}}
        for n, cursor in enumerate(cursors)
    ]


async def test_members_are_read_page_by_page_only_until_the_asker_is_found() -> None:
    slack = ScriptedSlack().script("conversations.members", *pages(3))
    inside = Membership(slack)
    assert await inside.includes("C1", "U1") is Fact.YES
    assert len(slack.calls) == 2
    assert await inside.includes("C1", "U0") is Fact.YES
    assert len(slack.calls) == 2, "what was read is remembered"
    assert await inside.includes("C1", "U2") is Fact.YES
    assert [call.get("cursor", "") for call in slack.called("conversations.members")] == ["", "c1", "c2"]


async def test_somebody_beyond_what_is_read_of_a_vast_channel_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    slack = ScriptedSlack().script("conversations.members", *pages(MOST_PAGES + 1))
    assert await Membership(slack).includes("C1", f"U{MOST_PAGES}") is Fact.UNKNOWN
    monkeypatch.setattr(membership, "MOST_PAGES", MOST_PAGES + 1)
    slack = ScriptedSlack().script("conversations.members", *pages(MOST_PAGES + 1))
    assert await Membership(slack).includes("C1", f"U{MOST_PAGES}") is Fact.YES


@pytest.mark.parametrize("reason", [NOT_A_MEMBER, SHARED_OUTSIDE, UNKNOWN, STRANGER, LEFT])
@pytest.mark.parametrize(
    ("language", "steps"), [("en", "Ask |Invite me|try again"), ("de", "Frag mich|Lade mich|versuch es|Bitte ")]
)
def test_a_denial_says_what_to_do_next(reason: str, language: str, steps: str) -> None:
    said = texts_for(language)(reason)
    assert said.endswith(".")
    assert re.search(steps, said)
