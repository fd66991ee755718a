"""A sentence goes in, the citations that prove it come out, or the reason why there are none.

The unit of proof is a *window*: one to three neighbouring sentences (or one table row) of one
chunk. Numbers, codes, names, quotations and links of the sentence must stand in its windows
verbatim (normalised), and most of its other words too. The sentence of the windows that comes
nearest is its *anchor*: it must say "not" where the sentence does, and what the sentence says
otherwise than its anchor must not look like something put in its place. A listing must stand in one
document line by line; of a table every row must stand in a window of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag.claims import MODALS, Claims, claims_of, content_words, squash
from rag.listings import MAX_LINES, comment_in, lines_of, places_of
from rag.sentences import Table, fence_of, spans, table_of
from rag.types import Citation, Hit, Location
from rag.windows import Piece, Window, fields_of, is_table_row, window_at, windows_of

MIN_RECALL = 0.65  # share of a sentence's words that its windows must hold
MIN_ANCHORED = 0.5  # and its anchor alone
CANDIDATES = 40  # windows tried alone, then beside the best: a sentence that needs three sources is two sentences
MAX_QUOTE_CHARS = 400
SHORT_LINE_CHARS = 120
_JOINS = frozenset("and or und oder".split())


@dataclass(frozen=True, slots=True)
class Supported:
    """The sentence stands; ``windows`` prove it, best first."""

    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class Unsupported:
    """The sentence must not appear. ``reason`` is for the log and the tests."""

    reason: str  # "nothing claimed" | "number" | "mixture" | "code" | "name" | "quote" | "link" | "words" | ...


def check(sentence: str, hits: Sequence[Hit]) -> Supported | Unsupported:
    """Whether the hits prove ``sentence``, which may also be a whole fence of code or a whole table."""
    if fence := fence_of(sentence):
        return _check_listing(fence.code, hits)
    if table := table_of(sentence):
        return _check_table(table, hits)
    claims = claims_of(sentence)
    if sentence.rstrip().endswith("?") or len(claims.words | claims.numbers | claims.links) < 2:
        return Unsupported("nothing claimed")
    windows = [window for hit in hits for window in windows_of(hit)]
    if any(claims.opening in piece.claims.names for window in windows for piece in window.pieces):
        claims = replace(claims, names=claims.names | {claims.opening})
    ranked = sorted(windows, key=lambda window: (-_recall(claims, window), len(window.text)))[:CANDIDATES]
    alone = [(window,) for window in ranked]
    beside_the_best = [(ranked[0], window) for window in ranked[1:]]
    first: Unsupported | None = None
    for chosen in [*alone, *beside_the_best]:
        verdict = _verdict(claims, chosen)
        if isinstance(verdict, Supported):
            return _objection(claims, verdict.windows, windows) or verdict
        first = first or verdict
    return first or Unsupported("words")


def _check_listing(code: str, hits: Sequence[Hit]) -> Supported | Unsupported:
    """Comments may be the model's own words: they are checked as sentences."""
    lines = lines_of(code)
    if len(lines) > MAX_LINES:
        return Unsupported("too long")
    own = [line for line in lines if comment_in(line) is not None and places_of([line], hits) is None]
    verbatim = [line for line in lines if line not in own]
    if not verbatim:
        return Unsupported("nothing claimed")
    places = places_of(verbatim, hits)
    if places is None:
        return Unsupported("code")
    said = [check(comment_in(line) or "", hits) for line in own]
    wrong = [verdict for verdict in said if isinstance(verdict, Unsupported) and verdict.reason != "nothing claimed"]
    if wrong:
        return wrong[0]
    return Supported(tuple(window_at(place.hit, place.hit.chunk.text[place.start : place.end]) for place in places))


def _check_table(table: Table, hits: Sequence[Hit]) -> Supported | Unsupported:
    """The window of each row; neighbours in one chunk become one window, that is one citation."""
    windows = [window for hit in hits for window in windows_of(hit)]
    proofs: list[Window] = []
    for row in table.rows:
        verdict = _check_row(table.header, row, windows)
        if isinstance(verdict, Unsupported):
            return verdict
        proofs += verdict.windows
    if not proofs:
        return Unsupported("nothing claimed")
    by_hit = {window.hit: [other for other in proofs if other.hit == window.hit] for window in proofs}
    return Supported(tuple(_joined(hit, found) for hit, found in by_hit.items()))


def _check_row(header: Sequence[str], row: Sequence[str], windows: Sequence[Window]) -> Supported | Unsupported:
    cells = [(name, cell) for name, cell in zip(header, row, strict=True) if any(char.isalnum() for char in cell)]
    if not cells:
        return Supported(())
    claims = claims_of(". ".join(cell for _, cell in cells))
    first: Unsupported | None = None
    ranked = sorted(windows, key=lambda window: (-_recall(claims, window), len(window.text)))[:CANDIDATES]
    for window in ranked:
        verdict = _verdict(claims, (window,))
        if isinstance(verdict, Supported):
            verdict = next((wrong for cell in cells if (wrong := _wrong_cell(*cell, cells[0][1], window))), verdict)
        if isinstance(verdict, Supported):
            return verdict
        first = first or verdict
    return first or Unsupported("words")


def _wrong_cell(name: str, cell: str, key: str, window: Window) -> Unsupported | None:
    """What speaks against one cell: words that the window lacks, another column's value, another subject's number."""
    claims, column, subject = claims_of(cell), claims_of(name), claims_of(key)
    if _share(claims.words, window.words) < MIN_RECALL:
        return Unsupported("words")
    if not column.numbers <= window.numbers or not column.codes <= window.codes:
        return Unsupported("number")
    labelled = fields_of(window.text).get(squash(name))
    if labelled is not None and not _says(labelled, claims):
        return Unsupported("mixture")
    hard = claims.numbers | claims.codes | column.numbers | column.codes
    known = subject.words | subject.names | frozenset(subject.sequence)
    beside = [
        p for p in window.pieces if hard <= p.numbers | p.claims.codes and known & (p.words | set(p.claims.sequence))
    ]
    return Unsupported("mixture") if hard and len(window.pieces) > 1 and not beside else None


def _says(value: str, claims: Claims) -> bool:
    there = claims_of(value)
    return claims.numbers <= there.numbers and claims.codes <= there.codes and claims.words <= there.words


def _joined(hit: Hit, windows: Sequence[Window]) -> Window:
    text = hit.chunk.text
    starts = [text.find(window.text) for window in windows]
    ends = [start + len(window.text) for start, window in zip(starts, windows, strict=True)]
    return window_at(hit, text[min(starts) : max(ends)])


def trimmed(window: Window, wanted: frozenset[str]) -> Window:
    """``window`` from its first sentence that holds one of the ``wanted`` words; a short last line is completed."""
    text, whole = window.text, window.hit.chunk.text
    starts = [a for a, b in spans(text) if wanted & content_words(text[a:b])]
    begin = whole.find(text)
    end = begin + len(text)
    line_start, line_end = whole.rfind("\n", 0, end) + 1, whole.find("\n", end)
    line_end = len(whole) if line_end < 0 else line_end
    if line_end - line_start <= SHORT_LINE_CHARS:  # a row of a table in a PDF, rather than a paragraph
        end = line_end
    shorter = whole[begin + (starts[0] if starts else 0) : end].strip()
    return window_at(window.hit, shorter)


def number_citations(supports: Sequence[Window], known: Sequence[Citation]) -> tuple[Citation, ...]:
    """Citations for ``supports``; a window already cited keeps its number."""
    citations = list(known)
    used: list[Citation] = []
    for window in supports:
        same = next((c for c in citations if c.chunk_id == window.hit.chunk.chunk_id and _overlap(c, window)), None)
        if same is None:
            same = cite(window.hit, window.text, len(citations) + 1)
            citations.append(same)
        used.append(same)
    return tuple(dict.fromkeys(used))


def cite(hit: Hit, quote: str, number: int) -> Citation:
    """A citation of ``quote``, which stands verbatim in the hit's chunk."""
    place = _place_of(quote, hit)
    return Citation(number, hit.file_name, hit.source_ref, place, _shortened(quote), hit.chunk.chunk_id)


def _verdict(claims: Claims, windows: Sequence[Window]) -> Supported | Unsupported:
    joined = " \n ".join(window.squashed for window in windows)
    words = frozenset().union(*(window.words for window in windows))
    sequence = frozenset().union(*(window.sequence for window in windows))
    numbers = frozenset().union(*(window.numbers for window in windows))
    codes = frozenset().union(*(window.codes for window in windows))
    pieces = [piece for window in windows for piece in window.pieces]
    anchor = max(pieces, key=lambda piece: _nearness(claims, piece))
    links = {link.lower() for piece in pieces for link in piece.claims.links}
    reasons = (
        ("number", not claims.numbers <= numbers),
        ("unit", _changes_units(claims, pieces)),
        ("code", not claims.codes <= codes),
        ("name", not claims.names <= sequence),
        ("mixture", _mixes(claims, pieces, anchor)),
        ("quote", any(quote not in joined for quote in claims.quotes)),
        ("link", not {link.lower() for link in claims.links} <= links),
        ("words", _share(claims.words, words) < MIN_RECALL or _share(claims.words, anchor.words) < MIN_ANCHORED),
        ("negation", claims.negated != anchor.claims.negated or any(_denies(piece, claims) for piece in pieces)),
        ("swap", _swaps(claims, anchor.claims)),
        ("addition", _adds(claims, sequence)),
    )
    failed = next((reason for reason, is_wrong in reasons if is_wrong), None)
    return Unsupported(failed) if failed else Supported(tuple(windows))


def _mixes(claims: Claims, pieces: Sequence[Piece], anchor: Piece) -> bool:
    """Whether several sentences together could lend a number or a name to the wrong subject.

    "A lasts 36 months. B lasts 60 months." must not prove "A lasts 60 months": more than one source
    sentence proves a number only where no other number stands in them, and a name that the anchor
    does not hold only where it holds no other name.
    """
    hard = claims.numbers | claims.codes
    others = frozenset().union(*(piece.claims.numbers | piece.claims.codes for piece in pieces)) - hard
    missing = claims.names - anchor.words - frozenset(anchor.claims.sequence)
    stray = anchor.claims.names - claims.names - claims.words
    return bool(len(pieces) > 1 and hard and others) or bool(missing and stray)


def _changes_units(claims: Claims, pieces: Sequence[Piece]) -> bool:
    """Whether a number stands in the source with other units only: "90 days" must not prove "90 weeks"."""
    there = {measure for piece in pieces for measure in piece.claims.measures}
    known = {number for number, _ in there}
    return any(number in known and (number, unit) not in there for number, unit in claims.measures)


def _swaps(claims: Claims, source: Claims) -> bool:
    """Whether a word that the source does not hold stands between two words where the source has another.

    "The deposit is due on Friday" must not prove "The rent is due on Friday", nor "may" prove "must".
    """
    new = (claims.words | MODALS) - frozenset(source.sequence)
    old = (source.words | MODALS) - frozenset(claims.sequence)
    between = {(a, c): b for a, b, c in _triples(source.sequence)}
    return any(b in new and between.get((a, c)) in old for a, b, c in _triples(claims.sequence))


def _adds(claims: Claims, known: frozenset[str]) -> bool:
    """Whether "and" or "or" joins something that no window holds: "parts" must not prove "parts and labour"."""
    joined = (word for a, b, c in _triples(claims.sequence) if b in _JOINS for word in (a, c))
    return any(word in claims.words and word not in known for word in joined)


def _objection(claims: Claims, proof: Sequence[Window], windows: Sequence[Window]) -> Unsupported | None:
    """What speaks against a proof that is sound in itself."""
    if _is_denied(claims, proof, windows):
        return Unsupported("negation")
    if _mixes_rows(claims, proof, windows):
        return Unsupported("mixture")
    return None


def _mixes_rows(claims: Claims, proof: Sequence[Window], windows: Sequence[Window]) -> bool:
    """Whether words that a table's row lacks stand in another row: that row is about something else."""
    rows = [window for window in proof if is_table_row(window.hit)]
    beside = frozenset[str]().union(*(window.words for window in proof if window not in rows))
    others = [window for window in windows if is_table_row(window.hit)]
    return any((claims.words - row.words - beside) & other.words for row in rows for other in others)


def _is_denied(claims: Claims, proof: Sequence[Window], windows: Sequence[Window]) -> bool:
    """Whether a word that the proof lacks stands elsewhere with a "not": "It does not cover labour"."""
    missing = claims.words.difference(*(window.words for window in proof))
    alone = [window.pieces[0] for window in windows if len(window.pieces) == 1]
    return any(missing & piece.claims.words and _denies(piece, claims) for piece in alone)


def _denies(piece: Piece, claims: Claims) -> bool:
    """Whether a source sentence says "not" before a word that ``claims`` hold without one."""
    return bool((piece.claims.denied - claims.denied) & frozenset(claims.sequence))


def _triples(sequence: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    framed = ("", *sequence, "")
    return zip(framed, framed[1:], framed[2:], strict=False)


def _recall(claims: Claims, window: Window) -> float:
    hard = len(claims.numbers & window.numbers) + len(claims.codes & window.codes)
    return _share(claims.words, window.words) + 0.5 * hard


def _nearness(claims: Claims, piece: Piece) -> float:
    hard = len(claims.numbers & piece.claims.numbers) + len(claims.names & piece.claims.names)
    return _share(claims.words, piece.words) + 0.2 * hard


def _share(wanted: frozenset[str], there: frozenset[str]) -> float:
    return len(wanted & there) / len(wanted) if wanted else 1.0


def _place_of(quote: str, hit: Hit) -> Location:
    """The chunk's place; of a chunk of table rows, the row that the quote stands in."""
    where = hit.chunk.location
    line = hit.chunk.text.count("\n", 0, max(0, hit.chunk.text.find(quote)))
    return replace(where, row=where.rows[line], rows=()) if line < len(where.rows) else where


def _overlap(citation: Citation, window: Window) -> bool:
    return citation.quote.rstrip("…") in window.text or _shortened(window.text).rstrip("…") in citation.quote


def _shortened(quote: str) -> str:
    if len(quote) <= MAX_QUOTE_CHARS:
        return quote
    return quote[:MAX_QUOTE_CHARS].rsplit(" ", 1)[0] + "…"
