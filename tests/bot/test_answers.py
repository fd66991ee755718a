"""What the bot says are whole sentences with a next step, and what it quotes cannot do harm."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from bot import answers
from bot.records import Share
from bot.texts import Texts, texts_for
from rag.types import Answer, Citation, Location, Outcome
from tests.rag.fakes import ScriptedModel

EN, DE = texts_for("en-US"), texts_for("de-DE")
CITED = Citation(1, "lease.pdf", "F1", Location(page=3), "The rent is 1,450 euros.", 7)
LINKS = {"F1": "https://acme.slack.com/files/F1"}


def share(name: str = "lease.pdf", **more: Any) -> Share:
    return Share(
        "T1", "C1", "F1", "9.5", "9.5", "U1", name, LINKS["F1"], 1, more.get("state", "read"), more.get("note", "")
    )


def tail(answer: Answer, *, narrowed: bool = False, trial: bool = False) -> str:
    model = ScriptedModel(name="SmolLM2", is_trial=trial)
    shown = answers.tail(EN, answer, [share()], LINKS, model, narrowed=narrowed)
    return json.dumps([*shown, *answers.controls(EN, answer, narrowed=narrowed)], ensure_ascii=False)


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
    offer = "Search the whole channel"
    assert offer in tail(Answer("x", outcome, (CITED,)), narrowed=True)
    assert offer not in tail(Answer("x", outcome, (CITED,)), narrowed=False)


def menu(answer: Answer, *, narrowed: bool = False) -> list[str]:
    (row,) = [part for part in answers.controls(EN, answer, narrowed=narrowed) if part["type"] == "actions"]
    return [option["value"] for option in row["elements"][-1]["options"]]


def test_below_an_answer_stand_two_thumbs_and_one_menu() -> None:
    votes, _ = answers.controls(EN, Answer("x", Outcome.ANSWERED, (CITED,)), narrowed=True)
    assert [element["type"] for element in votes["elements"]] == ["feedback_buttons"]
    assert menu(Answer("x", Outcome.ANSWERED, (CITED,)), narrowed=True) == [
        *("regenerate", "shorter", "longer", "widen", "delete")
    ]


def test_a_refusal_cannot_be_had_shorter_or_longer() -> None:
    assert menu(Answer("", Outcome.REFUSED)) == ["regenerate", "delete"]


def test_a_foreign_question_is_told_what_the_trial_model_cannot() -> None:
    assert "English only" in tail(Answer("", Outcome.REFUSED, is_foreign=True), trial=True)


def test_a_refusal_names_the_files_searched_once_each() -> None:
    said = answers.refusal(EN, [share(), share(), share("price <list>.xlsx")])
    assert said.count("lease.pdf") == 1
    assert "price &lt;list&gt;.xlsx" in said
    assert "drop it here" in said


def test_a_refusal_says_what_a_file_would_have_to_speak_of() -> None:
    said = answers.refusal(EN, [share()], ("championship", "<!channel>", "1998", "more"))
    assert "Nothing there speaks of `championship`, `&lt;!channel&gt;`, `1998`." in said


@pytest.mark.parametrize("texts", [EN, DE], ids=["en", "de"])
def test_everything_said_is_whole_sentences(texts: Texts) -> None:
    for said in (
        answers.nothing_asked(texts, []),
        answers.nothing_asked(texts, [share()]),
        answers.no_files(texts, any_failed=True),
        answers.no_files(texts, any_failed=False),
        answers.refusal(texts, [share()]),
        answers.refusal(texts, [share()], ("rent",)),
        texts("files-gone"),
        texts("busy"),
        texts("gave-up"),
    ):
        assert re.match(r"[A-Z]", said)
        assert said.endswith((".", "?"))
        assert "None" not in said


@pytest.mark.parametrize(("texts", "words"), [(EN, "and 4 more"), (DE, "und 4 weitere")], ids=["en", "de"])
def test_many_names_are_counted_after_the_first_few(texts: Texts, words: str) -> None:
    shown = answers.names(texts, [share(f"{number}.txt") for number in range(10)])
    assert shown.endswith(words)
    assert shown.count("`") == 12


def test_more_sources_than_are_shown_are_counted() -> None:
    cited = tuple(Citation(n, "lease.pdf", "F1", Location(page=n), "x", n) for n in range(1, 15))
    assert "… and 4 more places." in tail(Answer("x", Outcome.ANSWERED, cited))


# --- a question back -----------------------------------------------------------------------------


def asked_back(*names: str) -> Answer:
    return Answer("", Outcome.ASKED, choices=names)


def test_a_question_back_names_the_files_in_both_languages() -> None:
    choices = ("a.pdf", "b.pdf", "c.pdf")
    assert answers.question_back(EN, choices) == "Which do you mean: `a.pdf`, `b.pdf` or `c.pdf`?"
    assert answers.question_back(DE, choices) == "Welche Datei meinst du: `a.pdf`, `b.pdf` oder `c.pdf`?"
    assert answers.plain_question_back(EN, choices[:2]) == "Which do you mean: a.pdf or b.pdf?"


def test_a_question_back_has_a_button_for_each_file() -> None:
    answer = asked_back("prices 2023.pdf", "prices 2024.pdf")
    (row,) = [block for block in answers.controls(EN, answer, narrowed=False) if block["type"] == "actions"]
    buttons = [element for element in row["elements"] if element["type"] == "button"]
    assert [button["text"]["text"] for button in buttons] == list(answer.choices)
    assert [button["value"] for button in buttons] == [f"{answers.ONLY}{name}" for name in answer.choices]
    assert len({button["action_id"] for button in buttons}) == 2, "Slack refuses a row with the same id twice"


def test_a_question_back_has_nothing_to_shorten_and_no_sources() -> None:
    shown = tail(asked_back("a.pdf", "b.pdf"))
    assert answers.SHORTER not in shown
    assert "Searched" not in shown


def test_a_file_named_to_do_harm_does_none_in_a_question_back() -> None:
    shown = answers.question_back(EN, ("<!channel>.pdf", "`x`\n*b*.pdf"))
    assert "<!" not in shown
    assert "\n" not in shown
    assert shown.count("`") == 4


# --- what stands beside an answer ------------------------------------------------------------------


def test_a_table_s_answer_shows_the_query_that_it_was_worked_out_with() -> None:
    query = "SELECT sum(amount)\nFROM orders WHERE name = '<!here>`'"
    shown = tail(Answer("It is 5.", Outcome.ANSWERED, (CITED,), query=query))
    assert "Worked out with: `SELECT sum(amount) FROM orders" in shown
    assert "<!here>" not in shown
    long = tail(Answer("It is 5.", Outcome.ANSWERED, (CITED,), query="SELECT " + "a, " * 500))
    assert len(long) < len(tail(Answer("It is 5.", Outcome.ANSWERED, (CITED,)))) + 450
    assert "Worked out with" not in tail(Answer("It is 5.", Outcome.ANSWERED, (CITED,)))


def test_a_refusal_names_what_came_nearest_without_a_link() -> None:
    said = answers.refusal(EN, [share()], ("turbine",), CITED)
    assert said.endswith("The nearest that I found is `lease.pdf`, `page 3`.")
    assert "`turbine`" in said
    assert "nearest" not in answers.refusal(EN, [share()], ("turbine",))
