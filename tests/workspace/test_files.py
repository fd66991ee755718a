"""Files as an app finds them again: lists by time and type, first sight and first publicity, the closed older way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.workspace.events import SENT
from tests.workspace.conftest import Scene
from tests.workspace.recorder import Recorder, settled
from tests.workspace.test_methods import code

MakeScene = Callable[..., Awaitable[Scene]]


async def test_list_is_of_wanted_types_times_and_people(scene: Scene) -> None:
    client = scene.client()
    posted = await scene.workspace.post(
        "ana", "general", files=[("a.pdf", b"a"), ("b.png", b"b"), ("c.zip", b"c"), ("d.txt", b"d")]
    )
    await scene.workspace.post("ben", "board", files=[("e.pdf", b"e")])
    for age, file in enumerate(posted.files):
        file.created -= 1000 * (age + 1)

    async def names(**wanted: str) -> list[str]:
        return [file["name"] for file in (await client.files_list(**wanted))["files"]]

    assert await names() == ["e.pdf", "d.txt", "c.zip", "b.png", "a.pdf"]
    assert await names(types="pdfs,images") == ["e.pdf", "b.png", "a.pdf"]
    assert await names(types="zips") == ["c.zip"] and await names(types="snippets") == []
    edge = posted.files[1].created
    assert await names(ts_from=str(edge)) == ["e.pdf", "b.png", "a.pdf"]
    assert await names(ts_to=str(edge)) == ["d.txt", "c.zip", "b.png"]
    assert await names(user=scene.ben.id, channel=scene.board.id, types="all") == ["e.pdf"]
    assert await code(client.files_list(types="music")) == "unknown_type"
    assert await code(client.files_list(user="U0NOBODY")) == "user_not_found"


async def test_older_way_to_upload_is_closed(scene: Scene) -> None:
    assert await code(scene.client().api_call("files.upload", data={"content": "x"})) == "method_deprecated"


async def test_file_is_created_once_and_made_public_once(make_scene: MakeScene) -> None:
    scene = await make_scene(events=SENT)
    app = scene.app()
    recorder = Recorder(app, SENT)
    await scene.connect(app)
    posted = await scene.workspace.post("ana", "board", files=[("a.txt", b"a")])
    (file,) = posted.files
    await settled(scene)
    assert len(recorder.events("file_created")) == 1 and not recorder.events("file_public")
    for _ in range(2):
        await scene.workspace.share("ana", "general", file)
    await settled(scene)
    (created,), (public,) = recorder.events("file_created"), recorder.events("file_public")
    assert created["file_id"] == public["file"]["id"] == file.id and public["user_id"] == scene.ana.id
    assert len(recorder.events("file_shared")) == 3
