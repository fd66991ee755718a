"""Text that speaks to a language model rather than to people: a model never reads it here.

A list of what such text says in English and German; what it misses is held up by the checks of what a model writes.
"""

from __future__ import annotations

import re

_TO_THE_MODEL = re.compile(
    r"\b(?:ignor|disregard|forget|overrid|bypass|vergiss|vergess|missacht)\w*\W+(?:\w+\W+){0,3}?"
    r"(?:previous|prior|above|all|any|your|earlier|these|everything|alle|deine|bisherig\w*|vorherig\w*|obig\w*)\W+"
    r"(?:\w+\W+){0,3}?(?:instruct|prompt|rule|guideline|direction|anweisung|anleitung|vorgabe|regel|befehl)"
    r"|\bsystem\s?prompt\b|<\|\w+\|>|\[/?INST\]|^[^\w\n]{0,9}(?:system|assistant|instructions?)\s?:"
    r"|\byou are (?:now|no longer) (?:a|an|the)\b|\bdu bist (?:jetzt|nun|ab sofort) ein"
    r"|\b(?:dear|attention|note to|hinweis an) (?:the |die |den )?(?:ai|ki|llm|bot|assistant|assistent|model|modell)\b"
    r"|\bif you(?:'re| are) an? (?:ai|llm|bot|assistant|language model)\b|\bsummari[sz]er\b"
    r"|\bwhen(?:ever)? (?:you(?:'re| are)? )?summari[sz]\w+\b|\bwenn du .{0,40}zusammenfasst"
    r"|\b(?:in|to) your (?:summary|answer|reply|output)\b|\bin deine[rn]? (?:zusammenfassung|antwort)\b"
    r"|\b(?:write|reply|respond|answer|output|schreib|antworte)\b.{0,60}\b(?:and nothing else|und sonst nichts)\b",
    re.I | re.M,
)


def speaks_to_model(text: str) -> bool:
    """Whether ``text`` gives orders to whatever model may read it."""
    return bool(_TO_THE_MODEL.search(text))
