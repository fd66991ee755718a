"""Our own Socket Mode connection: hears everything of one channel, and acknowledges when it is told to.

Bolt is left out on purpose: to see how Slack sends an event again, one must be left unacknowledged. What
belongs to other channels is not acknowledged at all, so that Slack sends it again to the bot when it is back.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient

from rag.errors import InhouseError

CONNECT_S = 30.0
PING_INTERVAL_S = 5.0
NEVER = float("inf")
OUR_VIEW = "inhouse_doctor"  # callback_id of our modal: a submission names no channel
AWAY = "Inhouse is being checked just now; please try again in a few minutes."


class LiveRefused(InhouseError):
    """The live checks cannot begin, or not go on."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One envelope as it came in; ``at``: on the monotonic clock, seconds."""

    at: float
    type: str
    attempt: int
    reason: str
    payload: dict[str, Any]
    accepts_response: bool

    @property
    def event(self) -> dict[str, Any]:
        """The event inside, or nothing for a command or a click."""
        return self.payload.get("event") or {}

    @property
    def event_id(self) -> str:
        return str(self.payload.get("event_id") or "")

    def is_message(self, ts: str) -> bool:
        """Whether this is the event of a message when it was posted."""
        return self.event.get("type") == "message" and self.event.get("ts") == ts

    def holds(self, marker: str) -> bool:
        """Whether the payload contains ``marker``."""
        return marker in json.dumps(self.payload)


class Line:
    """The connection. ``heard`` grows by every envelope of the channel ``channel_id``, in their order."""

    def __init__(self, client: AsyncWebClient, app_token: str, channel_id: str) -> None:
        self.heard: list[Heard] = []
        self._channel_id = channel_id
        self._late: dict[str, float] = {}
        self._news = asyncio.Condition()
        self._hello: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        logger = logging.getLogger(f"{__name__}.socket")
        logger.setLevel(logging.CRITICAL)  # it logs payloads, which hold what people write
        self._socket = SocketModeClient(
            app_token, logger=logger, web_client=client, proxy=client.proxy, ping_interval=PING_INTERVAL_S
        )
        self._socket.proxy = client.proxy  # it would take one from the environment again
        self._socket.message_listeners.append(self._take)

    async def open(self) -> None:
        """Connect. Raises: LiveRefused, also where another process is connected: it would get half of what is sent."""
        try:
            async with asyncio.timeout(CONNECT_S):
                await self._socket.connect_to_new_endpoint()
                connections = await self._hello
        except (TimeoutError, SlackApiError) as error:
            raise LiveRefused("Slack opened no Socket Mode connection within half a minute; try again.") from error
        if connections > 1:
            raise LiveRefused(
                f"Another process is connected with the same app-level token (Slack counts {connections} connections) "
                "and would be handed a part of the events: stop `inhouse run` first. One that has just been stopped "
                "may be counted for another minute."
            )

    async def close(self) -> None:
        """Hang up."""
        await self._socket.close()
        await asyncio.sleep(0)  # its tasks take their leave

    def acknowledge_after(self, marker: str, delay_s: float) -> None:
        """Envelopes that contain ``marker`` are acknowledged late, or `NEVER`; all others at once."""
        self._late[marker] = delay_s

    async def wait(self, wanted: Callable[[Heard], bool], timeout_s: float) -> Heard | None:
        """The first envelope, come or to come, that is ``wanted``; None where none came in time."""
        try:
            async with asyncio.timeout(timeout_s), self._news:
                await self._news.wait_for(lambda: any(map(wanted, self.heard)))
        except TimeoutError:
            return None
        return next(filter(wanted, self.heard))

    async def _take(self, _socket: object, frame: dict[str, Any], _raw: str | None = None) -> None:
        if frame.get("type") == "hello" and not self._hello.done():
            self._hello.set_result(int(frame.get("num_connections") or 1))
        if not frame.get("envelope_id"):
            return
        heard = _read(frame)
        if not self._is_ours(heard):
            if heard.type == "slash_commands":
                await self._acknowledge(frame, {"text": AWAY})
            return
        async with self._news:
            self.heard.append(heard)
            self._news.notify_all()
        late_s = max((delay for marker, delay in self._late.items() if heard.holds(marker)), default=0.0)
        if late_s != NEVER:
            await asyncio.sleep(late_s)
            await self._acknowledge(frame, {"text": AWAY} if heard.type == "slash_commands" else None)

    async def _acknowledge(self, frame: dict[str, Any], payload: dict[str, Any] | None) -> None:
        answer = {"envelope_id": frame["envelope_id"]} | ({"payload": payload} if payload else {})
        await self._socket.send_socket_mode_response(answer)

    def _is_ours(self, heard: Heard) -> bool:
        payload, event = heard.payload, heard.event
        if (payload.get("view") or {}).get("callback_id") == OUR_VIEW:
            return True
        channel = payload.get("channel") or event.get("channel") or ""
        named = channel.get("id") if isinstance(channel, dict) else channel
        places = [named, payload.get("channel_id"), event.get("channel_id"), *(event.get("channel_ids") or ())]
        return self._channel_id in places


def _read(frame: dict[str, Any]) -> Heard:
    return Heard(
        at=time.monotonic(),
        type=str(frame.get("type")),
        attempt=int(frame.get("retry_attempt") or 0),
        reason=str(frame.get("retry_reason") or ""),
        payload=frame.get("payload") or {},
        accepts_response=bool(frame.get("accepts_response_payload")),
    )
