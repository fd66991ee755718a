"""What a summary looks like: lines, numbers that lead to messages, small print."""

from __future__ import annotations

import pytest

from bot.commands import wanted
from bot.conversations import Conversations
from bot.spoken import line, spoken
from bot.summaries import parts, small_print
from bot.texts import texts_for
from rag.summarize import Summary, SummaryLine
from rag.types import Utterance
from tests.bot.scripted_slack import ScriptedSlack

SAID = [Utterance("1.1", "Ana", "We meet on Monday."), Utterance("1.2", "Ben", "Fine.")]
EN, DE = texts_for("en-GB"), texts_for("de-DE")


def test_a_line_ends_with_links_in_the_order_of_the_messages() -> None:
    found = SummaryLine("Both meet on Monday.", ("1.2", "1.1"), is_quote=False)
    links = {"1.1": "https://x.slack.com/p1", "1.2": "https://x.slack.com/p2"}
    (_, (shown, streamed)) = parts(EN, Summary((found,), 2, 0, False), SAID, links)
    assert shown == "• Both meet on Monday. (<https://x.slack.com/p1|1>, <https://x.slack.com/p2|2>)"
    assert streamed == "- Both meet on Monday. (1, 2)"


def test_a_message_without_a_permalink_keeps_its_number() -> None:
    assert line(EN, SummaryLine("Yes.", ("1.2",), is_quote=False), {"1.2": 2}, {}) == ("• Yes. (2)", "- Yes. (2)")


@pytest.mark.parametrize(("texts", "quoted"), [(EN, "“Fine.”"), (DE, "„Fine.“")])
def test_a_quote_names_its_author_in_the_readers_own_signs(texts: object, quoted: str) -> None:
    found = SummaryLine("Fine.", ("1.2",), is_quote=True, author="*Ben* <!here> `x`")
    shown, _ = line(texts, found, {"1.2": 2}, {})  # type: ignore[arg-type]
    assert quoted in shown and shown.startswith("• *Ben &lt;!here&gt; x*") and "<!here>" not in shown


def test_a_fence_in_a_quote_does_not_swallow_what_follows() -> None:
    found = SummaryLine("see ```\nrm -rf\n", ("1.1",), is_quote=True, author="Ana")
    assert not any("```" in shown for shown in line(EN, found, {"1.1": 1}, {}))


def test_the_small_print_tells_of_files_and_of_what_was_left_out() -> None:
    text = small_print(EN, Summary((), 5, 3, True), [f"f{n}.pdf" for n in range(12)], is_cut=True)
    assert "own words" in text and "3 messages were left out" in text
    assert "`f9.pdf`" in text and "f10" not in text and "2 more" in text


def test_a_message_reads_as_a_person_reads_it() -> None:
    text = "<@U1> and <@U2|ben> see <https://x.y|the plan> &amp; <#C1|lab> <!here> <@U9>"
    assert spoken(text, {"U1": "Ana"}) == "@Ana and @ben see the plan & lab @here @…"


@pytest.mark.parametrize(
    ("typed", "understood"),
    [
        ("", ("help", "")),
        ("  FILES  ", ("files", "")),
        ("/forget Me please", ("forget", "me")),
        ("vergiss mich", ("forget", "mich")),
        ("?", ("help", "")),
    ],
)
def test_subcommands_are_understood_however_they_are_typed(typed: str, understood: tuple[str, str]) -> None:
    assert wanted(typed) == understood


async def test_a_thread_is_read_without_ours_and_without_joins_and_tombstones() -> None:
    found = [
        {"ts": "1.0", "user": "U1", "text": "root", "files": [{"id": "F1", "name": "a.pdf"}]},
        {"ts": "1.1", "user": "UBOT", "text": "ours"},
        {"ts": "1.2", "user": "U2", "subtype": "channel_join", "text": "joined"},
        {"ts": "1.3", "user": "USLACKBOT", "subtype": "tombstone", "text": "deleted"},
        {"ts": "1.4", "bot_id": "B2", "subtype": "bot_message", "username": "Alerts", "text": "down"},
    ]
    client = ScriptedSlack().script("conversations.replies", {"ok": True, "messages": found})
    thread, is_cut = await Conversations(client, "UBOT").messages("C1", "1.0")
    assert [(m.ts, m.user, m.author, m.files) for m in thread] == [
        ("1.0", "U1", "", ("a.pdf",)),
        ("1.4", "", "Alerts", ()),
    ]
    assert not is_cut


async def test_a_thread_longer_than_is_read_says_so() -> None:
    page = {
        "ok": True,
        "messages": [{"ts": f"1.{n}", "user": "U1", "text": "x"} for n in range(200)],
        "response_metadata": {"next_cursor": "more"},
    }
    client = ScriptedSlack().script("conversations.replies", page)
    thread, is_cut = await Conversations(client, "UBOT").messages("C1", "1.0")
    assert is_cut and len(thread) == 1000 and len(client.called("conversations.replies")) == 5
