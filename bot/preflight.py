"""Asks Slack, before anything else starts, whether both tokens are right and have every scope needed.

Without this, a wrong app-level token makes Socket Mode retry for ever without a word, and a missing
scope shows days later as a file that cannot be read. The two tables below are the reason for every
line of `manifest.yml`; a test holds them together. This room starts nothing and writes nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import aiohttp
from pydantic import SecretStr
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.settings import LOOPBACK, Settings, variable
from rag.errors import SettingsError

TIMEOUT_S = 10
BOT_TOKEN, APP_TOKEN = variable("slack_bot_token"), variable("slack_app_token")

_CONVERSATIONS = ("channels:read", "groups:read", "im:read", "mpim:read")
_HISTORY = ("channels:history", "groups:history", "im:history", "mpim:history")

# Every event that the manifest subscribes to, and the scopes it takes to receive it.
# Source: docs.slack.dev/reference/events, read 2026-11-22.
EVENT_SCOPES: dict[str, tuple[str, ...]] = {
    "app_mention": ("app_mentions:read",),
    "message.channels": ("channels:history",),
    "message.groups": ("groups:history",),
    "message.im": ("im:history",),
    "message.mpim": ("mpim:history",),
    "file_shared": ("files:read",),
    "file_change": ("files:read",),
    "file_deleted": ("files:read",),
    "file_unshared": ("files:read",),
    "channel_left": ("channels:read",),
    "channel_deleted": ("channels:read",),
    "group_left": ("groups:read",),
    "group_deleted": ("groups:read",),
    "member_joined_channel": ("channels:read", "groups:read"),
    "member_left_channel": ("channels:read", "groups:read"),
    "channel_id_changed": ("groups:read",),
    "channel_shared": ("channels:read", "groups:read"),
    "channel_unshared": ("channels:read", "groups:read"),
    "app_home_opened": (),
    "app_context_changed": ("assistant:write",),
    "agent_session_stopped": ("chat:write",),
    "app_uninstalled": (),
    "tokens_revoked": (),
}

# Every Web API method that the bot calls, and the scopes for all kinds of conversation.
# Source: the same site's reference/methods, read 2026-11-22.
METHOD_SCOPES: dict[str, tuple[str, ...]] = {
    "apps.connections.open": (),  # connections:write, which belongs to the app-level token
    "assistant.threads.setStatus": ("chat:write",),
    "assistant.threads.setSuggestedPrompts": ("assistant:write",),
    "assistant.threads.setTitle": ("assistant:write",),
    "auth.test": (),
    "chat.appendStream": ("chat:write",),
    "chat.delete": ("chat:write",),
    "chat.getPermalink": (),
    "chat.postEphemeral": ("chat:write",),
    "chat.postMessage": ("chat:write",),
    "chat.startStream": ("chat:write",),
    "chat.stopStream": ("chat:write",),
    "chat.update": ("chat:write",),
    "conversations.history": _HISTORY,
    "conversations.info": _CONVERSATIONS,
    "conversations.list": _CONVERSATIONS,
    "conversations.members": _CONVERSATIONS,
    "conversations.replies": _HISTORY,
    "files.info": ("files:read",),
    "reactions.add": ("reactions:write",),
    "users.conversations": _CONVERSATIONS,
    "users.info": ("users:read",),
    "views.open": (),
    "views.publish": (),
}

_COMMANDS = "commands"  # /ask, /inhouse and the shortcuts
NEEDED_SCOPES = frozenset(
    {scope for scopes in (*EVENT_SCOPES.values(), *METHOD_SCOPES.values()) for scope in scopes} | {_COMMANDS}
)

_REINSTALL = (
    "Compare the app's manifest on api.slack.com/apps with manifest.yml, then press 'Reinstall to Workspace' "
    "and copy the new bot token."
)
_WHERE = {
    BOT_TOKEN: "the app's page on api.slack.com/apps under 'OAuth & Permissions' (xoxb-...)",
    APP_TOKEN: "the app's page on api.slack.com/apps under 'Basic Information', 'App-Level Tokens' "
    "(xapp-..., scope connections:write)",
}
_KINDS = {
    "xoxb-": "a bot token",
    "xapp-": "an app-level token",
    "xoxp-": "a user token",
    "xoxe": "a token of an app with token rotation, which must be off",
    "xoxc-": "a browser's token",
    "xoxs-": "a workspace token",
}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the bot is in which workspace, as Slack says. ``scopes`` is empty where Slack did not list them."""

    team_id: str
    team: str
    user_id: str
    bot_id: str
    scopes: frozenset[str]
    url: str


async def preflight(settings: Settings) -> Identity:
    """Checks both tokens and the scopes with Slack, in about a second.

    Raises: SettingsError — which token, what is wrong with it, and how to mend it.
    """
    bot_token = _well_formed(settings.slack_bot_token, BOT_TOKEN, "xoxb-")
    app_token = _well_formed(settings.slack_app_token, APP_TOKEN, "xapp-")
    client = web_client(settings)
    said = await _answered(client.auth_test(token=bot_token), client, BOT_TOKEN)
    identity = _identity(said)
    missing = missing_scopes(identity)
    if missing:
        raise SettingsError(f"The bot token lacks the scopes {', '.join(missing)}. {_REINSTALL}")
    opened = await _answered(client.apps_connections_open(app_token=app_token), client, APP_TOKEN)
    _refuse_two_apps(said.get("app_id"), opened.get("url") or "")
    return identity


def web_client(settings: Settings) -> AsyncWebClient:
    """A client for the address in the settings, with the bot's token if there is one."""
    token = settings.slack_bot_token
    client = AsyncWebClient(
        token=token.get_secret_value() if token else None,
        base_url=settings.slack_api_url,
        timeout=TIMEOUT_S,
        ssl=settings.tls(),
    )
    client.proxy = settings.proxy_url()  # slack_sdk would take HTTPS_PROXY, and knows no NO_PROXY
    return client


def missing_scopes(identity: Identity) -> list[str]:
    """What the manifest asks for and the token does not have; nothing where Slack did not list the scopes."""
    return sorted(NEEDED_SCOPES - identity.scopes) if identity.scopes else []


def _well_formed(token: SecretStr | None, name: str, prefix: str) -> str:
    value = token.get_secret_value() if token else ""
    if not value:
        raise SettingsError(f"{name} is not set; its value stands on {_WHERE[name]}.")
    if value.startswith(prefix):
        return value
    kind = next((words for start, words in _KINDS.items() if value.startswith(start)), "not a Slack token")
    swapped = " The two tokens seem to be swapped." if kind in {_KINDS["xoxb-"], _KINDS["xapp-"]} else ""
    raise SettingsError(f"{name} holds {kind}, but {prefix}... is needed.{swapped} It stands on {_WHERE[name]}.")


async def _answered(call: Awaitable[AsyncSlackResponse], client: AsyncWebClient, name: str) -> AsyncSlackResponse:
    try:
        return await call
    except SlackApiError as error:
        raise SettingsError(_refusal(error, name), detail=_code(error)) from None  # the cause holds headers
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise SettingsError(_unreachable(client), detail=type(error).__name__) from error


def _code(error: SlackApiError) -> str:
    """Slack's word for what went wrong; the answer may also be a proxy's page instead of Slack's JSON."""
    answer = error.response
    data = answer.data if isinstance(answer, AsyncSlackResponse) else answer
    return str(data.get("error") or "") if isinstance(data, dict) else ""


_REFUSALS = {
    "invalid_auth": "Slack does not know {name}: it was mistyped, or belongs to an app that is gone.",
    "not_authed": "Slack received no token from {name}.",
    "account_inactive": "{name} no longer works: the app was removed from the workspace, or its owner deactivated.",
    "token_revoked": "{name} was revoked.",
    "token_expired": "{name} has expired: token rotation is on for the app and must be off.",
    "not_allowed_token_type": "{name} is a token of the wrong kind.",
    "missing_scope": "{name} lacks the scope {needed}.",
    "forbidden_team": "This workspace does not allow {name} to open a connection.",
}
_MEND = " The right value stands on {where}; after a change there, reinstall the app to the workspace."


def _refusal(error: SlackApiError, name: str) -> str:
    code = _code(error)
    if code == "ratelimited":
        return "Slack asks to be called less often just now; wait a minute, then start again."
    if code in _REFUSALS:
        needed = error.response.get("needed") or "that this call needs"
        return (_REFUSALS[code] + _MEND).format(name=name, needed=needed, where=_WHERE[name])
    if code:
        return f"Slack refused {name} with the error '{code}'." + _MEND.format(where=_WHERE[name])
    return "The answer did not come from Slack; a proxy or a login page of the network may stand in between."


def _unreachable(client: AsyncWebClient) -> str:
    parts = urlsplit(client.base_url)
    proxy = urlsplit(client.proxy or "")
    through = f" through the proxy {proxy.hostname}:{proxy.port}" if proxy.hostname else ""
    advice = (
        "Start the local workspace with `inhouse workspace`."
        if parts.hostname in LOOPBACK
        else "Check this machine's way to the internet; a proxy is named by the setting INHOUSE_PROXY."
    )
    return f"Slack cannot be reached at {parts.netloc}{through}. {advice}"


def _identity(said: AsyncSlackResponse) -> Identity:
    if not said.get("bot_id"):
        raise SettingsError(
            f"{BOT_TOKEN} belongs to a person, not to a bot; take the bot token from {_WHERE[BOT_TOKEN]}."
        )
    listed = next((value for name, value in said.headers.items() if name.lower() == "x-oauth-scopes"), "")
    return Identity(
        team_id=said["team_id"],
        team=said.get("team") or "",
        user_id=said["user_id"],
        bot_id=said["bot_id"],
        scopes=frozenset(scope.strip() for scope in listed.split(",") if scope.strip()),
        url=said.get("url") or "",
    )


def _refuse_two_apps(bot_app: str | None, socket_url: str) -> None:
    """Tokens of two apps both work, and the bot would hear nothing that is said to it."""
    socket_app = parse_qs(urlsplit(socket_url).query).get("app_id", [""])[0]
    if bot_app and socket_app and bot_app != socket_app:
        raise SettingsError(
            f"The tokens belong to two different Slack apps: the bot token to {bot_app}, the app-level token to "
            f"{socket_app}. Take both from the page of one app on api.slack.com/apps."
        )
