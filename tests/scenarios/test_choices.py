"""What several files answer alike is asked back, and a button answers it from the one that was meant."""

from __future__ import annotations

from tests.scenarios.conftest import House

FILES = [
    (f"{city}.txt", f"The rent in {city} is {rent} euros.".encode()) for city, rent in (("kiel", 900), ("leith", 700))
]


async def test_a_click_on_a_file_answers_from_it_alone_in_the_same_message(house: House) -> None:
    thread = await house.post("ana", "lab", "@inhouse", files=FILES)
    await house.quiet()
    asked = await house.post("ana", "lab", "@inhouse Rent?", thread_ts=thread.ts)
    await house.quiet()
    (reply,) = house.replies(asked)
    shown = str(reply.blocks)
    assert "Which" in reply.text + shown and "kiel.txt" in shown and "leith.txt" in shown
    number = next(n for n in (1, 2) if f"choice_{n}" in shown and _named(reply.blocks, n) == "leith.txt")
    for _ in range(2):  # pressed twice
        await house.place.click(house.users["ana"], house.channels["lab"], reply.ts, f"choice_{number}")
    await house.quiet()
    (reply,) = house.replies(asked)
    assert "700 euros" in str(reply.blocks) + reply.text
    assert "900" not in str(reply.blocks) + reply.text


def _named(blocks: list, number: int) -> str:
    buttons = [element for block in blocks for element in block.get("elements", []) if element.get("type") == "button"]
    return next(b["value"].removeprefix("only:") for b in buttons if b["action_id"] == f"choice_{number}")
