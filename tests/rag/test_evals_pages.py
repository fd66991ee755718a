"""A team's own questions: how they are read and judged, and that the set that ships with this repository is right."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from rag.data_loaders import parse_file
from rag.errors import SetUnreadable
from rag.evals import pages
from rag.evals.answers import says
from rag.evals.plan import Plan
from rag.evals.questions import Asked, read_questions, sources_in
from rag.types import Location, ParsedFile
from tests.rag.fakes import HashEmbedder
from tests.rag.made_files import pdf, put

OURS = Path(__file__).parent.parent / "pages"


def team(folder: Path, *lines: object) -> Path:
    """Three files, one of which cannot be read, and questions about them."""
    put(folder, "ice.pdf", pdf([["Penguins live on ice."], ["Whales live in the sea and sing."]]))
    put(folder, "prices.csv", b"item,price\napple,3\npear,4\n" + b"plum,5\n" * 200)
    put(folder, "broken.docx", b"PK\x03\x04 no zip")
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return folder


def test_a_page_a_row_and_a_file_are_each_found_where_they_were_asked_for(tmp_path: Path) -> None:
    folder = team(
        tmp_path,
        {"question": "Where do whales sing in the sea?", "file": "ice.pdf", "page": 2},
        {"question": "What is the price of the item apple?", "file": "prices.csv", "page": [2, 9]},
        {"question": "Do penguins live on ice?", "file": ["ice.pdf", "prices.csv"]},
        {"question": "Who is the landlord?", "answer": None},
    )
    measured = pages.measure(folder, HashEmbedder(), tmp_path / "store", Plan())
    assert measured.n == 3
    assert measured.metrics["hit_at_1"] == measured.metrics["document_hit_at_1"] == 1.0
    assert measured.metrics["hit_at_5_pdf"] == measured.metrics["hit_at_5_csv"] == 1.0
    assert measured.worst == ()
    assert measured.notes[0] == "2 files read; 1 questions that they do not answer"
    assert measured.notes[1].startswith("not read: broken.docx. ")


def test_the_right_file_with_the_wrong_page_is_a_miss_by_page_only(tmp_path: Path) -> None:
    folder = team(tmp_path, {"question": "Do penguins live on ice?", "file": "ice.pdf", "page": 2})
    measured = pages.measure(folder, HashEmbedder(), tmp_path / "store", Plan())
    assert (measured.metrics["hit_at_1"], measured.metrics["document_hit_at_1"]) == (0.0, 1.0)
    (miss,) = measured.worst
    assert (miss.wanted, miss.detail) == ("ice.pdf, page 2", "found at rank 2")
    assert miss.got.startswith("ice.pdf, page 1: Penguins")


def test_names_can_be_taken_away(tmp_path: Path) -> None:
    folder = team(tmp_path, {"question": "Do penguins live on ice?", "file": "ice.pdf", "page": 2})
    measured = pages.measure(folder, HashEmbedder(), tmp_path / "store", Plan(without="names"))
    assert measured.metrics["document_hit_at_1"] == 1.0  # still the file that was meant
    assert measured.worst[0].got.startswith("file-002.pdf, page 1")


def test_a_stretch_of_rows_counts_as_each_of_them() -> None:
    assert pages.numbers_of(Location(page=3)) == (3,)
    assert pages.numbers_of(Location(slide=2)) == (2,)
    assert pages.numbers_of(Location(sheet="A", row=4, rows=(4, 4, 5))) == (4, 5)
    assert pages.numbers_of(Location(sheet="A", row=4, last_row=6)) == (4, 5, 6)
    assert pages.numbers_of(Location(heading_path=("Terms",))) == ()


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ({"question": "Where?", "file": "gone.pdf"}, "line 1: there is no file gone.pdf"),
        ({"question": "Where?"}, 'line 1: name the "file"'),
        ({"question": " ", "file": "ice.pdf"}, 'line 1: "question"'),
        ({"question": "Where?", "file": "ice.pdf", "page": "two"}, '"page"'),
        ({"question": "Where?", "file": "ice.pdf", "page": 0}, '"page"'),
        ({"question": "Where?", "file": "ice.pdf", "answer": 3}, '"answer"'),
        (["Where?"], "line 1 is not a JSON object"),
        ({"question": "Where?", "answer": None}, "No question here names a file"),
    ],
)
def test_a_line_that_is_not_right_is_named(tmp_path: Path, line: object, part: str) -> None:
    with pytest.raises(SetUnreadable) as refused:
        pages.measure(team(tmp_path, line), HashEmbedder(), tmp_path / "store", Plan())
    assert part in refused.value.user_message


def test_an_empty_or_missing_list_of_questions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetUnreadable, match="There is no question in questions"):
        read_questions(team(tmp_path))
    (tmp_path / "questions.jsonl").unlink()
    with pytest.raises(SetUnreadable, match=r"There is no questions\.jsonl"):
        read_questions(tmp_path)


def test_the_list_itself_may_be_named(tmp_path: Path) -> None:
    folder = team(tmp_path, {"question": "Do penguins live on ice?", "file": "ice.pdf"})
    measured = pages.measure(folder / "questions.jsonl", HashEmbedder(), tmp_path / "store", Plan())
    assert measured.metrics["hit_at_1"] == 1.0


# --- the set that ships ----------------------------------------------------------------------------


def test_our_set_is_varied_enough_to_mean_something() -> None:
    questions = read_questions(OURS)
    kinds = Counter(path.suffix for path in sources_in(OURS))
    assert set(kinds) == {".pdf", ".docx", ".pptx", ".xlsx", ".csv", ".md", ".html", ".txt"}
    assert sum(kinds.values()) >= 12
    assert sum(one.is_unanswerable for one in questions) >= 15
    assert sum(bool(one.files) for one in questions) >= 70
    assert {name for one in questions for name in one.files} == {path.name for path in sources_in(OURS)}
    assert sum(path.stat().st_size for path in OURS.rglob("*") if path.is_file()) < 1_000_000


def test_every_answer_of_our_set_stands_on_its_page() -> None:
    """Through the real readers: also a test that they keep pages, slides and rows apart."""
    parsed = {path.name: parse_file(path, path.name) for path in sources_in(OURS)}
    assert parsed["employee-handbook.pdf"].page_count == 22
    wrong = [one.text for one in read_questions(OURS) if one.files and not _stands(one, parsed)]
    assert wrong == []


def _stands(one: Asked, parsed: dict[str, ParsedFile]) -> bool:
    return any(says(_on(one.pages, parsed[name]), one.answers or ()) for name in one.files)


def _on(wanted: tuple[int, ...], file: ParsedFile) -> str:
    blocks = [block for block in file.blocks if not wanted or set(wanted) & set(pages.numbers_of(block.location))]
    return " ".join(block.text for block in blocks)
