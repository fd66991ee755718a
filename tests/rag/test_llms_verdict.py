"""What counts as a yes."""

import pytest

from rag.llms.verdict import says_yes


@pytest.mark.parametrize(
    "text", ["yes", "Yes", "yes.", "YES, because it says so", " **Yes**", "Answer: yes", "'yes'\n"]
)
def test_every_spelling_of_yes_is_a_yes(text: str) -> None:
    assert says_yes(text)


@pytest.mark.parametrize("text", ["no", "No.", "NO, yes is wrong", "", "perhaps", "yesterday", "The eyes", "Nothing"])
def test_anything_else_is_a_no(text: str) -> None:
    assert not says_yes(text)
