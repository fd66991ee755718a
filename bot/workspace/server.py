"""The workspace as one object: start it, point Slack's clients at it, act as its people.

    workspace = Workspace()
    await workspace.start()
    client = AsyncWebClient(token=workspace.bot_token, base_url=workspace.api_url)
    app = AsyncApp(client=client)
    await AsyncSocketModeHandler(app, workspace.app_token).connect_async()

Knows aiohttp and wires the rooms of this package; imports nothing of the bot and nothing of rag.
"""

from __future__ import annotations

import errno
import secrets
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from aiohttp import web

from bot.workspace import avatars
from bot.workspace.actions import Actions
from bot.workspace.core import Call, Core
from bot.workspace.errors import ApiError, PortInUse
from bot.workspace.events import DEFAULT_EVENTS, EventSender
from bot.workspace.faults import Fault
from bot.workspace.feed import Feed
from bot.workspace.file_host import FileHost
from bot.workspace.page_server import PageServer
from bot.workspace.shapes import Shapes
from bot.workspace.sockets import Ack, SocketHub
from bot.workspace.state import Message, State, User
from bot.workspace.web_api import WebApi

DEFAULT_SCOPES = tuple(
    "app_mentions:read assistant:write channels:history channels:read chat:write commands files:read files:write "
    "groups:history groups:read im:history im:read im:write mpim:history mpim:read reactions:write users:read".split()
)
MOST_REQUEST_BYTES = 512 * 2**20
DEFAULT_NOTICE = "No app is connected yet. Messages wait until one is."


class Workspace(Actions):
    """A stand-in for Slack on this machine.

    ``port`` 0 takes a free one. ``events`` are the subscriptions of the app, ``scopes`` what its token may do,
    ``hints`` questions that the page offers to a newcomer, ``commands`` those that the composer offers (name, what
    it does), ``shortcuts`` those in each message's menu (callback id, label), ``global_shortcuts`` those beside the
    composer. ``unfurl_domains`` are those whose addresses raise link_shared.
    ``stream_lasts_s`` is after how long Slack ends a stream; ``rate_limits`` keeps to Slack's tiers. Everything is
    lost with the process.
    """

    def __init__(  # noqa: PLR0913 - a stand-in has many settings, all with defaults
        self,
        port: int = 0,
        host: str = "127.0.0.1",
        *,
        ack_timeout_s: float = 3.0,
        team_name: str = "Local workspace",
        bot_name: str = "Inhouse",
        events: Iterable[str] = DEFAULT_EVENTS,
        scopes: Iterable[str] = DEFAULT_SCOPES,
        hints: Sequence[str] = (),
        commands: Sequence[tuple[str, str]] = (),
        shortcuts: Sequence[tuple[str, str]] = (),
        global_shortcuts: Sequence[tuple[str, str]] = (),
        stream_lasts_s: float = 300.0,
        rate_limits: bool = False,
        unfurl_domains: Iterable[str] = (),
    ) -> None:
        self.host = host
        self.port = port
        self.hints = tuple(hints)
        self.commands = tuple(commands)
        self.shortcuts = tuple(shortcuts)
        self.global_shortcuts = tuple(global_shortcuts)
        self.notice = DEFAULT_NOTICE
        self.start_at: Message | None = None
        # Built at run time: nothing in the source looks like a real token.
        self.bot_token = "-".join(("xoxb", "local", secrets.token_hex(12)))
        self.app_token = "-".join(("xapp", "local", secrets.token_hex(12)))
        self._ack_timeout_s = ack_timeout_s
        self._runner: web.AppRunner | None = None
        state, feed = State(team_name, bot_name), Feed()
        shapes = Shapes(state, self.base_url)
        hub = SocketHub(state.app_id, ack_timeout_s, self._sockets_changed)
        sender = EventSender(state, shapes, hub, frozenset(events))
        sender.domains = tuple(unfurl_domains)
        self.core = Core(state, shapes, hub, sender, feed, tuple(scopes), stream_lasts_s)
        self.core.tiers.are_on = rate_limits
        self._page = PageServer(self)

    @property
    def base_url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def api_url(self) -> str:
        return f"{self.base_url}/api/"

    @property
    def environment(self) -> dict[str, str]:
        """What an app is started with; the names are those of Slack's own templates."""
        tokens = {"SLACK_BOT_TOKEN": self.bot_token, "SLACK_APP_TOKEN": self.app_token}
        return tokens | {"SLACK_API_URL": self.api_url}

    @property
    def bot_user(self) -> User:
        return self.core.state.bot

    @property
    def team_id(self) -> str:
        return self.core.state.team_id

    @property
    def calls(self) -> list[Call]:
        """Every Web API call so far, in order."""
        return self.core.calls

    @property
    def acks(self) -> list[Ack]:
        """Every acknowledgement so far, with its delay."""
        return self.core.hub.acks

    @property
    def deliveries(self) -> list[tuple[str, str, int]]:
        """Every envelope sent: (event, command or interaction; event id; attempt)."""
        return self.core.hub.deliveries

    @property
    def is_connected(self) -> bool:
        return self.core.hub.is_connected

    async def start(self) -> None:
        """Listen. Raises: PortInUse."""
        listener = self._bind()
        self.port = listener.getsockname()[1]
        self.core.shapes.base_url = self.base_url
        self.core.socket_url = f"ws://{self.host}:{self.port}/link/"
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()
        self.core.hub.start()

    def _bind(self) -> socket.socket:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self.host, self.port))
        except OSError as error:
            listener.close()
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                raise PortInUse(self.port) from error
            raise
        return listener

    async def stop(self) -> None:
        """Close every connection and forget everything."""
        await self._page.stop()
        await self.core.hub.stop()
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    def _application(self) -> web.Application:
        app = web.Application(client_max_size=MOST_REQUEST_BYTES, middlewares=[self._page.check_host])
        api = WebApi(self.core, self.bot_token, self.app_token)
        files = FileHost(self.core, self.bot_token)
        app.router.add_route("*", "/api/{method}", api.handle)
        app.router.add_get("/link/", self.core.hub.serve)
        app.router.add_post("/response/{key}", self._take_response)
        app.router.add_get(r"/avatars/{owner:\w+}_{pixels:\d+}.png", avatars.serve)
        files.add_routes(app)
        self._page.add_routes(app)
        return app

    async def _take_response(self, request: web.Request) -> web.Response:
        try:
            self.respond(request.match_info["key"], await request.json())
        except ApiError as error:
            status = 404 if error.code in ("expired_url", "used_url") else 400
            return web.json_response({"ok": False, "error": error.code}, status=status)
        return web.Response(text="ok")

    def _sockets_changed(self) -> None:
        self.core.feed.publish({"type": "connected", "connected": self.is_connected, "notice": self.notice})

    @contextmanager
    def untold(self) -> Iterator[None]:
        """What is done meanwhile was so before the app was installed: no event tells of it."""
        self.core.events.is_open = False
        try:
            yield
        finally:
            self.core.events.is_open = True

    def permalink(self, message: Message) -> str:
        """The address that opens the page at this message."""
        return self.core.shapes.permalink(message)

    def set_start(self, message: Message) -> None:
        """The message, and its thread, that the page opens with."""
        self.start_at = message

    @property
    def waits_for_any_app(self) -> bool:
        """Whether it is open which app will connect."""
        return self.notice == DEFAULT_NOTICE

    def set_notice(self, text: str) -> None:
        """What the page says while no app is connected."""
        self.notice = text
        self._sockets_changed()

    async def drop_sockets(self) -> None:
        """Cut every connection to the app; what it had not acknowledged is delivered again."""
        await self.core.hub.drop()

    async def cut_off(self) -> None:
        """Keep the app away, as hours without a network do: no connection holds, and no event is kept for it."""
        await self.core.hub.cut()

    def let_back(self) -> None:
        """Let the app connect again; what it missed is not sent any more."""
        self.core.hub.mend()

    async def refresh_sockets(self, reason: str = "refresh_requested") -> None:
        """Ask the app to connect anew."""
        await self.core.hub.refresh(reason)

    def fault(self, method: str, **fault: Any) -> None:
        """Make the next calls of a method fail: ``error``, ``status``, ``delay_s``, ``times``, ``retry_after_s``,
        ``then_work`` (do the work, lose the answer). ``*`` stands for every method."""
        self.core.faults.add(Fault(method, **fault))

    def clear_faults(self) -> None:
        self.core.faults.clear()

    def redeliver(self, event_id: str) -> None:
        """Deliver an event once more, though it was acknowledged."""
        self.core.events.redeliver(event_id)

    def hold(self) -> None:
        """Keep back all events, commands and clicks until ``release``."""
        self.core.hub.hold()

    def release(self) -> None:
        self.core.hub.release()
