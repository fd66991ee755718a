"""The oracle finds each kind of live part where Slack would make one, and none in text that was made safe."""

from __future__ import annotations

from typing import Any

import pytest

from bot.workspace.live_parts import live_parts
from bot.workspace.state import Message
from tests.workspace.conftest import Scene

Found = dict[str, tuple[str, ...]]


def found_in(text: str = "", *blocks: dict[str, Any], **more: Any) -> Found:
    """What is live, by kind; kinds of which there is nothing are left out."""
    parts = live_parts(Message("C1", "1.0", "U1", text, list(blocks), **more))
    found = {name: getattr(parts, name) for name in ("mentions", "broadcasts", "links", "images", "hidden")}
    assert parts.is_empty is not any(found.values())
    return {name: what for name, what in found.items() if what}


def mrkdwn(text: str, *, verbatim: bool = False) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text} | ({"verbatim": True} if verbatim else {})}


def markdown(text: str) -> dict[str, Any]:
    return {"type": "markdown", "text": text}


CONTROL = {
    "<@U0ABC123>": {"mentions": ("<@U0ABC123>",)},
    "<@W0ABC123|eve>": {"mentions": ("<@W0ABC123>",)},
    "<#C0ABC123|general>": {"mentions": ("<#C0ABC123>",)},
    "<!channel>": {"broadcasts": ("<!channel>",)},
    "<!here|here>": {"broadcasts": ("<!here>",)},
    "<!everyone>": {"broadcasts": ("<!everyone>",)},
    "<!subteam^S0ABC123>": {"broadcasts": ("<!subteam^S0ABC123>",)},
    "`<!channel>`": {"broadcasts": ("<!channel>",)},
    "```\n<@U0ABC123>\n```": {"mentions": ("<@U0ABC123>",)},
}
LINKS = {
    "<https://evil.example|here>": ("https://evil.example",),
    "<https://evil.example/?a=1&amp;b=2>": ("https://evil.example/?a=1&b=2",),
    "<mailto:eve@evil.example|mail>": ("mailto:eve@evil.example",),
    "<javascript:alert(1)|x>": ("javascript:alert(1)",),
    "<evil.example|x>": ("evil.example",),
}
BARE = {
    "see https://evil.example/x.": ("https://evil.example/x",),
    "(HTTP://EVIL.EXAMPLE)": ("HTTP://EVIL.EXAMPLE",),
    "www.evil.example": ("www.evil.example",),
    "mailto:eve@evil.example": ("mailto:eve@evil.example",),
    "ask eve@evil.example": ("mailto:eve@evil.example",),
    "&lt;https://evil.example&gt;": ("https://evil.example",),
}


@pytest.mark.parametrize("text", CONTROL)
def test_control_sequences_are_live_everywhere(text: str) -> None:
    assert found_in(text) == CONTROL[text]
    assert found_in("x", mrkdwn(text, verbatim=True)) == CONTROL[text]
    assert found_in("x", {"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}) == CONTROL[text]
    assert found_in("x", {"type": "section", "fields": [{"type": "mrkdwn", "text": text}]}) == CONTROL[text]
    assert found_in("x", markdown(text)) == CONTROL[text]


@pytest.mark.parametrize("text", LINKS)
def test_written_links_are_live_also_where_verbatim(text: str) -> None:
    assert found_in(text) == {"links": LINKS[text]}
    assert found_in("x", mrkdwn(text, verbatim=True)) == {"links": LINKS[text]}


@pytest.mark.parametrize("text", BARE)
def test_bare_addresses_are_live_unless_verbatim(text: str) -> None:
    assert found_in(text) == {"links": BARE[text]}
    assert found_in("x", mrkdwn(text)) == {"links": BARE[text]}
    assert found_in("x", markdown(text)) == {"links": BARE[text]}
    assert found_in("x", mrkdwn(text, verbatim=True)) == {}
    assert found_in("x", {"type": "header", "text": {"type": "plain_text", "text": text}}) == {}


@pytest.mark.parametrize("text", ["@channel", "hey @Here!", "(@everyone)"])
def test_bare_broadcast_is_live_where_names_are_looked_for(text: str) -> None:
    assert found_in(text) == {}
    assert list(found_in(text, link_names=True)) == ["broadcasts"]
    assert list(found_in(text, parse="full")) == ["broadcasts"]
    assert list(found_in("x", mrkdwn(text))) == ["broadcasts"]
    assert list(found_in("x", markdown(text))) == ["broadcasts"]
    assert found_in("x", mrkdwn(text, verbatim=True)) == {}


MARKDOWN = {
    "[x](https://evil.example)": {"links": ("https://evil.example",)},
    '[x](<https://evil.example> "title")': {"links": ("https://evil.example",)},
    "[x](evil)": {"links": ("evil",)},
    "[a [b] c](https://evil.example)": {"links": ("https://evil.example",)},
    "[a[b[c]]](evil)": {"links": ("evil",)},
    "![x](https://evil.example/p.png)": {"images": ("https://evil.example/p.png",)},
    "[![x](https://i.example)](https://l.example)": {
        "links": ("https://l.example",),
        "images": ("https://i.example",),
    },
    "<https://evil.example>": {"links": ("https://evil.example",)},
    "<eve@evil.example>": {"links": ("eve@evil.example",)},
    "[x][1]\n\n[1]: https://evil.example": {
        "links": ("https://evil.example",),
        "hidden": ("[1]: https://evil.example",),
    },
    "![x]\n\n[x]: <evil>": {"images": ("evil",), "hidden": ("[x]: <evil>",)},
    "a <!-- b --> c": {"hidden": ("<!-- b -->",)},
    "https&#58;//evil.example": {"links": ("https://evil.example",)},
    "> ```\n\n[x](evil)": {"links": ("evil",)},
    "- a\n\n  ```\n[x](evil)": {"links": ("evil",)},
    "a ` b\n\n[x](evil) `": {"links": ("evil",)},
}


@pytest.mark.parametrize("text", MARKDOWN)
def test_markdown_syntax_is_live(text: str) -> None:
    found = found_in("x", markdown(text))
    assert {kind: set(what) for kind, what in found.items()} == {k: set(v) for k, v in MARKDOWN[text].items()}


@pytest.mark.parametrize(
    "text",
    [
        "`[x](https://evil.example)`",
        "``a ` [x](evil)``",
        "```\nhttps://evil.example\n[x](evil)\n```",
        "```py\n![x](evil)",
        r"\[x\]\(evil\) \!\[a\](b)",
        "[1] (see page 2) [2](see page 3)",
        "&lt;@U0ABC123&gt; &lt;!channel&gt;",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "a < b and c > d; report.pdf, main.py",
    ],
)
def test_code_and_plain_words_are_not_live_in_markdown(text: str) -> None:
    assert found_in("x", markdown(text)) == {}


RICH = [
    ({"type": "user", "user_id": "U0ABC123"}, {"mentions": ("<@U0ABC123>",)}),
    ({"type": "channel", "channel_id": "C0ABC123"}, {"mentions": ("<#C0ABC123>",)}),
    ({"type": "usergroup", "usergroup_id": "S1"}, {"broadcasts": ("<!subteam^S1>",)}),
    ({"type": "broadcast", "range": "here"}, {"broadcasts": ("<!here>",)}),
    ({"type": "link", "url": "https://evil.example", "text": "x"}, {"links": ("https://evil.example",)}),
    ({"type": "text", "text": "https://evil.example <@U0ABC123> @here"}, {}),
    ({"type": "text", "text": "a\u202eb"}, {"hidden": ("U+202E",)}),
]


@pytest.mark.parametrize(("element", "expected"), RICH)
def test_rich_text_is_live_by_its_elements_only(element: dict[str, Any], expected: Found) -> None:
    rich = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [element]}]}
    assert found_in("x", rich) == expected
    assert found_in("x", {"type": "table", "rows": [[rich]]}) == expected


def test_addresses_of_buttons_menus_images_and_task_sources_are_live() -> None:
    label = {"type": "plain_text", "text": "x"}
    button = {"type": "button", "text": label, "url": "https://button.example"}
    menu = {"type": "overflow", "options": [{"text": label, "value": "v", "url": "https://option.example"}]}
    blocks = [
        {"type": "actions", "elements": [button]},
        mrkdwn("x") | {"accessory": menu},
        {"type": "image", "image_url": "https://image.example", "alt_text": "x"},
        {"type": "context", "elements": [{"type": "image", "image_url": "https://small.example", "alt_text": "x"}]},
        {"type": "task_card", "title": "t", "sources": [{"type": "url", "url": "https://task.example", "text": "x"}]},
    ]
    assert found_in("x", *blocks) == {
        "links": ("https://button.example", "https://option.example", "https://task.example"),
        "images": ("https://image.example", "https://small.example"),
    }


@pytest.mark.parametrize(
    "text",
    ["a\u202eb", "a\u2066b", "a\U000e0041b", "a\x08b", "<!date^1392734382^{date}|yesterday>"],
)
def test_text_that_shows_as_something_else_is_hidden(text: str) -> None:
    assert list(found_in(text)) == ["hidden"]
    assert list(found_in("x", mrkdwn(text, verbatim=True))) == ["hidden"]


def test_link_that_pretends_to_lead_elsewhere_is_hidden() -> None:
    assert list(found_in("<https://evil.example|https://good.example>")) == ["links", "hidden"]
    assert list(found_in("x", markdown("[https://good.example](https://evil.example)"))) == ["links", "hidden"]
    assert list(found_in("<https://good.example/|https://good.example>")) == ["links"]


def test_text_beside_blocks_is_read_out_but_makes_no_links() -> None:
    assert found_in("https://evil.example", {"type": "divider"}) == {}
    assert found_in("<!channel>", {"type": "divider"}) == {"broadcasts": ("<!channel>",)}


async def test_message_would_unfurl_unless_told_not_to(scene: Scene) -> None:
    client, channel = scene.client(), scene.general.id
    text = "see https://example.com"
    await client.chat_postMessage(channel=channel, text=text)
    await client.chat_postMessage(channel=channel, text=text, unfurl_links=False)
    await client.chat_postMessage(channel=channel, text=text, unfurl_links=False, unfurl_media=False)
    await client.chat_postMessage(channel=channel, text="no address")
    await client.chat_postEphemeral(channel=channel, user=scene.ana.id, text=text)
    assert [message.would_unfurl for message in scene.workspace.messages("general")] == [True, True, False, False]
    assert not scene.workspace.ephemerals("ana")[0].would_unfurl


async def test_update_looks_for_names_as_slacks_client_does(scene: Scene) -> None:
    """chat.update says ``parse: client`` where nothing else is said, unlike chat.postMessage."""
    client = scene.client()
    posted = await client.chat_postMessage(channel=scene.general.id, text="@channel")
    (message,) = scene.workspace.messages("general")
    assert live_parts(message).is_empty
    await client.chat_update(channel=scene.general.id, ts=posted["ts"], text="@channel")
    assert live_parts(message).broadcasts == ("@channel",)
