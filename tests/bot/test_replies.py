"""One reply for each question: streamed where Slack can, updated where it cannot, completed after a crash."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot import blocks
from bot import replies as room
from bot.events import IncomingMessage
from bot.jobs import TryAgain
from bot.replies import NO_ANSWER, PrivateReply, QuestionGone, Reply
from tests.bot.scripted_slack import ScriptedSlack

MESSAGE = IncomingMessage("T1", "C1", "channel", "U1", "10.5", "9.5", "How much?", ())
TAIL = [blocks.context("Searched `a.txt`.")]


class Thread:
    """A reply to `MESSAGE` over a scripted Slack, and what it told about its place."""

    def __init__(self, slack: ScriptedSlack, ts: str | None = None, *, gone: bool = False) -> None:
        self.slack = slack
        self.begun: list[str] = []
        self.gone = gone
        self.reply = Reply(slack, MESSAGE, self._begun, ts)

    async def _begun(self, ts: str) -> None:
        if self.gone:
            raise QuestionGone
        self.begun.append(ts)

    @property
    def streamed(self) -> str:
        return "".join(call["markdown_text"] for call in self.slack.called("chat.appendStream"))

    def texts(self, method: str) -> list[str]:
        """What each call of a method showed."""
        return ["\n".join(section(block) for block in call.get("blocks", ())) for call in self.slack.called(method)]


def section(block: dict[str, Any]) -> str:
    return block["text"]["text"] if block["type"] == "section" else ""


@pytest.fixture
def slack() -> ScriptedSlack:
    return ScriptedSlack()


@pytest.fixture(autouse=True)
def never_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "SECONDS_BETWEEN", 0.0)


# --- a stream ------------------------------------------------------------------------------------


async def test_an_answer_is_one_stream_with_its_sources_at_the_end(slack: ScriptedSlack) -> None:
    thread = Thread(slack)
    await thread.reply.show("one", "one")
    await thread.reply.show("two *", "two \\*")
    await thread.reply.finish(TAIL)
    assert slack.methods == [
        "chat.startStream",
        "chat.appendStream",
        "chat.appendStream",
        "chat.stopStream",
        "assistant.threads.setStatus",
    ]
    assert thread.streamed == "one\ntwo \\*\n"
    (stop,) = slack.called("chat.stopStream")
    assert stop["blocks"] == TAIL
    assert thread.begun == [stop["ts"]]


async def test_the_stream_stands_in_the_questions_thread_and_is_the_askers(slack: ScriptedSlack) -> None:
    await Thread(slack).reply.show("one", "one")
    (start,) = slack.called("chat.startStream")
    assert start == {"channel": "C1", "thread_ts": "9.5", "recipient_team_id": "T1", "recipient_user_id": "U1"}


async def test_the_place_is_known_before_the_first_word_is_shown(slack: ScriptedSlack) -> None:
    thread = Thread(slack, gone=True)
    with pytest.raises(QuestionGone):
        await thread.reply.show("one", "one")
    assert "chat.appendStream" not in slack.methods
    await thread.reply.delete()
    assert slack.methods[-2:] == ["chat.stopStream", "chat.delete"]


async def test_sentences_that_come_quickly_are_sent_together(
    slack: ScriptedSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "SECONDS_BETWEEN", 3600.0)
    thread = Thread(slack)
    for word in ("one", "two", "three"):
        await thread.reply.show(word, word)
    assert thread.streamed == "one\n"
    await thread.reply.finish(TAIL)
    assert thread.streamed == "one\ntwo\nthree\n"
    assert len(slack.called("chat.appendStream")) == 2


async def test_a_stream_that_is_about_to_expire_is_closed_and_goes_on_as_updates(
    slack: ScriptedSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread = Thread(slack)
    await thread.reply.show("one", "one")
    monkeypatch.setattr(room, "STREAM_LASTS_S", -1.0)
    await thread.reply.show("two", "two")
    await thread.reply.finish(TAIL)
    assert slack.methods.count("chat.stopStream") == 1
    assert thread.texts("chat.update")[-1].strip() == "one\ntwo"
    assert slack.called("chat.update")[-1]["blocks"][-1] == TAIL[0]
    assert len(slack.called("chat.startStream")) == 1
    assert slack.called("chat.postMessage") == []


# --- where streams fail --------------------------------------------------------------------------


async def test_where_streams_are_refused_a_message_is_posted_and_updated(slack: ScriptedSlack) -> None:
    slack.script("chat.startStream", "unknown_method")
    thread = Thread(slack)
    await thread.reply.show("one", "one")
    await thread.reply.show("two", "two")
    await thread.reply.finish(TAIL)
    (post,) = slack.called("chat.postMessage")
    assert (post["channel"], post["thread_ts"]) == ("C1", "9.5")
    assert (post["unfurl_links"], post["unfurl_media"]) == (False, False)
    assert thread.texts("chat.postMessage") == ["one"]
    assert thread.texts("chat.update")[-1].strip() == "one\ntwo"
    assert thread.begun == [slack.called("chat.update")[-1]["ts"]]


async def test_a_stream_that_breaks_in_the_middle_is_completed_by_an_update(slack: ScriptedSlack) -> None:
    slack.script("chat.appendStream", {"ok": True}, "message_not_in_streaming_state")
    thread = Thread(slack)
    for word in ("one", "two", "three"):
        await thread.reply.show(word, word)
    await thread.reply.finish(TAIL)
    assert thread.texts("chat.update")[-1].strip() == "one\ntwo\nthree"
    assert len(thread.begun) == 1
    assert slack.called("chat.postMessage") == []


async def test_a_stream_that_cannot_be_closed_is_completed_by_an_update(slack: ScriptedSlack) -> None:
    slack.script("chat.stopStream", "message_not_in_streaming_state")
    thread = Thread(slack)
    await thread.reply.show("one", "one")
    await thread.reply.finish(TAIL)
    assert thread.texts("chat.update")[-1].strip() == "one"


async def test_a_start_that_was_not_answered_is_left_to_the_next_attempt(slack: ScriptedSlack) -> None:
    slack.script("chat.startStream", NO_ANSWER)
    with pytest.raises(TryAgain):
        await Thread(slack).reply.show("one", "one")
    assert slack.called("chat.postMessage") == []


@pytest.mark.parametrize("error", ["invalid_blocks", "msg_too_long", "msg_blocks_too_long"])
async def test_blocks_that_slack_refuses_become_plain_text(slack: ScriptedSlack, error: str) -> None:
    slack.script("chat.startStream", "unknown_method").script("chat.postMessage", error, {"ok": True, "ts": "11.1"})
    thread = Thread(slack)
    await thread.reply.show("one", "one")
    first, second = slack.called("chat.postMessage")
    assert "blocks" in first
    assert "blocks" not in second
    assert second["text"] == "one"
    assert thread.begun == ["11.1"]


@pytest.mark.parametrize("error", ["internal_error", "ratelimited", "fatal_error"])
async def test_slack_in_trouble_is_asked_again_later(slack: ScriptedSlack, error: str) -> None:
    slack.script("chat.startStream", "unknown_method").script("chat.postMessage", error)
    with pytest.raises(TryAgain):
        await Thread(slack).reply.show("one", "one")


@pytest.mark.parametrize("error", ["channel_not_found", "is_archived", "message_not_found", "not_in_channel"])
async def test_where_there_is_nowhere_to_reply_nothing_is_tried_again(slack: ScriptedSlack, error: str) -> None:
    slack.script("chat.startStream", error).script("chat.postMessage", error).script("chat.update", error)
    thread = Thread(slack)
    await thread.reply.show("one", "one")
    await thread.reply.finish(TAIL)
    assert thread.begun == []


async def test_a_status_that_slack_does_not_show_is_no_error(slack: ScriptedSlack) -> None:
    slack.script("assistant.threads.setStatus", "channel_type_not_supported")
    thread = Thread(slack)
    await thread.reply.status("is searching …" * 20)
    (call,) = slack.called("assistant.threads.setStatus")
    assert len(call["status"]) <= 100


# --- a reply that a former process began ---------------------------------------------------------


async def test_a_reply_begun_before_a_crash_is_completed_in_its_place(slack: ScriptedSlack) -> None:
    thread = Thread(slack, ts="10.6")
    await thread.reply.show("one", "one")
    await thread.reply.show("two", "two")
    assert slack.calls == []
    await thread.reply.finish(TAIL)
    assert slack.methods == ["chat.stopStream", "chat.update", "assistant.threads.setStatus"]
    assert thread.texts("chat.update") == ["one\ntwo\n"]
    assert slack.called("chat.update")[0]["ts"] == "10.6"
    assert thread.begun == []


async def test_a_finished_stream_is_no_hindrance_to_completing_a_reply(slack: ScriptedSlack) -> None:
    slack.script("chat.stopStream", "message_not_in_streaming_state")
    thread = Thread(slack, ts="10.6")
    await thread.reply.show("one", "one")
    await thread.reply.finish(TAIL)
    assert thread.texts("chat.update")[-1].strip() == "one"


# --- taking back ---------------------------------------------------------------------------------


async def test_an_answer_taken_back_shows_nothing_of_it(slack: ScriptedSlack) -> None:
    thread = Thread(slack)
    await thread.reply.show("a secret", "a secret")
    await thread.reply.withdraw("I took the answer back.")
    assert slack.methods[-2:] == ["chat.stopStream", "chat.update"]
    (update,) = slack.called("chat.update")
    assert update["text"] == "I took the answer back."
    assert "secret" not in str(update)


async def test_an_answer_taken_back_before_it_began_is_posted_as_words(slack: ScriptedSlack) -> None:
    thread = Thread(slack)
    await thread.reply.withdraw("I took the answer back.")
    assert slack.methods == ["chat.postMessage"]


async def test_pending_words_are_never_shown_after_taking_back(
    slack: ScriptedSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "SECONDS_BETWEEN", 3600.0)
    thread = Thread(slack)
    await thread.reply.show("one", "one")
    await thread.reply.show("a secret", "a secret")
    await thread.reply.withdraw("Gone.")
    assert "secret" not in str(slack.calls)


async def test_deleting_a_reply_that_never_began_does_nothing(slack: ScriptedSlack) -> None:
    await Thread(slack).reply.delete()
    assert slack.calls == []


async def test_an_answer_without_words_is_posted_as_its_tail(slack: ScriptedSlack) -> None:
    await Thread(slack).reply.finish(TAIL)
    (post,) = slack.called("chat.postMessage")
    assert post["blocks"] == TAIL
    assert post["text"] == "Searched `a.txt`."


async def test_a_long_answer_is_split_over_sections_and_cut_in_the_notification_only(slack: ScriptedSlack) -> None:
    thread = Thread(slack, ts="10.6")
    words = [f"sentence {number} " * 50 for number in range(20)]
    for word in words:
        await thread.reply.show(word, word)
    await thread.reply.finish(())
    (update,) = slack.called("chat.update")
    assert all(len(block["text"]["text"]) <= 3000 for block in update["blocks"])
    assert len(update["text"]) <= 3000
    assert all(f"sentence {number} " in thread.texts("chat.update")[0] for number in range(20))


# --- a private reply -----------------------------------------------------------------------------


class Hook:
    """A response_url that is told what to answer."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.bodies: list[dict[str, Any]] = []
        app = web.Application()
        app.router.add_post("/hook", self._receive)
        self.server = TestServer(app)

    async def _receive(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.json())
        return web.Response(status=self.status, text="ok")


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    made = Hook()
    await made.server.start_server()
    yield made
    await made.server.close()


def private(hook: Hook) -> PrivateReply:
    return PrivateReply(str(hook.server.make_url("/hook")))


async def test_a_private_reply_is_delivered_whole_and_to_the_asker_alone(hook: Hook) -> None:
    reply = private(hook)
    await reply.status("is searching …")
    await reply.show("one", "ONE")
    await reply.show("two", "TWO")
    assert hook.bodies == []
    await reply.finish(TAIL)
    (body,) = hook.bodies
    assert body["response_type"] == "ephemeral"
    assert body["blocks"][0]["text"]["text"] == "one\ntwo"
    assert body["blocks"][-1] == TAIL[0]


async def test_a_private_reply_taken_back_shows_only_why(hook: Hook) -> None:
    reply = private(hook)
    await reply.show("a secret", "a secret")
    await reply.withdraw("Gone.")
    assert "secret" not in str(hook.bodies)


async def test_a_private_reply_that_slack_could_not_take_is_tried_again(hook: Hook) -> None:
    hook.status = 503
    with pytest.raises(TryAgain):
        await private(hook).finish(TAIL)
