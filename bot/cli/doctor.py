"""`inhouse doctor`: what is wrong here, and how to mend it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict

import click

from bot.cli.checks import CHECKS
from bot.cli.findings import FAIL, OK, SKIPPED, WARN, Finding
from bot.cli.library import say
from bot.settings import Settings
from rag.errors import SettingsError

_MARKS = {OK: "ok     ", WARN: "look   ", FAIL: "WRONG  ", SKIPPED: "skipped"}
_LIVE_MARKS = _MARKS | {WARN: "differs"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.option(
    "--live",
    "channel",
    metavar="CHANNEL",
    help="Instead, try in this Slack channel what the bot assumes about Slack; just under six minutes.",
)
@click.option("--unattended", is_flag=True, help="With --live: skip at once what needs a person in the channel.")
@click.option("--keep", is_flag=True, help="With --live: leave the test messages in the channel.")
@click.option(
    "--privacy",
    is_flag=True,
    help="Instead, try to get out of this machine by every way that is closed, and show that each is refused.",
)
def doctor(as_json: bool, channel: str | None, unattended: bool, keep: bool, privacy: bool) -> None:
    """Find out what is wrong here, and how to mend it.

    Looks at packages, processor and GPU, models and memory, disk, database, Slack's tokens and
    scopes, and at what leaves this machine. Changes nothing. The exit status is 0 if nothing is
    wrong; what is only worth a look does not count.

    With --live it does something else: in a test channel that the bot was invited to, it posts,
    streams and listens to see whether Slack behaves as the bot assumes, and asks you for what only
    a person can do. Stop the bot first: Slack hands each event to one connection only. All test
    messages are deleted at the end. The exit status is 0 if everything that was tried held.

    With --privacy it tries, a few seconds long, what the bot must not be able to do: to reach an
    address or a name outside that is not Slack's. Nothing is sent, for each is refused before. It
    lists what may be reached and why, and looks at the switches that keep the models' libraries
    from the network, at who may read the data, and at where Slack's tokens could be seen. The exit
    status is 0 if all of it held. It calls nobody, not Slack either, and a bot may go on running.
    """
    if privacy and (channel is not None or unattended or keep):
        raise click.UsageError("--privacy goes alone, or with --json.")
    if channel is not None:
        _live(channel, as_json, unattended, keep)
    if unattended or keep:
        raise click.UsageError("--unattended and --keep go with --live.")
    findings = _examine(_privacy if privacy else _checks, quiet=as_json)
    is_well = all(finding.state != FAIL for finding in findings)
    if as_json:
        click.echo(json.dumps({"ok": is_well, "findings": [asdict(finding) for finding in findings]}))
    else:
        click.echo("\nNothing is wrong." if is_well else "\nSomething is wrong; see the lines marked WRONG.")
    raise SystemExit(0 if is_well else 1)


def _live(channel: str, as_json: bool, unattended: bool, keep: bool) -> None:
    """Raises: SystemExit at its end, InhouseError where it cannot begin."""
    from bot.cli.live.examination import Wishes, examine

    def show(finding: Finding) -> None:
        _show([finding], as_json, _LIVE_MARKS, width=20)

    wishes = Wishes(channel, unattended, keep, show, say)
    try:
        findings = asyncio.run(examine(Settings.load(), wishes))
    except asyncio.CancelledError:  # SIGTERM; what was posted is deleted by now
        raise click.Abort from None
    all_held = all(finding.state in {OK, SKIPPED} for finding in findings)
    if as_json:
        click.echo(json.dumps({"ok": all_held, "findings": [asdict(finding) for finding in findings]}))
    else:
        click.echo(f"\n{_summary(findings)}")
    raise SystemExit(0 if all_held else 1)


def _summary(findings: Sequence[Finding]) -> str:
    count = {state: sum(finding.state == state for finding in findings) for state in _MARKS}
    tried = len(findings) - count[SKIPPED]
    held = f"{count[OK]} of {tried} assumptions held; {count[SKIPPED]} were skipped."
    return held if count[OK] == tried else f"{held} See the lines marked differs and WRONG."


def _examine(examination: Callable[[Settings], Iterator[Finding]], quiet: bool) -> list[Finding]:
    findings: list[Finding] = []
    try:
        for finding in examination(Settings.load()):
            _show([finding], quiet)
            findings.append(finding)
    except SettingsError as error:
        findings.append(Finding("settings", FAIL, error.user_message))
        _show(findings[-1:], quiet)
    return findings


def _checks(settings: Settings) -> Iterator[Finding]:
    for check in CHECKS:
        yield from check(settings)


def _privacy(settings: Settings) -> Iterator[Finding]:
    from bot.cli.privacy import examine_privacy

    yield from examine_privacy(settings)


def _show(findings: Sequence[Finding], quiet: bool, marks: dict[str, str] = _MARKS, width: int = 10) -> None:
    for finding in () if quiet else findings:
        click.echo(f"{marks[finding.state]}  {finding.check:<{width}} {finding.text}")
        if finding.mend:
            click.echo(f"{'':<{width + 10}} > {finding.mend}")
