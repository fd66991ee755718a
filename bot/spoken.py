"""What people wrote, as a reader of a summary sees it: names in place of ids, lines with links to their messages.

Reads names and links from Slack, and keeps nothing.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import blocks
from bot.conversations import ThreadMessage
from bot.events import plain
from bot.people import People
from bot.texts import Texts
from rag.summarize import SummaryLine
from rag.types import Utterance

log = logging.getLogger(__name__)

MOST_NAMED = 200  # people whose names are looked up for one summary
MOST_LINKS = 4  # of one line

_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|([^>]*))?>")
_TO_ALL = re.compile(r"<!(channel|here|everyone)[^>]*>")


async def said(people: People, messages: Sequence[ThreadMessage]) -> list[Utterance]:
    """What was said in words, with the names of people in place of their ids."""
    users = [each.user for each in messages if each.user]
    users += [user for each in messages for user, _ in _MENTION.findall(each.text)]
    known = [await people.get(user) for user in list(dict.fromkeys(users))[:MOST_NAMED]]
    names = {person.user: person.name for person in known if person.name}
    texts = ((each, spoken(each.text, names)) for each in messages)
    return [
        Utterance(each.ts, each.author or names.get(each.user, each.user), text)
        for each, text in texts
        if re.search(r"[^\W_]", re.sub(r":[\w+-]+:|https?://\S+", "", text))
    ]


async def permalinks(client: AsyncWebClient, channel: str, places: Iterable[str]) -> dict[str, str]:
    """ts → permalink, of as many as Slack gives one for."""
    links: dict[str, str] = {}
    for ts in sorted(set(places)):
        try:
            links[ts] = (await client.chat_getPermalink(channel=channel, message_ts=ts))["permalink"]
        except SlackApiError as error:
            log.info("no permalink: %s", error.response.get("error"))
    return links


def leads(texts: Texts, found: Iterable[SummaryLine], numbers: dict[str, int], links: dict[str, str]) -> str:
    """Where the numbers of lines lead, for below a stream, which shows no links; "" where nowhere is known."""
    refs = sorted({numbers[ref]: ref for each in found for ref in each.refs if ref in links and ref in numbers}.items())
    shown = ", ".join(f"<{links[ref]}|{number}>" for number, ref in refs)
    return texts("summary-messages", links=shown) if shown else ""


def spoken(text: str, names: dict[str, str]) -> str:
    """A message's text as a person reads it."""
    text = _MENTION.sub(lambda found: "@" + (names.get(found[1]) or found[2] or "…"), text)
    return plain(_TO_ALL.sub(r"@\1", text))


def line(texts: Texts, found: SummaryLine, numbers: dict[str, int], links: dict[str, str]) -> tuple[str, str]:
    """One line of a summary with its numbers, as (mrkdwn, Markdown); in mrkdwn each is a link to its message."""
    refs = sorted({numbers[ref]: ref for ref in found.refs if ref in numbers}.items())[:MOST_LINKS]
    mrkdwn = ", ".join(f"<{links[ref]}|{number}>" if ref in links else str(number) for number, ref in refs)
    markdown = ", ".join(str(number) for number, _ in refs)
    words = " ".join(found.text.split())
    shown, streamed = blocks.escape(words), blocks.markdown(words)
    if found.is_quote:
        author = re.sub(r"[*_~`]", "", found.author)
        shown = texts("summary-quote", author=f"*{blocks.label(author) or '…'}*", text=shown)
        streamed = texts("summary-quote", author=f"**{blocks.markdown(blocks.label(author)) or '…'}**", text=streamed)
    return (f"• {shown} ({mrkdwn})", f"- {streamed} ({markdown})") if refs else (f"• {shown}", f"- {streamed}")
