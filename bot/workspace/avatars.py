"""Pictures of people, apps and the workspace: a square in a colour of its own, as PNG in every size that Slack has.

Slack's pictures are open to whoever knows their address, and so are these.
"""

from __future__ import annotations

import colorsys
import struct
import zlib

from aiohttp import web

MOST_PIXELS = 1024
USER_SIZES = (24, 32, 48, 72, 192, 512)
BOT_SIZES = (36, 48, 72)
TEAM_SIZES = (34, 44, 68, 88, 102, 132, 230)


def addresses(base_url: str, owner_id: str, sizes: tuple[int, ...]) -> dict[str, str]:
    """The addresses of a picture by Slack's names for its sizes, ``{"image_72": "http://…/avatars/U1_72.png"}``."""
    return {f"image_{size}": f"{base_url}/avatars/{owner_id}_{size}.png" for size in sizes}


async def serve(request: web.Request) -> web.Response:
    """The picture of ``/avatars/<id>_<pixels>.png``."""
    owner_id, pixels = request.match_info["owner"], int(request.match_info["pixels"])
    if not 1 <= pixels <= MOST_PIXELS:
        raise web.HTTPNotFound
    return web.Response(body=square(pixels, owner_id), content_type="image/png")


def square(pixels: int, owner_id: str) -> bytes:
    """A PNG of ``pixels`` by ``pixels`` in the colour that goes with an id."""
    hue = zlib.crc32(owner_id.encode()) / 2**32
    colour = bytes(round(255 * part) for part in colorsys.hls_to_rgb(hue, 0.45, 0.5))
    rows = (b"\0" + colour * pixels) * pixels
    header = struct.pack(">IIBBBBB", pixels, pixels, 8, 2, 0, 0, 0)  # eight bits each of red, green and blue
    parts = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
