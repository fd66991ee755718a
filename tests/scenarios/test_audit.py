"""Every question leaves one row in the audit, whatever came of it, and no row holds a word of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot import audit
from bot.audit import Head
from bot.channels import Channels, ChannelSettings
from bot.workspace.state import Message
from tests.scenarios.conftest import RENT, House, lease, until, whole_text
from tests.scenarios.test_answer_menu import choose
from tests.scenarios.test_commands import _click, _private, _slash


async def rows(house: House, **by: Any) -> list[dict[str, Any]]:
    assert house.bot is not None
    return await house.bot.records.read(lambda db: audit.shown(db, **by))


async def of(house: House, user: str) -> list[tuple[str, str]]:
    found = await rows(house, person=(house.place.team_id, house.users[user].id))
    return [(row["action"], row["outcome"]) for row in found]


async def holds(house: House) -> bool:
    assert house.bot is not None
    return not (await house.bot.records.read(audit.verify)).faults


async def test_an_answer_leaves_who_where_and_the_passages_it_rests_on(house: House) -> None:
    asked = await house.asked_and_read("ana", "lab", RENT, [lease])
    (row,) = await rows(house, person=(house.place.team_id, house.users["ana"].id))
    chunks = [each["chunk_id"] for each in await house.rows("select chunk_id from chunks order by 1")]
    assert (row["action"], row["outcome"], row["channel"]) == ("turn", "answered", asked.channel)
    assert row["chunks"] and set(row["chunks"]) <= set(chunks)
    assert await holds(house)


async def test_a_question_that_is_asked_twice_by_a_crash_leaves_one_row(house: House) -> None:
    asked = await house.asked_and_read("ana", "lab", RENT, [lease])
    assert house.bot is not None
    await house.bot.records.write(lambda db: db.execute("update jobs set state = 'running' where kind = 'turn'"))
    await house.kill_bot()
    await house.start_bot()
    await house.quiet()
    assert len(house.replies(asked)) == 1 and await of(house, "ana") == [("turn", "answered")]


async def test_refused_unanswerable_and_anew_are_each_told_apart(house: House) -> None:
    asked = await house.asked_and_read("ana", "lab", RENT, [lease])
    await house.ask("ben", "lab", "@inhouse Who won the football championship in 1998?", thread_ts=asked.ts)
    await house.ask("chris", "office", RENT)
    await choose(house, "ana", house.replies(asked)[0], "regenerate")
    await house.quiet()
    assert await of(house, "ana") == [("turn", "answered"), ("redo", "answered")]
    assert await of(house, "ben") == [("turn", "refused")]
    assert await of(house, "chris") == [("turn", "said")]


async def test_a_denied_question_is_noted_also_where_nothing_is_said(house: House) -> None:
    outside = await house.place.add_channel("outside", house.users.values(), is_ext_shared=True)
    house.channels["outside"] = outside
    await house.post("ben", "outside", RENT, files=[lease])
    await house.quiet()
    assert await of(house, "ben") == [("turn", "denied-outside")]


async def test_private_questions_are_noted_once_and_denials_too(house: House) -> None:
    await house.asked_and_read("ana", "lab", RENT, [lease])
    await _slash(house, "ben", "/ask", "What is the notice to end the lease?")
    await _private(house, "ben", "90 days")
    await _slash(house, "chris", "/ask", "Who won the football championship in 1998?")
    await house.quiet()
    assert await of(house, "ben") == [("ask", "answered")]
    assert await of(house, "chris") == [("ask", "refused")]
    await house.place.share_outside(house.channels["lab"])
    await house.quiet()
    await _slash(house, "chris", "/ask", "What is the monthly rent?")
    await house.quiet()
    assert (await of(house, "chris"))[1:] == [("private", "denied-outside")] and await holds(house)


async def test_a_question_that_never_got_an_answer_is_noted(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.asked_and_read("ana", "lab", "@inhouse", [lease])

    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("bot.turns.Turns._turn", broken)
    asked = await house.post("ben", "lab", RENT)
    assert await house.done(asked) == "failed"
    assert await of(house, "ben") == [("turn", "failed")]


async def test_erasures_and_settings_are_noted_in_numbers(house: House) -> None:
    asked = await house.asked_and_read("ana", "lab", RENT, [lease])
    await house.place.delete_file(asked.files[0])
    await house.quiet()
    (row,) = [row for row in await rows(house) if row["action"] == "erase"]
    assert (row["outcome"], row["details"]) == ("file_deleted", {"files": 1, "turns": 1})
    assert house.bot is not None
    before = await house.bot.records.read(audit.head)
    await Channels(house.bot.records).save(
        *(house.place.team_id, asked.channel, ChannelSettings(retention_days=30), house.users["ana"].id)
    )
    (row,) = [row for row in await rows(house) if row["number"] > before.number]
    assert (row["action"], row["details"]) == ("settings", {"retention_days": 30})


async def _forget_me(house: House, user: str, channel: str = "lab") -> None:
    await _slash(house, user, "/inhouse", "forget me", channel)
    await _click(house, user, await _private(house, user, "in all conversations?"), "forget_me", channel)
    assert "forgotten" in whole_text(await _private(house, user, "forgotten"))


async def test_forget_me_destroys_what_tells_whose_rows_they_are(house: House) -> None:
    await house.asked_and_read("ana", "lab", RENT, [lease])
    await house.ask("ben", "lab", RENT)
    ben, team = house.users["ben"].id, house.place.team_id
    (kept,) = await house.rows("select key from audit_people where user = ?", ben)
    count = len(await rows(house))
    await _forget_me(house, "ben")
    assert await of(house, "ben") == [] and await of(house, "ana") == [("turn", "answered")]
    assert len(await rows(house)) > count and await holds(house), "the rows stay"
    await until(lambda: _is_gone(house, kept["key"]))
    assert ben.encode() not in json.dumps(await rows(house)).encode()
    assert not await house.rows("select 1 from jobs where user = ? and state in ('done', 'failed')", ben)
    assert team and not await house.rows("select 1 from contexts where user = ?", ben)


async def _is_gone(house: House, key: bytes) -> bool:
    return key not in house.bytes_on_disk()


async def test_no_word_and_no_name_is_in_any_row(house: House) -> None:
    words = "@inhouse Does Zanzibar pay the monthly rent?"
    asked: Message = await house.asked_and_read("ana", "lab", words, [("zanzibar-lease.txt", lease[1])])
    await house.ask("ben", "lab", "@inhouse And what about Zanzibar's deposit?", thread_ts=asked.ts)
    stored = json.dumps(await house.rows("select * from audit")).lower()
    for secret in ("zanzibar", "1,450", asked.ts, house.users["ana"].id.lower(), asked.files[0].id.lower()):
        assert secret not in stored


async def test_the_log_of_a_turn_names_a_row_that_the_chain_must_still_hold(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "bot.turns")
    await house.asked_and_read("ana", "lab", RENT, [lease])
    (line,) = [each for each in caplog.messages if each.startswith("turn=")]
    number, _, noted = line.partition("audit=")[2].split()[0].partition(":")
    assert house.bot is not None
    for expected, is_held in ((Head(int(number), noted), True), (Head(int(number), "0" * 12), False)):
        found = await house.bot.records.read(lambda db, expected=expected: audit.verify(db, expected))
        assert (not found.faults) is is_held
