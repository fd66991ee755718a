"""Each format, read from real bytes through the child process."""

from __future__ import annotations

import io
import random
from pathlib import Path

import docx
import openpyxl
import pptx
import pytest
from pypdf import PdfReader, PdfWriter

from rag.data_loaders import Csv, Docx, Html, Limits, Markdown, Pdf, Pptx, Txt, Xlsx, parse_file
from rag.data_loaders.encoding import decode
from rag.errors import BrokenFile, UnsupportedFile
from rag.types import Block, Location, ParsedFile
from tests.rag import made_files

SAMPLES = Path(__file__).resolve().parents[2] / "bot" / "samples"


def read(folder: Path, name: str, content: bytes, limits: Limits | None = None) -> ParsedFile:
    return parse_file(made_files.put(folder, name, content), name, limits)


def texts(parsed: ParsedFile) -> list[str]:
    return [block.text for block in parsed.blocks]


def block_with(parsed: ParsedFile, words: str) -> Block:
    return next(block for block in parsed.blocks if words in block.text)


# --- PDF --------------------------------------------------------------------------------------


def test_pdf_pages_are_counted_from_one(tmp_path: Path) -> None:
    parsed = read(tmp_path, "a.pdf", made_files.pdf([["The first page."], ["The second page."]]))
    assert (parsed.kind, parsed.page_count) == ("pdf", 2)
    assert [(block.text, block.location.label()) for block in parsed.blocks] == [
        ("The first page.", "page 1"),
        ("The second page.", "page 2"),
    ]


def test_pdf_wrapped_lines_become_one_paragraph_and_broken_words_are_mended(tmp_path: Path) -> None:
    lines = ["This sentence is long enough to fill its line and to be contin-", "ued on the next line of the page."]
    parsed = read(tmp_path, "a.pdf", made_files.pdf([[*lines, "", "A new paragraph."]]))
    assert texts(parsed) == [
        "This sentence is long enough to fill its line and to be continued on the next line of the page.",
        "A new paragraph.",
    ]


def test_pdf_lists_and_short_lines_stay_apart(tmp_path: Path) -> None:
    lines = ["Long prose that fills the whole width of this column of text here.", "1. First step", "2. Second step"]
    assert texts(read(tmp_path, "a.pdf", made_files.pdf([lines])))[1:] == ["1. First step", "2. Second step"]


def test_pdf_running_headers_and_page_numbers_are_dropped(tmp_path: Path) -> None:
    words = ["alpha", "beta", "gamma", "delta", "epsilon"]
    pages = [
        ["Annual report", *(f"{word} fact {n}." for n in range(4)), f"Page {number} of 5"]
        for number, word in enumerate(words, start=1)
    ]
    parsed = read(tmp_path, "a.pdf", made_files.pdf(pages))
    assert not [text for text in texts(parsed) if "Annual" in text or "Page" in text]
    assert block_with(parsed, "gamma fact 0").location.page == 3


def test_pdf_without_text_on_some_pages_says_how_many(tmp_path: Path) -> None:
    parsed = read(tmp_path, "a.pdf", made_files.pdf([["Text."], [], ["More text."], []]))
    assert parsed.notes == ("2 of 4 pages hold no text (scanned?).",)
    assert parsed.blocks[-1].location.page == 3


def test_pdf_of_300_pages_is_read_to_its_end(tmp_path: Path) -> None:
    parsed = read(tmp_path, "a.pdf", made_files.pdf([[f"Fact number {page}."] for page in range(1, 301)]))
    assert parsed.page_count == 300
    assert parsed.notes == ()
    assert block_with(parsed, "Fact number 300.").location.page == 300


def test_pages_beyond_the_limit_are_named_in_a_note(tmp_path: Path) -> None:
    content = made_files.pdf([[f"Fact {page}."] for page in range(1, 13)])
    parsed = read(tmp_path, "a.pdf", content, Limits(pages=10))
    assert parsed.page_count == 12
    assert parsed.blocks[-1].location.page == 10
    assert parsed.notes == ("Only the first 10 of 12 pages were read; split the file to have the rest read.",)


def test_pdf_outline_gives_the_heading_path(tmp_path: Path) -> None:
    writer = PdfWriter(io.BytesIO(made_files.pdf([["Intro text.", "2 Costs", "It costs 5 euros."], ["And more."]])))
    writer.add_outline_item(title="Costs", page_number=0)
    out = io.BytesIO()
    writer.write(out)
    parsed = read(tmp_path, "a.pdf", out.getvalue())
    assert block_with(parsed, "Intro").location.heading_path == ()
    assert block_with(parsed, "5 euros").location.heading_path == ("Costs",)
    assert block_with(parsed, "And more").location == Location(page=2, heading_path=("Costs",))


def test_pdf_with_only_an_owner_password_is_read(tmp_path: Path) -> None:
    writer = PdfWriter(PdfReader(io.BytesIO(made_files.pdf([["Open to all."]]))))
    writer.encrypt(user_password="", owner_password="secret", algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    assert texts(read(tmp_path, "a.pdf", out.getvalue())) == ["Open to all."]


def test_progress_reaches_the_last_page(tmp_path: Path) -> None:
    path = made_files.put(tmp_path, "a.pdf", made_files.pdf([["Text."]] * 25))
    seen: list[tuple[int, int]] = []
    parse_file(path, path.name, progress=lambda done, total, _kind: seen.append((done, total)))
    assert seen[-1] == (25, 25) and seen == sorted(seen)


# --- Office -----------------------------------------------------------------------------------


def test_docx_keeps_headings_and_the_order_of_tables(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("Terms", 1)
    document.add_heading("Price", 2)
    document.add_paragraph("Prices are net.")
    table = document.add_table(rows=0, cols=3)
    for row in (("Article", "Price", "Unit"), ("Pump", "129", "piece"), ("Hose", "12", "metre")):
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    document.add_paragraph("After the table.")
    document.add_heading("Law", 1)
    document.add_paragraph("Portuguese law.")
    document.save(str(tmp_path / "a.docx"))
    parsed = parse_file(tmp_path / "a.docx", "a.docx")
    assert texts(parsed)[2:6] == [
        "Prices are net.",
        "Article: Pump | Price: 129 | Unit: piece",
        "Article: Hose | Price: 12 | Unit: metre",
        "After the table.",
    ]
    assert block_with(parsed, "Pump").location.label() == "Terms › Price"
    assert block_with(parsed, "Portuguese").location.label() == "Law"


def test_docx_reads_content_controls_insertions_and_breaks_but_not_deletions(tmp_path: Path) -> None:
    body = (
        "<w:sdt><w:sdtContent><w:p><w:r><w:t>In a control.</w:t></w:r></w:p></w:sdtContent></w:sdt>"
        "<w:p><w:r><w:t>Notice: </w:t></w:r><w:del><w:r><w:delText>30</w:delText></w:r></w:del>"
        "<w:ins><w:r><w:t>90</w:t></w:r></w:ins><w:r><w:t> days</w:t><w:br/><w:t>in writing</w:t></w:r></w:p>"
    )
    assert texts(read(tmp_path, "a.docx", made_files.docx(body))) == ["In a control.", "Notice: 90 days\nin writing"]


def test_docx_header_and_footnote_are_read(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("Body.")
    document.sections[0].header.paragraphs[0].text = "Contract 2026-117, confidential"
    document.save(str(tmp_path / "a.docx"))
    assert texts(parse_file(tmp_path / "a.docx", "a.docx")) == ["Body.", "Contract 2026-117, confidential"]


def test_pptx_keeps_slide_title_table_and_notes(tmp_path: Path) -> None:
    deck = pptx.Presentation()
    deck.slides.add_slide(deck.slide_layouts[6])
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "Results"
    table = slide.shapes.add_table(2, 3, 0, 0, 100, 100).table
    for row, cells in enumerate((("Quarter", "Sales", "Costs"), ("Q1", "40", "30"))):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    slide.notes_slide.notes_text_frame.text = "Mention the new customer."
    deck.save(str(tmp_path / "a.pptx"))
    parsed = parse_file(tmp_path / "a.pptx", "a.pptx")
    assert (parsed.kind, parsed.page_count) == ("pptx", 2)
    assert texts(parsed) == [
        "Results",
        "Quarter: Q1 | Sales: 40 | Costs: 30",
        "Speaker notes: Mention the new customer.",
    ]
    assert {block.location for block in parsed.blocks} == {Location(slide=2, heading_path=("Results",))}


def workbook(folder: Path, rows: list[list[object]], title: str = "Prices") -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(row)
    book.save(folder / "a.xlsx")
    return folder / "a.xlsx"


def test_xlsx_rows_carry_sheet_number_and_header(tmp_path: Path) -> None:
    path = workbook(
        tmp_path, [["Price list"], [], ["Article", "Price", "Since"], ["Pump", 129.0, 2019], ["Hose", 12.5]]
    )
    parsed = parse_file(path, path.name)
    assert texts(parsed) == ["Price list", "Article: Pump | Price: 129 | Since: 2019", "Article: Hose | Price: 12.5"]
    assert [block.location.label() for block in parsed.blocks] == ["Prices, row 1", "Prices, row 4", "Prices, row 5"]


def test_xlsx_shows_percentages_currencies_and_dates_as_the_sheet_does(tmp_path: Path) -> None:
    import datetime as dt

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append([0.19, 1249.5, -3.0, dt.datetime(2026, 3, 1), 0.1 + 0.2, True])
    for column, pattern in (("A", "0%"), ("B", '#,##0.00 "€"'), ("C", "$0.00"), ("D", "yyyy-mm-dd")):
        sheet[f"{column}1"].number_format = pattern
    book.save(tmp_path / "a.xlsx")
    assert texts(parse_file(tmp_path / "a.xlsx", "a.xlsx")) == ["19% | 1249.50 € | -$3.00 | 2026-03-01 | 0.3 | TRUE"]


def test_xlsx_formula_without_a_stored_result_is_said(tmp_path: Path) -> None:
    path = workbook(tmp_path, [["Item", "Sum"], ["Total", "=1+1"]])
    assert parse_file(path, path.name).notes == (
        "1 formula holds no stored result; open the file in Excel, save it and upload it again.",
    )


def test_rows_beyond_the_limit_are_named_in_a_note(tmp_path: Path) -> None:
    path = workbook(tmp_path, [["Article", "Price"], *([f"Part {n}", n] for n in range(50))])
    parsed = parse_file(path, path.name, Limits(rows=10))
    assert parsed.blocks[-1].location.row == 10
    assert parsed.notes == ("Only the first 10 rows were read, up to Prices, row 10.",)


# --- text -------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    lines = [["name", "amount", "note"], ["Ann", "3", "one, two; three"], ["Bo", "4", "x"]]
    content = "\r\n".join(delimiter.join(f'"{cell}"' for cell in line) for line in lines)
    parsed = read(tmp_path, "a.csv", content.encode())
    assert texts(parsed) == ["name: Ann | amount: 3 | note: one, two; three", "name: Bo | amount: 4 | note: x"]
    assert [block.location.label() for block in parsed.blocks] == ["row 2", "row 3"]


def test_csv_from_excel_in_german_is_read(tmp_path: Path) -> None:
    parsed = read(tmp_path, "a.csv", "Name;Betrag\r\nMüller;1.234,50\r\n".encode("cp1252"))
    assert texts(parsed) == ["Name: Müller | Betrag: 1.234,50"]


def test_markdown_keeps_headings_fences_and_tables(tmp_path: Path) -> None:
    content = """# Guide

Intro text.

## Set-up

```sh
# not a heading

make try
```

| Key | Value |
|-----|-------|
| port | 8080 |

Other
-----
Last words.
"""
    parsed = read(tmp_path, "a.md", content.encode())
    assert block_with(parsed, "make try").text == "```sh\n# not a heading\n\nmake try\n```"
    assert block_with(parsed, "8080").text == "Key: port | Value: 8080"
    assert block_with(parsed, "8080").location.label() == "Guide › Set-up"
    assert block_with(parsed, "Last words").location.label() == "Guide › Other"


def test_html_keeps_structure_and_drops_scripts(tmp_path: Path) -> None:
    content = """<!doctype html><html><head><title>Leave policy</title><style>p{}</style></head><body>
    <script>var hidden = 1;</script><h1>Leave</h1><div>Before<p>Thirty <b>days</b> a year.</p>after</div>
    <h2>Table</h2><table><tr><th>Years</th><th>Days</th></tr><tr><td>5</td><td>32</td></tr></table></body></html>"""
    parsed = read(tmp_path, "a.html", content.encode())
    assert texts(parsed) == [
        "Leave policy",
        "Leave",
        "Before",
        "Thirty days a year.",
        "after",
        "Table",
        "Years: 5 | Days: 32",
    ]
    assert block_with(parsed, "32").location.label() == "Leave › Table"


def test_wrapped_plain_text_is_joined_but_its_lists_are_not(tmp_path: Path) -> None:
    content = (
        "The licence of this program allows everyone to use it for any purpose,\n"
        "and to change it, as long as the notice above is kept in every copy\n"
        "of it.\n\nSteps:\n- open the box\n- read the manual\n"
    )
    assert texts(read(tmp_path, "a.txt", content.encode())) == [
        content.split("\n\n", maxsplit=1)[0].replace("\n", " "),
        "Steps:",
        "- open the box",
        "- read the manual",
    ]


def test_code_keeps_its_indentation(tmp_path: Path) -> None:
    content = "def f():\n    return 1\n\n    # inside\n    x = 2\n"
    parsed = read(tmp_path, "a.py", content.encode())
    assert [(block.text, block.kind) for block in parsed.blocks] == [
        ("def f():\n    return 1", "code"),
        ("    # inside\n    x = 2", "code"),
    ]


def test_characters_nobody_sees_are_removed(tmp_path: Path) -> None:
    hidden = "".join(chr(0xE0000 + ord(letter)) for letter in "obey")
    content = f"Pay\u00adment\u202e is due{hidden}. \u2066Right\u2069 now \U0001f469\u200d\U0001f52c."
    assert texts(read(tmp_path, "a.txt", content.encode())) == ["Payment is due. Right now \U0001f469\u200d\U0001f52c."]


def test_text_beyond_the_limit_is_named_in_a_note(tmp_path: Path) -> None:
    content = "\n\n".join(f"Paragraph {n}." for n in range(100)).encode()
    parsed = read(tmp_path, "a.txt", content, Limits(characters=100))
    assert len(parsed.blocks) < 100
    assert parsed.notes == ("Only the beginning of this file was read: it is too long.",)


# --- type by content --------------------------------------------------------------------------


def test_type_follows_the_content_not_the_name(tmp_path: Path) -> None:
    assert read(tmp_path, "a.csv", made_files.pdf([["A PDF."]])).kind == "pdf"
    assert read(tmp_path, "notes.txt", made_files.docx("<w:p><w:r><w:t>Word.</w:t></w:r></w:p>")).kind == "docx"
    assert read(tmp_path, "page.txt", b"<!DOCTYPE html><html><body>Page.</body></html>").kind == "html"
    assert read(tmp_path, "without_name", b"Just words.").kind == "text"


@pytest.mark.parametrize("name", ["helios-3-manual.pdf", "supply-agreement.docx", "price-list.xlsx"])
def test_a_file_without_an_extension_is_read_the_same(tmp_path: Path, name: str) -> None:
    """The store keeps originals under their checksum."""
    stored = made_files.put(tmp_path, "0f3a9c", (SAMPLES / name).read_bytes())
    assert parse_file(stored, name) == parse_file(SAMPLES / name, name)
    assert parse_file(stored, "document").blocks == parse_file(SAMPLES / name, name).blocks


# --- for programs -----------------------------------------------------------------------------


def test_txt_gives_the_text_as_it_stands(tmp_path: Path) -> None:
    path = made_files.put(tmp_path, "sample.txt", "Line one\r\n\r\n  Zweite für dich\r\n".encode())
    assert Txt(txt_path=str(path)).load() == "Line one\n\n  Zweite für dich\n"
    assert [block.text for block in Txt(path).blocks()] == ["Line one", "Zweite für dich"]


def test_every_loader_gives_text_and_blocks(tmp_path: Path) -> None:
    assert "36 months" in Pdf(pdf_path=SAMPLES / "helios-3-manual.pdf").load()
    assert "90 days" in Docx(docx_path=SAMPLES / "supply-agreement.docx").load()
    assert Xlsx(SAMPLES / "price-list.xlsx").blocks()[1].location.sheet == "Devices"
    assert Csv(made_files.put(tmp_path, "a.csv", b"a,b\nx,y\nz,w")).load() == "a: x | b: y\na: z | b: w"
    assert Markdown(made_files.put(tmp_path, "a.md", b"# One\n\ntwo")).load() == "One\n\ntwo"
    assert Html(made_files.put(tmp_path, "a.html", b"<p>one<p>two")).load() == "one\n\ntwo"
    deck = pptx.Presentation()
    deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text = "Hello"
    deck.save(str(tmp_path / "a.pptx"))
    assert Pptx(tmp_path / "a.pptx").load() == "Hello"


def test_a_loader_refuses_another_format(tmp_path: Path) -> None:
    with pytest.raises(BrokenFile, match="opened as pdf but holds docx"):
        Pdf(SAMPLES / "supply-agreement.docx").load()
    with pytest.raises(UnsupportedFile):
        Txt(made_files.put(tmp_path, "a.txt", bytes(range(256)) * 10)).load()
    with pytest.raises(FileNotFoundError):
        Pdf(tmp_path / "missing.pdf").load()


def test_the_samples_answer_their_questions() -> None:
    """The table in bot/samples/README.md names these places."""
    manual = parse_file(SAMPLES / "helios-3-manual.pdf", "helios-3-manual.pdf")
    assert manual.page_count == 6
    assert block_with(manual, "36 months").location.page == 6
    error = block_with(manual, "E-03 The rotor")
    assert error.text == "E-03 The rotor is not balanced. Balance the tubes and start again."
    assert error.location == Location(page=5, heading_path=("4 Maintenance and errors", "4.2 Error codes"))
    assert block_with(manual, "2580").location.page == 4
    contract = parse_file(SAMPLES / "supply-agreement.docx", "supply-agreement.docx")
    assert block_with(contract, "notice of 90 days").location.label() == "10. Termination"
    assert block_with(contract, "250,000 euros").location.label() == "8. Liability"
    prices = parse_file(SAMPLES / "price-list.xlsx", "price-list.xlsx")
    assert block_with(prices, "VM-1").location.label() == "Devices, row 7"
    assert block_with(prices, "SE-12").location.label() == "Consumables, row 6"


# --- encodings --------------------------------------------------------------------------------

GERMAN = "Die Größe der Wohnfläche beträgt 85 qm. Grüße aus Köln – Müller & Söhne."
FRENCH = "La durée du contrat est de trois ans à compter de la signature. Où êtes-vous allé hier ? Ça va."
SPANISH = "El contrato tendrá una duración de tres años. ¿Cuándo se pagará? Mañana, señor Núñez."
RUSSIAN = "Срок действия договора составляет три года.\nЦена: 1200 рублей\n"
CHINESE = "合同编号：1234\n租金：1450元\n本合同自双方签字之日起生效，有效期为三年。"
JAPANESE = "本契約は署名の日から三年間有効とする。賃料は毎月一日に支払うものとする。"
POLISH = "Umowa obowiązuje przez trzy lata od dnia podpisania. Czynsz wynosi tysiąc złotych miesięcznie."
TURKISH = "Sözleşme imza tarihinden itibaren üç yıl geçerlidir. Kira her ayın ilk günü ödenir."
HEBREW = "החוזה תקף לשלוש שנים מיום החתימה. שכר הדירה ישולם מדי חודש."


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        *((GERMAN, each) for each in ("cp1252", "mac_roman", "utf-16", "utf-16-le", "utf-8-sig")),
        *((FRENCH, each) for each in ("cp1252", "mac_roman")),
        *((SPANISH, each) for each in ("cp1252", "mac_roman")),
        *(
            (RUSSIAN, each)
            for each in ("koi8-r", "cp1251", "mac_cyrillic", "cp866", "utf-16", "utf-16-le", "utf-16-be")
        ),
        *((CHINESE, each) for each in ("gb18030", "utf-16", "utf-16-le", "utf-16-be")),
        *((JAPANESE, each) for each in ("shift_jis", "euc_jp", "utf-16-le")),
        *((POLISH, each) for each in ("cp1250", "iso8859-2")),
        *((TURKISH, each) for each in ("cp1254", "utf-16-be")),
        (HEBREW, "cp1255"),
    ],
)
def test_a_text_is_read_in_whatever_encoding_it_is(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


def test_an_encoding_is_told_by_a_single_line_far_down() -> None:
    plain = "Nothing but plain words stand in this line.\n" * 3_000
    assert decode((plain + "Größe: 12\n").encode("cp1252")).endswith("Größe: 12\n")
    assert decode((plain + "Größe: 12\n").encode("mac_roman")).endswith("Größe: 12\n")


def test_noise_is_no_text() -> None:
    noise = random.Random(7)
    for _ in range(20):
        with pytest.raises(UnsupportedFile):
            decode(noise.randbytes(4_000))
