"""One good answer of each method that does not fit into one conversation: of channels, files, reactions, modals."""

from __future__ import annotations

import time
from typing import Any

from tests.workspace.conftest import Scene

ADDRESS = "https://example.com/a"
FORM = {"type": "modal", "callback_id": "form", "title": {"type": "plain_text", "text": "Form"}, "blocks": []}


async def later_answers(scene: Scene) -> dict[str, Any]:
    """Answers by the names of their methods; the app needs every scope."""
    return {
        **await _channel_answers(scene),
        **await _file_answers(scene),
        **await _view_answers(scene),
        **await _scheduled_answers(scene),
        **await _bookmark_answers(scene),
        **await _directory_answers(scene),
        "team.info": await scene.client().team_info(),
    }


async def _channel_answers(scene: Scene) -> dict[str, Any]:
    client, direct = scene.client(), await scene.workspace.open_dm("ben")
    made = await client.conversations_create(name="launch")
    channel = made["channel"]["id"]
    away = await scene.workspace.add_channel("away", ["ana"], with_bot=False)
    posted = await client.chat_postMessage(channel=channel, text="x")
    return {
        "conversations.create": made,
        "conversations.join": await client.conversations_join(channel=away.id),
        "conversations.invite": await client.conversations_invite(channel=channel, users=scene.ana.id),
        "conversations.setTopic": await client.conversations_setTopic(channel=channel, topic="x"),
        "conversations.setPurpose": await client.conversations_setPurpose(channel=channel, purpose="x"),
        "conversations.rename": await client.conversations_rename(channel=channel, name="launched"),
        "conversations.mark": await client.conversations_mark(channel=channel, ts=posted["ts"]),
        "conversations.kick": await client.conversations_kick(channel=channel, user=scene.ana.id),
        "conversations.archive": await client.conversations_archive(channel=channel),
        "conversations.unarchive": await client.conversations_unarchive(channel=channel),
        "conversations.leave": await client.conversations_leave(channel=away.id),
        "conversations.close": await client.conversations_close(channel=direct.id),
    }


async def _directory_answers(scene: Scene) -> dict[str, Any]:
    client = scene.client()
    return {
        "users.profile.get": await client.users_profile_get(user=scene.ana.id),
        "users.getPresence": await client.users_getPresence(user=scene.workspace.bot_user.id),
        "emoji.list": await client.emoji_list(include_categories=True),
    }


async def _scheduled_answers(scene: Scene) -> dict[str, Any]:
    client, channel = scene.client(), scene.general.id
    later = await client.chat_scheduleMessage(channel=channel, text="x", post_at=int(time.time()) + 900)
    one = {"channel": channel, "scheduled_message_id": later["scheduled_message_id"]}
    return {
        "chat.scheduledMessages.list": await client.chat_scheduledMessages_list(),
        "chat.deleteScheduledMessage": await client.chat_deleteScheduledMessage(**one),
    }


async def _bookmark_answers(scene: Scene) -> dict[str, Any]:
    client, channel = scene.client(), scene.general.id
    posted = await scene.workspace.post("ana", "general", "hello")
    pin, link = {"channel": channel, "timestamp": posted.ts}, {"title": "Plan", "link": "https://example.com/plan"}
    made = await client.bookmarks_add(channel_id=channel, type="link", **link)
    one = {"channel_id": channel, "bookmark_id": made["bookmark"]["id"]}
    return {
        "pins.add": await client.pins_add(**pin),
        "pins.remove": await client.pins_remove(**pin),
        "bookmarks.add": made,
        "bookmarks.edit": await client.bookmarks_edit(**one, title="New plan"),
        "bookmarks.list": await client.bookmarks_list(channel_id=channel),
        "bookmarks.remove": await client.bookmarks_remove(**one),
    }


async def _file_answers(scene: Scene) -> dict[str, Any]:
    client, channel = scene.client(), scene.general.id
    posted = await scene.workspace.post("ana", "general", "hello")
    linked = await scene.workspace.post("ana", "general", ADDRESS)
    await scene.workspace.react("ben", posted, "eyes")
    place = await client.files_getUploadURLExternal(filename="a.txt", length=1)
    files = [{"id": place["file_id"], "title": "A"}]
    return {
        "files.completeUploadExternal": await client.files_completeUploadExternal(files=files, channel_id=channel),
        "files.delete": await client.files_delete(file=place["file_id"]),
        "chat.unfurl": await client.chat_unfurl(channel=channel, ts=linked.ts, unfurls={ADDRESS: {"title": "A"}}),
        "reactions.get": await client.reactions_get(channel=channel, timestamp=posted.ts),
    }


async def _view_answers(scene: Scene) -> dict[str, Any]:
    client = scene.client()
    opened = await client.views_open(trigger_id=_trigger(scene), view=FORM)
    return {
        "views.open": opened,
        "views.push": await client.views_push(trigger_id=_trigger(scene), view=FORM),
        "views.update": await client.views_update(view_id=opened["view"]["id"], view=FORM),
    }


def _trigger(scene: Scene) -> str:
    """What a command would bring with it, had an app been asked."""
    core = scene.workspace.core
    return str(core.interactions.command(scene.ana, scene.general, "/form", "")["trigger_id"])
