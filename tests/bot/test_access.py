"""Who may read what: an answer in a conversation uses only that conversation, and doubt means no."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from bot import access
from bot.access import FRESH_S, NOT_A_MEMBER, SHARED_OUTSIDE, UNKNOWN, Access, Allowed, Denied
from bot.channels import Channels, ChannelSettings
from bot.records import Records
from bot.texts import texts_for
from tests.bot.scripted_slack import ScriptedSlack


@pytest.fixture
def channels(records: Records) -> Channels:
    return Channels(records)


Answering = Callable[..., tuple[Access, ScriptedSlack]]


@pytest.fixture
def answering(channels: Channels) -> Answering:
    def build(*answers: Any) -> tuple[Access, ScriptedSlack]:
        slack = ScriptedSlack().script("conversations.info", *answers)
        return Access(slack, channels), slack

    return build


def channel(**facts: Any) -> dict[str, Any]:
    return {"ok": True, "channel": {"id": "C1", **facts}}


@pytest.mark.parametrize("facts", [{"is_member": True}, {"is_im": True}, {"is_mpim": True}])
async def test_where_we_belong_the_conversations_own_files_may_be_read(
    answering: Answering, facts: dict[str, bool]
) -> None:
    rule, _ = answering(channel(**facts))
    assert await rule.check("T1", "C1") == Allowed("T1/C1")


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
    rule, _ = answering(channel(**facts))
    verdict = await rule.check("T1", "C1")
    assert isinstance(verdict, Denied)
    assert verdict.reason == reason


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
    assert await rule.check("T1", "C1") == Denied(reason)


async def test_a_lost_connection_allows_nothing(answering: Answering) -> None:
    rule, _ = answering(aiohttp.ClientConnectionError())
    with pytest.raises(aiohttp.ClientError):  # the job is tried again
        await rule.check("T1", "C1")


async def test_permission_is_remembered_for_a_minute_and_no_longer(
    answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule, slack = answering(channel(is_member=True), channel(is_member=False))
    now = 1000.0
    monkeypatch.setattr(access.time, "monotonic", lambda: now)
    assert isinstance(await rule.check("T1", "C1"), Allowed)
    now += FRESH_S - 1
    assert isinstance(await rule.check("T1", "C1"), Allowed)
    assert len(slack.calls) == 1
    now += 2
    assert isinstance(await rule.check("T1", "C1"), Denied)


async def test_a_denial_is_never_remembered(answering: Answering) -> None:
    rule, slack = answering("internal_error", channel(is_member=True))
    assert isinstance(await rule.check("T1", "C1"), Denied)
    assert isinstance(await rule.check("T1", "C1"), Allowed)
    assert len(slack.calls) == 2


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
    rule, slack = answering(channel(is_member=True), channel(is_member=True, is_ext_shared=True))
    assert isinstance(await rule.check("T1", "C1"), Allowed)
    rule.forget("T1", "C1")
    assert await rule.check("T1", "C1") == Denied(SHARED_OUTSIDE, is_silent=True)
    assert len(slack.calls) == 2


@pytest.mark.parametrize("reason", [NOT_A_MEMBER, SHARED_OUTSIDE, UNKNOWN])
@pytest.mark.parametrize(
    ("language", "steps"), [("en", "Ask me|Invite me|try again"), ("de", "Frag mich|Lade mich|versuch es")]
)
def test_a_denial_says_what_to_do_next(reason: str, language: str, steps: str) -> None:
    said = texts_for(language)(reason)
    assert said.endswith(".")
    assert re.search(steps, said)
