"""People's profiles, addresses and presence, and what an app hears when they come and change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import aiohttp

from bot.workspace.events import SENT
from bot.workspace.methods.registry import every_scope
from bot.workspace.server import DEFAULT_SCOPES
from tests.workspace.conftest import Scene
from tests.workspace.recorder import Recorder, settled
from tests.workspace.test_methods import code

MakeScene = Callable[..., Awaitable[Scene]]


async def test_a_profile_is_what_its_owner_last_said(make_scene: MakeScene) -> None:
    scene = await make_scene(scopes=every_scope())
    client, ana = scene.client(), scene.ana.id
    assert (await client.users_profile_get(user=ana))["profile"]["last_name"] == "Lima"
    await scene.workspace.change_user("ana", title="Head of Rents", status_text="away", status_emoji=":palm_tree:")
    profile = (await client.users_profile_get(user=ana))["profile"]
    assert (profile["title"], profile["status_emoji"], profile["real_name"]) == (
        "Head of Rents",
        ":palm_tree:",
        "Ana Lima",
    )
    assert (await client.users_info(user=ana))["user"]["profile"]["title"] == "Head of Rents"
    assert (await client.users_profile_get())["profile"]["display_name"] == "inhouse", "by default the app's own"
    assert await code(client.users_profile_get(user="U0NOBODY")) == "user_not_found"


async def test_addresses_are_for_apps_with_their_scope(make_scene: MakeScene) -> None:
    scene = await make_scene(scopes=[*DEFAULT_SCOPES, "users:read.email"])
    client = scene.client()
    found = (await client.users_lookupByEmail(email="Ana@example.com"))["user"]
    assert found["id"] == scene.ana.id and found["profile"]["email"] == "ana@example.com"
    assert await code(client.users_lookupByEmail(email="who@example.com")) == "users_not_found"
    eve = await scene.workspace.add_user("eve", team_id="T0OTHERTEAM")
    assert await code(client.users_lookupByEmail(email=eve.email)) == "users_not_found"
    await scene.workspace.deactivate("ben")
    assert await code(client.users_lookupByEmail(email="ben@example.com")) == "users_not_found"
    without = await make_scene()
    assert "email" not in (await without.client().users_info(user=without.ana.id))["user"]["profile"]
    assert await code(without.client().users_lookupByEmail(email="ana@example.com")) == "missing_scope"


async def test_presence_is_who_has_the_page_open_and_whether_the_app_is_connected(scene: Scene) -> None:
    client, ana = scene.client(), scene.ana.id
    assert (await client.users_getPresence(user=ana))["presence"] == "away"
    bot = scene.workspace.bot_user.id
    own = await client.users_getPresence(user=bot)
    assert (own["presence"], own["online"]) == ("away", False)
    address = f"{scene.workspace.base_url}/page/feed?user={ana}&key={scene.workspace._page.key}"
    async with aiohttp.ClientSession() as session, session.ws_connect(address) as feed:
        await feed.receive_json()
        assert (await client.users_getPresence(user=ana))["presence"] == "active"
        assert (await client.users_getPresence(user=scene.ben.id))["presence"] == "away"
    await scene.connect(scene.app())
    assert (await client.users_getPresence(user=bot))["online"]
    assert await code(client.users_getPresence(user="U0NOBODY")) == "user_not_found"


async def test_an_app_hears_who_comes_and_who_changes(make_scene: MakeScene) -> None:
    scene = await make_scene(events=SENT)
    app = scene.app()
    recorder = Recorder(app, SENT)
    await scene.connect(app)
    await settled(scene)
    recorder.bodies.clear()
    dora = await scene.workspace.add_user("dora", locale="de-DE")
    await scene.workspace.add_user("eve", team_id="T0OTHERTEAM")
    await scene.workspace.change_user(dora, real_name="Dora Weiss")
    await scene.workspace.deactivate(dora)
    await settled(scene)
    (joined,) = recorder.events("team_join")
    assert (joined["user"]["id"], joined["user"]["locale"]) == (dora.id, "de-DE"), "of outsiders nobody is told"
    changes = [(e["user"]["real_name"], e["user"]["deleted"]) for e in recorder.events("user_change")]
    assert changes == [("Dora Weiss", False), ("Dora Weiss", True)]
    assert len(recorder.events("user_profile_changed")) == 1 and not recorder.events("user_status_changed")
    await scene.workspace.change_user("ben", status_text="on holiday")
    await settled(scene)
    (told,) = recorder.events("user_status_changed")
    assert told["user"]["profile"]["status_text"] == "on holiday"


async def test_emoji_of_the_workspaces_own(make_scene: MakeScene) -> None:
    scene = await make_scene(scopes=every_scope(), events=SENT)
    client, app = scene.client(), scene.app()
    recorder = Recorder(app, SENT)
    await scene.connect(app)
    await scene.workspace.add_emoji("parrot", "https://example.com/parrot.gif")
    assert (await client.emoji_list())["emoji"] == {"parrot": "https://example.com/parrot.gif"}
    assert "categories" in (await client.emoji_list(include_categories=True))
    await scene.workspace.remove_emoji("parrot")
    assert (await client.emoji_list())["emoji"] == {}
    await settled(scene)
    added, removed = recorder.events("emoji_changed")
    assert (added["subtype"], added["name"], added["value"]) == ("add", "parrot", "https://example.com/parrot.gif")
    assert (removed["subtype"], removed["names"]) == ("remove", ["parrot"])
    denied = await make_scene()
    assert await code(denied.client().emoji_list()) == "missing_scope"


async def test_groups_are_none(make_scene: MakeScene) -> None:
    scene = await make_scene(scopes=["usergroups:read"])
    assert (await scene.client().usergroups_list())["usergroups"] == []
    assert await code((await make_scene()).client().usergroups_list()) == "missing_scope"
