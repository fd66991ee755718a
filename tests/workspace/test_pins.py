"""What a channel keeps at hand: pins and bookmarks; and who has reacted to what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bot.workspace.events import SENT
from bot.workspace.methods.registry import every_scope
from tests.workspace.conftest import Scene
from tests.workspace.recorder import Recorder, settled
from tests.workspace.test_methods import code

MakeScene = Callable[..., Awaitable[Scene]]


@pytest.fixture
async def able(make_scene: MakeScene) -> Scene:
    """A scene whose app may do everything."""
    return await make_scene(scopes=every_scope(), events=SENT)


async def test_pins_are_kept_and_told(able: Scene) -> None:
    app, client = able.app(), able.client()
    recorder = Recorder(app, SENT)
    await able.connect(app)
    first, second = [await able.workspace.post("ana", "general", text) for text in ("one", "two")]
    where: dict[str, Any] = {"channel": able.general.id}
    await client.pins_add(**where, timestamp=first.ts)
    assert await code(client.pins_add(**where, timestamp=first.ts)) == "already_pinned"
    await able.workspace.pin("ben", second)
    items = (await client.pins_list(**where))["items"]
    assert [(item["message"]["text"], item["created_by"]) for item in items] == [
        ("two", able.ben.id),
        ("one", able.workspace.bot_user.id),
    ]
    assert items[0]["message"]["pinned_to"] == [able.general.id]
    assert (await client.conversations_history(**where))["pin_count"] == 2
    await able.workspace.pin("ben", second)
    assert await code(client.pins_remove(**where, timestamp=second.ts)) == "no_pin"
    await settled(able)
    (added,), (removed,) = recorder.events("pin_added"), recorder.events("pin_removed")
    assert (added["user"], added["item"]["message"]["ts"], added["pin_count"]) == (able.ben.id, second.ts, 2)
    assert removed["has_pins"] and "pinned_to" not in removed["item"]["message"]


async def test_pin_goes_with_its_message_and_lines_of_slack_have_none(able: Scene) -> None:
    client, where = able.client(), {"channel": able.general.id}
    posted = await able.workspace.post("ana", "general", "one")
    await client.pins_add(**where, timestamp=posted.ts)
    await able.workspace.delete_message(posted)
    assert (await client.pins_list(**where))["items"] == []
    await client.conversations_setTopic(**where, topic="x")
    line = able.workspace.messages("general")[-1]
    assert await code(client.pins_add(**where, timestamp=line.ts)) == "not_pinnable"
    assert await code(client.api_call("pins.add", params=where)) == "no_item_specified"
    away = await able.workspace.add_channel("away", ["ana"], with_bot=False)
    assert await code(client.pins_list(channel=away.id)) == "not_in_channel"


async def test_tombstone_keeps_no_pin(able: Scene) -> None:
    posted = await able.workspace.post("ana", "general", "one")
    await able.workspace.post("ben", "general", "reply", thread_ts=posted.ts)
    await able.client().pins_add(channel=able.general.id, timestamp=posted.ts)
    await able.workspace.delete_message(posted)
    assert (await able.client().pins_list(channel=able.general.id))["items"] == []


async def test_bookmarks_are_made_changed_and_removed(able: Scene) -> None:
    client, where = able.client(), {"channel_id": able.general.id}
    made = await client.bookmarks_add(**where, title="Plan", type="link", link="https://example.com/a", emoji=":map:")
    one = made["bookmark"]["id"]
    changed = (await client.bookmarks_edit(**where, bookmark_id=one, title="New plan"))["bookmark"]
    assert (changed["title"], changed["link"], changed["emoji"]) == ("New plan", "https://example.com/a", ":map:")
    assert changed["date_updated"] and not made["bookmark"]["date_updated"]
    assert [b["title"] for b in (await client.bookmarks_list(**where))["bookmarks"]] == ["New plan"]
    await client.bookmarks_remove(**where, bookmark_id=one)
    assert await code(client.bookmarks_remove(**where, bookmark_id=one)) == "not_found"
    assert (await client.bookmarks_list(**where))["bookmarks"] == []


async def test_bookmarks_that_slack_refuses(able: Scene) -> None:
    client = able.client()
    wanted: dict[str, Any] = {"channel_id": able.general.id, "title": "x", "type": "link", "link": "https://a.example"}
    for wrong, error in (
        ({"link": "javascript:1"}, "invalid_link"),
        ({"type": "file"}, "invalid_bookmark_type"),
        ({"emoji": "map"}, "invalid_emoji"),
        ({"title": ""}, "invalid_arguments"),
        ({"channel_id": "C0NOWHERE"}, "channel_not_found"),
    ):
        assert await code(client.bookmarks_add(**(wanted | wrong))) == error
    away = await able.workspace.add_channel("away", ["ana"], with_bot=False)
    assert await code(client.bookmarks_list(channel_id=away.id)) == "permission_denied"


async def test_list_of_reactions_is_of_one_person_and_of_what_the_app_sees(able: Scene) -> None:
    client, place = able.client(), able.workspace
    hidden = await place.add_channel("hidden", ["ana"], is_private=True, with_bot=False)
    posted = [await place.post("ana", where, where) for where in ("general", "board", "hidden")]
    for message in posted:
        await place.react("ana", message, "eyes")
    await place.react("ben", posted[0], "tada")
    texts = [item["message"]["text"] for item in (await client.reactions_list(user=able.ana.id))["items"]]
    assert texts == ["board", "general"] and hidden.id
    page = await client.reactions_list(user=able.ana.id, limit=1)
    following = page["response_metadata"]["next_cursor"]
    rest = await client.reactions_list(user=able.ana.id, limit=1, cursor=following)
    assert rest["items"][0]["message"]["reactions"][1] == {"name": "tada", "users": [able.ben.id], "count": 1}
    assert (await client.reactions_list())["items"] == []
    assert await code(client.reactions_list(user="U0NOBODY")) == "user_not_found"
