"""Serves the page and does what it asks.

Who may: only this machine's browser, on the page's own origin, holding the key that the page was served
with. The Host header is checked (DNS rebinding), scripts come from here only, content is never markup.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from importlib.resources import files as package_files
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web
from aiohttp.typedefs import Handler

from bot.workspace.errors import ApiError, WorkspaceError
from bot.workspace.feed import Subscriber
from bot.workspace.file_host import file_response
from bot.workspace.page_actions import PAGE_ACTIONS
from bot.workspace.page_history import said_in, window
from bot.workspace.state import Channel, Message, User

if TYPE_CHECKING:
    from bot.workspace.server import Workspace

PAGE = package_files("bot.workspace") / "page"
TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
# Shown in the browser itself; everything else is only ever downloaded.
INLINE = ("application/pdf", "image/png", "image/jpeg", "image/gif")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self' ws://127.0.0.1:* ws://localhost:*; "  # some browsers do not count sockets as 'self'
    "frame-src 'self'; object-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

Answer = dict[str, Any]


class PageServer:
    """The page's routes; ``workspace`` is asked to act."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.key = secrets.token_urlsafe(24)
        self._open: set[web.WebSocketResponse] = set()

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get("/", self.index)
        app.router.add_get("/archives/{channel}/{rest:.*}", self.index)
        app.router.add_get("/files/{user}/{file}/{name}", self.index)
        app.router.add_get("/page/feed", self.feed)
        app.router.add_get("/page/file/{file}", self.download)
        app.router.add_post("/page/do/{action}", self.act)
        app.router.add_get("/page/{asset}", self.asset)

    @web.middleware
    async def check_host(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse other names for this machine, which only a rebinding attack would use.

        The port may be missing: one of Slack's own socket clients leaves it out.
        """
        name = request.headers.get("Host", "").removesuffix(f":{self.workspace.port}")
        if name not in {self.workspace.host, "127.0.0.1", "localhost"}:
            return web.Response(status=421, text="this workspace answers only under its own address")
        return await handler(request)

    async def stop(self) -> None:
        await asyncio.gather(*(page.close(code=1001) for page in list(self._open)))

    async def index(self, request: web.Request) -> web.Response:
        """The page; permalinks open it too, and its script reads the address."""
        text = (PAGE / "index.html").read_text(encoding="utf-8").replace("{{key}}", self.key)
        return self._asset_response(text, "text/html")

    async def asset(self, request: web.Request) -> web.Response:
        name = request.match_info["asset"]
        kind = TYPES.get(name.rpartition(".")[2])
        if kind is None or not (PAGE / name).is_file():
            raise web.HTTPNotFound
        return self._asset_response((PAGE / name).read_text(encoding="utf-8"), kind)

    def _asset_response(self, text: str, kind: str) -> web.Response:
        headers = {
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        }
        return web.Response(text=text, content_type=kind, headers=headers)

    def _check_key(self, request: web.Request, key: str) -> None:
        """Raises: HTTPForbidden for another origin or a wrong key."""
        origin = request.headers.get("Origin")
        host = request.headers.get("Host", "")
        if (origin and origin != f"http://{host}") or not secrets.compare_digest(key.encode(), self.key.encode()):
            raise web.HTTPForbidden(text="reload the page: this one is from an earlier start")

    def _person(self, user_id: str) -> User:
        user = self.workspace.core.state.users.get(user_id)
        if user is None or user.is_bot:
            raise WorkspaceError("That person is not in this workspace any more; reload the page.")
        return user

    async def feed(self, request: web.Request) -> web.StreamResponse:
        """A WebSocket of changes for one person, beginning with everything that this person sees."""
        self._check_key(request, request.query.get("key", ""))
        page = web.WebSocketResponse(heartbeat=20.0)
        await page.prepare(request)
        subscriber = Subscriber(request.query.get("user", ""))
        feed = self.workspace.core.feed
        feed.subscribers.append(subscriber)
        self._open.add(page)
        subscriber.queue.put_nowait({"type": "reload"})
        sending = asyncio.create_task(self._send_changes(page, subscriber))
        try:
            async for message in page:
                if message.type is WSMsgType.TEXT and message.data == "reload":
                    subscriber.queue.put_nowait({"type": "reload"})
        finally:
            sending.cancel()
            self._open.discard(page)
            feed.subscribers.remove(subscriber)
        return page

    async def _send_changes(self, page: web.WebSocketResponse, subscriber: Subscriber) -> None:
        while not page.closed:
            change = await subscriber.queue.get()
            if change["type"] == "reload":
                subscriber.user = self._reader(subscriber.user)
                change = self._snapshot(subscriber.user)
            try:
                await page.send_json(change)
            except (ConnectionError, RuntimeError):
                return

    def _reader(self, user_id: str) -> str:
        """Who a page is for: the person it names, else the first one."""
        people = [user.id for user in self.workspace.core.state.users.values() if not user.is_bot]
        return user_id if user_id in people else next(iter(people), "")

    def _snapshot(self, user_id: str) -> Answer:
        """Everything that one person sees."""
        workspace, core = self.workspace, self.workspace.core
        channels = [self._channel(c, user_id) for c in core.state.channels.values() if user_id in c.members]
        home = core.state.homes.get(user_id)
        now = time.monotonic()
        return {
            "type": "snapshot",
            "me": user_id,
            "team": core.state.team_name,
            "team_id": core.state.team_id,
            "bot": core.state.bot.id,
            "users": [core.shapes.user(user) for user in core.state.users.values()],
            "channels": channels,
            "statuses": [
                {"channel": c, "thread_ts": t, "status": status}
                for (c, t), (status, until) in core.state.statuses.items()
                if until > now
            ],
            "hints": list(workspace.hints),
            "commands": [list(command) for command in workspace.commands],
            "shortcuts": [list(shortcut) for shortcut in workspace.shortcuts],
            "global_shortcuts": [list(shortcut) for shortcut in workspace.global_shortcuts],
            "has_chats": core.events.has_chats,
            "connected": workspace.is_connected,
            "notice": workspace.notice,
            "connect": self._connect(),
            "start": workspace.start_at and self._place(workspace.start_at),
            "faults": sorted(core.faults.standing),
            "can_stop": "agent_session_stopped" in core.events.subscribed,
            "home": core.page_view(home) if home else None,
        }

    def _connect(self) -> Answer | None:
        """What an app needs to connect, while nobody has said which app is on its way (`set_notice`)."""
        place = self.workspace
        if not place.waits_for_any_app:
            return None
        return {"api_url": place.api_url, "bot_token": place.bot_token, "app_token": place.app_token}

    def _channel(self, channel: Channel, user_id: str) -> Answer:
        core = self.workspace.core
        shown = window(said_in(core, channel, user_id))
        return {
            "id": channel.id,
            "name": channel.name,
            "kind": channel.kind,
            "members": channel.members,
            "messages": [core.page_message(message) for message in shown.messages],
            "has_older": shown.has_older,
            "is_archived": channel.is_archived,
            "is_shared": channel.is_ext_shared,
            "prompts": {thread: offered for (at, thread), offered in core.state.prompts.items() if at == channel.id},
            "titles": {thread: title for (at, thread), title in core.state.titles.items() if at == channel.id},
        }

    def _place(self, message: Message) -> Answer:
        return {"channel": message.channel, "ts": message.ts, "thread_ts": message.thread_ts}

    async def download(self, request: web.Request) -> web.Response:
        """A file for one person; shown inline only if asked and of a harmless kind."""
        self._check_key(request, request.query.get("key", ""))
        core = self.workspace.core
        file = core.state.files.get(request.match_info["file"])
        if file is None or file.deleted or not core.state.is_file_visible(file, request.query.get("user", "")):
            return web.Response(status=404, text="This file is not here any more, or you may not see it.")
        inline = "inline" in request.query and file.mimetype in INLINE
        return file_response(file, inline=inline)

    async def act(self, request: web.Request) -> web.Response:
        """One action of the person at the page; a refusal is a sentence for that person."""
        self._check_key(request, request.headers.get("X-Page-Key", ""))
        action = PAGE_ACTIONS.get(request.match_info["action"])
        if action is None:
            raise web.HTTPNotFound
        try:
            arguments = await self._arguments(request)
            person = self._person(str(arguments.pop("user", "")))
            return web.json_response({"ok": True} | (await action(self.workspace, person, **arguments) or {}))
        except WorkspaceError as error:
            return web.json_response({"ok": False, "error": error.user_message})
        except (ApiError, KeyError, TypeError):
            return web.json_response({"ok": False, "error": "That did not work; reload the page and try again."})

    async def _arguments(self, request: web.Request) -> Answer:
        if request.content_type != "multipart/form-data":
            return dict(await request.json())
        fields: Answer = {"files": []}
        for key, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                fields["files"].append((value.filename, value.file.read()))
            else:
                fields[key] = value
        return fields
