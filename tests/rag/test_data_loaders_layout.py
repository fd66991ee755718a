"""Lines with places: paragraphs, tables and headings; and what happens when time runs out."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pypdfium2 as pdfium
import pytest

from rag.data_loaders import parse_file, pdf_readers
from rag.data_loaders.layout import Line, group_lines, heading_level, heading_levels, join_headings
from rag.data_loaders.paragraphs import paragraphs
from rag.data_loaders.reading import Reading, collect
from rag.types import Block, Location
from tests.rag import made_files


def column(*texts: str, left: float = 60, width: float = 5, height: float = 12) -> list[Line]:
    """Lines one below the other, each letter ``width`` points wide."""
    return [
        Line(text, left, 800 - 14 * n, left + width * len(text), 800 - 14 * n - height, height)
        for n, text in enumerate(texts)
    ]


def test_a_line_goes_on_where_the_next_word_would_not_have_fitted() -> None:
    lines = column(
        "The goods are delivered to the",
        "Customer in Lisbon within ten",
        "working days.",
        "Another paragraph, which is",
        "short.",
    )
    assert list(group_lines(lines)) == [
        "The goods are delivered to the Customer in Lisbon within ten working days.",
        "Another paragraph, which is short.",
    ]


@pytest.mark.parametrize("bullet_size", [5, 11, 18])
def test_a_list_item_goes_on_whatever_the_size_of_its_bullet(tmp_path: Path, bullet_size: float) -> None:
    lines = [
        "• If the first rule fails or gives more than one result, read the contents of the file and",
        "look at its first bytes.",
        "• Otherwise take the rule that has the highest weight of all those that were found and",
        "stop there.",
    ]
    path = tmp_path / "list.pdf"
    path.write_bytes(made_files.pdf([lines], bullet_size=bullet_size))
    found = [block.text for block in parse_file(path, "list.pdf").blocks]
    assert found == [" ".join(lines[:2]), " ".join(lines[2:])]


def test_a_wider_gap_between_lines_ends_a_paragraph() -> None:
    above = column("A line that is as long as all others here", "and one more line of this very paragraph x")
    lower = column("and this", "would go on in lower case, but for the gap")
    below = [replace(line, top=line.top - 40, bottom=line.bottom - 40) for line in lower]
    assert len(list(group_lines([*above, *below]))) == 2


def test_rows_of_a_table_stay_on_their_own_lines() -> None:
    lines = column("Code Meaning What", "E-01 The lid Close", "E-02 Too hot. Wait")
    rows = [replace(line, is_row=True) for line in lines]
    assert list(group_lines(rows)) == ["Code Meaning What", "E-01 The lid Close", "E-02 Too hot. Wait"]


def test_text_in_two_columns_is_put_together_over_the_break() -> None:
    left = column("The left column ends with a sentence", "that is only finished at the top of the")
    right = column("right one.", left=320)
    assert list(group_lines([*left, *right]))[-1].endswith("at the top of the right one.")


def test_lines_in_larger_type_are_headings_by_size() -> None:
    title, chapter = column("Annual report", height=30), column("Liability and", "insurance", height=18)
    body = column(*["Plain text of the report, set in the usual size."] * 20)
    levels = heading_levels([[*title, *chapter, *body]])
    assert [heading_level(line, levels) for line in (title[0], chapter[0], body[0])] == [1, 2, None]
    assert next(line.text for line in join_headings([*chapter, *body[:1]], levels)) == "Liability and insurance"


def test_where_most_type_is_large_none_is_a_heading() -> None:
    assert heading_levels([[*column(*["Slide text"] * 5, height=30), *column(*["Small print of it all"] * 5)]]) == {}


def test_a_word_broken_at_a_line_end_is_mended_and_a_compound_kept() -> None:
    full = "x" * 60
    assert list(paragraphs([full + " infor-", "mation", "", full + " state-of-the-", "art"])) == [
        full + " information",
        full + " state-of-the-art",
    ]


def test_pypdf_reads_what_pdfium_cannot_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_reading: Reading, _contents: pdf_readers.PdfContents) -> None:
        raise pdfium.PdfiumError("cannot open")

    monkeypatch.setattr(pdf_readers, "_read_with_pdfium", broken)
    path = made_files.put(tmp_path, "a.pdf", made_files.pdf([["Page one."], ["Page two."]]))
    contents = pdf_readers.read_pdf(Reading(path, "pdf"))
    assert [[line.text for line in page] for page in contents.pages] == [["Page one."], ["Page two."]]


def test_when_time_runs_out_what_was_read_is_kept_and_the_rest_is_named(tmp_path: Path) -> None:
    reading = Reading(tmp_path, "text", started_s=time.process_time() - 1_000)
    parsed = collect(reading, (Block(f"Block {n}.", Location(page=n)) for n in range(1, 100)))
    assert [block.text for block in parsed.blocks] == ["Block 1."]
    assert parsed.notes == ("Only the beginning of this file was read, up to page 1: it is too long.",)
