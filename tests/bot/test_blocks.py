"""Nothing from a model, a file or a file's name becomes a mention, a link or hidden formatting; limits hold."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import blocks
from rag.types import Citation, Location

HOSTILE = st.text(alphabet="ab <>&@#!|[]()*_~`:/.\n\t\u202e\u200b", max_size=60) | st.sampled_from(
    [
        "<!channel>",
        "<!here|here>",
        "@everyone",
        "<@U123>",
        "<https://evil.example?s=1|the invoice>",
        "[click](https://evil.example)",
        "![](https://evil.example/x.png)",
        "[a]: https://evil.example",
        "www.evil.example",
        "mailto:ana@example.org",
        "# heading",
        "&lt;!channel&gt;",
        "a\u202egnp.exe",
        "tag\U000e0041\U000e0042s",
    ]
)


def citation(**more: Any) -> Citation:
    given_ = {
        "number": 1,
        "file_name": "lease.pdf",
        "source_ref": "F1",
        "location": Location(page=3),
        "quote": "It is due.",
    }
    return Citation(**{**given_, "chunk_id": 1, **more})


def has_live_control(text: str) -> bool:
    """Whether Slack would see a mention, channel, broadcast or link of its own syntax in ``text``."""
    return bool(re.search(r"<[^>]*>", text)) or bool(re.search(r"@(channel|here|everyone)", text, re.IGNORECASE))


@given(HOSTILE)
def test_escaped_text_holds_nothing_live(text: str) -> None:
    safe = blocks.escape(text)
    assert not has_live_control(safe)
    assert not re.search(r"&(?!(amp|lt|gt);)", safe)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]", safe)
    assert "://" not in safe


@given(HOSTILE)
def test_markdown_holds_no_link_no_image_no_heading(text: str) -> None:
    safe = blocks.markdown(text)
    assert not has_live_control(safe)
    assert "](" not in safe
    assert not re.search(r"(?m)^\s*[#>]", safe)
    assert not re.search(r"(?<!\\)[*_~`]", safe)


@given(st.text(alphabet="abc ,.;:!?äöüß€%()'-\n", max_size=80))
def test_ordinary_text_is_left_as_it_is(text: str) -> None:
    assert blocks.escape(text) == text


def test_ampersands_and_angles_are_shown_as_written() -> None:
    assert blocks.escape("a < b && b > c") == "a &lt; b &amp;&amp; b &gt; c"
    assert blocks.escape("&lt;") == "&amp;lt;"


@given(HOSTILE)
def test_a_name_in_backticks_cannot_leave_them(name: str) -> None:
    shown = blocks.code(name)
    assert shown.count("`") == 2
    assert "\n" not in shown
    assert len(shown) > 2
    assert not has_live_control(shown)


@given(st.text(max_size=300), st.integers(min_value=2, max_value=100))
def test_shortened_text_keeps_its_limit_and_shows_the_cut(text: str, limit: int) -> None:
    short = blocks.shorten(text, limit)
    assert len(short) <= limit
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


@pytest.mark.parametrize("tail", ["&amp;", "<https://a.example|name>"])
def test_no_escape_and_no_link_is_cut_in_half(tail: str) -> None:
    for limit in range(101, 100 + len(tail)):
        assert blocks.shorten("x" * 100 + tail, limit) == "x" * min(100, limit - 1) + "…"


def test_text_without_spaces_is_not_cut_to_nothing() -> None:
    assert len(blocks.shorten("x" * 500, 100)) == 100


@given(HOSTILE.map(lambda text: text * 80))
def test_sections_keep_slacks_limit(text: str) -> None:
    assert len(blocks.section(blocks.escape(text))["text"]["text"]) <= 3000
    assert len(blocks.context(blocks.escape(text))["elements"][0]["text"]) <= 3000


@given(st.lists(st.text(alphabet="ab \n", max_size=1500), max_size=12))
def test_parts_become_few_sections_and_none_is_lost(parts: list[str]) -> None:
    made = blocks.sections(parts)
    assert all(len(block["text"]["text"]) <= 3000 for block in made)
    assert "".join("".join(block["text"]["text"] for block in made).split()) == "".join("".join(parts).split())


@given(HOSTILE)
def test_every_line_of_a_quotation_is_one(text: str) -> None:
    assert all(line.startswith(">") for line in blocks.quote(text).split("\n") if line)


def test_a_source_names_file_place_and_quote_and_links_to_slack() -> None:
    line = blocks.source_line(citation(), "https://acme.slack.com/files/F1", with_quote=True)
    assert line == "[1] <https://acme.slack.com/files/F1|lease.pdf>, page 3\n>It is due."


def test_a_source_that_was_quoted_above_is_not_quoted_again() -> None:
    assert "It is due." not in blocks.source_line(citation(), "", with_quote=False)


@pytest.mark.parametrize(
    "permalink",
    [
        *("", "javascript:alert(1)", "http://evil.example/x", "https://x.slack.com/a|b", "https://x> <!channel>"),
        *("https://evil.example/files/F1", "https://slack.com.evil.example/F1", "http://127.0.0.1.evil.example/F1"),
    ],
)
def test_an_address_that_is_not_plainly_slacks_is_not_linked(permalink: str) -> None:
    line = blocks.source_line(citation(), permalink, with_quote=True)
    assert line.startswith("[1] *lease.pdf*")
    assert not has_live_control(line)


@given(HOSTILE, HOSTILE, HOSTILE)
def test_a_source_holds_one_link_and_it_is_slacks(name: str, quote: str, sheet: str) -> None:
    line = blocks.source_line(
        citation(file_name=name, quote=quote, location=Location(sheet=sheet, row=2)),
        "https://x.slack.com/F1",
        with_quote=True,
    )
    assert re.findall(r"<([^>|]*)", line) == ["https://x.slack.com/F1"]
    assert line.count("<") == line.count(">") - 1  # the one more is the quotation's
    assert line.count("\n") == 1


def test_many_sources_stay_within_the_blocks_of_a_message() -> None:
    many = [citation(number=number) for number in range(1, 60)]
    assert len(blocks.sources(many, {}, frozenset())) <= 20
    assert blocks.sources([], {}, frozenset()) == []


HIDING = (
    "\u200b",
    "\u00ad",
    "\u200e",
    "\u2060",
    "\u3164",
    "\ufeff",
    "\ufe01",
    "\x85",
    "\U000e0041",
    "\U000e0101",
    "\ud83d",
    "\ue000",
)


@pytest.mark.parametrize("sign", HIDING, ids=ascii)
def test_what_nobody_sees_is_left_out(sign: str) -> None:
    assert blocks.escape(f"a{sign}b") == blocks.markdown(f"a{sign}b") == "ab"
    assert sign not in blocks.status_name(f"a{sign}b")


@pytest.mark.parametrize(
    "text",
    ["\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0915\u094d\u200d\u0937", "\u2764\ufe0f\u200d\U0001f525"],
)
def test_joiners_that_join_stay(text: str) -> None:
    assert blocks.escape(text) == text


@pytest.mark.parametrize("text", ["a\u200db", "\u0645\u200c\u200d\u062e", "\u200dx", "\u2764\ufe0f\ufe0f"])
def test_joiners_that_join_nothing_go(text: str) -> None:
    assert not re.search("[\u200c\u200d]|\ufe0f{2}", blocks.escape(text))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ask eve@evil.example", "ask eve@|evil.example"),
        ("_www.evil.example_", "_www|.evil.example_"),
        ("see evil.example/?q=4471", "see evil|.example/?q=4471"),
        ("> said nobody", "|&gt; said nobody"),
        ("```rm -rf", "`|`|`rm -rf"),
        ("report.pdf, and/or 3.14", "report.pdf, and/or 3.14"),
    ],
)
def test_addresses_quotations_and_fences_are_broken_unseen(text: str, shown: str) -> None:
    assert blocks.escape(text) == shown.replace("|", "\u200b")


def test_code_is_left_as_it_is_but_for_what_is_live() -> None:
    code = "a[i](x) >>> os.path/x # @here https://evil.example"
    assert blocks.verbatim(code) == code.replace("@", "@\u200b").replace("://", ":\u200b//")
    assert blocks.preformatted(code) == blocks.verbatim(code).replace(">", "&gt;")


@pytest.mark.parametrize("text", ["1. # x", "- --- ", "a\n===", "a | b\n-|-", "\\`x\\`", "\\[x](y)"])
def test_a_backslash_or_a_list_smuggles_no_markdown_in(text: str) -> None:
    safe = blocks.markdown(text)
    assert not re.search(r"(?m)^(?:\d\. |- )?(?:#|[-=|\s]+$)|(?<!\\)(?:\\\\)*[`*_~]", safe)
    assert "](" not in safe


def test_buttons_keep_their_limits() -> None:
    made = blocks.button("x" * 200, "act", "v" * 3000, danger=True)
    assert len(made["text"]["text"]) <= 75
    assert len(made["value"]) <= 2000
    assert made["style"] == "danger"
    assert "value" not in blocks.button("x", "act")


def test_hostile_file_names_are_harmless(shared_data: Path) -> None:
    names = json.loads((shared_data / "badfiles" / "hostile_filenames.json").read_text(encoding="utf-8"))
    texts = re.findall(r'"((?:[^"\\]|\\.)*)"', json.dumps(names))
    for text in [json.loads(f'"{text}"') for text in texts]:
        for shown in (blocks.code(text), blocks.linked(text, ""), blocks.label(text)):
            assert not has_live_control(shown)
            assert "\n" not in shown
        assert len(blocks.status_name(text)) <= 60
        assert not re.search("[<>\n\u202e]", blocks.status_name(text))
