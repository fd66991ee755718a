"""Slack refuses, forgets, limits and breaks off: the answer comes all the same, whole and once."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from bot import pacing, replies
from bot.cli.seen import read_answer
from bot.workspace import file_host
from bot.workspace.server import Workspace
from bot.workspace.state import File, Message
from tests.scenarios.conftest import LEASE, RENT, House, every_line, lease, whole_text

AWAY = {"status": 503}


@pytest.fixture
def talkative(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """The model says several sentences, and each is appended at once."""
    monkeypatch.setattr(pacing, "SECONDS_BETWEEN", 0.0)
    house.model.delay_s, house.model._script = 0.01, every_line
    return house


async def _whole_once(house: House, asked: Message) -> str:
    """The text of the one reply, in which every sentence stands exactly once, with its sources."""
    answer = await house.answer_to(asked)
    await house.quiet()
    (reply,) = house.ours(asked)
    for words in ("1,450 euros", "notice of 90 days", "4,350 euros"):
        assert answer.text.count(words) == 1, answer.text
    assert len(answer.citations) == 4 and "Searched `lease.txt`" in str(reply.blocks)
    return answer.text


async def test_answer_without_streams_says_the_same(talkative: House) -> None:
    streamed = await _whole_once(talkative, await talkative.post("ana", "lab", RENT, files=[lease]))
    talkative.place.fault("chat.startStream", error="not_allowed_token_type", times=9)
    updated = await _whole_once(talkative, await talkative.post("ana", "office", RENT, files=[lease]))
    assert talkative.calls("chat.update")
    assert updated == streamed.replace("\\", "")


@pytest.mark.parametrize("error", ["message_not_in_streaming_state", "internal_error", "stopped_by_user"])
@pytest.mark.parametrize("nth", [0, 1])
async def test_stream_that_fails_in_mid_answer_is_completed_by_update(talkative: House, error: str, nth: int) -> None:
    if nth == 0:
        talkative.place.fault("chat.appendStream", error=error)
    asked = await talkative.post("ana", "lab", RENT, files=[lease])
    if nth == 1:
        await talkative.place.wait_for(lambda: any(m.text for m in talkative.replies(asked)))
        talkative.place.fault("chat.appendStream", error=error)
    await _whole_once(talkative, asked)


async def test_stream_that_slack_ended_is_completed_by_update(talkative: House) -> None:
    talkative.place.core.stream_lasts_s = 0.2
    talkative.model.delay_s = 0.02
    await _whole_once(talkative, await talkative.post("ana", "lab", RENT, files=[lease]))


async def test_stream_is_ended_in_time_by_ourselves(talkative: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replies, "STREAM_LASTS_S", 0.2)
    talkative.model.delay_s = 0.02
    asked = await talkative.post("ana", "lab", RENT, files=[lease])
    await talkative.quiet()
    messages = talkative.ours(asked)
    text = "\n".join(read_answer(message, RENT, 0, 0).text for message in messages)
    assert len(messages) > 1 and not any(message.streaming for message in messages)
    for words in ("1,450 euros and", "notice of 90 days", "amounts to 4,350 euros"):
        assert text.count(words) == 1, text
    assert "Searched `lease.txt`" in str(messages[-1].blocks), "the sources stand below the last"
    assert not [call for call in talkative.calls("chat.appendStream") if call.error]


@pytest.mark.parametrize("method", ["chat.startStream", "chat.appendStream", "chat.stopStream"])
async def test_rate_limit_is_waited_out(talkative: House, method: str) -> None:
    talkative.place.fault(method, status=429, retry_after_s=1)
    await _whole_once(talkative, await talkative.post("ana", "lab", RENT, files=[lease]))
    assert [call.error for call in talkative.calls(method)][:2] == ["ratelimited", None]


@pytest.mark.parametrize("then_work", [False, True])
@pytest.mark.parametrize("method", ["chat.startStream", "chat.appendStream", "chat.stopStream"])
async def test_answer_of_slacks_that_is_lost_posts_nothing_twice(
    talkative: House, method: str, then_work: bool
) -> None:
    talkative.place.fault(method, then_work=then_work, **AWAY)
    await _whole_once(talkative, await talkative.post("ana", "lab", RENT, files=[lease]))


@pytest.mark.parametrize("then_work", [False, True])
@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
async def test_answer_of_slacks_that_is_lost_without_streams_posts_nothing_twice(
    talkative: House, method: str, then_work: bool
) -> None:
    talkative.place.fault("chat.startStream", error="unknown_method", times=9)
    talkative.place.fault(method, then_work=then_work, **AWAY)
    await _whole_once(talkative, await talkative.post("ana", "lab", RENT, files=[lease]))


async def test_slack_away_for_a_while_ends_in_one_answer(talkative: House) -> None:
    asked = await talkative.post("ana", "lab", RENT, files=[lease])
    talkative.place.fault("*", times=12, **AWAY)
    await _whole_once(talkative, asked)


async def test_question_that_cannot_be_answered_at_all_is_not_left_in_silence(house: House) -> None:
    house.place.fault("conversations.replies", times=99, **AWAY)
    asked = await house.post("ana", "lab", RENT, files=[lease])
    assert await house.done(asked) == "failed"
    assert "did not answer. Please ask again" in house.replies(asked)[0].text


async def test_blocks_that_slack_refuses_are_sent_as_text(talkative: House) -> None:
    talkative.place.fault("chat.stopStream", error="invalid_blocks")
    talkative.place.fault("chat.update", error="invalid_blocks")
    asked = await talkative.post("ana", "lab", RENT, files=[lease])
    await talkative.done(asked)
    (reply,) = talkative.ours(asked)
    assert "1,450 euros" in reply.text and "lease.txt" in reply.text and not reply.streaming


async def test_first_sign_comes_before_anything_else_is_shown(house: House) -> None:
    asked = await house.post("ana", "lab", RENT, files=[lease])
    await house.answer_to(asked)
    shown = [c for c in house.place.calls if c.method.startswith(("chat.", "assistant.", "reactions."))]
    assert shown[0].method == "assistant.threads.setStatus"
    assert shown[0].arguments["status"] and shown[0].arguments["thread_ts"] == asked.ts
    assert house.place.status(house.channels["lab"], asked.ts) == ""


async def test_reaction_is_the_first_sign_where_no_status_can_be_shown(house: House) -> None:
    house.place.fault("assistant.threads.setStatus", error="missing_scope", times=99)
    asked = await house.post("ana", "lab", RENT, files=[lease])
    assert "1,450 euros" in (await house.answer_to(asked)).text
    shown = [c for c in house.place.calls if c.method.startswith(("chat.", "reactions."))]
    assert shown[0].arguments["name"] == "eyes"


async def test_nothing_that_is_only_nice_keeps_an_answer_away(house: House) -> None:
    for method in ("assistant.threads.setStatus", "reactions.add"):
        house.place.fault(method, times=99, **AWAY)
    assert "1,450 euros" in (await house.ask("ana", "lab", RENT, files=[lease])).text


async def test_receipt_that_could_not_be_posted_is_posted_later(house: House) -> None:
    house.place.fault("chat.postMessage", **AWAY)
    asked = await house.post("ana", "lab", RENT, files=[lease, ("broken.pdf", b"%PDF-1.7 nothing")])
    assert "1,450 euros" in (await house.answer_to(asked)).text
    assert "could not read `broken.pdf`" in whole_text(house.notices(asked)[0])
    assert len(house.notices(asked)) == 1


async def test_login_page_in_place_of_a_file_is_recognised(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_host.FileHost, "_may_read", lambda *_: False)
    asked = await house.post("ana", "lab", RENT, files=[("plan.pdf", b"%PDF-1.7"), lease])
    await house.answer_to(asked)
    receipt = whole_text(house.notices(asked)[0])
    assert receipt.count("Slack did not hand out this file") >= 2 and "files:read" in receipt
    assert b"Sign in" not in house.bytes_on_disk()


def _truncating(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    whole, left = file_host.file_response, [times]

    def half(file: File, **more: Any) -> web.Response:
        response = whole(file, **more)
        if file.name == "lease.txt" and left[0]:
            left[0] -= 1
            response.body = file.content[: len(file.content) // 2]
        return response

    monkeypatch.setattr(file_host, "file_response", half)


async def test_download_that_broke_off_is_tried_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    _truncating(monkeypatch, 1)
    assert "1,450 euros" in (await house.ask("ana", "lab", RENT, files=[lease])).text


async def test_what_was_read_before_a_download_broke_off_is_told_too(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    _truncating(monkeypatch, 1)
    asked = await house.post("ana", "lab", RENT, files=[("broken.pdf", b"%PDF-1.7 nothing"), lease])
    await house.answer_to(asked)
    (receipt,) = house.notices(asked)
    assert "could not read `broken.pdf`" in whole_text(receipt) and "I read `lease.txt`" in whole_text(receipt)


async def test_file_that_never_arrives_whole_does_not_keep_the_others_from_answering(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    _truncating(monkeypatch, 99)
    asked = await house.post("ana", "lab", RENT, files=[lease, ("copy.txt", LEASE.encode())])
    assert "1,450 euros" in (await house.answer_to(asked)).text
    (receipt,) = house.notices(asked)
    assert "could not read `lease.txt`. Slack did not hand it out" in whole_text(receipt)


async def test_private_answer_survives_an_outage_of_the_response_url(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.ask("ana", "lab", RENT, files=[lease])
    respond, failed = Workspace._take_response, []

    async def away_once(self: Workspace, request: web.Request) -> web.Response:
        if not failed:
            failed.append(request)
            return web.Response(status=503)
        return await respond(self, request)

    monkeypatch.setattr(Workspace, "_take_response", away_once)
    house.place.core.feed.touch()
    await house.restart_bot()
    await house.place.slash(house.users["ben"], house.channels["lab"], "/ask", "What is the monthly rent?")
    await house.place.wait_for(lambda: any("1,450" in whole_text(m) for m in house.place.ephemerals("ben")))
    assert len(house.place.ephemerals("ben")) == 2
