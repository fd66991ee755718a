"""The Home tab and the settings of a channel, through the real app: what people see there, and what their clicks do."""

from __future__ import annotations

import json
from typing import Any

from bot import channel_modal, home_view
from bot.workspace.state import View
from tests.scenarios.conftest import RENT, House, lease, until, whole_text

PLAN = ("plan.txt", b"Fire plan. The assembly point is the car park behind the canteen.")
UNKNOWN = "@inhouse Who won the football championship in 1998?"


async def _home(house: House, user: str, has: str = "") -> str:
    """What a person sees on opening the Home tab."""
    house.place.core.state.homes.pop(house.users[user].id, None)
    await house.place.open_home(house.users[user], "home")
    return await _seen(house, user, has)


async def _seen(house: House, user: str, has: str = "") -> str:
    async def look() -> str:
        view = house.place.core.state.homes.get(house.users[user].id)
        text = json.dumps(view.body, ensure_ascii=False) if view else ""
        return text if has in text else ""

    return await until(look)


async def _modal(house: House, user: str, channel: str) -> View:
    """The settings of a channel, opened by the button on the Home tab."""
    home = house.place.core.state.homes[house.users[user].id]
    value = house.channels[channel].id
    answer = await house.place.click_in_view(house.users[user], home.id, home_view.SETTINGS, value)
    assert "error" not in answer, answer

    async def look() -> View | None:
        return next(iter(house.place.core.state.modals.values()), None)

    return await until(look)


def _values(chosen: tuple[str, ...] = (), language: str = "own", days: str | None = None) -> dict[str, Any]:
    return {
        "options": {"options": {"type": "checkboxes", "selected_options": [{"value": value} for value in chosen]}},
        "language": {"language": {"type": "static_select", "selected_option": {"value": language}}},
        "days": {"days": {"type": "number_input", "value": days}},
    }


async def _set(house: House, channel: str, **values: Any) -> dict[str, Any]:
    """Ana, who administers, sets a channel."""
    await _home(house, "ana", house.channels[channel].id)
    modal = await _modal(house, "ana", channel)
    answer = await house.place.submit_view(house.users["ana"], modal.id, _values(**values))
    await house.quiet()
    return answer


async def test_person_finds_their_files_and_questions_and_the_links_lead_to_the_answer(house: House) -> None:
    question = await house.asked_and_read("ben", "lab", RENT, [lease])
    seen = await _home(house, "ben")
    (reply,) = house.replies(question)
    assert f"{house.place.permalink(reply)}|What is the monthly rent?>" in seen
    assert f"{question.files[0].id}" in seen and "|lease.txt> · <#" in seen
    other = await _home(house, "chris")
    assert "lease.txt" not in other and "monthly rent" not in other and "no file yet" in other


async def test_file_forgotten_on_the_page_answers_no_more_and_is_gone_from_it(house: House) -> None:
    await house.asked_and_read("ben", "lab", RENT, [lease])
    await _home(house, "ben", "lease.txt")
    home = house.place.core.state.homes[house.users["ben"].id]
    answer = await house.place.click_in_view(house.users["ben"], home.id, home_view.FORGET)
    assert "error" not in answer, answer
    await _seen(house, "ben", "You have given me no file yet")
    await house.quiet()
    assert b"1,450 euros" not in house.bytes_on_disk()


async def test_forgetting_on_the_page_leaves_what_others_gave(house: House) -> None:
    first = await house.asked_and_read("ana", "lab", RENT, [lease])
    await house.place.share(house.users["ben"], house.channels["lab"], first.files[0], text="@inhouse")
    await house.quiet()
    await _home(house, "ben", "lease.txt")
    home = house.place.core.state.homes[house.users["ben"].id]
    await house.place.click_in_view(house.users["ben"], home.id, home_view.FORGET)
    await _seen(house, "ben", "You have given me no file yet")
    assert "1,450 euros" in (await house.ask("chris", "lab", RENT)).text


async def test_forged_button_forgets_nothing_of_others(house: House) -> None:
    first = await house.asked_and_read("ana", "lab", RENT, [lease])
    await house.asked_and_read("ben", "office", "@inhouse", [PLAN])
    await _home(house, "ben", "plan.txt")
    home = house.place.core.state.homes[house.users["ben"].id]
    value = f"{house.channels['lab'].id} {first.files[0].id}"
    await house.place.click_in_view(house.users["ben"], home.id, home_view.FORGET, value)
    await house.quiet()
    assert "lease.txt" in await _home(house, "ana") and "plan.txt" in await _home(house, "ben")


async def test_question_without_an_answer_reaches_administrators_who_may_see_it_and_nobody_else(house: House) -> None:
    hidden = await house.place.add_channel("board", [house.users["ben"]], is_private=True)
    house.channels["board"] = hidden
    await house.asked_and_read("ben", "lab", UNKNOWN, [lease])
    await house.asked_and_read("ben", "board", "@inhouse Which of us will be dismissed?", [PLAN])
    seen = await _home(house, "ana")
    unanswered = seen[seen.index("Found no answer") :]
    assert "Who won the football championship" in unanswered
    assert "1 more in conversations that you are not in." in unanswered and "dismissed" not in seen
    assert "Found no answer" not in await _home(house, "ben")


async def test_question_deleted_in_slack_goes_from_the_pages_that_showed_it(house: House) -> None:
    await house.asked_and_read("ben", "lab", "@inhouse", [lease])
    question = await house.asked_and_read("ben", "lab", UNKNOWN, [])
    for user in ("ana", "ben"):
        await _home(house, user, "football championship")
    await house.place.delete_message(question)
    await house.quiet()
    for user in ("ana", "ben"):
        assert "football" not in await _seen(house, user)


async def test_file_deleted_in_slack_goes_from_the_page_that_showed_it(house: House) -> None:
    given = await house.asked_and_read("ben", "lab", RENT, [lease])
    await _home(house, "ben", "lease.txt")
    await house.place.delete_file(given.files[0])
    await house.quiet()
    assert "lease.txt" not in await _seen(house, "ben") and "no file yet" in await _seen(house, "ben")


async def test_administrator_makes_a_channel_a_library_and_its_people_are_told(house: House) -> None:
    await house.asked_and_read("ben", "lab", "@inhouse", [PLAN])
    answer = await _set(house, "lab", chosen=("library",))
    assert "error" not in answer and answer.get("response_action") != "errors"
    told = [m for m in house.place.messages(house.channels["lab"]) if m.user == house.place.bot_user.id]
    assert "made this channel a library" in whole_text(told[-1]) and f"<@{house.users['ana'].id}>" in told[-1].text
    assert "library" in await _seen(house, "ana", "1 file · library")
    await house.post("chris", "lab", "here is the lease", files=[lease])
    await house.quiet()
    assert "1,450 euros" in (await house.ask("ben", "lab", RENT)).text


async def test_settings_open_as_they_were_saved(house: House) -> None:
    await house.asked_and_read("ben", "lab", "@inhouse", [PLAN])
    await _set(house, "lab", chosen=("mentioned",), language="de", days="30")
    await _home(house, "ana", "always Deutsch")
    modal = await _modal(house, "ana", "lab")
    elements = {b["block_id"]: b["element"] for b in modal.body["blocks"] if b["type"] == "input"}
    assert [option["value"] for option in elements["options"]["initial_options"]] == ["mentioned"]
    assert elements["language"]["initial_option"]["value"] == "de" and elements["days"]["initial_value"] == "30"


async def test_wrong_number_of_days_is_said_in_the_modal_and_nothing_is_saved(house: House) -> None:
    await house.asked_and_read("ben", "lab", "@inhouse", [PLAN])
    answer = await _set(house, "lab", days="4000")
    assert answer["response_action"] == "errors" and "1 to 3650" in answer["errors"]["days"]
    assert not await house.rows("select 1 from channels")


async def test_person_who_administers_no_more_cannot_save(house: House) -> None:
    await house.asked_and_read("ben", "lab", "@inhouse", [PLAN])
    await _home(house, "ana", house.channels["lab"].id)
    modal = await _modal(house, "ana", "lab")
    assert house.bot is not None
    house.users["ana"].is_admin = False
    await house.restart_bot()  # what it knew of her lasts minutes
    answer = await house.place.submit_view(house.users["ana"], modal.id, _values(chosen=("library",)))
    assert answer["response_action"] == "errors" and "Only administrators" in answer["errors"]["options"]
    assert not await house.rows("select 1 from channels")


async def test_channel_with_outsiders_is_answered_in_once_an_administrator_allows_it(house: House) -> None:
    await house.asked_and_read("ben", "lab", RENT, [lease])
    await house.place.share_outside(house.channels["lab"])
    silent = await house.post("ben", "lab", RENT)
    await house.quiet()
    assert not house.replies(silent)
    await _set(house, "lab", chosen=("connect",))
    assert "1,450 euros" in (await house.ask("ben", "lab", RENT)).text


async def test_page_is_published_though_slack_fails_at_first(house: House) -> None:
    house.place.fault("views.publish", error="internal_error")
    assert "no file yet" in await _home(house, "ben")


async def test_page_in_german(house: House) -> None:
    house.users["dora"] = await house.place.add_user("dora", locale="de-DE", is_admin=True)
    seen = await _home(house, "dora")
    assert "Du hast mir noch keine Datei gegeben" in seen and "Datenschutz" in seen and "You have" not in seen
    assert channel_modal.MODAL not in seen
