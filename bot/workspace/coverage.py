"""What of Slack the workspace has: methods and events, each supported, partial or absent.

The table in docs/workspace.md is printed from here (``inhouse workspace --coverage``), and a test holds it against what
is registered and against what the manifest's scopes and events can trigger.
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.workspace.events import SENT
from bot.workspace.web_api import METHODS

# Supported, but for this.
PARTIAL = {
    "bots.info": "the app's own bot only",
    "chat.postMessage": "of attachments the page draws the title",
    "chat.unfurl": "no asking people to sign in",
    "chat.update": "as chat.postMessage",
    "files.info": "no content of text files, no pages of comments",
    "files.upload": "always method_deprecated, as in Slack",
    "pins.add": "no line in the channel tells of it",
    "reactions.list": "pages by cursor alone; messages alone",
    "usergroups.list": "no groups",
}
# Absent, though the manifest's scopes would allow it or an app often calls it: the answer is unknown_method.
ABSENT = {
    "oauth.v2.access": "one workspace, one installation",
}
ABSENT_EVENTS = {
    "app_rate_limited": "no limit of events an hour",
}  # fmt: skip
OTHER_WAYS = (
    "slash_commands", "block_actions", "block_suggestion", "view_submission", "view_closed", "shortcut",
    "message_action", "response_url",
)  # fmt: skip
PARTIAL_WAYS = {
    "block_actions": "no file_input, no workflow_button; rich_text_input has no formatting",
}
ABSENT_WAYS = {"workflow steps": ""}


def rows() -> Iterator[tuple[str, str, str, str]]:
    """(kind, name, state, what is missing) of everything, sorted within its kind."""
    for name in sorted({*METHODS, *ABSENT}):
        yield ("method", name, *_state(name, METHODS, PARTIAL, ABSENT))
    for name in sorted({*SENT, *ABSENT_EVENTS}):
        yield ("event", name, *_state(name, SENT, {}, ABSENT_EVENTS))
    for name in sorted({*OTHER_WAYS, *ABSENT_WAYS}):
        yield ("interaction", name, *_state(name, OTHER_WAYS, PARTIAL_WAYS, ABSENT_WAYS))


def _state(name: str, there: object, partial: dict[str, str], absent: dict[str, str]) -> tuple[str, str]:
    if name not in there:  # type: ignore[operator]
        return "absent", absent[name]
    return ("partial", partial[name]) if name in partial else ("supported", "")


def as_markdown() -> str:
    """The table, as it stands in the documentation."""
    lines = [f"| {kind} | `{name}` | {state} | {missing} |" for kind, name, state, missing in rows()]
    return "\n".join(["| kind | name | state | what is missing |", "|---|---|---|---|", *lines])
