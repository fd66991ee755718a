"""A sentence goes in, the citations that prove it come out, or the reason why there are none.

The unit of proof is a *window*: one to three neighbouring sentences (or one table row) of one
chunk. Numbers, dates, codes, names, quotations and links of the sentence must stand in its windows
verbatim (normalised), and most of its other words too. The sentence of the windows that comes
nearest is its *anchor*: it must say "not" where the sentence does, and what the sentence says
otherwise than its anchor must not look like something put in its place (`rag.verdicts`). Of the
windows that prove a sentence the smallest is cited. A listing must stand in one document line by
line; of a table every row must stand in a window of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag.claims import Claims, claims_of, content_words, squash
from rag.listings import MAX_LINES, comment_in, lines_of, places_of
from rag.sentences import Table, fence_of, spans, table_of
from rag.types import Citation, Hit, Location
from rag.verdicts import MIN_RECALL, Doubtful, Supported, Unsupported, denies, recall, share, verdict
from rag.windows import Window, fields_of, is_table_row, window_at, windows_of

CANDIDATES = 40  # windows tried alone, then beside the best: a sentence that needs three sources is two sentences
MAX_LOSS = 0.1  # of a sentence's words that a smaller proof may lack beside a larger one
MAX_QUOTE_CHARS = 400
SHORT_LINE_CHARS = 120


def check(sentence: str, hits: Sequence[Hit]) -> Supported | Unsupported:
    """Whether the hits prove ``sentence``, which may also be a whole fence of code or a whole table."""
    judged = judge(sentence, hits)
    return Unsupported(judged.reason) if isinstance(judged, Doubtful) else judged


def judge(sentence: str, hits: Sequence[Hit]) -> Supported | Doubtful | Unsupported:
    """As `check`, but says so where a reader might see in the hits what cannot be looked up there."""
    if fence := fence_of(sentence):
        return _check_listing(fence.code, hits)
    if table := table_of(sentence):
        return _check_table(table, hits)
    claims = claims_of(sentence)
    claimed = len(claims.words | claims.numbers | claims.links) + len(claims.moments)
    if sentence.rstrip().endswith("?") or claimed < 2:
        return Unsupported("nothing claimed")
    windows = [window for hit in hits for window in windows_of(hit)]
    if any(claims.opening in piece.claims.names for window in windows for piece in window.pieces):
        claims = replace(claims, names=claims.names | {claims.opening})
    return _judge_claims(claims, windows)


def _judge_claims(claims: Claims, windows: Sequence[Window]) -> Supported | Doubtful | Unsupported:
    ranked = _ranked(claims, windows)
    alone = [(window,) for window in ranked]
    beside_the_best = [(ranked[0], window) for window in ranked[1:]]
    first: Unsupported | None = None
    doubtful: Doubtful | None = None
    for chosen in [*alone, *beside_the_best]:
        judged = verdict(claims, chosen)
        if isinstance(judged, Supported):
            proof = _smallest(claims, judged, windows)
            return _objection(claims, proof.windows, windows) or proof
        if isinstance(judged, Doubtful):
            doubtful = doubtful or judged
        else:
            first = first or judged
    if doubtful and not _borrows(claims, doubtful.windows, windows):
        return _objection(claims, doubtful.windows, windows) or doubtful
    return first or Unsupported("words")


def _ranked(claims: Claims, windows: Sequence[Window]) -> list[Window]:
    return sorted(windows, key=lambda window: (-recall(claims, window), len(window.text)))[:CANDIDATES]


def _smallest(claims: Claims, proof: Supported, windows: Sequence[Window]) -> Supported:
    """The fewest sentences that prove as much: each window of ``proof`` gives way to a smaller one, if there is one."""
    chosen = list(proof.windows)
    for place, whole in enumerate(chosen):
        for smaller in _smaller_than(claims, whole, windows):
            tried = [*chosen[:place], smaller, *chosen[place + 1 :]]
            if isinstance(verdict(claims, tried), Supported):
                chosen = tried
                break
    return Supported(tuple(chosen))


def _smaller_than(claims: Claims, whole: Window, windows: Sequence[Window]) -> list[Window]:
    least = recall(claims, whole) - MAX_LOSS
    smaller = [w for w in windows if len(w.pieces) < len(whole.pieces) and recall(claims, w) >= least]
    return sorted(smaller, key=lambda w: (len(w.pieces), -recall(claims, w), len(w.text)))[:CANDIDATES]


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
    wrong = [judged for judged in said if isinstance(judged, Unsupported) and judged.reason != "nothing claimed"]
    if wrong:
        return wrong[0]
    return Supported(tuple(window_at(place.hit, place.hit.chunk.text[place.start : place.end]) for place in places))


def _check_table(table: Table, hits: Sequence[Hit]) -> Supported | Unsupported:
    """The window of each row; neighbours in one chunk become one window, that is one citation."""
    windows = [window for hit in hits for window in windows_of(hit)]
    proofs: list[Window] = []
    for row in table.rows:
        judged = _check_row(table.header, row, windows)
        if isinstance(judged, Unsupported):
            return judged
        proofs += judged.windows
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
    for window in _ranked(claims, windows):
        judged: Supported | Doubtful | Unsupported = verdict(claims, (window,))
        if isinstance(judged, Supported):
            judged = next((wrong for cell in cells if (wrong := _wrong_cell(*cell, cells[0][1], window))), judged)
        if isinstance(judged, Supported):
            return judged
        first = first or Unsupported(judged.reason)
    return first or Unsupported("words")


def _wrong_cell(name: str, cell: str, key: str, window: Window) -> Unsupported | None:
    """What speaks against one cell: words that the window lacks, another column's value, another subject's number."""
    claims, column, subject = claims_of(cell), claims_of(name), claims_of(key)
    if share(claims.words, window.words) < MIN_RECALL:
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


def _objection(claims: Claims, proof: Sequence[Window], windows: Sequence[Window]) -> Unsupported | None:
    """What speaks against a proof that is sound in itself."""
    if _is_denied(claims, proof, windows):
        return Unsupported("negation")
    if _mixes_rows(claims, proof, windows):
        return Unsupported("mixture")
    return None


def _borrows(claims: Claims, chosen: Sequence[Window], windows: Sequence[Window]) -> bool:
    """Whether a number's words are not its sentence's own, but another's: the deposit's, said of the rent's amount."""
    missing = claims.words.difference(*(window.words for window in chosen))
    there = frozenset[str]().union(*(window.words for window in windows))
    return bool((claims.numbers or claims.codes or claims.moments) and missing & there)


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
    return any(missing & piece.claims.words and denies(piece, claims) for piece in alone)


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
