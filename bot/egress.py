"""Which places this process may reach, held at the socket: Slack, or the local workspace, and nothing else.

Two parts. An audit hook, which nothing can take out again, sees every look-up of a name and every connection
before the system does, and refuses what is not allowed. Around it `socket` itself is wrapped, for two things
the hook cannot do: a name given to `connect` is looked up before the hook is asked, and only the answer to a
look-up says which addresses are Slack's. A lost wrapper makes the guard stricter, never laxer.

What it does not see: native code that opens sockets by itself (the models' libraries are held off by their own
switches, see `rag.llms.machine`), and what is said to a proxy, which must have its own list.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from bot.settings import LOOPBACK, SLACK_DOMAINS, Settings
from rag.errors import EgressRefused

log = logging.getLogger(__name__)

REMEMBER_S = 600.0  # how long an address counts as its name's; every connection looks its name up anew
_FAMILIES = {socket.AF_INET, socket.AF_INET6, getattr(socket, "AF_UNIX", socket.AF_INET)}
_HOUSE = tuple(
    map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "127.0.0.0/8", "::1/128"))
)  # not link-local, where clouds keep their credentials
_PORTS = {"http": 80, "https": 443}

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Place:
    """One place that may be reached over TCP, and why."""

    host: str  # a name in lower case, or an address
    port: int
    why: str
    with_subdomains: bool = False
    in_house: bool = False  # only where its name means a private address

    def is_called(self, name: str) -> bool:
        """Whether ``name`` is this place's."""
        name = name.lower().removesuffix(".")
        return name == self.host or (self.with_subdomains and name.endswith(f".{self.host}"))


def places(settings: Settings) -> tuple[Place, ...]:
    """Where the bot may go under these settings: the local workspace, or a proxy, or Slack straight."""
    api = urlsplit(settings.slack_api_url)
    host, port = api.hostname or "", api.port or _PORTS[api.scheme]
    if host in LOOPBACK:
        return tuple(Place(name, port, "the local workspace", in_house=True) for name in sorted(LOOPBACK))
    if settings.proxy is not None:
        proxy = urlsplit(settings.proxy.get_secret_value())
        why = "the proxy that INHOUSE_PROXY names, on the way to Slack"
        return (Place(proxy.hostname or "", proxy.port or _PORTS[proxy.scheme], why),)
    names = dict.fromkeys((host, *SLACK_DOMAINS))
    return tuple(Place(name, port, "Slack: Web API, Socket Mode and files", with_subdomains=True) for name in names)


def house_server(url: str) -> Place:
    """A server of one's own, such as one with a language model; only under a private address."""
    parts = urlsplit(url)
    port = parts.port or _PORTS[parts.scheme]
    return Place((parts.hostname or "").lower(), port, "a server in the house", in_house=True)


class Guard:
    """Decides about names and addresses. ``refused`` counts what it kept from leaving, by what the log shows."""

    def __init__(self, allowed: Sequence[Place]) -> None:
        self.allowed = tuple(allowed)
        self.refused: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._found: dict[Address, tuple[tuple[Place, ...], float]] = {}

    def check_name(self, host: object) -> None:
        """May this name be looked up? An address or nothing asks nobody. Raises: EgressRefused."""
        name = _text(host)
        if name and _address(name) is None and not self._called(name):
            self.refuse(name, None)

    def check_address(self, where: Any, kind: int = socket.SOCK_STREAM) -> None:
        """May this address be reached, by this kind of socket? Raises: EgressRefused."""
        host, port = _text(where[0]), where[1]
        if kind != socket.SOCK_STREAM or not any(place.port == port for place in self._at(host)):
            self.refuse(host, port)

    def remember(self, host: object, found: Sequence[Any]) -> None:
        """Note which addresses a look-up gave for an allowed name."""
        named = self._called(_text(host))
        with self._lock:
            for entry in found if named else ():
                address = _address(_text(entry[4][0]))
                fitting = tuple(place for place in named if address and _fits(place, address))
                if address and fitting:
                    self._found[address] = (fitting, time.monotonic() + REMEMBER_S)

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """The audit hook. Raises: EgressRefused, which keeps the call from being made."""
        if event.startswith("socket.") and (check := _CHECKS.get(event)):
            check(self, arguments)

    def refuse(self, host: str, port: object) -> None:
        """Count it, log it, and raise. Raises: EgressRefused."""
        where = f"{_shown(host)} port {port}" if isinstance(port, int) else _shown(host)
        with self._lock:
            self.refused[where] += 1
        log.warning("refused to reach %s: not among the places that are allowed", where)
        raise EgressRefused(detail=where)

    def _called(self, name: str) -> tuple[Place, ...]:
        return tuple(place for place in self.allowed if place.is_called(name))

    def _at(self, host: str) -> tuple[Place, ...]:
        address = _address(host)
        if address is None:
            return tuple(place for place in self._called(host) if not place.in_house)
        with self._lock:
            named, until_s = self._found.get(address, ((), 0.0))
        literal = (place for place in self.allowed if _address(place.host) == address and _fits(place, address))
        return (*literal, *(named if until_s > time.monotonic() else ()))


def install(allowed: Sequence[Place]) -> Guard:
    """From here on, for the life of this process and its forks, only ``allowed`` may be reached.

    It cannot be undone, and a second guard only adds to the first; so a test does it in a process of its own.
    """
    guard = Guard(allowed)
    sys.addaudithook(guard.hear)
    _wrap_look_up(guard)
    for name, position in (("connect", 0), ("connect_ex", 0), ("bind", 0), ("sendto", -1), ("sendmsg", 3)):
        if hasattr(socket.socket, name):
            setattr(socket.socket, name, _names_first(guard, getattr(socket.socket, name), position))
    return guard


# --- what the hook looks at --------------------------------------------------------------------


def _on_name(guard: Guard, arguments: tuple[Any, ...]) -> None:
    guard.check_name(arguments[0])


def _on_reverse(guard: Guard, arguments: tuple[Any, ...]) -> None:
    guard.refuse(_text(arguments[0]), None)  # asks a server about any address, and nothing here needs it


def _on_address(guard: Guard, arguments: tuple[Any, ...]) -> None:
    opened, where = arguments[0], arguments[1]
    if where is not None and opened.family in (socket.AF_INET, socket.AF_INET6):
        guard.check_address(where, opened.type & 0xF)


def _on_numbers(guard: Guard, arguments: tuple[Any, ...]) -> None:
    guard.check_address(arguments[0])


def _on_socket(guard: Guard, arguments: tuple[Any, ...]) -> None:
    """Refuse what gets around the rest: raw packets, other families, and sockets without our `_names_first`."""
    opened, family, kind = arguments[0], arguments[1], arguments[2]
    is_plain = family == -1 or (family in _FAMILIES and (kind == -1 or kind & 0xF != socket.SOCK_RAW))
    if not is_plain or not isinstance(opened, socket.socket):
        guard.refuse("a raw socket", None)


_CHECKS: dict[str, Callable[[Guard, tuple[Any, ...]], None]] = {
    "socket.getaddrinfo": _on_name,
    "socket.gethostbyname": _on_name,
    "socket.gethostbyaddr": _on_reverse,
    "socket.getnameinfo": _on_numbers,
    "socket.connect": _on_address,
    "socket.sendto": _on_address,
    "socket.sendmsg": _on_address,
    "socket.__new__": _on_socket,
}


# --- what the hook cannot see ------------------------------------------------------------------


def _wrap_look_up(guard: Guard) -> None:
    look_up = socket.getaddrinfo

    @wraps(look_up)
    def remembering(host: Any, *arguments: Any, **options: Any) -> Any:
        found = look_up(host, *arguments, **options)
        guard.remember(host, found)
        return found

    socket.getaddrinfo = remembering


def _names_first(guard: Guard, method: Callable[..., Any], position: int) -> Callable[..., Any]:
    """``method`` of a socket, whose address at ``position`` may be a name that C would look up unasked."""

    @wraps(method)
    def asking(opened: socket.socket, *arguments: Any) -> Any:
        where = arguments[position] if len(arguments) > max(position, 0) else None
        if isinstance(where, tuple) and where and opened.family in (socket.AF_INET, socket.AF_INET6):
            guard.check_name(where[0])
        return method(opened, *arguments)

    return asking


# --- words and numbers -------------------------------------------------------------------------


def _text(host: object) -> str:
    if isinstance(host, bytes | bytearray):
        return bytes(host).decode("ascii", "replace")
    return host if isinstance(host, str) else ""


def _address(host: str) -> Address | None:
    """None for a name. An IPv4 address in IPv6's clothes is that IPv4 address."""
    try:
        found = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, ipaddress.IPv6Address) else found


def _fits(place: Place, address: Address) -> bool:
    return not place.in_house or any(address in network for network in _HOUSE)


def _shown(host: str) -> str:
    """A host as the log may show it: a long name could be made of what somebody wanted to carry out."""
    if _address(host) is not None:
        return host
    labels = host.encode("ascii", "backslashreplace").decode().rstrip(".").split(".")
    shown = ".".join(label if len(label) <= 30 else f"{label[:30]}…" for label in labels[-2:])
    return shown if len(labels) <= 2 else f"*.{shown}"
