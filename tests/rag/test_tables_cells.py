"""What people write in cells becomes numbers and dates only where that is certain."""

from __future__ import annotations

import pytest

from rag.data_loaders.tables import Sheet, SheetHead, SheetRow
from rag.tables.cells import Kind, typed
from rag.tables.schema import Table, identifier, tables_of


def table(*rows: list[str], decimal: str = ".", name: str = "prices.csv", title: str | None = None) -> Table:
    numbered = tuple(SheetRow(number, tuple(cells)) for number, cells in enumerate(rows, start=1))
    return tables_of([Sheet(SheetHead(title, decimal), numbered)], name)[0]


@pytest.mark.parametrize(
    ("cells", "values", "unit"),
    [
        (["1,234.50", "12"], (1234.5, 12), ""),
        (["1.234,50", "12"], (1234.5, 12), ""),
        (["1.234.567", "12"], (1234567, 12), ""),
        (["3,5", "1.200"], (3.5, 1200), ""),
        (["3.5", "1,200"], (3.5, 1200), ""),
        (["1 234,5", "12"], (1234.5, 12), ""),
        (["1'234.50", "2"], (1234.5, 2), ""),
        (["12,50 €", "1.300,00 €"], (12.5, 1300), "€"),
        (["$1,200.00", "-$3.50"], (1200, -3.5), "$"),
        (["EUR 12.5", "EUR 1"], (12.5, 1), "EUR"),
        (["19 %", "7%"], (19, 7), "%"),
        (["(120)", "30"], (-120, 30), ""),
        (["−4", "+5"], (-4, 5), ""),
        (["1 month", "36 months"], (1, 36), "months"),
        (["12 kg", "", "n/a", "3 kg"], (12, None, None, 3), "kg"),
    ],
)
def test_numbers_are_read_in_either_notation(cells: list[str], values: tuple[float | None, ...], unit: str) -> None:
    found = typed(cells, {}, ".")
    assert (found.kind, found.values, found.unit) == (Kind.NUMBER, values, unit)


@pytest.mark.parametrize(
    "cells",
    [
        ["007", "123"],  # noughts that mean something
        ["1234567890123456", "1"],  # more digits than a float holds
        ["12 €", "12 $"],  # amounts that cannot be added
        ["12 kg", "12 m"],
        ["+49 170 1234567", "+49 30 12345"],
        ["1,5", "1.5"],  # two notations in one column
        ["A1", "B2"],
        ["192.168.0.1", "10.0.0.1"],
        ["12:30", "13:15"],
        ["3/4/2024", "5/6/2024"],  # March or April? nobody can tell
    ],
)
def test_what_is_not_certainly_a_number_or_a_date_stays_text(cells: list[str]) -> None:
    found = typed(cells, {}, ".")
    assert (found.kind, found.values) == (Kind.TEXT, tuple(cells))


def test_an_open_decimal_mark_is_decided_by_the_table() -> None:
    german = table(["Artikel", "Preis", "Menge"], ["Pumpe", "3,50", "1.200"], ["Rohr", "1,20", "2.500"])
    assert german.rows[0] == ("Pumpe", 3.5, 1200)
    english = table(["Item", "Weight", "Count"], ["Pump", "3.50", "1.200"], ["Pipe", "1.20", "2.500"])
    assert english.rows[0] == ("Pump", 3.5, 1.2)
    by_delimiter = table(["Artikel", "Menge"], ["Pumpe", "1.200"], ["Rohr", "2.500"], decimal=",")
    assert by_delimiter.rows[0] == ("Pumpe", 1200)


def test_a_number_known_from_the_file_is_not_rounded_as_it_is_shown() -> None:
    assert typed(["0.33", "1.234"], {0: 0.3333, 1: 1.234}, ",").values == (0.3333, 1.234)


def test_few_words_in_a_column_of_numbers_are_left_out_and_counted() -> None:
    found = typed(["1", "2", "3", "4", "sold out"], {}, ".")
    assert (found.kind, found.left_out) == (Kind.NUMBER, 1)
    assert typed(["1", "2", "sold out"], {}, ".").kind is Kind.TEXT


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["01.02.2024", "15.3.24"], ("2024-02-01", "2024-03-15")),
        (["3/14/2024", "1/2/2024"], ("2024-03-14", "2024-01-02")),
        (["14/3/2024", "1/2/2024"], ("2024-03-14", "2024-02-01")),
        (["2024-01-31", "2024-02-01 13:45"], ("2024-01-31", "2024-02-01 13:45")),
        (["3. März 2024", "12 May 2023", "Oct 1, 2022"], ("2024-03-03", "2023-05-12", "2022-10-01")),
    ],
)
def test_dates_become_iso(cells: list[str], values: tuple[str, ...]) -> None:
    found = typed(cells, {}, ".")
    assert (found.kind, found.values) == (Kind.DATE, values)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Größe (m²)", "groesse_m2"),
        ("Unit price", "unit_price"),
        ("Order", "order_"),
        ("2024", "column_2024"),
        ("rowid", "rowid_"),
        ("数量", "数量"),
        ("a'; DROP TABLE x --", "a_drop_table_x"),
        ("***", "column_"),
    ],
)
def test_a_column_gets_a_name_that_needs_no_quotes(title: str, name: str) -> None:
    assert identifier(title, "column") == name


def test_titles_totals_and_remarks_are_no_data_and_rows_keep_their_numbers() -> None:
    found = table(
        ["Sales 2024", "", ""],
        ["Region", "Units", "Amount"],
        ["North", "3", "12"],
        ["Total Wine", "4", "13"],
        ["Total", "7", "25"],
        ["Source: ERP", "", ""],
    )
    assert (found.row_numbers, found.totals) == ((3, 4), (5,))
    assert found.texts[1] == "Region: Total Wine | Units: 4 | Amount: 13"


def test_two_columns_of_one_name_stay_apart_and_empty_ones_vanish() -> None:
    found = table(["Price", "price", ""], ["1", "2", ""], ["3", "4", ""])
    assert [column.name for column in found.columns] == ["price", "price_2"]


def test_two_sheets_of_one_name_stay_apart() -> None:
    rows = (SheetRow(1, ("A", "B")), SheetRow(2, ("x", "1")))
    sheets = [Sheet(SheetHead("Data"), rows), Sheet(SheetHead("data!"), rows), Sheet(SheetHead("Notes"), ())]
    assert [each.name for each in tables_of(sheets, "book.xlsx")] == ["data", "data_2"]


def test_a_unit_in_the_title_is_known() -> None:
    found = table(["Item", "Price (€)", "Weight in kg"], ["Pump", "3.50", "12"])
    assert [column.unit for column in found.columns] == ["", "€", "kg"]
