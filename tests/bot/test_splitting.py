"""Long text is split so that each piece can stand alone, and together they hold everything."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import blocks
from bot.rendering import rendered
from bot.splitting import FENCE, Limits, bits, is_boundary, pieces, size, split

LIMIT = 120
BITS = [
    *("a word ", "x" * 70, "&amp;", "&lt;", "<https://acme.slack.com/files/F1|a name.pdf>", "[12]", "\\*", "`", "```"),
    *(
        "\n",
        "\n```\n",
        "\n```python\n",
        "  ",
        "ä",
        "e\u0301",
        "👩‍👩‍👧‍👦",
        "🇩🇪",
        "👍🏽",
        "क्षि",
        "각",
        "\u200b",
        "\ud83d",
        "\x00",
        "@",
    ),
    *("\n───  ───\n", "| a | b |\n|---|---|\n| 1 | 2 |\n", "> ", "# "),
]
HOSTILE = st.lists(st.sampled_from(BITS) | st.text(max_size=8), max_size=40).map("".join)
PLAIN = st.text(alphabet="abc .,\n&;<>|*_`", max_size=400)
FENCED = st.lists(st.text(alphabet="ab <>&", max_size=200), min_size=1, max_size=30).map(
    lambda lines: "\n".join(["```", *(blocks.escape(line) for line in lines), "```", "[1]"])
)


def words(text: str) -> str:
    """What a reader gets: everything but white space and fences."""
    return "".join(text.replace(FENCE, "").split())


@given(st.lists(HOSTILE | PLAIN | FENCED, max_size=6))
def test_nothing_is_over_a_limit_and_every_fence_is_closed(parts: list[str]) -> None:
    for group in split(parts, Limits(LIMIT)):
        text = "\n".join(group)
        assert size(text) <= LIMIT
        assert text.count(FENCE) % 2 == 0


@given(st.lists(PLAIN.map(lambda text: text.replace(FENCE, "")) | FENCED, max_size=6))
def test_nothing_is_lost_and_nothing_is_said_twice(parts: list[str]) -> None:
    got = "".join("".join(group) for group in split(parts, Limits(LIMIT)))
    assert words(got) == words("".join(parts))


@given(st.lists(HOSTILE, min_size=1, max_size=4))
def test_hostile_text_loses_nothing_but_may_get_a_fence_closed(parts: list[str]) -> None:
    got = "".join("".join(group) for group in split(parts, Limits(LIMIT)))
    left_out = iter(words(got))
    assert all(char in left_out for char in words("".join(parts)))


@given(HOSTILE | PLAIN, st.integers(min_value=60, max_value=200))
def test_bits_joined_are_the_line_again(line: str, limit: int) -> None:
    assert "".join(bits(line, limit)) == line
    assert all(0 < size(bit) <= limit for bit in bits(line, limit) if line)


@given(st.lists(st.sampled_from([*BITS[:6], "word", " "]), min_size=1, max_size=60).map("".join))
def test_no_escape_and_no_link_is_cut_in_half(line: str) -> None:
    whole = re.findall(r"&\w+;|<[^<>]*>|\[\d+\]|\\.", line)
    assert [each for bit in bits(line, LIMIT) for each in re.findall(r"&\w+;|<[^<>]*>|\[\d+\]|\\.", bit)] == whole


@pytest.mark.parametrize("cluster", ["e\u0301", "👩‍👩‍👧‍👦", "🇩🇪", "👍🏽", "क्षि", "각", "❤️", "a\u0308\u0323"])
@pytest.mark.parametrize("limit", range(20, 33))
def test_no_character_is_cut_as_a_reader_sees_it(cluster: str, limit: int) -> None:
    line = cluster * 30
    assert all(len(bit) % len(cluster) == 0 for bit in bits(line, limit))


def test_a_line_is_cut_where_another_character_begins_only() -> None:
    regex = pytest.importorskip("regex")
    text = "ab e\u0301👩‍👩‍👧‍👦🇩🇪🇫🇷👍🏽 각 ❤️ x"
    starts = {match.start() for match in regex.finditer(r"\X", text)}
    assert {at for at in range(len(text)) if is_boundary(text, at)} <= starts


def test_parts_that_fit_are_never_cut() -> None:
    parts = ["a" * 60, "b" * 60, "c" * 50, "d" * 120, "e"]
    assert split(parts, Limits(120)) == [["a" * 60], ["b" * 60, "c" * 50], ["d" * 120], ["e"]]


def test_text_is_cut_at_a_word() -> None:
    assert pieces("one two three four", 10) == ["one two ", "three four"]


def test_text_is_cut_at_a_line_before_it_is_cut_at_a_word() -> None:
    assert pieces("one two\nthree four\nfive", 19) == ["one two\nthree four", "five"]


def test_a_fence_that_is_cut_is_closed_and_opened_again_in_its_language() -> None:
    code = "\n".join(f"line {number}" for number in range(8))
    assert pieces(f"```sh\n{code}\n```\n[1]", 40) == [
        "```sh\nline 0\nline 1\nline 2\nline 3\n```",
        "```sh\nline 4\nline 5\nline 6\nline 7\n```",
        "[1]",
    ]


def test_a_table_that_is_cut_shows_its_header_again() -> None:
    rows = "\n".join(f"| Pump {number} | {number * 10} |" for number in range(40))
    table, _ = rendered(f"| Name | Price |\n|---|---|\n{rows}", "[1]")
    found = pieces(table, 160)
    assert len(found) > 2
    assert all(piece.startswith("```\nName     Price\n───────  ─────\nPump ") for piece in found)
    assert re.findall(r"Pump +(\d+)", "".join(found)) == [str(number) for number in range(40)]
    assert found[-1].endswith("```\n[1]")


def test_a_header_that_takes_too_much_room_is_not_repeated() -> None:
    table = f"```\n{'Name' * 10}\n{'─' * 40}\n" + "\n".join("x" * 30 for _ in range(9)) + "\n```"
    assert sum("NameName" in piece for piece in pieces(table, 100)) == 1


def test_groups_hold_no_more_fences_than_slack_can_take_apart() -> None:
    parts = ["```\nx\n```"] * 25
    assert [len(group) for group in split(parts, Limits(10_000, fences=10))] == [10, 10, 5]


def test_a_character_counts_as_often_as_the_strictest_reader_counts_it() -> None:
    assert size("a😀") == 3
    assert [size(piece) for piece in pieces("😀" * 30, 20)] == [20, 20, 20]


@pytest.mark.parametrize(
    "unit",
    [
        "x",
        "&amp;",
        "<",
        "`",
        "```\n",
        "\n",
        "é" * 3,
        "👩‍👩‍👧‍👦",
        "🇩🇪",
        "\u0301",
        "a b ",
        "<https://a.example|b>",
        "\\",
        "[1]",
    ],
)
def test_a_hundred_thousand_characters_of_anything_are_split(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    groups = split([text], Limits(2900))
    assert all(size("\n".join(group)) <= 2900 and "".join(group).count(FENCE) % 2 == 0 for group in groups)
    assert len(words("".join("".join(group) for group in groups))) >= len(words(text))


@settings(max_examples=20, deadline=None)
@given(st.text(alphabet=st.characters(codec=None), min_size=1, max_size=2000))
def test_any_text_at_all_is_split(text: str) -> None:
    long = text * (20_000 // len(text))
    found = pieces(long, 500)
    assert all(size(piece) <= 500 for piece in found)
    assert len(words("".join(found))) >= len(words(long))


def test_naughty_strings_are_split(shared_data: Path) -> None:
    texts = [str(each) for each in json.loads((shared_data / "security" / "blns" / "blns.json").read_text("utf-8"))]
    parts = [rendered(text, "[1]")[0] for text in texts]
    groups = split(parts, Limits(2900))
    assert words("".join("".join(group) for group in groups)) == words("".join(parts))
    assert all(size("\n".join(group)) <= 2900 for group in groups)
