"""What the bot says are whole sentences with a next step, and what it quotes cannot do harm."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from bot import answers, blocks
from bot.events import IncomingMessage
from bot.records import Share
from rag.types import Answer, Citation, Location, Outcome
from tests.rag.fakes import ScriptedModel

MESSAGE = IncomingMessage("T1", "C1", "channel", "U1", "10.5", "9.5", "How much?", ())
CITED = Citation(1, "lease.pdf", "F1", Location(page=3), "The rent is 1,450 euros.", 7)
LINKS = {"F1": "https://acme.slack.com/files/F1"}


def share(name: str = "lease.pdf", **more: Any) -> Share:
    return Share(
        "T1", "C1", "F1", "9.5", "9.5", "U1", name, LINKS["F1"], 1, more.get("state", "read"), more.get("note", "")
    )


def tail(answer: Answer, *, narrowed: bool = False, trial: bool = False) -> str:
    model = ScriptedModel(name="SmolLM2", is_trial=trial)
    return json.dumps(answers.tail(answer, [share()], LINKS, model, MESSAGE, narrowed), ensure_ascii=False)


def test_a_sentence_carries_its_marks_in_both_languages() -> None:
    assert answers.sentence("It is 5 * 3.", [CITED]) == ("It is 5 * 3. [1]", "It is 5 \\* 3. [1]")


def test_a_passage_is_a_quotation_in_both_languages() -> None:
    mrkdwn, markdown = answers.passage(CITED)
    assert mrkdwn == ">The rent is 1,450 euros. [1]"
    assert markdown.startswith("> The rent is")


def test_a_passage_over_several_lines_is_one_quotation() -> None:
    mrkdwn, markdown = answers.passage(Citation(1, "a", "F1", Location(), "one\n\n# two\n<!channel>", 7))
    assert "\n" not in mrkdwn
    assert "<" not in mrkdwn
    assert "<" not in markdown
    assert "\n# " not in markdown


def test_an_answer_ends_with_its_sources_and_what_was_searched() -> None:
    shown = tail(Answer("It is 1,450.", Outcome.ANSWERED, (CITED,), ("lease.pdf",)))
    assert "page 3" in shown
    assert LINKS["F1"] in shown
    assert "Searched `lease.pdf`." in shown
    assert "trial model" not in shown
    assert "word for word" not in shown


def test_a_passage_is_labelled_as_one() -> None:
    passage, answer = (tail(Answer("x", outcome, (CITED,))) for outcome in (Outcome.PASSAGE, Outcome.ANSWERED))
    assert "word for word" in passage
    assert "word for word" not in answer


def test_a_stopped_answer_says_so() -> None:
    assert "Stopped." in tail(Answer("x", Outcome.STOPPED, (CITED,)))


def test_a_trial_model_is_named_wherever_it_speaks() -> None:
    assert "trial model (SmolLM2)" in tail(Answer("x", Outcome.ANSWERED, (CITED,)), trial=True)


def test_a_refusal_shows_no_sources() -> None:
    assert LINKS["F1"] not in tail(Answer("", Outcome.REFUSED, (CITED,)))


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_narrow_search_offers_the_whole_channel(outcome: Outcome) -> None:
    assert blocks.WIDEN in tail(Answer("x", outcome, (CITED,)), narrowed=True)
    assert blocks.WIDEN not in tail(Answer("x", outcome, (CITED,)), narrowed=False)


def test_a_foreign_question_is_told_what_the_trial_model_cannot() -> None:
    assert "English only" in tail(Answer("", Outcome.REFUSED, is_foreign=True), trial=True)


def test_a_refusal_names_the_files_searched_once_each() -> None:
    said = answers.refusal([share(), share(), share("price <list>.xlsx")])
    assert said.count("lease.pdf") == 1
    assert "price &lt;list&gt;.xlsx" in said
    assert "drop it here" in said


@pytest.mark.parametrize(
    "said",
    [
        answers.nothing_asked([]),
        answers.nothing_asked([share()]),
        answers.no_files(any_failed=True),
        answers.no_files(any_failed=False),
        answers.files_gone(),
        answers.refusal([share()]),
        answers.busy(),
        answers.gave_up(),
        answers.forgotten(1, everything=False),
        answers.forgotten(2, everything=True),
    ],
)
def test_everything_said_is_whole_sentences(said: str) -> None:
    assert re.match(r"[A-Z]", said)
    assert said.endswith((".", "?"))
    assert "None" not in said


@pytest.mark.parametrize(("files", "words"), [(0, "0 files"), (1, "1 file "), (2, "2 files")])
def test_what_was_forgotten_is_counted(files: int, words: str) -> None:
    assert words in answers.forgotten(files, everything=False)


def test_known_files_are_listed_with_their_state() -> None:
    lines = answers.known_files([share(note="3 pages"), share("scan.pdf", state="failed", note="only pictures")])
    assert lines[0] == "*I know 2 files in this conversation:*"
    assert lines[1].startswith(f"• <{LINKS['F1']}|lease.pdf> from <@U1>")
    assert "3 pages" in lines[1]
    assert ":warning:" in lines[2]


def test_very_many_files_are_counted_rather_than_listed() -> None:
    lines = answers.known_files([share(f"{number}.txt") for number in range(70)])
    assert len(lines) == 52
    assert lines[-1] == "… and 20 more."


def test_no_files_leads_to_a_next_step() -> None:
    assert "mention me" in answers.known_files([])[0]


def test_help_names_every_command() -> None:
    for command in ("/ask", "/inhouse files", "/inhouse forget"):
        assert command in answers.HELP
