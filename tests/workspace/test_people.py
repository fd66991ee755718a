"""Who people are: their language, their rights, and those who come from another workspace."""

from __future__ import annotations

from bot.workspace.events import DEFAULT_EVENTS
from tests.workspace.conftest import Scene
from tests.workspace.recorder import connected

OTHER = "T0OTHERTEAM"


async def test_locale_is_told_only_when_asked_for(scene: Scene) -> None:
    dora = await scene.workspace.add_user("dora", locale="de-DE")
    client = scene.client()
    assert "locale" not in (await client.users_info(user=dora.id))["user"]
    assert (await client.users_info(user=dora.id, include_locale=True))["user"]["locale"] == "de-DE"
    assert (await client.users_info(user=scene.ana.id, include_locale=True))["user"]["locale"] == "en-US"
    members = (await client.users_list(include_locale=True))["members"]
    assert {member["name"]: member["locale"] for member in members}["dora"] == "de-DE"


async def test_guest_and_outsider_are_marked(scene: Scene) -> None:
    guest = await scene.workspace.add_user("gil", is_guest=True)
    eve = await scene.workspace.add_user("eve", team_id=OTHER)
    client = scene.client()
    shown = (await client.users_info(user=guest.id))["user"]
    assert (shown["is_restricted"], shown["is_stranger"], shown["team_id"]) == (True, False, scene.workspace.team_id)
    shown = (await client.users_info(user=eve.id))["user"]
    assert (shown["is_restricted"], shown["is_stranger"], shown["team_id"]) == (False, True, OTHER)
    assert "eve" not in {member["name"] for member in (await client.users_list())["members"]}


async def test_outsiders_messages_name_their_team(scene: Scene) -> None:
    _, recorder = await connected(scene)
    eve = await scene.workspace.add_user("eve", team_id=OTHER)
    shared = await scene.workspace.add_channel("joint", ["ana", eve], is_ext_shared=True)
    await scene.workspace.post(eve, shared, "@inhouse hello")
    await scene.workspace.wait_for(lambda: len(recorder.bodies) == 2)
    (mention,), (message,) = recorder.events("app_mention"), recorder.events("message")
    for event in (mention, message):
        assert (event["team"], event["user_team"], event["source_team"]) == (OTHER, OTHER, OTHER)
    assert all(body["is_ext_shared_channel"] for body in recorder.bodies)
    assert all(body["team_id"] == scene.workspace.team_id for body in recorder.bodies)


async def test_own_peoples_messages_name_no_other_team(scene: Scene) -> None:
    _, recorder = await connected(scene)
    await scene.workspace.post("ana", "general", "hello")
    await scene.workspace.wait_for(lambda: recorder.bodies)
    assert "user_team" not in recorder.events("message")[0]
    assert not recorder.bodies[0]["is_ext_shared_channel"]


async def test_channel_is_shared_later(scene: Scene) -> None:
    _, recorder = await connected(scene)
    client = scene.client()
    assert not (await client.conversations_info(channel=scene.general.id))["channel"]["is_ext_shared"]
    await scene.workspace.share_outside("general", OTHER)
    await scene.workspace.wait_for(lambda: recorder.events("channel_shared"))
    (event,) = recorder.events("channel_shared")
    assert (event["connected_team_id"], event["channel"]) == (OTHER, scene.general.id)
    channel = (await client.conversations_info(channel=scene.general.id))["channel"]
    assert channel["is_ext_shared"] and OTHER in channel["shared_team_ids"]
    assert channel["connected_team_ids"] == [OTHER] and channel["conversation_host_id"] == scene.workspace.team_id


async def test_outsiders_file_is_a_stub_that_files_info_fills_in(scene: Scene) -> None:
    _, recorder = await connected(scene)
    eve = await scene.workspace.add_user("eve", team_id=OTHER)
    shared = await scene.workspace.add_channel("joint", ["ana", eve], is_ext_shared=True)
    posted = await scene.workspace.post(eve, shared, "look", files=[("a.txt", b"a")])
    ours = await scene.workspace.post("ana", shared, "look", files=[("b.txt", b"b")])
    await scene.workspace.wait_for(lambda: len(recorder.events("message")) == 2)
    stub, full = (event["files"][0] for event in sorted(recorder.events("message"), key=lambda event: event["ts"]))
    assert stub["file_access"] == "check_file_info" and stub["mode"] == "file_access" and "name" not in stub
    assert full["name"] == "b.txt" and full["id"] == ours.files[0].id
    info = (await scene.client().files_info(file=stub["id"]))["file"]
    assert info["name"] == "a.txt" and info["user_team"] == OTHER and info["id"] == posted.files[0].id


def test_file_unshared_is_subscribed_by_default() -> None:
    assert "file_unshared" in DEFAULT_EVENTS
