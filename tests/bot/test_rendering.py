"""What was checked is shown as it is, and cannot leave its fence, mention anybody or lead anywhere."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rendering import TABLE_WIDTH, rendered, width

TABLE = "| Article | Price |\n|:--|--:|\n| Pump **P-200** | 1,900 |\n| Valve `V-10` | 85 |"
HOSTILE = st.text(alphabet="ab <>&@#!|[]()*_~`:/.\n\t\u202e", max_size=80) | st.sampled_from(
    [
        *("<!channel>", "<@U123>", "@here", "<https://evil.example|here>", "[a](https://evil.example)", "```", "~~~"),
        *("a\n```\n<!channel>\n```", "<javascript:alert(1)|x>", "www.evil.example", "``````", "&lt;!channel&gt;"),
    ]
)


def live(text: str) -> bool:
    """Whether Slack would see a mention, a broadcast or a link of its own syntax in ``text``."""
    return bool(
        re.search(r"<[!@#]|<[a-z]+:|\w://|\bwww\.|[\u202a-\u202e]", text, re.IGNORECASE)
        or re.search(r"@(channel|here|everyone)", text, re.IGNORECASE)
    )


def test_a_sentence_carries_its_marks_in_both_renderings() -> None:
    assert rendered("It is 5 * 3.", "[1]") == ("It is 5 * 3. [1]", "It is 5 \\* 3. [1]")
    assert rendered("It is so.", "") == ("It is so.", "It is so.")


def test_a_fence_stays_a_fence_with_its_marks_below() -> None:
    mrkdwn, markdown = rendered("```bash\nls -a | wc > out && cat < in\n```", "[1][2]")
    assert mrkdwn == "```\nls -a | wc &gt; out &amp;&amp; cat &lt; in\n```\n[1][2]"
    assert markdown == "```bash\nls -a | wc > out && cat < in\n```\n[1][2]"


def test_a_fence_in_a_list_loses_the_lists_indentation_only() -> None:
    mrkdwn, _ = rendered("   ```\n   if x:\n       go()\n   ```", "")
    assert mrkdwn == "```\nif x:\n    go()\n```"


def test_a_table_becomes_aligned_columns() -> None:
    mrkdwn, markdown = rendered(TABLE, "[1]")
    assert mrkdwn == markdown
    assert mrkdwn == "```\nArticle     Price\n──────────  ─────\nPump P-200  1,900\nValve V-10  85\n```\n[1]"


def test_wide_characters_take_two_columns() -> None:
    mrkdwn, _ = rendered("| 名前 | x |\n|---|---|\n| ab | y |\n| e\u0301 | z |", "")
    _, header, rule, *rows, _ = mrkdwn.split("\n")
    assert {width(line) for line in (header, rule, *rows)} == {7}


def test_a_table_too_wide_for_a_screen_becomes_lines() -> None:
    mrkdwn, markdown = rendered(f"| Article | Note |\n|---|---|\n| Pump | {'long ' * 20} |\n| Hose |  |", "[1]")
    assert mrkdwn == f"• Article: Pump\n  Note: {('long ' * 20).strip()}\n• Article: Hose [1]"
    assert markdown == mrkdwn


@given(HOSTILE)
def test_a_sentence_opens_no_fence_and_nothing_in_it_is_live(text: str) -> None:
    mrkdwn, markdown = rendered(text.replace("\n", " "), "[1]")
    assert "```" not in mrkdwn
    assert not live(mrkdwn) and not live(markdown)


@given(HOSTILE, st.sampled_from(["```", "~~~", "`````"]))
def test_code_cannot_leave_its_fence_and_nothing_in_it_is_live(code: str, fence: str) -> None:
    for shown in rendered(f"{fence}sh\n{code}\n{fence}", "[1]"):
        assert not live(shown)
        if shown.startswith("```"):
            assert shown.count("```") == 2 and "\n```\n[1]" in shown


@given(
    st.lists(st.lists(HOSTILE.map(lambda t: re.sub(r"[\n|]", " ", t)), min_size=2, max_size=2), min_size=1, max_size=5)
)
def test_a_table_cannot_leave_its_fence_and_nothing_in_it_is_live(rows: list[list[str]]) -> None:
    table = "\n".join(["| a | b |", "|---|---|", *(f"| {one} | {two} |" for one, two in rows)])
    for shown in rendered(table, "[1]"):
        assert not live(shown)
        assert shown.count("```") in {0, 2}
        assert "```" not in shown or all(width(line) <= TABLE_WIDTH + 8 for line in shown.split("\n")[:3])


@pytest.mark.parametrize("wrap", ["{}", "```\n{}\n```", "| a | b |\n|---|---|\n| {} | x |"])
def test_naughty_strings_are_harmless_in_every_place(shared_data: Path, wrap: str) -> None:
    texts = [str(each) for each in json.loads((shared_data / "security" / "blns" / "blns.json").read_text("utf-8"))]
    for text in texts:
        for shown in rendered(wrap.format(text), "[1]"):
            assert not live(shown), text
            assert shown.count("```") % 2 == 0, text
