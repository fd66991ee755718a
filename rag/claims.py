"""What a sentence claims that can be checked by looking: numbers, names, quotes, links, words.

Deterministic on purpose: no cosine and no model is fit to prove support (best published checkers
reach 77% balanced accuracy; cosine 50%: `docs/log.md`). A check that can be read can be trusted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from rag.moments import Moment, moments_in
from rag.numbers import UNITS, bounds_of, measures_of, numbers_of, plain_numbers, ranges_of

_CODE = re.compile(r"\b[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\b")  # one with a letter and a digit, see `_is_code`
# An address's lengths are bounded: this text may be anybody's, and must not cost more than its length.
_LINK = re.compile(r"(?:https?://|www\.)[^\s<>)\]]+|\b[\w.-]{1,64}@[\w-]{1,63}\.[\w.]{1,60}", re.I)
_BARE_LINK = re.compile(
    r"(?<![\w@./-])(?:[a-z0-9-]{2,63}\.){1,4}(?:com|org|net|edu|gov|info|biz|app|dev|io|ai|co|me|de|at|ch|eu|uk|fr|it|"
    r"es|nl|pl|cz|ru|cn|us|xyz|top|site|online|shop|ly|example|test)\b(?![.-]\w)(?:/[^\s<>)\]]*)?",
    re.I,
)
_QUOTED = re.compile(
    r"[\"“”„«»]([^\"“”„«»]{3,}?)[\"“”»«]|(?<!\w)[‘‚]([^‘’‚]{3,}?)[’‘](?!\w)|(?<!\w)'([^'\n]{3,}?)'(?!\w)"
)
_BEGINS = re.compile(r"(?:^|[.!?…:]\s|[\"“„«])\W*$")  # what stands before a capital that every sentence has
_PART = re.compile(r"[^\W_]+")
_TOKEN = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)*(?!\w)|[^\W_]+|[,;:()–—?!.|](?=\s|$)|\s[-–—]\s")
_HOW_MUCH = re.compile(
    r"\b(?:how (?:long|much|many|often|far|big|soon|old)|wie (?:lange|viele?|oft|weit|groß))\b", re.I
)
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|neither|nor|without|cannot|nicht|kein\w*|nie|niemals|ohne|weder)\b|n['’]t\b", re.I
)
# In a contract "may" and "must" are the whole difference; their synonyms are not.
_MODALS = {word: "may" for word in "may can might could darf dürfen kann können".split()}
_MODALS |= {word: "must" for word in "must shall muss müssen soll sollen".split()}
MODALS = frozenset(_MODALS.values())
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split()
_ORDINALS_DE = "erste zweite dritte vierte fünfte sechste siebte achte neunte zehnte elfte zwölfte".split()
_NTH = {1: "1st", 2: "2nd", 3: "3rd"}
_ORDINAL = {
    f"{word}{ending}": _NTH.get(number, f"{number}th")
    for words, endings in ((_ORDINALS, ("",)), (_ORDINALS_DE, ("", "n", "r", "s", "m")))
    for number, word in enumerate(words, 1)
    for ending in endings
}
ORDINALS = frozenset(_ORDINAL.values())
BREAK = ","  # where a clause ends, among the tokens of a sentence
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_STOP = frozenset(
    """a an the this that these those it its he she they them their his her we our you your i my me is are was were
    be been being am do does did done have has had having will would can could may might must shall should to of
    in on at by for with from as into about than then so and or but if when while which who whom whose what where
    why how there here also only just very more most such any all each every some other same own per not no nor
    never because according based document documents passage passages file files text context question answer
    states says stated mentioned provided given following section information der die das den dem des ein eine
    einer eines einem einen und oder aber wenn als wie wo was wer wem wen ist sind war waren sein hat haben hatte
    wird werden wurde wurden kann können muss müssen soll sollen darf dürfen zu im in an am auf für mit von vom
    aus bei nach über unter um bis durch auch nur noch schon so sich es er sie wir ihr ich man dass daß nicht kein
    keine dieser diese dieses laut""".split()
)
_FILLER_NAMES = frozenset("according based the this it in yes no answer question passage passages i".split())


@dataclass(frozen=True, slots=True)
class Claims:
    """What `claims_of` found in one sentence; all values normalised."""

    numbers: frozenset[str]
    moments: frozenset[frozenset[str]]  # dates and times, each with the readings of which one is enough
    implied: frozenset[str]  # what its dates and times prove
    measures: frozenset[tuple[str, str]]  # (number, unit) where the unit is known: ("90", "day")
    bounds: frozenset[tuple[str, str]]  # (number, ">") for "at least", (number, "<") for "at most"
    ranges: frozenset[tuple[str, str]]  # both ends of "10 to 12"
    codes: frozenset[str]
    names: frozenset[str]
    opening: str  # the first word: a name perhaps, which its capital does not tell
    quotes: tuple[str, ...]
    links: frozenset[str]
    words: frozenset[str]
    tokens: tuple[str, ...]  # every word in its order, stemmed, numbers and dates whole, `BREAK` between clauses
    negated: bool
    denied: frozenset[str]  # the word after each "not"

    @property
    def sequence(self) -> tuple[str, ...]:
        """The tokens without the breaks."""
        return tuple(token for token in self.tokens if token != BREAK)


def claims_of(sentence: str) -> Claims:
    """The checkable parts of ``sentence``. Citation marks such as [1] are not part of it."""
    text = re.sub(r"\[\d+\]", "", visible(sentence))
    unlinked = _LINK.sub(" ", text)
    moments = moments_in(unlinked)
    parts = [plain_numbers(part) for part in _between(unlinked, moments)]
    plain = " ".join(parts)
    without_codes = _without_codes(plain)
    tokens = _tokens(parts, moments)
    return Claims(
        numbers=numbers_of(without_codes),
        moments=frozenset(moment.readings for moment in moments),
        implied=frozenset[str]().union(*(moment.implied for moment in moments)),
        measures=measures_of(without_codes),
        bounds=bounds_of(without_codes),
        ranges=ranges_of(without_codes),
        codes=codes_in(plain),
        names=names_in(without_codes),
        opening=next((token for token in tokens if token != BREAK), ""),
        quotes=tuple(filter(None, map(_quote, _QUOTED.findall(unlinked)))),
        links=_links(text, unlinked),
        words=content_words(plain),
        tokens=tokens,
        negated=bool(_NEGATION.search(plain)),
        denied=_denied(plain),
    )


def visible(text: str) -> str:
    """``text`` without the characters that nobody sees, which would part an address or a word."""
    return _INVISIBLE.sub("", text)


def _between(text: str, moments: Sequence[Moment]) -> list[str]:
    """What stands before, between and after ``moments``."""
    starts = [0, *(moment.end for moment in moments)]
    ends = [*(moment.start for moment in moments), len(text)]
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


def _tokens(parts: Sequence[str], moments: Sequence[Moment]) -> tuple[str, ...]:
    found = [*_tokens_of(parts[0])]
    for moment, part in zip(moments, parts[1:], strict=True):
        found += [min(moment.readings), *_tokens_of(part)]
    return tuple(found)


def _tokens_of(text: str) -> list[str]:
    whole = _CODE.sub(lambda match: _code(match.group()) if _is_code(match.group()) else match.group(), text)
    marks = (match.group().strip() for match in _TOKEN.finditer(whole))
    return [_token(mark.lower()) if mark[-1:].isalnum() else BREAK for mark in marks]


def _token(word: str) -> str:
    is_number = not any(char.isalpha() for char in word)
    return word if is_number else _MODALS.get(word) or _ORDINAL.get(word) or stem(word)


def _links(text: str, unlinked: str) -> frozenset[str]:
    whole = (match.group().rstrip(".,;:!?'\"*_") for match in _LINK.finditer(text))
    bare = (match.group().rstrip(".,;:!?'\"*_") for match in _BARE_LINK.finditer(unlinked))
    return frozenset([*whole, *bare])


def _quote(groups: tuple[str, ...]) -> str:
    return squash("".join(groups)).strip(" .,;:!?")


def names_in(text: str) -> frozenset[str]:
    """Stems of words with a capital that no beginning of a sentence explains, "Annex B"'s B among them."""
    capitals = [part for part in _PART.finditer(text) if part.group()[0].isupper()]
    inside = [part for part in capitals if not _BEGINS.search(text[max(0, part.start() - 8) : part.start()])]
    # A beginning is explained by its place, unless a name goes on: "Anna Schmidt signed".
    inside += [a for a, b in pairwise(capitals) if b.start() == a.end() + 1 and a.group().lower() not in _STOP]
    return frozenset(_token(part.group().lower()) for part in inside if not _is_no_name(part.group()))


def _is_no_name(word: str) -> bool:
    return word.lower() in _FILLER_NAMES or (len(word) > 1 and word.lower() in UNITS)


def _denied(text: str) -> frozenset[str]:
    found: set[str] = set()
    for match in _NEGATION.finditer(text):
        after = _PART.findall(text[match.end() : match.end() + 80])
        found |= {stem(word) for word in [w for w in after if w.lower() not in _STOP][:1]}
    return frozenset(found)


def numbers_in(text: str) -> frozenset[str]:
    """Numbers and dates of ``text`` in one spelling: 1,200.50 and 1.200,50 are both 1200.5; "three" is 3."""
    moments = moments_in(text)
    plain = " ".join(plain_numbers(part) for part in _between(text, moments))
    return numbers_of(plain) | {min(moment.readings) for moment in moments}


_ENDINGS = "ations ation ings ing edly ies ied ment es ed en er ly s e y".split()


def codes_in(text: str) -> frozenset[str]:
    """Codes such as error numbers and article numbers, in one spelling: E-07 and e07 are the same."""
    return frozenset(_code(code) for code in _CODE.findall(text) if _is_code(code))


def _code(word: str) -> str:
    return word.lower().replace("-", "")


def _is_code(word: str) -> bool:
    is_measure = re.fullmatch(r"\d+(?:-[a-zäöüß]{3,})+", word)  # the 90-day notice, a 12-month term
    return any(c.isdigit() for c in word) and any(c.isalpha() for c in word) and not is_measure


def _without_codes(text: str) -> str:
    return _CODE.sub(lambda match: " " if _is_code(match.group()) else match.group(), text)


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """A word without case, accents and the commonest English and German endings."""
    folded = "".join(c for c in unicodedata.normalize("NFKD", word.lower()) if not unicodedata.combining(c))
    while ending := next((e for e in _ENDINGS if folded.endswith(e) and len(folded) - len(e) >= 3), ""):
        folded = folded[: -len(ending)]
    return folded[:-1] if len(folded) > 3 and folded[-1] == folded[-2] else folded


def content_words(text: str) -> frozenset[str]:
    """Stems of the words that carry meaning, codes such as ``E07`` included, plain numbers not."""
    parts = _PART.findall(_NEGATION.sub(" ", _without_codes(text)))
    words = (part.lower() for part in parts if len(part) > 1 and not part.isdigit())
    return frozenset(_ORDINAL.get(word) or stem(word) for word in words if word not in _STOP) | codes_in(text)


def asked_words(question: str) -> frozenset[str]:
    """`content_words` of a question, without those that only ask: "how long" says nothing of length."""
    return content_words(_HOW_MUCH.sub(" ", question))


def squash(text: str) -> str:
    """``text`` for verbatim comparison: one spelling of quotes, dashes and white space, no case."""
    text = unicodedata.normalize("NFKC", visible(text)).translate(_SAME)
    return re.sub(r"\s+", " ", text).strip().lower()


_SAME = str.maketrans("’‘‚‛`´“”„‟«»–—‐‑‒―−", "'" * 6 + '"' * 6 + "-" * 7)
