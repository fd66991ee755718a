"""`inhouse run`: the bot in a Slack workspace, over Socket Mode."""

from __future__ import annotations

import asyncio

import click

from bot.cli.library import set_up_logging
from bot.cli.service import serve_and_leave
from bot.egress import install, places
from bot.logs import guard_last_words
from bot.settings import Settings


@click.command()
def run() -> None:
    """Answer in Slack until stopped (Ctrl-C).

    Needs two tokens, SLACK_BOT_TOKEN and SLACK_APP_TOKEN, in the environment or in a file `.env`;
    README.md says in five steps where they come from. `inhouse doctor` finds what is wrong.
    """
    settings = Settings.load()
    set_up_logging(settings.log_level)
    guard_last_words()
    install(places(settings))
    asyncio.run(serve_and_leave(settings))
