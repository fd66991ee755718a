"""The app with Bolt."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

from slack_bolt import Ack, App, Say
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from tests.workspace.clients.words import button, digest, modal

web = WebClient(os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"])
web.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=3))
app = App(client=web)


@app.event("app_mention")
def mentioned(event: dict[str, Any], say: Say, client: WebClient, context: dict[str, Any]) -> None:
    place = {"channel": event["channel"], "thread_ts": event["ts"]}
    if files := event.get("files"):
        client.files_upload_v2(
            **place, filename="digest.txt", content=digest(files[0], str(client.token)), initial_comment="here it is"
        )
    elif "stream" in event["text"]:
        stream = client.chat_stream(**place, recipient_user_id=event["user"], recipient_team_id=context["team_id"])
        for piece in ("one ", "two ", "three"):
            stream.append(markdown_text=piece)
        stream.stop()
    elif "button" in event["text"]:
        say(text="a button", blocks=[button()], thread_ts=event["ts"])
    else:
        say(text=f"heard {event['text'].split()[-1]}", thread_ts=event["ts"])


@app.command("/form")
def form(ack: Ack, command: dict[str, Any], client: WebClient) -> None:
    ack()
    client.views_open(trigger_id=command["trigger_id"], view=modal(command["channel_id"]))


@app.action("press")
def pressed(ack: Ack, body: dict[str, Any], respond: Callable[..., Any]) -> None:
    ack()
    respond(text=f"pressed by <@{body['user']['id']}>", replace_original=True)


@app.view("form")
def submitted(ack: Ack, view: dict[str, Any], client: WebClient) -> None:
    ack()
    said = f"wrote {view['state']['values']['b']['a']['value']}"
    client.chat_postMessage(channel=view["private_metadata"], text=said)


handler = SocketModeHandler(app, os.environ["SLACK_APP_TOKEN"], ping_interval=1)
handler.connect()
print("ready", web.auth_test()["user_id"], flush=True)
threading.Event().wait()
