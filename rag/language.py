"""Which language a question is in, as far as its function words tell; a guess, never needed to be right.

Used for one thing: a trial model that knows only English must not pretend to know German.
"""

from __future__ import annotations

import re

_FUNCTION_WORDS = {
    "en": "the is are what which who how when where why does do did of and to in for with can must may this that has",
    "de": "der die das ist sind was welche welcher welches welchem welchen wer wie wann wo warum und zu für mit "
    "kann muss darf dieser hat den dem im auf von wurde wurden wird einer einem",
    "fr": "le la les est sont que quel quelle qui comment quand où pourquoi et pour avec peut doit cette des une dans",
    "es": "el la los las es son qué cuál quién cómo cuándo dónde por para con puede debe esta este una del hay",
    "it": "il lo gli è sono che quale chi come quando dove perché per con può deve questa questo una della nel",
    "nl": "de het een is zijn wat welke wie hoe wanneer waar waarom voor met kan moet mag deze dit van heeft",
    "pt": "o os as é são que qual quem como quando onde por para com pode deve esta este uma do da não",
}
_WORDS = {code: frozenset(words.split()) for code, words in _FUNCTION_WORDS.items()}


def guess_language(text: str) -> str | None:
    """An ISO 639-1 code, or None where the text is too short or too mixed to tell."""
    words = re.findall(r"[^\W\d_]+", text.lower())
    if words and sum(ord(c) > 0x24F for word in words for c in word) > sum(map(len, words)) / 2:
        return "other"  # not a Latin script
    counts = {code: sum(word in known for word in words) for code, known in _WORDS.items()}
    best = max(counts, key=lambda code: counts[code])
    runner_up = max(count for code, count in counts.items() if code != best)
    return best if counts[best] > runner_up else None
