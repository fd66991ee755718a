"""The starter app with asyncio: `python app_async.py` with the tokens in the environment."""

import asyncio
import os

from listeners_async import register_listeners
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

BASE_URL = os.environ.get("SLACK_API_URL", "https://slack.com/api/")
app = AsyncApp(client=AsyncWebClient(os.environ["SLACK_BOT_TOKEN"], base_url=BASE_URL))
register_listeners(app)


async def main():
    await AsyncSocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).start_async()


if __name__ == "__main__":
    asyncio.run(main())
