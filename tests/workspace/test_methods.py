"""Methods beyond posting: whose conversations there are, who is in them, permalinks, reactions, private words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from tests.workspace.conftest import Scene


async def code(call: Any) -> str:
    with pytest.raises(SlackApiError) as error:
        await call
    return error.value.response["error"]


async def test_conversations_of_the_bot_are_those_it_is_in(scene: Scene) -> None:
    client = scene.client()
    away = await scene.workspace.add_channel("away", ["ana"], with_bot=False)
    old = await scene.workspace.add_channel("old", ["ana"])
    await scene.workspace.archive_channel(old)
    direct = await scene.workspace.open_dm("ana")
    kinds = "public_channel, private_channel,im,mpim"

    async def ids(**arguments: Any) -> set[str]:
        return {channel["id"] for channel in (await client.users_conversations(**arguments))["channels"]}

    assert await ids() == {scene.general.id, old.id}
    assert await ids(types=kinds) == {scene.general.id, old.id, scene.board.id, direct.id}
    assert await ids(types=kinds, exclude_archived=True) == {scene.general.id, scene.board.id, direct.id}
    assert away.id in await ids(user=scene.ana.id)
    assert await ids(user=scene.chloe.id, types=kinds) == {scene.general.id}
    assert await code(client.users_conversations(types="secret")) == "invalid_types"
    assert await code(client.users_conversations(user="U0NOBODY")) == "user_not_found"


async def test_conversations_come_in_pages(scene: Scene) -> None:
    for number in range(5):
        await scene.workspace.add_channel(f"c{number}", ["ana"])
    seen: list[str] = []
    async for page in await scene.client().users_conversations(limit=2):
        assert len(page["channels"]) <= 2
        seen += [channel["name"] for channel in page["channels"]]
    assert seen == ["general", "c0", "c1", "c2", "c3", "c4"]


async def test_scope_for_each_kind_of_conversation(make_scene: Callable[..., Awaitable[Scene]]) -> None:
    scene = await make_scene(scopes=["channels:read"])
    client = scene.client()
    assert (await client.users_conversations())["channels"]
    assert await code(client.users_conversations(types="public_channel,private_channel")) == "missing_scope"
    assert (await client.conversations_members(channel=scene.general.id))["members"]
    assert await code(client.conversations_members(channel=scene.board.id)) == "missing_scope"
    assert await code(client.users_info(user=scene.ana.id)) == "missing_scope"
    assert await code(client.chat_postMessage(channel=scene.general.id, text="x")) == "missing_scope"
    assert await code(client.conversations_open(users=scene.ana.id)) == "missing_scope"


async def test_members_are_those_of_the_moment(scene: Scene) -> None:
    client = scene.client()
    await scene.workspace.leave("general", "chloe")
    members = (await client.conversations_members(channel=scene.general.id))["members"]
    assert members == [scene.ana.id, scene.ben.id, scene.workspace.bot_user.id]
    hidden = await scene.workspace.add_channel("hidden", ["ana"], is_private=True, with_bot=False)
    assert await code(client.conversations_members(channel=hidden.id)) == "channel_not_found"


async def test_open_makes_one_conversation_for_the_same_people(scene: Scene) -> None:
    client = scene.client()
    both = f"{scene.ana.id},{scene.ben.id}"
    first, second = [(await client.conversations_open(users=both))["channel"]["id"] for _ in range(2)]
    assert first == second
    assert (await client.conversations_open(channel=first, return_im=True))["channel"]["is_mpim"]
    assert await code(client.conversations_open(users="U0NOBODY")) == "user_not_found"
    assert await code(client.api_call("conversations.open")) == "users_list_not_supplied"
    wrong = client.conversations_open(channel=scene.general.id)
    assert await code(wrong) == "method_not_supported_for_channel_type"


async def test_permalink_of_a_deleted_message_is_refused(scene: Scene) -> None:
    posted = await scene.workspace.post("ana", "general", "hello")
    client = scene.client()
    where = {"channel": scene.general.id, "message_ts": posted.ts}
    assert (await client.chat_getPermalink(**where))["permalink"] == scene.workspace.permalink(posted)
    await scene.workspace.delete_message(posted)
    assert await code(client.chat_getPermalink(**where)) == "message_not_found"


async def test_reaction_is_taken_back_once(scene: Scene) -> None:
    posted = await scene.workspace.post("ana", "general", "hello")
    client = scene.client()
    what = {"channel": scene.general.id, "timestamp": posted.ts, "name": "eyes"}
    await client.reactions_add(**what)
    assert await code(client.reactions_add(**what)) == "already_reacted"
    await client.reactions_remove(**what)
    assert posted.reactions == {}
    assert await code(client.reactions_remove(**what)) == "no_reaction"


async def test_info_gives_a_locale_where_asked(scene: Scene) -> None:
    client = scene.client()
    assert "locale" not in (await client.conversations_info(channel=scene.general.id))["channel"]
    info = await client.conversations_info(channel=scene.general.id, include_locale=True)
    assert info["channel"]["locale"] == "en-US"
