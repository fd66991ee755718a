"""A proxy and a Slack behind TLS, both on this machine: what Slack's names lead to, seen by who asked for them.

The proxy answers `CONNECT name:443` by leading to one TLS server here, whatever the name, and notes the name. The
server has a certificate of an authority made for the test, and hands what it hears to the local workspace.
"""

from __future__ import annotations

import asyncio
import datetime
import re
import ssl
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NAMES = ("slack.com", "files.slack.com", "wss-primary.slack.com", "evil.example")


class Tunnel:
    """The proxy (``port``) and the TLS server behind it. ``heard`` is (name, first line, token) of each request."""

    def __init__(self, folder: Path, workspace_port: int) -> None:
        self.names: list[str] = []
        self.credentials: list[str] = []
        self.heard: list[tuple[str, str, str]] = []
        self.answer: Callable[[str, str], bytes | None] = lambda _name, _line: None  # instead of the workspace
        self._workspace_port = workspace_port
        self.ca_file = folder / "ca.pem"
        self._pair = folder / "server.pem"
        make_certificates(self.ca_file, self._pair)

    async def start(self) -> None:
        """Listen on two free ports."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self._pair)
        context.sni_callback = self._note_name
        self._tls = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self._proxy = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = self._proxy.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no more."""
        self._proxy.close()
        self._tls.close()

    def _note_name(self, opened: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        opened.asked_name = name  # type: ignore[attr-defined]

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.names.append(re.findall(r"^CONNECT ([\w.-]+):443 ", head)[0])
        self.credentials += re.findall(r"^Proxy-Authorization: (.*)\r$", head, re.MULTILINE)
        there = await asyncio.open_connection("127.0.0.1", self._tls.sockets[0].getsockname()[1])
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_pipe(reader, there[1]), _pipe(there[0], writer))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        name = getattr(writer.get_extra_info("ssl_object"), "asked_name", None) or ""
        there = await asyncio.open_connection("127.0.0.1", self._workspace_port)

        def hear(piece: bytes) -> bytes:
            """Note each request's head, and name the workspace in it as the workspace wants to be called."""
            for line, head in re.findall(rb"^((?:GET|POST) \S+) HTTP/1.1\r\n(.*?)\r\n\r\n", piece, re.DOTALL | re.M):
                token = re.findall(rb"^Authorization: Bearer (\S+)", head, re.M | re.I)
                self.heard.append((name, line.decode(), token[0].decode() if token else ""))
                if said := self.answer(name, line.decode()):
                    writer.write(said)
                    return b""
            return re.sub(rb"^Host: \S+\r$", b"Host: 127.0.0.1\r", piece, flags=re.M)

        await asyncio.gather(_pipe(reader, there[1], hear), _pipe(there[0], writer))


async def _pipe(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, change: Callable[[bytes], bytes] = bytes
) -> None:
    try:
        while piece := await reader.read(1 << 16):
            writer.write(change(piece))
            await writer.drain()
    except (ConnectionError, ssl.SSLError):
        pass
    finally:
        writer.close()


def make_certificates(ca_file: Path, pair: Path) -> None:
    """An authority of one's own, and a certificate with its key that it signed for `NAMES`."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Our own authority")])
    authority = (
        _certificate(issuer, issuer, authority_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAMES[0])])
    server = (
        _certificate(subject, issuer, key)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in NAMES]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    ca_file.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pair.write_bytes(private + server.public_bytes(serialization.Encoding.PEM))


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs,
        crl_sign=signs,
        **dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False),
        encipher_only=False,
        decipher_only=False,
    )
