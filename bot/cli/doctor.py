"""`inhouse doctor`: what is wrong here, and how to mend it."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from bot.cli.checks import CHECKS, FAIL, OK, SKIPPED, WARN, Finding
from bot.settings import Settings
from rag.errors import InhouseError

_MARKS = {OK: "ok     ", WARN: "look   ", FAIL: "WRONG  ", SKIPPED: "skipped"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def doctor(as_json: bool) -> None:
    """Find out what is wrong here, and how to mend it.

    Looks at packages, processor and GPU, models and memory, disk, database, Slack's tokens and
    scopes, and at what leaves this machine. Changes nothing. The exit status is 0 if nothing is
    wrong; what is only worth a look does not count.
    """
    findings = _examine(quiet=as_json)
    is_well = all(finding.state != FAIL for finding in findings)
    if as_json:
        click.echo(json.dumps({"ok": is_well, "findings": [asdict(finding) for finding in findings]}))
    else:
        click.echo("\nNothing is wrong." if is_well else "\nSomething is wrong; see the lines marked WRONG.")
    raise SystemExit(0 if is_well else 1)


def _examine(quiet: bool) -> list[Finding]:
    try:
        settings = Settings.load()
    except InhouseError as error:
        found = [Finding("settings", FAIL, error.user_message)]
        _show(found, quiet)
        return found
    findings: list[Finding] = []
    for check in CHECKS:
        found = list(check(settings))
        _show(found, quiet)
        findings += found
    return findings


def _show(findings: list[Finding], quiet: bool) -> None:
    for finding in () if quiet else findings:
        click.echo(f"{_MARKS[finding.state]}  {finding.check:<10} {finding.text}")
        if finding.mend:
            click.echo(f"{'':<20} > {finding.mend}")
