"""Addresses in an app's own domains: it is told of them, and puts its previews under the message."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from bot.workspace.events import SENT
from bot.workspace.manifest import options_of
from bot.workspace.methods.registry import every_scope
from tests.workspace.conftest import Scene
from tests.workspace.recorder import Recorder, settled
from tests.workspace.test_methods import code

MakeScene = Callable[..., Awaitable[Scene]]


async def test_app_is_told_of_its_addresses_and_unfurls_them(make_scene: MakeScene) -> None:
    manifest = {"display_information": {"name": "Links"}, "features": {"unfurl_domains": ["example.com"]}}
    scene = await make_scene(**options_of(manifest) | {"scopes": every_scope(), "events": SENT})
    app, client = scene.app(), scene.client()
    recorder = Recorder(app, SENT)
    await scene.connect(app)
    url = "https://www.example.com/a?x=1&y=2"
    posted = await scene.workspace.post("ana", "general", f"see {url} and https://notexample.com/b")
    await scene.workspace.post("ana", "general", "nothing to see at https://other.example/c")
    await client.chat_postMessage(channel=scene.general.id, text=f"<{url}>")
    await settled(scene)
    sent = [wrapper["event"]["type"] for wrapper in scene.workspace.core.events.sent.values()]
    assert sent.count("link_shared") == 1, "the app is not told of what it posted itself"
    (told,) = recorder.events("link_shared")
    assert told["links"] == [{"url": url, "domain": "example.com"}] and told["message_ts"] == posted.ts
    await client.chat_unfurl(channel=scene.general.id, ts=posted.ts, unfurls={url: {"title": "First"}})
    again: dict[str, Any] = {"unfurl_id": told["unfurl_id"], "source": told["source"]}
    await client.api_call("chat.unfurl", json=again | {"unfurls": {url: {"title": "Second"}}})
    (preview,) = posted.attachments
    assert (preview["title"], preview["from_url"], preview["is_app_unfurl"]) == ("Second", url, True)
    await settled(scene)
    changed = [event for event in recorder.events("message") if event.get("subtype") == "message_changed"]
    assert [event["message"]["attachments"][0]["title"] for event in changed] == ["First", "Second"]


async def test_what_only_looks_like_an_address_is_posted(make_scene: MakeScene) -> None:
    scene = await make_scene(events=SENT, scopes=every_scope(), unfurl_domains=["example.com"])
    for text in ("see https://[x", "http://[::1 and https://a..b:99999/x", "https://%[]@example.com:port"):
        assert (await scene.workspace.post("ana", "general", text)).text


async def test_previews_that_slack_refuses(make_scene: MakeScene) -> None:
    scene = await make_scene(scopes=every_scope())
    posted = await scene.workspace.post("ana", "general", "https://example.com/a")
    good = {"channel": scene.general.id, "ts": posted.ts, "unfurls": {"https://example.com/a": {"title": "A"}}}
    for wrong, error in (
        ({"channel": ""}, "missing_channel"),
        ({"ts": ""}, "missing_ts"),
        ({"unfurls": ""}, "missing_unfurls"),
        ({"unfurls": "["}, "invalid_unfurls_format"),
        ({"unfurls": {"https://example.com/a": "A"}}, "invalid_unfurls_format"),
        ({"unfurls": {"https://example.com/b": {}}}, "cannot_unfurl_url"),
        ({"channel": "C0NOWHERE"}, "cannot_find_channel"),
        ({"ts": "1.000001"}, "cannot_find_message"),
        ({"unfurl_id": "x", "source": "composer"}, "invalid_unfurl_id"),
        ({"unfurl_id": "x"}, "missing_source"),
    ):
        assert await code(scene.client().api_call("chat.unfurl", json=good | wrong)) == error
    without = await make_scene()
    assert await code(without.client().api_call("chat.unfurl", json=good)) == "missing_scope"
