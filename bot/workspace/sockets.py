"""Socket Mode: envelopes to the app over WebSockets, acknowledgements back, redelivery in between.

Knows envelopes and sockets, not what is inside. Slack's rules that are kept: hello at once, pings echoed and
sent, 3 seconds to acknowledge, then the same event again with the next attempt number (three times at
most), ten sockets per app, each envelope to one of them.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import WSMsgType, web

MOST_SOCKETS = 10
MOST_RETRIES = 3
PING_INTERVAL_S = 10.0
LATE_S = 4.0  # later than the time in which Slack wants its acknowledgement
SWAP_S = 2.0  # an event that waits to be overtaken goes alone after this long


class NotConnected(Exception):
    """No app is there to answer a command or a button."""


class NoAnswer(Exception):
    """The app did not acknowledge a command or a button in time."""


@dataclass(slots=True, eq=False)
class Envelope:
    """One delivery; a retry is the same envelope with a new id and attempt."""

    type: str
    payload: dict[str, Any]
    accepts_response: bool = False
    envelope_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    attempt: int = 0
    reason: str = ""
    sent_at: float = 0.0
    socket: web.WebSocketResponse | None = None
    timer: asyncio.TimerHandle | None = None
    reply: asyncio.Future[dict[str, Any]] | None = None

    @property
    def event_id(self) -> str:
        return str(self.payload.get("event_id", ""))

    @property
    def name(self) -> str:
        """The event's, command's or interaction's own type, for the log."""
        event = self.payload.get("event", {})
        return str(event.get("type") or self.payload.get("command") or self.payload.get("type"))

    def frame(self) -> dict[str, Any]:
        frame: dict[str, Any] = {"envelope_id": self.envelope_id, "type": self.type, "payload": self.payload}
        frame["accepts_response_payload"] = self.accepts_response
        if self.type == "events_api":
            frame |= {"retry_attempt": self.attempt, "retry_reason": self.reason}
        return frame


@dataclass(frozen=True, slots=True)
class Ack:
    """One acknowledgement; ``delay_s`` runs from the envelope's sending.

    One that came after the time for it has the longer delay, and its event was sent again meanwhile.
    """

    envelope_id: str
    event_id: str
    name: str
    attempt: int
    delay_s: float
    payload: dict[str, Any]


class SocketHub:
    """All sockets of the app."""

    def __init__(self, app_id: str, ack_timeout_s: float, on_change: Callable[[], None]) -> None:
        self.app_id = app_id
        self.ack_timeout_s = ack_timeout_s
        self.acks: list[Ack] = []
        self.deliveries: list[tuple[str, str, int]] = []
        self.lost: list[str] = []
        self.missed: list[str] = []
        self.sockets: list[web.WebSocketResponse] = []
        self._on_change = on_change
        self._tickets: set[str] = set()
        self._transports: dict[web.WebSocketResponse, asyncio.BaseTransport | None] = {}
        self._waiting: deque[Envelope] = deque()
        self._in_flight: dict[str, Envelope] = {}
        self._overdue: dict[str, tuple[float, Ack]] = {}
        self._held = False
        self._is_away = False
        self.standing: set[str] = set()  # the faults that are switched on
        self._kept: list[Envelope] = []
        self._turn = 0
        self._ready = asyncio.Event()
        self._pumping: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._pumping = asyncio.create_task(self._pump())

    async def stop(self) -> None:
        if self._pumping:
            self._pumping.cancel()
        for envelope in (*self._in_flight.values(), *self._waiting):
            self._stop_timer(envelope)
            if envelope.reply and not envelope.reply.done():
                envelope.reply.set_exception(NoAnswer())
        self._in_flight.clear()
        self._kept.clear()
        await asyncio.gather(*(socket.close(code=1001) for socket in list(self.sockets)))

    def ticket(self) -> str:
        """Permission for one connection, used up by it."""
        ticket = secrets.token_urlsafe(16)
        self._tickets.add(ticket)
        return ticket

    @property
    def is_connected(self) -> bool:
        return bool(self.sockets)

    @property
    def is_idle(self) -> bool:
        """Nothing waits and nothing is unacknowledged."""
        return not self._waiting and not self._in_flight and not self._kept

    def deliver(self, envelope: Envelope) -> None:
        """Send when a socket is there; an event waits for one, unless the app's connection is away for long."""
        if self._is_away and envelope.type == "events_api":
            self.missed.append(envelope.event_id)
            return
        if envelope.type == "events_api" and "late_events" in self.standing:
            self._keep(envelope, LATE_S)
        elif envelope.type == "events_api" and "swapped_events" in self.standing and not self._kept:
            self._keep(envelope, SWAP_S)
        else:
            self._queue(envelope)
            for overtaken in [] if "late_events" in self.standing else list(self._kept):
                self._let_go(overtaken)

    def _queue(self, envelope: Envelope) -> None:
        self._waiting.append(envelope)
        if envelope.type == "events_api" and "double_events" in self.standing:
            self._waiting.append(Envelope(envelope.type, envelope.payload, attempt=1, reason="timeout"))
        self._check_ready()

    def _keep(self, envelope: Envelope, most_s: float) -> None:
        """Hold one event back for at most so long."""
        self._kept.append(envelope)
        asyncio.get_running_loop().call_later(most_s, self._let_go, envelope)

    def _let_go(self, envelope: Envelope) -> None:
        if envelope in self._kept:
            self._kept.remove(envelope)
            self._queue(envelope)

    async def ask(self, envelope: Envelope) -> dict[str, Any]:
        """Send a command or interaction and return the acknowledgement's payload.

        Raises: NotConnected, NoAnswer.
        """
        if not self.sockets:
            raise NotConnected
        envelope.reply = asyncio.get_running_loop().create_future()
        self.deliver(envelope)
        return await envelope.reply

    def hold(self) -> None:
        """Keep back everything until ``release``."""
        self._held = True
        self._check_ready()

    def release(self) -> None:
        self._held = False
        self._check_ready()

    async def drop(self) -> None:
        """Cut every connection without a word, as a broken network does."""
        for socket in list(self.sockets):
            transport = self._transports.get(socket)
            self._forget(socket)
            if isinstance(transport, asyncio.Transport):
                transport.abort()

    async def cut(self) -> None:
        """The app is away for so long that Slack keeps nothing for it, until ``mend``."""
        self._is_away = True
        await self.drop()
        self.missed += [envelope.event_id for envelope in (*self._waiting, *self._kept)]
        self._waiting.clear()
        self._kept.clear()

    def mend(self) -> None:
        """The app may connect again."""
        self._is_away = False

    async def refresh(self, reason: str = "refresh_requested") -> None:
        """Ask every connection to be renewed, then close it, as Slack does every few hours."""
        for socket in list(self.sockets):
            await self._send_disconnect(socket, reason)
            self._forget(socket)
            await socket.close()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """The WebSocket that apps.connections.open names."""
        if self._is_away:
            return web.Response(status=503, text="not reachable")
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=401, text="the ticket is unknown or was used")
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse(heartbeat=PING_INTERVAL_S, max_msg_size=16 * 2**20)
        await socket.prepare(request)
        if len(self.sockets) >= MOST_SOCKETS:
            await self._send_disconnect(socket, "too_many_websockets")
            await socket.close()
            return socket
        self._transports[socket] = request.transport
        await self._listen(socket)
        return socket

    async def _listen(self, socket: web.WebSocketResponse) -> None:
        await socket.send_json(self._hello())
        self.sockets.append(socket)
        self._check_ready()
        self._on_change()
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._acknowledge(message.data)
        finally:
            self._forget(socket)

    def _hello(self) -> dict[str, Any]:
        return {
            "type": "hello",
            "num_connections": len(self.sockets) + 1,
            "debug_info": {"host": "applink-local", "build_number": 1, "approximate_connection_time": 18060},
            "connection_info": {"app_id": self.app_id},
        }

    async def _send_disconnect(self, socket: web.WebSocketResponse, reason: str) -> None:
        await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-local"}})

    def _forget(self, socket: web.WebSocketResponse) -> None:
        """A socket is gone: what it had not acknowledged goes to the next one."""
        if socket not in self.sockets:
            return
        self.sockets.remove(socket)
        self._transports.pop(socket, None)
        unacknowledged = [e for e in self._in_flight.values() if e.socket is socket]
        for envelope in reversed(unacknowledged):
            self._give_back(envelope, first=True)
        self._check_ready()
        self._on_change()

    def _check_ready(self) -> None:
        if self._waiting and self.sockets and not self._held:
            self._ready.set()
        else:
            self._ready.clear()

    async def _pump(self) -> None:
        while True:
            await self._ready.wait()
            if not self.sockets:  # the last one went between the signal and now
                self._ready.clear()
                continue
            self._turn += 1
            socket = self.sockets[self._turn % len(self.sockets)]
            await self._send(self._waiting.popleft(), socket)
            self._check_ready()

    async def _send(self, envelope: Envelope, socket: web.WebSocketResponse) -> None:
        envelope.socket, envelope.sent_at = socket, time.monotonic()
        self._in_flight[envelope.envelope_id] = envelope
        loop = asyncio.get_running_loop()
        envelope.timer = loop.call_later(self.ack_timeout_s, self._expire, envelope)
        self.deliveries.append((envelope.name, envelope.event_id, envelope.attempt))
        try:
            await asyncio.wait_for(socket.send_json(envelope.frame()), self.ack_timeout_s)
        except (ConnectionError, RuntimeError, TimeoutError):
            self._forget(socket)

    def _acknowledge(self, text: str) -> None:
        try:
            frame = json.loads(text)
        except ValueError:
            return
        envelope_id = str(frame.get("envelope_id")) if isinstance(frame, dict) else ""
        envelope = self._in_flight.pop(envelope_id, None)
        if envelope is None:
            self._note_late(envelope_id)
            return
        self._stop_timer(envelope)
        payload = frame.get("payload") or {}
        self.acks.append(self._ack(envelope, payload))
        if envelope.reply and not envelope.reply.done():
            envelope.reply.set_result(payload if isinstance(payload, dict) else {"text": str(payload)})
        self._on_change()

    @staticmethod
    def _ack(envelope: Envelope, payload: dict[str, Any]) -> Ack:
        delay_s = time.monotonic() - envelope.sent_at
        return Ack(envelope.envelope_id, envelope.event_id, envelope.name, envelope.attempt, delay_s, payload)

    def _note_late(self, envelope_id: str) -> None:
        """An acknowledgement that came too late stops nothing, but its delay is worth knowing."""
        if envelope_id in self._overdue:
            sent_at, ack = self._overdue.pop(envelope_id)
            self.acks.append(replace(ack, delay_s=time.monotonic() - sent_at))
            self._on_change()

    def _expire(self, envelope: Envelope) -> None:
        self._overdue[envelope.envelope_id] = (envelope.sent_at, self._ack(envelope, {}))
        if envelope.attempt >= MOST_RETRIES:
            self._in_flight.pop(envelope.envelope_id, None)
            self.lost.append(envelope.event_id)
            self._on_change()
            return
        self._give_back(envelope)
        self._check_ready()

    def _give_back(self, envelope: Envelope, *, first: bool = False) -> None:
        """Queue an event again; a command or interaction is never repeated."""
        self._in_flight.pop(envelope.envelope_id, None)
        self._stop_timer(envelope)
        if envelope.type != "events_api":
            if envelope.reply and not envelope.reply.done():
                envelope.reply.set_exception(NoAnswer())
            return
        envelope.envelope_id = str(uuid.uuid4())
        envelope.attempt += 1
        envelope.reason = "timeout"
        if first:
            self._waiting.appendleft(envelope)
        else:
            self._waiting.append(envelope)

    @staticmethod
    def _stop_timer(envelope: Envelope) -> None:
        if envelope.timer:
            envelope.timer.cancel()
            envelope.timer = None
