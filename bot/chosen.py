"""Which files of a conversation a few words mean, and which two of them are versions of one.

Knows shares and their names, and nothing of what the files say. What it is given is what may be seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.records import Share
from rag.naming import named_files

# What people call a file whatever it is named.
_ANY_FILE = frozenset(
    """contract agreement lease report letter policy manual handbook guide slides presentation deck spreadsheet table
    sheet workbook list invoice offer quote quotation minutes protocol paper article memo plan proposal specification
    vertrag vereinbarung bericht brief richtlinie handbuch anleitung folien präsentation tabelle liste rechnung angebot
    protokoll artikel plan vorschlag konzept
    file files document documents doc docs pdf attachment text datei dateien dokument dokumente dokuments anhang texte
    vertrags berichts briefs handbuchs artikels plans vorschlags konzepts""".split()
)
_BETWEEN = frozenset("and or with vs und oder mit the der die das den dem".split())
_VERSION_MARKS = frozenset(
    "v ver version fassung rev revision draft entwurf final neu new alt old copy kopie stand updated".split()
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two versions of one file."""

    old: Share
    new: Share


def distinct(shares: Iterable[Share]) -> tuple[Share, ...]:
    """Each document once, under the name it was given last; the newest first."""
    oldest_first = sorted(shares, key=lambda share: float(share.message_ts))
    return tuple({share.document_id: share for share in oldest_first}.values())[::-1]


def meant(words: str, shares: Sequence[Share]) -> tuple[Share, ...]:
    """Those of ``shares`` that ``words`` name; what any file is called means them all."""
    lowered = words.casefold()
    exact = [share for share in shares if share.name.casefold() in lowered]
    names = set(named_files(words, [share.name for share in shares])) if not exact else set()
    found = exact or [share for share in shares if share.name in names]
    if found:
        return distinct(found)
    wanted = _words(words) - _BETWEEN
    if not wanted:
        return ()
    holding = [share for share in shares if wanted <= _words(share.name)]
    return distinct(holding or (shares if wanted <= _ANY_FILE else ()))


def versions_of(subject: str, shares: Sequence[Share], thread_ts: str, *, is_sure: bool) -> Pair | None:
    """The two versions that are meant: those named, else the newest pair of the thread, else of the conversation.

    ``shares`` hold replaced ones too. ``is_sure``: versions were spoken of, so any two files of a kind may be them.
    """
    if subject:
        named = meant(subject, shares)
        if len({share.name.casefold() for share in named}) == 2:
            return _pair(named)
        return newest_pair(named, shares) if len({share.name.casefold() for share in named}) == 1 else None
    own = [share for share in shares if share.thread_ts == thread_ts]
    for pool in (own, shares):
        if pair := newest_pair(distinct(pool), shares) or (_pair(distinct(pool)) if is_sure else None):
            return pair
    return None


def newest_pair(files: Sequence[Share], shares: Sequence[Share]) -> Pair | None:
    """The first, that is the newest, of ``files`` that has an earlier version, with the last of those."""
    for new in files:
        earlier = [s for s in shares if _is_earlier_version(s, new)]
        if earlier:
            same = [s for s in earlier if s.name.casefold() == new.name.casefold()]
            return Pair(max(same or earlier, key=lambda share: float(share.message_ts)), new)
    return None


def _is_earlier_version(old: Share, new: Share) -> bool:
    is_earlier = float(old.message_ts) < float(new.message_ts) or (
        old.message_ts == new.message_ts and _marks(old.name) < _marks(new.name)
    )
    return is_earlier and old.document_id != new.document_id and _stem(old.name) == _stem(new.name)


def _pair(files: Sequence[Share]) -> Pair | None:
    """Two files that are all there is, the earlier one as the older version."""
    if len(files) != 2 or files[0].kind != files[1].kind:
        return None
    old, new = sorted(files, key=lambda share: (float(share.message_ts), _marks(share.name)))
    return Pair(old, new)


def _stem(name: str) -> str:
    """A name without its extension and without what tells versions apart; the whole where nothing else is left."""
    words = re.findall(r"[^\W\d_]+|\d+", re.sub(r"(?<=.)\.\w{1,5}$", "", name).casefold())
    kept = len(words)
    while kept and (words[kept - 1].isdecimal() or words[kept - 1] in _VERSION_MARKS):
        kept -= 1
    return " ".join(words[:kept] or words)


def _marks(name: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", name)))


def _words(text: str) -> frozenset[str]:
    spaced = re.sub(r"(?<=[a-zäöü])(?=[A-ZÄÖÜ])", " ", text)
    return frozenset(re.findall(r"[^\W_]+", spaced.casefold()))
