"""`/inhouse help | files | forget`, and the jobs behind them."""

from __future__ import annotations

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import answers, blocks
from bot.erasures import Erasures
from bot.records import Records


class Commands:
    """Answers to `/inhouse`, each as blocks that only the asker sees."""

    def __init__(self, client: AsyncWebClient, records: Records, erasures: Erasures) -> None:
        self._client = client
        self._records = records
        self._erasures = erasures

    async def reply_to(self, team: str, channel: str, text: str) -> list[blocks.Block]:
        """What `/inhouse TEXT` shows."""
        word = text.strip().lower().split(" ")[0] if text.strip() else "help"
        if word == "files":
            return blocks.sections(answers.known_files(await self._records.shares(team, channel)))
        if word == "forget":
            return _ask_to_confirm()
        if word == "help":
            return [blocks.section(answers.HELP)]
        return [blocks.section(f"I do not know {blocks.code(word[:40])}.\n{answers.HELP}")]

    async def forget(self, team: str, channel: str, user: str) -> str:
        """Forget what ``user`` gave and asked here; everything, where it is theirs alone or they administer."""
        everything = await self._may_forget_all(channel, user)
        before = await self._records.shares(team, channel)
        await self._erasures.forget(team, channel, None if everything else user)
        after = await self._records.shares(team, channel)
        return answers.forgotten(len(before) - len(after), everything)

    async def _may_forget_all(self, channel: str, user: str) -> bool:
        if channel.startswith("D"):
            return True
        try:
            person = (await self._client.users_info(user=user))["user"]
        except SlackApiError:
            return False
        return bool(person.get("is_admin") or person.get("is_owner"))


def _ask_to_confirm() -> list[blocks.Block]:
    question = (
        "Shall I forget the files you gave me in this conversation and what you asked about them? "
        "Administrators, and anybody in a direct message, make me forget everything here."
    )
    yes = blocks.button("Forget", blocks.FORGET_ALL, danger=True)
    return [blocks.section(question), blocks.actions(yes, blocks.button("Keep", blocks.CANCEL))]
