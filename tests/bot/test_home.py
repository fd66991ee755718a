"""The Home tab: who sees what, within Slack's limits, whatever the files are called and whatever fails."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from bot import channel_modal, home_view
from bot.access import Access
from bot.channel_modal import Refused
from bot.channels import Channels, ChannelSettings
from bot.home import Change, Home, Installation, ModelFacts
from bot.jobs import Running, TryAgain
from bot.membership import Membership
from bot.overview import ChannelFacts, Overview, Question
from bot.pane import Pane
from bot.people import People
from bot.records import Job, Records
from bot.schema import MIGRATIONS
from bot.texts import texts_for
from bot.workspace.limits import check_blocks
from bot.workspace.live_parts import live_parts
from bot.workspace.state import Message
from rag.database import Database
from rag.store import MIGRATIONS as RAG_MIGRATIONS
from tests.bot.scripted_slack import ScriptedSlack

TEAM, ANA, BEN, GIL, BOT = "T1", "UANA", "UBEN", "UGIL", "UBOT"  # Ana administers, Gil is a guest
LAB, SECRET, BENS_DM = "CLAB", "GSECRET", "DBEN"
URL = "https://helios.slack.com/"
NOW = time.time()


class Town(ScriptedSlack):
    """A Slack that knows three people, a public and a private channel, and Ben's direct messages."""

    def __init__(self) -> None:
        super().__init__()
        self.locale = "en-US"
        self.public = {LAB}
        self.members = {LAB: [ANA, BEN, GIL, BOT], SECRET: [BEN, GIL, BOT], BENS_DM: [BEN, BOT]}

    async def api_call(self, api_method: str, **request: Any) -> Any:  # type: ignore[override]
        arguments = {**(request.get("params") or {}), **(request.get("json") or {})}
        if self._script[api_method] or api_method not in {"users.info", "conversations.info", "conversations.members"}:
            return await super().api_call(api_method, **request)
        self.calls.append((api_method, arguments))
        if api_method == "users.info":
            return {"user": self._user(arguments["user"])}
        channel = arguments["channel"]
        if channel not in self.members:
            raise SlackApiError("gone", {"ok": False, "error": "channel_not_found"})
        if api_method == "conversations.info":
            is_public = channel in self.public
            return {"channel": {"id": channel, "is_channel": is_public, "is_private": not is_public, "is_member": True}}
        return {"members": self.members[channel]}

    def _user(self, user: str) -> dict[str, Any]:
        return {
            "id": user,
            "team_id": TEAM,
            "locale": self.locale,
            "is_admin": user == ANA,
            "is_restricted": user == GIL,
        }


class Forgetful:
    """Remembers what it was asked to forget."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str, str | None]] = []

    async def forget_file(self, team: str, channel: str, file_id: str, user: str | None = None) -> None:
        self.asked.append((team, channel, file_id, user))


@pytest.fixture(scope="module")
def whole_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder = tmp_path_factory.mktemp("home")
    with Database(folder / "inhouse.db", [RAG_MIGRATIONS, MIGRATIONS]) as database:
        yield database


@pytest.fixture
def records(whole_database: Database) -> Records:
    def empty(db: Any) -> None:
        for table in (
            "turns",
            "shares",
            "threads",
            "feedback",
            "channels",
            "receipts",
            "contexts",
            "jobs",
            "documents",
        ):
            db.execute(f"delete from {table}")

    whole_database.write(empty)
    return Records(whole_database)


@pytest.fixture
def slack() -> Town:
    return Town()


@pytest.fixture
def home(slack: Town, records: Records, tmp_path: Path) -> Home:
    channels = Channels(records)
    people = People(slack, channels, TEAM)
    access = Access(slack, channels, people, Membership(slack))
    pane = Pane(slack, BOT, records, people, access)
    installation = Installation(BOT, URL, tmp_path, ModelFacts("SmolLM2-135M-Instruct", True, NOW))
    overview = Overview(records)
    return Home(slack, installation, overview, people, channels, access, Forgetful(), pane)


async def share(records: Records, user: str, channel: str, name: str, file_id: str = "F1", **more: Any) -> None:
    row = {
        **{"team": TEAM, "channel": channel, "file_id": file_id, "message_ts": "1700000000.000100", "user": user},
        **{"thread_ts": "1700000000.000100", "name": name, "permalink": f"{URL}files/{user}/{file_id}/x"},
        **{"document_id": 1, "state": "read", "note": "6 pages", "shared_at": NOW},
    }
    await records.write(lambda db: db.table("shares").insert(row | more))


async def asked(records: Records, user: str, channel: str, question: str, outcome: str | None, **more: Any) -> None:
    ts = f"17000000{len(question) % 90 + 10:02}.{abs(hash((question, channel))) % 10**6:06}"
    row = {
        **{"team": TEAM, "channel": channel, "thread_ts": ts, "message_ts": ts, "user": user, "widened": 0},
        **{"reply_ts": ts.replace("17", "18", 1), "question": question, "answer": "x", "outcome": outcome},
        **{"files": "[]", "created_at": NOW - 60, "answered_at": NOW - 50, "seconds": 2.0},
    }
    await records.write(lambda db: db.table("turns").insert(row | more))


async def page(home: Home, slack: Town, user: str) -> str:
    """What ``user`` sees, as JSON with its characters as they are; it keeps Slack's limits."""
    await home.publish(TEAM, user)
    return shown(slack)


def view_of(slack: Town) -> dict[str, Any]:
    view = slack.called("views.publish")[-1]["view"]
    return json.loads(view) if isinstance(view, str) else view


def shown(slack: Town) -> str:
    view = view_of(slack)
    check_blocks(view["blocks"], most=100)
    return json.dumps(view, ensure_ascii=False)


def job(kind: str, payload: dict[str, Any]) -> Running:
    return Running(Job(1, kind, kind, kind, "", payload, 0))


# --- what everybody sees -------------------------------------------------------------------------


async def test_newcomer_is_told_the_ways_in_the_model_and_the_privacy_statement(home: Home, slack: Town) -> None:
    seen = await page(home, slack, BEN)
    for words in (f"<@{BOT}>", "`/ask`", "`/inhouse`", "`quiet here`", "no file yet", "asked me nothing yet"):
        assert words in seen
    assert "SmolLM2-135M-Instruct" in seen and "small trial model" in seen
    assert "there is no telemetry" in seen


async def test_page_speaks_the_persons_language(home: Home, slack: Town) -> None:
    slack.locale = "de-DE"
    seen = await page(home, slack, ANA)
    for words in ("Deine Dateien", "Datenschutz", "Wie es mir geht", "Ohne Antwort geblieben"):
        assert words in seen
    assert "Your files" not in seen and "Settings" not in seen


async def test_own_files_and_questions_are_listed_with_links_and_nobody_elses(
    home: Home, slack: Town, records: Records
) -> None:
    await share(records, BEN, LAB, "lease.pdf")
    await share(records, ANA, LAB, "salaries.xlsx", "F2")
    await asked(records, BEN, LAB, "What is the rent?", "answered")
    await asked(records, ANA, LAB, "Who earns most?", "answered")
    seen = await page(home, slack, BEN)
    assert f"<{URL}files/{BEN}/F1/x|lease.pdf> · <#{LAB}> · 6 pages · <!date^" in seen
    assert re.search(
        rf":white_check_mark: <{URL}archives/{LAB}/p\d+\?thread_ts=[\d.]+&cid={LAB}\|What is the rent", seen
    )
    assert "salaries" not in seen and "earns" not in seen


async def test_file_in_two_messages_of_a_channel_is_listed_once(home: Home, slack: Town, records: Records) -> None:
    await share(records, BEN, LAB, "lease.pdf")
    await share(records, BEN, LAB, "lease.pdf", message_ts="1700000001.000100")
    assert (await page(home, slack, BEN)).count("lease.pdf>") == 1


async def test_replaced_file_says_so_and_a_failed_one_is_not_listed(home: Home, slack: Town, records: Records) -> None:
    await share(records, BEN, LAB, "old.pdf", state="replaced")
    await share(records, BEN, LAB, "scan.pdf", "F2", state="failed")
    seen = await page(home, slack, BEN)
    assert "replaced by a newer version" in seen and "scan.pdf" not in seen


async def test_direct_message_is_named_in_words(home: Home, slack: Town, records: Records) -> None:
    await share(records, BEN, BENS_DM, "mine.txt")
    seen = await page(home, slack, BEN)
    assert "direct message" in seen and f"<#{BENS_DM}>" not in seen


async def test_other_than_administrators_see_nothing_of_the_rest(home: Home, slack: Town, records: Records) -> None:
    await asked(records, ANA, LAB, "Who won?", "refused")
    seen = await page(home, slack, BEN)
    for words in ("How I am doing", "Channels", "Found no answer", home_view.SETTINGS, "Who won"):
        assert words not in seen


async def test_person_of_whom_slack_says_nothing_is_treated_as_a_guest(
    home: Home, slack: Town, records: Records
) -> None:
    slack.script("users.info", "user_not_found")
    await share(records, ANA, "CGONE", "lease.pdf")
    seen = await page(home, slack, ANA)
    assert "lease.pdf" not in seen and "How I am doing" not in seen


async def test_guest_sees_their_own_only_where_they_are_still_a_member(
    home: Home, slack: Town, records: Records
) -> None:
    slack.members[LAB].remove(GIL)  # though it is public
    await share(records, GIL, LAB, "left.pdf")
    await share(records, GIL, SECRET, "here.pdf", "F2")
    await asked(records, GIL, LAB, "What was there?", "answered")
    await asked(records, GIL, SECRET, "What is here?", "answered")
    seen = await page(home, slack, GIL)
    assert "here.pdf" in seen and "What is here?" in seen
    assert "left.pdf" not in seen and "What was there?" not in seen


# --- what administrators see ---------------------------------------------------------------------


async def test_administrator_sees_channels_with_their_settings_and_the_latest_first(
    home: Home, slack: Town, records: Records
) -> None:
    await share(records, BEN, LAB, "lease.pdf")
    await share(records, BEN, BENS_DM, "mine.txt", "F2")
    settings = ChannelSettings(is_library=True, language="de", retention_days=30)
    await home.channels.save(TEAM, SECRET, settings, ANA)
    seen = await page(home, slack, ANA)
    assert f"<#{LAB}> · 1 file · usual settings" in seen
    assert f"<#{SECRET}> · no files · library, always Deutsch, forgets after 30 days" in seen
    assert BENS_DM not in seen and seen.index(f"<#{SECRET}>") < seen.index(f"<#{LAB}>")


async def test_health_counts_what_happened(home: Home, slack: Town, records: Records) -> None:
    for number, seconds in enumerate((1.0, 2.5, 60.0)):
        await asked(records, BEN, LAB, f"Question {number}?", "answered", seconds=seconds)
    await asked(records, BEN, LAB, "Long ago?", "answered", answered_at=NOW - 8 * 86400)
    document = {"scope_id": "T1/CLAB", "sha256": "a", "status": "ready", "size_bytes": 1, "chunk_count": 1214}
    erased = {
        "team": TEAM,
        "channel": LAB,
        "cause": "file",
        "files": 3,
        "chunks": 214,
        "turns": 1,
        "at": NOW,
        "verified": 1,
    }

    def fill(db: Any) -> None:
        db.table("documents").insert(document)
        db.table("receipts").insert(erased)
        waiting = {"key": "k", "kind": "turn", "lane": "l", "state": "waiting"}
        db.table("jobs").insert(waiting)

    await records.write(fill)
    seen = await page(home, slack, ANA)
    assert "3 answers in the last 7 days, half of them within 2.5 s" in seen
    assert "1 question or file is waiting" in seen and "1 document in 1,214 passages" in seen
    assert re.search(r"Forgotten <!date\^\d+\^[^>]+>, proved to be gone: 3 files, 214 passages, 1 question", seen)
    assert "GB free" in seen and "ready since <!date^" in seen


async def test_unanswered_questions_are_shown_only_from_conversations_open_to_the_administrator(
    home: Home, slack: Town, records: Records
) -> None:
    await asked(records, BEN, LAB, "Where is the key?", "refused")
    await asked(records, BEN, SECRET, "Who will be dismissed?", "refused")
    await asked(records, BEN, BENS_DM, "Am I underpaid?", "refused")
    await asked(records, BEN, LAB, "What was last year?", "refused", created_at=NOW - 20 * 86400)
    seen = await page(home, slack, ANA)
    assert "Where is the key?" in seen and "What was last year?" not in seen
    assert "dismissed" not in seen and "underpaid" not in seen
    assert "2 more in conversations that you are not in." in seen


async def test_administrator_who_is_a_member_sees_questions_of_a_private_channel(
    home: Home, slack: Town, records: Records
) -> None:
    slack.members[SECRET].append(ANA)
    await asked(records, BEN, SECRET, "Who will be dismissed?", "refused")
    assert "Who will be dismissed?" in await page(home, slack, ANA)


@pytest.mark.parametrize("method", ["conversations.info", "conversations.members"])
async def test_question_of_a_conversation_that_slack_says_nothing_of_is_not_shown(
    home: Home, slack: Town, records: Records, method: str
) -> None:
    await asked(records, BEN, SECRET, "Who will be dismissed?", "refused")
    slack.script(method, "internal_error")
    seen = await page(home, slack, ANA)
    assert "dismissed" not in seen and "… and 1 more." in seen and "not in." not in seen


async def test_answer_found_bad_is_listed_once_with_its_vote(home: Home, slack: Town, records: Records) -> None:
    ts = "1700000050.000100"
    await asked(records, BEN, LAB, "How high is it?", "refused", message_ts=ts, thread_ts=ts)
    vote = {"team": TEAM, "channel": LAB, "message_ts": ts, "verdict": "down", "question": "How high is it?"}
    for user in (BEN, GIL):
        row = vote | {"user": user, "created_at": NOW}
        await records.write(lambda db, row=row: db.table("feedback").insert(row))
    seen = await page(home, slack, ANA)
    unanswered = seen[seen.index("Found no answer") :]
    assert unanswered.count("How high is it?") == 1 and ":thumbsdown: <" in unanswered
    assert ":thumbsup: 0 · :thumbsdown: 2" in seen


async def test_many_conversations_are_not_all_asked_about_and_the_rest_is_counted(
    home: Home, slack: Town, records: Records
) -> None:
    for number in range(30):
        await asked(records, BEN, f"C{number:03}", f"Question {number}?", "refused", created_at=NOW - number)
        slack.members[f"C{number:03}"] = [BEN, BOT]
    seen = await page(home, slack, ANA)
    assert len(slack.called("conversations.info")) == 20
    assert "20 more in conversations that you are not in." in seen and "… and 10 more." in seen


async def test_erasure_that_is_not_proved_is_said_to_be_so(home: Home, slack: Town, records: Records) -> None:
    for verified in (0, 1):
        row = {"team": TEAM, "channel": LAB, "files": 1, "chunks": 2, "turns": 0, "verified": verified, "at": NOW}
        await records.write(lambda db, row=row: db.table("receipts").insert(row))
    seen = await page(home, slack, ANA)
    assert "not yet proved to be gone: 2 files, 4 passages" in seen and ", proved" not in seen


# --- limits, hostile names, failures -------------------------------------------------------------

HOSTILE = (
    "<!channel> <@UANA> @here *bold* `x` ![i](https://evil.example/i.png) <https://evil.example|ok> | & \u202e " * 3
)


@pytest.mark.parametrize("name", [HOSTILE, "&" * 300, "<" * 300, "`" * 300, "\n\n", "𓀀" * 200])
async def test_thousand_files_and_questions_of_any_name_keep_the_limits_and_make_nothing_live(
    home: Home, slack: Town, records: Records, name: str
) -> None:
    for number in range(60):
        await share(records, ANA, f"C{number:03}", name, f"F{number}", note=name)
        await asked(records, ANA, LAB, f"{name} {number}?", "refused")

    def many(db: Any) -> None:
        row = next(db.query("select * from shares limit 1"))
        db.table("shares").insert_all(row | {"file_id": f"G{number}", "name": name} for number in range(1000))

    await records.write(many)
    await page(home, slack, ANA)  # checks the limits
    blocks = view_of(slack)["blocks"]
    live = live_parts(Message("D1", "1.0", BOT, "", blocks))
    own = {f"<@{BOT}>"} | {f"<#C{number:03}>" for number in range(60)} | {f"<#{LAB}>"}
    assert set(live.mentions) <= own and not live.broadcasts and not live.images
    assert all(hidden.startswith("<!date^1") for hidden in live.hidden), live.hidden
    assert all(URL in link for link in live.links), live.links
    assert len(str(blocks)) < 100_000


async def test_rest_of_long_lists_is_counted(home: Home, slack: Town, records: Records) -> None:
    for number in range(25):
        await share(records, ANA, f"C{number:03}", f"file {number}.txt", f"F{number}", shared_at=NOW - number)
    seen = await page(home, slack, ANA)
    assert "file 9.txt" in seen and "file 10.txt" not in seen and "… and 15 more. `/inhouse files`" in seen
    assert "<#C019>" in seen and "<#C020>" not in seen and "… and 5 more. `/inhouse settings`" in seen


@pytest.mark.parametrize("broken", ["files_of", "questions_of", "health", "channels", "unanswered"])
async def test_part_that_fails_leaves_the_others_standing(
    home: Home, slack: Town, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(Overview, broken, fail)
    seen = await page(home, slack, ANA)
    assert seen.count("This part could not be put together just now") == 1 and "boom" not in seen
    assert "Ask your team's files" in seen and "there is no telemetry" in seen


@pytest.mark.parametrize("error", ["ratelimited", "internal_error", "hash_conflict"])
async def test_page_that_slack_does_not_take_just_now_is_tried_again(home: Home, slack: Town, error: str) -> None:
    slack.script("views.publish", error)
    with pytest.raises(TryAgain):
        await home.run(job("home", {"team": TEAM, "event": {"tab": "home", "user": BEN}}))


async def test_page_that_slack_refuses_is_replaced_by_a_plain_one(home: Home, slack: Town) -> None:
    slack.script("views.publish", "invalid_blocks", {"ok": True})
    seen = await page(home, slack, BEN)
    assert len(slack.called("views.publish")) == 2 and "could not be put together" in seen and "telemetry" in seen


async def test_home_tab_that_is_off_is_left_alone(home: Home, slack: Town) -> None:
    slack.script("views.publish", "not_enabled")
    await home.publish(TEAM, BEN)
    assert len(slack.called("views.publish")) == 1


async def test_page_does_not_depend_on_the_hash_of_an_earlier_one(home: Home, slack: Town) -> None:
    event = {"tab": "home", "user": BEN, "view": {"hash": "1.stale"}}
    await home.run(job("home", {"team": TEAM, "event": event}))
    assert "hash" not in slack.called("views.publish")[0]


def test_address_of_an_answer_is_slacks_own_or_none() -> None:
    question = Question("C1", "17.1", "18.000200", "?", "answered", NOW)
    assert home_view.permalink(URL, question) == f"{URL}archives/C1/p18000200?thread_ts=17.1&cid=C1"
    assert home_view.permalink(URL, replace(question, ts="17.1")) == f"{URL}archives/C1/p171"
    assert home_view.permalink(URL, replace(question, ts="x|y>")) == ""


# --- pages that were shown before ----------------------------------------------------------------


async def opened(records: Records, *users: str) -> None:
    def work(db: Any) -> None:
        for user in users:
            row = {
                "key": f"home/{user}",
                "kind": "home",
                "lane": user,
                "user": user,
                "state": "done",
                "created_at": NOW,
            }
            db.table("jobs").insert(row)

    await records.write(work)


async def test_what_was_erased_goes_from_the_pages_that_were_shown(home: Home, slack: Town, records: Records) -> None:
    await asked(records, BEN, LAB, "Where is the key?", "refused")
    assert "Where is the key?" in await page(home, slack, ANA)
    await opened(records, ANA, BEN)
    await records.write(lambda db: db.execute("delete from turns"))
    await home.renew(job("renew", {"team": TEAM}))
    assert {call["user_id"] for call in slack.called("views.publish")[1:]} == {ANA, BEN}
    assert "Where is the key?" not in str(slack.called("views.publish")[1:])


async def test_of_many_renewals_only_the_last_is_done(home: Home, slack: Town, records: Records) -> None:
    await opened(records, ANA)
    waiting = {"key": "renew/2", "kind": "renew", "lane": "l", "state": "waiting"}
    await records.write(lambda db: db.table("jobs").insert(waiting))
    await home.renew(job("renew", {"team": TEAM}))
    assert not slack.called("views.publish")


async def test_page_that_cannot_be_renewed_does_not_keep_the_others_from_it(
    home: Home, slack: Town, records: Records
) -> None:
    await opened(records, ANA, BEN)
    slack.script("views.publish", "internal_error", {"ok": True})
    await home.renew(job("renew", {"team": TEAM}))
    assert len(slack.called("views.publish")) == 2


# --- settings ------------------------------------------------------------------------------------


def submission(channel: str = LAB, chosen: tuple[str, ...] = (), language: str = "own", days: str | None = None) -> Any:
    values = {
        "options": {"options": {"type": "checkboxes", "selected_options": [{"value": value} for value in chosen]}},
        "language": {"language": {"type": "static_select", "selected_option": {"value": language}}},
        "days": {"days": {"type": "number_input", "value": days}},
    }
    shown = json.dumps([channel, asdict(ChannelSettings())])
    return {"id": "V1", "private_metadata": shown, "state": {"values": values}}


async def test_administrator_opens_the_settings_as_they_are(home: Home, slack: Town) -> None:
    settings = ChannelSettings(is_library=True, language="de", retention_days=30)
    await home.channels.save(TEAM, LAB, settings, ANA)
    assert await home.open_settings("123.456", TEAM, LAB, ANA) is None
    (call,) = slack.called("views.open")
    view = json.loads(call["view"]) if isinstance(call["view"], str) else call["view"]
    check_blocks(view["blocks"], most=100)
    elements = {block["block_id"]: block["element"] for block in view["blocks"] if block["type"] == "input"}
    assert [option["value"] for option in elements["options"]["initial_options"]] == ["library"]
    assert elements["language"]["initial_option"]["text"]["text"] == "Deutsch"
    assert elements["days"]["initial_value"] == "30"


async def test_only_administrators_open_the_settings(home: Home, slack: Town) -> None:
    assert "Only administrators" in (await home.open_settings("123.456", TEAM, LAB, BEN) or "")
    assert "nothing to set" in (await home.open_settings("123.456", TEAM, "DANA", ANA) or "")
    assert not slack.called("views.open")


async def test_settings_that_do_not_open_are_told(home: Home, slack: Town) -> None:
    slack.script("views.open", "expired_trigger_id")
    assert "did not open" in (await home.open_settings("123.456", TEAM, LAB, ANA) or "")


async def test_submission_of_somebody_who_is_no_administrator_is_refused(home: Home) -> None:
    refused = await home.submitted(TEAM, BEN, submission(chosen=("library",)))
    assert isinstance(refused, Refused) and "Only administrators" in refused.errors["options"]


@pytest.mark.parametrize("days", ["-1", "3651", "1.5", "ten", "99999", "²"])
async def test_days_that_make_no_sense_are_refused_in_the_modal(home: Home, days: str) -> None:
    refused = await home.submitted(TEAM, ANA, submission(days=days))
    assert isinstance(refused, Refused) and "1 to 3650" in refused.errors["days"]


@pytest.mark.parametrize(("days", "kept"), [(None, 0), ("", 0), ("0", 0), ("1", 1), (" 30 ", 30), ("3650", 3650)])
async def test_days_are_read(home: Home, days: str | None, kept: int) -> None:
    change = await home.submitted(TEAM, ANA, submission(days=days))
    assert isinstance(change, Change) and change.after == ChannelSettings(retention_days=kept)


async def test_change_is_kept_told_in_the_channel_and_shown(home: Home, slack: Town) -> None:
    change = await home.submitted(TEAM, ANA, submission(chosen=("library", "mentioned", "connect"), language="de"))
    assert isinstance(change, Change)
    payload = json.loads(json.dumps(change.payload))  # as a job keeps it
    await home.change(job("settings", payload))
    kept = await home.channels.settings(TEAM, LAB)
    assert kept == ChannelSettings(True, True, "de", 0, True)
    (told,) = slack.called("chat.postMessage")
    assert told["channel"] == LAB and f"<@{ANA}> hat diesen Kanal zur Bibliothek gemacht" in told["text"]
    assert "einer anderen Organisation" in told["text"] and "notice" in str(told["blocks"])
    assert "library" in shown(slack)


async def test_change_back_is_told_and_any_other_is_not(home: Home, slack: Town) -> None:
    before = ChannelSettings(is_library=True)
    await home.change(job("settings", Change(TEAM, LAB, ANA, before, ChannelSettings()).payload))
    assert "ended the library" in slack.called("chat.postMessage")[0]["text"]
    after = ChannelSettings(only_mentioned=True, language="de", retention_days=3)
    await home.change(job("settings", Change(TEAM, LAB, ANA, ChannelSettings(), after).payload))
    assert len(slack.called("chat.postMessage")) == 1


async def test_settings_count_at_once(home: Home, slack: Town) -> None:
    slack.script("conversations.info", {"channel": {"id": LAB, "is_ext_shared": True, "is_member": True}})
    assert not hasattr(await home.access.check(TEAM, LAB), "scope_id")
    after = ChannelSettings(is_connect_allowed=True)
    await home.change(job("settings", Change(TEAM, LAB, ANA, ChannelSettings(), after).payload))
    assert hasattr(await home.access.check(TEAM, LAB), "scope_id")
    await home.change(job("settings", Change(TEAM, LAB, ANA, after, ChannelSettings()).payload))
    assert not hasattr(await home.access.check(TEAM, LAB), "scope_id")


async def test_channel_that_cannot_be_told_keeps_its_settings(home: Home, slack: Town) -> None:
    slack.script("chat.postMessage", "not_in_channel")
    change = Change(TEAM, LAB, ANA, ChannelSettings(), ChannelSettings(is_library=True))
    await home.change(job("settings", change.payload))
    assert (await home.channels.settings(TEAM, LAB)).is_library


async def test_channel_that_could_not_be_told_just_now_is_told_later(home: Home, slack: Town) -> None:
    slack.script("chat.postMessage", "ratelimited", {"ok": True})
    change = Change(TEAM, LAB, ANA, ChannelSettings(), ChannelSettings(is_library=True))
    with pytest.raises(TryAgain):
        await home.change(job("settings", change.payload))
    await home.change(job("settings", change.payload))
    assert len(slack.called("chat.postMessage")) == 2


async def test_page_that_fails_after_a_change_does_not_tell_the_channel_twice(home: Home, slack: Town) -> None:
    slack.script("views.publish", "internal_error")
    change = Change(TEAM, LAB, ANA, ChannelSettings(), ChannelSettings(is_library=True))
    await home.change(job("settings", change.payload))
    assert len(slack.called("chat.postMessage")) == 1


async def test_forgetting_a_file_concerns_only_whoever_pressed(home: Home, slack: Town) -> None:
    await home.forget(job("forget", {"team": TEAM, "channel": LAB, "file_id": "F1", "user": BEN}))
    assert home.erasures.asked == [(TEAM, LAB, "F1", BEN)]  # type: ignore[attr-defined]
    assert slack.called("views.publish")[0]["user_id"] == BEN


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_word_of_the_modal_and_the_buttons_fits(language: str) -> None:
    texts = texts_for(language)
    view = channel_modal.modal(texts, LAB, ChannelSettings(True, True, "de", 30, True))
    check_blocks(view["blocks"], most=100)
    assert "…" not in json.dumps(view, ensure_ascii=False), "something was cut"
    files = home_view.files(texts, [])
    channels = home_view.channels(texts, [ChannelFacts(LAB, ChannelSettings(True, True, "de", 30, True), 2)])
    question = texts("home-forget-text", name="x" * 40)
    assert len(question) <= 300 and "…" not in str([files, channels])
