"""The modal with a channel's settings: how it is built, and what was put into it.

Knows no Slack client and no records; who may change what is `bot.home`'s concern.
A submission holds, by block and action id (both named as below):

    {"options": {"options": {"selected_options": [{"value": "library", ...}]}},
     "language": {"language": {"selected_option": {"value": "de", ...}}}, "days": {"days": {"value": "30"}}}
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, replace
from typing import Any

from bot import blocks
from bot.channels import ChannelSettings
from bot.texts import LANGUAGES, Texts

MODAL = "channel_settings"  # callback id
MOST_DAYS = 3650
OPTIONS, LANGUAGE, DAYS = "options", "language", "days"
_OWN = "own"  # an option's value may not be empty
_FIELDS = {"mentioned": "only_mentioned", "library": "is_library", "connect": "is_connect_allowed"}


@dataclass(frozen=True, slots=True)
class Refused:
    """A submission that is not taken; ``errors`` says why, by block id."""

    errors: dict[str, str]


def modal(texts: Texts, channel: str, settings: ChannelSettings) -> blocks.Block:
    """The settings of a channel as they are."""
    return {
        "type": "modal",
        "callback_id": MODAL,
        "private_metadata": json.dumps([channel, asdict(settings)]),
        "title": blocks.plain_text(texts("settings-title"), 24),
        "submit": blocks.plain_text(texts("settings-save"), 24),
        "close": blocks.plain_text(texts("cancel"), 24),
        "blocks": [
            blocks.section(texts("settings-for", channel=f"<#{channel}>")),
            _input(OPTIONS, texts("settings-options"), _options(texts, settings)),
            blocks.context(texts("settings-connect-warning")),
            _input(LANGUAGE, texts("settings-language"), _languages(texts, settings.language), optional=False),
            _input(DAYS, texts("settings-days"), _days(settings.retention_days), texts("settings-days-hint")),
        ],
    }


def read(values: dict[str, Any], texts: Texts) -> ChannelSettings | Refused:
    """What was put in."""
    typed = (values[DAYS][DAYS].get("value") or "0").strip()
    if not re.fullmatch(r"\d{1,4}", typed) or int(typed) > MOST_DAYS:
        return Refused({DAYS: texts("settings-days-wrong")})
    chosen = {option["value"] for option in values[OPTIONS][OPTIONS].get("selected_options") or ()}
    language = (values[LANGUAGE][LANGUAGE].get("selected_option") or {}).get("value", _OWN)
    return ChannelSettings(
        language=language if language in LANGUAGES else "",
        retention_days=int(typed),
        **{field: name in chosen for name, field in _FIELDS.items()},
    )


def place(view: dict[str, Any]) -> str:
    """The channel that a submitted modal is about."""
    return str(json.loads(view["private_metadata"])[0])


def changed(view: dict[str, Any], wanted: ChannelSettings, now: ChannelSettings) -> ChannelSettings:
    """``now`` with what the person changed in the modal: what others decided while it was open stays decided."""
    shown = json.loads(view["private_metadata"])[1]
    return replace(now, **{name: value for name, value in asdict(wanted).items() if value != shown[name]})


def _options(texts: Texts, settings: ChannelSettings) -> blocks.Block:
    options = {
        name: blocks.option(texts(f"settings-{name}"), name)
        | {"description": blocks.plain_text(texts(f"settings-{name}-more"), 75)}
        for name in _FIELDS
    }
    chosen = [options[name] for name, field in _FIELDS.items() if getattr(settings, field)]
    element = {"type": "checkboxes", "action_id": OPTIONS, "options": list(options.values())}
    return element | ({"initial_options": chosen} if chosen else {})


def _languages(texts: Texts, language: str) -> blocks.Block:
    options = {_OWN: blocks.option(texts("settings-language-own"), _OWN)}
    options |= {code: blocks.option(name, code) for code, name in LANGUAGES.items()}
    initial = options.get(language, options[_OWN])
    return {
        "type": "static_select",
        "action_id": LANGUAGE,
        "options": list(options.values()),
        "initial_option": initial,
    }


def _days(days: int) -> blocks.Block:
    element: blocks.Block = {"type": "number_input", "action_id": DAYS, "is_decimal_allowed": False}
    element |= {"min_value": "0", "max_value": str(MOST_DAYS)}
    return element | ({"initial_value": str(days)} if days else {})


def _input(block_id: str, label: str, element: blocks.Block, hint: str = "", *, optional: bool = True) -> blocks.Block:
    block = {"type": "input", "block_id": block_id, "label": blocks.plain_text(label, 2000), "element": element}
    return block | {"optional": optional} | ({"hint": blocks.plain_text(hint, 2000)} if hint else {})
