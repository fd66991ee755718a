"""Every error is drawn in the tree, stands where the tree says, and has a sentence for people."""

from __future__ import annotations

import inspect
import re

import pytest

from rag import errors
from rag.errors import InhouseError

CLASSES = {
    name: kind for name, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__
}


def drawn_tree(docstring: str) -> dict[str, str]:
    """Child to parent, read from the lines ``│   ├── Name   what it is`` of a drawn tree."""
    parents: dict[str, str] = {}
    path: list[str] = []
    for line in docstring.splitlines():
        found = re.match(r"    (?P<lead>[│ ]*)(?:[├└]── )?(?P<name>[A-Z]\w+)(?:\s{2,}\S.*)?$", line)
        if not found:
            continue
        depth = len(found["lead"]) // 4 + (1 if "── " in line else 0)
        path[depth:] = [found["name"]]
        if depth:
            parents[found["name"]] = path[depth - 1]
    return parents


def is_whole_sentence(text: str) -> bool:
    """Begins with a capital, ends with a full stop, and is more than a label."""
    return bool(re.fullmatch(r"[A-Z].*[.!?]", text, re.DOTALL)) and len(text.split()) >= 4


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    real = {name: kind.__bases__[0].__name__ for name, kind in CLASSES.items() if kind is not InhouseError}
    assert drawn_tree(errors.__doc__ or "") == real


def test_the_drawing_is_really_read() -> None:
    drawn = drawn_tree("\n    Base\n    ├── One    what\n    │   └── Two    that\n    └── Three  it\n")
    assert drawn == {"One": "Base", "Two": "One", "Three": "Base"}


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_error_has_a_whole_sentence_without_being_given_one(name: str) -> None:
    message = CLASSES[name]().user_message
    assert is_whole_sentence(message), message
    assert not re.search(r"[\\/]\w+/|Traceback|Error\b|0x[0-9a-f]+|\b\w+\(\)", message), message


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_error_says_what_it_stands_for(name: str) -> None:
    assert (CLASSES[name].__doc__ or "").strip().endswith("."), name


def test_labels_are_no_sentences() -> None:
    assert not is_whole_sentence("file missing")
    assert not is_whole_sentence("File missing.")
    assert is_whole_sentence("This file is missing.")


def test_the_detail_is_for_the_log_and_never_for_people() -> None:
    error = errors.BrokenFile(detail="/srv/data/x.pdf at byte 7")
    assert "/srv" in str(error)
    assert "/srv" not in error.user_message


def test_a_given_sentence_replaces_the_default() -> None:
    assert errors.ModelTooLarge("This model needs 9 GB.").user_message == "This model needs 9 GB."
    assert str(errors.ModelTooLarge("This model needs 9 GB.")) == "This model needs 9 GB."
