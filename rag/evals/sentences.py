"""Sentences made by rule from a paragraph, no model involved: true ones said otherwise, false ones bent in one place.

Each maker takes a `Spot` and gives a sentence, or None where its rule does not fit. Knows nothing of who judges them.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.claims import squash
from rag.moments import moments_in
from rag.types import Hit

_NUMBER = re.compile(r"(?<![\w.,])\d+(?:,\d+)*(?:\.\d+)?(?![\w,]*\d)")
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][a-zé]{2,}(?: [A-Z][a-zé]+)*\b")
_NOUN = re.compile(r"(?<=\b[Tt]he )[a-z]{4,}\b(?! [a-z]{4,}\b)")
_VERB = re.compile(r"\b(is|are|was|were|can|could|will|would|has been|have been|had been)\b(?! not)")
_NOT = re.compile(r"\b(not|never|no|without|neither|nor|none|cannot)\b|n't", re.IGNORECASE)
_CLAUSE = re.compile(
    r", (?:who|which|where|when|while|although|though|including|such as|because|since|as)\b[^,.;]+(?=[,.])"
)
_OPENING = re.compile(
    r"^((?:In|On|At|By|After|Before|During|When|While|Since|Although|As|From|Under|With)\b[^,]{8,}), ([^,]+)\.$"
)
_ASKS = re.compile(r"^(?:Who|What) (?P<rest>[a-z]+ed\b.+)\?$")


_CLAUSES = re.compile(
    r"^([^,;]{20,}?)(?:, (?:and|but|while|whereas)|;) (?=[^,;]*\b(?:is|are|was|were|has|had|have|[a-z]+ed)\b)"
)
_WHO_DID = re.compile(r"^(?:Who|What) (?P<verb>[a-z]+ed) (?P<what>(?:the|a|an|[A-Z]).+)\?$")
_AMOUNT = re.compile(
    r"(?<![\w.,$£€])(?P<number>\d[\d,]*(?:\.\d+)?)"
    r"(?:(?P<percent>%| percent)| (?P<scale>million|billion)|(?=,000))(?![\w.,]*\d)"
)
_SCALES = {"million": 1e6, "billion": 1e9}
_MONTH_NAMES = "January February March April May June July August September October November December".split()
_LISTED = re.compile(r"^(?:,|\s|and|or|–|-|to|[$£€%]|(?:[A-Z][a-zé]+))*$")


@dataclass(frozen=True, slots=True)
class Spot:
    """A question with the sentence its answer stands in."""

    article: int
    paragraph: str
    question: str
    answer: str
    sentence: str
    hits: tuple[Hit, ...]


Maker = Callable[[Spot, Sequence[Spot], random.Random], str | None]


def _verbatim(spot: Spot, _: Sequence[Spot], __: random.Random) -> str | None:
    return spot.sentence


def _shorter(spot: Spot, _: Sequence[Spot], __: random.Random) -> str | None:
    shorter = _CLAUSE.sub("", spot.sentence, count=1).replace(",.", ".")
    return shorter if len(shorter.split()) >= 6 and shorter != spot.sentence else None


def _turned(spot: Spot, _: Sequence[Spot], __: random.Random) -> str | None:
    found = _OPENING.match(spot.sentence)
    return f"{_upper(found[2])} {_lower(found[1])}." if found else None


def _answered(spot: Spot, _: Sequence[Spot], __: random.Random) -> str | None:
    found = _ASKS.match(spot.question)
    return f"{_upper(spot.answer)} {found['rest']}." if found else None


def _other_answer(spot: Spot, spots: Sequence[Spot], draw: random.Random) -> str | None:
    found = _ASKS.match(spot.question)
    others = [
        other.answer
        for other in spots
        if other.paragraph == spot.paragraph
        and squash(other.answer) not in squash(spot.answer)
        and squash(spot.answer) not in squash(other.answer)
        and other.answer[:1].isdigit() == spot.answer[:1].isdigit()
    ]
    return f"{_upper(draw.choice(others))} {found['rest']}." if found and others else None


def _other_number(spot: Spot, _: Sequence[Spot], draw: random.Random) -> str | None:
    return _swapped(spot, _NUMBER, draw)


def _other_name(spot: Spot, _: Sequence[Spot], draw: random.Random) -> str | None:
    return _swapped(spot, _NAME, draw)


def _other_noun(spot: Spot, _: Sequence[Spot], draw: random.Random) -> str | None:
    return _swapped(spot, _NOUN, draw)


def _swapped(spot: Spot, pattern: re.Pattern[str], draw: random.Random) -> str | None:
    here = list(pattern.finditer(spot.sentence))
    others = [text for text in dict.fromkeys(pattern.findall(spot.paragraph)) if text not in spot.sentence]
    if not here or not others:
        return None
    place = draw.choice(here)
    return spot.sentence[: place.start()] + draw.choice(others) + spot.sentence[place.end() :]


def _negated(spot: Spot, _: Sequence[Spot], __: random.Random) -> str | None:
    if _NOT.search(spot.sentence):
        return None
    text = _VERB.sub(r"\1 not", spot.sentence, count=1).replace("been not", "not been")
    return text if text != spot.sentence else None


def _from_elsewhere(spot: Spot, spots: Sequence[Spot], draw: random.Random) -> str | None:
    return draw.choice([other for other in spots if other.article != spot.article]).sentence


def _kept_clause(spot: Spot, _: Sequence[Spot], __: random.Random) -> str | None:
    """The first of two clauses that a comma and "and" or "but" join, each with a verb of its own."""
    found = _CLAUSES.match(spot.sentence)
    return f"{found[1]}." if found and len(found[1].split()) >= 6 else None


def _passive(spot: Spot, _: Sequence[Spot], __: random.Random) -> str | None:
    """ "Who founded the city?" and "Rollo": "The city was founded by Rollo"."""
    found = _WHO_DID.match(spot.question)
    return f"{_upper(found['what'])} was {found['verb']} by {spot.answer}." if found else None


def _reversed(spot: Spot, _: Sequence[Spot], __: random.Random) -> str | None:
    """The same turned into a falsehood: "The city founded Rollo"."""
    found = _WHO_DID.match(spot.question)
    return f"{_upper(found['what'])} {found['verb']} {spot.answer}." if found else None


def _date_respelt(spot: Spot, _: Sequence[Spot], draw: random.Random) -> str | None:
    return _with_date(spot, draw, 0)


def _date_altered(spot: Spot, _: Sequence[Spot], draw: random.Random) -> str | None:
    return _with_date(spot, draw, 1)


def _with_date(spot: Spot, draw: random.Random, later: int) -> str | None:
    whole = [m for m in moments_in(spot.sentence) if re.fullmatch(r"\d{4}-\d\d-\d\d", min(m.readings))]
    if not whole:
        return None
    moment = draw.choice(whole)
    year, month, day = map(int, min(moment.readings).split("-"))
    day = day % 28 + 1 if later else day
    spelling = draw.choice(
        ("{y}-{m:02d}-{d:02d}", "{d}.{m}.{y}", "{name} {d}, {y}", "{d} {name} {y}", "the {d}th of {name} {y}")
    )
    text = spelling.format(y=year, m=month, d=day, name=_MONTH_NAMES[month - 1])
    return spot.sentence[: moment.start] + text + spot.sentence[moment.end :]


def _amount_respelt(spot: Spot, _: Sequence[Spot], draw: random.Random) -> str | None:
    return _with_amount(spot, draw, 1)


def _amount_altered(spot: Spot, _: Sequence[Spot], draw: random.Random) -> str | None:
    return _with_amount(spot, draw, draw.choice((0.1, 10, 1000)))


def _with_amount(spot: Spot, draw: random.Random, factor: float) -> str | None:
    """1.2 million as 1,200,000 and the other way, 5% as 5 percent; times ``factor``."""
    found = list(_AMOUNT.finditer(spot.sentence))
    if not found:
        return None
    match = draw.choice(found)
    value = float(match["number"].replace(",", "")) * _SCALES.get(match["scale"] or "", 1) * factor
    if match["percent"]:
        text = f"{value:g} {'percent' if match['percent'] == '%' else '%'}"
    elif match["scale"] or value < 1e6:
        text = f"{value:,.0f}"
    else:
        text = f"{value / 1e6:.10g} million"
    return spot.sentence[: match.start()] + text + spot.sentence[match.end() :]


def _quoted(spot: Spot, _: Sequence[Spot], draw: random.Random) -> str | None:
    return _with_quote(spot, draw, None)


def _misquoted(spot: Spot, spots: Sequence[Spot], draw: random.Random) -> str | None:
    words = [word for word in re.findall(r"\b[a-z]{4,}\b", draw.choice(spots).paragraph) if word not in spot.sentence]
    return _with_quote(spot, draw, draw.choice(words)) if words else None


def _with_quote(spot: Spot, draw: random.Random, other: str | None) -> str | None:
    """Five words of the sentence in quotation marks, the middle one changed to ``other``."""
    words = spot.sentence.split()
    if len(words) < 9 or re.search(r"[\"“”‘’']", spot.sentence):
        return None
    start = draw.randrange(1, len(words) - 6)
    quote = words[start : start + 5]
    if other:
        quote[2] = other
    return " ".join([*words[:start], "“" + " ".join(quote).rstrip(",;:.") + "”", *words[start + 5 :]])


def _numbers_exchanged(spot: Spot, _: Sequence[Spot], draw: random.Random) -> str | None:
    """Two numbers of the sentence in each other's place, unless only "and" or a dash stands between them."""
    return _exchanged(spot.sentence, list(_NUMBER.finditer(spot.sentence)), draw)


def _names_exchanged(spot: Spot, _: Sequence[Spot], draw: random.Random) -> str | None:
    """Who did what to whom, reversed."""
    return _exchanged(spot.sentence, list(_NAME.finditer(spot.sentence)), draw)


def _exchanged(sentence: str, found: Sequence[re.Match[str]], draw: random.Random) -> str | None:
    pairs = [
        (a, b)
        for a in found
        for b in found
        if a.end() < b.start()
        and a.group() not in b.group()
        and b.group() not in a.group()
        and not _LISTED.match(sentence[a.end() : b.start()])
    ]
    if not pairs:
        return None
    a, b = draw.choice(pairs)
    between = sentence[a.end() : b.start()]
    return sentence[: a.start()] + b.group() + between + a.group() + sentence[b.end() :]


def _lent_number(spot: Spot, _: Sequence[Spot], __: random.Random) -> str | None:
    """A sentence's first clause alone, with the number of its second: "A lasts 60 months" of "A 36, and B 60"."""
    found = _CLAUSES.match(spot.sentence)
    if not found or len(found[1].split()) < 6:
        return None
    here, there = list(_NUMBER.finditer(found[1])), _NUMBER.findall(spot.sentence[len(found[1]) :])
    there = [number for number in there if number not in found[1]]
    if len(here) != 1 or not there:
        return None
    return found[1][: here[0].start()] + there[0] + found[1][here[0].end() :] + "."


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


TRUE: dict[str, Maker] = {
    "verbatim": _verbatim,
    "clause dropped": _shorter,
    "clause kept": _kept_clause,
    "order turned": _turned,
    "question answered": _answered,
    "made passive": _passive,
    "date respelt": _date_respelt,
    "amount respelt": _amount_respelt,
    "quoted": _quoted,
}
FALSE: dict[str, Maker] = {
    "number swapped": _other_number,
    "name swapped": _other_name,
    "noun swapped": _other_noun,
    "answer swapped": _other_answer,
    "not inserted": _negated,
    "from elsewhere": _from_elsewhere,
    "numbers exchanged": _numbers_exchanged,
    "names exchanged": _names_exchanged,
    "number lent": _lent_number,
    "roles reversed": _reversed,
    "date altered": _date_altered,
    "amount altered": _amount_altered,
    "quote altered": _misquoted,
}
