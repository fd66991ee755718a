"""Pure builders of the Home tab: what the records hold, as blocks in one person's language.

Knows no Slack client and no database. A view holds 100 blocks; each list here ends where its share of
the page does, and says how much more there is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from bot import blocks, receipts
from bot.channels import ChannelSettings
from bot.overview import ChannelFacts, Erased, Health, KnownFile, Question
from bot.texts import LANGUAGES, Texts

SETTINGS, FORGET = "home_settings", "home_forget"  # action ids

MOST_FILES, MOST_QUESTIONS, MOST_CHANNELS, MOST_UNANSWERED = 10, 10, 20, 10
LIST_CHARS = 2400  # of one list: all of them together stay below what a message may hold
LOW_DISK_GB = 2
_SIGNS = {
    "answered": ":white_check_mark:",
    "stopped": ":white_check_mark:",
    "passage": ":page_facing_up:",
    "refused": ":grey_question:",
    "down": ":thumbsdown:",
    "": ":hourglass_flowing_sand:",
}


def page(parts: Iterable[Sequence[blocks.Block]]) -> blocks.Block:
    """The view that holds some parts, as far as one view goes."""
    return {"type": "home", "blocks": [block for part in parts for block in part][:100]}


def welcome(texts: Texts, bot_user: str) -> list[blocks.Block]:
    """What the bot can do, and the ways in."""
    return [blocks.header(texts("home-title")), blocks.section(texts("home-can", bot=f"<@{bot_user}>"))]


def files(texts: Texts, known: Sequence[KnownFile]) -> list[blocks.Block]:
    """The person's own files, each with a button that makes us forget it."""
    found = [blocks.header(texts("home-files-title"))]
    lines = within([_file(texts, file) for file in known], MOST_FILES)
    found += [
        blocks.with_accessory(blocks.section(line), _forget(texts, file))
        for line, file in zip(lines, known, strict=False)
    ]
    if not known:
        found.append(blocks.section(texts("home-files-none")))
    if len(known) > len(lines):
        found.append(blocks.context(texts("home-more-files", count=len(known) - len(lines))))
    return found


def _file(texts: Texts, file: KnownFile) -> str:
    first = file.note.partition(receipts.NOTE_BREAK)[0]
    note = texts("home-replaced") if file.state == "replaced" else texts.sentence(first)
    return joined(
        blocks.linked(file.name, file.permalink), place(texts, file.channel), blocks.label(note), day(file.at)
    )


def _forget(texts: Texts, file: KnownFile) -> blocks.Block:
    """The button, which asks once more before it is meant."""
    question = texts("home-forget-text", name=blocks.status_name(file.name)[:40])
    button = blocks.button(texts("home-forget"), FORGET, f"{file.channel} {file.file_id}")
    return button | {
        "confirm": {
            "title": blocks.plain_text(texts("home-forget-title"), 100),
            "text": blocks.plain_text(question, 300),
            "confirm": blocks.plain_text(texts("home-forget"), 30),
            "deny": blocks.plain_text(texts("home-keep"), 30),
            "style": "danger",
        }
    }


def questions(texts: Texts, asked: Sequence[Question], url: str) -> list[blocks.Block]:
    """The person's own last questions; ``url`` is the workspace's address."""
    found = [blocks.header(texts("home-questions-title"))]
    if not asked:
        return [*found, blocks.section(texts("home-questions-none"))]
    lines = within([_question(texts, question, url) for question in asked], MOST_QUESTIONS)
    return [*found, *blocks.sections(lines), blocks.context(texts("home-signs"))]


def _question(texts: Texts, question: Question, url: str) -> str:
    sign, link = (
        _SIGNS.get(question.outcome, ":speech_balloon:"),
        blocks.linked(question.text, permalink(url, question)),
    )
    return joined(f"{sign} {link}", place(texts, question.channel), day(question.at))


def model(texts: Texts, name: str, *, is_trial: bool) -> list[blocks.Block]:
    """Which model answers, and how far it may be trusted."""
    sentence = texts("home-model-trial" if is_trial else "home-model", model=f"*{blocks.label(name)}*")
    return [blocks.header(texts("home-model-title")), blocks.section(sentence)]


def privacy(texts: Texts) -> list[blocks.Block]:
    """What is kept where, and how to be rid of it."""
    return [blocks.header(texts("home-privacy-title")), blocks.section(texts("privacy"))]


def admin_begins(texts: Texts) -> list[blocks.Block]:
    """The line below which only administrators see the page."""
    return [blocks.divider(), blocks.context(texts("home-admin"))]


def health(
    texts: Texts, now: Health, votes: tuple[int, int], erased: Sequence[Erased], model_line: str, free_gb: float
) -> list[blocks.Block]:
    """How the bot is doing, and what it has forgotten lately."""
    disk = "home-health-disk-low" if free_gb < LOW_DISK_GB else "home-health-disk"
    lines = [
        model_line,
        texts("home-health-answers", count=now.answers, seconds=round(now.median_s or 0, 1)),
        texts("home-health-waiting", count=now.waiting),
        texts("home-health-documents", documents=now.documents, passages=now.passages),
        texts(disk, free=round(free_gb)),
        texts("home-health-votes", up=votes[0], down=votes[1]),
        *(_erased(texts, each) for each in erased),
    ]
    return [blocks.header(texts("home-health-title")), *blocks.sections([f"• {line}" for line in lines])]


def model_line(texts: Texts, name: str, ready_at: float) -> str:
    """Which model is loaded, and since when."""
    return texts("home-health-model", model=blocks.label(name), since=day(ready_at, "{date_short_pretty}, {time}"))


def _erased(texts: Texts, erased: Erased) -> str:
    """The receipt of a day: what was forgotten, and whether it was proved to be gone."""
    counts = {
        "home-erased-files": erased.files,
        "home-erased-passages": erased.passages,
        "home-erased-questions": erased.questions,
    }
    what = ", ".join(texts(message_id, count=count) for message_id, count in counts.items() if count)
    return texts("home-erased" if erased.is_proved else "home-erased-unproved", when=day(erased.at), what=what)


def channels(texts: Texts, known: Sequence[ChannelFacts]) -> list[blocks.Block]:
    """The channels and their settings, each with a button that opens them."""
    found = [blocks.header(texts("home-channels-title"))]
    lines = within([_channel(texts, facts) for facts in known], MOST_CHANNELS)
    found += [
        blocks.with_accessory(blocks.section(line), blocks.button(texts("home-settings"), SETTINGS, facts.channel))
        for line, facts in zip(lines, known, strict=False)
    ]
    if not known:
        found.append(blocks.section(texts("home-channels-none")))
    if len(known) > len(lines):
        found.append(blocks.context(texts("home-more-channels", count=len(known) - len(lines))))
    return found


def _channel(texts: Texts, facts: ChannelFacts) -> str:
    count = texts("home-erased-files", count=facts.files) if facts.files else texts("home-channel-no-files")
    return joined(place(texts, facts.channel), count, in_words(texts, facts.settings))


def in_words(texts: Texts, settings: ChannelSettings) -> str:
    """What is set in a channel, as far as it is not the usual."""
    words = [
        texts(message_id)
        for message_id, is_set in (
            ("home-set-mentioned", settings.only_mentioned),
            ("home-set-library", settings.is_library),
            ("home-set-connect", settings.is_connect_allowed),
        )
        if is_set
    ]
    if settings.language:
        words.append(texts("home-set-language", language=LANGUAGES.get(settings.language, settings.language)))
    if settings.retention_days:
        words.append(texts("home-set-days", days=settings.retention_days))
    return ", ".join(words) or texts("home-channel-usual")


def unanswered(texts: Texts, shown: Sequence[Question], more: int, hidden: int, url: str) -> list[blocks.Block]:
    """Questions without an answer: ``shown`` in words, ``more`` and ``hidden`` as counts only."""
    found = [blocks.header(texts("home-unanswered-title"))]
    if not (shown or more or hidden):
        return [*found, blocks.section(texts("home-unanswered-none"))]
    lines = within([_question(texts, question, url) for question in shown], MOST_UNANSWERED)
    more += len(shown) - len(lines)
    notes = [texts("home-more-questions", count=more)] if more else []
    notes += [texts("home-hidden-questions", count=hidden)] if hidden else []
    intro = [blocks.context(texts("home-unanswered-intro"))]
    return [*found, *intro, *blocks.sections(lines), *(blocks.context(note) for note in notes)]


def failed(texts: Texts) -> list[blocks.Block]:
    """In place of a part that could not be put together."""
    return [blocks.section(texts("home-part-failed"))]


def within(lines: Sequence[str], most: int) -> list[str]:
    """As many of ``lines`` as their number and their length allow, at least one."""
    kept: list[str] = []
    room = LIST_CHARS
    for line in lines[:most]:
        room -= len(line)
        if room < 0 and kept:
            break
        kept.append(line)
    return kept


def joined(*parts: str) -> str:
    """What there is to say of one thing, on one line."""
    return " · ".join(part for part in parts if part)


def place(texts: Texts, channel: str) -> str:
    """A conversation by its name, which Slack shows to those who may know it."""
    return texts("home-direct") if channel.startswith("D") else f"<#{channel}>"


def day(at: float, style: str = "{date_short_pretty}") -> str:
    """A time as Slack shows it in the reader's own zone and language."""
    return f"<!date^{int(at)}^{style}|{datetime.fromtimestamp(at, UTC):%Y-%m-%d}>"


def permalink(url: str, question: Question) -> str:
    """The address of an answer. Source: the permalinks that Slack gives out."""
    if not re.fullmatch(r"[\d.]+", question.ts):
        return ""
    link = f"{url.rstrip('/')}/archives/{question.channel}/p{question.ts.replace('.', '')}"
    is_reply = question.thread_ts != question.ts
    return f"{link}?thread_ts={question.thread_ts}&cid={question.channel}" if is_reply else link
