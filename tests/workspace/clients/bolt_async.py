"""The app with Bolt, asynchronous."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncSay
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from tests.workspace.clients.words import button, digest_async, modal

web = AsyncWebClient(os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"])
web.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=3))
app = AsyncApp(client=web)


@app.event("app_mention")
async def mentioned(event: dict[str, Any], say: AsyncSay, client: AsyncWebClient, context: dict[str, Any]) -> None:
    place = {"channel": event["channel"], "thread_ts": event["ts"]}
    if files := event.get("files"):
        read = await digest_async(files[0], str(client.token))
        await client.files_upload_v2(**place, filename="digest.txt", content=read, initial_comment="here it is")
    elif "stream" in event["text"]:
        team = context["team_id"]
        stream = await client.chat_stream(**place, recipient_user_id=event["user"], recipient_team_id=team)
        for piece in ("one ", "two ", "three"):
            await stream.append(markdown_text=piece)
        await stream.stop()
    elif "button" in event["text"]:
        await say(text="a button", blocks=[button()], thread_ts=event["ts"])
    else:
        await say(text=f"heard {event['text'].split()[-1]}", thread_ts=event["ts"])


@app.command("/form")
async def form(ack: AsyncAck, command: dict[str, Any], client: AsyncWebClient) -> None:
    await ack()
    await client.views_open(trigger_id=command["trigger_id"], view=modal(command["channel_id"]))


@app.action("press")
async def pressed(ack: AsyncAck, body: dict[str, Any], respond: Callable[..., Awaitable[Any]]) -> None:
    await ack()
    await respond(text=f"pressed by <@{body['user']['id']}>", replace_original=True)


@app.view("form")
async def submitted(ack: AsyncAck, view: dict[str, Any], client: AsyncWebClient) -> None:
    await ack()
    said = f"wrote {view['state']['values']['b']['a']['value']}"
    await client.chat_postMessage(channel=view["private_metadata"], text=said)


async def main() -> None:
    handler = AsyncSocketModeHandler(app, os.environ["SLACK_APP_TOKEN"], ping_interval=1)
    await handler.connect_async()
    print("ready", (await web.auth_test())["user_id"], flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
