"""`inhouse workspace`: the local stand-in for Slack alone, for anybody who builds a Slack app."""

from __future__ import annotations

import asyncio
import signal

import click

from bot.workspace.coverage import as_markdown
from bot.workspace.server import Workspace


@click.command()
@click.option("--port", default=8765, show_default=True, help="Port of the page and the API; 0 takes a free one.")
@click.option("--rate-limits", is_flag=True, help="Refuse calls beyond Slack's tiers with status 429.")
@click.option("--coverage", is_flag=True, help="Print what of Slack is here, as a table, and end.")
def workspace(port: int, rate_limits: bool, coverage: bool) -> None:
    """Run the local workspace alone: a page, the Web API and Socket Mode, on this machine only.

    Prints the addresses and the two tokens that an app needs. Everything is kept in memory and gone
    when it stops (Ctrl-C).
    """
    if coverage:
        click.echo(as_markdown())
        return
    asyncio.run(_serve(port, rate_limits=rate_limits))


async def _serve(port: int, *, rate_limits: bool) -> None:
    place = Workspace(port, rate_limits=rate_limits)
    await place.start()
    person = await place.add_user("ana", real_name="Ana", is_admin=True)
    await place.add_channel("general", [person])
    click.echo(f"Page:      {place.base_url}\nWeb API:   {place.api_url}")
    click.echo(f"Bot token: {place.bot_token}\nApp token: {place.app_token}")
    click.echo("Stop it with Ctrl-C.", err=True)  # nothing of the library is imported here: it starts at once
    await until_interrupted()
    await place.stop()


async def until_interrupted() -> None:
    """Return on SIGINT or SIGTERM."""
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await stopping.wait()
