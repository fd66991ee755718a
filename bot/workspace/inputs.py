"""What people choose and type in blocks, as payloads hold it: ``actions[0]`` and ``state.values``.

Knows Block Kit's interactive elements and nothing of messages, views or sockets. A menu whose options come from the
app as one types (``external_select``) is looked up in what the app has offered so far, by action_id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]
Chosen = str | int | list[str] | Json | None
Offered = Mapping[str, list[Json]]

# Under which key each kind of element tells what was chosen.
KEYS = {
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "overflow": "selected_option",
    "checkboxes": "selected_options",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "conversations_select": "selected_conversation",
    "multi_conversations_select": "selected_conversations",
    "channels_select": "selected_channel",
    "multi_channels_select": "selected_channels",
    "users_select": "selected_user",
    "multi_users_select": "selected_users",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "plain_text_input": "value",
    "number_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "rich_text_input": "rich_text_value",
}
HOLDERS = ("elements", "accessory", "element")  # the keys under which a block holds what can be used
CONVERSATIONS = {
    "conversations_select": "initial_conversation",
    "multi_conversations_select": "initial_conversations",
}
STATELESS = ("overflow",)
EXTERNAL = ("external_select", "multi_external_select")
MOST_OPTIONS = 100
SEVERAL = ("selected_conversations", "selected_channels", "selected_users")


def find_element(
    blocks: list[Json], action_id: str, block_id: str = "", offered: Offered | None = None
) -> tuple[str, Json] | None:
    """(block_id, element) of the first interactive element with this action_id, in one block or in any."""
    for where, element in _elements(blocks, offered or {}):
        if element.get("action_id") == action_id and block_id in ("", where):
            return where, element
    return None


def describe_action(block_id: str, element: Json, chosen: Chosen) -> Json:
    """An element that was used, as ``actions[0]`` of a payload; options are named by their values."""
    kind = element["type"]
    action = {"type": kind, "action_id": element.get("action_id", ""), "block_id": block_id}
    if kind in KEYS:
        options = _options(element)
        given = options[0].get("value") if chosen is None and kind == "overflow" and options else chosen
        return action | _told_too(element) | {KEYS[kind]: _entry(element, _plain(given, KEYS[kind]))}
    if kind == "feedback_buttons":
        return action | {"value": chosen or element["positive_button"].get("value", "")}
    text = {"text": element["text"]} if "text" in element else {}
    return action | text | {"value": chosen if chosen is not None else element.get("value", "")}


def _told_too(element: Json) -> Json:
    """What Slack repeats of a menu beside the choice."""
    return {name: value for name, value in element.items() if name == "placeholder" or name.startswith("initial_")}


def filled_values(blocks: list[Json], given: Json, offered: Offered | None = None) -> Json:
    """``state.values`` of all inputs and menus: what was given, else what the app set at first.

    ``given``: block_id -> action_id -> what Slack's payload would hold there, or only the text or option's value.
    """
    values: Json = {}
    for block_id, element in _elements(blocks, offered or {}):
        kind = element.get("type", "")
        if kind not in KEYS or kind in STATELESS:
            continue
        action_id = element.get("action_id", "")
        chosen = given.get(block_id, {}).get(action_id, _initial(element))
        entry = {"type": kind, KEYS[kind]: _entry(element, _plain(chosen, KEYS[kind]))}
        values.setdefault(block_id, {})[action_id] = entry
    return values


def with_current(blocks: list[Json], channel: str) -> list[Json]:
    """Blocks whose menus of conversations begin with the current one, where the app wanted that and there is one."""
    if not channel:
        return blocks
    return [block | {key: _begun(block[key], channel) for key in HOLDERS if key in block} for block in blocks]


def _begun(held: Any, channel: str) -> Any:
    if isinstance(held, list):
        return [_begun(element, channel) for element in held]
    wanted = isinstance(held, dict) and held.get("default_to_current_conversation")
    name = CONVERSATIONS.get(held.get("type", "")) if wanted else None
    return {name: [channel] if name.endswith("s") else channel} | held if name else held


def _elements(blocks: list[Json], offered: Offered) -> Iterator[tuple[str, Json]]:
    for block in blocks:
        candidates = [*block.get("elements", []), *(block[key] for key in ("accessory", "element") if key in block)]
        for element in candidates:
            if isinstance(element, dict):
                yield str(block.get("block_id", "")), _with_options(element, offered)


def _with_options(element: Json, offered: Offered) -> Json:
    """A menu of an outside source with the options that are known of it: offered as one typed, or set at first."""
    if element.get("type") not in EXTERNAL:
        return element
    first = [element[name] for name in ("initial_option",) if name in element] + element.get("initial_options", [])
    return element | {"options": [*first, *offered.get(element.get("action_id", ""), [])]}


def _initial(element: Json) -> Any:
    return element.get("initial_" + KEYS[element["type"]].removeprefix("selected_").removeprefix("rich_text_"))


def _plain(chosen: Any, key: str) -> Chosen:
    """The value or values alone, out of whatever a payload may hold; rich text stays as it is."""
    if isinstance(chosen, dict):
        chosen = chosen.get(key, chosen if chosen.get("type") == "rich_text" else chosen.get("value"))
    if isinstance(chosen, dict):
        return chosen if chosen.get("type") == "rich_text" else str(chosen.get("value", ""))
    if isinstance(chosen, list):
        return [str(item.get("value", "")) if isinstance(item, dict) else str(item) for item in chosen]
    return None if chosen is None else str(chosen)


def _entry(element: Json, chosen: Chosen) -> Any:
    """What stands under the element's key: a text, an id, a time, an option or several."""
    key = KEYS[element["type"]]
    wanted = chosen if isinstance(chosen, list) else [chosen] if chosen else []
    if key == "selected_options":
        named = {option.get("value"): option for option in _options(element)}
        return [named[value] for value in wanted if value in named]
    if key == "selected_option":
        return next((option for option in _options(element) if option.get("value") == chosen), None)
    if key in SEVERAL:
        return list(wanted)
    if key == "selected_date_time":
        return int(str(chosen)) if chosen else None
    return _rich_text(chosen) if key == "rich_text_value" else chosen or None


def _rich_text(typed: Chosen) -> Json | None:
    """Typed text as rich text without any formatting."""
    if not typed or isinstance(typed, dict):
        return typed or None  # type: ignore[return-value]
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": str(typed)}]}
    return {"type": "rich_text", "elements": [section]}


def offered_options(answer: Json) -> list[Json] | None:
    """The options in an app's answer to what somebody typed, 100 at most; None where it is not such an answer."""
    options = _options(answer) if {"options", "option_groups"} & set(answer) else None
    return options if options is not None and len(options) <= MOST_OPTIONS and all(map(_is_option, options)) else None


def _is_option(option: Any) -> bool:
    return isinstance(option, dict) and bool(option.get("text")) and bool(option.get("value"))


def _options(element: Json) -> list[Json]:
    grouped = [option for group in element.get("option_groups", []) for option in group.get("options", [])]
    return [*element.get("options", []), *grouped]
