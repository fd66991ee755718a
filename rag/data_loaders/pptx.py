"""PowerPoint: one slide after the other, its title as heading, then shapes, tables, charts and notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from lxml import etree
from pptx.opc.constants import CONTENT_TYPE
from pptx.opc.package import PartFactory
from pptx.package import Package
from pptx.parts.presentation import PresentationPart

from rag.data_loaders.archive import opened
from rag.data_loaders.reading import Reading, note_embedded
from rag.data_loaders.tables import row_blocks
from rag.types import Block, Location

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_VARIANTS = (
    CONTENT_TYPE.PML_PRES_MACRO_MAIN,
    CONTENT_TYPE.PML_SLIDESHOW_MAIN,
    CONTENT_TYPE.PML_TEMPLATE_MAIN,
    "application/vnd.ms-powerpoint.slideshow.macroEnabled.main+xml",
    "application/vnd.ms-powerpoint.template.macroEnabled.main+xml",
)


def blocks(reading: Reading) -> Iterator[Block]:
    """Title, shapes, tables, charts and speaker notes, slide by slide. Raises: python-pptx's own errors."""
    for variant in _VARIANTS:
        PartFactory.part_type_for[variant] = PresentationPart
    presentation = Package.open(opened(reading.path)).main_document_part.presentation
    slides = presentation.slides
    reading.page_count = len(slides)
    note_embedded(reading)
    for number, slide in enumerate(slides, start=1):
        if number > reading.limits.pages:
            reading.note(f"Only the first {reading.limits.pages:,} of {len(slides):,} slides were read.")
            return
        yield from _slide(slide, number)
        reading.report(number, len(slides))


def _slide(slide: Any, number: int) -> Iterator[Block]:
    title = slide.shapes.title
    name = " ".join(title.text_frame.text.split()) if title is not None else ""
    location = Location(slide=number, heading_path=(name[:200],) if name else ())
    if name:
        yield Block(name, location, "heading")
    others = (shape for shape in slide.shapes if title is None or shape.shape_id != title.shape_id)
    yield from _shapes(others, location)
    yield from _diagrams(slide.part, location)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        notes = slide.notes_slide.notes_text_frame.text.strip()
        if notes:
            yield Block(f"Speaker notes: {notes}", location)


def _shapes(shapes: Iterable[Any], location: Location) -> Iterator[Block]:
    for shape in shapes:
        if hasattr(shape, "shapes"):  # a group
            yield from _shapes(shape.shapes, location)
        elif getattr(shape, "has_table", False):
            rows = ((None, [cell.text for cell in row.cells]) for row in shape.table.rows)
            yield from row_blocks(rows, location, header=_header(shape.table))
        elif getattr(shape, "has_chart", False):
            yield from _chart(shape.chart.part.blob, location)
        elif shape.has_text_frame:
            text = "\n".join(paragraph.text for paragraph in shape.text_frame.paragraphs if paragraph.text.strip())
            yield Block(text.replace("\v", "\n"), location)


def _header(table: Any) -> bool | None:
    """Wide tables show it by their content; of two columns the table's own flag is believed."""
    return bool(table.first_row) if len(table.columns) == 2 else None


def _chart(xml: bytes, location: Location) -> Iterator[Block]:
    """The chart's title and the values it keeps beside the drawing, one row per category."""
    chart = _parse(xml)
    title = "".join(node.text or "" for head in chart.iter(_C + "title") for node in head.iter(_A + "t"))
    yield Block(title, location)
    series = list(chart.iter(_C + "ser"))
    columns = [_points(item.find(_C + "val")) for item in series]
    names = [next(iter(_points(item.find(_C + "tx")).values()), "") for item in series]
    categories = _points(series[0].find(_C + "cat")) if series else {}
    rows = [["", *names], *([label, *(column.get(at, "") for column in columns)] for at, label in categories.items())]
    yield from row_blocks(((None, row) for row in rows), location, header=True)


def _points(element: Any) -> dict[str, str]:
    if element is None:
        return {}
    return {point.get("idx", ""): point.findtext(_C + "v", "") for point in element.iter(_C + "pt")}


def _diagrams(part: Any, location: Location) -> Iterator[Block]:
    """SmartArt keeps its words in a part of its own."""
    for relation in part.rels.values():
        if relation.reltype.endswith("/diagramData") and not relation.is_external:
            root = _parse(relation.target_part.blob)
            paragraphs = ("".join(node.text or "" for node in item.iter(_A + "t")) for item in root.iter(_A + "p"))
            yield Block("\n".join(filter(None, paragraphs)), replace(location))


def _parse(xml: bytes) -> Any:
    return etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))
