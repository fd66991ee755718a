"""`inhouse try`: the local workspace with the bot in it, opened on a thread that is ready to be asked."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import click

from bot.cli.library import say, set_up_logging
from bot.cli.local_bot import LocalBot
from bot.cli.samples import COMMANDS, CONTRACT, HINTS, MANUAL, SHORTCUTS, sample
from bot.cli.workspace import until_interrupted
from bot.egress import install
from bot.preflight import EVENT_SCOPES, NEEDED_SCOPES
from bot.settings import Settings
from bot.workspace.server import Workspace

STARTING = "Inhouse is starting: loading the model. You can post already; it will answer in a moment."


@click.command("try")
@click.option("--port", default=8765, show_default=True, help="Port of the page; 0 takes a free one.")
def try_it(port: int) -> None:
    """Try Inhouse in your browser: no Slack account, no GPU, no network.

    Opens a local workspace with three people and a thread with two sample files, and the bot with
    its embedded models in it. Everything posted is gone when it stops (Ctrl-C).
    """
    settings = Settings.load()
    set_up_logging(settings.log_level)
    install(())
    with tempfile.TemporaryDirectory(prefix="inhouse-try-") as folder:
        asyncio.run(_try(port, Path(folder), settings))


async def _try(port: int, folder: Path, settings: Settings) -> None:
    place = Workspace(
        port,
        team_name="Helios Lab",
        hints=HINTS,
        commands=COMMANDS,
        shortcuts=SHORTCUTS,
        events=EVENT_SCOPES,
        scopes=NEEDED_SCOPES,
    )
    await place.start()
    place.set_notice(STARTING)
    await _furnish(place)
    click.echo(f"\n  Open {place.base_url} in your browser.\n")
    say("Inhouse is loading its models; this takes a minute the first time, seconds later on.")
    bot = LocalBot(place, folder / "data", settings, say)
    interrupted = asyncio.create_task(until_interrupted())
    try:
        await _keep_running(bot, place, interrupted)
    finally:
        await bot.stop()
        await place.stop()


async def _furnish(place: Workspace) -> None:
    """Three people, two channels, and a thread with two files that the bot will have read when it is up."""
    ana = await place.add_user("ana", real_name="Ana Marković", is_admin=True)
    ben = await place.add_user("ben", real_name="Ben Okafor")
    chris = await place.add_user("chris", real_name="Chris Lindner", locale="de-DE")  # is spoken to in German
    await place.add_channel("general", [ana, ben, chris])
    lab = await place.add_channel("lab", [ana, ben, chris])
    posted = await place.post(
        ana, lab, "@inhouse here are the manual and the supply agreement", files=[sample(MANUAL), sample(CONTRACT)]
    )
    place.set_start(posted)


async def _keep_running(bot: LocalBot, place: Workspace, interrupted: asyncio.Task[None]) -> None:
    """Start the bot, and start it again should it end; a bot that cannot start ends the command."""
    while not interrupted.done():
        starting = asyncio.create_task(bot.start())
        await asyncio.wait({starting, interrupted}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            starting.cancel()
            return
        await starting
        place.set_notice("")
        ended = asyncio.create_task(bot.ended())
        await asyncio.wait({ended, interrupted}, return_when=asyncio.FIRST_COMPLETED)
        if interrupted.done():
            ended.cancel()
            return
        place.set_notice("Inhouse stopped and is being started again; nothing that you post is lost.")
