"""Every event and interaction that the workspace sends, against the recorded ones: their keys and types."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bot.workspace.events import SENT
from bot.workspace.methods.registry import every_scope
from tests.workspace.conftest import Scene, build_scene
from tests.workspace.recorder import Recorder
from tests.workspace.test_web_api import keys, types

# Events and keys that the recordings lack, and Slack's documentation or other people's logs have.
CHATS = {"assistant_thread_started", "assistant_thread_context_changed"}
NEWER = {"app_context_changed", "agent_session_stopped", *CHATS}
NEWER_KEYS = {
    "app_home_opened": {"context"},
    "app_mention": {"files", "parent_user_id"},
    "message": {"app_id"},
    "message/bot_message": {"app_id", "parent_user_id"},
    "message/thread_broadcast": {"parent_user_id"},
    "message/file_share": {"client_msg_id", "user_team", "source_team"},
    "view_submission": {"response_urls"},
    "emoji_changed": {"names"},
    "user_change": {"event_ts"},
}
# Keys that the recordings have and no event here can: of other products, of settings, of what is long gone.
SELDOM = {
    "block_actions": {"view"},
    "emoji_changed": {"old_name", "new_name"},
    "app_mention": {"app_id", "bot_id", "bot_profile", "display_as_bot", "subtype", "user_profile", "username"},
    "member_joined_channel": {"enterprise"},
    "message": {"edited", "metadata"},
    "message/file_share": {"attachments"},
    "message/thread_broadcast": {"attachments"},
}
FILES = {
    "app_mention": "AppMentionPayload",
    "app_home_opened": "AppHomeOpenedPayload",
    "app_uninstalled": "AppUninstalledPayload",
    "channel_archive": "ChannelArchivePayload",
    "channel_created": "ChannelCreatedPayload",
    "channel_deleted": "ChannelDeletedPayload",
    "channel_id_changed": "ChannelIdChangedPayload",
    "channel_left": "ChannelLeftPayload",
    "channel_rename": "ChannelRenamePayload",
    "channel_shared": "ChannelSharedPayload",
    "channel_unarchive": "ChannelUnarchivePayload",
    "channel_unshared": "ChannelUnsharedPayload",
    "emoji_changed": "EmojiChangedPayload",
    "file_created": "FileCreatedPayload",
    "file_public": "FilePublicPayload",
    "link_shared": "LinkSharedPayload",
    "file_change": "FileChangePayload",
    "file_deleted": "FileDeletedPayload",
    "file_shared": "FileSharedPayload",
    "file_unshared": "FileUnsharedPayload",
    "group_archive": "GroupArchivePayload",
    "group_deleted": "GroupDeletedPayload",
    "group_left": "GroupLeftPayload",
    "group_rename": "GroupRenamePayload",
    "group_unarchive": "GroupUnarchivePayload",
    "member_joined_channel": "MemberJoinedChannelPayload",
    "member_left_channel": "MemberLeftChannelPayload",
    "team_join": "TeamJoinPayload",
    "user_change": "UserChangePayload",
    "user_profile_changed": "UserProfileChangedPayload",
    "user_status_changed": "UserStatusChangedPayload",
    "tokens_revoked": "TokensRevokedPayload",
    "message": "MessagePayload",
    "pin_added": "PinAddedPayload",
    "pin_removed": "PinRemovedPayload",
    **{
        f"message/{kind}_{what}": f"MessageChannel{what.title()}Payload"
        for what in ("archive", "join", "leave", "name", "purpose", "topic", "unarchive")
        for kind in ("channel", "group")
    },
    "message/bot_message": "MessageBotPayload",
    "message/thread_broadcast": "MessageThreadBroadcastPayload",
    "message/group_topic": "MessageGroupTopicPayload",
    "message/file_share": "MessageFileSharePayload",
    "message/message_changed": "MessageChangedPayload",
    "message/message_deleted": "MessageDeletedPayload",
    "reaction_added": "ReactionAddedPayload",
    "reaction_removed": "ReactionRemovedPayload",
}


async def live_through(scene: Scene) -> None:
    """Everything that raises an event, once."""
    place = scene.workspace
    dora = await place.add_user("dora")
    eve = await place.add_user("eve", team_id="T0OTHERTEAM")
    await place.invite("general", dora, "ana")
    posted = await place.post("ana", "general", "@inhouse here", files=[("a.txt", b"a")])
    reply = await place.post("ben", "general", "a reply", thread_ts=posted.ts)
    await place.post("ben", "general", "with a file", thread_ts=posted.ts, files=[("d.txt", b"d")])
    said: dict[str, Any] = {"channel": scene.general.id, "text": "an answer", "attachments": [{"text": "more"}]}
    await scene.client().chat_postMessage(**said)
    said |= {"thread_ts": posted.ts, "username": "Herald", "icon_emoji": "mega", "blocks": [{"type": "divider"}]}
    await scene.client().chat_postMessage(**said)
    await place.post("ben", "general", "to all", thread_ts=posted.ts, also_in_channel=True)
    await scene.client().views_publish(user_id=scene.ana.id, view={"type": "home", "blocks": []})
    await place.edit(reply, "@inhouse a reply")
    await place.react("ben", posted, "eyes")
    await place.react("ben", posted, "eyes")
    await place.pin("ben", posted)
    await place.pin("ben", posted)
    await place.unfurl(reply)
    await place.delete_message(posted)
    await place.delete_message(reply)
    kept = await place.post("ana", "general", "kept", files=[("b.txt", b"b")])
    await place.change_file(kept.files[0], b"c")
    await place.delete_file(kept.files[0])
    joint = await place.add_channel("joint", ["ana", eve], is_ext_shared=True)
    await place.share_outside(joint, "T0THIRDTEAM")
    await place.post(eve, joint, "@inhouse hello", files=[("c.txt", b"c")])
    await place.stop_sharing(joint, "T0THIRDTEAM")
    await place.start_chat("ana")
    await place.post("ben", "general", "https://example.com/a", thread_ts=kept.ts)
    await live_in_channels(scene)
    await place.look_at("ana", "general")
    await place.open_home("ana")
    await place.leave("general", dora)
    for left, deleted in (("general", "joint"), ("board", "inner")):
        await place.remove_bot(left)
        if deleted == "inner":
            await place.add_channel("inner", ["ana"], is_private=True)
        await place.archive_channel(deleted)
        await place.delete_channel(deleted)
    await place.add_emoji("parrot", "https://example.com/parrot.gif")
    await place.remove_emoji("parrot")
    await place.change_user(dora, status_text="away")
    await place.uninstall()


async def live_in_channels(scene: Scene) -> None:
    """What befalls a channel, once in a public and once in a private one."""
    place = scene.workspace
    for is_private in (False, True):
        channel = await place.add_channel(f"room-{is_private}", ["ana"], is_private=is_private)
        await place.invite(channel, "ben", "ana")
        await place.leave(channel, "ben")
        await place.rename_channel(channel, f"{channel.name}-now")
        await place.set_topic(channel, "a topic")
        await place.set_purpose(channel, "a purpose")
        await place.archive_channel(channel)
        await place.unarchive_channel(channel)
        await place.change_channel_id(channel)


async def all_events() -> list[tuple[str, dict[str, Any]]]:
    """(name, event) of everything that a workspace can send, each more than once."""
    scene = await build_scene(events=SENT, scopes=every_scope(), unfurl_domains=["example.com"])
    try:
        await live_through(scene)
        sent = [wrapper["event"] for wrapper in scene.workspace.core.events.sent.values()]
    finally:
        await scene.workspace.stop()
    return [(f"message/{e['subtype']}" if e["type"] == "message" and "subtype" in e else e["type"], e) for e in sent]


def recorded_event(folder: Path, name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((folder / "slack" / "events" / f"{FILES[name]}.json").read_text())["event"]
    return event


WITHIN = {"blocks", "files", "message", "previous_message", "root", "view", "context"}


def outline(value: Any) -> Any:
    """An event without what is inside of its messages, which are of many kinds."""
    if isinstance(value, dict):
        return {name: None if name in WITHIN else outline(item) for name, item in value.items()}
    return value


async def test_no_event_has_a_key_that_slack_does_not_send(shared_data: Path) -> None:
    events = await all_events()
    surplus: dict[str, set[str]] = {}
    for name, event in events:
        if name not in NEWER:
            foreign = keys(outline(event)) - keys(recorded_event(shared_data, name)) - NEWER_KEYS.get(name, set())
            surplus |= {name: foreign} if foreign else {}
    assert surplus == {}
    assert {name for name, _ in events} == set(FILES) | {"app_context_changed", *CHATS}, "each was sent"


async def test_events_have_the_recorded_types_and_every_key_once(shared_data: Path) -> None:
    seen, other = dict[str, set[str]](), set[tuple[str, str, str, str]]()
    for name, event in await all_events():
        if name not in NEWER:
            ours, theirs = types(event), types(recorded_event(shared_data, name))
            other |= {(name, p, ours[p], theirs[p]) for p in ours.keys() & theirs.keys() if ours[p] != theirs[p]}
            seen[name] = seen.get(name, set()) | set(event)
    lacking = {name: set(recorded_event(shared_data, name)) - seen[name] - SELDOM.get(name, set()) for name in seen}
    assert other == set()
    assert {name: lack for name, lack in lacking.items() if lack} == {}


INTERACTIONS = {
    "block_actions": "BlockActionPayload",
    "message_action": "MessageShortcutPayload",
    "slash_commands": "SlashCommandPayload",
    "view_submission": "ViewSubmissionPayload",
    "view_closed": "ViewClosedPayload",
}
# Keys of interactions with steps of workflows and in organisations, and of clicks elsewhere than in a message.
SELDOM_THERE = {"bot_access_token", "enterprise", "enterprise_id", "enterprise_name", "function_data", "interactivity"}
SELDOM_THERE |= {"app_unfurl", "is_cleared"}
# Slack sends a command's fields as a form does, as text; the recording was read into a class with a boolean.
AS_TEXT = ("slash_commands", "is_enterprise_install", "string", "boolean")


async def every_interaction(scene: Scene) -> dict[str, dict[str, Any]]:
    """One body of each kind, by its name."""
    app, bodies = scene.app(), dict[str, dict[str, Any]]()
    Recorder(app)
    view = {"type": "modal", "callback_id": "form", "title": {"type": "plain_text", "text": "Form"}, "blocks": []}

    async def keep(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        bodies[body.get("type", "slash_commands")] = body

    async def open_form(ack: Any, body: dict[str, Any], client: Any) -> None:
        await keep(ack, body)
        await client.views_open(trigger_id=body["trigger_id"], view=view | {"notify_on_close": True})

    app.action("go")(open_form)
    app.command("/form")(keep)
    app.message_shortcut("tell")(keep)
    app.view_submission("form")(keep)
    app.view_closed("form")(keep)
    await scene.connect(app)
    button = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}
    posted = await app.client.chat_postMessage(
        channel=scene.general.id, text="x", blocks=[{"type": "actions", "elements": [button]}]
    )
    place, modals = scene.workspace, scene.workspace.core.state.modals
    (message,) = place.messages("general")
    await place.message_shortcut("ana", message, "tell")
    await place.slash("ana", "general", "/form", "now")
    for end in (lambda view_id: place.submit_view("ana", view_id, {}), place.close_view):
        await place.click("ana", "general", posted["ts"], "go")
        await place.wait_for(lambda: modals)
        await end(next(iter(modals)))
    return bodies


async def test_interactions_have_recorded_keys_and_types(scene: Scene, shared_data: Path) -> None:
    surplus, lacking, other = dict[str, set[str]](), dict[str, set[str]](), list[tuple[str, str, str, str]]()
    bodies = await every_interaction(scene)
    assert set(bodies) == set(INTERACTIONS)
    for name, body in bodies.items():
        recorded = json.loads((shared_data / "slack" / "events" / f"{INTERACTIONS[name]}.json").read_text())
        foreign = set(body) - set(recorded) - NEWER_KEYS.get(name, set())
        surplus |= {name: foreign} if foreign else {}
        lack = set(recorded) - set(body) - SELDOM_THERE - SELDOM.get(name, set())
        lacking |= {name: lack} if lack else {}
        ours, theirs = types(outline(body)), types(outline(recorded))
        other += [(name, p, ours[p], theirs[p]) for p in ours.keys() & theirs.keys() if ours[p] != theirs[p]]
    assert (surplus, lacking, other) == ({}, {}, [AS_TEXT])
