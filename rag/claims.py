"""What a sentence claims that can be checked by looking: numbers, names, quotes, links, words.

Deterministic on purpose: no cosine and no model is fit to prove support (best published checkers
reach 77% balanced accuracy; cosine 50%: `docs/log.md`). A check that can be read can be trusted.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:[.,'’\u00a0\u202f]\d+)*(?![\w]*[a-z]\d)", re.I)
_CODE = re.compile(r"\b[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\b")  # one with a letter and a digit, see `_is_code`
# An address's lengths are bounded: this text may be anybody's, and must not cost more than its length.
_DATE = re.compile(r"(?<![\d/-])\d{1,4}([-/])\d{1,2}\1\d{1,4}(?![\d/-])")
_LINK = re.compile(r"(?:https?://|www\.)[^\s<>)\]]+|\b[\w.-]{1,64}@[\w-]{1,63}\.[\w.]{1,60}", re.I)
_QUOTED = re.compile(r"[\"“„«]([^\"“”„«»]{3,}?)[\"”“»]")
_BEGINS = re.compile(r"(?:^|[.!?…:]\s|[\"“„«])\W*$")  # what stands before a capital that every sentence has
_PART = re.compile(r"[^\W_]+")
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
_SMALL_NUMBERS = "zero one two three four five six seven eight nine ten eleven twelve".split()
_SMALL_NUMBERS_DE = "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf".split()
_NUMBER_WORDS = {word: str(i) for words in (_SMALL_NUMBERS, _SMALL_NUMBERS_DE) for i, word in enumerate(words)}
_MEASURE = re.compile(
    rf"(?P<sign>[€$£¥])?\s?\b(?P<number>\d[\d.,'’]*|{'|'.join(_NUMBER_WORDS)})\)?\s?-?(?P<unit>[€$£¥%]|[^\W\d_]+\b)?",
    re.I,
)
_UNITS = {
    spelling: unit
    for unit, spellings in {
        "euro": "€ eur euro euros",
        "dollar": "$ usd dollar dollars",
        "pound": "£ gbp pounds",
        "percent": "% percent prozent",
        "second": "s sec second seconds sekunde sekunden",
        "minute": "min minute minutes minuten",
        "hour": "h hour hours stunde stunden",
        "day": "day days tag tage tagen",
        "week": "week weeks woche wochen",
        "month": "month months monat monate monaten",
        "year": "year years jahr jahre jahren",
        **{unit: unit for unit in "mm cm m km g kg t ml l w kw mw v a mb gb tb".split()},
    }.items()
    for spelling in spellings.split()
}
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
    measures: frozenset[tuple[str, str]]  # (number, unit) where the unit is known: ("90", "day")
    codes: frozenset[str]
    names: frozenset[str]
    opening: str  # the first word: a name perhaps, which its capital does not tell
    quotes: tuple[str, ...]
    links: frozenset[str]
    words: frozenset[str]
    sequence: tuple[str, ...]  # every word in its order, stemmed
    negated: bool
    denied: frozenset[str]  # the word after each "not"


def claims_of(sentence: str) -> Claims:
    """The checkable parts of ``sentence``. Citation marks such as [1] are not part of it."""
    text = re.sub(r"\[\d+\]", "", sentence)
    links = frozenset(match.group().rstrip(".,;:!?") for match in _LINK.finditer(text))
    plain = _LINK.sub(" ", text)
    without_codes = _without_codes(plain)
    sequence = sequence_of(plain)
    return Claims(
        numbers=numbers_in(without_codes),
        measures=_measures(without_codes),
        codes=codes_in(plain),
        names=names_in(without_codes),
        opening=sequence[0] if sequence else "",
        quotes=tuple(squash(quote) for quote in _QUOTED.findall(plain)),
        links=links,
        words=content_words(plain),
        sequence=sequence,
        negated=bool(_NEGATION.search(plain)),
        denied=_denied(plain),
    )


def names_in(text: str) -> frozenset[str]:
    """Stems of words with a capital that no beginning of a sentence explains, "Annex B"'s B among them."""
    capitals = [part for part in _PART.finditer(text) if part.group()[0].isupper()]
    inside = [part for part in capitals if not _BEGINS.search(text[max(0, part.start() - 8) : part.start()])]
    # A beginning is explained by its place, unless a name goes on: "Anna Schmidt signed".
    inside += [a for a, b in pairwise(capitals) if b.start() == a.end() + 1 and a.group().lower() not in _STOP]
    return frozenset(stem(part.group()) for part in inside if not _is_no_name(part.group()))


def _is_no_name(word: str) -> bool:
    return word.lower() in _FILLER_NAMES or (len(word) > 1 and word.lower() in _UNITS)


def sequence_of(text: str) -> tuple[str, ...]:
    """All words of ``text``, stemmed, in their order; parts of hyphenated words stand alone."""
    words = (part.lower() for part in _PART.findall(text))
    return tuple(_MODALS.get(word) or stem(word) for word in words)


def _denied(text: str) -> frozenset[str]:
    found: set[str] = set()
    for match in _NEGATION.finditer(text):
        after = _PART.findall(text[match.end() : match.end() + 80])
        found |= {stem(word) for word in [w for w in after if w.lower() not in _STOP][:1]}
    return frozenset(found)


def numbers_in(text: str) -> frozenset[str]:
    """Numbers of ``text`` in one spelling: 1,200.50 and 1.200,50 are both 1200.5; "three" is 3."""
    found = {match.group() for match in _DATE.finditer(text)}  # compared as written, and whole
    text = _DATE.sub(" ", text)
    found |= {_canonical(match.group()) for match in _NUMBER.finditer(text)}
    found |= {_NUMBER_WORDS[word] for word in re.findall(r"[a-zäöüß]+", text.lower()) if word in _NUMBER_WORDS}
    # "one" and "eins" are mostly pronouns: as a number they prove nothing and forbid nothing.
    if "1" in found and not re.search(r"(?<![\d.,])1(?![\d.,]*\d)", text):
        found.discard("1")
    return frozenset(found)


def _measures(text: str) -> frozenset[tuple[str, str]]:
    found = set()
    for match in _MEASURE.finditer(text):
        unit = _UNITS.get((match["sign"] or match["unit"] or "").lower())
        if unit:
            number = match["number"].lower()
            found.add((_NUMBER_WORDS.get(number) or _canonical(number.rstrip(".,'’")), unit))
    return frozenset(found)


_ENDINGS = "ations ation ings ing edly ies ied ment es ed en er ly s e y".split()


def codes_in(text: str) -> frozenset[str]:
    """Codes such as error numbers and article numbers, in one spelling: E-07 and e07 are the same."""
    return frozenset(code.lower().replace("-", "") for code in _CODE.findall(text) if _is_code(code))


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
    return frozenset(stem(word) for word in words if word not in _STOP) | codes_in(text)


def asked_words(question: str) -> frozenset[str]:
    """`content_words` of a question, without those that only ask: "how long" says nothing of length."""
    return content_words(_HOW_MUCH.sub(" ", question))


def squash(text: str) -> str:
    """``text`` for verbatim comparison: one spelling of quotes, dashes and white space, no case."""
    text = unicodedata.normalize("NFKC", text).translate(_SAME)
    return re.sub(r"\s+", " ", text).strip().lower()


_SAME = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-", "\u00ad": None})


def _canonical(number: str) -> str:
    digits = re.sub(r"['’\u00a0\u202f]", "", number.lstrip("+"))
    if "," in digits and "." in digits:
        decimal = max(digits.rfind(","), digits.rfind("."))
        digits = re.sub(r"[.,]", "", digits[:decimal]) + "." + digits[decimal + 1 :]
    elif re.fullmatch(r"-?\d{1,3}(?:[.,]\d{3})+", digits):
        digits = re.sub(r"[.,]", "", digits)
    elif digits.count(",") == 1:
        digits = digits.replace(",", ".")
    elif digits.count(".") > 1 or digits.count(",") > 1:
        return digits  # a date or a version: compared as written
    whole, _, fraction = digits.partition(".")
    fraction = fraction.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{fraction}" if fraction else "")
