"""What is not allowed is refused before anything leaves: held against listeners that count what arrives."""

from __future__ import annotations

import json
import logging
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.egress import Guard, Place, house_server, places
from bot.settings import Settings
from rag.errors import EgressRefused, InhouseError
from tests.conftest import REPOSITORY

SLACK = places(Settings.load(env_file=None))


class Listener:
    """Counts connections and datagrams at one port of this machine."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.arrived: list[str] = []
        arrived = self.arrived
        family = socket.AF_INET6 if ":" in host else socket.AF_INET

        class Stream(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                arrived.append("connection")

        class Datagram(socketserver.DatagramRequestHandler):
            def handle(self) -> None:
                arrived.append("datagram")

        class Tcp(socketserver.ThreadingTCPServer):
            address_family = family

        class Udp(socketserver.UDPServer):
            address_family = family

        self._servers: list[Any] = [Tcp((host, 0), Stream)]
        self.port = self._servers[0].server_address[1]
        self._servers.append(Udp((host, self.port), Datagram))
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()


@contextmanager
def listening(host: str = "127.0.0.1") -> Iterator[Listener]:
    listener = Listener(host)
    try:
        yield listener
    finally:
        listener.close()


def leaks(*arguments: str, wrapped_in: tuple[str, ...] = ()) -> dict[str, Any]:
    """What `tests.bot.leaks` printed."""
    command = [*wrapped_in, sys.executable, "-m", "tests.bot.leaks", *arguments]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_no_way_out_of_python_reaches_a_place_that_is_not_allowed(host: str) -> None:
    if host == "::1" and not _has_ipv6():
        pytest.skip("no IPv6 on this machine's loopback")
    with listening(host) as forbidden, listening() as allowed:
        said = leaks(host, str(forbidden.port), str(allowed.port))
        assert said["reached"] == "done" and allowed.arrived
        assert not forbidden.arrived
    for way, result in said["ways"].items():
        assert result["outcome"] != "done", way
        assert result["counted"] or way == "a fork", way  # whose count is its own


def test_without_the_guard_every_way_arrives() -> None:
    """Else the test above would hold of a listener that hears nothing."""
    with listening() as forbidden, listening() as allowed:
        said = leaks("127.0.0.1", str(forbidden.port), str(allowed.port), "--unguarded")
    failed = {way for way, result in said["ways"].items() if result["outcome"] != "done"}
    assert failed <= {"raw packets", "aiohttp", "urllib"}, failed  # the first needs rights, the others want HTTP
    assert len(forbidden.arrived) >= len(said["ways"]) - 1


def test_no_name_but_the_allowed_ones_is_looked_up() -> None:
    with listening() as allowed:
        said = leaks("the-secret-is-4471.unknown.invalid", "443", str(allowed.port))
    for way, result in said["ways"].items():
        assert result["outcome"] != "done" and result["counted"], way
    assert not any("4471" in where for where in said["refused"]), "the log would carry out what was in the name"


NAMESERVER = """
import socket, subprocess, sys, threading
asked = []
server = socket.socket(type=socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
def serve():
    while True:
        query, sender = server.recvfrom(512)
        asked.append(query)
        server.sendto(query[:2] + b"\\x81\\x83" + query[4:6] + b"\\0\\0\\0\\0\\0\\0" + query[12:], sender)
threading.Thread(target=serve, daemon=True).start()
done = subprocess.run([sys.executable, "-m", "tests.bot.leaks", "probe.unknown.invalid", "443", "9", *sys.argv[1:]])
assert done.returncode == 0
print(len(asked), file=sys.stderr)
"""


def test_no_question_reaches_the_name_server(tmp_path: Path) -> None:
    """In a namespace whose only name server is ours; without the guard it is asked, so it would have heard."""
    resolv = tmp_path / "resolv.conf"
    resolv.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    script = tmp_path / "nameserver.py"
    script.write_text(NAMESERVER)
    inside = f"ip link set lo up && mount --bind {resolv} /etc/resolv.conf && exec {sys.executable} {script}"
    if subprocess.run(["unshare", "-rnm", "sh", "-c", "ip link set lo up"], capture_output=True).returncode:
        pytest.skip("this machine allows no network namespaces")

    def asked(*options: str) -> int:
        command = ["unshare", "-rnm", "sh", "-c", f"{inside} {' '.join(options)}"]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=240, env=_environment())
        assert done.returncode == 0, done.stderr[-2000:]
        return int(done.stderr.splitlines()[-1])

    assert asked("--unguarded") >= 10
    assert asked() == 0


# --- what is allowed ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["slack.com", "SLACK.com.", "wss-primary.slack.com", "files.slack.com"])
def test_slacks_names_may_be_looked_up(name: str) -> None:
    Guard(SLACK).check_name(name)
    Guard(SLACK).check_name(name.encode())


@pytest.mark.parametrize(
    "name", ["evilslack.com", "slack.com.evil.example", "slack.co", "huggingface.co", "localhost", "127.1", "0x7f.1"]
)
def test_names_that_only_look_like_slacks_may_not(name: str) -> None:
    with pytest.raises(EgressRefused):
        Guard(SLACK).check_name(name)


def test_addresses_and_no_name_ask_nobody() -> None:
    for host in ("192.0.2.1", "::1", "fe80::1%eth0", "", None, b""):
        Guard(()).check_name(host)


def test_only_addresses_that_slacks_names_led_to_are_reached_and_only_there() -> None:
    guard = Guard(SLACK)
    with pytest.raises(EgressRefused):
        guard.check_address(("198.51.100.7", 443))
    guard.remember("evil.example", [_found("198.51.100.8")])
    guard.remember("files.slack.com", [_found("198.51.100.7"), _found("2001:db8::7")])
    for host in ("198.51.100.7", "2001:db8::7", "::ffff:198.51.100.7"):
        guard.check_address((host, 443))
    for host, port in (("198.51.100.8", 443), ("198.51.100.7", 25), ("198.51.100.7", 53)):
        with pytest.raises(EgressRefused):
            guard.check_address((host, port))
    with pytest.raises(EgressRefused):
        guard.check_address(("198.51.100.7", 443), socket.SOCK_DGRAM)


def test_an_address_is_forgotten_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.egress.REMEMBER_S", -1.0)
    guard = Guard(SLACK)
    guard.remember("slack.com", [_found("198.51.100.7")])
    with pytest.raises(EgressRefused):
        guard.check_address(("198.51.100.7", 443))


def test_with_a_proxy_only_the_proxy_is_reached() -> None:
    guard = Guard(places(Settings.load(env_file=None, proxy="http://me:secret@10.1.2.3:3128")))
    guard.check_address(("10.1.2.3", 3128))
    for refused in (lambda: guard.check_name("slack.com"), lambda: guard.check_address(("10.1.2.3", 22))):
        with pytest.raises(EgressRefused):
            refused()
    assert "secret" not in str(guard.allowed)


def test_with_a_local_workspace_only_that_port_of_this_machine_is_reached() -> None:
    settings = Settings.load(env_file=None, slack_api_url="http://127.0.0.1:8765/api/", proxy="http://10.1.2.3:3128")
    guard = Guard(places(settings))
    guard.check_address(("127.0.0.1", 8765))
    guard.remember("localhost", [_found("127.0.0.1"), _found("198.51.100.7")])
    for host, port in (("127.0.0.1", 8766), ("198.51.100.7", 8765), ("10.1.2.3", 3128), ("0.0.0.0", 8765)):
        with pytest.raises(EgressRefused):
            guard.check_address((host, port))


def test_a_server_in_the_house_is_reached_only_under_a_private_address() -> None:
    guard = Guard([house_server("http://llm.lan:8000/v1")])
    guard.check_name("llm.lan")
    guard.remember("llm.lan", [_found("192.168.7.7"), _found("198.51.100.7"), _found("169.254.169.254")])
    guard.check_address(("192.168.7.7", 8000))
    for host in ("198.51.100.7", "169.254.169.254", "llm.lan"):
        with pytest.raises(EgressRefused):
            guard.check_address((host, 8000))


def test_a_refusal_is_counted_and_logged_with_the_host_only(caplog: pytest.LogCaptureFixture) -> None:
    guard = Guard(())
    name = f"the-quick-brown-fox.{'x' * 60}.evil.example"
    with caplog.at_level(logging.WARNING), pytest.raises(EgressRefused) as refused:
        guard.check_name(name)
    with pytest.raises(EgressRefused):
        guard.check_address(("192.0.2.1", 443))
    assert guard.refused == {"*.evil.example": 1, "192.0.2.1 port 443": 1}
    assert "*.evil.example" in caplog.text and "fox" not in caplog.text and "xxx" not in caplog.text
    assert isinstance(refused.value, InhouseError) and isinstance(refused.value, OSError)
    assert "evil" not in refused.value.user_message


def _found(address: str) -> Any:
    return (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443))


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as opened:
            opened.bind(("::1", 0))
    except OSError:
        return False
    return True


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "PYTHONPATH": str(REPOSITORY), "LANG": "C.UTF-8"}


def test_the_places_are_slacks_domains_over_tls() -> None:
    assert {(place.host, place.port, place.with_subdomains) for place in SLACK} == {
        ("slack.com", 443, True),
        ("slack-edge.com", 443, True),
    }
    assert not Place("10.0.0.1", 80, "x").is_called("10.0.0.2")
