"""Both splitters: sizes hold, nothing is lost, places are kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.splitter import ChunkDraft, RecursiveCharacterTextSplitter, split_blocks
from rag.types import Block, Location

PROSE = "\n\n".join(
    f"Paragraph {n} begins here. It has a second sentence, which is longer! Has it a third? It has." for n in range(20)
)


def count_words(texts: Sequence[str]) -> list[int]:
    """A tokenizer for tests: one piece per word or sign, as word pieces roughly are."""
    return [len(re.findall(r"\w+|[^\w\s]", text)) for text in texts]


def squeezed(text: str) -> str:
    return "".join(text.split())


# --- characters -------------------------------------------------------------------------------


def test_overlap_is_really_applied() -> None:
    chunks = RecursiveCharacterTextSplitter(chunk_size=100, chunk_overlap=30).split_text(PROSE)
    for before, after in pairwise(chunks):
        shared = max(size for size in range(31) if before.endswith(after[:size]))
        assert shared >= 10, (before, after)


def test_without_overlap_chunks_put_together_are_the_text() -> None:
    chunks = RecursiveCharacterTextSplitter(chunk_size=100, chunk_overlap=0).split_text(PROSE)
    assert squeezed("".join(chunks)) == squeezed(PROSE)


def test_separators_are_kept_once() -> None:
    text = "One. Two. Three. Four."
    assert RecursiveCharacterTextSplitter(chunk_size=10, chunk_overlap=0).split_text(text) == [
        "One. Two.",
        "Three.",
        "Four.",
    ]


def test_cuts_fall_at_the_coarsest_separator_that_serves() -> None:
    chunks = RecursiveCharacterTextSplitter(chunk_size=120, chunk_overlap=0).split_text(PROSE)
    assert all(chunk.startswith("Paragraph") for chunk in chunks)


def test_short_text_is_one_chunk_and_no_text_is_none() -> None:
    assert RecursiveCharacterTextSplitter().split_text(text=" Short. ") == ["Short."]
    assert RecursiveCharacterTextSplitter().split_text(text=" \n ") == []


@pytest.mark.parametrize(("size", "overlap"), [(0, 0), (100, 100), (100, 150), (100, -1)])
def test_sizes_that_cannot_work_are_refused(size: int, overlap: int) -> None:
    with pytest.raises(ValueError, match="chunk_"):
        RecursiveCharacterTextSplitter(chunk_size=size, chunk_overlap=overlap)


@settings(max_examples=200, deadline=None)
@given(
    gaps=st.lists(st.sampled_from(["", " ", ". ", "! ", "\n", "\n\n", "   "]), max_size=200),
    size=st.integers(1, 60),
    share=st.floats(0, 0.99),
)
def test_no_chunk_is_too_long_and_no_character_is_lost(gaps: list[str], size: int, share: float) -> None:
    overlap = min(int(size * share), size - 1)
    letters = [chr(0x4E00 + number) for number in range(len(gaps))]  # each once, so that its place is known
    text = "".join(letter + gap for letter, gap in zip(letters, gaps, strict=True))
    chunks = RecursiveCharacterTextSplitter(chunk_size=size, chunk_overlap=overlap).split_text(text)
    assert all(0 < len(chunk) <= size and chunk in text for chunk in chunks)
    assert {letter for chunk in chunks for letter in chunk if letter in letters} == set(letters)
    for before, after in pairwise(chunks):
        assert sum(letter in before for letter in after if letter in letters) <= overlap


# --- blocks -----------------------------------------------------------------------------------


def split(blocks: list[Block], target: int = 150, most: int = 200) -> list[ChunkDraft]:
    return split_blocks(blocks, count_words, target, most)


def test_small_neighbours_are_joined_and_stay_on_their_own_lines() -> None:
    place = Location(page=1)
    drafts = split([Block("One.", place), Block("Two.", place)])
    assert [(draft.text, draft.location) for draft in drafts] == [("One.\nTwo.", place)]


@pytest.mark.parametrize(
    "other",
    [Location(page=2), Location(page=1, heading_path=("A",)), Location(sheet="B"), Location(slide=1)],
)
def test_a_chunk_never_reaches_over_places(other: Location) -> None:
    drafts = split([Block("One.", Location(page=1)), Block("Two.", other)])
    assert [draft.location for draft in drafts] == [Location(page=1), other]


def test_rows_are_joined_under_the_number_of_the_first() -> None:
    rows = [Block(f"Article: A{n} | Price: {n}", Location(sheet="S", row=n), "row") for n in range(2, 40)]
    drafts = split(rows)
    assert (drafts[0].location.label(), drafts[0].location.rows[:3]) == ("S, row 2", (2, 3, 4))
    assert all(len(draft.location.rows) == len(draft.text.splitlines()) for draft in drafts)
    assert "\n".join(draft.text for draft in drafts) == "\n".join(row.text for row in rows)
    assert all(draft.pieces <= 200 for draft in drafts)


def test_a_heading_goes_with_what_stands_below_it() -> None:
    blocks = [
        Block("Terms", Location(heading_path=("Terms",)), "heading"),
        Block("Price", Location(heading_path=("Terms", "Price")), "heading"),
        Block("It costs 5.", Location(heading_path=("Terms", "Price"))),
        Block("Law", Location(heading_path=("Law",)), "heading"),
        Block("Portuguese.", Location(heading_path=("Law",))),
    ]
    drafts = split(blocks)
    assert [draft.text for draft in drafts] == ["Terms\nPrice\nIt costs 5.", "Law\nPortuguese."]
    assert drafts[0].location.label() == "Terms › Price"


def test_big_blocks_are_cut_at_sentences_into_even_parts() -> None:
    sentences = [f"Sentence number {n} has exactly these nine plain words." for n in range(40)]
    drafts = split([Block(" ".join(sentences), Location(page=1))])
    assert all(draft.text.startswith("Sentence") and draft.text.endswith(".") for draft in drafts)
    assert " ".join(draft.text for draft in drafts) == " ".join(sentences)
    assert min(draft.pieces for draft in drafts) >= 100


@pytest.mark.parametrize("text", ["x" * 50_000, "語" * 3_000, "a " * 5_000, "a\u0301" * 20_000, "1.2" * 9_000])
def test_even_text_without_sentences_is_cut_small_enough(text: str) -> None:
    drafts = split_blocks([Block(text)], lambda texts: [sum(map(len, t.split())) for t in texts])
    assert max(draft.pieces for draft in drafts) <= 200
    assert squeezed("".join(draft.text for draft in drafts)) == squeezed(text)


def test_one_word_that_the_tokenizer_counts_as_one_is_cut_all_the_same() -> None:
    drafts = split_blocks([Block("x" * 50_000)], lambda texts: [1] * len(texts))
    assert max(len(draft.text) for draft in drafts) <= 1_700


def test_the_tokenizer_is_called_in_few_batches() -> None:
    calls: list[int] = []

    def counting(texts: Sequence[str]) -> list[int]:
        calls.append(len(texts))
        return count_words(texts)

    blocks = [Block(f"Sentence {n}. " * 200, Location(page=n)) for n in range(1, 200)]
    split_blocks(blocks, counting)
    assert len(calls) <= 3


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.builds(
            Block,
            st.text(alphabet="ab .!?\n語", min_size=1, max_size=200).filter(lambda text: text.strip() == text != ""),
            st.builds(Location, page=st.integers(1, 3)),
            st.sampled_from(["text", "heading", "row"]),
        ),
        max_size=20,
    )
)
def test_blocks_keep_order_place_and_every_character(blocks: list[Block]) -> None:
    drafts = split_blocks(blocks, count_words, 10, 15)
    assert all(draft.pieces <= 15 for draft in drafts)
    assert squeezed("".join(draft.text for draft in drafts)) == squeezed("".join(block.text for block in blocks))
    source = "\n".join(block.text for block in blocks)
    assert all(draft.text in source for draft in drafts)
