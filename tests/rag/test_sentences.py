"""Sentence ends are found in whole texts and in streams, and nothing of a text is lost."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.sentences import Fence, SentenceBuffer, Table, fence_of, is_finished, spans, split_sentences, table_of


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("The rent is due. The deposit is not.", ["The rent is due.", "The deposit is not."]),
        ("Is it due? Yes! It is…", ["Is it due?", "Yes!", "It is…"]),
        ("Ask Dr. Meyer about it. She knows.", ["Ask Dr. Meyer about it.", "She knows."]),
        ("Use a filter, e.g. a coarse one. Then wait.", ["Use a filter, e.g. a coarse one.", "Then wait."]),
        ("Version 2.10.1 applies. Older ones do not.", ["Version 2.10.1 applies.", "Older ones do not."]),
        ("It costs 3.50 euros. It is cheap.", ["It costs 3.50 euros.", "It is cheap."]),
        ("1. Open the valve.\n2. Wait.", ["1. Open the valve.", "2. Wait."]),
        ("John F. Kennedy spoke. People listened.", ["John F. Kennedy spoke.", "People listened."]),
        ("Die Frist beträgt z.B. drei Monate. Sie endet.", ["Die Frist beträgt z.B. drei Monate.", "Sie endet."]),
        ("Siehe Nr. 4 und Abs. 2. Das gilt.", ["Siehe Nr. 4 und Abs. 2.", "Das gilt."]),
        ("He said “stop.” Then he left.", ["He said “stop.”", "Then he left."]),
        ("(See page 3.) The rest follows.", ["(See page 3.)", "The rest follows."]),
        ("**It is due.** _Now._ Then", ["**It is due.**", "_Now._", "Then"]),
        ("No end mark", ["No end mark"]),
        ("A heading\nA line below it", ["A heading", "A line below it"]),
        ("The notice is 90\ndays in writing.", ["The notice is 90\ndays in writing."]),
        ("The end.\n\nand so on", ["The end.", "and so on"]),
        ("See https://example.org/a.b for more. Done.", ["See https://example.org/a.b for more.", "Done."]),
        ("", []),
        (" \n\t ", []),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences


@given(st.text(alphabet="aB1 .!?\n\"'()é…", max_size=80))
def test_spans_are_in_order_and_cover_everything_but_white_space(text: str) -> None:
    covered = list(spans(text))
    assert all(a < b for a, b in covered)
    assert all(first[1] <= second[0] for first, second in pairwise(covered))
    assert "".join("".join(text[a:b] for a, b in covered).split()) == "".join(text.split())


@given(st.text(alphabet='aB1 .!?\n"é…', max_size=60), st.integers(min_value=1, max_value=7))
def test_a_stream_loses_nothing_and_repeats_nothing(text: str, size: int) -> None:
    buffer = SentenceBuffer()
    got = [sentence for i in range(0, len(text), size) for sentence in buffer.push(text[i : i + size])]
    got.append(buffer.flush())
    assert "".join("".join(got).split()) == "".join(text.split())


def test_a_sentence_comes_when_the_next_has_begun() -> None:
    buffer = SentenceBuffer()
    assert buffer.push("The rent is 1") == []
    assert buffer.push(",450 euros.") == []
    assert buffer.push(" It") == ["The rent is 1,450 euros."]
    assert buffer.push(" is due") == []
    assert buffer.flush() == "It is due"
    assert buffer.flush() == ""


def test_a_number_that_is_still_being_written_is_not_cut() -> None:
    buffer = SentenceBuffer()
    assert buffer.push("It costs 3.") == []
    assert buffer.push("50 euros. It") == ["It costs 3.50 euros."]


def test_a_line_break_ends_a_sentence_once_the_next_line_shows_that_it_was_no_wrapping() -> None:
    buffer = SentenceBuffer()
    assert buffer.push("- The pump is dry\n") == []
    assert buffer.push("- The filter") == ["- The pump is dry"]
    assert buffer.push(" is\nblocked.") == []
    assert buffer.push("\n") == ["- The filter is\nblocked."]


def test_one_piece_may_hold_several_sentences() -> None:
    assert SentenceBuffer().push("One is. Two is. Three") == ["One is.", "Two is."]


@pytest.mark.parametrize(
    "text", ["It is due.", "Is it?", "He said “stop.”", "As follows:", "Das gilt (s. oben).", "**Due.**", "…"]
)
def test_finished_sentences_are_told_from_cut_ones(text: str) -> None:
    assert is_finished(text)


@pytest.mark.parametrize("text", ["It is du", "It costs 3,", "", "and the"])
def test_a_sentence_that_a_token_limit_cut_is_not_finished(text: str) -> None:
    assert not is_finished(text)


# --- fences and tables -----------------------------------------------------------------------

CODE = "```bash\nsudo apt update. Then. wait\n\n- not a list. Really.\n| a | b |\n```"
TABLE = "| Article | Price v1. New |\n|:---|---:|\n| Pump. Big | 1,900 |\n| Valve | 85 |"


def streamed(text: str, size: int) -> list[str]:
    buffer = SentenceBuffer()
    got = [unit for i in range(0, len(text), size) for unit in buffer.push(text[i : i + size])]
    return [*got, *filter(None, [buffer.flush()])]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    ("text", "units"),
    [
        (f"Do this.\n{CODE}\nThen wait. It takes long.", ["Do this.", CODE, "Then wait.", "It takes long."]),
        (f"Do this:\n\n{CODE}\n\n{CODE}", ["Do this:", CODE, CODE]),
        (
            f"These are the prices.\n{TABLE}\nAll in euros. No tax.",
            ["These are the prices.", TABLE, "All in euros.", "No tax."],
        ),
        (f"{TABLE}\n\n{TABLE}\n", [TABLE, TABLE]),
        (f"{TABLE}\n{CODE}", [TABLE, CODE]),
        ("1. First:\n   ```\n   go\n   ```\n2. Last.", ["1. First:", "   ```\n   go\n   ```", "2. Last."]),
        ("~~~\na ``` b.\n~~~\nEnd.", ["~~~\na ``` b.\n~~~", "End."]),
        ("````\n```\ninner. x\n```\n````\nEnd.", ["````\n```\ninner. x\n```\n````", "End."]),
        ("Use ```code. x``` here. Good.", ["Use ```code.", "x``` here.", "Good."]),
        ("a | b is no table.\nNor is | this.", ["a | b is no table.", "Nor is | this."]),
        ("| only a line |\nand text.", ["| only a line |", "and text."]),
        ("| a | b |\n|---|\nno table. x", ["| a | b |", "|---|", "no table.", "x"]),
        ("- One.\n- Two. Three.\n", ["- One.", "- Two.", "Three."]),
    ],
)
def test_a_fence_and_a_table_are_one_unit_however_they_are_streamed(text: str, units: list[str], size: int) -> None:
    assert streamed(text, size) == units


def test_a_fence_comes_when_it_is_closed_and_not_before() -> None:
    buffer = SentenceBuffer()
    assert buffer.push("Run this:\n```sh\nls. -a\n") == ["Run this:"]
    assert buffer.push("pwd\n``") == []
    assert buffer.push("`\n") == ["```sh\nls. -a\npwd\n```"]


def test_a_table_comes_when_the_line_after_it_shows_that_it_ended() -> None:
    buffer = SentenceBuffer()
    assert buffer.push(TABLE + "\n") == []
    assert buffer.push("T") == [TABLE]


def test_a_fence_that_was_left_open_is_closed() -> None:
    assert streamed("```py\na = 1.\nb = 2", 3) == ["```py\na = 1.\nb = 2\n```"]


@pytest.mark.parametrize("text", [CODE, TABLE])
def test_a_whole_fence_and_a_whole_table_are_finished(text: str) -> None:
    assert is_finished(text)


@given(st.text(alphabet="aB .!\n`~|-", max_size=80), st.integers(min_value=1, max_value=9))
def test_a_stream_with_fences_loses_nothing_but_may_get_one_closed(text: str, size: int) -> None:
    got, whole = "".join("".join(streamed(text, size)).split()), "".join(text.split())
    assert got.startswith(whole) and set(got[len(whole) :]) <= {"`", "~"}


@given(st.text(alphabet="aB .!\n`~|-", max_size=80), st.integers(min_value=1, max_value=9))
def test_how_a_text_is_cut_into_pieces_does_not_matter_to_fences_and_tables(text: str, size: int) -> None:
    def blocks(found: list[str]) -> list[str]:
        return [unit for unit in found if fence_of(unit) or table_of(unit)]

    assert blocks(streamed(text, size)) == blocks(streamed(text, 1))


def test_a_fence_is_told_with_its_language() -> None:
    assert fence_of("```Bash title=x\nls\n```") == Fence("Bash", "ls")
    assert fence_of("  ```\n  if x:\n    go\n  ```") == Fence("", "if x:\n  go")


@pytest.mark.parametrize("text", ["```\nopen", "```\n```", "x\n```\ny\n```", "```\na\n```\nb", "```a```", ""])
def test_what_is_no_whole_fence_is_none(text: str) -> None:
    assert fence_of(text) is None


def test_a_table_is_told_cell_by_cell() -> None:
    assert table_of("|a|b|\n|-|-|\n| 1 \\| 2 |\n| 3 | 4 | 5 |") == Table(("a", "b"), (("1 | 2", ""), ("3", "4")))


@pytest.mark.parametrize(
    "text", ["| a | b |\n|---|---|", "a | b\n--- | ---\n1 | 2", "| a |\n| b |\n| c |", "|\n|\n|", ""]
)
def test_what_is_no_table_is_none(text: str) -> None:
    assert table_of(text) is None


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", ["```\n", "| a | b |\n|---|---|\n", "| ", "`", "-", "|-", " ", "~~~ "])
def test_no_text_makes_finding_units_costly(piece: str) -> None:
    text = piece * (20_000 // len(piece))
    assert streamed(text, 2000) is not None


@pytest.mark.parametrize(
    "text",
    [
        "Der Vertrag endet zum 12. September des Jahres.",
        "Wir müssen bis zum 30.09. kündigen.",
        "Das Büro liegt im 3. Stock links.",
        "Er läuft am 31.12. und nicht früher aus.",
    ],
)
def test_a_german_ordinal_does_not_end_a_sentence(text: str) -> None:
    assert split_sentences(text) == [text]


def test_a_number_still_ends_a_sentence() -> None:
    assert split_sentences("The rent is 1450. It is due on Monday.") == ["The rent is 1450.", "It is due on Monday."]


def test_a_long_run_of_marks_takes_no_longer_than_other_text() -> None:
    """Quadratic, this would take minutes; there is no clock here, only the suite's own limit."""
    text = ("!" * 200_000 + "x ") * 3
    assert len(split_sentences(text)) == 1
