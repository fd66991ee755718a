"""Bolt's app, with nothing in it but the way in: every listener records, and returns.

`process_before_response` makes Bolt acknowledge an envelope only after the listener returned, and
an error handler that returns no response leaves a failed one to Slack's redelivery. `authorize`
is our own: Bolt's token middleware turns a failing `auth.test` into "200", which loses the event.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.gates import Gates, WaitingRetries
from bot.listeners import register_listeners
from bot.listeners.desk import Desk
from bot.preflight import Identity
from bot.replies import NO_ANSWER

log = logging.getLogger(__name__)

# Calls that show something new each time. Where their answer is lost nobody knows whether it was done.
POSTING = ("chat.postMessage", "chat.startStream", "chat.appendStream")
TOO_MANY = 429
OnLoss = Callable[[dict[str, Any], Exception], None]
STATUS = ("assistant.threads.setStatus",)  # a nicety; nobody waits for it


class Client(AsyncWebClient):
    """Slack's client, whose every failure is a `SlackApiError` that carries a code.

    By itself it raises the network's own errors too, and an error without a code for a 5xx that is no JSON.
    """

    def __init__(self, gates: Gates | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._gates = gates or Gates()

    async def api_call(self, api_method: str, **arguments: Any) -> AsyncSlackResponse:
        """Raises: SlackApiError, with the code `NO_ANSWER` where Slack did not answer as itself."""
        if api_method in STATUS and self._gates.left_s(api_method):
            raise SlackApiError(f"{api_method}: not now", {"ok": False, "error": "ratelimited"})
        await self._gates.wait(api_method)
        try:
            return await super().api_call(api_method, **arguments)
        except SlackApiError as error:
            if getattr(error.response, "status_code", 200) == TOO_MANY:
                self._gates.close(api_method, error.response.headers)
            data = error.response if isinstance(error.response, dict) else error.response.data
            if isinstance(data, dict) and data.get("error"):
                raise
            problem = f"{api_method}: no answer of Slack's own"
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            problem = f"{api_method}: {type(error).__name__}"
        raise SlackApiError(problem, {"ok": False, "error": NO_ANSWER})


class Repeating(AsyncRetryHandler):
    """Another handler's retries, but not of the methods ``but_not``."""

    def __init__(self, retries: AsyncRetryHandler, but_not: tuple[str, ...]) -> None:
        super().__init__(retries.max_retry_count)
        self._retries = retries
        self._but_not = but_not

    async def _can_retry_async(self, **attempt: Any) -> bool:
        is_excepted = attempt["request"].url.endswith(self._but_not)
        return not is_excepted and await self._retries._can_retry_async(**attempt)

    async def prepare_for_next_attempt_async(self, **attempt: Any) -> None:
        """Wait as the other handler does."""
        await self._retries.prepare_for_next_attempt_async(**attempt)


@dataclass(frozen=True, slots=True)
class Way:
    """How Slack is reached: through which proxy, and trusting what; the same for calls, the socket and files."""

    proxy: str | None = None
    tls: ssl.SSLContext | None = None


def build_client(token: str, api_url: str, way: Way = Way()) -> AsyncWebClient:
    """A client that waits as Slack asks and survives short outages."""
    gates = Gates()
    client = Client(
        gates,
        token=token,
        base_url=api_url,
        ssl=way.tls,
        retry_handlers=[
            Repeating(AsyncConnectionErrorRetryHandler(max_retry_count=2), POSTING + STATUS),
            Repeating(WaitingRetries(gates, max_retry_count=5), STATUS),
            Repeating(AsyncServerErrorRetryHandler(max_retry_count=2), POSTING + STATUS),
        ],
    )
    client.proxy = way.proxy  # slack_sdk would take HTTPS_PROXY, and knows no NO_PROXY
    return client


def build_app(
    client: AsyncWebClient,
    identity: Identity,
    desk: Desk,
    on_loss: OnLoss = lambda *_: None,
) -> AsyncApp:
    """The app for one workspace, whose identity the preflight found out.

    ``on_loss`` is told of an event that could not be stored: Slack repeats it, but not for ever.
    """

    async def authorize(**_: Any) -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None,
            team_id=identity.team_id,
            bot_id=identity.bot_id,
            bot_user_id=identity.user_id,
            bot_token=client.token,
        )

    # Bolt's own client carries no token: `authorize` gives each request the one that the preflight checked.
    bolts_client = AsyncWebClient(base_url=client.base_url, ssl=client.ssl, retry_handlers=client.retry_handlers)
    bolts_client.proxy = client.proxy
    app = AsyncApp(
        client=bolts_client,
        authorize=authorize,
        process_before_response=True,
        ignoring_self_events_enabled=False,  # Bolt's filter drops the deletion of our own messages too: `is_echo`
    )
    register_listeners(app, desk)

    @app.error
    async def leave_to_redelivery(error: Exception, body: dict[str, Any]) -> None:
        log.error("event not recorded, so not acknowledged: %s", type(error).__name__)
        on_loss(body, error)

    return app
