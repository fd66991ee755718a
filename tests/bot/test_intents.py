"""What asks for a summary or for changes, and which day is meant; everything else is a question like any other."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from bot.chosen import Pair, meant, versions_of
from bot.dates import since
from bot.intents import Intent, Kind, changes_intent, intent_of, summary_intent
from bot.records import Share

NOW = datetime(2026, 11, 25, 15, 30, tzinfo=timezone(timedelta(hours=1)))  # a Wednesday


@pytest.mark.parametrize(
    ("said", "kind", "subject"),
    [
        ("summarise the contract", Kind.FILE, "contract"),
        ("Please summarize contract.pdf!", Kind.FILE, "contract.pdf"),
        ("can you sum this up?", Kind.FILE, ""),
        ("TL;DR", Kind.FILE, ""),
        ("sum up the attached document", Kind.FILE, "document"),
        ("give me a short summary of the annual report", Kind.FILE, "annual report"),
        ("Kannst du mir den Bericht kurz zusammenfassen?", Kind.FILE, "bericht"),
        ("Fass bitte vertrag.pdf zusammen.", Kind.FILE, "vertrag.pdf"),
        ("Zusammenfassung bitte", Kind.FILE, ""),
        ("summarise this thread", Kind.THREAD, ""),
        ("Fasse diese Diskussion zusammen", Kind.THREAD, ""),
        ("What changed since the last version?", Kind.CHANGES, ""),
        ("what's new in the new version of contract.pdf", Kind.CHANGES, "contract.pdf"),
        ("what changed in the file?", Kind.CHANGES, ""),
        ("compare a.pdf with b.pdf", Kind.CHANGES, "a.pdf b.pdf"),
        ("Was hat sich im Vertrag gegenüber der letzten Fassung geändert?", Kind.CHANGES, "vertrag"),
        ("Unterschiede zwischen den beiden Fassungen", Kind.CHANGES, ""),
        ("what did I miss?", Kind.SINCE, ""),
        ("catch me up since last week", Kind.SINCE, ""),
        ("Was habe ich seit Montag verpasst?", Kind.SINCE, ""),
        ("Fass zusammen, was seit gestern passiert ist", Kind.SINCE, ""),
        ("summarise everything since 2026-11-01", Kind.SINCE, ""),
    ],
)
def test_a_request_is_understood(said: str, kind: Kind, subject: str) -> None:
    found = intent_of(said, NOW)
    assert found is not None and (found.kind, found.subject) == (kind, subject)
    assert (found.since_s > 0) == (kind is Kind.SINCE)


@pytest.mark.parametrize(
    "said",
    [
        "What is the notice period?",
        "How was the decision summarised?",
        "What is the difference between gross and net?",
        "compare the prices",
        "What happened to the pump in May?",
        "What happened in the accident report?",
        "Was ist die Kündigungsfrist?",
        "Wie fasst man zusammen?",
        "what changed since 1 May?",
        "",
        "?",
    ],
)
def test_a_question_is_no_request(said: str) -> None:
    assert intent_of(said, NOW) is None


def test_a_part_of_a_file_is_named_by_words_that_no_file_has() -> None:
    """The words are handed on; as they name no file, the question is answered as any other."""
    found = intent_of("summarise the termination clause", NOW)
    assert found == Intent(Kind.FILE, "termination clause")
    assert not meant("termination clause", [share("contract.pdf", "1", 1)])


@pytest.mark.parametrize(
    ("typed", "kind", "subject"),
    [
        ("", Kind.FILE, ""),
        ("contract.pdf", Kind.FILE, "contract.pdf"),
        ("Report since Monday.pdf", Kind.FILE, "Report since Monday.pdf"),
        ("since monday", Kind.SINCE, ""),
        ("seit dem 1.11.", Kind.SINCE, ""),
        ("this thread", Kind.THREAD, ""),
    ],
)
def test_a_commands_words_are_a_day_a_thread_or_a_files_name(typed: str, kind: Kind, subject: str) -> None:
    found = summary_intent(typed, NOW)
    assert (found.kind, found.subject) == (kind, subject)


@pytest.mark.parametrize(("typed", "subject"), [("", ""), ("the last version", ""), ("contract v2", "contract v2")])
def test_changes_takes_a_files_name(typed: str, subject: str) -> None:
    assert changes_intent(typed) == Intent(Kind.CHANGES, subject, is_sure=True)


# --- days ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("since monday", "2026-11-23"),
        ("seit letztem Montag", "2026-11-23"),
        ("since wednesday", "2026-11-25"),
        ("since last wednesday", "2026-11-18"),
        ("since yesterday", "2026-11-24"),
        ("seit vorgestern", "2026-11-23"),
        ("heute", "2026-11-25"),
        ("since 2026-11-01", "2026-11-01"),
        ("seit dem 1.11.", "2026-11-01"),
        ("seit 1.12.", "2025-12-01"),
        ("seit dem 3.2.25", "2025-02-03"),
        ("since the 12th of November", "2026-11-12"),
        ("since November 12, 2025", "2025-11-12"),
        ("seit 3. März 2026", "2026-03-03"),
        ("last week", "2026-11-16"),
        ("diese Woche", "2026-11-23"),
        ("letzten Monat", "2026-10-01"),
        ("this month", "2026-11-01"),
        ("in the last 3 days", "2026-11-22"),
        ("vor zwei Wochen", "2026-11-11"),
        ("since October", "2026-10-01"),
    ],
)
def test_a_day_is_found_at_its_midnight(said: str, day: str) -> None:
    found = since(said, NOW)
    assert found is not None
    then = datetime.fromtimestamp(found.at_s, NOW.tzinfo)
    assert then.date().isoformat() == day and (then.hour, then.minute) == (0, 0)
    assert found.rest == ""


def test_hours_are_counted_from_now() -> None:
    found = since("what happened in the last 5 hours", NOW)
    assert found is not None and found.at_s == (NOW - timedelta(hours=5)).timestamp()


@pytest.mark.parametrize(
    "said", ["", "since the beginning", "31.2.", "version 2.1.3", "so", "section 3.2", "May I ask?"]
)
def test_what_names_no_day_is_none(said: str) -> None:
    assert since(said, NOW) is None


# --- files ---------------------------------------------------------------------------------------


def share(name: str, ts: str, document: int, thread: str = "0", kind: str = "pdf", state: str = "read") -> Share:
    return Share("T", "C", f"F{ts}", ts, thread, "U", name, "", document, state, "", None, kind)


FILES = (
    share("contract.pdf", "1", 1, state="replaced"),
    share("Contract.pdf", "2", 2),
    share("report_2025.pdf", "3", 3),
    share("report_2026.pdf", "4", 4, thread="9"),
    share("AnnualReview.docx", "5", 5, kind="docx"),
)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("contract.pdf", ["Contract.pdf", "contract.pdf"]),
        ("report", ["report_2026.pdf", "report_2025.pdf"]),
        ("report 2026", ["report_2026.pdf"]),
        ("annual review", ["AnnualReview.docx"]),
        ("termination clause", []),
        ("", []),
    ],
)
def test_words_mean_the_files_whose_names_hold_them(words: str, names: list[str]) -> None:
    assert [found.name for found in meant(words, FILES)] == names


def test_what_any_file_is_called_means_the_only_one() -> None:
    assert [found.name for found in meant("agreement", [share("hx-77.pdf", "1", 1)])] == ["hx-77.pdf"]


def pair(found: Pair | None) -> tuple[str, str] | None:
    return (found.old.message_ts, found.new.message_ts) if found else None


def test_versions_are_files_of_one_name_or_of_names_that_differ_in_a_number() -> None:
    assert pair(versions_of("contract", FILES, "0", is_sure=False)) == ("1", "2")
    assert pair(versions_of("", FILES, "9", is_sure=False)) == ("3", "4")
    assert pair(versions_of("report_2026.pdf report_2025.pdf", FILES, "0", is_sure=False)) == ("3", "4")
    assert versions_of("annual review", FILES, "0", is_sure=True) is None


def test_two_unlike_files_are_versions_only_where_versions_are_spoken_of() -> None:
    two = (share("a.pdf", "1", 1), share("b.pdf", "2", 2))
    assert versions_of("", two, "0", is_sure=False) is None
    assert pair(versions_of("", two, "0", is_sure=True)) == ("1", "2")


def test_the_same_bytes_twice_are_one_version() -> None:
    assert versions_of("", (share("a.pdf", "1", 1), share("a.pdf", "2", 1)), "0", is_sure=True) is None


def test_a_long_hostile_name_takes_no_time() -> None:
    names = ["_" * 250 + "x", "v" * 250, "1." * 120, "(" * 250]
    assert versions_of("", [share(name, str(n), n) for n, name in enumerate(names)], "0", is_sure=True) is None
