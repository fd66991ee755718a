"""The blocks that Slack makes of an app's text, and gives back with the message."""

from __future__ import annotations

from typing import Any

import pytest

from bot.workspace.rich_text import rich_text
from tests.workspace.conftest import Scene


def section(*elements: dict[str, Any], kind: str = "section") -> dict[str, Any]:
    return {"type": f"rich_text_{kind}", "elements": list(elements)}


def words(text: str, **style: bool) -> dict[str, Any]:
    return {"type": "text", "text": text} | ({"style": style} if style else {})


ANA = {"type": "user", "user_id": "U1"}
HERE = {"type": "broadcast", "range": "here"}
WAVE = {"type": "emoji", "name": "wave"}
GENERAL = {"type": "channel", "channel_id": "C1"}
TEAM = {"type": "usergroup", "usergroup_id": "S1"}
LINK = {"type": "link", "url": "https://a.example/?x=1&y", "text": "a < b"}
BOTH = words("i", bold=True, italic=True)
CODE = section(words("x = *1*"), kind="preformatted") | {"border": 0}


@pytest.mark.parametrize(
    ("mrkdwn", "parts"),
    [
        ("", []),
        ("plain &amp; 5 * 3 * 2", [section(words("plain & 5 * 3 * 2"))]),
        ("*b _i_* `c*`", [section(words("b ", bold=True), BOTH, words(" "), words("c*", code=True))]),
        (
            "2*3* 4 ~no~ snake_case_name",
            [section(words("2*3* 4 "), words("no", strike=True), words(" snake_case_name"))],
        ),
        ("<@U1> <!here> :wave:", [section(ANA, words(" "), HERE, words(" "), WAVE)]),
        ("<https://a.example/?x=1&amp;y|a &lt; b>", [section(LINK)]),
        ("<#C1|general><!subteam^S1><!date^1^{date}|then>", [section(GENERAL, TEAM, words("then"))]),
        ("said:\n&gt; one\n&gt; two", [section(words("said:\n")), section(words("one\ntwo"), kind="quote")]),
        ("a\n```x = *1*```\nb", [section(words("a")), CODE, section(words("b"))]),
    ],
)
def test_text_becomes_the_blocks_that_slack_makes_of_it(mrkdwn: str, parts: list[dict[str, Any]]) -> None:
    assert [element for block in rich_text(mrkdwn) for element in block["elements"]] == parts


async def test_text_of_an_app_comes_back_with_blocks_and_the_page_draws_the_text(scene: Scene) -> None:
    posted = await scene.client().chat_postMessage(channel=scene.general.id, text="a *word*")
    assert posted["message"]["blocks"][0]["type"] == "rich_text"
    (message,) = scene.workspace.messages("general")
    assert message.blocks == [] and "blocks" not in scene.workspace.core.page_message(message)
    typed = await scene.workspace.post("ana", "general", "typed")
    assert scene.workspace.core.page_message(typed)["blocks"] == typed.blocks
