"""Every way out that Python knows, tried in a process of its own: `python -m tests.bot.leaks HOST PORT OPEN_PORT`.

The guard is installed for ``OPEN_PORT`` of this machine, and everything is tried at ``PORT``. Prints one JSON
object: what became of each way, what the guard counted, and whether the open port could be reached.
``HOST`` is an address, or a name for the ways that look one up. With ``--unguarded`` nothing is installed.
"""

from __future__ import annotations

import _socket
import asyncio
import json
import logging
import os
import socket
import sys
import threading
import urllib.request
from collections.abc import Callable

import aiohttp

from bot.egress import Guard, Place, install

TIMEOUT_S = 5


def ways(host: str, port: int) -> dict[str, Callable[[], object]]:
    """Each way out, by name."""
    there = (host, port)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bracketed = f"[{host}]" if ":" in host else host

    def made(kind: int = socket.SOCK_STREAM) -> socket.socket:
        opened = socket.socket(family, kind)
        opened.settimeout(TIMEOUT_S)
        return opened

    def connected_datagram() -> object:
        opened = made(socket.SOCK_DGRAM)
        opened.connect(there)
        return opened.send(b"x")

    return {
        "connect": lambda: made().connect(there),
        "connect_ex": lambda: _raise(made().connect_ex(there)),
        "create_connection": lambda: socket.create_connection(there, TIMEOUT_S),
        "sendto": lambda: made(socket.SOCK_DGRAM).sendto(b"x", there),
        "sendto with flags": lambda: made(socket.SOCK_DGRAM).sendto(b"x", 0, there),
        "sendmsg": lambda: made(socket.SOCK_DGRAM).sendmsg([b"x"], [], 0, there),
        "connected datagram": connected_datagram,
        "socket from C": lambda: _socket.socket(family, socket.SOCK_DGRAM).sendto(b"x", there),
        "raw packets": lambda: socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_UDP).sendto(b"x" * 8, (host, 0)),
        "asyncio": lambda: asyncio.run(asyncio.wait_for(asyncio.open_connection(*there), TIMEOUT_S)),
        "asyncio datagram": lambda: asyncio.run(_datagram(there)),
        "asyncio sock_connect": lambda: asyncio.run(_sock_connect(family, there)),
        "aiohttp": lambda: asyncio.run(_get(f"http://{bracketed}:{port}/")),
        "urllib": lambda: urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            f"http://{bracketed}:{port}/", timeout=TIMEOUT_S
        ),
        "another thread": lambda: _in_thread(lambda: made().connect(there)),
        "a fork": lambda: _in_fork(lambda: made().connect(there)),
    }


def _in_thread(work: Callable[[], object]) -> None:
    said: list[object] = []
    thread = threading.Thread(target=lambda: said.append(outcome(work)))
    thread.start()
    thread.join()
    if said[0] != "done":
        raise PermissionError(str(said[0]))


def _in_fork(work: Callable[[], object]) -> None:
    child = os.fork()
    if child == 0:
        os._exit(0 if outcome(work) == "done" else 7)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0:
        raise PermissionError("in the fork")


def look_ups(name: str) -> dict[str, Callable[[], object]]:
    """Each way to have a name, or the name of an address, looked up."""
    return {
        "getaddrinfo": lambda: socket.getaddrinfo(name, 443),
        "getaddrinfo in bytes": lambda: socket.getaddrinfo(name.encode(), 443),
        "gethostbyname": lambda: socket.gethostbyname(name),
        "gethostbyname_ex": lambda: socket.gethostbyname_ex(name),
        "gethostbyaddr": lambda: socket.gethostbyaddr("198.51.100.7"),
        "getnameinfo": lambda: socket.getnameinfo(("198.51.100.7", 80), 0),
        "getfqdn": lambda: _raise_if_same(socket.getfqdn("198.51.100.7"), "198.51.100.7"),
        "connect by name": lambda: socket.socket().connect((name, 443)),
        "sendto by name": lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", (name, 53)),
        "sendmsg by name": lambda: socket.socket(type=socket.SOCK_DGRAM).sendmsg([b"x"], [], 0, (name, 53)),
        "bind by name": lambda: socket.socket().bind((name, 0)),
        "asyncio": lambda: asyncio.run(asyncio.open_connection(name, 443)),
        "aiohttp": lambda: asyncio.run(_get(f"https://{name}/")),
        "urllib": lambda: urllib.request.urlopen(f"http://{name}/", timeout=TIMEOUT_S),
    }


def outcome(way: Callable[[], object]) -> str:
    """ "done", or what kept it from being done."""
    try:
        way()
    except Exception as error:
        return type(error).__name__
    return "done"


def _raise(number: int) -> None:
    if number:
        raise OSError(number, "connect_ex")


def _raise_if_same(found: str, asked: str) -> None:
    if found == asked:
        raise OSError("nothing was found")


async def _datagram(there: tuple[str, int]) -> None:
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=there
    )
    transport.sendto(b"x")
    transport.close()


async def _sock_connect(family: int, there: tuple[str, int]) -> None:
    opened = socket.socket(family)
    opened.setblocking(False)
    await asyncio.wait_for(asyncio.get_running_loop().sock_connect(opened, there), TIMEOUT_S)


async def _get(url: str) -> None:
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as response:
        await response.read()


def main() -> None:
    """Try all of it."""
    host, port, open_port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    logging.basicConfig(level=logging.WARNING)
    is_guarded = "--unguarded" not in sys.argv
    guard: Guard = (
        install([Place("127.0.0.1", open_port, "the one that may be reached", in_house=True)])
        if is_guarded
        else Guard(())
    )
    is_address = host.replace(".", "").isdigit() or ":" in host
    tried = ways(host, port) if is_address else look_ups(host)
    found = {}
    for name, way in tried.items():
        before = guard.refused.total()
        said = outcome(way)
        found[name] = {"outcome": said, "counted": guard.refused.total() - before}
    reached = outcome(lambda: socket.create_connection(("127.0.0.1", open_port), TIMEOUT_S))
    print(json.dumps({"ways": found, "reached": reached, "refused": dict(guard.refused)}))


if __name__ == "__main__":
    main()
