"""Files: progress on long ones, a newer version in the place of an older one, and channels where all are read."""

from __future__ import annotations

import io
import re
import time

import openpyxl
import pytest

from bot import blocks, progress, receipts
from bot.channels import Channels, ChannelSettings
from bot.records import Share
from bot.texts import texts_for
from bot.workspace.state import Message
from tests.rag.made_files import pdf
from tests.scenarios.conftest import RENT, House, lease, until, whole_text

PRICE = "@inhouse What does the copper kettle cost?"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


def prices(amount: int) -> bytes:
    return f"Price list\n\nThe copper kettle costs {amount} euros.\n".encode()


def workbook(amount: int) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["Article", "Price in euros"])
    book.active.append(["Copper kettle", amount])
    book.create_sheet("Notes").append(["Prices hold until June"])
    book.save(out)
    return out.getvalue()


async def drop(house: House, user: str, name: str, content: bytes, **more: str) -> Message:
    """Give the bot a file, and nothing else."""
    message = await house.post(user, more.pop("channel", "lab"), "@inhouse", files=[(name, content)], **more)
    await house.quiet(60)
    return message


async def states(house: House) -> dict[str, str]:
    """File id → how it is known."""
    return {row["file_id"]: row["state"] for row in await house.rows("select file_id, state from shares")}


def button(message: Message) -> str:
    """The words on a receipt's button, or nothing."""
    found = re.findall(r"'text': '(Search both[^']*|Beide durchsuchen[^']*)'", str(message.blocks))
    return found[0] if found else ""


# --- versions --------------------------------------------------------------------------------------


async def test_newer_version_takes_the_older_ones_place_and_the_receipt_says_so(house: House) -> None:
    old = await drop(house, "ana", "price-list.xlsx", workbook(40))
    new = await drop(house, "ana", "Price-List.xlsx", workbook(55))
    (receipt,) = house.notices(new)
    assert "I read `Price-List.xlsx` (2 sheets). It replaces the version from earlier today" in receipt.text
    assert "which I no longer search" in receipt.text and button(receipt) == "Search both"
    assert await states(house) == {old.files[0].id: "replaced", new.files[0].id: "read"}
    answer = await house.ask("ben", "lab", "@inhouse What is the price in euros of the copper kettle?")
    assert "55" in answer.text and "40" not in answer.text
    assert {citation["file"] for citation in answer.citations} == {"Price-List.xlsx"}
    assert "`price-list.xlsx`" not in answer.text


async def test_day_of_the_older_version_is_named(house: House) -> None:
    at = time.mktime((2026, 11, 12, 10, 0, 0, 0, 0, -1))
    place = ("T1", "C1", "F1", f"{at:.6f}", "1.0", "U1", "price-list.xlsx", "", 1, "replaced", "2 sheets", "F2", "xlsx")
    older, newer = Share(*place), Share("T1", "C1", "F2", "9999999999.0", *place[4:8], 2, "read", "2 sheets")
    english = receipts.text(texts_for("en"), [newer], {"F2": older}, 0)
    year = "" if time.localtime().tm_year == 2026 else " 2026"
    assert f"It replaces the version of 12 November{year}, which I no longer search." in english
    german = receipts.text(texts_for("de"), [newer], {"F2": older}, 0)
    assert f"Sie ersetzt die Fassung vom 12. November{year}, die ich nicht mehr durchsuche." in german
    assert "2 Tabellenblätter" in german


async def test_search_both_undoes_it_and_stays_undone(house: House) -> None:
    old = await drop(house, "ana", "prices.txt", prices(40))
    new = await drop(house, "ana", "prices.txt", prices(55))
    (receipt,) = house.notices(new)
    await house.place.click(house.users["ben"], new.channel, receipt.ts, blocks.KEEP_BOTH)
    await until(lambda: house.rows("select 1 from shares where state = 'read' and replaced_by = ''"))
    assert set((await states(house)).values()) == {"read"}
    await house.ask("ben", "lab", PRICE)
    assert set((await states(house)).values()) == {"read"}, "nor does the next question put it back"
    shown = str(house.model.seen[-1])
    assert "40 euros" in shown and "55 euros" in shown
    await house.place.click(house.users["ben"], new.channel, receipt.ts, blocks.KEEP_BOTH)
    assert (await states(house))[old.files[0].id] == "read"


async def test_older_version_counts_again_when_the_newer_is_deleted(house: House) -> None:
    await drop(house, "ana", "prices.txt", prices(40))
    new = await drop(house, "ana", "prices.txt", prices(55))
    await house.place.delete_file(new.files[0])
    await house.quiet()
    assert list((await states(house)).values()) == ["read"]
    assert "40 euros" in (await house.ask("ben", "lab", PRICE)).text


async def test_older_version_counts_again_when_the_newer_ones_message_is_deleted(house: House) -> None:
    await drop(house, "ana", "prices.txt", prices(40))
    new = await drop(house, "ana", "prices.txt", prices(55))
    await house.place.delete_message(new)
    await house.quiet()
    assert "40 euros" in (await house.ask("ben", "lab", PRICE)).text


async def test_third_version_replaces_both_and_its_deletion_brings_back_the_second_only(house: House) -> None:
    first = await drop(house, "ana", "prices.txt", prices(40))
    second = await drop(house, "ana", "prices.txt", prices(55))
    third = await drop(house, "ana", "prices.txt", prices(70))
    ids = [message.files[0].id for message in (first, second, third)]
    assert await states(house) == dict(zip(ids, ("replaced", "replaced", "read"), strict=True))
    await house.place.delete_file(third.files[0])
    await house.quiet()
    assert await states(house) == dict(zip(ids[:2], ("replaced", "read"), strict=True))


async def test_two_files_of_one_name_in_one_message_stay_both(house: House) -> None:
    files = [("prices.txt", prices(40)), ("prices.txt", prices(55))]
    message = await house.asked_and_read("ana", "lab", "@inhouse", files)
    assert set((await states(house)).values()) == {"read"}
    assert "replaces" not in house.notices(message)[0].text


async def test_somebody_elses_file_of_the_same_name_elsewhere_replaces_nothing(house: House) -> None:
    await drop(house, "ana", "notes.txt", prices(40))
    await drop(house, "ben", "notes.txt", prices(55))
    assert list((await states(house)).values()) == ["read", "read"]


async def test_anybodys_newer_version_in_the_same_thread_replaces(house: House) -> None:
    root = await drop(house, "ana", "notes.txt", prices(40))
    await drop(house, "ben", "notes.txt", prices(55), thread_ts=root.ts)
    assert list((await states(house)).values()) == ["replaced", "read"]


async def test_same_name_in_another_channel_replaces_nothing(house: House) -> None:
    await drop(house, "ana", "notes.txt", prices(40))
    await drop(house, "ana", "notes.txt", prices(55), channel="office")
    assert list((await states(house)).values()) == ["read", "read"]


async def test_same_bytes_again_replace_nothing(house: House) -> None:
    await drop(house, "ana", "notes.txt", prices(40))
    await drop(house, "ana", "notes.txt", prices(40))
    assert list((await states(house)).values()) == ["read", "read"]


async def test_another_kind_of_file_under_the_same_name_replaces_nothing(house: House) -> None:
    await drop(house, "ana", "notes", prices(40))
    await drop(house, "ana", "notes", pdf([["The copper kettle costs 55 euros."]]))
    assert list((await states(house)).values()) == ["read", "read"]


async def test_newer_version_that_cannot_be_read_replaces_nothing(house: House) -> None:
    await drop(house, "ana", "prices.pdf", pdf([["The copper kettle costs 40 euros."]]))
    message = await drop(house, "ana", "prices.pdf", b"%PDF-1.4 torn")
    assert sorted((await states(house)).values()) == ["failed", "read"]
    assert "could not read" in house.notices(message)[0].text
    assert "40 euros" in (await house.ask("ben", "lab", PRICE)).text


async def test_older_version_that_is_read_late_is_not_searched(house: House) -> None:
    old = await house.post("ana", "lab", "the list", files=[("prices.txt", prices(40))])  # nobody asks us
    await drop(house, "ana", "prices.txt", prices(55))
    late = await house.post("ana", "lab", "@inhouse", thread_ts=old.ts)
    await house.quiet()
    assert (await states(house))[old.files[0].id] == "replaced"
    assert "There is a newer version here" in "\n".join(notice.text for notice in house.notices(late))


async def test_receipt_in_a_german_channel_is_german(house: House) -> None:
    assert house.bot is not None
    channel = house.channels["lab"].id
    await Channels(house.bot.records).save(house.place.team_id, channel, ChannelSettings(language="de"), "U1")
    await drop(house, "ana", "prices.txt", prices(40))
    new = await drop(house, "ana", "prices.txt", prices(55))
    broken = await drop(house, "ana", "scan.pdf", b"%PDF-1.4 torn")
    assert "Sie ersetzt die frühere Fassung von heute" in house.notices(new)[0].text
    assert button(house.notices(new)[0]) == "Beide durchsuchen"
    assert "beschädigt oder unvollständig" in house.notices(broken)[0].text


# --- progress --------------------------------------------------------------------------------------


def shown(house: House) -> list[str]:
    return [str(call.arguments.get("status") or "") for call in house.calls("assistant.threads.setStatus")]


async def test_long_pdf_shows_how_far_it_has_come(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "EVERY_S", 0.1)
    monkeypatch.setattr(house.library.ingester, "_pause", lambda: time.sleep(0.05))
    words = "the pump is to be serviced by a trained person every year and " * 8
    pages = [[f"Chapter {number}. Part {number} says that", *re.findall(r".{60}", words)] for number in range(300)]
    asked = await house.post("ana", "lab", "@inhouse What does part 17 say?", files=[("manual.pdf", pdf(pages))])
    await house.done(asked, 60)
    found = [re.search(r"manual\.pdf: page (\d+) of 300", status) for status in shown(house)]
    figures = [int(match.group(1)) for match in found if match]
    assert len(figures) > 5 and figures == sorted(set(figures)), "it moves, and never back"
    assert figures[0] < 100 < figures[-1]


async def test_file_without_pages_counts_its_passages(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "EVERY_S", 0.05)
    monkeypatch.setattr(house.library.ingester, "_pause", lambda: time.sleep(0.1))
    text = "\n\n".join(f"Paragraph {number} " + "says some words " * 60 for number in range(60))
    await house.asked_and_read("ana", "lab", "@inhouse", [("a.txt", text.encode()), lease])
    assert any(re.search(r"a\.txt \(1/2\): passage \d+ of \d+", status) for status in shown(house))


async def test_status_that_does_not_move_is_renewed_before_slack_takes_it_down(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "EVERY_S", 0.02)
    monkeypatch.setattr(progress, "RENEW_S", 0.1)
    monkeypatch.setattr(house.library.ingester, "_pause", lambda: time.sleep(0.6))
    await house.asked_and_read("ana", "lab", "@inhouse", [lease])
    assert len([status for status in shown(house) if "lease.txt" in status]) >= 3


async def test_short_file_shows_no_figure(house: House) -> None:
    await house.asked_and_read("ana", "lab", "@inhouse", [lease])
    assert not any("passage" in status for status in shown(house))


# --- channels where every file is read -----------------------------------------------------------------


@pytest.fixture
async def library(house: House) -> House:
    """#lab reads every file."""
    assert house.bot is not None
    channel = house.channels["lab"].id
    await Channels(house.bot.records).save(house.place.team_id, channel, ChannelSettings(is_library=True), "U1")
    return house


async def test_file_in_a_library_channel_is_read_without_a_word(library: House) -> None:
    posted = await library.asked_and_read("ana", "lab", "our lease", [lease])
    assert posted.reactions == {"white_check_mark": [library.place.bot_user.id]}
    assert not library.ours(posted)
    assert "1,450" in (await library.ask("ben", "lab", RENT)).text


async def test_picture_in_a_library_channel_gets_a_mark_and_no_word(library: House) -> None:
    posted = await library.asked_and_read("ana", "lab", "look!", [("cat.png", PNG)])
    assert posted.reactions == {"grey_question": [library.place.bot_user.id]}
    assert not library.ours(posted)


async def test_picture_beside_a_document_takes_nothing_from_its_receipt(library: House) -> None:
    posted = await library.asked_and_read("ana", "lab", "", [("cat.png", PNG), lease])
    assert set(posted.reactions) == {"grey_question", "white_check_mark"} and not library.ours(posted)


async def test_document_that_fails_in_a_library_channel_gets_words_in_its_thread(library: House) -> None:
    posted = await library.asked_and_read("ana", "lab", "", [("scan.pdf", b"%PDF-1.4 torn"), lease])
    (receipt,) = library.notices(posted)
    assert "could not read `scan.pdf`" in receipt.text and "I read `lease.txt`" in receipt.text
    assert receipt.thread_ts == posted.ts and not posted.reactions


async def test_newer_version_in_a_library_channel_is_said(library: House) -> None:
    await library.asked_and_read("ana", "lab", "", [("prices.txt", prices(40))])
    posted = await library.asked_and_read("ana", "lab", "", [("prices.txt", prices(55))])
    (receipt,) = library.notices(posted)
    assert "It replaces the version" in receipt.text and button(receipt) == "Search both"


async def test_file_in_a_library_channel_is_read_although_slack_fails_at_first(library: House) -> None:
    library.place.fault("files.info", error="internal_error", times=2)
    posted = await library.asked_and_read("ana", "lab", "", [lease])
    assert set(posted.reactions) == {"white_check_mark"}


async def test_file_that_slack_never_hands_out_is_told_in_the_end(library: House) -> None:
    library.place.fault("files.info", error="internal_error", times=50)
    posted = await library.asked_and_read("ana", "lab", "", [lease])
    (receipt,) = library.notices(posted)
    assert "though I tried several times" in whole_text(receipt)


async def test_file_elsewhere_is_neither_read_nor_spoken_of(library: House) -> None:
    posted = await library.asked_and_read("ana", "office", "our lease", [lease])
    assert not posted.reactions and not library.ours(posted) and not await library.rows("select 1 from shares")


async def test_receipt_that_breaks_off_half_way_is_told_by_the_next_attempt(
    library: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, calls = receipts.text, iter([RuntimeError("once")])

    def breaks_once(*arguments: object) -> str:
        if error := next(calls, None):
            raise error
        return whole(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(receipts, "text", breaks_once)
    posted = await library.post("ben", "lab", "", files=[("broken.pdf", b"%PDF nothing")])
    await library.quiet(60)
    (receipt,) = library.notices(posted)
    assert "could not read `broken.pdf`" in receipt.text
