"""What is promised is held by guards, each of which a test would miss."""

from __future__ import annotations

import random
import re

import pytest

from tests.conftest import REPOSITORY
from tests.guards import TEST_FAILED, Tried, shown, taken_out
from tests.guards_taken_out import GUARDS, Guard

SEED, SAMPLE = 11, 5


def promises() -> list[str]:
    """The first column of the table of promises."""
    text = (REPOSITORY / "docs" / "security.md").read_text(encoding="utf-8")
    rows = text.partition("## Promises")[2].partition("\n\n**")[0].splitlines()
    return [row.split("|")[1].strip() for row in rows if row.startswith("| ")][1:]


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_a_guard_can_be_taken_out_and_its_tests_are_there(guard: Guard) -> None:
    source = (REPOSITORY / guard.file).read_text(encoding="utf-8")
    compile(taken_out(source, guard), guard.file, "exec")
    for test in guard.tests:
        path, _, name = test.partition("::")
        assert f"def {name.partition('[')[0]}" in (REPOSITORY / path).read_text(encoding="utf-8"), test


def test_every_promise_has_a_guard() -> None:
    found = promises()
    assert len(found) > 20
    assert not [row for row in found if not any(row.startswith(guard.promise) for guard in GUARDS)]


def test_each_guard_has_a_name_of_its_own() -> None:
    names = [(guard.promise, guard.name) for guard in GUARDS]
    assert len(names) == len(set(names))


def test_the_document_names_how_many_there_are() -> None:
    said = re.search(r"(\d+) guards", (REPOSITORY / "docs" / "security.md").read_text(encoding="utf-8"))
    assert said and int(said[1]) == len(GUARDS)


@pytest.mark.parametrize(
    ("tried", "is_red"),
    [
        (Tried(TEST_FAILED, "tests/a.py::test_b", "assert 1 == 2", ""), True),
        (Tried(TEST_FAILED, "tests/a.py::test_b", "NameError: name 'x' is not defined", ""), False),
        (Tried(TEST_FAILED, "", "", "an error in a fixture"), False),
        (Tried(2, "", "", "it could not be collected"), False),
        (Tried(0, "", "", "all passed"), False),
    ],
)
def test_only_a_test_that_failed_shows_anything(tried: Tried, is_red: bool) -> None:
    assert tried.is_red is is_red


@pytest.mark.slow
def test_a_test_fails_without_its_guard() -> None:
    """A sample; all of them: `python -m tests.guards`."""
    sample = random.Random(SEED).sample(GUARDS, SAMPLE)
    assert [str(each) for each in shown(sample) if not each.is_red] == []
