"""Web pages: headings, paragraphs, lists and tables; scripts, styles and hidden parts are left out."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from rag.data_loaders.encoding import decode
from rag.data_loaders.headings import Headings
from rag.data_loaders.reading import Reading
from rag.data_loaders.tables import row_blocks
from rag.types import Block, Location

_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([\w-]+)", re.I)
_LEFT_OUT = "script, style, noscript, template, svg, iframe, object, embed, nav, [hidden], [aria-hidden=true]"
_BLOCKS = frozenset(
    "address article aside blockquote body caption dd details div dl dt fieldset figcaption figure footer form "
    "h1 h2 h3 h4 h5 h6 header hr html li main ol p pre section summary table tbody td tfoot th thead tr ul br".split()
)


def blocks(reading: Reading) -> Iterator[Block]:
    """The page's title, then its visible text in order, under its headings. Raises: UnsupportedFile."""
    tree = LexborHTMLParser(_decoded(reading.path.read_bytes()))
    if tree.head and (title := tree.head.css_first("title")):
        yield Block(title.text(), kind="heading")
    for node in tree.css(_LEFT_OUT):
        node.decompose()
    if tree.body:
        yield from _Walk().read(tree.body)


def _decoded(data: bytes) -> str:
    """By its byte order mark or as UTF-8; else by the encoding it declares, where that fits."""
    declared = _CHARSET.search(data[:2048])
    if declared and not data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        for encoding in ("utf-8", declared.group(1).decode("ascii")):
            try:
                return data.decode(encoding)
            except (UnicodeDecodeError, LookupError):
                continue
    return decode(data)


class _Walk:
    """Goes through the page in order, without recursion: pages nest thousands deep."""

    def __init__(self) -> None:
        self._headings = Headings()
        self._text: list[str] = []

    def read(self, body: LexborNode) -> Iterator[Block]:
        node: LexborNode | None = body
        while node is not None:
            whole = yield from self._visit(node)
            node, left_block = _next(node, body, skip_children=whole)
            if left_block:
                yield from self._flush()
        yield from self._flush()

    def _visit(self, node: LexborNode) -> Generator[Block, None, bool]:
        """Take in one node; gives True when its children were taken in with it."""
        tag = node.tag or ""
        if tag == "-text":
            self._text.append(node.text_content or "")
            return False
        if tag not in _BLOCKS:
            return False
        yield from self._flush()
        if re.fullmatch("h[1-6]", tag):
            yield self._headings.enter(int(tag[1]), node.text(separator=" "))
        elif tag == "pre":
            yield Block(node.text(), self._location(), "code")
        elif tag == "table" and not node.css_first("table table"):
            yield from _table(node, self._location())
        else:
            return False
        return True

    def _flush(self) -> Iterator[Block]:
        text = " ".join("".join(self._text).split())
        self._text.clear()
        if text:
            yield Block(text, self._location())

    def _location(self) -> Location:
        return Location(heading_path=self._headings.path)


def _next(node: LexborNode, root: LexborNode, *, skip_children: bool) -> tuple[LexborNode | None, bool]:
    """The node after ``node`` in the page, and whether a block ends between the two."""
    if not skip_children and node.child is not None:
        return node.child, False
    left_block = False
    current: LexborNode | None = node
    while current is not None and current.mem_id != root.mem_id:
        left_block = left_block or current.tag in _BLOCKS
        if current.next is not None:
            return current.next, left_block
        current = current.parent
    return None, True


def _table(table: LexborNode, location: Location) -> Iterator[Block]:
    rows = table.css("tr")
    header = bool(rows and rows[0].css_first("th") and not rows[0].css_first("td"))
    cells = ((None, [cell.text(separator=" ") for cell in row.css("th, td")]) for row in rows)
    yield from row_blocks(cells, location, header=header or None)
