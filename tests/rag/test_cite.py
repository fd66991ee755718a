"""A sentence stands only where the hits say it: what proves it, and each way of bending it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.cite import MAX_QUOTE_CHARS, Supported, Unsupported, check, cite, number_citations, trimmed, windows_of
from rag.claims import content_words
from rag.evals import citing
from rag.types import Chunk, Hit, Location


def hit(text: str, *, chunk_id: int = 1, **where: object) -> Hit:
    location = Location(**where)  # type: ignore[arg-type]
    return Hit(Chunk(chunk_id, 1, chunk_id, text, location), f"F{chunk_id}", f"{chunk_id}.txt", score=1.0, cosine=0.5)


LEASE = hit(
    "The monthly rent is 1,450 euros and is due on the third working day of each month.\n\n"
    "Either party may end this lease with a notice of 90 days in writing.\n\n"
    "The deposit amounts to 4,350 euros and is returned within 60 days after the keys are handed back."
)
CONTRACTS = hit("Contract A lasts 36 months. Contract B lasts 60 months.")
PEOPLE = hit("Maria Lopez approved the budget. Peter Novak signed the contract.")
CODES = hit("Error E07 means that the filter is blocked. Error E09 means that the pump is dry.")
DEUTSCH = hit(
    "Die Kündigungsfrist beträgt drei Monate zum Quartalsende. Die Kaution beträgt 1.200,50 Euro. "
    "Der Mieter muss die Wohnung am 31.12.2025 räumen. Der Vermieter darf die Wohnung nicht vorher betreten."
)
LAB = hit("No one may enter the lab without gloves. Employees may work from home up to two days a week.")
WARRANTY = hit("The warranty covers parts only. It does not cover labour.")
TANK = hit("The tank holds 50 litres. The hose is 3 m long. Temperatures from -5 to 40 °C are allowed.")
DATES = hit("The contract was signed on 12 March 2024 and ends on 2027-03-11. Version 2.10.1 applies.")
SHARES = hit("About one in five users left. 15% of sales are online. Growth was 3.5 percent.")
LINKS = hit("See https://intra.example/a for the form. Write to ana@example.org.")
SAYING = hit("The manual says “keep the valve closed at all times” to operators.")
NUMBERED = hit(
    "2.1 Term\nThe term of the agreement is three (3) years.\n"
    "2.2 Fee\nThe annual fee is CHF 12'500.00, payable in four instalments."
)
ACME = hit("Acme leases the building. It lasts 36 months.")
SMOKING = hit("Smoking is prohibited in the building.")
PRICES = (
    hit("Article: Pump P-200 | Price: 1,900 | Stock: 12", row=2),
    hit("Article: Valve V-10 | Price: 85 | Stock: 400", chunk_id=2, row=3),
)
PRICE_LINES = hit(
    "Article: Pump P-200 | Price: 1,900 | Stock: 12\narticle: Valve V-10 | Price: 85 | Stock: 400", rows=(2, 3)
)
ROLES = hit("Role: lead | Person: Ana\nRole: deputy | Person: Ben", rows=(2, 3))
GAME = hit("Miller stripped the ball from Newton, and it was recovered by Ward. Then Anderson scored.")
HOUSE = hit("The garden has roses. The office has chairs. The kitchen has plates.")
MARKET = hit("The market sold 40 crates on Monday and 90 crates on Friday.")
DEBT = hit("Acme paid Borland. The deposit is returned by the landlord. Anna and Ben signed the lease.")
TERMS = hit("Contract A lasts 36 months and contract B lasts 60 months.")
WHEN = hit("The lease was signed on 3 May 2024 and ends on 31.12.2029. The meeting begins at 14:30.")
OPEN_DATE = hit("The goods arrive on 03/05/2024 at the harbour.")
MONEY = hit("Sales rose to 1.2 million euros in 2023. Five percent of it, at least 50,000 euros, is held back.")
GELD = hit("Der Umsatz stieg auf 1,5 Mio. €. Die Lieferung dauert 10–12 Tage. Höchstens 30 Personen dürfen hinein.")
SUMMIT = hit("The night was clear and it was -12 °C at the summit. Do not open the valve on the third floor.")
TERM = hit("The term is 36 months from delivery.", heading_path=("Supply agreement", "Term"))


@pytest.mark.parametrize(
    ("sentence", "source"),
    [
        ("The monthly rent is 1,450 euros.", LEASE),
        ("The monthly rent is €1,450.", LEASE),
        ("The monthly rent is 1.450 EUR.", LEASE),
        ("The monthly rent amounts to 1450 euros.", LEASE),
        ("The rent is due on the third working day of each month.", LEASE),
        ("Either party may end the lease with 90 days' notice in writing.", LEASE),
        ("The lease can be ended with a 90-day notice in writing by either party.", LEASE),
        ("The notice period is 90 days.", LEASE),
        ("The deposit of 4,350 euros is returned within 60 days after the keys are handed back.", LEASE),
        ("Contract B lasts 60 months [1].", CONTRACTS),
        ("Peter Novak signed the contract.", PEOPLE),
        ("E07 means the filter is blocked.", CODES),
        ("Error E-07 means that the filter is blocked.", CODES),
        ("Die Kündigungsfrist beträgt 3 Monate zum Quartalsende.", DEUTSCH),
        ("Die Kaution beträgt 1200,50 Euro.", DEUTSCH),
        ("Der Mieter muss die Wohnung am 31.12.2025 räumen.", DEUTSCH),
        ("Der Vermieter darf die Wohnung nicht vorher betreten.", DEUTSCH),
        ("The price of Pump P-200 is 1,900.", PRICES),
        ("The price of Pump P-200 is 1,900.", PRICE_LINES),
        ("The term of the supply agreement is 36 months.", TERM),
        ("The role of Ben is deputy.", ROLES),
        ("Ward recovered the ball.", GAME),
        ("15 % of sales are online.", SHARES),
        ("Growth was 3.5%.", SHARES),
        ("No one may enter the lab without gloves.", LAB),
        ("Employees can work from home two days a week.", LAB),
        ("The form is at https://intra.example/a.", LINKS),
        ("Write to ana@example.org for the form.", LINKS),
        ('The manual says "keep the valve closed at all times".', SAYING),
        ("The contract was signed on 12 March 2024.", DATES),
        ("The contract ends on 2027-03-11.", DATES),
        ("The term of the agreement is three years.", NUMBERED),
        ("The annual fee is CHF 12,500.", NUMBERED),
        ("The Acme lease lasts 36 months.", ACME),
        ("The tank holds fifty litres.", TANK),
        ("Temperatures from -5 to 40 °C are allowed.", TANK),
        ("The warranty does not cover labour.", WARRANTY),
        ("The warranty doesn’t cover labour.", WARRANTY),
        ("The warranty covers only parts.", WARRANTY),
        ("On Monday the market sold 40 crates and on Friday 90 crates.", MARKET),
        ("The market sold 90 crates on Friday.", MARKET),
        ("Borland was paid by Acme.", DEBT),
        ("The landlord returned the deposit.", DEBT),
        ("Ben and Anna signed the lease.", DEBT),
        ("Contract B lasts 60 months.", TERMS),
        ("The lease was signed on 2024-05-03.", WHEN),
        ("The lease was signed on May 3rd, 2024.", WHEN),
        ("The lease was signed on 3.5.2024.", WHEN),
        ("The lease was signed on 03/05/2024.", WHEN),
        ("The lease was signed in May 2024.", WHEN),
        ("The lease was signed in 2024.", WHEN),
        ("The lease ends on December 31, 2029.", WHEN),
        ("The meeting begins at 2:30 pm.", WHEN),
        ("The meeting begins at 14.30 Uhr.", WHEN),
        ("The goods arrive on 3 May 2024 at the harbour.", OPEN_DATE),
        ("The goods arrive on 5 March 2024 at the harbour.", OPEN_DATE),
        ("Sales rose to 1,200,000 euros in 2023.", MONEY),
        ("Sales rose to €1.2m in 2023.", MONEY),
        ("5 % is held back.", MONEY),
        ("At least 50 thousand euros is held back.", MONEY),
        ("Der Umsatz stieg auf 1.500.000 Euro.", GELD),
        ("Die Lieferung dauert 10 bis 12 Tage.", GELD),
        ("Höchstens dreißig Personen dürfen hinein.", GELD),
        ("It was minus 12 °C at the summit.", SUMMIT),
        ("The valve on the 3rd floor must not be opened.", hit("The valve on the third floor must not be opened.")),
        ("The manual says ‘keep the valve closed’ to operators.", SAYING),
        ("The manual says “keep the valve closed … times” to operators.", SAYING),
    ],
)
def test_what_the_source_says_stands(sentence: str, source: Hit | tuple[Hit, ...]) -> None:
    assert isinstance(check(sentence, _hits(source)), Supported)


@pytest.mark.parametrize(
    ("sentence", "source", "why"),
    [
        ("The monthly rent is 4,350 euros.", LEASE, "another sentence's number"),
        ("The deposit is 1,450 euros.", LEASE, "another sentence's number"),
        ("The monthly deposit is 1,450 euros and is due on the third working day of each month.", LEASE, "subject"),
        ("The deposit is returned within 90 days after the keys are handed back.", LEASE, "number"),
        ("The deposit is returned within 60 months after the keys are handed back.", LEASE, "unit"),
        ("Either party may end this lease with a notice of 90 weeks in writing.", LEASE, "unit"),
        ("The monthly rent is $1,450.", LEASE, "currency"),
        ("The rent is due on the fifth working day of each month.", LEASE, "ordinal"),
        ("The deposit is not returned within 60 days.", LEASE, "not put in"),
        ("The tenant pays 1,451 euros of monthly rent.", LEASE, "a number nowhere"),
        ("Contract A lasts 60 months.", CONTRACTS, "the neighbour's number"),
        ("Contract B lasts 36 months.", CONTRACTS, "the neighbour's number"),
        ("Maria Lopez signed the contract.", PEOPLE, "names swapped"),
        ("Peter Novak approved the budget.", PEOPLE, "names swapped"),
        ("Anna Schmidt signed the contract.", PEOPLE, "a name nowhere"),
        ("Pieter Novak signed the contract.", PEOPLE, "a name misspelt"),
        ("Error E09 means that the filter is blocked.", CODES, "the neighbour's code"),
        ("Error E08 means that the pump is dry.", CODES, "a code nowhere"),
        ("Die Kaution beträgt 12.005,00 Euro.", DEUTSCH, "digits"),
        ("Die Kaution beträgt nicht 1.200,50 Euro.", DEUTSCH, "not put in"),
        ("Die Kündigungsfrist beträgt sechs Monate.", DEUTSCH, "number word"),
        ("Die Kündigungsfrist beträgt drei Wochen zum Quartalsende.", DEUTSCH, "unit"),
        ("Die Kündigungsfrist beträgt 1.200,50 Euro.", DEUTSCH, "the neighbour's number"),
        ("Der Vermieter muss die Wohnung am 31.12.2025 räumen.", DEUTSCH, "subject"),
        ("Der Mieter darf die Wohnung am 31.12.2025 räumen.", DEUTSCH, "may for must"),
        ("Der Mieter muss die Wohnung am 30.12.2025 räumen.", DEUTSCH, "date"),
        ("Der Vermieter darf die Wohnung vorher betreten.", DEUTSCH, "not left out"),
        ("The price of Pump P-200 is 85.", PRICES, "another row"),
        ("The stock of Valve V-10 is 12.", PRICES, "another row"),
        ("The price of Pump P-200 is 85.", PRICE_LINES, "another line"),
        ("Valve V-10 costs 1,900.", PRICE_LINES, "another line"),
        ("The role of Ben is lead.", ROLES, "another line's word"),
        ("Anderson recovered the ball.", GAME, "a name at the beginning"),
        ("The garden has chairs and plates.", HOUSE, "a word from each sentence"),
        ("16% of sales are online.", SHARES, "percentage"),
        ("Growth was 35 percent.", SHARES, "decimal point"),
        ("Growth was 3.5 euros.", SHARES, "unit"),
        ("One may enter the lab without gloves.", LAB, "no left out"),
        ("Everyone may enter the lab with gloves.", LAB, "negations left out"),
        ("Employees must work from home up to two days a week.", LAB, "must for may"),
        ("Employees may work from home up to two weeks.", LAB, "unit"),
        ("The form is at https://evil.example/a.", LINKS, "a link nowhere"),
        ("See https://intra.example/a?secret=1 for the form.", LINKS, "a longer link"),
        ("See https://intra.example for the form.", LINKS, "a shorter link"),
        ("Write to bob@example.org for the form.", LINKS, "an address nowhere"),
        ('The manual says "keep the valve open at all times".', SAYING, "not verbatim"),
        ('The manual says "closed keep the valve at all times".', SAYING, "order"),
        ("The contract was signed on 13 March 2024.", DATES, "day"),
        ("The contract was signed on 12 May 2024.", DATES, "month"),
        ("The contract ends on 2027-03-12.", DATES, "day of a written date"),
        ("Version 2.10.2 applies to the contract.", DATES, "version"),
        ("The term of the agreement is 4 years.", NUMBERED, "the neighbour's number"),
        ("The annual fee is CHF 2.1.", NUMBERED, "a heading's number"),
        ("The tank holds 50 gallons.", TANK, "unit"),
        ("The hose is 3 km long.", TANK, "unit"),
        ("Temperatures from 5 to 40 °C are allowed.", TANK, "sign"),
        ("Smoking is allowed in the building.", SMOKING, "opposite word"),
        ("Smoking is not prohibited in the building.", SMOKING, "not put in"),
        ("The warranty covers labour.", WARRANTY, "not left out"),
        ("The warranty covers parts and labour.", WARRANTY, "something added"),
        ("The market sold 90 crates on Monday and 40 crates on Friday.", MARKET, "numbers exchanged"),
        ("The market sold 40 crates on Friday.", MARKET, "a number lent"),
        ("Borland paid Acme.", DEBT, "roles reversed"),
        ("Acme was paid by Borland.", DEBT, "roles reversed"),
        ("The landlord is returned by the deposit.", DEBT, "roles reversed"),
        ("Contract A lasts 60 months.", TERMS, "a number lent"),
        ("The lease was signed on 2024-05-04.", WHEN, "day"),
        ("The lease was signed on 2024-03-05.", WHEN, "day for month, where the source leaves no doubt"),
        ("The lease was signed in June 2024.", WHEN, "month"),
        ("The lease ends on 31 December 2028.", WHEN, "year"),
        ("The meeting begins at 2:30 am.", WHEN, "half of the day"),
        ("The meeting begins at 14:35.", WHEN, "minute"),
        ("The goods arrive on 4 May 2024 at the harbour.", OPEN_DATE, "neither reading"),
        ("Sales rose to 1.2 billion euros in 2023.", MONEY, "scale"),
        ("Sales rose to 12,000,000 euros in 2023.", MONEY, "a place"),
        ("At most 50,000 euros is held back.", MONEY, "bound"),
        ("0.05 percent is held back.", MONEY, "percentage"),
        ("Die Lieferung dauert 10 Tage.", GELD, "half of a range"),
        ("Mindestens 30 Personen dürfen hinein.", GELD, "bound"),
        ("It was 12 °C at the summit.", SUMMIT, "sign"),
        ("The tank holds sixty litres.", TANK, "number word"),
        ("Write to bob@exam\u200bple.org for the form.", LINKS, "an address parted by what nobody sees"),
        ("See evil.example.com for the form.", LINKS, "an address without its scheme"),
        ('The manual says "keep the valve closed at all time".', SAYING, "half a word"),
        ("The manual says ‘keep a valve closed’ to operators.", SAYING, "single quotes"),
        ("The stock of Valve V-10 is 85.", PRICE_LINES, "another column"),
    ],
)
def test_what_the_source_does_not_say_falls(sentence: str, source: Hit | tuple[Hit, ...], why: str) -> None:
    assert isinstance(check(sentence, _hits(source)), Unsupported), why


@pytest.mark.parametrize(
    "sentence",
    [
        "",
        "Yes.",
        "I think so.",
        "It is important.",
        "The answer is in the file.",
        "What is the monthly rent?",
        "[1]",
        "…",
    ],
)
def test_a_sentence_that_claims_nothing_never_stands(sentence: str) -> None:
    assert check(sentence, [LEASE]) == Unsupported("nothing claimed")


def test_nothing_stands_without_hits() -> None:
    assert check("The monthly rent is 1,450 euros.", []) == Unsupported("words")


@pytest.mark.parametrize(
    ("sentence", "source", "reason"),
    [
        ("The monthly rent is 1,777 euros.", LEASE, "number"),
        ("Contract A lasts 60 months.", CONTRACTS, "name"),
        ("Error E08 means that the pump is dry.", CODES, "code"),
        ("The landlord waters the plants.", LEASE, "words"),
        ("Smoking is not prohibited in the building.", SMOKING, "negation"),
        ("Smoking is allowed in the building.", SMOKING, "swap"),
        ("Der Mieter darf die Wohnung am 31.12.2025 räumen.", DEUTSCH, "swap"),
        ("See https://evil.example/a for the form.", LINKS, "link"),
        ('The manual says "keep the valve open at all times".', SAYING, "quote"),
    ],
)
def test_the_reason_is_that_of_the_nearest_place(sentence: str, source: Hit, reason: str) -> None:
    assert check(sentence, [source]) == Unsupported(reason)


def test_the_citation_points_into_the_hit_that_proves_the_sentence() -> None:
    verdict = check("Valve V-10 has a stock of 400.", PRICES)
    assert isinstance(verdict, Supported)
    (citation,) = number_citations(verdict.windows, ())
    assert (citation.source_ref, citation.location.row, citation.number) == ("F2", 3, 1)
    assert citation.quote in PRICES[1].chunk.text


def test_the_shortest_proof_is_cited() -> None:
    verdict = check("Contract B lasts 60 months.", [CONTRACTS])
    assert isinstance(verdict, Supported)
    assert [window.text for window in verdict.windows] == ["Contract B lasts 60 months."]


def test_two_hits_may_prove_one_sentence_where_no_number_could_be_mixed_up() -> None:
    first = hit("The canteen serves breakfast to all employees.")
    second = hit("The canteen serves lunch to visitors.", chunk_id=2)
    verdict = check("The canteen serves breakfast to all employees and lunch to visitors.", [first, second])
    assert isinstance(verdict, Supported)
    assert {window.hit.source_ref for window in verdict.windows} == {"F1", "F2"}


def test_a_line_of_a_chunk_of_rows_is_cited_with_its_own_row() -> None:
    verdict = check("The price of Valve V-10 is 85.", [PRICE_LINES])
    assert isinstance(verdict, Supported)
    (citation,) = number_citations(verdict.windows, ())
    assert citation.location.row == 3


def test_a_heading_inside_the_chunk_proves_nothing_by_itself() -> None:
    source = hit("Notice period\nIt is 90 days.", heading_path=("Lease", "Notice period"))
    assert all(window.text != "Notice period" for window in windows_of(source))
    assert isinstance(check("The notice period is 90 days.", [source]), Supported)


def test_a_place_cited_before_keeps_its_number() -> None:
    verdict = check("Contract B lasts 60 months.", [CONTRACTS])
    assert isinstance(verdict, Supported)
    first = number_citations(verdict.windows, ())
    assert number_citations(verdict.windows, first) == first
    other = check("Contract A lasts 36 months.", [CONTRACTS])
    assert isinstance(other, Supported)
    assert [citation.number for citation in number_citations(other.windows, first)] == [2]


def test_a_long_quote_is_cut_at_a_word_and_says_so() -> None:
    source = hit("word " * 200)
    citation = cite(source, source.chunk.text, 1)
    assert len(citation.quote) <= MAX_QUOTE_CHARS + 1
    assert citation.quote.endswith("word…")


def test_a_passage_begins_with_the_first_sentence_that_was_asked_for() -> None:
    whole = windows_of(LEASE)[-1]
    shorter = trimmed(whole, content_words("deposit"))
    assert shorter.text.startswith("The deposit amounts to")
    assert shorter.text in LEASE.chunk.text


def test_a_passage_that_holds_none_of_the_asked_words_is_left_whole() -> None:
    whole = windows_of(LEASE)[-1]
    assert trimmed(whole, content_words("elephants")).text == whole.text


# --- listings and tables -------------------------------------------------------------------------

MANUAL = hit(
    """To restart the service, stop it first and then start it again:
```bash
sudo systemctl stop inhouse.service
sudo systemctl start inhouse.service --now
```
Never run `rm -rf /srv/data` on the server. To see the log run journalctl -u inhouse.service to the end.
If it does not start, run:
  $ inhouse doctor --live general
Do not use this command:
  inhouse forget --all
`mkfs.ext4 /dev/sda` must not be used."""
)
RESTART = "sudo systemctl stop inhouse.service\nsudo systemctl start inhouse.service --now"
ROOMS = hit("Room Seats Price\nBerlin 12 90 euros\nParis 40 200 euros")
MORE = Hit(Chunk(2, 1, 2, "After that run `inhouse doctor --json` once.", Location()), "F1", "1.txt", 1.0, 0.5)


def listing(code: str) -> str:
    return f"```bash\n{code}\n```"


@pytest.mark.parametrize(
    "code",
    [
        RESTART,
        f"$ {RESTART}",
        "sudo  systemctl stop inhouse.service",
        "journalctl -u inhouse.service",
        "inhouse doctor --live general",
        "# Stop the service first\nsudo systemctl stop inhouse.service",
        f"{RESTART}\n\n{{\n}}",
    ],
)
def test_a_listing_that_the_manual_holds_stands(code: str) -> None:
    assert isinstance(check(listing(code), [LEASE, MANUAL]), Supported)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (RESTART + " --force", "a flag invented"),
        (RESTART.removesuffix(" --now"), "a flag left off"),
        (RESTART.replace("-", "--", 1).replace("stop", "stop -f"), "a flag put in"),
        ("\n".join(reversed(RESTART.splitlines())), "order"),
        (RESTART.upper(), "case"),
        (RESTART.replace("inhouse.service", "inhouse"), "a name cut off"),
        (RESTART + "\nsudo reboot", "a line invented"),
        ("rm -rf /srv/data", "forbidden"),
        ("inhouse forget --all", "forbidden above"),
        ("mkfs.ext4 /dev/sda", "forbidden after"),
        ("# deletes all 3 disks\n" + RESTART, "a comment invented"),
        ("# only a comment", "nothing but a comment"),
        ("{\n}", "nothing"),
        ("x\n" * 500, "too long"),
    ],
)
def test_a_listing_that_the_manual_does_not_hold_falls(code: str, why: str) -> None:
    assert isinstance(check(listing(code), [LEASE, MANUAL]), Unsupported), why


def test_a_listing_is_cited_where_it_stands() -> None:
    verdict = check(listing(RESTART), [LEASE, MANUAL])
    assert isinstance(verdict, Supported)
    (citation,) = number_citations(verdict.windows, ())
    assert citation.quote == RESTART


def test_a_listing_may_go_on_in_the_next_chunk_of_its_document_and_not_in_another() -> None:
    code = listing(f"{RESTART}\ninhouse doctor --json")
    verdict = check(code, [MORE, MANUAL])
    assert isinstance(verdict, Supported)
    assert [window.hit.chunk.ordinal for window in verdict.windows] == [1, 2]
    other = Hit(Chunk(2, 7, 2, MORE.chunk.text, Location()), "F7", "7.txt", 1.0, 0.5)
    assert isinstance(check(code, [other, MANUAL]), Unsupported)


def table(header: str, *rows: str) -> str:
    lines = (header, "|".join("-" for _ in header.split("|")), *rows)
    return "\n".join(f"| {line} |" for line in lines)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        (table("Article | Price", "Pump P-200 | 1,900", "Valve V-10 | 85"), PRICES),
        (table("Article | Price", "Pump P-200 | 1,900", "Valve V-10 | 85"), PRICE_LINES),
        (table("Article | Stock", "**Valve V-10** | 400 | "), PRICE_LINES),
        (table("Contract | Duration", "Contract A | 36 months", "Contract B | 60 months"), CONTRACTS),
        (table("Person | Role", "Ana | lead", "Ben | deputy"), ROLES),
        (table("Room | Seats | Price", "Berlin | 12 | 90 euros", "Paris | 40 | 200 euros"), ROOMS),
        (table("Room | Note", "Berlin | –", "Paris | 40"), ROOMS),
        (table("Code | Meaning", "E07 | filter is blocked", "E09 | pump is dry"), CODES),
    ],
)
def test_a_table_whose_every_row_the_source_says_stands(text: str, source: Hit | tuple[Hit, ...]) -> None:
    assert isinstance(check(text, _hits(source)), Supported)


@pytest.mark.parametrize(
    ("text", "source", "why"),
    [
        (table("Article | Price", "Pump P-200 | 85", "Valve V-10 | 1,900"), PRICES, "swapped"),
        (table("Article | Price", "Pump P-200 | 85", "Valve V-10 | 1,900"), PRICE_LINES, "swapped"),
        (table("Article | Price", "Pump P-200 | 12"), PRICE_LINES, "another column"),
        (table("Article | Price", "Pump P-200 | 1,900", "Valve V-11 | 85"), PRICE_LINES, "one code wrong"),
        (table("Article | Price 2024", "Pump P-200 | 1,900"), PRICE_LINES, "a number in the header"),
        (table("Contract | Duration", "Contract A | 60 months"), CONTRACTS, "another contract"),
        (table("Contract | Duration", "Contract A | 36 weeks"), CONTRACTS, "unit"),
        (table("Contract | Duration | Note", "Contract A | 36 months | cheap and good"), CONTRACTS, "invented cell"),
        (table("Person | Role", "Ana | deputy"), ROLES, "another row"),
        (table("Room | Seats", "Berlin | 40"), ROOMS, "another row"),
        (table("Room | Seats", "Rome | 12"), ROOMS, "a name nowhere"),
        (table("Who | May enter", "Anyone | without gloves"), LAB, "negation left out"),
        (table("Code | Meaning", "E07 | pump is dry"), CODES, "the neighbour's meaning"),
        (table("a | b", " | "), ROOMS, "empty"),
    ],
)
def test_a_table_with_one_row_that_the_source_does_not_say_falls(
    text: str, source: Hit | tuple[Hit, ...], why: str
) -> None:
    assert isinstance(check(text, _hits(source)), Unsupported), why


def test_rows_of_one_chunk_are_one_citation() -> None:
    verdict = check(table("Article | Price", "Pump P-200 | 1,900", "Valve V-10 | 85"), [PRICE_LINES])
    assert isinstance(verdict, Supported)
    (citation,) = number_citations(verdict.windows, ())
    assert citation.quote == PRICE_LINES.chunk.text


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", ["a ", "a-", "$ ", "\\", "# x\n", "a\n", "1\n"])
def test_no_listing_makes_the_check_costly(piece: str) -> None:
    code = piece * (6_000 // len(piece))
    check(listing(code), [hit(code), LEASE])


# --- any text at all -----------------------------------------------------------------------------


@given(st.text(max_size=120), st.text(max_size=300))
def test_any_sentence_gets_a_verdict_from_any_hit(sentence: str, source: str) -> None:
    verdict = check(sentence, [hit(source)])
    assert isinstance(verdict, Supported | Unsupported)
    if isinstance(verdict, Supported):
        for citation in number_citations(verdict.windows, ()):
            assert citation.quote.rstrip("…") in source


WORDS = st.sampled_from("rent lease tenant party notice keys garden office 12 days 7 euros may not Acme".split())


@given(st.lists(WORDS, min_size=4, max_size=12))
def test_every_sentence_that_claims_something_proves_itself(words: list[str]) -> None:
    sentence = f"The {' '.join(words)}."
    verdict = check(sentence, [hit(sentence)])
    assert verdict == Unsupported("nothing claimed") or isinstance(verdict, Supported)


@given(st.integers(min_value=2, max_value=10**6), st.integers(min_value=2, max_value=10**6))
def test_a_number_is_never_taken_for_another(there: int, claimed: int) -> None:
    source = hit(f"The annual fee of the service is {there:,} euros.")
    verdict = check(f"The annual fee of the service is {claimed} euros.", [source])
    assert isinstance(verdict, Supported) == (there == claimed)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", ["a-", "1.", "1a-", '"ab', "x ", "Ab ", "not ", "and "])
def test_no_text_makes_the_check_costly(piece: str) -> None:
    text = piece * (6_000 // len(piece))
    check(text, [hit(text), LEASE])


def test_a_sentence_of_three_hundred_words_on_eight_long_hits_gets_its_verdict() -> None:
    words = [f"word{chr(97 + i % 26)}{chr(97 + i // 26 % 26)}" for i in range(300)]
    hits = [hit(". ".join(" ".join(words[i : i + 12]) for i in range(k, 200, 12)), chunk_id=k) for k in range(8)]
    assert isinstance(check(f"{' '.join(words)}.", hits), Unsupported)


def test_naughty_strings_get_a_verdict(shared_data: Path) -> None:
    texts = json.loads((shared_data / "security" / "blns" / "blns.json").read_text(encoding="utf-8"))
    for text in map(str, texts):
        check(text, [LEASE, hit(text or " ")])
        check("The monthly rent is 1,450 euros.", [hit(text or " ")])


# --- how often it errs ---------------------------------------------------------------------------

# Measured on the dev half, see `docs/log.md`. The bars leave room for a changed case or two.
AT_LEAST = {"verbatim": 0.97, "clause dropped": 0.93, "order turned": 0.9, "amount respelt": 0.9, "quoted": 0.95}
AT_LEAST |= {"date respelt": 0.9}
AT_MOST = {
    "number swapped": 0.06,
    "name swapped": 0.2,
    "noun swapped": 0.24,
    "not inserted": 0.02,
    "from elsewhere": 0.02,
    "numbers exchanged": 0.1,
    "names exchanged": 0.1,
    "date altered": 0,
    "amount altered": 0.05,
    "quote altered": 0.02,
}


def test_true_sentences_stand_and_bent_ones_fall_on_xquad(shared_data: Path) -> None:
    table = {rate.kind: rate for rate in citing.measure(shared_data / "xquad" / "xquad.en.json")}
    assert {kind: table[kind].share for kind, bar in AT_LEAST.items() if table[kind].share < bar} == {}
    assert {kind: table[kind].share for kind, bar in AT_MOST.items() if table[kind].share > bar} == {}
    assert all(table[kind].count >= 8 for kind in [*AT_LEAST, *AT_MOST])


def _hits(source: Hit | tuple[Hit, ...]) -> tuple[Hit, ...]:
    return source if isinstance(source, tuple) else (source,)
