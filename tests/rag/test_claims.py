"""Numbers, codes, names, units and negations are found in a sentence, each in one spelling."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.claims import asked_words, claims_of, codes_in, content_words, names_in, numbers_in, squash, stem


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1,450 euros", {"1450"}),
        ("1.450 Euro", {"1450"}),
        ("1450 euros", {"1450"}),
        ("1,200.50", {"1200.5"}),
        ("1.200,50", {"1200.5"}),
        ("12'500.00", {"12500"}),
        ("12 500", {"12", "500"}),  # a plain space also separates
        ("12\u00a0500", {"12500"}),
        ("1,234,567", {"1234567"}),
        ("3.5 percent", {"3.5"}),
        ("3,5 Prozent", {"3.5"}),
        ("3.50", {"3.5"}),
        ("007", {"7"}),
        ("-5 to 40", {"-5", "40"}),
        ("5-10", {"5", "10"}),
        ("three (3) years", {"3"}),
        ("drei Monate", {"3"}),
        ("2027-03-11", {"2027-03-11"}),
        ("03/11/2027", {"2027-03-11"}),
        ("31.12.2025", {"2025-12-31"}),
        ("version 2.10.1", {"2.10.1"}),
        ("15%", {"15"}),
        ("a million", {"1000000"}),
        ("1.2 million", {"1200000"}),
        ("1,5 Mio. €", {"1500000"}),
        ("two hundred and fifty", {"250"}),
        ("five, six", {"5", "6"}),
        ("fünfundzwanzig", {"25"}),
        ("minus 12", {"-12"}),
        ("May 3rd, 2024 at 2:30 pm", {"2024-05-03", "14:30"}),
        ("no one", set()),
        ("one of them", set()),
        ("eins davon", set()),
        ("grade 1", {"1"}),
        ("", set()),
    ],
)
def test_numbers_have_one_spelling(text: str, numbers: set[str]) -> None:
    assert numbers_in(text) == numbers


@given(st.integers(min_value=0, max_value=10**12), st.integers(min_value=0, max_value=99))
def test_english_and_german_spellings_of_an_amount_are_the_same_number(whole: int, cents: int) -> None:
    english = f"{whole:,}.{cents:02d}"
    german = english.translate(str.maketrans(",.", ".,"))
    swiss = english.replace(",", "’")
    assert numbers_in(english) == numbers_in(german) == numbers_in(swiss) == numbers_in(f"{whole}.{cents:02d}")


@given(st.integers(min_value=0, max_value=10**9), st.integers(min_value=0, max_value=10**9))
def test_different_whole_numbers_are_never_the_same(first: int, second: int) -> None:
    assert (numbers_in(f"{first:,}") == numbers_in(f"{second:,}")) == (first == second)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Error E07 and E-07", {"e07"}),
        ("part P-200-B", {"p200b"}),
        ("the 3rd one in 1950s style", {"3rd", "1950s"}),
        ("plain words, 123 and co-operation", set()),
    ],
)
def test_codes_hold_letters_and_digits_and_have_one_spelling(text: str, codes: set[str]) -> None:
    assert codes_in(text) == codes


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("The contract was signed by Peter Novak.", {"peter", "novak"}),
        ("Peter signed.", set()),  # every sentence begins with a capital
        ("It is in Annex B, not in Annex C.", {"annex", "b", "c"}),
        ("Northern Île-de-France and the AM-FM radio", {"northern", "ile", "france", "am", "fm"}),
        ("Anna Schmidt signed. The Schmidts paid.", {"anna", "schmidt", "schmidts"}),
        ("Contract terms apply.", set()),
        ("He said “Keep it closed” to Ana.", {"ana"}),
        ("It costs EUR 5 according to Acme.", {"acm"}),
        ("The answer is Yes, I think.", set()),
    ],
)
def test_names_are_words_with_a_capital_that_nothing_else_explains(text: str, names: set[str]) -> None:
    assert names_in(text) == {stem(name) for name in names}


@pytest.mark.parametrize(
    ("text", "measures"),
    [
        ("90 days", {("90", "day")}),
        ("a 90-day notice", {("90", "day")}),
        ("drei Monate", {("3", "month")}),
        ("three (3) years", {("3", "year")}),
        ("€1,450", {("1450", "euro")}),
        ("1,450 EUR", {("1450", "euro")}),
        ("$ 20", {("20", "dollar")}),
        ("3.5%", {("3.5", "percent")}),
        ("3,5 Prozent", {("3.5", "percent")}),
        ("3 km and 3 m", {("3", "km"), ("3", "m")}),
        ("60 working days", {("60", "day")}),
        ("60 cups of tea", set()),  # no known unit: nothing is held against it
        ("version 2.10.1", set()),
    ],
)
def test_measures_are_a_number_and_a_known_unit(text: str, measures: set[tuple[str, str]]) -> None:
    assert claims_of(text).measures == measures


@pytest.mark.parametrize(
    "text", ["It does not.", "It can't.", "No one may.", "Das gilt nicht.", "Ohne Frist.", "It isn’t."]
)
def test_negations_are_seen(text: str) -> None:
    assert claims_of(text).negated


@pytest.mark.parametrize("text", ["It does.", "Nothing new was noted.", "Das gilt.", "The knot is tight.", "Norway"])
def test_words_that_only_look_like_negations_are_none(text: str) -> None:
    assert not claims_of(text).negated


def test_what_a_negation_denies_is_the_next_word_that_means_something() -> None:
    assert claims_of("It does not cover labour.").denied == {stem("cover")}
    assert claims_of("No one may be in the lab without gloves.").denied == {stem("one"), stem("gloves")}
    assert claims_of("It is not.").denied == frozenset()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("covers", "cover"),
        ("agreements", "agreement"),
        ("parties", "party"),
        ("stripped", "strip"),
        ("Monate", "Monaten"),
        ("Kündigung", "kundigung"),
        ("returned", "returns"),
        ("warranty", "warranties"),
    ],
)
def test_forms_of_one_word_have_one_stem(first: str, second: str) -> None:
    assert stem(first) == stem(second)


@pytest.mark.parametrize(
    ("first", "second"), [("rent", "deposit"), ("may", "must"), ("open", "closed"), ("day", "date")]
)
def test_different_words_have_different_stems(first: str, second: str) -> None:
    assert stem(first) != stem(second)


@given(st.text(max_size=30))
def test_the_stem_of_any_word_is_never_longer_than_its_letters(word: str) -> None:
    assert len(stem(word)) <= len(unicodedata.normalize("NFKD", word.lower()))  # and it always ends


def test_words_that_mean_little_are_left_out_and_codes_are_kept() -> None:
    assert content_words("What is the meaning of E07 according to the document?") == {stem("meaning"), "e07"}


def test_hyphens_and_apostrophes_part_words() -> None:
    assert content_words("the landlord’s 90-day plugs-out test isn't") == {
        stem(word) for word in ("landlord", "day", "plugs", "out", "test")
    }


def test_how_long_says_nothing_of_length() -> None:
    assert asked_words("How long is the notice period?") == {stem("notice"), stem("period")}


def test_citation_marks_are_no_numbers() -> None:
    assert claims_of("It lasts 3 years [1][2].").numbers == {"3"}


def test_links_and_addresses_are_claims_of_their_own() -> None:
    claims = claims_of("See https://intra.example/a, or write to ana@example.org.")
    assert claims.links == {"https://intra.example/a", "ana@example.org"}
    assert not claims.codes


def test_quotes_are_taken_from_any_quotation_marks() -> None:
    for sentence in (
        'It says "keep it closed".',
        "It says “Keep it closed”.",
        "Da steht: „keep it closed“.",
        "«keep it closed»",
    ):
        assert claims_of(sentence).quotes == ("keep it closed",)


def test_squash_makes_one_spelling_of_quotes_dashes_and_space() -> None:
    assert squash("The “A–B”\n  line’s soft\u00adhyphen") == 'the "a-b" line\'s softhyphen'


# Each of these made a regular expression look at every character for every other one: minutes, at this length.
COSTLY = ["a-", "1a-", "a.", "x@y-", "1."]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", COSTLY)
def test_no_text_makes_claims_costly(piece: str) -> None:
    times = 150_000 // len(piece)
    assert claims_of(piece * times).tokens


@given(st.text(max_size=200))
def test_any_text_has_claims(text: str) -> None:
    claims = claims_of(text)
    assert "" not in claims.words | claims.names | claims.codes | claims.numbers


def test_naughty_strings_have_claims(shared_data: Path) -> None:
    for path in (shared_data / "security" / "blns").glob("*.json"):
        for text in json.loads(path.read_text(encoding="utf-8")):
            claims = claims_of(str(text))
            assert "" not in claims.words | claims.names | claims.codes | claims.numbers
