"""The app with slack_sdk alone, asynchronous, over aiohttp."""

from __future__ import annotations

import asyncio
import os

from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from tests.workspace.clients.words import button, digest_async, modal

web = AsyncWebClient(os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"])
web.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=3))


async def hear(client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
    await client.send_socket_mode_response(SocketModeResponse(request.envelope_id))
    payload = request.payload
    if request.type == "events_api" and payload["event"]["type"] == "app_mention":
        await mentioned(payload["event"], payload["team_id"])
    elif request.type == "slash_commands":
        await web.views_open(trigger_id=payload["trigger_id"], view=modal(payload["channel_id"]))
    elif request.type == "interactive" and payload["type"] == "block_actions":
        place = {"channel": payload["channel"]["id"], "ts": payload["message"]["ts"]}
        await web.chat_update(**place, text=f"pressed by <@{payload['user']['id']}>", blocks=[])
    elif request.type == "interactive" and payload["type"] == "view_submission":
        view = payload["view"]
        said = f"wrote {view['state']['values']['b']['a']['value']}"
        await web.chat_postMessage(channel=view["private_metadata"], text=said)


async def mentioned(event: dict, team: str) -> None:
    place = {"channel": event["channel"], "thread_ts": event["ts"]}
    if files := event.get("files"):
        read = await digest_async(files[0], str(web.token))
        await web.files_upload_v2(**place, filename="digest.txt", content=read, initial_comment="here it is")
    elif "stream" in event["text"]:
        stream = await web.chat_stream(**place, recipient_user_id=event["user"], recipient_team_id=team)
        for piece in ("one ", "two ", "three"):
            await stream.append(markdown_text=piece)
        await stream.stop()
    elif "button" in event["text"]:
        await web.chat_postMessage(**place, text="a button", blocks=[button()])
    else:
        await web.chat_postMessage(**place, text=f"heard {event['text'].split()[-1]}")


async def main() -> None:
    socket = SocketModeClient(os.environ["SLACK_APP_TOKEN"], web_client=web, ping_interval=1)
    socket.socket_mode_request_listeners.append(hear)  # type: ignore[arg-type]
    await socket.connect()
    print("ready", (await web.auth_test())["user_id"], flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
