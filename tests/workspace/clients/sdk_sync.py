"""The app with slack_sdk alone, its built-in socket client and one thread for each envelope."""

from __future__ import annotations

import os
import threading

from slack_sdk import WebClient
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from tests.workspace.clients.words import button, digest, modal

web = WebClient(os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"])
web.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=3))
me = web.auth_test()["user_id"]


def hear(client: SocketModeClient, request: SocketModeRequest) -> None:
    client.send_socket_mode_response(SocketModeResponse(request.envelope_id))
    payload = request.payload
    if request.type == "events_api" and payload["event"]["type"] == "app_mention":
        mentioned(payload["event"], payload["team_id"])
    elif request.type == "slash_commands":
        web.views_open(trigger_id=payload["trigger_id"], view=modal(payload["channel_id"]))
    elif request.type == "interactive" and payload["type"] == "block_actions":
        place = {"channel": payload["channel"]["id"], "ts": payload["message"]["ts"]}
        web.chat_update(**place, text=f"pressed by <@{payload['user']['id']}>", blocks=[])
    elif request.type == "interactive" and payload["type"] == "view_submission":
        view = payload["view"]
        web.chat_postMessage(
            channel=view["private_metadata"], text=f"wrote {view['state']['values']['b']['a']['value']}"
        )


def mentioned(event: dict, team: str) -> None:
    place = {"channel": event["channel"], "thread_ts": event["ts"]}
    if files := event.get("files"):
        web.files_upload_v2(
            **place, filename="digest.txt", content=digest(files[0], str(web.token)), initial_comment="here it is"
        )
    elif "stream" in event["text"]:
        stream = web.chat_stream(**place, recipient_user_id=event["user"], recipient_team_id=team)
        for piece in ("one ", "two ", "three"):
            stream.append(markdown_text=piece)
        stream.stop()
    elif "button" in event["text"]:
        web.chat_postMessage(**place, text="a button", blocks=[button()])
    else:
        web.chat_postMessage(**place, text=f"heard {event['text'].split()[-1]}")


socket = SocketModeClient(os.environ["SLACK_APP_TOKEN"], web_client=web, ping_interval=1)
socket.socket_mode_request_listeners.append(hear)  # type: ignore[arg-type]
socket.connect()
print("ready", me, flush=True)
threading.Event().wait()
