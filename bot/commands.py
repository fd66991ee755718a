"""`/inhouse`: what the bot can do, what it knows here, and how to make it forget; each seen by the asker alone.

Summaries and comparisons take the model's time or the file's length: they are only asked for here.

Answers are blocks in the asker's language. Whatever they may not see or do, they are told in a sentence.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot import audit, blocks, receipts
from bot.access import Access
from bot.audit import Deed
from bot.delivery import text_length
from bot.erasures import Erasures
from bot.people import People
from bot.records import Records, Share, Tables, rows
from bot.texts import Texts

# Action ids.
FORGET_LISTED, MORE_FILES, FORGET_ME = "forget_listed", "more_files", "forget_me"

SETTINGS = "settings"  # opens a modal: the listener's work
SUMMARY, CHANGES = "summary", "changes"  # lead to work: the listener's too
PAGE_FILES = 20
PAGE_CHARS = 9000
MOST_GIVERS = 3
MOST_CHOICES = 100  # of a menu: Slack shows no more

_OTHER_WORDS = {  # in German, and what people try
    **{"hilfe": "help", "?": "help", "dateien": "files", "list": "files", "vergiss": "forget"},
    **{"vergessen": "forget", "einstellungen": SETTINGS, "ruhe": "quiet", "datenschutz": "privacy"},
    **{"summarise": SUMMARY, "summarize": SUMMARY, "zusammenfassung": SUMMARY, "recap": SUMMARY, "fasse": SUMMARY},
    **{"compare": CHANGES, "diff": CHANGES, "änderungen": CHANGES, "vergleiche": CHANGES, "unterschiede": CHANGES},
}
_ME = frozenset({"me", "mich"})


@dataclass(frozen=True, slots=True)
class Asker:
    """Who gave a command, and where."""

    team: str
    channel: str
    user: str


@dataclass(frozen=True, slots=True)
class _File:
    """One file of a conversation, in however many messages it stands."""

    newest: Share
    givers: tuple[str, ...]


class Commands:
    """Answers to `/inhouse`, each as blocks that only the asker sees."""

    def __init__(self, records: Records, erasures: Erasures, people: People, access: Access) -> None:
        self._records = records
        self._erasures = erasures
        self._people = people
        self._access = access

    async def reply_to(self, asker: Asker, text: str) -> list[blocks.Block]:
        """What `/inhouse TEXT` shows. Raises: StoreError."""
        texts = await self._texts(asker)
        word, further = wanted(text)
        if word == "files":
            return await self.files(asker)
        if word == "forget":
            return _ask_to_forget(texts, everywhere=further in _ME)
        if word in {"quiet", "listen", "privacy"}:
            said = texts("privacy") if word == "privacy" else texts(f"{word}-how")
            return [blocks.section(paragraph) for paragraph in said.split("\n\n")]
        if word == "help":
            return _help(texts)
        return [blocks.section(_not_known(texts, word)), *_help(texts)]

    # --- files -----------------------------------------------------------------------------------

    async def files(self, asker: Asker, start: int = 0) -> list[blocks.Block]:
        """The files that this conversation knows, from the one numbered ``start``, newest first."""
        texts = await self._texts(asker)
        if barred := await self._access.barred(asker.team, asker.channel, asker.user):
            return [blocks.section(texts(barred))]
        files = _files(await self._records.shares(asker.team, asker.channel))
        if not files:
            return [blocks.section(texts("files-none"))]
        start = start if 0 <= start < len(files) else 0
        may_all = await self._may_forget_all(asker)
        built = [blocks.section(texts("files-heading", files=texts("files-count", count=len(files))))]
        shown = start
        for file in files[start : start + PAGE_FILES]:
            row = _row(texts, file, start, may_forget=may_all or asker.user in file.givers)
            if text_length([*built, row]) > PAGE_CHARS:
                break
            built.append(row)
            shown += 1
        if start or shown < len(files):
            following = shown if shown < len(files) else 0
            label = texts("files-more", count=len(files) - shown) if following else texts("files-first")
            built.append(blocks.actions(blocks.button(label, MORE_FILES, str(following))))
        return [*built, *_menus(texts, [file.newest for file in files[start:shown]])]

    async def choose(self, asker: Asker) -> list[blocks.Block]:
        """Which file shall be summed up? And what else there is to sum up."""
        texts = await self._texts(asker)
        if barred := await self._access.barred(asker.team, asker.channel, asker.user):
            return [blocks.section(texts(barred))]
        files = [file.newest for file in _files(await self._records.shares(asker.team, asker.channel))]
        return [blocks.section(texts("brief-choose")), *_menus(texts, files[:MOST_CHOICES])]

    async def only_file(self, asker: Asker) -> str:
        """The id of the one file that can be summed up here; "" where there are several, or none."""
        shares = await self._records.shares(asker.team, asker.channel)
        found = {share.document_id: share.file_id for share in shares if share.state == "read"}
        return next(iter(found.values())) if len(found) == 1 else ""

    async def forget_file(self, asker: Asker, file_id: str) -> str:
        """Forget one file here: for its giver what they gave, for administrators the whole file."""
        texts = await self._texts(asker)
        shares = [s for s in await self._records.shares(asker.team, asker.channel) if s.file_id == file_id]
        if not shares:
            return texts("forget-file-gone")
        may_all = await self._may_forget_all(asker)
        if not may_all and asker.user not in {share.user for share in shares}:
            is_barred = await self._access.barred(asker.team, asker.channel, asker.user)
            return texts("forget-file-gone" if is_barred else "forget-not-yours")
        await self._erasures.forget_file(asker.team, asker.channel, file_id, None if may_all else asker.user)
        await self._note(asker, "file")
        return texts("forgot-file", name=blocks.code(shares[-1].name))

    # --- forget ----------------------------------------------------------------------------------

    async def forget(self, asker: Asker) -> str:
        """Forget what somebody gave and asked here; everything, where it is theirs alone or they administer."""
        texts = await self._texts(asker)
        everything = await self._may_forget_all(asker)
        count = await self._forgotten(asker.team, asker.channel, None if everything else asker.user)
        await self._note(asker, "conversation" if everything else "own")
        return texts("forgot-all" if everything else "forgot-own", files=texts("files-count", count=count))

    async def forget_me(self, asker: Asker) -> str:
        """Forget what somebody gave and asked anywhere."""
        texts = await self._texts(asker)
        channels = await self._records.read(lambda db: traces(db, asker.team, asker.user))
        count = 0
        for channel in channels:
            count += await self._forgotten(asker.team, channel, asker.user)
        await self._erasures.forget_who(asker.team, asker.channel, asker.user)
        return texts("forgot-me", files=texts("files-count", count=count), conversations=len(channels))

    async def _note(self, asker: Asker, what: str) -> None:
        """Who had it forgotten; what was taken is a row of its own."""
        deed = Deed(asker.team, asker.channel, asker.user, "forget", what)
        await self._records.write(lambda db: audit.note(db, deed))

    async def _forgotten(self, team: str, channel: str, user: str | None) -> int:
        """How many files less a conversation knows."""
        before = {share.file_id for share in await self._records.shares(team, channel)}
        await self._erasures.forget(team, channel, user)
        return len(before - {share.file_id for share in await self._records.shares(team, channel)})

    async def _may_forget_all(self, asker: Asker) -> bool:
        return asker.channel.startswith("D") or await self._people.is_admin(asker.user)

    async def _texts(self, asker: Asker) -> Texts:
        return await self._people.texts(asker.team, asker.channel, asker.user)


def wanted(text: str) -> tuple[str, str]:
    """The subcommand that was typed, in its own spelling, and the word behind it; "help" where there is none."""
    words = text.lower().split()
    word = words[0].lstrip("/") if words else "help"
    return _OTHER_WORDS.get(word, word), words[1] if len(words) > 1 else ""


def after_word(text: str) -> str:
    """What was typed behind the subcommand."""
    return text.strip().partition(" ")[2].strip()


KNOWN = ("help", "files", SUMMARY, CHANGES, "forget", SETTINGS, "quiet", "listen", "privacy")


def _not_known(texts: Texts, word: str) -> str:
    close = difflib.get_close_matches(word, [*KNOWN, *_OTHER_WORDS], n=1)
    said = texts("unknown-word", word=blocks.code(word[:40]))
    if not close:
        return said
    meant = _OTHER_WORDS.get(close[0], close[0])
    return f"{said} {texts('did-you-mean', word=f'`/inhouse {meant}`')}"


def _help(texts: Texts) -> list[blocks.Block]:
    return [blocks.section(texts(name)) for name in ("help-what", "help-ways", "help-commands")]


def _ask_to_forget(texts: Texts, *, everywhere: bool) -> list[blocks.Block]:
    question = texts("ask-forget-me" if everywhere else "ask-forget")
    action_id = FORGET_ME if everywhere else blocks.FORGET_ALL
    yes = blocks.button(texts("forget"), action_id, danger=True)
    return [blocks.section(question), blocks.actions(yes, blocks.button(texts("keep"), blocks.CANCEL))]


def _files(shares: Sequence[Share]) -> list[_File]:
    """Each file once, newest first. ``shares`` come oldest first."""
    newest = {share.file_id: share for share in shares}
    givers: dict[str, list[str]] = {}
    for share in shares:
        givers.setdefault(share.file_id, []).append(share.user)
    order = sorted(newest, key=lambda file_id: newest[file_id].message_ts, reverse=True)
    return [_File(newest[file_id], tuple(dict.fromkeys(givers[file_id]))) for file_id in order]


def _row(texts: Texts, file: _File, start: int, *, may_forget: bool) -> blocks.Block:
    share, people = file.newest, file.givers[-MOST_GIVERS:]
    name = blocks.linked(share.name, share.permalink)
    by = ", ".join(f"<@{user}>" for user in people if re.fullmatch(r"[UW][A-Z0-9]+", user))
    said = _state(texts, share)
    row = blocks.section(texts("files-line-by", name=name, state=said, people=by) if by else f"{name}: {said}")
    if not may_forget:
        return row
    button = blocks.button(texts("forget"), FORGET_LISTED, f"{start}/{share.file_id}")
    return blocks.with_accessory(row, button | {"confirm": _confirm(texts, share.name)})


def _menus(texts: Texts, shares: Sequence[Share]) -> list[blocks.Block]:
    """One menu to have a file summed up, and where a file has an earlier version, one for what changed."""
    read = [share for share in shares if share.state == "read" and share.document_id is not None]
    newer = {share.replaced_by for share in shares if share.replaced_by}
    menus = [_menu(texts("summarise-file"), blocks.SUMMARISE_FILE, read)] if read else []
    if changed := [share for share in read if share.file_id in newer]:
        menus.append(_menu(texts("compare-file"), blocks.COMPARE_FILE, changed))
    return [blocks.actions(*menus)] if menus else []


def _menu(label: str, action_id: str, shares: Sequence[Share]) -> blocks.Block:
    options = [blocks.option(blocks.status_name(share.name), share.file_id) for share in shares]
    return {
        "type": "static_select",
        "action_id": action_id,
        "placeholder": blocks.plain_text(label, 150),
        "options": options,
    }


def _state(texts: Texts, share: Share) -> str:
    note = blocks.escape(blocks.shorten(receipts.noted(texts, share.note), 300))
    if share.state == "failed":
        return texts("file-failed", note=note)
    if share.state == "read" and note:
        return texts("file-read-note", note=note)
    return texts({"read": "file-read", "replaced": "file-replaced"}.get(share.state, "file-reading"))


def _confirm(texts: Texts, name: str) -> blocks.Block:
    return {
        "title": blocks.plain_text(texts("forget-file-title"), 100),
        "text": blocks.plain_text(texts("forget-file-text", name=blocks.status_name(name)), 300),
        "confirm": blocks.plain_text(texts("forget"), 30),
        "deny": blocks.plain_text(texts("keep"), 30),
        "style": "danger",
    }


def traces(db: Tables, team: str, user: str) -> list[str]:
    """The conversations in which somebody left anything with us."""
    tables = ("shares", "turns", "feedback", "asides")
    sql = " union ".join(f"select channel from {table} where team = ? and user = ?" for table in tables)
    return [row["channel"] for row in rows(db, sql, (team, user) * len(tables))]
