"""Whether a sentence gives a number of its source to something that the source gives another number.

"A lasts 36 months and B lasts 60 months" must not prove "A lasts 60 months". Each word of a sentence belongs to the
nearest number, of those that could stand for one another; what stands before both belongs to both where the second has
no subject of its own. A number was lent where the sentence holds as much of what only its rival has in the source as of
what only it has, a name counting more than a word; or where it is said of somebody and the sentence names nobody.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.claims import BREAK, Claims
from rag.exchanges import is_number

MOST_TOKENS = 200  # beyond that a "sentence" is a list or a page
NAME_WEIGHT = 3  # words that a name counts as
CLAUSE_COST = 3  # words that the end of a clause counts as
_TURNS = frozenset("and or but while wherea though und oder aber wahrend".split()) | {BREAK}
_LITTLE = frozenset("a an the this that it is are was were be been der die das den dem ein eine einer".split()) | _TURNS
_PREPOSITIONS = frozenset(
    "in on at by up to from for of with until since during am im um zu zum zur von bis mit fur".split()
)


def lends(claims: Claims, source: Claims) -> bool:
    """Whether one of the sentence's numbers belongs to other words in the source."""
    if max(len(claims.tokens), len(source.tokens)) > MOST_TOKENS:
        return False
    kinds, here = _kinds(source), _kinds(claims)
    return any(
        _is_lent(claims, source, number, rival)
        for number in here
        if source.tokens.count(number) == 1
        for rival in kinds
        if rival != number and kinds[rival] == kinds.get(number) == here[number]
    )


def _kinds(claims: Claims) -> dict[str, str]:
    """What each number counts, as far as it is known: a unit, a date, a time, or nothing."""
    units = dict(claims.measures)
    kinds = {token: units.get(token) or _bare_kind(token) for token in claims.tokens if is_number(token)}
    return kinds | {token: "code" for token in claims.tokens if token in claims.codes}


def _bare_kind(token: str) -> str:
    if ":" in token:
        return "time"
    is_year = token.isdigit() and len(token) == 4 and token[0] in "12"
    return "date" if is_year or "-" in token[1:] else ""


def _is_lent(claims: Claims, source: Claims, number: str, rival: str) -> bool:
    places = sorted(source.tokens.index(name) for name in (number, rival))
    if _TURNS.issuperset(source.tokens[places[0] + 1 : places[1]]):
        return False  # "in 1990 and 1995": what is said of one is said of the other
    theirs = {name: _words_of(source.tokens, name, (number, rival)) for name in (number, rival)}
    has_subject = number in source.codes or _has_subject(source, *places)
    shared = frozenset() if has_subject else frozenset(source.tokens[: places[0]])
    around = _words_of(claims.tokens, number, (number, rival))
    own, others = (theirs[name] - theirs[other] - shared for name, other in ((number, rival), (rival, number)))
    for_it, against = _weight(around & own, source.names), _weight(around & others, source.names)
    if for_it:
        return has_subject and against >= for_it
    return bool(against) or bool(own & source.names and rival not in claims.tokens)


def _weight(words: frozenset[str], names: frozenset[str]) -> int:
    """A preposition says little, a name much."""
    return sum(NAME_WEIGHT if word in names else 1 for word in words - _PREPOSITIONS)


def _has_subject(source: Claims, first: int, second: int) -> bool:
    """Whether the second number's clause says whose it is: "and B 60", and not "and ends in 2027"."""
    turn = max((at for at in range(first, second) if source.tokens[at] in _TURNS), default=second)
    own = [token for token in source.tokens[turn + 1 : second] if token not in _LITTLE | _PREPOSITIONS]
    return len(own) > 1 or any(token in source.names for token in own)


def _words_of(tokens: Sequence[str], number: str, rivals: Sequence[str]) -> frozenset[str]:
    """The words that stand nearer to ``number`` than to another of ``rivals``, or as near."""
    costs = [0]
    for token in tokens:
        costs.append(costs[-1] + (CLAUSE_COST if token in _TURNS else 1))
    places = [at for at, token in enumerate(tokens) if token in rivals]
    return frozenset(
        token
        for at, token in enumerate(tokens)
        if token not in _LITTLE and not is_number(token)
        if any(tokens[near] == number for near in _nearest(places, costs, at))
    )


def _nearest(places: Sequence[int], costs: Sequence[int], at: int) -> list[int]:
    far = {place: abs(costs[place] - costs[at]) for place in places}
    return [place for place in places if far[place] == min(far.values())]
