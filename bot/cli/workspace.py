"""`inhouse workspace`: the local stand-in for Slack alone, for anybody who builds a Slack app."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import click

from bot.workspace.coverage import as_markdown
from bot.workspace.events import CHAT_EVENTS, SENT
from bot.workspace.manifest import read_manifest
from bot.workspace.methods.registry import every_scope
from bot.workspace.server import Workspace


@click.command()
@click.option("--port", default=8765, show_default=True, help="Port of the page and the API; 0 takes a free one.")
@click.option(
    "--manifest",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The app's manifest (JSON or YAML): its name, events, scopes, commands and shortcuts.",
)
@click.option("--rate-limits", is_flag=True, help="Refuse calls beyond Slack's tiers with status 429.")
@click.option("--coverage", is_flag=True, help="Print what of Slack is here, as a table, and end.")
def workspace(port: int, manifest: Path | None, rate_limits: bool, coverage: bool) -> None:
    """Run the local workspace alone: a page, the Web API and Socket Mode, on this machine only.

    Prints the page's address and the lines to export before an app is started. Without --manifest the app may
    do everything and hears every event, but begins no chats. Everything is kept in memory and gone when
    it stops (Ctrl-C).
    """
    if coverage:
        click.echo(as_markdown())
        return
    everything = {"events": SENT - CHAT_EVENTS, "scopes": every_scope()}
    options = read_manifest(manifest) if manifest else everything
    asyncio.run(_serve(Workspace(port, rate_limits=rate_limits, **options)))


async def _serve(place: Workspace) -> None:
    await place.start()
    with place.untold():
        person = await place.add_user("ana", real_name="Ana", is_admin=True)
        await place.add_channel("general", [person])
    click.echo(f"Open {place.base_url} in your browser. In the shell that your app runs in:\n")
    for name, value in place.environment.items():
        click.echo(f"export {name}={value}")
    click.echo("\nStop it with Ctrl-C.", err=True)  # nothing of the library is imported here: it starts at once
    await until_interrupted()
    await place.stop()


async def until_interrupted() -> None:
    """Return on SIGINT or SIGTERM."""
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await stopping.wait()
