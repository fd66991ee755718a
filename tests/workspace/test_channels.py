"""What an app does to channels, what it is refused, and what it and others hear of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from bot.workspace.events import SENT
from bot.workspace.server import DEFAULT_SCOPES
from tests.workspace.conftest import Scene
from tests.workspace.recorder import Recorder, settled
from tests.workspace.test_methods import code

MakeScene = Callable[..., Awaitable[Scene]]
MANAGING = ("channels:manage", "channels:join", "groups:write", "mpim:write")


@pytest.fixture
async def managing(make_scene: MakeScene) -> tuple[Scene, Recorder]:
    """A scene whose app may manage channels, and what that app hears."""
    scene = await make_scene(scopes=[*DEFAULT_SCOPES, *MANAGING], events=SENT)
    app = scene.app()
    recorder = Recorder(app, SENT)
    await scene.connect(app)
    await settled(scene)
    recorder.bodies.clear()  # of how the scene's own channels were made
    return scene, recorder


def lines(scene: Scene, channel: str) -> list[tuple[str | None, str]]:
    return [(message.subtype, message.text) for message in scene.workspace.messages(channel)]


async def test_an_app_makes_a_channel_and_is_in_it(managing: tuple[Scene, Recorder]) -> None:
    scene, recorder = managing
    bot = scene.workspace.bot_user.id
    made = (await scene.client().conversations_create(name="launch"))["channel"]
    assert (made["name"], made["creator"], made["is_member"], made["is_private"]) == ("launch", bot, True, False)
    hidden = (await scene.client().conversations_create(name="quiet", is_private=True))["channel"]
    assert hidden["is_private"] and hidden["is_group"]
    await settled(scene)
    (created,) = recorder.events("channel_created")
    assert created["channel"]["id"] == made["id"], "of private channels nobody is told"
    assert [event["user"] for event in recorder.events("member_joined_channel")] == [bot, bot]
    assert lines(scene, "launch") == [("channel_join", f"<@{bot}> has joined the channel")]
    assert lines(scene, "quiet") == [("group_join", f"<@{bot}> has joined the channel")]
    assert not recorder.events("app_mention"), "the line names the bot, and nobody spoke to it"


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("", "invalid_name_required"),
        ("x" * 81, "invalid_name_maxlength"),
        ("Launch", "invalid_name_specials"),
        ("la unch", "invalid_name_specials"),
        ("-_-", "invalid_name_punctuation"),
        ("general", "name_taken"),
    ],
)
async def test_names_that_slack_refuses(managing: tuple[Scene, Recorder], name: str, error: str) -> None:
    client = managing[0].client()
    assert await code(client.conversations_create(name=name)) == error
    assert await code(client.conversations_rename(channel=managing[0].board.id, name=name)) == error


async def test_each_kind_of_channel_needs_its_own_scope(make_scene: MakeScene) -> None:
    scene = await make_scene(scopes=["channels:manage", "channels:read", "groups:read", "im:read"])
    client, board = scene.client(), scene.board.id
    await client.conversations_create(name="open")
    assert await code(client.conversations_create(name="closed", is_private=True)) == "missing_scope"
    assert await code(client.conversations_setTopic(channel=board, topic="x")) == "missing_scope"
    assert await code(client.conversations_join(channel=scene.general.id)) == "missing_scope"
    direct = await scene.workspace.open_dm("ana")
    assert await code(client.conversations_close(channel=direct.id)) == "missing_scope"
    smaller = await make_scene(scopes=["channels:write.topic"])
    await smaller.client().conversations_setTopic(channel=smaller.general.id, topic="x")
    assert await code(smaller.client().conversations_archive(channel=smaller.general.id)) == "missing_scope"
    denied = smaller.client().conversations_rename(channel=smaller.general.id, name="other")
    assert await code(denied) == "missing_scope"


async def test_joining_is_for_public_channels_and_once(managing: tuple[Scene, Recorder]) -> None:
    scene, recorder = managing
    client = scene.client()
    away = await scene.workspace.add_channel("away", ["ana"], with_bot=False)
    hidden = await scene.workspace.add_channel("hidden", ["ana"], is_private=True, with_bot=False)
    assert "warning" not in (await client.conversations_join(channel=away.id))
    again = await client.conversations_join(channel=away.id)
    assert again["warning"] == "already_in_channel" and again["channel"]["id"] == away.id
    assert await code(client.conversations_join(channel=hidden.id)) == "channel_not_found"
    assert await code(client.conversations_join(channel=scene.board.id)) == "method_not_supported_for_channel_type"
    await settled(scene)
    assert [event["channel"] for event in recorder.events("member_joined_channel")] == [away.id]


async def test_people_are_invited_all_or_with_force_those_who_can_be(managing: tuple[Scene, Recorder]) -> None:
    scene, recorder = managing
    client, board = scene.client(), scene.board.id
    both = f"{scene.ana.id},{scene.chloe.id}"
    assert await code(client.conversations_invite(channel=board, users=both)) == "already_in_channel"
    assert scene.chloe.id not in scene.board.members
    answer = await client.conversations_invite(channel=board, users=both, force=True)
    assert answer["errors"] == [{"user": scene.ana.id, "ok": False, "error": "already_in_channel"}]
    assert scene.chloe.id in scene.board.members
    await settled(scene)
    (joined,) = recorder.events("member_joined_channel")
    assert (joined["user"], joined["inviter"]) == (scene.chloe.id, scene.workspace.bot_user.id)
    (line,) = (event for event in recorder.events("message") if event["subtype"] == "group_join")
    assert (line["user"], line["inviter"]) == (scene.chloe.id, scene.workspace.bot_user.id)
    assert await code(client.conversations_invite(channel=board, users="U0NOBODY")) == "user_not_found"
    assert await code(client.conversations_invite(channel=board, users=line["inviter"])) == "cant_invite_self"
    assert await code(client.api_call("conversations.invite", params={"channel": board})) == "no_user"


async def test_somebody_is_removed_and_the_app_leaves(managing: tuple[Scene, Recorder]) -> None:
    scene, recorder = managing
    client, general = scene.client(), scene.general.id
    await client.conversations_kick(channel=general, user=scene.chloe.id)
    assert await code(client.conversations_kick(channel=general, user=scene.chloe.id)) == "not_in_channel"
    assert await code(client.conversations_kick(channel=general, user="U0NOBODY")) == "user_not_found"
    bot = scene.workspace.bot_user.id
    assert await code(client.conversations_kick(channel=general, user=bot)) == "cant_kick_self"
    await client.conversations_leave(channel=general)
    with pytest.raises(Exception, match="not_in_channel"):
        await client.conversations_leave(channel=general)
    assert await code(client.conversations_setTopic(channel=general, topic="x")) == "not_in_channel"
    await settled(scene)
    assert [event["user"] for event in recorder.events("member_left_channel")] == [scene.chloe.id, bot]
    assert [event["actor_id"] for event in recorder.events("channel_left")] == [bot]
    assert [event["subtype"] for event in recorder.events("message")] == ["channel_leave"], "its own it does not hear"
    alone = (await client.conversations_create(name="alone"))["channel"]["id"]
    assert await code(client.conversations_leave(channel=alone)) == "last_member"


async def test_channel_is_renamed_archived_and_brought_back(managing: tuple[Scene, Recorder]) -> None:
    scene, recorder = managing
    client, general, bot = scene.client(), scene.general.id, scene.workspace.bot_user.id
    renamed = (await client.conversations_rename(channel=general, name="everybody"))["channel"]
    assert (renamed["name"], renamed["previous_names"]) == ("everybody", ["general"])
    await client.conversations_archive(channel=general)
    assert await code(client.conversations_archive(channel=general)) == "already_archived"
    assert await code(client.conversations_rename(channel=general, name="other")) == "is_archived"
    assert await code(client.conversations_invite(channel=general, users=scene.ana.id)) == "is_archived"
    await client.conversations_unarchive(channel=general)
    assert await code(client.conversations_unarchive(channel=general)) == "not_archived"
    await client.chat_postMessage(channel=general, text="again")
    await settled(scene)
    assert [event["channel"]["name"] for event in recorder.events("channel_rename")] == ["everybody"]
    sent = [wrapper["event"] for wrapper in scene.workspace.core.events.sent.values()]
    own = [(event["type"], event["user"]) for event in sent if event["type"].startswith("channel_") and "user" in event]
    assert own == [("channel_archive", bot), ("channel_unarchive", bot)], "sent; Bolt drops what its own bot did"
    assert [subtype for subtype, _ in lines(scene, general)] == [
        "channel_name",
        "channel_archive",
        "channel_unarchive",
        None,
    ]


async def test_topic_and_purpose_are_kept_and_told(managing: tuple[Scene, Recorder]) -> None:
    scene, recorder = managing
    client, general, bot = scene.client(), scene.general.id, scene.workspace.bot_user.id
    answer = await client.conversations_setTopic(channel=general, topic="Rent & repairs")
    assert answer["channel"]["topic"]["value"] == "Rent & repairs"
    await client.conversations_setPurpose(channel=general, purpose="All about the house")
    await scene.workspace.set_topic("board", "Money", "ben")
    info = (await client.conversations_info(channel=general))["channel"]
    assert (info["topic"]["creator"], info["purpose"]["value"]) == (bot, "All about the house")
    assert await code(client.conversations_setTopic(channel=general, topic="x" * 251)) == "too_long"
    await client.conversations_setTopic(channel=general, topic="")
    assert (await client.conversations_info(channel=general))["channel"]["topic"]["value"] == ""
    history = (await client.conversations_history(channel=general))["messages"]
    assert [message["subtype"] for message in history] == ["channel_topic", "channel_purpose", "channel_topic"]
    assert history[-1]["topic"] == "Rent & repairs" and history[1]["purpose"] == "All about the house"
    await settled(scene)
    (line,) = (event for event in recorder.events("message") if event["subtype"] == "group_topic")
    assert (line["user"], line["topic"]) == (scene.ben.id, "Money"), "its own lines Bolt keeps from it"


async def test_others_hear_of_public_channels_that_they_are_not_in(managing: tuple[Scene, Recorder]) -> None:
    scene, recorder = managing
    place = scene.workspace
    away = await place.add_channel("away", ["ana"], with_bot=False)
    hidden = await place.add_channel("hidden", ["ana"], is_private=True, with_bot=False)
    for channel in (away, hidden):
        await place.rename_channel(channel, f"{channel.name}-now")
        await place.archive_channel(channel)
        await place.unarchive_channel(channel)
        await place.delete_channel(channel)
    await settled(scene)
    heard = [body["event"]["type"] for body in recorder.bodies]
    told = ["archive", "created", "deleted", "rename", "unarchive"]
    assert sorted(heard) == [f"channel_{what}" for what in told]


async def test_private_channels_have_events_of_their_own(managing: tuple[Scene, Recorder]) -> None:
    scene, recorder = managing
    await scene.workspace.rename_channel("board", "council", "ben")
    await scene.workspace.archive_channel("council", "ben")
    await scene.workspace.unarchive_channel("council", "ben")
    await settled(scene)
    assert recorder.events("group_rename")[0]["channel"]["name"] == "council"
    assert recorder.events("group_archive")[0]["user"] == scene.ben.id
    assert recorder.events("group_unarchive")[0]["actor_id"] == scene.ben.id


async def test_channel_with_a_new_id_keeps_all_that_was_said(managing: tuple[Scene, Recorder]) -> None:
    scene, recorder = managing
    client, old = scene.client(), scene.general.id
    posted = await scene.workspace.post("ana", "general", "here", files=[("a.txt", b"a")])
    await scene.workspace.change_channel_id("general")
    await settled(scene)
    (event,) = recorder.events("channel_id_changed")
    assert (event["old_channel_id"], event["new_channel_id"]) == (old, scene.general.id) and old != scene.general.id
    assert await code(client.conversations_history(channel=old)) == "channel_not_found"
    (found,) = (await client.conversations_history(channel=scene.general.id))["messages"]
    assert found["ts"] == posted.ts
    shares = (await client.files_info(file=posted.files[0].id))["file"]["shares"]
    assert list(shares["public"]) == [scene.general.id]
    await client.chat_postMessage(channel=scene.general.id, thread_ts=posted.ts, text="an answer")


async def test_closed_conversation_is_open_again_when_something_is_said(managing: tuple[Scene, Recorder]) -> None:
    client, scene = managing[0].client(), managing[0]
    absent = client.conversations_open(users=scene.ana.id, prevent_creation=True)
    assert await code(absent) == "channel_not_found"
    opened = await client.conversations_open(users=scene.ana.id)
    channel = opened["channel"]["id"]
    assert "already_open" not in opened and (await client.conversations_open(users=scene.ana.id))["already_open"]
    assert "already_closed" not in await client.conversations_close(channel=channel)
    assert (await client.conversations_close(channel=channel))["already_closed"]
    assert "already_open" not in await client.conversations_open(users=scene.ana.id)
    await client.conversations_close(channel=channel)
    await scene.workspace.post("ana", channel, "still there?")
    assert (await client.conversations_open(channel=channel))["already_open"]
    wrong = client.conversations_close(channel=scene.general.id)
    assert await code(wrong) == "method_not_supported_for_channel_type"


async def test_how_far_the_app_has_read_is_kept(managing: tuple[Scene, Recorder]) -> None:
    scene, _ = managing
    client: Any = scene.client()
    posted = await scene.workspace.post("ana", "general", "hello")
    await client.conversations_mark(channel=scene.general.id, ts=posted.ts)
    assert (await client.conversations_info(channel=scene.general.id))["channel"]["last_read"] == posted.ts
    assert await code(client.conversations_mark(channel=scene.general.id, ts="soon")) == "invalid_timestamp"


async def test_what_was_there_before_the_app_is_not_told(managing: tuple[Scene, Recorder]) -> None:
    scene, recorder = managing
    with scene.workspace.untold():
        await scene.workspace.add_channel("old", ["ana"])
    await scene.workspace.add_channel("new", ["ana"])
    await settled(scene)
    assert [event["channel"]["name"] for event in recorder.events("channel_created")] == ["new"]


async def test_slacks_own_commands_change_the_channel_and_are_not_the_apps(managing: tuple[Scene, Recorder]) -> None:
    scene, recorder = managing
    address = f"{scene.workspace.base_url}/page/do/slash"
    headers = {"X-Page-Key": scene.workspace._page.key}

    async def typed(command: str, text: str = "") -> None:
        body = {"user": scene.ana.id, "channel": scene.general.id, "command": command, "text": text}
        async with aiohttp.ClientSession(headers=headers) as session, session.post(address, json=body) as response:
            assert (await response.json())["ok"]

    for command, text in (("/topic", "Rent"), ("/rename", "Every Body"), ("/remove", "@ben"), ("/archive", "")):
        await typed(command, text)
    await settled(scene)
    assert (scene.general.topic.value, scene.general.name, scene.general.is_archived) == ("Rent", "every-body", True)
    assert scene.ben.id not in scene.general.members
    assert [e["user"] for e in recorder.events("channel_archive")] == [scene.ana.id]
    assert not scene.workspace.ephemerals("ana"), "no app was asked"
