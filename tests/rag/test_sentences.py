"""Sentence ends are found in whole texts and in streams, and nothing of a text is lost."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.sentences import SentenceBuffer, is_finished, spans, split_sentences


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
