"""What people choose and type in blocks, as payloads hold it: ``actions[0]`` and ``state.values``.

Knows Block Kit's interactive elements and nothing of messages, views or sockets.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]
Chosen = str | list[str] | None

# Under which key each kind of element tells what was chosen.
KEYS = {
    "static_select": "selected_option",
    "radio_buttons": "selected_option",
    "overflow": "selected_option",
    "checkboxes": "selected_options",
    "multi_static_select": "selected_options",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "users_select": "selected_user",
    "datepicker": "selected_date",
    "plain_text_input": "value",
    "number_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
}
STATELESS = ("overflow",)


def find_element(blocks: list[Json], action_id: str) -> tuple[str, Json] | None:
    """(block_id, element) of the first interactive element with this action_id."""
    return next((found for found in _elements(blocks) if found[1].get("action_id") == action_id), None)


def describe_action(block_id: str, element: Json, chosen: Chosen) -> Json:
    """An element that was used, as ``actions[0]`` of a payload; options are named by their values."""
    kind = element["type"]
    action = {"type": kind, "action_id": element.get("action_id", ""), "block_id": block_id}
    if kind in KEYS:
        options = _options(element)
        given = options[0].get("value") if chosen is None and kind == "overflow" and options else chosen
        return action | {KEYS[kind]: _entry(element, given)}
    if kind == "feedback_buttons":
        return action | {"value": chosen or element["positive_button"].get("value", "")}
    text = {"text": element["text"]} if "text" in element else {}
    return action | text | {"value": chosen if chosen is not None else element.get("value", "")}


def filled_values(blocks: list[Json], given: Json) -> Json:
    """``state.values`` of all inputs and menus: what was given, else what the app set at first.

    ``given``: block_id -> action_id -> what Slack's payload would hold there, or only the text or option's value.
    """
    values: Json = {}
    for block_id, element in _elements(blocks):
        kind = element.get("type", "")
        if kind not in KEYS or kind in STATELESS:
            continue
        action_id = element.get("action_id", "")
        chosen = given.get(block_id, {}).get(action_id, _initial(element))
        entry = {"type": kind, KEYS[kind]: _entry(element, _plain(chosen, KEYS[kind]))}
        values.setdefault(block_id, {})[action_id] = entry
    return values


def _elements(blocks: list[Json]) -> Iterator[tuple[str, Json]]:
    for block in blocks:
        candidates = [*block.get("elements", []), *(block[key] for key in ("accessory", "element") if key in block)]
        for element in candidates:
            if isinstance(element, dict):
                yield str(block.get("block_id", "")), element


def _initial(element: Json) -> Any:
    return element.get("initial_" + KEYS[element["type"]].removeprefix("selected_"))


def _plain(chosen: Any, key: str) -> Chosen:
    """The value or values alone, out of whatever a payload may hold."""
    if isinstance(chosen, dict):
        chosen = chosen.get(key, chosen.get("value"))
    if isinstance(chosen, dict):
        return str(chosen.get("value", ""))
    if isinstance(chosen, list):
        return [str(item.get("value", "")) if isinstance(item, dict) else str(item) for item in chosen]
    return None if chosen is None else str(chosen)


def _entry(element: Json, chosen: Chosen) -> Any:
    """What stands under the element's key: a text, an id, an option or several."""
    key = KEYS[element["type"]]
    if key == "selected_options":
        wanted = [chosen] if isinstance(chosen, str) else chosen or []
        return [option for option in _options(element) if option.get("value") in wanted]
    if key == "selected_option":
        return next((option for option in _options(element) if option.get("value") == chosen), None)
    return chosen or None


def _options(element: Json) -> list[Json]:
    grouped = [option for group in element.get("option_groups", []) for option in group.get("options", [])]
    return [*element.get("options", []), *grouped]
