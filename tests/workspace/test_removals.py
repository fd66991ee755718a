"""What disappears, and what the app hears of it."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from bot.workspace.errors import WorkspaceError
from tests.workspace.conftest import Scene
from tests.workspace.recorder import connected, settled

FILE = ("a.txt", b"some bytes")


async def code(call: Any) -> str:
    with pytest.raises(SlackApiError) as error:
        await call
    return error.value.response["error"]


async def test_deleting_the_only_message_of_a_file_unshares_it(scene: Scene) -> None:
    _, recorder = await connected(scene)
    posted = await scene.workspace.post("ana", "general", "here", files=[FILE])
    (file,) = posted.files
    again = await scene.workspace.share("ana", "general", file)
    elsewhere = await scene.workspace.share("ana", "board", file)
    await scene.workspace.delete_message(posted)
    await settled(scene)
    assert not recorder.events("file_unshared"), "it still stands in another message of the channel"
    await scene.workspace.delete_message(again)
    await scene.workspace.wait_for(lambda: recorder.events("file_unshared"))
    (event,) = recorder.events("file_unshared")
    assert (event["file_id"], event["channel_id"]) == (file.id, scene.general.id)
    assert (await scene.client().files_info(file=file.id))["file"]["shares"].keys() == {"private"}
    await scene.workspace.delete_message(elsewhere)
    assert await code(scene.client().files_info(file=file.id)) == "file_not_found"


async def test_tombstone_unshares_its_files_too(scene: Scene) -> None:
    _, recorder = await connected(scene)
    posted = await scene.workspace.post("ana", "general", "here", files=[FILE])
    await scene.workspace.post("ben", "general", "reply", thread_ts=posted.ts)
    (file,) = posted.files
    await scene.workspace.delete_message(posted)
    await scene.workspace.wait_for(lambda: recorder.events("file_unshared"))
    (event,) = recorder.events("file_unshared")
    assert (event["file_id"], event["channel_id"]) == (file.id, scene.general.id)


async def test_deleting_a_file_is_not_unsharing_it(scene: Scene) -> None:
    _, recorder = await connected(scene)
    posted = await scene.workspace.post("ana", "general", "here", files=[FILE])
    await scene.workspace.delete_file(posted.files[0])
    await scene.workspace.delete_message(posted)
    await scene.workspace.wait_for(lambda: recorder.events("file_deleted"))
    await settled(scene)
    assert not recorder.events("file_unshared")


async def test_retention_takes_messages_and_files_without_a_word(scene: Scene) -> None:
    _, recorder = await connected(scene)
    posted = await scene.workspace.post("ana", "general", "here", files=[FILE])
    kept = await scene.workspace.post("ana", "general", "kept", files=[("b.txt", b"b")])
    address = scene.workspace.core.shapes.file(kept.files[0])["url_private_download"]
    await settled(scene)
    told = len(recorder.bodies)
    await scene.workspace.expire_message(posted)
    await scene.workspace.expire_file(kept.files[0])
    await scene.workspace.post("ana", "general", "marker")
    await scene.workspace.wait_for(lambda: recorder.bodies[-1]["event"].get("text") == "marker")
    assert len(recorder.bodies) == told + 1
    client = scene.client()
    assert await code(client.conversations_replies(channel=scene.general.id, ts=posted.ts)) == "thread_not_found"
    assert await code(client.files_info(file=posted.files[0].id)) == "file_not_found"
    assert await code(client.files_info(file=kept.files[0].id)) == "file_not_found"
    history = await client.conversations_history(channel=scene.general.id)
    assert history["messages"][1]["files"] == [{"id": kept.files[0].id, "mode": "tombstone"}]
    headers = {"Authorization": f"Bearer {scene.workspace.bot_token}"}
    async with aiohttp.ClientSession() as session, session.get(address, headers=headers) as response:
        assert response.status == 404


@pytest.mark.parametrize(("where", "name"), [("general", "channel_left"), ("board", "group_left")])
async def test_removed_bot_is_told_and_then_hears_nothing(scene: Scene, where: str, name: str) -> None:
    _, recorder = await connected(scene)
    await scene.workspace.remove_bot(where, "ben")
    await scene.workspace.post("ana", where, "does it still listen?")
    await scene.workspace.wait_for(lambda: recorder.events(name) and recorder.events("member_left_channel"))
    await settled(scene)
    assert recorder.events(name)[0]["actor_id"] == scene.ben.id
    assert recorder.events("member_left_channel")[0]["user"] == scene.workspace.bot_user.id
    assert not recorder.events("message")


@pytest.mark.parametrize(("where", "name"), [("general", "channel_deleted"), ("board", "group_deleted")])
async def test_deleted_channel_takes_its_messages_and_shares(scene: Scene, where: str, name: str) -> None:
    _, recorder = await connected(scene)
    channel = scene.workspace.core.state.channel_named(where)
    posted = await scene.workspace.post("ana", where, "here", files=[FILE])
    await scene.workspace.delete_channel(where, "ana")
    await scene.workspace.wait_for(lambda: recorder.events(name))
    assert recorder.events(name)[0]["channel"] == channel.id
    client = scene.client()
    assert await code(client.chat_postMessage(channel=channel.id, text="x")) == "channel_not_found"
    assert await code(client.files_info(file=posted.files[0].id)) == "file_not_found"
    assert not posted.files[0].shares
    await scene.workspace.delete_file(posted.files[0])


async def test_archived_channel_is_read_only(scene: Scene) -> None:
    _, recorder = await connected(scene)
    posted = await scene.workspace.post("ana", "general", "before")
    await scene.workspace.archive_channel("general", "ana")
    await scene.workspace.wait_for(lambda: recorder.events("channel_archive"))
    client = scene.client()
    assert await code(client.chat_postMessage(channel=scene.general.id, text="x")) == "is_archived"
    assert (await client.conversations_info(channel=scene.general.id))["channel"]["is_archived"]
    assert (await client.conversations_replies(channel=scene.general.id, ts=posted.ts))["messages"]
    with pytest.raises(WorkspaceError):
        await scene.workspace.post("ana", "general", "after")


async def test_uninstalled_app_is_told_and_its_token_is_dead(scene: Scene) -> None:
    _, recorder = await connected(scene)
    posted = await scene.workspace.post("ana", "general", "here", files=[FILE])
    address = scene.workspace.core.shapes.file(posted.files[0])["url_private_download"]
    await scene.workspace.uninstall()
    await scene.workspace.wait_for(lambda: recorder.events("app_uninstalled") and recorder.events("tokens_revoked"))
    assert recorder.events("tokens_revoked")[0]["tokens"]["bot"] == [scene.workspace.bot_user.id]
    assert await code(scene.client().auth_test()) == "account_inactive"
    assert await scene.workspace.slash("ana", "general", "/ask", "anybody?") == {"error": "dispatch_failed"}
    before = len(scene.workspace.deliveries)
    await scene.workspace.post("ana", "general", "@inhouse anybody?")
    assert len(scene.workspace.deliveries) == before
    headers = {"Authorization": f"Bearer {scene.workspace.bot_token}"}
    async with aiohttp.ClientSession() as session, session.get(address, headers=headers) as response:
        assert "Sign in" in await response.text()


async def test_token_that_the_app_gives_back_is_dead(scene: Scene) -> None:
    _, recorder = await connected(scene)
    client = scene.client()
    assert not (await client.auth_revoke(test=True))["revoked"]
    await client.auth_test()
    assert (await client.auth_revoke())["revoked"]
    assert await code(client.auth_test()) == "account_inactive"
    await scene.workspace.wait_for(lambda: recorder.events("tokens_revoked"))
