"""`inhouse doctor --live` against the local workspace: all is as assumed there, and each difference is noticed."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient

from bot.cli.doctor import doctor
from bot.cli.findings import FAIL, OK, SKIPPED, WARN, Finding
from bot.cli.live import examination, limits
from bot.cli.live.assumptions import ASSUMPTIONS
from bot.cli.live.examination import CHECKS, Wishes, examine
from bot.cli.live.line import LiveRefused
from bot.cli.live.pace import Pace
from bot.cli.live.people import OPEN_FORM
from bot.cli.live.verdicts import Check
from bot.settings import Settings, variable
from bot.workspace import sockets
from bot.workspace.arguments import Arguments
from bot.workspace.errors import ApiError
from bot.workspace.methods import chat
from bot.workspace.methods.registry import METHODS
from bot.workspace.server import Workspace
from bot.workspace.state import Message
from rag.errors import SettingsError
from tests.conftest import REPOSITORY

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy")
# Slack's times, shrunk; between any two that are compared there is room for a slow machine.
PACE = Pace(
    lasts_s=2.0,
    stream_s=4.0,
    append_every_s=0.5,
    between_appends_s=0.01,
    retry_s=4.0,
    first_retry_s=3.0,
    ack_s=0.2,
    event_s=5.0,
    settle_s=0.5,
    person_s=5.0,
    poll_s=0.1,
    between_posts_s=0.0,
)
# For runs that end in a difference whatever the machine does.
QUICK = replace(
    PACE, lasts_s=0.4, stream_s=0.8, append_every_s=0.1, retry_s=1.5, first_retry_s=0.5, event_s=1.0, settle_s=0.2
)
STREAM_LASTS_S, ACK_TIMEOUT_S = 4.0, 1.0

Handler = Callable[..., Awaitable[dict[str, Any]]]


@dataclass
class Lab:
    """A workspace with Ana in #test, whom a test may have do things, and what the doctor printed."""

    place: Workspace
    monkeypatch: pytest.MonkeyPatch
    told: list[str] = field(default_factory=list)
    seen: list[Finding] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        tokens = {"slack_bot_token": self.place.bot_token, "slack_app_token": self.place.app_token}
        return Settings.load(env_file=None, slack_api_url=self.place.api_url, **tokens)

    async def examine(
        self, *ids: str, channel: str = "test", pace: Pace = PACE, unattended: bool = False, keep: bool = False
    ) -> dict[str, Finding]:
        """Run the checks that see ``ids``, or all."""
        checks = [check for check in CHECKS if not ids or set(ids) & set(check.ids)]
        wishes = Wishes(channel, unattended, keep, self.seen.append, self.told.append, pace)
        findings = await examine(self.settings, wishes, checks)
        assert findings == self.seen
        assert sorted(found.check for found in findings) == sorted(i for check in checks for i in check.ids)
        return {found.check: found for found in findings}

    def ours(self) -> list[Message]:
        """Every message of the bot's that still stands."""
        messages = self.place.core.state.channel_named("test").messages.values()
        return [message for message in messages if message.is_bot and not message.tombstone]

    # --- how the workspace is made to differ from Slack ------------------------------------------

    def wrap(self, method: str, around: Callable[[Handler, Any, Arguments], Awaitable[dict[str, Any]]]) -> None:
        """Put ``around`` between the doctor and a method."""
        real = METHODS[method]
        handler = functools.partial(around, real.handler)
        self.monkeypatch.setitem(METHODS, method, replace(real, handler=handler))

    def answer(self, method: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Change what a method answers."""

        async def changed(real: Handler, core: Any, args: Arguments) -> dict[str, Any]:
            body = json.loads(json.dumps(await real(core, args)))
            change(body)
            return body

        self.wrap(method, changed)

    def reads(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Change every message that is read back."""
        self.answer("conversations.replies", lambda body: [change(message) for message in body["messages"]])

    def refuse(self, method: str, code: str, when: Callable[[Arguments], bool] = lambda _args: True) -> None:
        """Have a method refuse."""

        async def refused(real: Handler, core: Any, args: Arguments) -> dict[str, Any]:
            if when(args):
                raise ApiError(code)
            return await real(core, args)

        self.wrap(method, refused)

    def leave_out(self, method: str, **values: str) -> None:
        """Have a method take other values than it was given."""

        async def shortened(real: Handler, core: Any, args: Arguments) -> dict[str, Any]:
            return await real(core, Arguments(args.values | values))

        self.wrap(method, shortened)

    def events(self, change: Callable[[str, dict[str, Any]], dict[str, Any] | None]) -> None:
        """Change or drop (None) every event."""
        real = self.place.core.events.send

        def send(subscription: str, event: dict[str, Any]) -> None:
            changed = change(subscription, dict(event))
            if changed is not None:
                real(subscription, changed)

        self.monkeypatch.setattr(self.place.core.events, "send", send)

    # --- the person --------------------------------------------------------------------------------

    async def request(self, begins: str, timeout_s: float = 8.0) -> Message:
        """A message of the bot's with these words, once it stands."""

        def look() -> Message | None:
            return next((message for message in self.ours() if begins in message.text), None)

        return await self.place.wait_for(look, timeout_s)

    async def post_a_file(self) -> None:
        await self.request("mention the bot")
        await self.place.post("ana", "test", "@inhouse here", files=[("note.txt", b"The rent is 5 euros.")])

    async def press_stop(self) -> None:
        await self.place.stop_stream("ana", await self.request("This answer is being written until"))

    async def send_the_form(self) -> None:
        message = await self.request("press the button")
        assert "error" not in await self.place.click("ana", "test", message.ts, OPEN_FORM)
        modals = self.place.core.state.modals
        view_id = await self.place.wait_for(lambda: next(iter(modals), None))
        await self.place.submit_view("ana", view_id, {})

    async def give_the_command(self) -> None:
        await self.request("/inhouse help")
        await self.place.slash("ana", "test", "/inhouse", "help")

    async def see_nothing_right(self) -> None:
        await asyncio.gather(*(self.say(words, "-1") for words in EYES))

    async def say(self, begins: str, name: str) -> None:
        await self.place.react("ana", await self.request(begins), name)


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (*map(variable, Settings.model_fields), "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", *PROXIES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
async def lab(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lab]:
    place = Workspace(ack_timeout_s=ACK_TIMEOUT_S, stream_lasts_s=STREAM_LASTS_S)
    await place.start()
    await place.add_user("ana")
    await place.add_channel("test", ["ana"])
    yield Lab(place, monkeypatch)
    await place.stop()


EYES = ("thumbs up if you see the line", "nothing in them is coloured", "look at the message")


async def test_everything_that_the_workspace_does_is_as_assumed(lab: Lab) -> None:
    people = [lab.post_a_file(), lab.press_stop(), lab.send_the_form(), lab.say("/inhouse help", "+1")]
    people += [lab.say(words, "+1") for words in EYES]
    found, *_ = await asyncio.gather(lab.examine(), *people)
    assert set(found) == set(ASSUMPTIONS)
    # only ordinary files can be shared there
    assert {i: f.text for i, f in found.items() if f.state != OK} == {"file-modes": "Only ordinary files were shared."}
    assert lab.ours() == []
    assert sum("Please" in line for line in lab.told) == 7
    assert re.search(r"\+\d\.\d s \(attempt 1, timeout\)", found["redelivery-schedule"].text)


async def test_unattended_nothing_is_asked_and_all_else_is_tried(lab: Lab) -> None:
    stream_for(0.6)(lab)
    found = await lab.examine(pace=QUICK, unattended=True)
    for_people = {i for check in CHECKS if check.needs_person for i in check.ids}
    assert {i for i, f in found.items() if f.state == SKIPPED} == for_people
    assert not any("Please" in line for line in lab.told)


async def test_what_nobody_does_is_skipped(lab: Lab) -> None:
    ids = [i for check in CHECKS if check.needs_person for i in check.ids]
    found = await lab.examine(*ids, pace=replace(QUICK, person_s=0.5))
    assert {f.state for f in found.values()} == {SKIPPED}
    assert lab.ours() == []


# --- each check can fail ---------------------------------------------------------------------------


def rich_mention(message: dict[str, Any]) -> None:
    """Markdown whose mention calls somebody."""
    if any(block["type"] == "markdown" for block in message.get("blocks", ())):
        section = {"type": "rich_text_section", "elements": [{"type": "user", "user_id": "U1"}]}
        message["blocks"] = [{"type": "rich_text", "elements": [section]}]


def unescaped(message: dict[str, Any]) -> None:
    for block in message.get("blocks", ()):
        if block["type"] == "section":
            block["text"]["text"] = block["text"]["text"].replace("&lt;", "<").replace("&gt;", ">")


def auto_linked(message: dict[str, Any]) -> None:
    for block in message.get("blocks", ()):
        if block["type"] == "section" and "docs.slack.dev" in block["text"]["text"]:
            block["text"]["text"] = f"<{block['text']['text']}>"


def renumbered(message: dict[str, Any]) -> None:
    for block in message.get("blocks", ()):
        block["block_id"] = "Xy1z"


def without(event: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name != key}


def dropped(wanted: Callable[[dict[str, Any]], bool]) -> Callable[[str, dict[str, Any]], dict[str, Any] | None]:
    return lambda _subscription, event: None if wanted(event) else event


def is_tombstone(event: dict[str, Any]) -> bool:
    return (event.get("message") or {}).get("subtype") == "tombstone"


def no_form_may_be_answered(lab: Lab) -> None:
    deliver = lab.place.core.hub.deliver

    def plainly(envelope: Any) -> None:
        envelope.accepts_response = False
        deliver(envelope)

    lab.monkeypatch.setattr(lab.place.core.hub, "deliver", plainly)


async def accepted(_real: Handler, _core: Any, args: Arguments) -> dict[str, Any]:
    return {"ts": args.text("ts")}


async def any_recipient(real: Handler, core: Any, args: Arguments) -> dict[str, Any]:
    somebody = {"recipient_user_id": "U1", "recipient_team_id": "T1"}
    return await real(core, Arguments(somebody | args.values))


async def not_shared(_real: Handler, _core: Any, _args: Arguments) -> dict[str, Any]:
    return {"files": []}


def has_blocks(args: Arguments) -> bool:
    return bool(args.json("blocks"))


def changed_info(**change: Any) -> Callable[[Lab], None]:
    return lambda lab: lab.answer("files.info", lambda body: body["file"].update(change))


def preview(lab: Lab) -> None:
    lab.reads(lambda message: message.update(attachments=[{"from_url": "https://docs.slack.dev/"}]))


def stream_for(seconds: float) -> Callable[[Lab], None]:
    return lambda lab: setattr(lab.place.core, "stream_lasts_s", seconds)


def ack_within(seconds: float) -> Callable[[Lab], None]:
    return lambda lab: setattr(lab.place.core.hub, "ack_timeout_s", seconds)


def nothing(_lab: Lab) -> None:
    """It is the person who does something else."""


# What is altered for each assumption so that it does not hold.
ALTERED: dict[str, Callable[[Lab], Any]] = {
    "stream-start": lambda lab: lab.refuse("chat.startStream", "channel_type_not_supported"),
    "stream-recipient": lambda lab: lab.wrap("chat.startStream", any_recipient),
    "stream-lasts": stream_for(0.2),
    "stream-silence": stream_for(0.2),
    "stream-expiry": stream_for(60.0),
    "stream-completed": lambda lab: (stream_for(0.6)(lab), lab.refuse("chat.update", "cant_update_message")),
    "stream-found": lambda lab: lab.reads(lambda message: message.update(user="USLACKBOT")),
    "stream-open-update": lambda lab: lab.wrap("chat.update", accepted),
    "stream-tail": lambda lab: lab.refuse("chat.stopStream", "invalid_blocks", has_blocks),
    "stream-update": lambda lab: lab.refuse("chat.update", "edit_window_closed"),
    "append-rate": lambda lab: lab.place.fault("chat.appendStream", error="ratelimited"),
    "stream-fences": lambda lab: lab.refuse("chat.stopStream", "invalid_blocks"),
    "stream-length": lambda lab: lab.place.fault("chat.appendStream", error="msg_too_long"),
    "update-whole": lambda lab: lab.place.fault("chat.update", error="msg_blocks_too_long"),
    "update-4000": lambda lab: lab.leave_out("chat.update", text="cut"),
    "total-fits": lambda lab: lab.refuse("chat.postMessage", "msg_blocks_too_long", has_blocks),
    "total-13200": lambda lab: lab.leave_out("chat.postMessage", blocks="[]"),
    "blocks-50": lambda lab: lab.leave_out("chat.postMessage", blocks="[]"),
    "markdown-expanded": lambda lab: lab.leave_out("chat.postMessage", blocks="[]"),
    "markdown-12000": lambda lab: lab.leave_out("chat.postMessage", blocks="[]"),
    "post-40000": lambda lab: lab.monkeypatch.setattr(chat, "POST_CHARS", 10**6),
    "block-id": lambda lab: lab.reads(renumbered),
    "history-rate": lambda lab: lab.place.fault("conversations.replies", error="ratelimited"),
    "quiet-stream": lambda lab: lab.reads(rich_mention),
    "quiet-markdown": lambda lab: lab.reads(rich_mention),
    "quiet-section": lambda lab: lab.reads(unescaped),
    "verbatim": lambda lab: lab.reads(auto_linked),
    "unfurl-stream": preview,
    "unfurl-below": preview,
    "unfurl-post": preview,
    "unfurl-update": preview,
    "redelivery": lambda lab: lab.monkeypatch.setattr(sockets, "MOST_RETRIES", 0),
    "redelivery-schedule": ack_within(0.9),
    "ack-late": ack_within(0.05),
    "own-events": lambda lab: lab.events(lambda _subscription, event: without(event, "bot_id")),
    "status-channel": lambda lab: lab.refuse("assistant.threads.setStatus", "channel_type_not_supported"),
    "delete-event": lambda lab: lab.events(dropped(lambda event: event.get("subtype") == "message_deleted")),
    "tombstone": lambda lab: lab.events(dropped(is_tombstone)),
    "mention-files": lambda lab: lab.events(
        lambda subscription, event: without(event, "files") if subscription == "app_mention" else event
    ),
    "mention-events": lambda lab: lab.events(dropped(lambda event: event["type"] == "file_shared")),
    "file-permalink": changed_info(permalink=""),
    "file-download": changed_info(size=7),
    "file-modes": changed_info(mode="hologram"),
    "upload-share": lambda lab: lab.wrap("files.completeUploadExternal", not_shared),
    "file-tombstone": lambda lab: lab.reads(lambda message: message.update(files=[{"mode": "hosted"}])),
    "stop-event": lambda lab: lab.events(lambda _subscription, event: without(event, "streaming_message_ts")),
    "stop-refuses": lambda lab: lab.wrap("chat.appendStream", accepted),
    "slash-thread": nothing,
    "form-answer": no_form_may_be_answered,
    "seen-status": nothing,
    "seen-quiet": nothing,
    "seen-phone": nothing,
}
# What the person does meanwhile.
DONE: dict[str, Callable[[Lab], Awaitable[None]]] = {
    **dict.fromkeys(("mention-files", "mention-events", "file-permalink", "file-download"), Lab.post_a_file),
    "file-modes": Lab.post_a_file,
    "stop-event": Lab.press_stop,
    "stop-refuses": Lab.press_stop,
    "slash-thread": Lab.give_the_command,
    "form-answer": Lab.send_the_form,
    **dict.fromkeys(("seen-status", "seen-quiet", "seen-phone"), Lab.see_nothing_right),
}


async def idle(_lab: Lab) -> None:
    """Nobody does anything."""


def test_every_assumption_is_altered_once() -> None:
    assert set(ALTERED) == set(ASSUMPTIONS)


@pytest.mark.parametrize("assumption", ALTERED)
async def test_a_slack_that_differs_is_noticed(lab: Lab, assumption: str) -> None:
    ALTERED[assumption](lab)
    pace = replace(QUICK, person_s=2.0)
    found, _ = await asyncio.gather(lab.examine(assumption, pace=pace), DONE.get(assumption, idle)(lab))
    row = ASSUMPTIONS[assumption]
    assert found[assumption].state == (WARN if row.survives else FAIL), found[assumption].text
    assert found[assumption].text.startswith("Differs from: ")
    assert found[assumption].mend == row.change


async def test_streams_that_end_by_silence_are_told_from_those_that_end_by_age(lab: Lab) -> None:
    async def renewed(real: Handler, core: Any, args: Arguments) -> dict[str, Any]:
        message = core.state.channel_named("test").messages[args.text("ts")]
        body = await real(core, args)
        message.stream_started = asyncio.get_running_loop().time()
        return body

    lab.wrap("chat.appendStream", renewed)
    stream_for(1.0)(lab)
    found = await lab.examine("stream-expiry", pace=replace(PACE, lasts_s=0.5, stream_s=1.0, append_every_s=0.1))
    assert found["stream-expiry"].state == WARN
    assert "Streams end by silence" in found["stream-expiry"].text


async def test_a_repeat_under_another_event_id_is_noticed(lab: Lab) -> None:
    give_back = lab.place.core.hub._give_back

    def renamed(envelope: Any, **more: Any) -> None:
        envelope.payload = envelope.payload | {"event_id": "EvOther"}
        give_back(envelope, **more)

    lab.monkeypatch.setattr(lab.place.core.hub, "_give_back", renamed)
    ack_within(0.2)(lab)
    found = await lab.examine("redelivery", pace=QUICK)
    assert found["redelivery"].state == FAIL
    assert "another event_id" in found["redelivery"].text


async def test_what_slack_keeps_from_being_seen_is_no_success(lab: Lab) -> None:
    lab.refuse("chat.startStream", "internal_error")
    found = await lab.examine("stream-lasts", pace=QUICK)
    assert {f.state for f in found.values()} == {WARN}
    assert all("internal_error" in f.text and f.mend for f in found.values())


# --- manners ---------------------------------------------------------------------------------------


async def test_with_keep_the_messages_stay(lab: Lab) -> None:
    await lab.examine("post-40000", pace=QUICK, keep=True)
    assert len(lab.ours()) == 3


async def test_cut_off_it_still_takes_its_messages_away(lab: Lab) -> None:
    running = asyncio.create_task(lab.examine(pace=PACE))
    await lab.place.wait_for(lambda: len(lab.ours()) > 10)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert lab.ours() == []
    assert not lab.place.is_connected


async def test_messages_that_cannot_be_deleted_are_said(lab: Lab) -> None:
    lab.refuse("chat.delete", "cant_delete_message")
    await lab.examine("post-40000", pace=QUICK)
    assert any("could not be deleted" in line for line in lab.told)


async def test_what_belongs_to_other_channels_is_left_for_the_bot(lab: Lab) -> None:
    await lab.place.add_channel("work", ["ana"])

    async def ask_elsewhere() -> dict[str, Any]:
        await lab.place.wait_for(lambda: lab.place.is_connected)
        await lab.place.post("ana", "work", "@inhouse What is the rent?")
        return await lab.place.slash("ana", "work", "/ask", "What is the rent?")

    _, answer = await asyncio.gather(lab.examine("ack-late", pace=QUICK), ask_elsewhere())
    assert "try again in a few minutes" in answer["text"]
    assert "app_mention" in [name for name, _, _ in lab.place.deliveries]
    assert "app_mention" not in [ack.name for ack in lab.place.acks]


async def test_no_event_of_the_channel_is_left_over(lab: Lab) -> None:
    """All but the one that is left unacknowledged on purpose."""
    await lab.examine("own-events", "delete-event", pace=QUICK)
    await lab.place.wait_for(lambda: lab.place.core.hub.is_idle or not lab.place.is_connected)
    assert lab.place.core.hub.lost == []


# --- what keeps it from beginning ----------------------------------------------------------------


async def refused(lab: Lab, channel: str = "test") -> str:
    with pytest.raises((LiveRefused, SettingsError)) as caught:
        await lab.examine("ack-late", channel=channel, pace=QUICK)
    assert lab.ours() == []
    return caught.value.user_message


async def test_a_channel_that_is_not_there_is_one_sentence(lab: Lab) -> None:
    assert "sees no channel called nowhere" in await refused(lab, "#nowhere")
    assert "sees no channel called C0AAAAAAAAA" in await refused(lab, "C0AAAAAAAAA")


async def test_a_channel_without_the_bot_is_one_sentence(lab: Lab) -> None:
    await lab.place.add_channel("alone", ["ana"], with_bot=False)
    assert "/invite @inhouse" in await refused(lab, "alone")


async def test_a_private_channel_without_the_bot_is_one_sentence(lab: Lab) -> None:
    await lab.place.add_channel("secret", ["ana"], is_private=True, with_bot=False)
    assert "sees no channel called secret" in await refused(lab, "secret")


async def test_a_direct_message_is_not_enough(lab: Lab) -> None:
    direct = await lab.place.open_dm("ana")
    assert "not a direct message" in await refused(lab, direct.id)


async def test_a_channel_shared_with_another_company_is_not_used(lab: Lab) -> None:
    lab.answer("conversations.list", lambda body: [channel.update(is_ext_shared=True) for channel in body["channels"]])
    assert "shared with another company" in await refused(lab)


async def test_a_channel_is_found_by_its_id_and_with_or_without_a_hash(lab: Lab) -> None:
    channel = lab.place.core.state.channel_named("test")
    for name in (channel.id, "#test", "test"):
        lab.seen.clear()
        assert (await lab.examine("history-rate", channel=name, pace=QUICK))["history-rate"].state == OK


async def test_a_bot_that_still_runs_is_noticed(lab: Lab) -> None:
    other = SocketModeClient(lab.place.app_token, web_client=AsyncWebClient(base_url=lab.place.api_url))
    await other.connect_to_new_endpoint()
    await lab.place.wait_for(lambda: lab.place.is_connected)
    assert "stop `inhouse run` first" in await refused(lab)
    await other.close()
    await asyncio.sleep(0)


async def test_a_channel_where_the_bot_may_not_post_is_one_sentence(lab: Lab) -> None:
    lab.refuse("chat.postMessage", "restricted_action")
    assert "may not post in #test: restricted_action" in await refused(lab)


# --- the command ---------------------------------------------------------------------------------


@pytest.fixture
def shell(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """The same workspace for the command, which then makes one quick check only."""
    monkeypatch.setenv("INHOUSE_SLACK_BOT_TOKEN", lab.place.bot_token)
    monkeypatch.setenv("INHOUSE_SLACK_APP_TOKEN", lab.place.app_token)
    monkeypatch.setenv("INHOUSE_SLACK_API_URL", lab.place.api_url)
    one: list[Check] = [limits.CHECKS[-1]]
    monkeypatch.setattr(examination, "examine", functools.partial(examine, checks=one))
    return lab


async def command(*arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, doctor, arguments)


async def test_json_is_one_object_on_standard_output(shell: Lab) -> None:
    result = await command("--live", "test", "--json", "--unattended")
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) == 1
    said = json.loads(result.stdout)
    assert said["ok"] is True
    assert [found["check"] for found in said["findings"]] == ["history-rate"]
    assert "minutes" in result.stderr


async def test_a_difference_makes_the_exit_status_1(shell: Lab) -> None:
    shell.place.fault("conversations.replies", error="ratelimited")
    result = await command("--live", "test")
    assert result.exit_code == 1
    assert "WRONG    history-rate" in result.stdout
    assert "0 of 1 assumptions held" in result.stdout


async def test_missing_tokens_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    result = await command("--live", "test")
    assert isinstance(result.exception, SettingsError)
    assert "INHOUSE_SLACK_BOT_TOKEN is not set" in result.exception.user_message


def test_unattended_and_keep_mean_nothing_without_live() -> None:
    result = CliRunner().invoke(doctor, ["--unattended"])
    assert result.exit_code == 2
    assert "go with --live" in result.output


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
async def test_ctrl_c_leaves_no_message_behind(lab: Lab, number: signal.Signals, tmp_path: Path) -> None:
    tokens = {"INHOUSE_SLACK_BOT_TOKEN": lab.place.bot_token, "INHOUSE_SLACK_APP_TOKEN": lab.place.app_token}
    environment = {**os.environ, **tokens, "INHOUSE_SLACK_API_URL": lab.place.api_url, "PYTHONPATH": str(REPOSITORY)}
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.cli", "doctor", "--live", "test", "--unattended"),
        cwd=tmp_path,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),  # a shell has what it starts behind ignore Ctrl-C
    )
    await lab.place.wait_for(lambda: len(lab.ours()) > 4, 60)
    running.send_signal(number)
    output = await running.communicate()
    assert running.returncode not in {0, None}, output
    assert b"Traceback" not in output[1]
    assert lab.ours() == []


# --- the table -----------------------------------------------------------------------------------

# What the facts call unverified, and the rows that try it.
UNVERIFIED = {
    "exact retry schedule": ("redelivery", "redelivery-schedule"),
    "idle vs absolute stream expiry": ("stream-expiry", "stream-silence", "stream-lasts"),
    "mention parsing and unfurling in `markdown`/stream content": (
        *("quiet-stream", "quiet-markdown", "unfurl-stream", "unfurl-below"),
    ),
    "whether mention+file always yields `files`": ("mention-files",),
    "slash commands in threads": ("slash-thread",),
}
# Words of the facts' lines marked [M], from memory.
FROM_MEMORY = {
    "view_submission true": ("form-answer",),
    "rest M]": ("file-modes", "file-tombstone"),
    "Slack does not offer commands in threads": ("slash-thread",),
    "the share message appears asynchronously": ("upload-share",),
    "postMessage text truncates >40,000": ("post-40000",),
}
NOT_OURS = ("from memory, unverified", "Slack-style incoming webhooks")  # the legend, and another product


@pytest.fixture
def facts(shared_data: Path) -> str:
    path = shared_data.parent / "facts" / "slack.md"
    if not path.is_file():
        pytest.skip("the notes on Slack are not here")
    return path.read_text(encoding="utf-8")


def test_all_that_the_notes_call_unverified_is_in_the_table(facts: str) -> None:
    paragraph = next(line for line in facts.splitlines() if line.startswith("**Unverified"))
    named = [part.strip(" .") for part in paragraph.partition(": ")[2].split(";")]
    assert named == list(UNVERIFIED)
    assert {i for ids in UNVERIFIED.values() for i in ids} <= set(ASSUMPTIONS)


def test_all_that_the_notes_have_from_memory_is_in_the_table(facts: str) -> None:
    marked = [line for line in facts.splitlines() if re.search(r"\[(?:[A-Z]; |[^\[\]]*rest )?M\]|\*\*\[M\]\*\*", line)]
    known = (*FROM_MEMORY, *NOT_OURS)
    for line in marked:
        assert any(words in line for words in known), line
    assert all(any(words in line for line in marked) for words in FROM_MEMORY)
    assert {i for ids in FROM_MEMORY.values() for i in ids} <= set(ASSUMPTIONS)


def test_every_assumption_is_tried_by_exactly_one_check() -> None:
    assert sorted(i for check in CHECKS for i in check.ids) == sorted(ASSUMPTIONS)


@pytest.mark.parametrize("row", ASSUMPTIONS.values(), ids=lambda row: row.id)
def test_an_assumption_names_code_that_is_there(row: Any) -> None:
    path, _, name = row.rests_on.partition(": ")
    assert name in (REPOSITORY / path).read_text(encoding="utf-8"), row.rests_on
    for named in re.findall(r"(?:bot|rag)/[\w/]+\.py", row.change):
        assert (REPOSITORY / named).is_file(), named
    assert row.source
    assert row.change


def test_the_page_about_it_shows_the_table() -> None:
    text = (REPOSITORY / "docs" / "live.md").read_text(encoding="utf-8")
    for row in ASSUMPTIONS.values():
        assert f"| `{row.id}` | {row.claim} | {row.source} | `{row.rests_on}` |" in text, row.id
