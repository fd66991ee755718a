"""Numbers in one spelling: "1,200,000", "1.200.000", "1.2 million" and "1,2 Mio." are 1200000, "fifty" is 50.

`plain_numbers` rewrites a text so; what else is here reads such a text. Knows units and bounds, no dates.
"""

from __future__ import annotations

import re
from decimal import Decimal

_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
_ONES += "seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_ONES_DE = "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn "
_ONES_DE += "siebzehn achtzehn neunzehn"
_TENS_DE = "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig".split()
_WORDS = {word: number for number, word in enumerate(_ONES.split())}
_WORDS |= {word: 10 * number for number, word in enumerate(_TENS, 2)}
_WORDS_DE = {word: number for number, word in enumerate(_ONES_DE.split())}
_WORDS_DE |= {word: 10 * number for number, word in enumerate(_TENS_DE, 2)} | {"dreissig": 30, "eins": 1, "": 0}
_SCALES = {"hundred": 100, "thousand": 10**3, "tausend": 10**3, "tsd": 10**3, "hundert": 100}
_SCALES |= dict.fromkeys("million millionen mio mn mln".split(), 10**6)
_SCALES |= dict.fromkeys("billion milliarde milliarden mrd bn".split(), 10**9)
_SCALES |= {"trillion": 10**12}
_WORD = rf"(?:{'|'.join([*_WORDS, 'hundred', 'thousand'])})\b"
_WORD_RUN = re.compile(rf"(?<!\d )\b{_WORD}(?:(?:[\s-]|\sand\s){_WORD})*", re.IGNORECASE)
_GERMAN = re.compile(
    r"\b(?:null|eins|zwei|drei|vier|fünf|sech|sieb|acht|neun|zehn|elf|zwölf|zwanzig|ein|hundert|tausend)[a-zäöüß]*\b",
    re.I,
)
_GERMAN_TENS = re.compile(
    rf"(?:(?P<ones>{'|'.join(_ONES_DE.split()[1:10])})und)?(?P<tens>{'|'.join(_TENS_DE)}|dreissig)$"
)
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:[.,'’\u00a0\u202f]\d+)*(?![\w]*[a-z]\d)", re.I)
_FREE_NUMBER = re.compile(rf"(?<![^\W\d_]-){_NUMBER.pattern}", re.I)  # no part of a code such as E-07
_SCALED = re.compile(
    rf"(?P<number>(?<![\w.])-?\d+(?:[.,'’\u00a0\u202f]\d+)*)(?:\s?-?(?P<scale>{'|'.join(_SCALES)})\b\.?)", re.IGNORECASE
)
_A_MILLION = re.compile(r"\b(?:an?|one|eine)\s+(?=(?:million|billion|trillion|milliarde)\b)", re.IGNORECASE)
_MONEY = re.compile(r"(?P<sign>[€$£¥]\s?)(?P<number>\d+(?:[.,]\d+)*)(?P<scale>[kKmMbB])\b")
_MINUS = re.compile(r"(?:\bminus\s+|−\s?|(?<=[\s(])[–—](?=\d))(?=\d)", re.IGNORECASE)
_GLUED = re.compile(r"(?<![\w.,-])(\d+(?:[.,]\d+)?)(kg|km|mm|cm|ml|kW|kWh|MW|MB|GB|TB|ms|min|mA|kV|Hz|kHz|MHz|GHz)\b")
UNITS = {
    spelling: unit
    for unit, spellings in {
        "euro": "€ eur euro euros",
        "dollar": "$ usd dollar dollars",
        "pound": "£ gbp pounds",
        "percent": "% percent prozent pct",
        "second": "s sec second seconds sekunde sekunden",
        "minute": "min minute minutes minuten",
        "hour": "h hour hours stunde stunden",
        "day": "day days tag tage tagen",
        "week": "week weeks woche wochen",
        "month": "month months monat monate monaten",
        "year": "year years jahr jahre jahren",
        "mm": "mm millimetre millimetres millimeter millimeters",
        "cm": "cm centimetre centimetres centimeter centimeters zentimeter",
        "m": "m metre metres meter meters",
        "km": "km kilometre kilometres kilometer kilometers",
        "g": "g gram grams gramm",
        "kg": "kg kilo kilos kilogram kilograms kilogramm",
        "l": "l litre litres liter liters",
        **{unit: unit for unit in "t ml w kw kwh mw v a mb gb tb hz khz mhz ghz".split()},
    }.items()
    for spelling in spellings.split()
}
_MEASURE = re.compile(
    r"(?P<sign>[€$£¥])?\s?(?<![\w.])(?P<number>-?\d+(?:\.\d+)?)\)?\s?-?"
    r"(?:(?P<unit>[€$£¥%]|[^\W\d_]+\b)(?:\s(?P<next>[^\W\d_]{3,}\b))?)?"  # "500 operating hours"
)
_BOUNDS = (
    (">", r"(?:at least|no(?:t)? (?:less|fewer) than|a minimum of|mindestens|wenigstens|nicht weniger als)"),
    ("<", r"(?:at most|no(?:t)? more than|a maximum of|up to|höchstens|maximal|nicht mehr als|bis zu)"),
    (">", r"(?:more than|greater than|over|above|exceeding|mehr als|über)"),
    ("<", r"(?:less than|fewer than|under|below|weniger als|unter)"),
)
_BOUND = tuple(
    (side, re.compile(rf"\b{words}\s+(?:[€$£]\s?)?(-?\d+(?:\.\d+)?)", re.IGNORECASE)) for side, words in _BOUNDS
)
_BOUND_AFTER = re.compile(
    r"(?<![\w.])(\d+(?:\.\d+)?)(?:\s?[%€$£]|\s\w+)?\s(?:or|oder)\s(?:(more|mehr|later|older)|(less|fewer|weniger))\b",
    re.I,
)
_RANGE = re.compile(
    r"(?<![\w.-])(\d+(?:\.\d+)?)\s?(?:-|–|—|\bto\b|\bbis\b)\s?(\d+(?:\.\d+)?)(?![\w.-]*\d)", re.IGNORECASE
)


def plain_numbers(text: str) -> str:
    """``text`` with each number in digits, a point before its decimals and nothing between its thousands.

    "One" stays a word: it is mostly a pronoun, which proves nothing and forbids nothing.
    """
    text = _GLUED.sub(r"\1 \2", _MINUS.sub("-", text))
    text = _A_MILLION.sub("1 ", text)
    text = _WORD_RUN.sub(lambda match: _english(match.group()), text)
    text = _GERMAN.sub(lambda match: _german_or_same(match.group()), text)
    text = re.sub(r"\bper cent\b|\bv\.\s?H\.", "percent", text)
    text = _MONEY.sub(_scaled, text)
    text = _SCALED.sub(_scaled, text)
    return _FREE_NUMBER.sub(lambda match: _canonical(match.group()), text)


def numbers_of(text: str) -> frozenset[str]:
    """The numbers of a text from `plain_numbers`."""
    return frozenset(match.group().lstrip("+") for match in _NUMBER.finditer(text))


def measures_of(text: str) -> frozenset[tuple[str, str]]:
    """Numbers with their unit, where it is a known one: ("90", "day")."""
    found = set()
    for match in _MEASURE.finditer(text):
        near = (match["sign"], match["unit"], match["next"])
        unit = next((UNITS[word.lower()] for word in near if word and word.lower() in UNITS), None)
        if unit:
            found.add((match["number"], unit))
    return frozenset(found)


def bounds_of(text: str) -> frozenset[tuple[str, str]]:
    """Numbers said to be a least (">") or a most ("<")."""
    found: set[tuple[str, str]] = set()
    taken: set[int] = set()
    for side, pattern in _BOUND:
        for match in pattern.finditer(text):
            if match.start(1) not in taken:  # "not more than" is no "more than"
                taken.add(match.start(1))
                found.add((match[1], side))
    found |= {(match[1], ">" if match[2] else "<") for match in _BOUND_AFTER.finditer(text)}
    return frozenset(found)


def ranges_of(text: str) -> frozenset[tuple[str, str]]:
    """Both ends of "10 to 12"; those of two years are two dates rather than one amount."""
    pairs = ((match[1], match[2]) for match in _RANGE.finditer(text))
    return frozenset((low, high) for low, high in pairs if not (_is_year(low) and len(high) in {2, 4}))


def _is_year(number: str) -> bool:
    return len(number) == 4 and number[0] in "12"


def _english(run: str) -> str:
    """The numbers that a run of number words spells: "two hundred and fifty" is one, "five six" are two."""
    if run.lower() == "one":
        return run
    words = [word for word in re.split(r"[\s-]+", run.lower()) if word != "and"]
    values: list[int] = []
    total, current, room = 0, 0, 0  # room: what may still be added to the number that is being read
    for word in words:
        if word in _SCALES:
            total, current = (
                (total, max(current, 1) * 100) if word == "hundred" else (total + max(current, 1) * 1000, 0)
            )
            room = 99 if word == "hundred" else 999
        elif values and _WORDS[word] > room:
            values.append(total + current)
            total, current, room = 0, _WORDS[word], 9 if word in _TENS else 0
        else:
            current += _WORDS[word]
            room = 9 if word in _TENS else 0
            values = values or [-1]
    return " ".join(str(value) for value in [*values[1:], total + current])


def _german_or_same(word: str) -> str:
    value = None if word.lower() in {"ein", "eins"} else _german(word.lower())
    return word if value is None else str(value)


def _german(word: str) -> int | None:
    for name, scale in (("tausend", 1000), ("hundert", 100)):
        if name in word:
            before, _, after = word.partition(name)
            many, rest = _german(before) if before else 1, _german(after.removeprefix("und"))
            return None if many is None or rest is None else many * scale + rest
    tens = _GERMAN_TENS.match(word)
    if tens:
        return _WORDS_DE[tens["tens"]] + _WORDS_DE[tens["ones"] or ""]
    return _WORDS_DE.get(word)


def _scaled(match: re.Match[str]) -> str:
    letters = {"k": 10**3, "m": 10**6, "b": 10**9}
    scale = match["scale"].lower()
    many = Decimal(_canonical(match["number"])) * (_SCALES.get(scale) or letters[scale])
    sign = match.groupdict().get("sign") or ""
    return f"{sign}{_canonical(format(many, 'f'))}"


def _canonical(number: str) -> str:
    """One spelling: 1,200.50 and 1.200,50 are both 1200.5. A version or a section (2.10.1) stays as it is."""
    digits = re.sub(r"['’\u00a0\u202f]", "", number.lstrip("+"))
    if "," in digits and "." in digits:
        decimal = max(digits.rfind(","), digits.rfind("."))
        digits = re.sub(r"[.,]", "", digits[:decimal]) + "." + digits[decimal + 1 :]
    elif re.fullmatch(r"-?\d{1,3}(?:[.,]\d{3})+", digits):
        digits = re.sub(r"[.,]", "", digits)
    elif digits.count(",") == 1:
        digits = digits.replace(",", ".")
    elif digits.count(".") > 1 or digits.count(",") > 1:
        return digits
    sign, digits = ("-", digits[1:]) if digits.startswith("-") else ("", digits)
    whole, _, fraction = digits.partition(".")
    fraction = fraction.rstrip("0")
    return sign + (whole.lstrip("0") or "0") + (f".{fraction}" if fraction else "")
