"""The Home tab: what the bot can do and what it holds of a person; for administrators also how it does.

Who sees what is decided here, each time the page is put together: a guest sees only what is theirs in
conversations that they are in, an administrator the words of a question only where the conversation is
open to them. Where that cannot be found out, the words are not shown.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import blocks, channel_modal, home_view
from bot.access import Access
from bot.channel_modal import Refused
from bot.channels import Channels, ChannelSettings
from bot.conversations import NOTICE
from bot.jobs import Running, TryAgain
from bot.overview import FORTNIGHT_S, WEEK_S, ChannelFacts, KnownFile, Overview, Question
from bot.pane import Pane
from bot.people import People, Person
from bot.scope import UNKNOWN
from bot.texts import Texts

log = logging.getLogger(__name__)

MOST_RENEWED = 30  # pages, after something was erased; views.publish may be called about 100 times a minute
MOST_ASKED_ABOUT = 20  # conversations that Slack is asked about for one page
# Trying again does not help: the tab is off, or the person is gone.
_LASTING = {"not_enabled", "user_not_found", "user_not_visible", "missing_scope", "not_allowed_token_type"}
_REFUSED_VIEW = {
    "invalid_blocks",
    "invalid_blocks_format",
    "msg_blocks_too_long",
    "view_too_large",
    "invalid_arguments",
}
_CANNOT_POST = {"not_in_channel", "channel_not_found", "is_archived", "restricted_action", "missing_scope"}

Kept = TypeVar("Kept", KnownFile, Question)


class Forgetting(Protocol):
    """Who makes us forget a file."""

    async def forget_file(self, team: str, channel: str, file_id: str, user: str | None = None) -> Any:
        """Forget a file of a conversation; with ``user``, only what that person shared of it."""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """The model that answers."""

    name: str
    is_trial: bool
    ready_at: float  # seconds since the epoch


@dataclass(frozen=True, slots=True)
class Installation:
    """What is true of this bot as long as it runs."""

    bot_user: str
    url: str  # of the workspace, as Slack says
    data_dir: Path
    model: ModelFacts


@dataclass(frozen=True, slots=True)
class Change:
    """New settings that an administrator wants for a channel."""

    team: str
    channel: str
    user: str
    before: ChannelSettings
    after: ChannelSettings

    @property
    def payload(self) -> dict[str, Any]:
        """For a job of kind "settings"."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Home:
    """Does the jobs of kind "home", "settings", "forget" and "renew"."""

    client: AsyncWebClient
    installation: Installation
    overview: Overview
    people: People
    channels: Channels
    access: Access
    erasures: Forgetting
    pane: Pane

    async def run(self, running: Running) -> None:
        """Do the job of kind "home": somebody opened one of our tabs."""
        team, event = running.job.payload["team"], running.job.payload["event"]
        if event.get("tab") == "messages":
            await self.pane.opened(team, event)
        else:
            await self.publish(team, event["user"])

    async def publish(self, team: str, user: str) -> None:
        """Put the page together and show it to ``user``. Raises: TryAgain."""
        person = await self.people.get(user)
        texts = await self.people.texts(team, "", user)
        parts = [await self._part(texts, part) for part in self._parts(team, person, texts)]
        try:
            await self.client.views_publish(user_id=user, view=home_view.page(parts))
        except SlackApiError as error:
            await self._publish_less(texts, user, str(error.response.get("error")))

    async def renew(self, running: Running) -> None:
        """Do the job of kind "renew": something was erased, so it goes from the pages that may still show it.

        Slack keeps a page as it was published until it is opened again. Of several such jobs the last does it.
        """
        if await self.overview.is_renewed_later(running.job.job_id):
            return
        for user in await self.overview.viewers(time.time() - WEEK_S, MOST_RENEWED):
            try:
                await self.publish(running.job.payload["team"], user)
            except TryAgain as error:
                log.info("home not renewed: %s", error)

    async def _publish_less(self, texts: Texts, user: str, code: str) -> None:
        """Slack did not take the page: a plain one is better than none. Raises: TryAgain."""
        if code in _LASTING:
            log.warning("home not published: %s", code)
            return
        if code not in _REFUSED_VIEW:
            raise TryAgain(f"views.publish: {code}")
        log.error("home not published as it was: %s", code)
        parts = [
            home_view.welcome(texts, self.installation.bot_user),
            home_view.failed(texts),
            home_view.privacy(texts),
        ]
        try:
            await self.client.views_publish(user_id=user, view=home_view.page(parts))
        except SlackApiError as error:
            raise TryAgain(f"views.publish: {error.response.get('error')}") from error

    # --- the parts of the page ---------------------------------------------------------------

    def _parts(self, team: str, person: Person, texts: Texts) -> list[Callable[[], Awaitable[list[blocks.Block]]]]:
        model = self.installation.model

        async def welcome() -> list[blocks.Block]:
            return home_view.welcome(texts, self.installation.bot_user)

        async def files() -> list[blocks.Block]:
            known = await self.overview.files_of(team, person.user)
            return home_view.files(texts, await self._own(team, person, known))

        async def questions() -> list[blocks.Block]:
            asked = await self.overview.questions_of(team, person.user, home_view.MOST_QUESTIONS)
            return home_view.questions(texts, await self._own(team, person, asked), self.installation.url)

        async def who() -> list[blocks.Block]:
            return home_view.model(texts, model.name, is_trial=model.is_trial)

        async def privacy() -> list[blocks.Block]:
            return home_view.privacy(texts)

        return [welcome, files, questions, who, privacy, *self._admin_parts(team, person, texts)]

    def _admin_parts(
        self, team: str, person: Person, texts: Texts
    ) -> list[Callable[[], Awaitable[list[blocks.Block]]]]:
        async def begins() -> list[blocks.Block]:
            return home_view.admin_begins(texts)

        async def health() -> list[blocks.Block]:
            return await self._health(team, texts)

        async def channels() -> list[blocks.Block]:
            return home_view.channels(texts, await self._channels(team))

        async def unanswered() -> list[blocks.Block]:
            return await self._unanswered(team, person, texts)

        return [begins, health, channels, unanswered] if person.is_admin else []

    async def _part(self, texts: Texts, part: Callable[[], Awaitable[list[blocks.Block]]]) -> list[blocks.Block]:
        """A part of the page, or a sentence in its place: one that fails must not take the others with it."""
        try:
            return await part()
        except Exception:
            log.exception("a part of the home tab failed")
            return home_view.failed(texts)

    async def _health(self, team: str, texts: Texts) -> list[blocks.Block]:
        now = time.time()
        health = await self.overview.health(team)
        votes = await self.overview.votes(team, now - FORTNIGHT_S)
        erased = await self.overview.erased(team, now - WEEK_S)
        disk = await asyncio.to_thread(shutil.disk_usage, self.installation.data_dir)
        line = home_view.model_line(texts, self.installation.model.name, self.installation.model.ready_at)
        return home_view.health(texts, health, votes, erased, line, disk.free / 1e9)

    async def _unanswered(self, team: str, person: Person, texts: Texts) -> list[blocks.Block]:
        found = await self.overview.unanswered(team, time.time() - FORTNIGHT_S)
        barred = await self._barred(team, person, [question.channel for question in found])
        seen = [question for question in found if barred.get(question.channel, UNKNOWN) == ""]
        hidden = sum(barred.get(question.channel, UNKNOWN) not in {"", UNKNOWN} for question in found)
        more = len(found) - len(seen) - hidden
        return home_view.unanswered(texts, seen, more, hidden, self.installation.url)

    async def _channels(self, team: str) -> list[ChannelFacts]:
        """What administrators may settle: no group conversation, which has no name and is its members' own."""
        known = await self.overview.channels(team)
        asked = known[: home_view.MOST_CHANNELS]
        places = await asyncio.gather(*(self.access.place(team, facts.channel) for facts in asked))
        groups = {facts.channel for facts, place in zip(asked, places, strict=True) if place.is_group_direct}
        return [facts for facts in known if facts.channel not in groups]

    async def _own(self, team: str, person: Person, found: Sequence[Kept]) -> list[Kept]:
        """What is shown to a person of their own: to guests only what lies in conversations that they are in."""
        if not person.is_guest:
            return list(found)
        barred = await self._barred(team, person, [each.channel for each in found])
        return [each for each in found if barred.get(each.channel, UNKNOWN) == ""]

    async def _barred(self, team: str, person: Person, channels: Sequence[str]) -> dict[str, str]:
        """Why a person is shown nothing of each of some conversations; of too many, only the first are asked about."""
        asked = list(dict.fromkeys(channels))[:MOST_ASKED_ABOUT]
        found = await asyncio.gather(*(self.access.barred(team, channel, person.user) for channel in asked))
        return dict(zip(asked, found, strict=True))

    # --- what is done on the page ------------------------------------------------------------

    async def open_settings(self, trigger_id: str, team: str, channel: str, user: str) -> str | None:
        """Open a channel's settings for an administrator; a sentence to tell them where that cannot be."""
        texts = await self.people.texts(team, "", user)
        if not await self.people.is_admin(user):
            return texts("settings-not-admin")
        if channel.startswith("D"):
            return texts("settings-no-channel")
        settings = await self.channels.settings(team, channel)
        try:
            await self.client.views_open(trigger_id=trigger_id, view=channel_modal.modal(texts, channel, settings))
        except SlackApiError as error:
            log.warning("settings not opened: %s", error.response.get("error"))
            return texts("settings-not-opened")
        return None

    async def submitted(self, team: str, user: str, view: dict[str, Any]) -> Change | Refused:
        """What the settings that ``user`` sent lead to: a change, or errors to show in the modal."""
        texts = await self.people.texts(team, "", user)
        if not await self.people.is_admin(user):
            return Refused({channel_modal.OPTIONS: texts("settings-not-admin")})
        wanted = channel_modal.read(view["state"]["values"], texts)
        if isinstance(wanted, Refused):
            return wanted
        channel = channel_modal.place(view)
        before = await self.channels.settings(team, channel)
        return Change(team, channel, user, before, channel_modal.changed(view, wanted, before))

    async def change(self, running: Running) -> None:
        """Do the job of kind "settings": keep them, and tell the channel what its people should know."""
        payload = dict(running.job.payload)
        before, after = (ChannelSettings(**payload.pop(name)) for name in ("before", "after"))
        change = Change(**payload, before=before, after=after)
        await self.channels.save(change.team, change.channel, after, change.user)
        self.access.forget(change.team, change.channel)
        await self._announce(change)
        try:
            await self.publish(change.team, change.user)
        except TryAgain as error:  # the tab is put together anew when it is opened; the channel is not told twice
            log.info("home not renewed: %s", error)

    async def _announce(self, change: Change) -> None:
        """Say in the channel who decided that more, or less, is read and answered there. Raises: TryAgain."""
        texts = await self.people.texts(change.team, change.channel, change.user)
        text = "\n".join(texts(message_id, person=f"<@{change.user}>") for message_id in news(change))
        if not text:
            return
        try:
            await self.client.chat_postMessage(
                channel=change.channel,
                text=text,
                blocks=[blocks.section(text) | {"block_id": f"{NOTICE}-settings"}],
                unfurl_links=False,
                unfurl_media=False,
            )
        except SlackApiError as error:
            code = error.response.get("error")
            if code not in _CANNOT_POST:
                raise TryAgain(f"chat.postMessage: {code}") from error
            log.info("change of settings not announced: %s", code)

    async def forget(self, running: Running) -> None:
        """Do the job of kind "forget": a file that its owner wants forgotten from their page."""
        wish = running.job.payload
        await self.erasures.forget_file(wish["team"], wish["channel"], wish["file_id"], wish["user"])
        await self.publish(wish["team"], wish["user"])


def news(change: Change) -> list[str]:
    """The ids of the sentences that a channel's people are told of a change."""
    fields = {"is_library": "settings-library", "is_connect_allowed": "settings-connect"}
    return [
        f"{message_id}-{'on' if getattr(change.after, field) else 'off'}"
        for field, message_id in fields.items()
        if getattr(change.before, field) != getattr(change.after, field)
    ]
