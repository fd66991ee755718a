"""Pictures: every address that an answer gives shows one, in the size that its name says."""

from __future__ import annotations

import io
import struct
from collections.abc import Awaitable, Callable

import aiohttp
from PIL import Image

from bot.workspace.avatars import square
from bot.workspace.methods.registry import every_scope
from tests.workspace.conftest import Scene


async def sizes_of(pictures: dict[str, str]) -> dict[str, int]:
    """The width in pixels behind each address."""
    found = {}
    async with aiohttp.ClientSession() as session:
        for name, address in pictures.items():
            async with session.get(address) as response:
                assert response.content_type == "image/png"
                width, height = struct.unpack(">II", (await response.read())[16:24])
            assert width == height
            found[name] = width
    return found


async def test_people_bots_and_the_workspace_have_pictures(make_scene: Callable[..., Awaitable[Scene]]) -> None:
    scene = await make_scene(scopes=every_scope())
    client = scene.client()
    profile = (await client.users_info(user=scene.ana.id))["user"]["profile"]
    bot, team = (await client.bots_info())["bot"], (await client.team_info())["team"]
    icon = {name: address for name, address in team["icon"].items() if name != "image_default"}
    for pictures in ({name: profile[name] for name in profile if name.startswith("image_")}, bot["icons"], icon):
        assert pictures and await sizes_of(pictures) == {name: int(name.removeprefix("image_")) for name in pictures}
    assert profile["image_72"] != (await client.users_info(user=scene.ben.id))["user"]["profile"]["image_72"]


async def test_no_picture_is_larger_than_slacks(scene: Scene) -> None:
    async with aiohttp.ClientSession() as session:
        for pixels in (0, 1025, 10**9):
            async with session.get(f"{scene.workspace.base_url}/avatars/U1_{pixels}.png") as response:
                assert response.status == 404


def test_picture_is_one_that_others_can_read() -> None:
    one, other = [Image.open(io.BytesIO(square(48, owner))) for owner in ("U1", "U2")]
    assert one.size == (48, 48) and one.getpixel((0, 0)) == one.getpixel((47, 47)) != other.getpixel((0, 0))
