"""What changed between two versions: what a person would mark with a pencil, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.changes import Change, Comparison, Kind, compare
from rag.types import Chunk, Hit, Location

OLD = """# Rent
The monthly rent is 1,450 euros and is due on the third working day.
Heating is included.
# Notice
Either party may end this lease with a notice of 90 days in writing.
Notice is given by letter.
A letter by mail counts from the day it arrives.
Mails do not count.
# Deposit
The deposit amounts to 4,350 euros.
It is returned within 60 days after the keys are handed back."""


def version(text: str, size: int = 3) -> list[Hit]:
    """Passages of ``size`` lines, three to a page; a line that starts with # is a heading."""
    hits: list[Hit] = []
    heading: tuple[str, ...] = ()
    lines: list[str] = []

    def close() -> None:
        if lines:
            place = Location(page=1 + len(hits) // 3, heading_path=heading)
            hits.append(Hit(Chunk(len(hits), 1, len(hits), "\n".join(lines), place), "r", "f", 0.0, 0.0))
            lines.clear()

    for line in text.splitlines():
        if line.startswith("#"):
            close()
            heading = (line.removeprefix("#").strip(),)
        else:
            lines.append(line)
            if len(lines) == size:
                close()
    close()
    return hits


def changed(old: str, new: str) -> Comparison:
    return compare(version(old), version(new, size=2))


def told(found: Comparison) -> list[tuple[str, str, str]]:
    def text(passage: object) -> str:
        return passage.text if passage else ""  # type: ignore[attr-defined]

    return [(each.kind.value, text(each.old), text(each.new)) for each in found.changes]


def only(found: Comparison) -> Change:
    (change,) = found.changes
    return change


def test_the_same_words_in_another_layout_are_equal() -> None:
    assert changed(OLD, OLD).is_equal
    wrapped = OLD.replace("third working day", "third work-\ning day").replace(
        "this lease with", "this  lease\u00a0with"
    )
    assert compare(version(OLD), version(wrapped.replace("\nHeating", "\n7\nHeating"), size=5)).is_equal


@pytest.mark.parametrize("line", ["3", "Page 3", "page 3 of 12", "- 3 -", "Seite 4 von 9", "3/12"])
def test_a_page_number_is_no_change(line: str) -> None:
    assert changed(OLD, OLD.replace("Heating", f"{line}\nHeating")).is_equal


def test_quotation_marks_of_another_kind_are_no_change() -> None:
    assert changed('The "lodger" pays.', "The “lodger” pays.").is_equal


def test_a_changed_amount_is_told_in_both_versions_with_its_places() -> None:
    change = only(changed(OLD, OLD.replace("90 days", "60 days")))
    assert change.kind is Kind.CHANGED and change.has_numbers and change.old and change.new
    assert "90 days" in change.old.text and "60 days" in change.new.text
    assert change.old.location.heading_path == change.new.location.heading_path == ("Notice",)
    assert change.old.location.page and change.new.location.page


def test_what_was_added_and_removed_stands_alone() -> None:
    new = OLD.replace("Heating is included.\n", "").replace("Mails do", "The tenant waters the garden.\nMails do")
    assert sorted(told(changed(OLD, new))) == [
        ("added", "", "The tenant waters the garden."),
        ("removed", "Heating is included.", ""),
    ]


def test_numbers_come_first_and_what_moved_last() -> None:
    rent, notice, deposit = OLD.split("\n# ")
    new = f"{rent.replace('Heating is', 'Heating is not')}\n# {deposit.replace('4,350', '4,500')}\n# {notice}"
    kinds = [(each.kind.value, each.has_numbers) for each in changed(OLD, new).changes]
    assert kinds == [("changed", True), ("changed", False), ("moved", False)]


def test_a_section_that_moved_is_one_change_and_what_changed_inside_it_is_another() -> None:
    rent, notice, deposit = OLD.split("\n# ")
    found = changed(OLD, f"{rent}\n# {deposit}\n# {notice.replace('90', '60')}")
    assert found.count(Kind.MOVED) == 1 and found.count(Kind.CHANGED) == 1
    assert found.count(Kind.ADDED) == found.count(Kind.REMOVED) == 0


def test_a_renamed_heading_is_a_change() -> None:
    assert told(changed(OLD, OLD.replace("# Rent", "# Rent and costs"))) == [("changed", "Rent", "Rent and costs")]


def test_a_not_that_came_in_is_a_change() -> None:
    change = only(changed(OLD, OLD.replace("Heating is included", "Heating is not included")))
    assert change.kind is Kind.CHANGED and not change.has_numbers


def test_a_row_of_a_table_names_its_row_in_both_versions() -> None:
    def sheet(*lines: str) -> list[Hit]:
        where = Location(sheet="Prices", row=2, rows=tuple(range(2, 2 + len(lines))))
        return [Hit(Chunk(1, 1, 0, "\n".join(lines), where), "r", "f", 0.0, 0.0)]

    rows = [f"Article: A{n} | Price: {n}0 €" for n in range(5)]
    newer = [*rows[:1], "Article: new | Price: 7 €", *rows[1:3], rows[3].replace("30", "35"), rows[4]]
    found = compare(sheet(*rows), sheet(*newer))
    assert found.count(Kind.CHANGED) == found.count(Kind.ADDED) == len(found.changes) - 1 == 1
    change = next(each for each in found.changes if each.kind is Kind.CHANGED)
    assert change.old and change.new
    assert (change.old.location.label(), change.new.location.label()) == ("Prices, row 5", "Prices, row 6")


def test_a_sentence_cut_elsewhere_is_no_change() -> None:
    old = version("The lease ends\nOn the last day of May.", size=1)
    assert compare(old, version("The lease ends On the last day of May.")).is_equal


@pytest.mark.parametrize(("old", "new", "kind"), [("", "One line.", Kind.ADDED), ("One line.", "", Kind.REMOVED)])
def test_an_empty_version_lost_or_gained_everything(old: str, new: str, kind: Kind) -> None:
    assert only(changed(old, new)).kind is kind
    assert compare([], []).is_equal


def test_two_files_that_share_nothing_do_not_take_long_and_pair_nothing() -> None:
    old = "\n".join(f"Alpha{n} beta{n} gamma{n} delta{n}." for n in range(3000))
    found = changed(old, old.replace("a", "o"))
    assert found.count(Kind.REMOVED) + found.count(Kind.CHANGED) == 3000


def test_many_equal_lines_do_not_take_long() -> None:
    rows = ["Name: x; Price: 5"] * 6000
    assert len(changed("\n".join(rows), "\n".join(rows[:-5])).changes) == 5


WORDS = st.sampled_from("rent notice keys euros deposit garden days letter 5 90 not".split())
LINES = st.lists(st.lists(WORDS, min_size=1, max_size=6).map(lambda words: f"The {' '.join(words)}."), max_size=25)


@settings(max_examples=60, deadline=None)
@given(LINES, LINES)
def test_nothing_is_lost_between_two_versions(old: Sequence[str], new: Sequence[str]) -> None:
    """Taking away what was removed and changed leaves the same words as taking away what was added and changed."""
    found = compare(version("\n".join(old)), version("\n".join(new)))
    assert compare(version("\n".join(old)), version("\n".join(old))).is_equal
    gone = [each.old.text for each in found.changes if each.old and each.kind is not Kind.MOVED]
    come = [each.new.text for each in found.changes if each.new and each.kind is not Kind.MOVED]
    left, right = list(old), list(new)
    for text in gone:
        left.remove(text)
    for text in come:
        right.remove(text)
    assert sorted(left) == sorted(right)
