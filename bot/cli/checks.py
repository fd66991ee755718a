"""What `inhouse doctor` looks at. Each check only looks: it changes nothing and opens no port.

A check yields findings: what was seen, whether that is right, and how to mend it. It knows the
settings and this machine; Slack's side of it is `bot.preflight`.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies_environment

from packaging.requirements import Requirement

from bot.cli.findings import FAIL, OK, SKIPPED, WARN, Finding
from bot.cli.library import MIN_FREE_BYTES
from bot.cli.model_checks import check_capacity, check_model, check_processor
from bot.preflight import preflight
from bot.settings import ENV_FILE, Settings
from rag.errors import InhouseError

ROOM_FOR_FILES_BYTES = 5_000_000_000
SLACK_HOST = "slack.com"


def check_packages(_settings: Settings) -> Iterator[Finding]:
    """The versions that are installed against those this version was tested with."""
    try:
        pins = [Requirement(line) for line in importlib.metadata.requires("inhouse") or ()]
    except importlib.metadata.PackageNotFoundError:
        yield Finding("packages", WARN, "Inhouse itself is not installed here, so versions are not compared.", _SETUP)
        return
    needed = [pin for pin in pins if pin.marker is None or pin.marker.evaluate({"extra": ""})]
    wrong = [words for pin in needed if (words := _wrong_version(pin))]
    if wrong:
        yield Finding("packages", FAIL, f"Not the tested versions: {'; '.join(wrong)}.", _SETUP)
    else:
        yield Finding("packages", OK, f"Python {platform.python_version()}; {len(needed)} packages as pinned.")
    if importlib.util.find_spec("kernels"):
        yield Finding(
            "packages",
            FAIL,
            "The package 'kernels' is installed; with it, compiled code is fetched from the internet at the start.",
            "Remove it: python -m pip uninstall kernels.",
        )


_SETUP = "Run `make try`, or `python3 tools/setup.py` in the project's folder."


def _wrong_version(pin: Requirement) -> str | None:
    try:
        found = importlib.metadata.version(pin.name)
    except importlib.metadata.PackageNotFoundError:
        return f"{pin.name} is missing"
    # A local build (2.13.0+cpu) is the same version.
    return None if pin.specifier.contains(found.partition("+")[0], prereleases=True) else f"{pin.name} is {found}"


def check_slack(settings: Settings) -> Iterator[Finding]:
    """Both tokens and their scopes, asked of Slack."""
    if settings.slack_bot_token is None and settings.slack_app_token is None:
        yield Finding(
            "slack", SKIPPED, "No Slack tokens are set, so Slack was not asked.", "README.md: five steps to a bot."
        )
        return
    try:
        identity = asyncio.run(preflight(settings))
    except InhouseError as error:
        yield Finding("slack", FAIL, error.user_message)
        return
    yield Finding("slack", OK, f"Both tokens work: the bot is {identity.user_id} in {identity.team}.")
    if not identity.scopes:
        yield Finding("slack", WARN, "Slack did not list the token's scopes, so they were not compared.")


def check_proxies(settings: Settings) -> Iterator[Finding]:
    """How Slack is reached; a proxy's password is not shown."""
    parts = urlsplit(settings.proxy_url() or "")
    own = " Certificates of your own authority are trusted too." if settings.ca_file else ""
    if parts.hostname:
        yield Finding("proxy", OK, f"Slack is called through the proxy {parts.hostname}:{parts.port}.{own}")
    elif named := getproxies_environment().get("https"):
        text = f"HTTPS_PROXY names {urlsplit(named).hostname}, which is not looked at: Slack is called directly.{own}"
        yield Finding("proxy", WARN, text, "If this machine needs the proxy, name it with INHOUSE_PROXY.")
    else:
        yield Finding("proxy", OK, f"No proxy is set; Slack is called directly.{own}")


def check_disk(settings: Settings) -> Iterator[Finding]:
    """Room, and who may read the data."""
    folder = settings.data_dir
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    state = FAIL if free < MIN_FREE_BYTES else WARN if free < ROOM_FOR_FILES_BYTES else OK
    mend = "" if state == OK else "Make room, or set INHOUSE_DATA_DIR to another disk."
    yield Finding("disk", state, f"{free / 1e9:.1f} GB are free for the data.", mend)
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        yield Finding("data", FAIL, "This user may not write where the data is kept.", "Mend its owner and rights.")
    elif folder.exists() and stat.S_IMODE(folder.stat().st_mode) & 0o077:
        mend = f"Close it: chmod 700 {folder}"
        yield Finding("data", WARN, "Other users of this machine may look into the data folder.", mend)
    else:
        yield Finding("data", OK, "The data folder is this user's own.")
    if ENV_FILE.exists() and stat.S_IMODE(ENV_FILE.stat().st_mode) & 0o077:
        yield Finding("data", WARN, "Other users may read .env with its tokens.", "Close it: chmod 600 .env")


def check_database(settings: Settings) -> Iterator[Finding]:
    """SQLite's version and full-text search, and the integrity of the database; read-only, also while a bot runs."""
    memory = sqlite3.connect(":memory:")
    try:
        memory.execute("CREATE VIRTUAL TABLE probe USING fts5(text)")
    except sqlite3.OperationalError:
        mend = "Use a Python whose SQLite has FTS5."
        yield Finding("database", FAIL, "SQLite has no full-text search here.", mend)
    finally:
        memory.close()
    path = settings.data_dir / "inhouse.db"
    if not path.exists():
        yield Finding("database", OK, f"SQLite {sqlite3.sqlite_version}; there is no database yet.")
        return
    verdict = _quick_check(path)
    if verdict == "ok":
        size_mb = path.stat().st_size / 1e6
        yield Finding("database", OK, f"SQLite {sqlite3.sqlite_version}; the database is sound, {size_mb:.1f} MB.")
    else:
        yield Finding(
            "database",
            FAIL,
            f"The database cannot be trusted: {verdict}",
            "Restore a backup of the data folder, or move the database aside to start empty.",
        )


def _quick_check(path: Path) -> str:
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            return str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        return f"{error}."


def check_privacy(settings: Settings) -> Iterator[Finding]:
    """What leaves this machine."""
    host = urlsplit(settings.slack_api_url).hostname
    if host == SLACK_HOST:
        text = "To Slack only: answers and receipts go there, files come from there. Questions, files and answers"
        yield Finding("privacy", OK, f"{text} reach no other company; there is no telemetry and no model hub.")
    else:
        yield Finding("privacy", WARN, f"Tokens, questions and answers go to {host} instead of Slack.", _API_URL)


_API_URL = "Right for a local workspace; else take INHOUSE_SLACK_API_URL out."

CHECKS = (
    check_packages,
    check_processor,
    check_model,
    check_capacity,
    check_disk,
    check_database,
    check_slack,
    check_proxies,
    check_privacy,
)
