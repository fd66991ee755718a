"""The parts of a SELECT, as far as a rule needs them to word its result and to find the rows behind it.

Not a parser: whatever is not plainly one SELECT from one table has no shape, and is then shown as a table
that rests on all rows. Knows SQL's words and no database.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<text>'(?:[^']|'')*')|(?P<quoted>"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\])|(?P<number>\d+(?:\.\d+)?)"""
    r"""|(?P<word>[^\W\d]\w*)|(?P<sign><=|>=|<>|!=|==|\|\||[-+*/%=<>(),.;])""",
    re.X,
)
_CLAUSES = ("select", "from", "where", "group", "having", "order", "limit")
_COMPLEX = frozenset("with union intersect except join over case".split())
_AGGREGATES = frozenset("count sum total avg min max".split())


@dataclass(frozen=True, slots=True)
class Token:
    """One word, number, text or sign; ``text`` is a text's content, without its quotes."""

    kind: str  # "text" | "word" | "number" | "sign"
    text: str
    start: int
    end: int

    def says(self, *words: str) -> bool:
        """Whether it is one of some words or signs of SQL's own."""
        return self.kind in ("word", "sign") and self.text.lower() in words


@dataclass(frozen=True, slots=True)
class Item:
    """One thing selected: a column, or a function of one; both "" where it is more than that."""

    tokens: tuple[Token, ...]
    function: str = ""  # lower case: "sum"
    column: str = ""  # lower case; "*" in count(*)
    is_distinct: bool = False

    @property
    def is_aggregate(self) -> bool:
        """Whether it is computed from many rows."""
        return any(
            token.says(*_AGGREGATES) and following.says("(")
            for token, following in zip(self.tokens, self.tokens[1:], strict=False)
        )


@dataclass(frozen=True, slots=True)
class Shape:
    """One SELECT from one table."""

    items: tuple[Item, ...]
    table: str  # lower case
    where: tuple[Token, ...] = ()
    group: tuple[Token, ...] = ()
    order: tuple[Token, ...] = ()
    limit: int | None = None
    is_distinct: bool = False
    has_having: bool = False
    source: str = ""  # the text from FROM up to GROUP BY, ORDER BY or LIMIT
    from_at: int = 0  # where FROM begins

    @property
    def is_aggregate(self) -> bool:
        """Whether any item is computed from many rows."""
        return any(item.is_aggregate for item in self.items)


def tokens_of(sql: str) -> tuple[Token, ...]:
    """The tokens of a statement. Raises: ValueError for anything that is none, such as comments."""
    found: list[Token] = []
    at = 0
    while at < len(sql):
        if sql[at].isspace():
            at += 1
            continue
        match = _TOKEN.match(sql, at)
        if not match or sql.startswith(("--", "/*"), at):
            raise ValueError("not a plain statement")
        kind, text = match.lastgroup or "", match.group()
        if kind == "text":
            text = text[1:-1].replace("''", "'")
        if kind == "quoted":
            kind, text = "word", text[1:-1]
        found.append(Token(kind, text, match.start(), match.end()))
        at = match.end()
    return tuple(found)


def shape_of(sql: str) -> Shape | None:
    """The parts of a statement; None where it is not plainly one SELECT from one table."""
    try:
        tokens = tokens_of(sql)
    except ValueError:
        return None
    is_nested = sum(token.says("select") for token in tokens) != 1 or any(token.says(*_COMPLEX) for token in tokens)
    clauses = dict(_clauses(tokens))
    source = clauses.get("from", ())
    is_one_table = 1 <= len(source) <= 3 and not any(token.says(",", "(", ".") for token in source)
    if is_nested or not is_one_table or not clauses.get("select"):
        return None
    return _shape(sql, clauses)


def _clauses(tokens: Sequence[Token]) -> Iterator[tuple[str, tuple[Token, ...]]]:
    """Each clause's name and its tokens, at the statement's own level."""
    name, depth, start = "", 0, 0
    for at, token in enumerate(tokens):
        depth += token.says("(") - token.says(")")
        if depth == 0 and token.says(*_CLAUSES):
            if name:
                yield name, tuple(tokens[start:at])
            name, start = token.text.lower(), at + 1
    yield name, tuple(tokens[start:])


def _shape(sql: str, clauses: dict[str, tuple[Token, ...]]) -> Shape:
    selected, source = clauses["select"], clauses["from"]
    is_distinct = selected[0].says("distinct")
    where = clauses.get("where", ())
    limit = clauses.get("limit", ())
    return Shape(
        items=tuple(map(_item, _parted(selected[1:] if is_distinct else selected))),
        table=source[0].text.lower(),
        where=where,
        group=tuple(token for token in clauses.get("group", ()) if not token.says("by")),
        order=tuple(token for token in clauses.get("order", ()) if not token.says("by")),
        limit=int(limit[0].text) if len(limit) == 1 and limit[0].text.isdigit() else None,
        is_distinct=is_distinct,
        has_having="having" in clauses,
        source=sql[_word_before(sql, source[0].start, "from") : (where or source)[-1].end],
        from_at=_word_before(sql, source[0].start, "from"),
    )


def _word_before(sql: str, at: int, word: str) -> int:
    return sql.lower().rindex(word, 0, at)


def _parted(tokens: Sequence[Token]) -> list[tuple[Token, ...]]:
    """What stands between the commas."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += token.says("(") - token.says(")")
        if token.says(",") and depth == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return [tuple(part) for part in parts]


def _item(tokens: tuple[Token, ...]) -> Item:
    plain = _without_alias(tokens)
    if len(plain) == 1 and plain[0].kind == "word":
        return Item(plain, column=plain[0].text.lower())
    if len(plain) == 3 and plain[1].says("."):
        return Item(plain, column=plain[2].text.lower())
    is_call = len(plain) >= 4 and plain[0].kind == "word" and plain[1].says("(") and plain[-1].says(")")
    inside = plain[2:-1] if is_call else ()
    is_distinct = bool(inside) and inside[0].says("distinct")
    inside = inside[1:] if is_distinct else inside
    if len(inside) == 1 and (inside[0].kind == "word" or inside[0].says("*")):
        return Item(plain, plain[0].text.lower(), inside[0].text.lower(), is_distinct)
    return Item(plain)


def _without_alias(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    depth = 0
    for at, token in enumerate(tokens):
        depth += token.says("(") - token.says(")")
        if depth == 0 and token.says("as"):
            return tokens[:at]
    return tokens
