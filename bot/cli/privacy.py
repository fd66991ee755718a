"""`inhouse doctor --privacy`: not what is promised, but what happens when something here tries to get out.

Installs the guard that `inhouse run` installs, then does what must not be possible, and looks at files, processes and
switches. Each check yields findings, as those of `bot.cli.checks` do; what is refused is refused before it is sent.
"""

from __future__ import annotations

import asyncio
import re
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import aiohttp
import psutil

from bot.cli.findings import FAIL, OK, SKIPPED, Finding
from bot.cli.samples import MANUAL, sample
from bot.egress import Guard, Place, install, places
from bot.settings import ENV_FILE, Settings
from rag.data_loaders import parse_file
from rag.data_loaders.process import ENVIRONMENT
from rag.errors import InhouseError
from rag.llms.machine import offline_switches, set_up_machine

TIMEOUT_S = 3.0
NOWHERE, NOWHERE_6 = "192.0.2.1", "2001:db8::1"  # kept free for examples: nobody is there (RFC 5737, RFC 3849)
UNKNOWN = "probe.inhouse.invalid"  # nobody can own this name (RFC 2606)
HUB = "huggingface.co"
TOKEN = re.compile(r"\bx(?:ox[a-z]|app)-[\w-]{8,}")


def examine_privacy(settings: Settings) -> Iterator[Finding]:
    """All of it. From here on this process can reach only what the settings allow."""
    guard = install(places(settings))
    yield from _allowed(guard.allowed)
    for what, way in ATTEMPTS:
        yield attempt(guard, what, way)
    yield from _offline()
    yield from _reader()
    yield from _files(settings.data_dir)
    yield from _tokens()


# --- the network -------------------------------------------------------------------------------


def _allowed(allowed: Sequence[Place]) -> Iterator[Finding]:
    for place in allowed:
        below = " and what lies below it" if place.with_subdomains else ""
        yield Finding("allowed", OK, f"{place.host} port {place.port}{below}: {place.why}.")


def attempt(guard: Guard, what: str, way: Callable[[], object]) -> Finding:
    """Try to get out by ``way``; well if the guard refused it."""
    before = guard.refused.total()
    try:
        way()
    except Exception as error:  # noqa: BLE001 - libraries wrap our refusal in errors of their own
        if guard.refused.total() > before:
            return Finding("refused", OK, f"{what}: refused, nothing was sent.")
        return Finding("refused", FAIL, f"{what}: it failed, but not because it was refused ({type(error).__name__}).")
    return Finding("refused", FAIL, f"{what}: it was not refused.", "Do not run the bot here; report this.")


def _datagram() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.sendto(b"inhouse doctor", (NOWHERE, 53))


def _connect(family: int, host: str) -> None:
    with socket.socket(family) as opened:
        opened.settimeout(TIMEOUT_S)
        opened.connect((host, 443))


async def _fetch(url: str) -> None:
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url):
        pass


async def _open(host: str) -> None:
    await asyncio.wait_for(asyncio.open_connection(host, 443), TIMEOUT_S)


ATTEMPTS: tuple[tuple[str, Callable[[], object]], ...] = (
    (f"A connection to {NOWHERE}", lambda: _connect(socket.AF_INET, NOWHERE)),
    (f"A connection over IPv6 to {NOWHERE_6}", lambda: _connect(socket.AF_INET6, NOWHERE_6)),
    (f"A datagram to {NOWHERE}, as a name server gets it", _datagram),
    (f"An asynchronous connection to {NOWHERE}", lambda: asyncio.run(_open(NOWHERE))),
    (f"A look-up of the unknown name {UNKNOWN}", lambda: socket.getaddrinfo(UNKNOWN, 443)),
    ("A connection by that name, without a look-up before it", lambda: _connect(socket.AF_INET, UNKNOWN)),
    (f"A look-up of the model hub {HUB}", lambda: socket.getaddrinfo(HUB, 443)),
    (f"A page of {HUB} by the client that Slack is called with", lambda: asyncio.run(_fetch(f"https://{HUB}/"))),
    (
        f"A page of {HUB} by Python's own client",
        lambda: urllib.request.urlopen(f"https://{HUB}/", timeout=TIMEOUT_S),
    ),
)  # fmt: skip


# --- the models' libraries ---------------------------------------------------------------------


def _offline() -> Iterator[Finding]:
    """Native code is beyond the guard; these switches keep the models' libraries from the hub."""
    set_up_machine()
    switches = offline_switches()
    wrong = [name for name, value in switches.items() if value != "1"]
    words = ", ".join(f"{name}={value or 'unset'}" for name, value in switches.items())
    yield Finding("offline", FAIL if wrong else OK, f"No model hub, no telemetry: {words}.")
    from huggingface_hub import constants

    is_off = constants.HF_HUB_OFFLINE and constants.HF_HUB_DISABLE_TELEMETRY
    text = "The hub's library took them over." if is_off else "The hub's library does not heed them."
    yield Finding("offline", OK if is_off else FAIL, text)


# --- the process that reads files --------------------------------------------------------------

_TRY_SOCKETS = """
import socket
from rag.data_loaders.limits import Limits
from rag.data_loaders.sandbox import confine
confine(Limits())
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX):
    try:
        socket.socket(family)
    except OSError:
        print("refused")
"""


def _reader() -> Iterator[Finding]:
    """Uploaded files are read in a process of their own: has it a network, does it know a token?"""
    command = [sys.executable, "-P", "-s", "-c", _TRY_SOCKETS]
    said = subprocess.run(command, env=ENVIRONMENT, cwd="/", capture_output=True, text=True, check=False).stdout  # noqa: S603
    is_closed = said.split() == ["refused"] * 3
    text = "it gets no socket of any kind" if is_closed else "it could open a socket"
    yield Finding("reader", OK if is_closed else FAIL, f"Files are read in a process of their own; {text}.")
    seen = _seen_reader()
    if seen is None:
        yield Finding("reader", SKIPPED, "This system does not show the environment of that process.")
        return
    names, command_line = seen
    extra = sorted(set(names) - set(ENVIRONMENT) - {"LC_CTYPE"})
    if extra or TOKEN.search(f"{names.values()} {command_line}"):
        yield Finding("reader", FAIL, f"That process inherits {', '.join(extra) or 'a token'}.")
    else:
        yield Finding("reader", OK, f"While it read a sample its environment held only {', '.join(sorted(names))}.")


def _read(name: str, data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, suppress(InhouseError):
        path = Path(folder) / "file"
        path.write_bytes(data)
        parse_file(path, name)


def _seen_reader() -> tuple[dict[str, str], str] | None:
    """Environment and command line of the process that reads a sample, looked at from outside."""
    name, data = sample(MANUAL)
    reading = threading.Thread(target=_read, args=(name, data))
    reading.start()
    seen = None
    while reading.is_alive():
        for child in psutil.Process().children():
            try:
                found = child.as_dict(["environ", "cmdline"])  # the environment is empty before it is its own
            except (psutil.Error, OSError):
                continue
            if found["environ"]:
                seen = (found["environ"], " ".join(found["cmdline"] or ()))
        reading.join(0.01)
    return seen


# --- what lies on the disk ---------------------------------------------------------------------


def _files(folder: Path) -> Iterator[Finding]:
    """Files 0600 and folders 0700: nobody but this user, whatever stands in them."""
    if not folder.exists():
        yield Finding("files", OK, "There is no data yet.")
    else:
        paths = [folder, *folder.rglob("*")]
        open_ones = [path for path in paths if not path.is_symlink() and _is_open(path)]
        if open_ones:
            some = ", ".join(path.name for path in open_ones[:3])
            text = f"Others may read {len(open_ones)} of {len(paths)} files and folders of the data: {some}."
            yield Finding("files", FAIL, text, f"Close them: chmod -R go= {folder}")
        else:
            text = f"Database, originals and the rest: {len(paths)} files and folders, for this user only."
            yield Finding("files", OK, text)
    if ENV_FILE.exists() and _is_open(ENV_FILE):
        yield Finding("files", FAIL, "Other users may read .env with its tokens.", "Close it: chmod 600 .env")


def _is_open(path: Path) -> bool:
    try:
        return bool(stat.S_IMODE(path.lstat().st_mode) & 0o077)
    except FileNotFoundError:  # a running bot has just removed it
        return False


# --- tokens ------------------------------------------------------------------------------------


def _tokens() -> Iterator[Finding]:
    """Every user of a machine may read every process's arguments."""
    found = []
    for process in psutil.process_iter(["pid", "name", "cmdline"]):
        if TOKEN.search(" ".join(process.info["cmdline"] or ())):
            found.append(f"{process.info['name']} ({process.info['pid']})")
    if found:
        text = f"A Slack token stands among the arguments of {', '.join(found)}, where every user can read it."
        yield Finding("tokens", FAIL, text, "Give tokens in .env or the environment; reinstall the app to change them.")
    else:
        yield Finding("tokens", OK, "No process of this machine has a Slack token among its arguments.")
