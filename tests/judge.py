"""What is wrong with something that the bot posted, by two judges who do not know each other.

One is the local workspace's oracle (`live_parts`), the other reads the strings themselves and is stricter: it
takes every address and every mail address for a link, wherever it stands, and knows Slack's limits on its own.
Knows nothing of `bot.blocks`. Units of length: UTF-16, the largest of the ways in which Slack may count.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bot.workspace.errors import ApiError
from bot.workspace.limits import check_blocks
from bot.workspace.live_parts import live_parts
from bot.workspace.state import Message

GAP = "\u200b"  # the one hidden character that may stand in what is posted: the bot's own
# Not seen, or turning what is read. U+200C and U+200D join letters in scripts that need it; see `_joiners`.
HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u17b4\u17b5\u180e\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
LONE = re.compile("[\ud800-\udfff]")
OURS = re.compile(r"<!date\^\d+\^[{}\w, ]+\|\d{4}-\d\d-\d\d>")  # a day, in Home

ADDRESS = re.compile(r"://|www\.\w|mailto:|[\w.+-]@[\w-]+\.\w", re.IGNORECASE)
PATH = re.compile(r"\w\.[a-z][a-z-]+/[?#]?[\w%&=~-]", re.IGNORECASE)  # evil.example/x, which in code is no address
CONTROL = re.compile(r"<(?:[!@#]|[a-z][\w+.-]*:)", re.IGNORECASE)
FENCE = re.compile(r"^```.*?(?:^```|\Z)", re.DOTALL | re.MULTILINE)
BROADCAST = re.compile(r"@(?:channel|here|everyone)", re.IGNORECASE)

IGNORED = frozenset({"type", "block_id", "action_id", "value", "callback_id", "private_metadata", "style", "name"})
NESTED = ("blocks", "view", "prompts", "chunks", "loading_messages", "metadata")
REFUSALS = frozenset(
    "invalid_blocks invalid_blocks_format msg_too_long msg_blocks_too_long markdown_text_conflict no_text "
    "invalid_arguments invalid_chunks view_too_large invalid_metadata_format invalid_json invalid_form_data".split()
)
MOST = {
    **{"header": 150, "button": 75, "option": 75, "description": 75, "title": 24, "submit": 24, "close": 24},
    **{"label": 2000, "hint": 2000, "placeholder": 150, "section": 3000, "context": 3000, "markdown": 12_000},
}
CONFIRM = {"title": 100, "text": 300, "confirm": 30, "deny": 30}
STATUS, TITLE, PROMPT, PROMPTS, MESSAGE, UPDATE, TEXT = 100, 100, 75, 4, 13_200, 4000, 4000


@dataclass(slots=True)
class Judge:
    """Judges messages, views and Web API calls. ``home`` is the workspace's address, ``people`` may be mentioned."""

    home: str
    people: frozenset[str] = frozenset()  # ids that the bot's own sentences name
    judged: int = 0
    _streams: dict[str, str] = field(default_factory=dict)  # ts → text so far

    def message(self, message: Message) -> list[str]:
        """Everything that is wrong with a message as it stands."""
        self.judged += 1
        faults = [*self._live(message), *self._strings([message.text, message.blocks])]
        if message.blocks:
            faults += _size(message.blocks, 50)
        if message.would_unfurl and not all(self._is_slacks(link) for link in live_parts(message).links):
            faults.append("would unfurl")
        return faults

    def shown(self, text: str, *blocks: dict[str, Any]) -> list[str]:
        """The same of text and blocks that are not a message yet."""
        return self.message(Message("C1", "1.0", "U1", text, list(blocks), is_bot=True, may_unfurl=False))

    def view(self, view: dict[str, Any]) -> list[str]:
        """The same of a modal or a Home tab."""
        self.judged += 1
        if view["type"] == "modal":  # names in it are shown to one person, and call nobody
            view = json.loads(re.sub(r"<@[UW][A-Z0-9]+>", "@name", json.dumps(view)))
        inner = Message("C1", "1.0", "U1", "", view["blocks"], may_unfurl=False)
        parts = {name: view[name] for name in ("title", "submit", "close") if name in view}
        faults = [*self._live(inner), *self._strings([view["blocks"], parts]), *_size(view["blocks"], 100)]
        faults += [f"{name} too long" for name, part in parts.items() if _length(part["text"]) > MOST[name]]
        if len(view.get("private_metadata", "")) > 3000:
            faults.append("private_metadata too long")
        return faults

    def call(self, method: str, arguments: dict[str, Any], error: str | None) -> list[str]:
        """Everything that is wrong with one Web API call, its answer included."""
        if not method.startswith(("chat.", "assistant.", "views.", "reactions.", "agents.")):
            return []
        faults = [f"refused: {error}"] if error in REFUSALS else []
        given = {name: _parsed(value) if name in NESTED else value for name, value in arguments.items()}
        faults += _jsons(given)
        if given.get("view"):
            return faults + self.view(given["view"])
        faults += _flags(method, given) + _plain(method, given)
        faults += self._strings([given.get(name) for name in ("status", "title", "loading_messages")])
        for prompt in given.get("prompts") or ():
            faults += self._strings([prompt]) + self._live(_text_only(prompt["message"], names=True))
        return faults + self._content(method, given)

    def _content(self, method: str, given: dict[str, Any]) -> list[str]:
        """Text and blocks; of a stream all that it says so far."""
        text, blocks = given.get("text") or "", given.get("blocks") or []
        if "markdown_text" in given:
            ts = str(given.get("ts", ""))
            self._streams[ts] = self._streams.get(ts, "") + (given["markdown_text"] or "")
            blocks = [{"type": "markdown", "text": self._streams[ts]}, *blocks]
        if not text and not blocks:
            return []
        parse = "client" if method == "chat.update" and "parse" not in given else str(given.get("parse") or "")
        message = Message("C1", "1.0", "U1", text, blocks, is_bot=True, parse=parse, may_unfurl=False)
        return self.message(message)

    def _live(self, message: Message) -> list[str]:
        """What the workspace's oracle finds, but for what the bot writes on purpose."""
        parts = live_parts(message)
        faults = [f"mention {each}" for each in parts.mentions if each.strip("<@#>") not in self.people]
        faults += [f"broadcast {each}" for each in parts.broadcasts]
        faults += [f"link {each}" for each in parts.links if not self._is_slacks(each)]
        faults += [f"image {each}" for each in parts.images]
        return faults + [f"hidden {each}" for each in parts.hidden if not each.startswith("<!date^")]

    def _is_slacks(self, address: str) -> bool:
        return bool(re.match(rf"{re.escape(self.home)}/(?:files|archives)/[\w./?=&-]+$", address))

    def _strings(self, value: Any) -> list[str]:
        return [fault for text in _shown(value) for fault in self._string(text)]

    def _string(self, text: str) -> Iterator[str]:
        """What is wrong with one string, whatever Slack takes it for."""
        if hidden := HIDDEN.search(text) or LONE.search(text) or _joiners(text):
            yield f"hidden U+{ord(hidden[0][0]):04X}"
        rest = OURS.sub("", text)
        outside = FENCE.sub(" ", rest)
        for inner in re.findall(r"<([^<>]*)>", outside):
            address, _, _ = inner.partition("|")
            if not (self._is_slacks(address) or (address[:1] in "@#" and address[1:] in self.people)):
                yield f"control <{inner[:60]}>"
        rest, outside = (re.sub(r"<[^<>\u200b][^<>]*>", " ", each) for each in (rest, outside))
        if "<" in outside or CONTROL.search(rest):
            yield "a bare <"
        for pattern, where, what in (
            (BROADCAST, rest, "broadcast"),
            (ADDRESS, rest, "address"),
            (PATH, outside, "path"),
        ):
            if found := pattern.search(where):
                yield f"{what} {where[max(0, found.start() - 10) : found.end() + 20]!r}"


def _shown(value: Any) -> Iterator[str]:
    """Every string in it that Slack would show."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _shown(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key not in IGNORED:
                yield from _shown(item)


def _joiners(text: str) -> re.Match[str] | None:
    """A joiner that joins nothing: at an end, in a row, or beside Latin letters and signs."""
    alone = "[\u200c\u200d](?![\u0600-\u1fff\u2190-\U000dffff])|(?<![\u0600-\u1fff\u2190-\U000dffff])[\u200c\u200d]"
    return re.search(f"{alone}|[\ufe0e\ufe0f]{{2}}", text)


def _text_only(text: str, *, names: bool) -> Message:
    """A prompt is sent as a message of the person who presses it, who may call everybody."""
    return Message("C1", "1.0", "U1", text, link_names=names, may_unfurl=False)


def _parsed(value: Any) -> Any:
    """Arguments come as JSON or as a form, whose lists are JSON in a string."""
    if isinstance(value, str) and value[:1] in "[{":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _jsons(given: dict[str, Any]) -> list[str]:
    try:
        json.dumps(given, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, TypeError) as error:
        return [f"not JSON in UTF-8: {error}"]
    return []


# --- limits ----------------------------------------------------------------------------------


def _length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _flags(method: str, given: dict[str, Any]) -> list[str]:
    """Slack is told to fetch nothing and to look for no names."""
    faults = [f"{name} set" for name in ("link_names",) if str(given.get(name, "0")).lower() not in ("0", "false")]
    if given.get("parse") not in (None, "none"):
        faults.append("parse set")
    if method == "chat.postMessage":
        told = (str(given.get(name)).lower() for name in ("unfurl_links", "unfurl_media"))
        faults += [] if all(flag in ("false", "0") for flag in told) else ["unfurls"]
    return faults


def _plain(method: str, given: dict[str, Any]) -> list[str]:
    """What is no block."""
    text, status, title = (str(given.get(name) or "") for name in ("text", "status", "title"))
    most = {"chat.update": UPDATE}.get(method, TEXT)
    prompts = given.get("prompts") or []
    found = (
        (_length(text) > most, "text too long"),
        (_length(status) > STATUS, "status too long"),
        (_length(title) > TITLE, "title too long"),
        (len(prompts) > PROMPTS, "too many prompts"),
        (any(_length(each["title"]) > PROMPT or not each["message"] for each in prompts), "prompt too long"),
        (_length(str(given.get("markdown_text") or "")) > MOST["markdown"], "markdown_text too long"),
    )
    return [what for is_so, what in found if is_so]


def _size(blocks: list[dict[str, Any]], most: int) -> list[str]:
    """The limits of blocks: as this judge knows them, and as the workspace does."""
    faults = [fault for block in blocks for fault in _block(block)]
    without_code = [
        block | {"text": FENCE.sub("code", block["text"])} if block["type"] == "markdown" else block for block in blocks
    ]
    try:
        check_blocks(without_code, most)
    except ApiError as error:
        if error.code != "msg_blocks_too_long" or most == 50:
            faults.append(f"{error.code}: {error.extra}")
    total = sum(map(_length, _texts(blocks)))
    if most == 50 and total > MESSAGE:
        faults.append(f"{total} characters in one message")
    return faults


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "text" and isinstance(item, str):
                yield item
            else:
                yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _block(block: dict[str, Any]) -> Iterator[str]:
    kind = block.get("type", "")
    text = block.get("text")
    body = text.get("text", "") if isinstance(text, dict) else text
    if kind in ("section", "header", "markdown") and not (body and 0 < _length(body) <= MOST[kind]):
        yield f"{kind} of {_length(body or '')} characters"
    if kind == "image" or "image_url" in json.dumps(block):
        yield "an image"
    elements = block.get("elements") or []
    if kind in ("context", "actions", "context_actions") and not 1 <= len(elements) <= {"actions": 25}.get(kind, 10):
        yield f"{len(elements)} elements in {kind}"
    if kind == "context" and any(not 0 < _length(each.get("text", "")) <= MOST["context"] for each in elements):
        yield "context too long or empty"
    for name in ("label", "hint"):
        if name in block and not 0 < _length(block[name]["text"]) <= MOST[name]:
            yield f"{name} too long or empty"
    for element in (*elements, block.get("accessory"), block.get("element")):
        yield from _element(element or {})


def _element(element: dict[str, Any]) -> Iterator[str]:
    if len(str(element.get("value", ""))) > 2000 or len(str(element.get("action_id", ""))) > 255:
        yield "value or action_id too long"
    if element.get("type") == "button" and not 0 < _length(element["text"]["text"]) <= MOST["button"]:
        yield "button too long or empty"
    for name, most in CONFIRM.items():
        if name in element.get("confirm", {}) and not 0 < _length(element["confirm"][name]["text"]) <= most:
            yield f"confirm.{name} too long or empty"
    options = element.get("options") or []
    if element.get("type") == "overflow" and not 1 <= len(options) <= 5:
        yield "too many options"
    for each in options:
        if not 0 < _length(each["text"]["text"]) <= MOST["option"] or len(each["value"]) > 150:
            yield "option too long or empty"
        if _length(each.get("description", {}).get("text", "")) > MOST["description"]:
            yield "description too long"
