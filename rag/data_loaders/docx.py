"""Word documents: paragraphs, headings and tables in document order, then headers, footers and notes.

python-docx opens the package; the text is gathered from the XML, because its `Paragraph.text` leaves
out content controls, tracked insertions and text boxes. Fields, macros and links are never followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from docx.document import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.part import PartFactory
from docx.oxml.parser import parse_xml
from docx.package import Package
from docx.parts.document import DocumentPart

from rag.data_loaders.archive import opened
from rag.data_loaders.headings import Headings
from rag.data_loaders.reading import Reading, note_embedded
from rag.data_loaders.tables import row_blocks
from rag.types import Block, Location

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MACRO_FREE = "application/vnd.openxmlformats-officedocument.wordprocessingml."
_VARIANTS = (  # the same XML under another label, which python-docx would refuse
    "application/vnd.ms-word.document.macroEnabled.main+xml",
    "application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
    _MACRO_FREE + "template.main+xml",
)
_WHITE = {_W + "tab": "\t", _W + "br": "\n", _W + "cr": "\n", _W + "noBreakHyphen": "-"}
_CONTAINERS = {_W + tag for tag in ("sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag", "txbxContent")}
# Removed text, the second copy of a text box, and what stands in boxes (read on its own).
_SKIPPED = {
    _W + "del",
    _W + "moveFrom",
    _W + "txbxContent",
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
}


def blocks(reading: Reading) -> Iterator[Block]:
    """The body's blocks under their headings, then headers and footers, then notes. Raises: python-docx's errors."""
    for variant in _VARIANTS:
        PartFactory.part_type_for[variant] = DocumentPart
    document = Package.open(opened(reading.path)).main_document_part.document
    note_embedded(reading)
    levels = _heading_levels(document)
    headings = Headings()
    yield from _container(document.element.body, levels, headings)
    yield from _around(document)
    yield from _notes(document)


def _container(element: Any, levels: dict[str, int], headings: Headings) -> Iterator[Block]:
    for child in element:
        if child.tag == _W + "p":
            yield from _paragraph(child, levels, headings)
        elif child.tag == _W + "tbl":
            yield from _table(child, Location(heading_path=headings.path))
        elif child.tag in _CONTAINERS:
            yield from _container(child, levels, headings)


def _paragraph(element: Any, levels: dict[str, int], headings: Headings) -> Iterator[Block]:
    text = _text(element)
    level = _level(element, levels)
    if level is not None and text.strip() and len(text) <= 200:
        yield Block(text, Location(), "heading") if level == 0 else headings.enter(level, text)
    else:
        yield Block(text, Location(heading_path=headings.path))
    for box in element.iter(_W + "txbxContent"):
        if not any(parent.tag in _SKIPPED for parent in box.iterancestors()):
            yield from _container(box, {}, headings)


def _text(element: Any) -> str:
    """The visible text of a paragraph, without that of text boxes inside it."""
    parts: list[str] = []
    pending = [element]
    while pending:
        node = pending.pop()
        if node.tag == _W + "t":
            parts.append(node.text or "")
        elif node.tag in _WHITE:
            parts.append(_WHITE[node.tag])
        elif node.tag not in _SKIPPED and node.tag != _W + "pPr":
            pending.extend(reversed(node))
    return "".join(parts)


def _level(paragraph: Any, levels: dict[str, int]) -> int | None:
    """1 to 9 for a heading, 0 for a title, None for other text."""
    properties = paragraph.find(_W + "pPr")
    if properties is None:
        return None
    outline = _outline(properties)
    if outline is not None:
        return outline
    style = properties.find(_W + "pStyle")
    return None if style is None else levels.get(style.get(_W + "val", ""))


def _outline(properties: Any) -> int | None:
    level = None if properties is None else properties.find(_W + "outlineLvl")
    value = "" if level is None else level.get(_W + "val", "")
    return int(value) + 1 if value in tuple("012345678") else None


def _heading_levels(document: Document) -> dict[str, int]:
    """Style id -> heading level; a style without one takes that of the style it is based on."""
    own: dict[str, int | None] = {}
    based: dict[str, str] = {}
    for style in document.styles.element.iter(_W + "style"):
        style_id = style.get(_W + "styleId", "")
        own[style_id] = _style_level(style)
        parent = style.find(_W + "basedOn")
        if parent is not None:
            based[style_id] = parent.get(_W + "val", "")
    found: dict[str, int] = {}
    for style_id in own:
        name, steps = style_id, 0
        while own.get(name) is None and name in based and steps < 20:  # a damaged file may run in a circle
            name, steps = based[name], steps + 1
        level = own.get(name)
        if level is not None:
            found[style_id] = level
    return found


def _style_level(style: Any) -> int | None:
    name = style.find(_W + "name")
    label = "" if name is None else name.get(_W + "val", "").lower()
    if match := re.fullmatch(r"heading ([1-9])", label):
        return int(match.group(1))
    return 0 if label == "title" else _outline(style.find(_W + "pPr"))


def _table(table: Any, location: Location) -> Iterator[Block]:
    rows = [row for row in table.iter(_W + "tr") if next(row.iterancestors(_W + "tbl")) is table]
    cells = (
        (None, [_cell(cell) for cell in row.iter(_W + "tc") if next(cell.iterancestors(_W + "tr")) is row])
        for row in rows
    )
    yield from row_blocks(cells, location, header=_marks_header(rows))


def _cell(cell: Any) -> str:
    return " ".join(filter(None, (_text(paragraph).strip() for paragraph in cell.iter(_W + "p"))))


def _marks_header(rows: list[Any]) -> bool | None:
    """Whether the table says that its first row names the columns: repeated on each page, or alone in bold."""
    if not rows:
        return None
    if next(rows[0].iter(_W + "tblHeader"), None) is not None:
        return True
    if max(sum(1 for _ in row.iter(_W + "tc")) for row in rows) != 2:
        return None  # wide tables show it by their content
    return _is_bold(rows[0]) and not any(map(_is_bold, rows[1:3]))


def _is_bold(row: Any) -> bool:
    runs = [run for run in row.iter(_W + "r") if any(True for _ in run.iter(_W + "t"))]
    return bool(runs) and all(next(run.iter(_W + "b"), None) is not None for run in runs)


def _around(document: Document) -> Iterator[Block]:
    """Headers and footers, each text once: they hold letterheads, versions and classifications."""
    seen: set[str] = set()
    for kind in (RELATIONSHIP_TYPE.HEADER, RELATIONSHIP_TYPE.FOOTER):
        for relation in document.part.rels.values():
            if relation.reltype != kind or relation.is_external:
                continue
            for block in _container(_root(relation.target_part), {}, Headings()):
                if block.text not in seen and len(block.text.split()) > 1:  # not just "Page" and its number
                    seen.add(block.text)
                    yield block


def _notes(document: Document) -> Iterator[Block]:
    for kind, title in ((RELATIONSHIP_TYPE.FOOTNOTES, "Footnotes"), (RELATIONSHIP_TYPE.ENDNOTES, "Endnotes")):
        for relation in document.part.rels.values():
            if relation.reltype == kind and not relation.is_external:
                for note in _root(relation.target_part):
                    yield Block(_cell(note), Location(heading_path=(title,)))


def _root(part: Any) -> Any:
    return part.element if hasattr(part, "element") else parse_xml(part.blob)
