"""The channel that the live checks are made in: found by name or id, and refused where they would disturb."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.cli.live.line import LiveRefused
from bot.preflight import Identity

MOST_MEMBERS = 20  # looked at to find a person among them


@dataclass(frozen=True, slots=True)
class Place:
    """Where, as whom and for whom: ``reader`` is a person in the channel, whom streams are addressed to."""

    identity: Identity
    channel: str
    name: str
    reader: str

    def permalink(self, ts: str) -> str:
        """The address of a message in this channel."""
        return f"{self.identity.url}archives/{self.channel}/p{ts.replace('.', '')}"


async def find_place(client: AsyncWebClient, identity: Identity, wanted: str) -> Place:
    """The channel called ``wanted`` (``#test``, ``test`` or its id). Raises: LiveRefused."""
    name = wanted.strip().removeprefix("#")
    try:
        channel = await _by_id(client, name) or await _by_name(client, name)
        _refuse(channel, name)
        assert channel is not None
        reader = await _person_in(client, channel["id"], identity)
    except SlackApiError as error:
        raise LiveRefused(f"Slack refused to describe the channel: {error.response.get('error')}.") from error
    if not reader:
        raise LiveRefused(f"There is nobody but the bot in #{channel['name']}; join it, then start again.")
    return Place(identity, channel["id"], channel["name"], reader)


async def _by_id(client: AsyncWebClient, name: str) -> dict[str, Any] | None:
    if not (name.isalnum() and name.isupper() and len(name) > 8):
        return None
    try:
        found = (await client.conversations_info(channel=name))["channel"]
    except SlackApiError as error:
        if error.response.get("error") == "channel_not_found":
            return None
        raise
    return {"name": "a conversation", **found}


async def _by_name(client: AsyncWebClient, name: str) -> dict[str, Any] | None:
    cursor = ""
    while True:
        page = await client.conversations_list(
            types="public_channel,private_channel", exclude_archived=True, limit=999, cursor=cursor
        )
        found = next((channel for channel in page["channels"] if channel.get("name") == name.lower()), None)
        cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
        if found or not cursor:
            return found


def _refuse(channel: dict[str, Any] | None, wanted: str) -> None:
    if channel is None:
        raise LiveRefused(
            f"The bot sees no channel called {wanted}; if it is a private one, invite the bot first "
            "(`/invite @inhouse` in the channel)."
        )
    if channel.get("is_im") or channel.get("is_mpim"):
        raise LiveRefused("The checks need a channel, not a direct message; make one for tests and invite the bot.")
    if not channel.get("is_member"):
        raise LiveRefused(f"The bot is not in #{channel['name']}; write `/invite @inhouse` there, then start again.")
    if channel.get("is_ext_shared"):
        raise LiveRefused(f"#{channel['name']} is shared with another company; take a channel of your own.")


async def _person_in(client: AsyncWebClient, channel: str, identity: Identity) -> str:
    page = await client.conversations_members(channel=channel, limit=MOST_MEMBERS)
    for member in page["members"]:
        if member == identity.user_id:
            continue
        user = (await client.users_info(user=member))["user"]
        if not (user.get("is_bot") or user.get("deleted")):
            return str(member)
    return ""
