"""One reply for each question: streamed where Slack can, updated where it cannot, completed after a crash."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_sdk.errors import SlackApiError

from bot import blocks, delivery, pacing
from bot import replies as room
from bot.events import IncomingMessage
from bot.jobs import TryAgain
from bot.replies import NO_ANSWER, PrivateReply, QuestionGone, Reply
from bot.workspace.limits import check_blocks
from tests.bot.scripted_slack import ScriptedSlack

MESSAGE = IncomingMessage("T1", "C1", "channel", "U1", "10.5", "9.5", "How much?", ())
TAIL = [blocks.context("Searched `a.txt`.")]


class Thread:
    """A reply to `MESSAGE` over a scripted Slack, and what it told about its place."""

    def __init__(self, slack: ScriptedSlack, *existing: str, gone_from: int = 99, **more: Any) -> None:
        self.slack = slack
        self.begun: list[str] = []
        self.gone_from = gone_from
        self.reply = Reply(slack, MESSAGE, self._begun, existing, **more)

    async def _begun(self, ts: str, number: int) -> None:
        if number >= self.gone_from:
            raise QuestionGone
        self.begun[number:] = [ts]

    async def shows(self, *parts: str) -> None:
        for part in parts:
            await self.reply.show(part, part)

    @property
    def streamed(self) -> str:
        calls = [call for method, call in self.slack.calls if method in {"chat.appendStream", "chat.stopStream"}]
        return "".join(call.get("markdown_text", "") for call in calls)

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
    monkeypatch.setattr(pacing, "SECONDS_BETWEEN", 0.0)


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
    thread = Thread(slack, gone_from=0)
    with pytest.raises(QuestionGone):
        await thread.reply.show("one", "one")
    assert "chat.appendStream" not in slack.methods
    await thread.reply.delete()
    assert slack.methods[-2:] == ["chat.stopStream", "chat.delete"]


async def test_sentences_that_come_quickly_are_sent_together(
    slack: ScriptedSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacing, "SECONDS_BETWEEN", 3600.0)
    thread = Thread(slack)
    for word in ("one", "two", "three"):
        await thread.reply.show(word, word)
    assert thread.streamed == "one\n"
    await thread.reply.finish(TAIL)
    assert thread.streamed == "one\ntwo\nthree"
    assert len(slack.called("chat.appendStream")) == 1


async def test_a_stream_that_is_about_to_expire_is_closed_and_the_answer_goes_on_in_the_next(
    slack: ScriptedSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread = Thread(slack, more_label="(more)")
    await thread.shows("one")
    monkeypatch.setattr(room, "STREAM_LASTS_S", -1.0)
    await thread.shows("two")
    await thread.reply.finish(TAIL)
    assert slack.methods[:-1] == [
        *("chat.startStream", "chat.appendStream", "chat.stopStream"),
        *("chat.startStream", "chat.appendStream", "chat.stopStream"),
    ]
    assert thread.streamed == "one\n_(more)_\ntwo\n"
    first, second = slack.called("chat.stopStream")
    assert "blocks" not in first and second["blocks"] == TAIL
    assert thread.begun == [first["ts"], second["ts"]] == list(thread.reply.messages)


async def test_an_answer_that_is_too_long_for_one_message_goes_on_in_the_next(slack: ScriptedSlack) -> None:
    thread = Thread(slack)
    parts = [f"sentence {number} " + "x" * 1000 for number in range(25)]
    await thread.shows(*parts)
    await thread.reply.finish(TAIL)
    streams: dict[str, str] = {}
    for method, call in slack.calls:
        if method in {"chat.appendStream", "chat.stopStream"}:
            streams[call["ts"]] = streams.get(call["ts"], "") + call.get("markdown_text", "")
    assert len(streams) == 3 and list(streams) == thread.begun
    assert all(len(text) <= 10_000 for text in streams.values())
    assert [line for text in streams.values() for line in text.splitlines() if "continued" not in line] == parts
    assert [bool(call.get("blocks")) for call in slack.called("chat.stopStream")] == [False, False, True]


async def test_all_streams_together_keep_slacks_pace(slack: ScriptedSlack) -> None:
    appends = pacing.Appends(clock=lambda: 100.0)
    threads = [Thread(slack, appends=appends) for _ in range(30)]
    for thread in threads:
        await thread.shows("one", "two")
    assert len(slack.called("chat.appendStream")) == pacing.BURST
    for thread in threads:
        await thread.reply.finish()
    assert len(slack.called("chat.stopStream")) == 30
    assert "".join(thread.streamed for thread in threads[:1]).count("two") == 30


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
    assert thread.texts("chat.postMessage") == ["one\n"]
    assert thread.texts("chat.update")[-1].strip() == "one\ntwo"
    assert [call["blocks"][-1]["type"] for call in slack.called("chat.update")] == ["actions", "context"]
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


async def test_while_it_is_updated_a_message_shows_a_stop_button(slack: ScriptedSlack) -> None:
    slack.script("chat.startStream", "unknown_method")
    thread = Thread(slack, stop_label="Anhalten")
    await thread.shows("one")
    (stop,) = slack.called("chat.postMessage")[0]["blocks"][-1]["elements"]
    assert (stop["action_id"], stop["text"]["text"]) == (blocks.STOP, "Anhalten")
    assert json.loads(stop["value"]) == {"channel": "C1", "ts": "10.5"}
    await thread.reply.finish()
    assert blocks.STOP not in str(slack.called("chat.update")[-1])


@pytest.mark.parametrize("error", ["invalid_blocks", "msg_too_long", "msg_blocks_too_long", "some_new_error"])
async def test_blocks_that_slack_refuses_become_plain_text(slack: ScriptedSlack, error: str) -> None:
    slack.script("chat.startStream", "unknown_method").script("chat.postMessage", error, {"ok": True, "ts": "11.1"})
    thread = Thread(slack)
    await thread.reply.show("one", "one")
    first, second = slack.called("chat.postMessage")
    assert "blocks" in first
    assert "blocks" not in second
    assert second["text"] == "one"
    assert thread.begun == ["11.1"]


class ShortTextOnly(ScriptedSlack):
    """A Slack that takes no blocks and no long text; ``shown`` is what stands where."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: dict[str, str] = {}

    async def api_call(self, api_method: str, **request: Any) -> Any:  # type: ignore[override]
        answer = await super().api_call(api_method, **request)
        if api_method in {"chat.update", "chat.postMessage"}:
            call = self.calls[-1][1]
            if call.get("blocks") or len(call["text"]) > 1500:
                raise SlackApiError("refused", {"ok": False, "error": "invalid_arguments"})
            self.shown[call.get("ts") or answer["ts"]] = call["text"]
        return answer


async def test_an_answer_of_which_slack_takes_only_short_text_is_delivered_whole() -> None:
    slack = ShortTextOnly()
    thread = Thread(slack, "10.6")
    parts = [f"sentence {number} " + "word " * 60 for number in range(25)]
    await thread.shows(*parts)
    await thread.reply.finish(TAIL)
    assert list(slack.shown) == list(thread.reply.messages)
    assert "".join("".join(slack.shown.values()).split()) == "".join("".join([*parts, "Searched `a.txt`."]).split())


async def test_what_slack_refuses_in_every_form_is_tried_again(slack: ScriptedSlack) -> None:
    slack.script("chat.startStream", "unknown_method").script("chat.postMessage", "invalid_arguments")
    with pytest.raises(TryAgain):
        await Thread(slack).shows("one")
    assert len(slack.called("chat.postMessage")) == 3


async def test_a_message_that_may_not_be_changed_any_more_is_posted_anew(slack: ScriptedSlack) -> None:
    slack.script("chat.update", "edit_window_closed")
    thread = Thread(slack, "10.6")
    await thread.shows("one")
    (post,) = slack.called("chat.postMessage")
    assert post["text"] == "one" and slack.called("chat.delete")[0]["ts"] == "10.6"
    assert thread.begun == list(thread.reply.messages) != ["10.6"]


async def test_a_continuation_that_somebody_deleted_is_posted_anew(slack: ScriptedSlack) -> None:
    slack.script("chat.update", {"ok": True}, {"ok": True}, {"ok": True}, "message_not_found")
    thread = Thread(slack, "10.6", "10.7")
    await thread.shows("a" * 8000, "b" * 8000)
    await thread.reply.finish(TAIL)
    assert thread.reply.messages[0] == "10.6"
    assert "10.7" not in thread.reply.messages and len(thread.reply.messages) == 2


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


# --- a reply that stands already -----------------------------------------------------------------


async def test_a_reply_begun_before_a_crash_is_completed_in_its_place(slack: ScriptedSlack) -> None:
    thread = Thread(slack, "10.6")
    await thread.shows("one", "two")
    await thread.reply.finish(TAIL)
    assert slack.methods == [
        *("chat.stopStream", "chat.update", "chat.update", "chat.update", "assistant.threads.setStatus")
    ]
    assert thread.texts("chat.update") == ["one\n", "one\ntwo\n", "one\ntwo\n"]
    assert {call["ts"] for call in slack.called("chat.update")} == {"10.6"}
    assert thread.begun == []


async def test_updates_come_no_faster_than_slack_likes(slack: ScriptedSlack, monkeypatch: pytest.MonkeyPatch) -> None:
    thread = Thread(slack, "10.6", appends=pacing.Appends(clock=lambda: 100.0))
    await thread.shows("one")
    monkeypatch.setattr(pacing, "SECONDS_BETWEEN", 3600.0)
    await thread.shows("two", "three", "four")
    await thread.reply.finish(TAIL)
    assert [text.split() for text in thread.texts("chat.update")] == [
        *(["one"], ["one", "two"], ["one", "two", "three", "four"])
    ]


async def test_messages_that_stand_already_are_used_in_order_and_the_rest_deleted(slack: ScriptedSlack) -> None:
    thread = Thread(slack, "10.6", "10.7", "10.8", "10.9")
    await thread.shows("a" * 8000, "b" * 8000)
    assert thread.reply.messages == ("10.6", "10.7", "10.8", "10.9")
    await thread.reply.finish(TAIL)
    assert thread.reply.messages == ("10.6", "10.7")
    assert sorted(call["ts"] for call in slack.called("chat.delete")) == ["10.8", "10.9"]
    assert slack.called("chat.update")[-1]["ts"] == "10.7" and slack.called("chat.postMessage") == []


async def test_an_answer_that_outgrows_the_messages_that_stand_is_posted_on(slack: ScriptedSlack) -> None:
    thread = Thread(slack, "10.6")
    await thread.shows("a" * 8000, "b" * 8000)
    await thread.reply.finish(TAIL)
    (post,) = slack.called("chat.postMessage")
    assert "b" * 100 in str(post["blocks"])
    assert thread.reply.messages[0] == "10.6" and len(thread.reply.messages) == 2
    assert slack.called("chat.startStream") == []


async def test_a_finished_stream_is_no_hindrance_to_completing_a_reply(slack: ScriptedSlack) -> None:
    slack.script("chat.stopStream", "message_not_in_streaming_state")
    thread = Thread(slack, "10.6")
    await thread.reply.show("one", "one")
    await thread.reply.finish(TAIL)
    assert thread.texts("chat.update")[-1].strip() == "one"


async def test_a_reply_that_somebody_took_away_meanwhile_is_not_posted_again(slack: ScriptedSlack) -> None:
    slack.script("chat.update", "message_not_found")
    thread = Thread(slack, "10.6")
    await thread.shows("one", "two")
    await thread.reply.finish(TAIL)
    assert slack.called("chat.postMessage") == [] and len(slack.called("chat.update")) == 1


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
    monkeypatch.setattr(pacing, "SECONDS_BETWEEN", 3600.0)
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


async def test_taking_back_takes_the_continuations_away(slack: ScriptedSlack) -> None:
    thread = Thread(slack, "10.6", "10.7", "10.8")
    await thread.shows("a" * 8000, "b" * 8000)
    await thread.reply.withdraw("Gone.")
    assert thread.reply.messages == ("10.6",)
    assert sorted(call["ts"] for call in slack.called("chat.delete")) == ["10.7", "10.8"]
    assert slack.called("chat.update")[-1]["text"] == "Gone."


async def test_deleting_takes_every_message_away(slack: ScriptedSlack) -> None:
    thread = Thread(slack, gone_from=1)
    with pytest.raises(QuestionGone):
        await thread.shows("a" * 8000, "b" * 8000)
    places = thread.reply.messages
    await thread.reply.delete()
    assert len(places) == 2 and {call["ts"] for call in slack.called("chat.delete")} == set(places)
    assert thread.reply.messages == ()


# --- limits --------------------------------------------------------------------------------------


def bodies(slack: ScriptedSlack) -> list[dict[str, Any]]:
    return [call for method, call in slack.calls if method in {"chat.update", "chat.postMessage", "chat.stopStream"}]


async def test_a_long_answer_is_split_over_sections_and_cut_in_the_notification_only(slack: ScriptedSlack) -> None:
    thread = Thread(slack, "10.6")
    words = [f"sentence {number} " * 25 for number in range(20)]
    await thread.shows(*words)
    await thread.reply.finish(())
    update = slack.called("chat.update")[-1]
    assert all(len(block["text"]["text"]) <= 3000 for block in update["blocks"])
    assert len(update["text"]) <= 3000
    assert all(f"sentence {number} " in thread.texts("chat.update")[-1] for number in range(20))


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize("length", [500, 9_000, 9_900, 10_100, 60_000])
async def test_sources_are_never_cut_and_nothing_is_over_a_limit(
    slack: ScriptedSlack, length: int, streams: bool
) -> None:
    if not streams:
        slack.script("chat.startStream", "unknown_method")
    tail = [blocks.divider(), *(blocks.section(f"[{n}] {'source ' * 60}") for n in range(40)), *TAIL]
    thread = Thread(slack)
    await thread.shows(*[f"{number:05} " + "x" * 94 for number in range(length // 100)], "y" * (length % 100 or 1))
    await thread.reply.finish(tail)
    for call in bodies(slack):
        check_blocks(call.get("blocks", []))
        assert len(call.get("markdown_text", "")) <= 12_000 and len(call.get("text", "")) <= 3000
        assert delivery.text_length(call.get("blocks", [])) <= 11_000
    shown = [block for call in bodies(slack) for block in call.get("blocks", [])]
    last_seen = {json.dumps(block): place for place, block in enumerate(shown)}
    places = [last_seen[json.dumps(block)] for block in tail]
    assert places == sorted(places)


async def test_one_part_that_no_message_can_hold_is_spread_over_several_and_streams_no_more(
    slack: ScriptedSlack,
) -> None:
    code = "\n".join(f"line {number} <tag> & more" for number in range(1500))
    mrkdwn = f"```\n{blocks.escape(code)}\n```\n[1]"
    thread = Thread(slack)
    await thread.shows("one")
    await thread.reply.show(mrkdwn, f"```sh\n{code}\n```\n[1]")
    await thread.reply.finish(TAIL)
    final = {
        call.get("ts") or ts: call for call, ts in zip(slack.called("chat.postMessage"), thread.begun[1:], strict=True)
    }
    final |= {call["ts"]: call for call in slack.called("chat.update")}
    texts = ["\n".join(section(block) for block in call["blocks"]) for call in final.values()]
    assert all(text.count("```") % 2 == 0 for text in texts)
    assert re.findall(r"line (\d+) ", "".join(texts)) == [str(number) for number in range(1500)]
    for call in final.values():
        check_blocks(call["blocks"])


# --- a private reply -----------------------------------------------------------------------------


class Hook:
    """A response_url that is told what to answer: one status after the other, the last for good."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses) or [200]
        self.bodies: list[dict[str, Any]] = []
        app = web.Application()
        app.router.add_post("/hook", self._receive)
        self.server = TestServer(app)

    async def _receive(self, request: web.Request) -> web.Response:
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if status == 200:
            self.bodies.append(await request.json())
        return web.Response(status=status, text="ok" if status == 200 else "used_url")


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    made = Hook()
    await made.server.start_server()
    yield made
    await made.server.close()


def private(slack: ScriptedSlack, hook: Hook) -> PrivateReply:
    return PrivateReply(slack, MESSAGE, str(hook.server.make_url("/hook")))


async def test_a_private_reply_is_delivered_whole_and_to_the_asker_alone(slack: ScriptedSlack, hook: Hook) -> None:
    reply = private(slack, hook)
    await reply.status("is searching …")
    await reply.show("one", "ONE")
    await reply.show("two", "TWO")
    assert hook.bodies == []
    await reply.finish(TAIL)
    (body,) = hook.bodies
    assert body["response_type"] == "ephemeral"
    assert body["blocks"][0]["text"]["text"] == "one\ntwo"
    assert body["blocks"][-1] == TAIL[0]
    assert slack.calls == []


async def test_a_private_reply_taken_back_shows_only_why(slack: ScriptedSlack, hook: Hook) -> None:
    reply = private(slack, hook)
    await reply.show("a secret", "a secret")
    await reply.withdraw("Gone.")
    assert "secret" not in str(hook.bodies)


@pytest.mark.parametrize("status", [503, 429])
async def test_a_private_reply_that_slack_could_not_take_is_tried_again(
    slack: ScriptedSlack, hook: Hook, status: int
) -> None:
    hook.statuses = [status]
    with pytest.raises(TryAgain):
        await private(slack, hook).finish(TAIL)


async def test_a_private_reply_to_a_place_that_is_away_is_tried_again(slack: ScriptedSlack) -> None:
    with pytest.raises(TryAgain):
        await PrivateReply(slack, MESSAGE, "http://127.0.0.1:9/hook").finish(TAIL)


@pytest.mark.parametrize("status", [404, 410, 400, 403])
async def test_where_the_response_url_has_expired_the_asker_is_told_all_the_same(
    slack: ScriptedSlack, hook: Hook, status: int
) -> None:
    hook.statuses = [status]
    reply = private(slack, hook)
    await reply.show("one", "ONE")
    await reply.finish(TAIL)
    (call,) = slack.called("chat.postEphemeral")
    assert (call["channel"], call["user"], call["thread_ts"]) == ("C1", "U1", "9.5")
    assert call["blocks"][-1] == TAIL[0] and call["text"].startswith("one")


async def test_a_long_private_reply_comes_in_several_messages_each_once(slack: ScriptedSlack, hook: Hook) -> None:
    hook.statuses = [200, 200, 503]
    reply = private(slack, hook)
    parts = [f"{number:05} " + "x" * 994 for number in range(45)]
    for part in parts:
        await reply.show(part, part)
    await reply.finish(TAIL)
    sent = [*hook.bodies, *slack.called("chat.postEphemeral")]
    assert len(hook.bodies) == 2 and len(sent) == 5
    for body in sent:
        check_blocks(body["blocks"])
    assert re.findall(r"(\d{5}) x", str([body["blocks"] for body in sent])) == [part[:5] for part in parts]
    assert sent[-1]["blocks"][-1] == TAIL[0]


async def test_a_private_reply_that_slack_refuses_as_blocks_comes_as_text(slack: ScriptedSlack, hook: Hook) -> None:
    hook.statuses = [410]
    slack.script("chat.postEphemeral", "invalid_blocks", "msg_too_long", {"ok": True})
    reply = private(slack, hook)
    await reply.show("word " * 400, "")
    await reply.finish()
    whole, long, *short = slack.called("chat.postEphemeral")
    assert "blocks" in whole and "blocks" not in long and len(short) == 2
    assert "".join(call["text"] for call in short).split() == ["word"] * 400


async def test_a_private_reply_to_somebody_who_left_is_given_up(slack: ScriptedSlack, hook: Hook) -> None:
    hook.statuses = [410]
    slack.script("chat.postEphemeral", "user_not_in_channel")
    await private(slack, hook).finish(TAIL)
    assert len(slack.called("chat.postEphemeral")) == 1
