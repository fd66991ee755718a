"""Who may be answered can change between a question and the last word of its answer: then nothing more is said."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from bot import access, delivery, membership, people, replies
from bot.conversations import Conversations
from bot.workspace.state import Message
from tests.rag.fakes import ScriptedModel
from tests.scenarios.conftest import RENT, House, every_line, lease, until, whole_text
from tests.scenarios.test_manners import settings, told

LINES = [f"The agreed fee for service number {n} is {n * 100 + 7} euros." for n in range(1, 7)]
FEES = ("fees.txt", "\n\n".join(LINES).encode())
ASKED = "@inhouse What is the fee for each service?"


class Halting(ScriptedModel):
    """Says the first of its lines, then nothing until it is let go on."""

    def __init__(self) -> None:
        super().__init__(every_line)
        self.may_go_on, self.has_halted = threading.Event(), threading.Event()

    def _wait(self, cancel: threading.Event) -> None:
        self._words = getattr(self, "_words", 0) + 1
        if self._words > 2 * len(LINES[0].split()):
            self.has_halted.set()
            while not (self.may_go_on.is_set() or cancel.is_set()):
                cancel.wait(0.01)


@pytest.fixture
async def halting(empty_house: House) -> House:
    empty_house.model = Halting()
    await empty_house.start_bot()
    return empty_house


async def begun(house: House, user: str = "ben") -> Message:
    """A question whose answer shows its first line, and no more for now."""
    asked = await house.post(user, "lab", ASKED, files=[FEES])
    assert isinstance(house.model, Halting)
    await until(lambda: asyncio.to_thread(house.model.has_halted.is_set))  # type: ignore[attr-defined]
    await house.place.wait_for(lambda: any("107 euros" in whole_text(m) for m in house.replies(asked)), 20)
    return asked


def go_on(house: House) -> None:
    house.model.may_go_on.set()  # type: ignore[attr-defined]


async def test_an_answer_that_streams_while_another_organisation_comes_in_is_taken_away(halting: House) -> None:
    asked = await begun(halting)
    await halting.place.share_outside(halting.channels["lab"])
    await halting.place.wait_for(lambda: halting.place.core.hub.is_idle)
    go_on(halting)
    await halting.quiet()
    assert not halting.replies(asked) and "shared with another organisation" in told(halting, "ben")


async def test_an_answer_goes_on_where_an_administrator_allowed_other_organisations(halting: House) -> None:
    await settings(halting, "lab", is_connect_allowed=True)
    asked = await begun(halting)
    await halting.place.share_outside(halting.channels["lab"])
    await halting.place.wait_for(lambda: halting.place.core.hub.is_idle)
    go_on(halting)
    assert "607 euros" in (await halting.answer_to(asked)).text


async def test_an_answer_whose_asker_leaves_while_it_is_written_is_taken_back(halting: House) -> None:
    asked = await begun(halting)
    await halting.place.leave(halting.channels["lab"], halting.users["ben"])
    await halting.place.wait_for(lambda: halting.place.core.hub.is_idle)
    go_on(halting)
    await halting.quiet()
    (reply,) = halting.replies(asked)
    assert "107 euros" not in whole_text(reply) and "not in this conversation any more" in reply.text
    assert not await halting.rows("select 1 from turns where answer is not null")


async def test_an_answer_goes_on_when_somebody_else_leaves(halting: House) -> None:
    asked = await begun(halting)
    await halting.place.leave(halting.channels["lab"], halting.users["chris"])
    go_on(halting)
    assert "607 euros" in (await halting.answer_to(asked)).text


async def test_what_slack_tells_of_no_event_is_noticed_within_a_minute(
    halting: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another organisation is only asked in: Slack says so when it is asked, and does not tell of it."""
    asked = await begun(halting)
    await halting.place.ask_outside(halting.channels["lab"])
    minute_later(monkeypatch)
    go_on(halting)
    await halting.quiet()
    assert not halting.replies(asked) and "shared with another organisation" in told(halting, "ben")


def minute_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found out until now is out of date."""
    real = access.time.monotonic

    class Later:
        monotonic = staticmethod(lambda: real() + access.FRESH_S + 1)

    for module in (access, membership, people):
        monkeypatch.setattr(module, "time", Later)


async def test_a_deactivated_person_is_answered_no_more_within_a_minute(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "1,450" in (await house.ask("ben", "lab", RENT, files=[lease])).text
    held = hold(monkeypatch)
    asked = await house.post("ben", "lab", RENT)
    await house.place.deactivate(house.users["ben"])
    minute_later(monkeypatch)
    held.set()
    await house.quiet()
    assert not house.replies(asked)


async def test_a_question_whose_asker_left_before_its_turn_came_is_not_answered(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "1,450" in (await house.ask("ben", "lab", RENT, files=[lease])).text
    held = hold(monkeypatch)
    asked = await house.post("ben", "lab", RENT)
    await house.place.leave(house.channels["lab"], house.users["ben"])
    await house.place.wait_for(lambda: house.place.core.hub.is_idle)
    held.set()
    answer = await house.answer_to(asked)
    assert "1,450" not in answer.text and "not in this conversation any more" in answer.text


def hold(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Questions wait before anything is looked at."""
    gate, read = asyncio.Event(), Conversations.read

    async def held(self: Conversations, message: Any) -> Any:
        await gate.wait()
        return await read(self, message)

    monkeypatch.setattr(Conversations, "read", held)
    return gate


async def test_a_stranger_is_not_answered_even_where_their_organisation_is_allowed(house: House) -> None:
    await settings(house, "lab", is_connect_allowed=True)
    assert "1,450" in (await house.ask("ben", "lab", RENT, files=[lease])).text
    house.users["eve"] = await house.place.add_user("eve", team_id="T0OUTSIDE1")
    await house.place.share_outside(house.channels["lab"])
    await house.place.invite(house.channels["lab"], house.users["eve"])
    asked = await house.post("eve", "lab", RENT)
    await house.quiet()
    assert not house.ours(asked) and "only people of the organisation" in told(house, "eve")


async def test_nothing_widens_when_a_private_channel_becomes_public(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    board = await house.place.add_channel("board", [house.users["ana"]], is_private=True)
    house.channels["board"] = board
    assert "1,450" in (await house.ask("ana", "board", RENT, files=[lease])).text
    await house.place.make_public(board, house.users["ana"])
    await house.quiet()
    answer = await house.ask("ben", "lab", RENT)
    assert "1,450" not in answer.text and "lease" not in answer.text
    assert "channel_convert_to_public: nothing widens" in caplog.text
    assert "1,450" in (await house.ask("ana", "board", RENT)).text


@pytest.mark.parametrize("fate", ["missing", "forbidden"])
async def test_what_is_not_there_and_what_is_not_theirs_get_the_same_words(house: House, fate: str) -> None:
    board = await house.place.add_channel("board", [house.users["ana"]], is_private=True)
    house.channels["board"] = board
    secret = await house.asked_and_read("ana", "board", RENT, [lease])
    link = f"{house.place.base_url}/archives/{board.id}/p{secret.ts.replace('.', '')}"
    if fate == "missing":
        link, name = f"{house.place.base_url}/archives/C0NOWHERE1/p1700000000000100", "nothing.txt"
    else:
        name = "lease.txt"
    said = [
        await house.ask("ben", "lab", f"@inhouse summarise {link}"),
        await house.ask("ben", "lab", f"@inhouse What does {name} say of the rent?"),
        await house.ask("ben", "lab", f"@inhouse summarise {name}"),
    ]
    SAID[fate] = [answer.text.replace(name, "NAME") for answer in said]
    if len(SAID) == 2:
        assert SAID["missing"] == SAID["forbidden"]


SAID: dict[str, list[str]] = {}


async def test_group_conversations_stand_in_no_administrators_list(house: House) -> None:
    group = await house.place.open_group_dm([house.users["ben"], house.users["chris"]])
    house.channels["group"] = group
    await house.asked_and_read("ben", "group", RENT, [lease])
    await house.asked_and_read("ben", "lab", RENT, [lease])
    await house.place.open_home(house.users["ana"])
    await house.quiet()
    page = str(house.place.core.state.homes[house.users["ana"].id].body)
    assert house.channels["lab"].id in page and group.id not in page


# --- an answer deleted while it grows --------------------------------------------------------------


@pytest.fixture
def short_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each message takes few lines, so that an answer goes on in the next."""
    fits: Callable[..., bool] = delivery.is_one_message

    def is_one_message(parts: Any, below: Any = ()) -> bool:
        return len(list(parts)) <= 2 and fits(parts, below)

    monkeypatch.setattr(delivery, "is_one_message", is_one_message)
    assert replies.delivery is delivery


@pytest.mark.usefixtures("short_messages")
async def test_an_answer_deleted_while_it_goes_on_in_a_second_message_leaves_none(halting: House) -> None:
    asked = await begun(halting)
    (first,) = halting.replies(asked)
    await halting.place.delete_message(first)
    await halting.place.wait_for(lambda: halting.place.core.hub.is_idle)
    await until(lambda: halting.rows("select 1 from jobs where kind = 'erase' and state = 'done'"), 8)
    go_on(halting)
    await halting.quiet()
    assert not halting.replies(asked), [whole_text(m) for m in halting.replies(asked)]
    assert not await halting.rows("select 1 from turns")


@pytest.mark.usefixtures("short_messages")
async def test_an_answer_that_nobody_deletes_goes_on_in_further_messages(halting: House) -> None:
    asked = await begun(halting)
    go_on(halting)
    await halting.quiet()
    found = halting.replies(asked)
    assert len(found) > 1 and all(line.split()[-2] in str([whole_text(m) for m in found]) for line in LINES)
