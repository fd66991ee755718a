"""The `inhouse` command; one file for each of its commands. This is the only room that builds things."""

from __future__ import annotations

import json
import os
import sys

import click

from bot.workspace.errors import WorkspaceError
from rag.errors import InhouseError

COMMANDS = {
    "try": "bot.cli.try_it:try_it",
    "demo": "bot.cli.demo:demo",
    "ask": "bot.cli.ask:ask",
    "run": "bot.cli.run:run",
    "workspace": "bot.cli.workspace:workspace",
    "doctor": "bot.cli.doctor:doctor",
    "models": "bot.cli.models:models",
    "bench": "bot.cli.bench:bench",
    "eval": "bot.cli.evals:evaluate",
    "cases": "bot.cli.cases:cases",
    "backup": "bot.cli.backup:backup",
    "restore": "bot.cli.restore:restore",
    "forget": "bot.cli.forget:forget",
    "export": "bot.cli.export:export",
    "audit": "bot.cli.audit:audit",
    "calibrate": "bot.cli.calibrate:calibrate",
}


class Commands(click.Group):
    """Imports a command only when it is used, and turns our errors into their sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        __import__(module)
        return getattr(sys.modules[module], name)

    def invoke(self, ctx: click.Context) -> object:
        before = os.umask(0o077)  # whatever a command writes is for this user only: it may hold the team's texts
        try:
            return super().invoke(ctx)
        except (InhouseError, WorkspaceError) as error:
            if "--json" in sys.argv[1:]:
                click.echo(json.dumps({"ok": False, "error": error.user_message}))
            click.echo(f"inhouse: {error.user_message}", err=True)
            raise SystemExit(1) from error
        finally:
            os.umask(before)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="inhouse")
def main() -> None:
    """Answers from the files your team uploads, with a language model on your own machine.

    Start with `inhouse try`: it opens a local workspace in your browser, with the bot in it.
    No Slack account, no GPU and no network are needed.
    """
