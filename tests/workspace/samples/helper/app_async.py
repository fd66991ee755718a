"""The assistant with asyncio: `python app_async.py` with the tokens in the environment."""

import asyncio
import os

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp, AsyncAssistant
from slack_sdk.web.async_client import AsyncWebClient
from words import PIECES, PROMPTS, feedback, place

BASE_URL = os.environ.get("SLACK_API_URL", "https://slack.com/api/")
app = AsyncApp(client=AsyncWebClient(os.environ["SLACK_BOT_TOKEN"], base_url=BASE_URL))
assistant = AsyncAssistant()


@assistant.thread_started
async def started(say, set_suggested_prompts):
    await say("Ask me *anything*.")
    await set_suggested_prompts(title="For example", prompts=PROMPTS)


@assistant.user_message
async def asked(context, client, get_thread_context, payload, say, set_status, set_title):
    await set_title(payload["text"])
    await set_status("is thinking...", loading_messages=["Thinking", "Still thinking"])
    if "where" in payload["text"].lower():
        await say(place(await get_thread_context()))
        return
    stream = await client.chat_stream(
        channel=payload["channel"],
        thread_ts=payload["thread_ts"],
        recipient_team_id=context.team_id,
        recipient_user_id=payload["user"],
        buffer_size=1,
    )
    for piece in PIECES:
        await stream.append(markdown_text=piece)
    await stream.stop(blocks=[feedback()])


@app.action("feedback")
async def judged(ack, action, body, client):
    await ack()
    thread = {"channel": body["channel"]["id"], "thread_ts": body["message"]["thread_ts"]}
    await client.chat_postEphemeral(**thread, user=body["user"]["id"], text=f"Thank you for “{action['value']}”.")


app.use(assistant)


async def main():
    await AsyncSocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).start_async()


if __name__ == "__main__":
    asyncio.run(main())
