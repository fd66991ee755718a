"""What a conversation gets wrong and a document does not: who spoke, and whether it was meant.

Looks at a sentence about a conversation whose words are proved already; knows no model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.cite import Window
from rag.claims import content_words, numbers_in
from rag.salience import DECIDING, any_of, sentences_of

MIN_TOLD = 0.7  # share of a sentence's words, names apart, that its proof must hold

# How something was said needs no proof, what was said does.
REPORTING = "asked asks wants wanted said found called wrote reported told whether team fragte fragt sagte schrieb"
# What is asked, planned, guessed or demanded has not happened, and "Shall we pay?" must not prove "They pay".
_UNSETTLED = any_of(
    "please if unless whether maybe perhaps might could probably likely suggest* propos* not_sure i_think i_guess "
    "ask* want* unclear open needs? needs?_to has_to have_to must should will going_to i['’]ll we['’]ll plan* "
    "bitte* falls wenn ob vielleicht eventuell evtl wahrscheinlich vermutlich könnte* würde* vorschlag* glaube denke "
    "frag* bat offen* unklar möchte* braucht muss müssen müssten soll* will wollen wird werden schlug schlägt"
)
_I = any_of("i i['’](?:ll|m|ve|d) my me ich mein* mir mich")
_YOU = any_of("you your du dein* dir dich euch euer")
_QUOTATION = re.compile(r"[\"“„«][^\"“”„«»]+[\"”“»]")


def objection(sentence: str, proof: Sequence[Window], authors: set[str]) -> str:
    """Why a sentence must not appear though ``proof`` holds its words; "" where it may. ``authors``: whoever spoke."""
    own = _QUOTATION.sub(" ", sentence)
    words = content_words(DECIDING.sub(" ", sentence)) - content_words(f"{REPORTING} {' '.join(authors)}")
    pieces = {piece: words & content_words(piece) for window in proof for piece in sentences_of(window.text)}
    anchor = max(pieces, key=lambda piece: len(pieces[piece]))
    told = frozenset[str]().union(*pieces.values())
    share = len(told) / max(1, len(words))
    subject = content_words(own.split(maxsplit=1)[0] if own.strip() else "") & words
    decides, is_unsettled = DECIDING.search(own), anchor.rstrip().endswith("?") or _UNSETTLED.search(anchor)
    numbers = numbers_in(own)  # "91% came, 96% were invited" must not prove "96% came"
    clauses = [content_words(part) for part in re.split(r"[,;:–]\s", anchor) if numbers & numbers_in(part)]
    reasons = (
        ("person", sentence[:1].islower() or _I.search(own) or _YOU.search(own)),  # or half a sentence
        ("unsettled", is_unsettled and not (_UNSETTLED.search(own) or (decides and not DECIDING.search(anchor)))),
        ("decision", decides and not any(DECIDING.search(piece) for piece in pieces)),
        ("words", len(words | numbers) < 2 or share < MIN_TOLD or 2 * len(pieces[anchor]) < len(words)),
        ("subject", not subject <= told and not _UNSETTLED.match(own)),
        ("number", bool(numbers) and (len(proof) > 1 or any(about and not about & words for about in clauses))),
        ("author", _misattributes(own, proof, authors, words)),
    )
    return next((reason for reason, is_wrong in reasons if is_wrong), "")


def _misattributes(sentence: str, proof: Sequence[Window], authors: set[str], words: frozenset[str]) -> bool:
    """Whether a person who is named did not say it: "I", and what somebody "said", is the first one's named."""
    if not all(words & content_words(window.text) for window in proof):  # it lends its author's name only
        return True
    named = sorted((place, author) for author in authors if (place := _place(author, sentence)) >= 0)
    if not named:
        return False
    first = named[0][1]  # letters and spaces only
    said = re.search(rf"\b{first.split()[-1]}\s+(?:{REPORTING.replace(' ', '|')})\b", sentence, re.I)
    if (said or _I.search(proof[0].text)) and proof[0].hit.file_name != first:
        return True
    return not all(any(_place(who, f"{each.hit.file_name}: {each.text}") >= 0 for _, who in named) for each in proof)


def _place(author: str, text: str) -> int:
    """Where ``text`` names ``author`` by any part of the name that is no everyday word; -1 where it does not."""
    found = (re.search(rf"\b{part}\b", text, re.I) for part in author.split() if content_words(part))
    return min((match.start() for match in found if match), default=-1)
