"""How much a sentence carries: what its wording tells, and which of many say most without saying it twice.

Knows English and German wording, and vectors; nothing of where a sentence stands.
"""

from __future__ import annotations

import re

import numpy as np

from rag.sentences import split_sentences

REPEATS, SAME = 0.7, 0.93  # what likeness to a line already chosen costs, and from where two say the same


def any_of(words: str) -> re.Pattern[str]:
    """A pattern for whole words; ``*`` stands for any ending, ``_`` for a space."""
    listed = "|".join(words.replace("*", r"\w*").replace("_", r"\s").split())
    return re.compile(rf"(?<![^\W_])(?:{listed})(?![^\W_])", re.I)


DECIDING = any_of(
    "decid* decision agree* approv* confirm* settled let['’]?s going_with go_with beschl* entschied* entscheid* "
    "einig* einverstanden genehmigt freigegeben bestätig* machen_wir nehmen_wir abgemacht"
)
_ORDINAL = re.compile(r"(?<=\d)\.(?= (?:[a-zäöü]|Jan|Feb|Mär|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez))")
LINK = re.compile(r"<?(?:https?://|www\.)\S+|:[a-z0-9_+-]+:", re.I)  # or an emoji's name
_POLITE = any_of(
    "hi hey hello hallo moin servus morning guten good_morning thank* thx danke* vielen merci cheers great nice cool "
    "super perfect perfekt awesome ok okay yes yep yeah ja no_worries np welcome gern* lgtm sgtm same klar haha wow "
    "that['’]?s_(?:a_)?(?:great|good|awesome|amazing|cool|nice) sounds glad good_luck can['’]?t_wait viel_erfolg freut"
)
_SIGNALS = (
    (re.compile(r"\?\W{0,5}$"), 0.1),
    (DECIDING, 0.22),
    (any_of("we['’]ll we_will because cause* fixed resolved mitigated done until deadline found_out"), 0.12),
    (any_of("open offen wir_werden weil ursache* behoben gelöst erledigt bis frist klären herausgefunden"), 0.12),
    (any_of("i['’]ll i_will i_can_take ich_kümmere ich_übernehme ich_schicke ich_mache ich_bereite ich_frage"), 0.1),
    (any_of(r"\w+day \w+tag mittwoch tomorrow \d+[.:/]\d+ [a-z]*uary march april june july august \w+ember"), 0.06),
    (re.compile(r"[€$£%]|\b(?:EUR|USD|euros?|dollars?|percent|Prozent)\b|\b\d+k\b", re.I), 0.08),
    (re.compile(r"\d\D{2,80}\d"), 0.06),  # two numbers
    (re.compile(r"\d|(?<!\w)@\w"), 0.05),
)


def sentences_of(text: str) -> list[str]:
    """Its sentences, verbatim; a German date is not the end of one: "bis zum 12. September"."""
    return [each.replace("\u2060", "") for each in split_sentences(_ORDINAL.sub(".\u2060", text))]


def weight(text: str) -> float:
    """What the wording of a sentence adds to how central it is (a cosine)."""
    words = len(text.split())
    signals = sum(worth for pattern, worth in _SIGNALS if pattern.search(text))
    polite = 0.25 if words < 10 and not DECIDING.search(text) and _POLITE.match(text.lstrip("\"'*_ ")) else 0.0
    return signals - polite - 0.03 * max(0, 8 - words)


def likeness(vectors: np.ndarray) -> np.ndarray:
    """How near each row is to the middle of all. Shape: (n, d) float32, unit rows → (n,)."""
    middle = vectors.sum(axis=0)
    near: np.ndarray = vectors @ (middle / max(float(np.linalg.norm(middle)), 1e-9))
    return near


def picked(vectors: np.ndarray, scores: np.ndarray, count: int) -> list[int]:
    """Places of up to ``count`` high and unlike rows, the best first. Source: MMR, Carbonell and Goldstein, SIGIR 1998.

    Shape: (n, d) float32, unit rows; (n,).
    """
    nearest = np.zeros(len(vectors), dtype=np.float32)
    chosen: list[int] = []
    while len(chosen) < count and (nearest < SAME).any():
        place = int(np.where(nearest < SAME, scores - REPEATS * nearest, -np.inf).argmax())
        chosen.append(place)
        nearest = np.maximum(nearest, vectors @ vectors[place])
        nearest[place] = 1.0  # also where rounding has it a little less
    return chosen


def best(vectors: np.ndarray, scores: np.ndarray, count: int) -> list[int]:
    """The same places in their own order."""
    return sorted(picked(vectors, scores, count))
