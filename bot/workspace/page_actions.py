"""What the page may ask for: each action checks that the person may do it, then does it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from bot.workspace.actions import Actions
from bot.workspace.errors import WorkspaceError
from bot.workspace.faults import STANDING
from bot.workspace.inputs import Chosen
from bot.workspace.state import File, Message, User

Answer = dict[str, Any] | None
PageAction = Callable[..., Awaitable[Answer]]
PAGE_ACTIONS: dict[str, PageAction] = {}


def page_action(function: PageAction) -> PageAction:
    """Let the page ask for the decorated function under its own name."""
    PAGE_ACTIONS[function.__name__] = function
    return function


def _message(actions: Actions, person: User, channel: str, ts: str) -> Message:
    """A message that the person sees. Raises: WorkspaceError."""
    place = actions.core.state.channels.get(channel)
    message = place.messages.get(ts) if place and person.id in place.members else None
    if message is None:
        raise WorkspaceError("That message is not there any more.")
    return message


def _own(actions: Actions, person: User, channel: str, ts: str) -> Message:
    message = _message(actions, person, channel, ts)
    if message.user != person.id and not person.is_admin:
        raise WorkspaceError("Only its author or an administrator can change this message.")
    return message


@page_action
async def post(
    actions: Actions,
    person: User,
    channel: str,
    text: str = "",
    thread_ts: str = "",
    files: list[tuple[str, bytes]] | None = None,
) -> Answer:
    """Post what the person typed, with new uploads; where it now stands. Raises: WorkspaceError."""
    message = await actions.post(person, channel, text, files=files or [], thread_ts=thread_ts or None)
    return {"ts": message.ts, "thread_ts": message.thread_ts}


@page_action
async def edit(actions: Actions, person: User, channel: str, ts: str, text: str) -> Answer:
    """Change the text of the person's own message. Raises: WorkspaceError for anybody else's."""
    message = _message(actions, person, channel, ts)
    if message.user != person.id:
        raise WorkspaceError("Only its author can edit this message.")
    await actions.edit(message, text)
    return None


@page_action
async def delete(actions: Actions, person: User, channel: str, ts: str) -> Answer:
    """Delete a message, one's own or as an administrator any. Raises: WorkspaceError."""
    await actions.delete_message(_own(actions, person, channel, ts))
    return None


@page_action
async def delete_file(actions: Actions, person: User, file: str) -> Answer:
    """Delete a file everywhere, one's own or as an administrator any. Raises: WorkspaceError."""
    found: File | None = actions.core.state.files.get(file)
    if found is None:
        raise WorkspaceError("That file is not here any more.")
    if found.user != person.id and not person.is_admin:
        raise WorkspaceError("Only who uploaded a file, or an administrator, can delete it.")
    await actions.delete_file(found)
    return None


@page_action
async def react(actions: Actions, person: User, channel: str, ts: str, emoji: str) -> Answer:
    """Add a reaction, or take one's own away. Raises: WorkspaceError for a message that is gone."""
    await actions.react(person, _message(actions, person, channel, ts), emoji)
    return None


@page_action
async def click(
    actions: Actions, person: User, channel: str, ts: str, action_id: str, value: Chosen = None, **more: Any
) -> Answer:
    """Press a button of a message; ``more``: its block and what stands in its inputs. Raises: WorkspaceError when it
    is gone or the app does not answer."""
    return _told(await actions.click(person, channel, ts, action_id, value, **more))


@page_action
async def click_in_view(
    actions: Actions, person: User, view: str, action_id: str, value: Chosen = None, **more: Any
) -> Answer:
    """Press a button of a modal or of the app home. Raises: WorkspaceError, as `click` does."""
    return _told(await actions.click_in_view(person, view, action_id, value, **more))


@page_action
async def suggest(
    actions: Actions, person: User, channel: str, ts: str, action_id: str, typed: str = "", block_id: str = ""
) -> Answer:
    """The app's options for what was typed into a menu of a message. Raises: WorkspaceError."""
    return _offered(await actions.suggest(person, channel, ts, action_id, typed, block_id=block_id))


@page_action
async def suggest_in_view(
    actions: Actions, person: User, view: str, action_id: str, typed: str = "", block_id: str = ""
) -> Answer:
    """As `suggest`, in a modal or in the app home. Raises: WorkspaceError."""
    return _offered(await actions.suggest_in_view(person, view, action_id, typed, block_id=block_id))


@page_action
async def global_shortcut(actions: Actions, person: User, callback_id: str) -> Answer:
    """Choose one of the app's shortcuts that belong to no message. Raises: WorkspaceError."""
    return _told(await actions.global_shortcut(person, callback_id))


@page_action
async def shortcut(actions: Actions, person: User, channel: str, ts: str, callback_id: str) -> Answer:
    """Choose one of the app's shortcuts for a message. Raises: WorkspaceError."""
    return _told(await actions.message_shortcut(person, _message(actions, person, channel, ts), callback_id))


@page_action
async def submit(actions: Actions, person: User, view: str, values: dict[str, Any]) -> Answer:
    """Send a modal: what is wrong with its fields, or whether it stays open. Raises: WorkspaceError."""
    answer = await actions.submit_view(person, view, values)
    if answer.get("response_action") == "errors":
        return {"errors": answer.get("errors", {})}
    _told(answer)
    return {"stays": answer.get("response_action") in ("update", "push")}


@page_action
async def close(actions: Actions, person: User, view: str) -> Answer:
    """Close one's modal without sending it."""
    opened = actions.core.state.modals.get(view)
    if opened and opened.user == person.id:
        await actions.close_view(view)
    return None


@page_action
async def stop(actions: Actions, person: User, channel: str, ts: str) -> Answer:
    """Stop an answer that is being written. Raises: WorkspaceError for a message that is gone."""
    await actions.stop_stream(person, _message(actions, person, channel, ts))
    return None


@page_action
async def look_at(actions: Actions, person: User, channel: str) -> Answer:
    """Tell the app which channel the person, who has its messages open, came from."""
    if person.id in actions.core.state.channels[channel].members:
        await actions.look_at(person, channel)
    return None


@page_action
async def open_home(actions: Actions, person: User, tab: str) -> Answer:
    """Tell the app that the person looks at its ``home`` or ``messages`` tab."""
    await actions.open_home(person, tab)
    return None


@page_action
async def start_chat(actions: Actions, person: User) -> Answer:
    """A new chat with an app of the assistant kind. Raises: WorkspaceError for any other."""
    return {"ts": (await actions.start_chat(person)).ts}


@page_action
async def open_dm(actions: Actions, person: User) -> Answer:
    """The person's direct conversation with the bot, made if it is new."""
    return {"channel": (await actions.open_dm(person)).id}


@page_action
async def add_channel(actions: Actions, person: User, name: str) -> Answer:
    """A new channel of the person and everybody but guests. Raises: WorkspaceError for a name that is taken."""
    clean = "-".join(name.lower().removeprefix("#").split())
    if not clean:
        raise WorkspaceError("A channel needs a name.")
    if any(c.name == clean for c in actions.core.state.channels.values()):
        raise WorkspaceError(f"There is a channel called {clean} already.")
    people = [u for u in actions.core.state.users.values() if not u.is_bot and not u.is_guest and u is not person]
    return {"channel": (await actions.add_channel(clean, [person, *people])).id}


@page_action
async def slash(
    actions: Actions, person: User, channel: str, command: str, text: str = "", thread_ts: str = ""
) -> Answer:
    """Slack's own commands; everything else goes to the app. In a thread there are no commands."""
    said = text.strip()
    if thread_ts:
        await actions.slash(person, channel, command, text, thread_ts=thread_ts)
    elif command == "/invite":
        await actions.invite(channel, said.removeprefix("@"), person)
    elif command == "/remove":
        await actions.leave(channel, said.removeprefix("@"), person)
    elif command == "/leave":
        await actions.leave(channel, person)
    elif command == "/topic":
        await actions.set_topic(channel, said, person)
    elif command == "/rename" and said:
        await actions.rename_channel(channel, "-".join(said.lower().split()), person)
    elif command == "/archive":
        await actions.archive_channel(channel, person)
    else:
        await actions.slash(person, channel, command, text)
    return None


@page_action
async def set_fault(actions: Actions, person: User, name: str, on: bool) -> Answer:
    """Switch a standing fault on or off, for everybody. Raises: WorkspaceError for one that does not exist."""
    core = actions.core
    if name not in STANDING:
        raise WorkspaceError("There is no such fault.")
    (core.faults.standing.add if on else core.faults.standing.discard)(name)
    if name == "away":
        await core.hub.cut() if on else core.hub.mend()
    core.feed.publish({"type": "faults", "faults": sorted(core.faults.standing)})
    return None


@page_action
async def drop_socket(actions: Actions, person: User) -> Answer:
    """Cut the app's connection once; it connects again by itself."""
    await actions.core.hub.drop()
    return None


def _told(answer: dict[str, Any]) -> Answer:
    """What the page says when the app did not answer a click."""
    if "error" in answer:
        raise WorkspaceError("The app did not answer. Try again in a moment.")
    return None


def _offered(answer: dict[str, Any]) -> Answer:
    """An app's options for the page, which draws nothing but them."""
    if "error" in answer:
        raise WorkspaceError("The app gave no options. Try again in a moment.")
    return {name: answer[name] for name in ("options", "option_groups") if name in answer}
