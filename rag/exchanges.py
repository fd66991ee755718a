"""Whether a sentence says its source's words in another order that means something else.

"90 on Monday and 40 on Friday" holds the same words and numbers as "40 on Monday and 90 on Friday", and "B paid A" the
same as "A paid B". Two parts of a sentence were exchanged where putting them back brings each nearer to its neighbours
in the source. Knows sentences as their tokens only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from rag.claims import BREAK, Claims

REACH = 3  # words on either side of a part that are its neighbours
MIN_GAIN = 3  # neighbours that an exchange must put right
MOST_NEAR = 5  # of a part's six neighbours: one that has them all stands where it should
MAX_PART = 3  # words
MOST_TOKENS = 120  # beyond that a "sentence" is a list or a page
_JOINS = frozenset("and or und oder sowie as well".split()) | {BREAK}
_EACH = frozenset("respectively respectiv beziehungsweis bzw jeweil".split())  # with them an order means something
_BY = frozenset("by von durch vom".split())
_BE = frozenset("is are was were been be being wird werd wurd word".split())
_LITTLE = frozenset("a an the this that these those der die das den dem des ein eine einer eines einem einen".split())

Neighbours = frozenset[tuple[str, str, int]]


@dataclass(frozen=True, slots=True)
class _Part:
    """A few neighbouring tokens of a sentence that stand together in the source as well."""

    start: int
    end: int
    kind: str  # only parts of one kind can stand for one another


def exchanges(claims: Claims, sources: Sequence[Claims]) -> bool:
    """Whether two parts of the sentence have changed places, or who did something and whom it was done to."""
    tokens, source = _framed([claims]), _framed(sources)
    if max(len(tokens), len(source) // 3) > MOST_TOKENS:
        return False
    neighbours = frozenset(
        (a, b, gap) for gap in range(1, REACH + 1) for a, b in zip(source, source[gap:], strict=False)
    )
    parts = [
        part
        for part in _parts(tokens, _content(claims), claims.names, source)
        if _near(tokens, neighbours, part.start, part.end - part.start) <= MOST_NEAR
    ]
    is_turned = _is_passive(tokens) != _is_passive(source)
    return _turns_agents(tokens, source, _content(claims)) or any(
        _gain(tokens, neighbours, first, second) >= MIN_GAIN and not _may_change(tokens, source, first, second)
        for first, second in combinations(parts, 2)
        if first.end <= second.start and first.kind == second.kind and not (is_turned and first.kind == "word")
    )


def _framed(sentences: Sequence[Claims]) -> list[str]:
    framed = [BREAK]
    for token in (token for sentence in sentences for token in (*sentence.tokens, BREAK)):
        if token != BREAK or framed[-1] != BREAK:
            framed.append(token)
    return framed


def _content(claims: Claims) -> frozenset[str]:
    return claims.words | claims.names | frozenset(token for token in claims.tokens if is_number(token))


def is_number(token: str) -> bool:
    """Whether a token is a number or a date."""
    return any(char.isdigit() for char in token) and not any(char.isalpha() for char in token)


def _parts(
    tokens: Sequence[str], content: frozenset[str], names: frozenset[str], source: Sequence[str]
) -> Iterator[_Part]:
    known = {tuple(source[i : i + n]) for n in range(1, MAX_PART + 1) for i in range(len(source) - n + 1)}
    for start in range(len(tokens)):
        for end in range(start + 1, min(start + MAX_PART, len(tokens) - 1) + 1):
            part = tokens[start:end]
            if BREAK in part:
                break
            if part[0] in content and part[-1] in content and tuple(part) in known:
                yield _Part(start, end, _kind(part, names))


def _kind(part: Sequence[str], names: frozenset[str]) -> str:
    if len(part) == 1 and is_number(part[0]):
        return "number"
    return "name" if part[0] in names else "word"


def _gain(tokens: Sequence[str], neighbours: Neighbours, first: _Part, second: _Part) -> int:
    """How many more of their neighbours in the source the two parts would have if they changed places."""
    a, b = tokens[first.start : first.end], tokens[second.start : second.end]
    if a == b:
        return 0
    exchanged = [*tokens[: first.start], *b, *tokens[first.end : second.start], *a, *tokens[second.end :]]
    moved = first.start + len(b) + second.start - first.end
    would = _near(exchanged, neighbours, first.start, len(b)) + _near(exchanged, neighbours, moved, len(a))
    were = _near(tokens, neighbours, first.start, len(a)) + _near(tokens, neighbours, second.start, len(b))
    return would - were


def _near(tokens: Sequence[str], neighbours: Neighbours, start: int, length: int) -> int:
    """How many of the words around a part stand as far from it in the source."""
    end = start + length
    before = sum((tokens[start - gap], tokens[start], gap) in neighbours for gap in range(1, min(REACH, start) + 1))
    reach = range(1, min(REACH, len(tokens) - end) + 1)
    return before + sum((tokens[end - 1], tokens[end - 1 + gap], gap) in neighbours for gap in reach)


def _may_change(tokens: Sequence[str], source: Sequence[str], first: _Part, second: _Part) -> bool:
    """Whether the order of two parts means nothing: "A and B signed", or "B was paid by A" for "A paid B"."""
    between = tokens[first.end : second.start]
    if not _EACH & set(tokens) and _JOINS.issuperset(between):
        return True
    there = _between(source, tokens[second.start], tokens[first.end - 1])
    return _BY.isdisjoint(between) != _BY.isdisjoint(there)


def _between(source: Sequence[str], first: str, last: str) -> Sequence[str]:
    """What stands between two words of the source, from the first place of one to the next place of the other."""
    start = source.index(first)
    return source[start + 1 : source.index(last, start)] if last in source[start:] else ()


def _is_passive(tokens: Sequence[str]) -> bool:
    """Whether something "is done by" somebody."""
    return any(token in _BE and _BY & set(tokens[at : at + 7]) for at, token in enumerate(tokens))


def _turns_agents(tokens: Sequence[str], source: Sequence[str], content: frozenset[str]) -> bool:
    """Whether "recovered by Ward" became "recovered Ward", or the other way."""
    theirs, ours = [token for token in source if token not in _LITTLE], [t for t in tokens if t not in _LITTLE]
    done, done_by = _deeds(theirs, content)
    doing, doing_by = _deeds(ours, content)
    return bool((doing & done_by) - done) or bool((doing_by & done) - done_by)


def _deeds(tokens: Sequence[str], content: frozenset[str]) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Words that follow each other, and those that "by" parts."""
    direct = {(a, b) for a, b in pairwise(tokens) if a in content and b in content}
    triples = zip(tokens, tokens[1:], tokens[2:], strict=False)
    return direct, {(a, c) for a, by, c in triples if by in _BY and a in content and c in content}
