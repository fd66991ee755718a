"""Whether a question asks for a summary or for what changed, rather than for an answer; in English and German.

A request is recognised by how it begins, and only where nothing is left over but a file's name: "summarise the
contract" is one, "summarise the termination clause" is a question about a file. Which file is meant is not decided
here. Knows words, and neither files nor conversations.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.dates import since, start_of_day


class Kind(StrEnum):
    """What is wanted."""

    FILE = "file"  # a summary of a file
    THREAD = "thread"
    SINCE = "since"  # of everything since a day
    CHANGES = "changes"  # between two versions of a file


@dataclass(frozen=True, slots=True)
class Intent:
    """``subject``: the words that should name a file, "" where none do. ``is_sure``: nothing else can be meant.

    ``file_id``: a file that was pointed at instead.
    """

    kind: Kind
    subject: str = ""
    since_s: float = 0.0
    is_sure: bool = False
    file_id: str = ""


def intent_of(text: str, now: datetime) -> Intent | None:
    """What ``text`` asks for; None where it is a question like any other."""
    said = _POLITE.sub("", text.strip().rstrip("?!. ")).strip()
    if (rest := _without(_MISSED, said)) is not None:
        return _missed(rest, now)
    if (rest := _without(_SUM_UP, said)) is not None:
        return _summary(rest, now)
    for pattern in (_CHANGED, _COMPARE):
        if (rest := _without(pattern, said)) is not None:
            return _changes(rest, now, is_vague=pattern is _COMPARE)
    return None


def summary_intent(text: str, now: datetime) -> Intent:
    """What `summary TEXT` asks for, as a command: whatever is no span of time is a file's name."""
    named = since(text, now)
    if named is not None and not _words(named.rest, _FILLER | _TALK):
        return Intent(Kind.SINCE, since_s=named.at_s, is_sure=True)
    words = _words(text, _FILLER)
    if words and _TALK.issuperset(words):
        return Intent(Kind.THREAD, is_sure=True)
    return Intent(Kind.FILE, text.strip() if words else "", is_sure=True)


def changes_intent(text: str) -> Intent:
    """What `changes TEXT` asks for, as a command."""
    is_named = bool(_words(text, _FILLER | _VERSION | _ANY_FILE))
    return Intent(Kind.CHANGES, text.strip() if is_named else "", is_sure=True)


def _missed(rest: str, now: datetime) -> Intent | None:
    """ "What did I miss since Monday?" and without a day, since yesterday."""
    named = since(rest, now)
    if _words(named.rest if named else rest, _FILLER | _TALK):
        return None
    return Intent(Kind.SINCE, since_s=named.at_s if named else start_of_day(now, 1).timestamp(), is_sure=bool(named))


def _summary(rest: str, now: datetime) -> Intent:
    named = since(rest, now)
    if named is not None and not _words(named.rest, _FILLER | _TALK):
        return Intent(Kind.SINCE, since_s=named.at_s, is_sure=True)
    words = _words(rest, _FILLER)
    if words and _TALK.issuperset(words):
        return Intent(Kind.THREAD, is_sure=True)
    return Intent(Kind.FILE, " ".join(words))


def _changes(rest: str, now: datetime, *, is_vague: bool) -> Intent | None:
    """``is_vague``: "compare" may mean anything unless versions, or files, are named."""
    words = _words(rest, _FILLER | _ANY_FILE)
    names_versions = not _VERSIONS.isdisjoint(words)
    if since(rest, now) is not None or (is_vague and not words):
        return None
    others = [word for word in words if word not in _VERSION]
    if is_vague and not names_versions and len(others) < 2:
        return None
    return Intent(Kind.CHANGES, " ".join(others), is_sure=names_versions)


def _without(pattern: re.Pattern[str], said: str) -> str | None:
    """What is left of a request without the words that make it one; None where it is none."""
    found = pattern.match(said)
    return None if found is None else " ".join(filter(None, (*found.groups(), said[found.end() :])))


def _words(text: str, known: frozenset[str]) -> list[str]:
    """The words of ``text`` that are not ``known``, file names whole."""
    return [word for word in re.findall(r"\w+(?:[.\-_']\w+)*", text.lower()) if word not in known]


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


_POLITE = re.compile(
    r"^(?:(?:hi|hey|hello|hallo|ok|okay|please|bitte|inhouse|and|und|now|jetzt|so|also)[\s,:]+)*"
    r"(?:(?:can|could|would|will) you\s+(?:please\s+)?|(?:kannst|könntest|würdest) du\s+(?:(?:bitte|mir|uns|mal)\s+)*"
    r"|(?:i'd like|i want|i need)\s+|(?:ich möchte|ich brauche|ich hätte gern)\s+)?",
    re.I,
)
_SUM_UP = re.compile(
    r"(?:summari[sz]e|sum\b(.*?)\bup|recap|tl;?\s?dr\b:?|fasse?t?\s(.*)\bzusammen\b|(.*)\bzusammenfassen$"
    r"|(?:(?:give|write|make|send|show) (?:me|us)?\s*)?(?:an? |the )?(?:(?:short|brief|quick) )?(?:summary|recap)\b"
    r"(?:\s+(?:of|on))?"
    r"|(?:(?:gib|schreib|mach|zeig)e? (?:mir|uns)?\s*)?(?:eine |die )?(?:kurze )?zusammenfassung\b)",
    re.I,
)
_MISSED = re.compile(
    r"(?:what (?:did|have) (?:i|we) miss(?:ed)?|catch me up|what(?:'s| is| has)? happened|what happened"
    r"|was (?:habe|hab) ich\b(.*?)\bverpasst|was ist\b(.*?)\bpassiert|was war\b(.*?)\blos)\b",
    re.I,
)
_CHANGED = re.compile(
    r"(?:what(?:'s|’s| is| are| has| have| was| were)?\s+(?:been\s+)?(?:the\s+)?"
    r"(?:changed|changes|different|differences|new (?=in|since|compared|about))"
    r"|(?:show|list|give)(?: me| us)? (?:the |all )?(?:changes|differences)"
    r"|what did (?:they|we|you|he|she|\w+) change|was (?:hat|haben) sich\s+(.*?)\s*\b(?:ge|ver)ändert"
    r"|was (?:ist|sind)\s+(?:(?:in|an|bei)\s+(.*?)\s*)?\b(?:neu|anders|geändert)\b"
    r"|was wurde\s+(.*?)\s*\b(?:geändert|verändert)"
    r"|(?:was sind|welche|zeig(?:e)?(?: mir| uns)?|nenn(?:e)?(?: mir| uns)?)(?: die| alle)? (?:änderungen|unterschiede)"
    r"(?: gibt es)?)",
    re.I,
)
_COMPARE = re.compile(r"(?:compare|differences? between|changes between|vergleiche?|unterschiede? zwischen)\b", re.I)
_FILLER = _listed(
    """the a an this that these those it its please me us for of from to in on about all short shortly briefly brief
    quickly quick whole entire complete content contents attached up here what which says say said is are there you
    can by der die das dem den des ein eine einen einem einer diese dieser dieses diesen diesem dies es mir uns mal
    bitte kurz knapp ganze ganzen gesamte gesamten inhalt inhalte angehängte angehängten von vom aus zu zum zur im
    in was steht doch hier über dazu alle auf an"""
)
_ANY_FILE = _listed(
    """file files document documents doc docs pdf attachment text datei dateien dokument dokumente dokuments anhang
    texte"""
)
_TALK = _listed(
    """thread conversation discussion discussions chat channel messages message talk everything all happened was were
    said discussed has have been so far until now we they since and morning
    faden thema unterhaltung diskussion diskussionen gespräch kanal nachrichten verlauf alles bisher bislang passiert
    ist war wurde wurden besprochen gesagt gab seitdem und beitrag beiträge früh"""
)
_VERSIONS = _listed(
    """version versions edition revision revisions draft drafts fassung fassungen versionen ausgabe stand entwurf
    entwürfe vorversion"""
)
_VERSION = _VERSIONS | _listed(
    """last latest previous older old new newer newest earlier first second both two since between and with vs versus
    against compared comparison than now
    letzte letzten letzter letzte vorige vorigen vorherige vorherigen alte alten alter neue neuen neuer neueste neuesten
    ältere älteren beide beiden zwei seit zwischen und mit gegenüber vergleich ersten zweiten erste zweite frühere
    früheren"""
)
